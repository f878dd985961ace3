//! The requests for credentials are those of recordings of the vendor's Python SDK: the same method, host,
//! path, decoded parameters and relevant headers, except for the listed [`DIFFERENCES`].

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::{
    AssumeRole, EcsRole, Environment, Oidc, Profile, ProfileFormat, Role, Settings, Uri,
};
use cloudauth_proto::driver::{Head, Now, Refresh, Request, Response};
use cloudauth_proto::{Credentials, Endpoint, Error, Flow, Session, Source, Step};
use percent_encoding::percent_decode_str;

/// The deliberate differences from the recordings: prefixes of the names of recordings, the difference, and
/// its reason.
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
        "POST, so that no parameter of a role is in a URL; the vendor's other SDKs do the same",
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
        "parameters that are not needed to route the request are in the form",
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
        "the line end of the token file is not sent",
    ),
    (
        &["oidc", "default_oidc_env"],
        "SignatureNonce",
        "every request has one",
    ),
    (
        &["default_oidc_env"],
        "RoleSessionName",
        "the default is the name of this library without a time",
    ),
    (
        &[
            "ecs_v2_two_calls-3",
            "ecs_token_404_fallback_v1-3",
            "ecs_code_not_success-3",
            "ecs_token_rejected_fallback_v1-4",
        ],
        "not sent",
        "a token is used for its lifetime",
    ),
    (
        &["ecs_code_not_success-5", "ecs_token_rejected_fallback_v1-5"],
        "not sent",
        "a token is not sent again that was refused, and the first version is used only then",
    ),
    (
        &["default_cli_nope"],
        "not sent",
        "a profile with an unknown mode ends the search",
    ),
    (
        &["oauth_refresh_exchange-1"],
        "not sent",
        "tokens are not refreshed, since that would invalidate the stored one",
    ),
    (
        &["credentials_uri"],
        "a",
        "all values of a repeated key are sent, not just the last",
    ),
    (&["credentials_uri"], "host", "the port is sent"),
];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/credentials");

const DONE: &str = r#"{"Code":"Success","AccessKeyId":"STS.sts1","AccessKeySecret":"canary-secret",
    "SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}"#;

/// Parts of all secrets in requests, responses and recordings, which no output may contain.
const SECRETS: [&str; 6] = ["canary", "SSOTOK", "IMDSTOKEN123", "AT2", "PRE+TOK", "J.WT"];

fn assert_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{text}");
    }
}

/// Runs a refresh, responds to its requests with `responses` in turn and supplies `file` for every file.
/// Returns the requests and the result.
fn refresh(
    source: Source,
    file: &str,
    responses: &[(u16, &str)],
) -> (Vec<Request>, Result<(), Error>) {
    let mut session = Session::new(source, [1; 32]);
    let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, Now::default()) else {
        panic!("no refresh is due");
    };
    let mut refresh = Refresh::new(ticket);
    let mut responses = responses.iter();
    let mut requests = Vec::new();
    loop {
        match refresh.poll(&mut session, Now::default()) {
            Step::Send(exchange) => {
                assert_no_secret(&format!("{exchange:?} {:?}", exchange.sign()));
                requests.push(exchange.sign());
                let (status, body) = responses.next().unwrap();
                let head = Head::new(*status, Vec::new());
                let response = Ok(Response::new(head, body.as_bytes().to_vec()));
                refresh.report(&mut session, exchange.id(), response, Now::default());
            }
            Step::Read { .. } => refresh.supply(Ok(file.into())),
            Step::Done(result) => {
                assert_no_secret(&format!("{result:?} {session:?} {refresh:?}"));
                if let Err(error) = &result {
                    assert_no_secret(&error.to_string());
                }
                return (requests, result.map(drop));
            }
            step @ (Step::Abandon(_)
            | Step::Wait(_)
            | Step::Authenticate(_)
            | Step::Run { .. }
            | Step::Provide { .. }) => {
                panic!("{step:?}")
            }
        }
        assert_no_secret(&format!("{refresh:?} {session:?}"));
    }
}

/// The parts of a request that are compared.
#[derive(Debug)]
struct Parts {
    method: String,
    host: String,
    path: String,
    /// The decoded parameters of the URL and of the form.
    params: BTreeMap<String, Vec<String>>,
    in_url: BTreeSet<String>,
    headers: BTreeMap<String, String>,
    json: Option<serde_json::Value>,
}

/// The headers that are compared. The others describe the connection or the client.
const HEADERS: [&str; 4] = [
    "authorization",
    "content-type",
    "x-aliyun-ecs-metadata-token",
    "x-aliyun-ecs-metadata-token-ttl-seconds",
];

