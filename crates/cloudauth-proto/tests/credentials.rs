//! The requests for credentials, beside recordings of the vendor's Python and TypeScript SDKs: the
//! same method, host, path, headers that matter and decoded parameters.
//!
//! Deliberate differences: STS is asked by POST, with every parameter of the role in the form (the
//! Python SDK puts them and the token into the URL); the OIDC token is sent without the line end of
//! its file; a policy with a space is signed as documented, not as `quote_plus` has it; a metadata
//! token is used for its life instead of one question; a refused token is not followed by the first
//! version; all repeated keys of a credentials URI's query are kept, and its port is in `host`.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use cloudauth_proto::{
    AssumeRole, Credentials, EcsRole, Endpoint, Error, Flow, Head, Now, Oidc, Profile,
    ProfileFormat, Refresh, Request, Response, Role, Session, Settings, Source, Step, Uri, Vars,
    WhoAmI,
};
use percent_encoding::percent_decode_str;

const DONE: &str = r#"{"Code":"Success","AccessKeyId":"canary-id","AccessKeySecret":"canary-secret",
    "SecurityToken":"canary-token","Expiration":"2099-01-01T00:00:00Z"}"#;

/// Answers each request with the next text, each file with `file`; the requests, and what came of it.
fn asks(source: Source, file: &str, answers: &[&str]) -> (Vec<Request>, Result<(), Error>) {
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
                let body = answers.next().unwrap().as_bytes().to_vec();
                let reply = Response::new(Head::new(200, Vec::new()), body);
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

/// No secret that goes in or comes back begins with anything else.
fn shows_nothing(text: &str) {
    assert!(!text.contains("canary"), "{text}");
}

fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let found = request.headers.iter().find(|(have, _)| *have == name);
    found.map(|(_, value)| &**value)
}

