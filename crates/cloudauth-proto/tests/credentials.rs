//! The requests for credentials, beside recordings of the vendor's Python SDK: the same method, host,
//! path, decoded parameters and headers that matter, but for what is listed in [`DIFFERENCES`].

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cloudauth_proto::{
    AssumeRole, Credentials, EcsRole, Endpoint, Error, Flow, Head, Now, Oidc, Profile,
    ProfileFormat, Refresh, Request, Response, Role, Session, Settings, Source, Step, Uri, Vars,
    WhoAmI,
};
use percent_encoding::percent_decode_str;

/// Everything that is deliberately not as it was recorded, with the recordings (by how their names
/// begin) and the reason.
const DIFFERENCES: &[(&[&str], &str, &str)] = &[
    (
        &[
            "ram_role_arn",
            "oidc",
            "default_cli_arn",
            "default_cli_chain",
            "default_oidc_env",
        ],
        "method",
        "POST, so that no parameter of a role is in a URL; the vendor's other SDKs do so, too",
    ),
    (
        &[
            "ram_role_arn",
            "oidc",
            "default_cli_arn",
            "default_cli_chain",
            "default_oidc_env",
        ],
        "in the URL",
        "what is not needed to route the request is in the form",
    ),
    (
        &[
            "ram_role_arn",
            "oidc",
            "default_cli_arn",
            "default_cli_chain",
            "default_oidc_env",
        ],
        "content-type",
        "there is a form",
    ),
    (
        &["oidc", "default_oidc_env"],
        "OIDCToken",
        "without the line end of its file",
    ),
    (
        &["oidc", "default_oidc_env"],
        "SignatureNonce",
        "each request has one",
    ),
    (
        &["default_oidc_env"],
        "RoleSessionName",
        "the default names this library and no time",
    ),
    (
        &[
            "ecs_v2_two_calls-3",
            "ecs_token_404_fallback_v1-3",
            "ecs_code_not_success-3",
            "ecs_token_rejected_fallback_v1-4",
            "default_cli_nope-3",
        ],
        "not sent",
        "a token is used for its life",
    ),
    (
        &[
            "ecs_code_not_success-5",
            "ecs_token_rejected_fallback_v1-3",
            "ecs_token_rejected_fallback_v1-5",
            "ecs_token_rejected_fallback_v1-6",
        ],
        "not sent",
        "the first version is not asked where the second answers",
    ),
    (
        &["oauth_refresh_exchange-1"],
        "not sent",
        "tokens are not refreshed: the stored one would be useless then",
    ),
    (
        &["credentials_uri"],
        "a",
        "all of a repeated key's values are kept, not only the last",
    ),
    (&["credentials_uri"], "host", "with its port"),
];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/credentials");

const DONE: &str = r#"{"Code":"Success","AccessKeyId":"STS.sts1","AccessKeySecret":"canary-secret",
    "SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}"#;

/// What no text may hold: what goes in or comes back begins like this, or was recorded.
const SECRETS: [&str; 6] = ["canary", "SSOTOK", "IMDSTOKEN123", "AT2", "PRE+TOK", "J.WT"];