/// Parameters whose values are different in every request, so that only their presence is compared.
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

    /// The names of the parts that are different in another request.
    fn differences(&self, other: &Self) -> BTreeSet<String> {
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

/// Decodes a query. `+` is a space in the recordings; requests of this crate never contain one unencoded.
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

/// A source, and the recordings of the requests of the vendor's provider for it.
struct Case {
    recordings: &'static [&'static str],
    source: Source,
    file: &'static str,
    responses: Vec<(u16, &'static str)>,
}

const STS: &str = r#"{"RequestId":"R","Credentials":{"AccessKeyId":"STS.sts1",
    "AccessKeySecret":"canary-secret","SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}}"#;
const SSO: &str = r#"{"CloudCredential":{"AccessKeyId":"STS.sts1",
    "AccessKeySecret":"canary-secret","SecurityToken":"tok","Expiration":"2099-01-01T00:00:00Z"}}"#;
const ID: &str = "LTAI0EXAMPLEKEYID";

fn vars(pairs: &'static [(&str, &str)]) -> Environment {
    Environment::read(|name| {
        let found = pairs.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| *value)
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
    let settings = Settings::default();
    Source::Profile(Profile::new(
        ProfileFormat::Cli,
        "/f",
        Some("p".into()),
        settings,
    ))
}

fn ecs(role: Option<&str>, allows_v1: bool) -> Source {
    let mut role = EcsRole::new(role.map(Into::into), &Settings::default()).unwrap();
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
    responses: &[(u16, &'static str)],
) -> Case {
    let responses = responses.to_vec();
    Case {
        recordings,
        source,
        file,
        responses,
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
    let chain = Source::default_chain(&vars(&[
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
        // The mode is unknown, which ends the search; the vendor's SDKs continue with the instance.
        case(
            &[
                "default_cli_nope-1",
                "default_cli_nope-2",
                "default_cli_nope-3",
                "default_cli_nope-4",
            ],
            chain,
            r#"{"profiles":[{"name":"p","mode":"nope"}]}"#,
            &[],
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
            &[TOKEN, (403, ""), NAME, KEYS],
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

/// The listed differences of a recording.
fn listed(recording: &str) -> BTreeSet<String> {
    let has = |prefixes: &&[&str]| prefixes.iter().any(|it| recording.starts_with(it));
    let listed = DIFFERENCES.iter().filter(|(prefixes, ..)| has(prefixes));
    listed.map(|(_, what, _)| (*what).to_owned()).collect()
}

#[test]
fn requests_are_those_of_the_recordings_except_for_the_listed_differences() {
    let mut compared = 0;
    let mut names = BTreeSet::new();
    for Case {
        recordings,
        source,
        file,
        responses,
    } in cases()
    {
        let (requests, _) = refresh(source, file, &responses);
        let mut requests = requests.iter();
        for name in recordings {
            names.insert(format!("{name}.http"));
            let expected = listed(name);
            if expected.contains("not sent") {
                continue;
            }
            let request = requests.next().unwrap();
            let differences = Parts::sent(request).differences(&Parts::recorded(name));
            assert_eq!(differences, expected, "{name}");
            compared += 1;
        }
        assert_eq!(
            requests.count(),
            0,
            "{recordings:?}: more requests than recorded"
        );
    }
    println!("{compared} requests are those of the recordings, except for:");
    for (names, what, why) in DIFFERENCES {
        println!("{what:16} {why} ({})", names.join(", "));
    }
    assert_eq!(compared, 29);
    let files = fs::read_dir(FOLDER).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<_>>(), names);
}

/// Recordings do not show whether a proxy was used.
#[test]
fn requests_to_the_metadata_service_bypass_proxies_and_no_url_contains_a_token() {
    for Case {
        recordings,
        source,
        file,
        responses,
    } in cases()
    {
        let is_instance = recordings[0].starts_with("ecs") || recordings[0].ends_with("ecs-1");
        for request in refresh(source, file, &responses).0 {
            assert_no_secret(&request.target);
            if is_instance {
                assert!(request.direct, "{}", request.target);
            }
        }
    }
}

#[test]
fn debug_and_errors_show_nothing_of_a_response() {
    for body in [
        "canary",
        r#"{"Code":"Success","AccessKeyId":["canary"]}"#,
        r#"{"Code":"Success","AccessKeyId":"canary","AccessKeySecret":"canary x",
        "SecurityToken":"canary","Expiration":"2099-01-01T00:00:00Z"}"#,
        r#"{"Code":"Success","AccessKeyId":"canary","AccessKeySecret":"canary",
        "SecurityToken":"canary","Expiration":"canary"}"#,
    ] {
        let uri = Uri::new("https://127.0.0.1/x").unwrap();
        let (_, result) = refresh(Source::Uri(uri), "", &[(200, body)]);
        assert!(matches!(result, Err(Error::Credentials(_))));
    }
}