fn line(request: &Request) -> String {
    let path = request.target.split('?').next().unwrap();
    let scheme = request.scheme.as_str();
    format!(
        "{} {scheme}://{}{path}",
        request.method.as_str(),
        request.authority
    )
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn body(request: &Request) -> String {
    let (shared, own) = request.body.parts();
    String::from_utf8([shared, own].concat()).unwrap()
}

fn sts_reply() -> String {
    format!(r#"{{"RequestId":"R","Credentials":{DONE}}}"#)
}

fn role() -> Role {
    let mut role = Role::new("acs:ram::123:role/x", "sess");
    role.policy = Some(r#"{"Version": "1", "S": "*~"}"#.into());
    role
}

/// Those that must be as they were recorded.
fn has(params: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(
            params.get(*name).map(String::as_str),
            Some(*value),
            "{name}"
        );
    }
}

#[test]
fn a_role_is_assumed_with_the_recorded_parameters() {
    let key = Credentials::temporary("LTAI0EXAMPLEKEYID", "canary-key", "canary+PRE").unwrap();
    let mut role = role();
    role.external_id = Some("ext".into());
    let assumed = AssumeRole::new(key.into(), role, Endpoint::STS);
    let reply = sts_reply();
    let (requests, result) = asks(Source::AssumeRole(Box::new(assumed)), "", &[&reply]);
    result.unwrap();
    let request = &requests[0];
    assert_eq!(line(request), "POST https://sts.aliyuncs.com/");
    assert_eq!(request.target, "/");
    let form = pairs(&body(request));
    has(
        &form,
        &[
            ("Action", "AssumeRole"),
            ("Format", "JSON"),
            ("Version", "2015-04-01"),
            ("DurationSeconds", "3600"),
            ("RoleArn", "acs:ram::123:role/x"),
            ("RoleSessionName", "sess"),
            ("Policy", r#"{"Version": "1", "S": "*~"}"#),
            ("ExternalId", "ext"),
            ("AccessKeyId", "LTAI0EXAMPLEKEYID"),
            ("SecurityToken", "canary+PRE"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureVersion", "1.0"),
        ],
    );
    for name in ["SignatureNonce", "Timestamp", "Signature"] {
        assert!(form.contains_key(name), "{name}");
    }
    assert_eq!(form.len(), 15);
}

#[test]
fn an_oidc_role_is_assumed_without_a_signature_or_a_token_in_the_url() {
    let mut plain = role();
    plain.policy = None;
    let provider = "acs:ram::123:oidc-provider/p";
    let oidc = Oidc::new("/token", provider, plain, Endpoint::STS);
    let reply = sts_reply();
    let source = Source::Oidc(Box::new(oidc));
    let (requests, result) = asks(source, "canary.J.WT+/=\n", &[&reply]);
    result.unwrap();
    let request = &requests[0];
    assert_eq!(line(request), "POST https://sts.aliyuncs.com/");
    let query = pairs(request.target.split_once('?').unwrap().1);
    has(
        &query,
        &[
            ("Action", "AssumeRoleWithOIDC"),
            ("Format", "JSON"),
            ("Version", "2015-04-01"),
        ],
    );
    let form = pairs(&body(request));
    has(
        &form,
        &[
            ("DurationSeconds", "3600"),
            ("RoleArn", "acs:ram::123:role/x"),
            ("OIDCProviderArn", provider),
            ("OIDCToken", "canary.J.WT+/="),
            ("RoleSessionName", "sess"),
        ],
    );
    assert_eq!(form.len(), 5);
    assert_eq!(
        header(request, "content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(header(request, "authorization"), None);
    shows_nothing(&request.target);
}

#[test]
fn an_instance_is_asked_as_recorded_with_one_token() {
    let settings = Settings::new(&Vars::default());
    let source = Source::EcsRole(EcsRole::new(None, &settings));
    let (requests, result) = asks(source, "", &["canaryTOKEN", "MyRole\n", DONE]);
    result.unwrap();
    let lines: Vec<_> = requests.iter().map(line).collect();
    let base = "http://100.100.100.200/latest";
    let roles = format!("{base}/meta-data/ram/security-credentials/");
    assert_eq!(
        lines,
        [
            format!("PUT {base}/api/token"),
            format!("GET {roles}"),
            format!("GET {roles}MyRole")
        ]
    );
    let life = header(&requests[0], "x-aliyun-ecs-metadata-token-ttl-seconds");
    assert_eq!(life, Some("21600"));
    assert_eq!(header(&requests[0], "content-length"), Some("0"));
    for request in &requests[1..] {
        let token = header(request, "x-aliyun-ecs-metadata-token");
        assert_eq!(token, Some("canaryTOKEN"));
    }
    assert!(requests.iter().all(|request| request.direct));
}

#[test]
fn logins_and_a_uri_are_asked_as_recorded() {
    let profile = || {
        let settings = Settings::new(&Vars::default());
        let profile = Profile::new(ProfileFormat::Cli, "/f", Some("p".into()), settings);
        Source::Profile(profile)
    };
    let sso = r#"{"profiles":[{"name":"p","mode":"CloudSSO",
        "cloud_sso_sign_in_url":"https://signin-cn-shanghai.alibabacloudsso.com/x/login",
        "cloud_sso_account_id":"151","cloud_sso_access_config":"ac-1",
        "access_token":"canarySSO","cloud_sso_access_token_expire":4000000000}]}"#;
    let reply = format!(r#"{{"CloudCredential":{DONE}}}"#);
    let (requests, result) = asks(profile(), sso, &[&reply]);
    result.unwrap();
    let host = "https://signin-cn-shanghai.alibabacloudsso.com";
    assert_eq!(line(&requests[0]), format!("POST {host}/cloud-credentials"));
    assert_eq!(
        header(&requests[0], "authorization"),
        Some("Bearer canarySSO")
    );
    assert_eq!(
        header(&requests[0], "content-type"),
        Some("application/json")
    );
    let sent: serde_json::Value = serde_json::from_str(&body(&requests[0])).unwrap();
    let expected = serde_json::json!({"AccountId": "151", "AccessConfigurationId": "ac-1"});
    assert_eq!(sent, expected);

    let oauth = r#"{"profiles":[{"name":"p","mode":"OAuth","oauth_site_type":"CN",
        "oauth_access_token":"canaryAT2","oauth_access_token_expire":4000000000}]}"#;
    let (requests, result) = asks(profile(), oauth, &[DONE]);
    result.unwrap();
    assert_eq!(
        line(&requests[0]),
        "POST https://oauth.aliyun.com/v1/exchange"
    );
    assert_eq!(
        header(&requests[0], "authorization"),
        Some("Bearer canaryAT2")
    );
    assert_eq!(
        header(&requests[0], "content-type"),
        Some("application/json")
    );
    assert_eq!(header(&requests[0], "content-length"), Some("0"));

    let uri = Uri::new("http://127.0.0.1:8080/creds-uri?a=1&a=2&b=x+y&k=canary").unwrap();
    let (requests, result) = asks(Source::Uri(uri), "", &[DONE]);
    result.unwrap();
    assert_eq!(line(&requests[0]), "GET http://127.0.0.1:8080/creds-uri");
    assert_eq!(requests[0].target, "/creds-uri?a=1&a=2&b=x+y&k=canary");
    assert_eq!(header(&requests[0], "host"), Some("127.0.0.1:8080"));
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
        let (_, result) = asks(Source::Uri(uri), "", &[answer]);
        assert!(matches!(result, Err(Error::Credentials(_))));
    }
}