fn shows_nothing(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Answers each request with the next answer, each file with `file`; the requests, and what came of it.
fn asks(source: Source, file: &str, answers: &[(u16, &str)]) -> (Vec<Request>, Result<(), Error>) {
    let mut session = Session::new(source, [1; 32]);
    let Step::Authenticate(mut refresh) = WhoAmI::new().poll(&mut session, Now::default()) else {
        panic!("credentials are needed");
    };
    let mut answers = answers.iter();
    let mut requests = Vec::new();
    loop {
        match Refresh::poll(&mut refresh, &mut session, Now::default()) {
            Step::Send(exchange) => {
                shows_nothing(&format!("{exchange:?} {:?}", exchange.sign()));
                requests.push(exchange.sign());
                let (status, body) = answers.next().unwrap();
                let reply = Response::new(Head::new(*status, Vec::new()), body.as_bytes().to_vec());
                refresh.report(&mut session, exchange.id(), Ok(reply), Now::default());
            }
            Step::Read(_) => refresh.supply(Ok(file.into())),
            Step::Done(result) => {
                shows_nothing(&format!("{result:?} {session:?} {refresh:?}"));
                if let Err(error) = &result {
                    shows_nothing(&error.to_string());
                }
                return (requests, result.map(drop));
            }
            step
            @ (Step::Abandon(_) | Step::Wait(_) | Step::Authenticate(_) | Step::Run { .. }) => {
                panic!("{step:?}")
            }
        }
        shows_nothing(&format!("{refresh:?} {session:?}"));
    }
}

/// A request, in the parts that are compared.
#[derive(Debug)]
struct Parts {
    method: String,
    host: String,
    path: String,
    /// Decoded, from the URL and from a form.
    params: BTreeMap<String, Vec<String>>,
    in_url: BTreeSet<String>,
    headers: BTreeMap<String, String>,
    json: Option<serde_json::Value>,
}

/// The others say how the connection is used, or who asks.
const HEADERS: [&str; 4] = [
    "authorization",
    "content-type",
    "x-aliyun-ecs-metadata-token",
    "x-aliyun-ecs-metadata-token-ttl-seconds",
];

/// These differ each time; that they are there is enough.
const RANDOM: [&str; 3] = ["Timestamp", "SignatureNonce", "Signature"];

impl Parts {
    fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let json = serde_json::from_str(body).ok();
        let form = if json.is_some() { "" } else { body };
        let mut params = BTreeMap::<_, Vec<_>>::new();
        for (name, value) in pairs(query).into_iter().chain(pairs(form)) {
            let value = if RANDOM.contains(&name.as_str()) {
                String::new()
            } else {
                value
            };
            params.entry(name).or_default().push(value);
        }
        let mut headers: BTreeMap<_, _> = headers.into_iter().collect();
        Self {
            method: method.into(),
            host: headers.remove("host").unwrap(),
            path: path.into(),
            params,
            in_url: pairs(query).into_iter().map(|(name, _)| name).collect(),
            headers: headers
                .into_iter()
                .filter(|(name, _)| HEADERS.contains(&name.as_str()))
                .collect(),
            json,
        }
    }

    fn recorded(name: &str) -> Self {
        let text = fs::read_to_string(format!("{FOLDER}/{name}.http")).unwrap();
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let mut first = lines.next().unwrap().split(' ');
        let (method, target) = (first.next().unwrap(), first.next().unwrap());
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self::new(method, target, headers.collect(), body)
    }

    fn sent(request: &Request) -> Self {
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()));
        let (shared, own) = request.body.parts();
        let body = String::from_utf8([shared, own].concat()).unwrap();
        Self::new(
            request.method.as_str(),
            &request.target,
            headers.collect(),
            &body,
        )
    }

    /// What is not the same in the other.
    fn differs(&self, other: &Self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut same = |what: &str, is_same: bool| {
            if !is_same {
                found.insert(what.to_owned());
            }
        };
        same("method", self.method == other.method);
        same("host", self.host == other.host);
        same("path", self.path == other.path);
        same("body", self.json == other.json);
        let common = self
            .params
            .keys()
            .filter(|name| other.params.contains_key(*name));
        let in_url = |parts: &Self, name| parts.in_url.contains(name);
        same(
            "in the URL",
            common
                .into_iter()
                .all(|name| in_url(self, name) == in_url(other, name)),
        );
        for name in self.params.keys().chain(other.params.keys()) {
            same(name, self.params.get(name) == other.params.get(name));
        }
        for name in HEADERS {
            same(name, self.headers.get(name) == other.headers.get(name));
        }
        found
    }
}

/// `+` is a space in the recordings; nothing sent here holds one that is not encoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// A source, and the recordings of what the vendor's provider asked.
struct Case {
    recordings: &'static [&'static str],
    source: Source,
    file: &'static str,
    answers: Vec<(u16, &'static str)>,
}

const STS: &str = r#"{"RequestId":"R","Credentials":{"AccessKeyId":"STS.sts1",
    "AccessKeySecret":"canary-secret","SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}}"#;
const SSO: &str = r#"{"CloudCredential":{"AccessKeyId":"STS.sts1",
    "AccessKeySecret":"canary-secret","SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}}"#;
const ID: &str = "LTAI0EXAMPLEKEYID";

fn vars(pairs: &'static [(&str, &str)]) -> Vars {
    Vars::read(|name| {
        let found = pairs.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn assume(token: Option<&str>, narrows: bool, sts: Endpoint) -> Source {
    let key = match token {
        Some(token) => Credentials::temporary(ID, "canary-key", token),
        None => Credentials::access_key(ID, "canary-key"),
    };
    let mut role = Role::new("acs:ram::123:role/x", "sess");
    if narrows {
        role.policy = Some(r#"{"Version": "1", "S": "*~"}"#.into());
        role.external_id = Some("ext".into());
    }
    Source::AssumeRole(Box::new(AssumeRole::new(key.unwrap().into(), role, sts)))
}

fn profile() -> Source {
    let settings = Settings::new(&Vars::default());
    Source::Profile(Profile::new(
        ProfileFormat::Cli,
        "/f",
        Some("p".into()),
        settings,
    ))
}

fn ecs(role: Option<&str>, allows_v1: bool) -> Source {
    let mut role = EcsRole::new(role.map(Into::into), &Settings::new(&Vars::default()));
    role.allows_v1 = allows_v1;
    Source::EcsRole(role)
}

const TOKEN: (u16, &str) = (200, "IMDSTOKEN123");
const NAME: (u16, &str) = (200, "MyRole");
const KEYS: (u16, &str) = (200, DONE);

fn case(
    recordings: &'static [&'static str],
    source: Source,
    file: &'static str,
    answers: &[(u16, &'static str)],
) -> Case {
    let answers = answers.to_vec();
    Case {
        recordings,
        source,
        file,
        answers,
    }
}

fn cases() -> impl Iterator<Item = Case> {
    roles().into_iter().chain(instances()).chain(others())
}

fn roles() -> Vec<Case> {
    let oidc = Oidc::new(
        "/token",
        "acs:ram::123:oidc-provider/p",
        Role::new("acs:ram::123:role/x", "sess"),
        Endpoint::STS,
    );
    let oidc = Source::Oidc(Box::new(oidc));
    let chain = Source::default_chain(&vars(&[
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        (
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
            "acs:ram::1:oidc-provider/p",
        ),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token"),
    ]));
    let jwt = "eyJhbGciOi.J.WT+/=\n";
    vec![
        case(
            &["ram_role_arn_policy_space"],
            assume(None, true, Endpoint::STS),
            "",
            &[(200, STS)],
        ),
        case(
            &["ram_role_arn_sts_source"],
            assume(Some("PRE+TOK"), false, Endpoint::STS),
            "",
            &[(200, STS)],
        ),
        case(
            &["ram_role_arn_env_sts_region_vpc"],
            assume(
                None,
                true,
                "sts-vpc.cn-hangzhou.aliyuncs.com".parse().unwrap(),
            ),
            "",
            &[(200, STS)],
        ),
        case(&["oidc"], oidc, jwt, &[(200, STS)]),
        case(&["default_oidc_env"], chain, jwt, &[(200, STS)]),
        case(
            &["default_cli_arn"],
            profile(),
            r#"{"profiles":[{"name":"p","mode":"RamRoleArn","access_key_id":"LTAI0EXAMPLEKEYID",
            "access_key_secret":"canary","ram_role_arn":"acs:ram::1:role/r",
            "ram_session_name":"cli","expired_seconds":900,"sts_region":"cn-beijing"}]}"#,
            &[(200, STS)],
        ),
        case(
            &["default_cli_chain-1", "default_cli_chain-2"],
            profile(),
            r#"{"profiles":[{"name":"p","mode":"ChainableRamRoleArn","source_profile":"q",
            "ram_role_arn":"acs:ram::1:role/r2","ram_session_name":"cli2"},{"name":"q",
            "mode":"RamRoleArn","access_key_id":"LTAI0EXAMPLEKEYID",
            "access_key_secret":"canary","ram_role_arn":"acs:ram::1:role/r",
            "ram_session_name":"cli","expired_seconds":900,"sts_region":"cn-beijing"}]}"#,
            &[(200, STS), (200, STS)],
        ),
    ]
}

fn instances() -> Vec<Case> {
    let home = Source::default_chain(&vars(&[
        ("HOME", "/home/u"),
        ("ALIBABA_CLOUD_PROFILE", "p"),
    ]));
    vec![
        case(
            &["default_cli_ecs-1", "default_cli_ecs-2"],
            profile(),
            r#"{"profiles":[{"name":"p","mode":"EcsRamRole","ram_role_name":"MyRole"}]}"#,
            &[TOKEN, KEYS],
        ),
        // A mode that is not known: the chain goes on to the instance.
        case(
            &[
                "default_cli_nope-1",
                "default_cli_nope-2",
                "default_cli_nope-3",
                "default_cli_nope-4",
            ],
            home,
            r#"{"profiles":[{"name":"p","mode":"nope"}]}"#,
            &[TOKEN, NAME, KEYS],
        ),
        case(
            &[
                "ecs_v2_two_calls-1",
                "ecs_v2_two_calls-2",
                "ecs_v2_two_calls-3",
                "ecs_v2_two_calls-4",
            ],
            ecs(None, true),
            "",
            &[TOKEN, NAME, KEYS],
        ),
        case(
            &["ecs_role_name_given-1", "ecs_role_name_given-2"],
            ecs(Some("MyRole"), true),
            "",
            &[TOKEN, KEYS],
        ),
        case(
            &[
                "ecs_token_404_fallback_v1-1",
                "ecs_token_404_fallback_v1-2",
                "ecs_token_404_fallback_v1-3",
                "ecs_token_404_fallback_v1-4",
            ],
            ecs(None, true),
            "",
            &[(404, ""), NAME, KEYS],
        ),
        case(
            &["ecs_token_404_v1_disabled"],
            ecs(None, false),
            "",
            &[(404, "")],
        ),
        case(
            &[
                "ecs_code_not_success-1",
                "ecs_code_not_success-2",
                "ecs_code_not_success-3",
                "ecs_code_not_success-4",
                "ecs_code_not_success-5",
            ],
            ecs(None, true),
            "",
            &[TOKEN, NAME, (200, r#"{"Code":"Fail"}"#)],
        ),
        case(
            &[
                "ecs_token_rejected_fallback_v1-1",
                "ecs_token_rejected_fallback_v1-2",
                "ecs_token_rejected_fallback_v1-3",
                "ecs_token_rejected_fallback_v1-4",
                "ecs_token_rejected_fallback_v1-5",
                "ecs_token_rejected_fallback_v1-6",
            ],
            ecs(None, true),
            "",
            &[TOKEN, (403, "")],
        ),
    ]
}

fn others() -> Vec<Case> {
    let uri = Uri::new("http://127.0.0.1:8080/creds-uri?a=1&a=2&b=x+y").unwrap();
    vec![
        case(
            &["cloud_sso"],
            profile(),
            r#"{"profiles":[{"name":"p","mode":"CloudSSO",
            "cloud_sso_sign_in_url":"https://signin-cn-shanghai.alibabacloudsso.com/x/login",
            "cloud_sso_account_id":"151","cloud_sso_access_config":"ac-1",
            "access_token":"SSOTOK","cloud_sso_access_token_expire":4000000000}]}"#,
            &[(200, SSO)],
        ),
        case(
            &["oauth_refresh_exchange-1", "oauth_refresh_exchange-2"],
            profile(),
            r#"{"profiles":[{"name":"p","mode":"OAuth","oauth_site_type":"CN",
            "oauth_access_token":"AT2","oauth_access_token_expire":4000000000}]}"#,
            &[KEYS],
        ),
        case(&["credentials_uri"], Source::Uri(uri), "", &[KEYS]),
    ]
}

/// The differences that are listed for a recording.
fn listed(recording: &str) -> BTreeSet<String> {
    let about = |names: &&[&str]| names.iter().any(|name| recording.starts_with(name));
    let listed = DIFFERENCES.iter().filter(|(names, ..)| about(names));
    listed.map(|(_, what, _)| (*what).to_owned()).collect()
}

#[test]
fn requests_are_as_recorded_but_for_the_listed_differences() {
    let mut compared = 0;
    let mut names = BTreeSet::new();
    for Case {
        recordings,
        source,
        file,
        answers,
    } in cases()
    {
        let (requests, _) = asks(source, file, &answers);
        let mut requests = requests.iter();
        for name in recordings {
            names.insert(format!("{name}.http"));
            let expected = listed(name);
            if expected.contains("not sent") {
                continue;
            }
            let request = requests.next().unwrap();
            let differs = Parts::sent(request).differs(&Parts::recorded(name));
            assert_eq!(differs, expected, "{name}");
            compared += 1;
        }
        assert_eq!(
            requests.count(),
            0,
            "{recordings:?}: more than was recorded"
        );
    }
    println!("{compared} requests as recorded, but for:");
    for (names, what, why) in DIFFERENCES {
        println!("{what:16} {why} ({})", names.join(", "));
    }
    assert_eq!(compared, 30);
    let files = fs::read_dir(FOLDER).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), names);
}

/// What stands in no recording, since a recording is only of who is asked.
#[test]
fn an_instance_is_asked_past_proxies_and_no_token_is_in_a_url() {
    for Case {
        recordings,
        source,
        file,
        answers,
    } in cases()
    {
        let is_instance = recordings[0].starts_with("ecs") || recordings[0].ends_with("ecs-1");
        for request in asks(source, file, &answers).0 {
            shows_nothing(&request.target);
            if is_instance {
                assert!(request.direct, "{}", request.target);
            }
        }
    }
}

#[test]
fn what_is_answered_is_never_shown() {
    for answer in [
        "canary",
        r#"{"Code":"Success","AccessKeyId":["canary"]}"#,
        r#"{"Code":"Success","AccessKeyId":"canary","AccessKeySecret":"canary x",
        "SecurityToken":"canary","Expiration":"2099-01-01T00:00:00Z"}"#,
        r#"{"Code":"Success","AccessKeyId":"canary","AccessKeySecret":"canary",
        "SecurityToken":"canary","Expiration":"canary"}"#,
    ] {
        let uri = Uri::new("https://127.0.0.1/x").unwrap();
        let (_, result) = asks(Source::Uri(uri), "", &[(200, answer)]);
        assert!(matches!(result, Err(Error::Credentials(_))));
    }
}
