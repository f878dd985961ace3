//! No secret is left in the memory of a process once everything that had it is dropped.
//!
//! Each case runs in a child process that takes credentials from one source, signs a call with them, drops
//! everything, and then reads its own memory (`/proc/self/mem`). Secrets come from files, and the child
//! knows them only masked, so that every plain copy was made by this crate.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "../../cloudauth-net/src/memory.rs"]
mod memory;

use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cloudauth_proto::credentials::{
    AssumeRole, CustomSource, EcsRole, Environment, External, Oidc, OidcToken, Profile,
    ProfileFormat, ProvidedCredentials, Role, Settings, SupplyError, Uri,
};
use cloudauth_proto::driver::{Head, MonoTime, Now, Refresh, Request, Response};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::CallbackKey;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Flow, Scheme, Session, Source, Step, UnixTime,
};

const CHILD: &str = "a_child_process_tells_what_is_left_in_its_memory";
const FOLDER: &str = "CLOUDAUTH_WIPED_FOLDER";
const CASE: &str = "CLOUDAUTH_WIPED_CASE";

/// The kinds of secrets; each has a value of its own.
#[derive(Clone, Copy)]
enum Kind {
    Key,
    Token,
    Login,
    Issued,
    IssuedToken,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Key,
        Self::Token,
        Self::Login,
        Self::Issued,
        Self::IssuedToken,
    ];

    fn secret(self) -> String {
        memory::secret(self as u64)
    }
}

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).unwrap().into()
}

fn now() -> Now {
    Now {
        mono: MonoTime::new(Duration::from_secs(5)),
        unix: UnixTime::from_seconds(1_800_000_000),
    }
}

/// The name of the file with the response to a request.
fn response_to(authority: &str, target: &str) -> Option<&'static str> {
    Some(match authority {
        "sts.example" => "sts",
        "uri.example" => "uri",
        "sso.example" => "sso",
        "127.0.0.1:1" if target == "/v1/exchange" => "oauth",
        "127.0.0.1:1" if target == "/latest/api/token" => "metadata-token",
        "127.0.0.1:1" => "metadata",
        _ => return None,
    })
}

/// Drops a request. Nothing of a secret may be left where its headers, its target and its body were; later
/// allocations could write over it by chance.
fn assert_wiped_on_drop(request: Request) {
    let range = |bytes: &[u8]| {
        let start = bytes.as_ptr() as u64;
        start..start + bytes.len() as u64
    };
    let mut ranges: Vec<_> = request
        .headers
        .iter()
        .map(|(_, value)| range(value.as_bytes()))
        .collect();
    ranges.push(range(request.target.as_bytes()));
    ranges.push(range(request.body.parts().1));
    drop(request);
    let left = memory::scan(&memory::read_needles(&folder().join("needles")));
    let left: Vec<_> = left
        .iter()
        .filter(|hit| ranges.iter().any(|range| range.contains(&hit.address)))
        .collect();
    assert!(left.is_empty(), "a dropped request: {left:?}");
}

/// Runs a flow with files in the place of servers and programs.
fn run<F: Flow>(flow: &mut F, session: &mut Session) {
    loop {
        match flow.poll(session, now()) {
            Step::Send(exchange) => {
                let request = exchange.sign();
                let file = response_to(&request.authority, &request.target);
                let body = match file {
                    Some(file) => fs::read(folder().join(file)).unwrap(),
                    None => br#"{"Code":"200","ResultObject":{"Passed":"T"}}"#.to_vec(),
                };
                assert_wiped_on_drop(request);
                let response = Response::new(Head::new(200, Vec::new()), body);
                flow.report(session, exchange.id(), Ok(response), now());
            }
            Step::Authenticate(ticket) => run(&mut Refresh::inline(ticket), session),
            Step::Read { path, .. } => {
                flow.supply(fs::read(path).map_err(|_| SupplyError::Missing));
            }
            Step::Run { argv, .. } => {
                flow.supply(fs::read(&argv[0]).map_err(|_| SupplyError::Missing));
            }
            Step::Provide { .. } => {
                let key = Credentials::temporary("id", text("key"), text("token"));
                flow.provide(Ok(ProvidedCredentials {
                    credentials: key.unwrap(),
                    expires: None,
                }));
            }
            Step::Abandon(_) => {}
            Step::Wait(until) => panic!("waits until {until:?}"),
            Step::Done(result) => {
                if let Err(error) = result {
                    panic!("{error}");
                }
                return;
            }
        }
    }
}

/// Signs a call under both schemes with credentials from this source.
fn call(source: impl Into<Source>) {
    let source = source.into();
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let mut session = Session::new(source.clone(), [1; 32]).scheme(scheme);
        let query = DescribeFaceVerify::new(1, "sha1");
        let mut call = Call::new(&query, CallOptions::new()).unwrap();
        run(&mut call, &mut session);
    }
}

/// A secret in a file, as a caller reads it.
fn text(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap()
}

fn path(name: &str) -> String {
    folder().join(name).to_str().unwrap().to_owned()
}

fn sts() -> Endpoint {
    "sts.example".parse().unwrap()
}

fn role() -> Role {
    Role::new("acs:ram::1:role/r", "s")
}

fn settings() -> Settings {
    let local: Endpoint = "http://127.0.0.1:1".parse().unwrap();
    Settings::new(&Environment::default())
        .sts(sts())
        .metadata(local.clone())
        .oauth(local)
}

fn profile(format: ProfileFormat, file: &str) -> Source {
    Source::Profile(Profile::new(format, path(file), None, settings()))
}

/// Every source of credentials.
const CASES: &[(&str, fn())] = &[
    ("access key", || {
        call(Credentials::access_key("id", text("key")).unwrap());
    }),
    ("temporary key", || {
        call(Credentials::temporary("id", text("key"), text("token")).unwrap());
    }),
    ("bearer token", || {
        call(Credentials::bearer(text("token")).unwrap());
    }),
    ("variables", || {
        let vars = |name: &str| match name {
            "ALIBABA_CLOUD_ACCESS_KEY_ID" => Some("id".to_owned()),
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET" => Some(text("key")),
            "ALIBABA_CLOUD_SECURITY_TOKEN" => Some(text("token")),
            _ => None,
        };
        call(Credentials::from_vars(vars).unwrap());
        let vars = Environment::read(vars);
        call(Source::default_chain_with(&vars, &settings()));
    }),
    ("assumed role", || {
        let base = Credentials::temporary("id", text("key"), text("token")).unwrap();
        call(Source::AssumeRole(Box::new(AssumeRole::new(
            base.into(),
            role(),
            sts(),
        ))));
    }),
    ("OIDC", || {
        call(Source::Oidc(Box::new(Oidc::new(
            path("token"),
            "arn",
            role(),
            sts(),
        ))));
    }),
    ("ECS role", || {
        call(Source::EcsRole(
            EcsRole::new(Some("r".into()), &settings()).unwrap(),
        ));
    }),
    ("URI", || {
        call(Source::Uri(Uri::new("https://uri.example/x").unwrap()));
    }),
    ("program", || {
        call(Source::External(External::new(&path("program")).unwrap()));
    }),
    ("CLI profile AK", || {
        call(profile(ProfileFormat::Cli, "ak.json"));
    }),
    ("CLI profile StsToken", || {
        call(profile(ProfileFormat::Cli, "token.json"));
    }),
    ("CLI profile RamRoleArn", || {
        call(profile(ProfileFormat::Cli, "role.json"));
    }),
    ("CLI profile OIDC", || {
        call(profile(ProfileFormat::Cli, "oidc.json"));
    }),
    ("CLI profile CloudSSO", || {
        call(profile(ProfileFormat::Cli, "sso.json"));
    }),
    ("CLI profile OAuth", || {
        call(profile(ProfileFormat::Cli, "oauth.json"));
    }),
    ("CLI profile OAuth with stored keys", || {
        call(profile(ProfileFormat::Cli, "stored.json"));
    }),
    ("CLI profile External", || {
        call(profile(ProfileFormat::Cli, "external.json"));
    }),
    ("CLI profile BearerToken", || {
        call(profile(ProfileFormat::Cli, "bearer.json"));
    }),
    ("CLI profile CredentialsURI", || {
        call(profile(ProfileFormat::Cli, "uri.json"));
    }),
    ("CLI profile beside others", || {
        call(profile(ProfileFormat::Cli, "several.json"));
    }),
    ("INI profile with a token", || {
        call(profile(ProfileFormat::Ini, "token.ini"));
    }),
    ("OIDC with the token itself", || {
        let mut oidc = Oidc::new("", "arn", role(), sts());
        oidc.token = OidcToken::Text(cloudauth_proto::Secret::new(text("token")));
        call(Source::Oidc(Box::new(oidc)));
    }),
    ("source of the caller's own", || {
        call(Source::Custom(CustomSource::new("vault")));
    }),
    ("INI profile", || {
        call(profile(ProfileFormat::Ini, "profile.ini"));
    }),
    ("callback key", || {
        let key = text("key");
        drop(CallbackKey::new(key.as_bytes()).unwrap());
        drop(cloudauth_proto::Secret::new(key));
    }),
];

/// What the files of a case contain.
#[expect(clippy::too_many_lines, reason = "one file after the other")]
fn write_files(folder: &Path) {
    let [key, token, login, issued, issued_token] = Kind::ALL.map(Kind::secret);
    let (expires, login_ends) = ("2030-01-01T00:00:00Z", 4_000_000_000_u64);
    let keys = format!(
        r#"{{"AccessKeyId":"STS.i","AccessKeySecret":"{issued}","SecurityToken":"{issued_token}","Expiration":"{expires}","Code":"Success"}}"#
    );
    let profile =
        |fields: &str| format!(r#"{{"current":"a","profiles":[{{"name":"a",{fields}}}]}}"#);
    let id_and_key = format!(r#""access_key_id":"id","access_key_secret":"{key}""#);
    let files = [
        ("key", key.clone()),
        ("token", token.clone()),
        (
            "sts",
            format!(r#"{{"RequestId":"r","Credentials":{keys}}}"#),
        ),
        ("uri", keys.clone()),
        ("metadata", keys.clone()),
        ("metadata-token", login.clone()),
        ("sso", format!(r#"{{"CloudCredential":{keys}}}"#)),
        (
            "oauth",
            format!(
                r#"{{"accessKeyId":"STS.i","accessKeySecret":"{issued}","securityToken":"{issued_token}","expiration":"{expires}"}}"#
            ),
        ),
        (
            "program",
            format!(
                r#"{{"mode":"StsToken","access_key_id":"STS.i","access_key_secret":"{issued}","sts_token":"{issued_token}"}}"#
            ),
        ),
        ("ak.json", profile(&format!(r#""mode":"AK",{id_and_key}"#))),
        (
            "token.json",
            profile(&format!(
                r#""mode":"StsToken",{id_and_key},"sts_token":"{token}""#
            )),
        ),
        (
            "role.json",
            profile(&format!(
                r#""mode":"RamRoleArn",{id_and_key},"ram_role_arn":"acs:ram::1:role/r","ram_session_name":"s""#
            )),
        ),
        (
            "oidc.json",
            profile(&format!(
                r#""mode":"OIDC","oidc_provider_arn":"p","oidc_token_file":"{}","ram_role_arn":"acs:ram::1:role/r","ram_session_name":"s""#,
                folder.join("token").to_str().unwrap()
            )),
        ),
        (
            "sso.json",
            profile(&format!(
                r#""mode":"CloudSSO","cloud_sso_sign_in_url":"https://sso.example/start","cloud_sso_account_id":"1","cloud_sso_access_config":"c","access_token":"{login}","cloud_sso_access_token_expire":{login_ends}"#
            )),
        ),
        (
            "oauth.json",
            profile(&format!(
                r#""mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"{login}","oauth_access_token_expire":{login_ends}"#
            )),
        ),
        (
            "stored.json",
            profile(&format!(
                r#""mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"{login}","oauth_access_token_expire":{login_ends},{id_and_key},"sts_token":"{token}","sts_expiration":{login_ends}"#
            )),
        ),
        (
            "external.json",
            profile(&format!(
                r#""mode":"External","process_command":"{}""#,
                folder.join("program").to_str().unwrap()
            )),
        ),
        (
            "bearer.json",
            profile(&format!(r#""mode":"BearerToken","bearer_token":"{token}""#)),
        ),
        (
            "uri.json",
            profile(r#""mode":"CredentialsURI","credentials_uri":"https://uri.example/x""#),
        ),
        (
            "several.json",
            format!(
                r#"{{"current":"a","profiles":[{{"name":"b","mode":"StsToken","access_key_id":"i","access_key_secret":"{issued}","sts_token":"{issued_token}"}},{{"name":"a","mode":"AK",{id_and_key}}}]}}"#
            ),
        ),
        (
            "token.ini",
            format!(
                "[default]\ntype = sts\naccess_key_id = id\naccess_key_secret = {key}\nsecurity_token = {token}\n"
            ),
        ),
        (
            "profile.ini",
            format!(
                "[default]\nenable = true\ntype = access_key\naccess_key_id = id\naccess_key_secret = {key}\n"
            ),
        ),
    ];
    for (name, contents) in files {
        fs::write(folder.join(name), contents).unwrap();
    }
    memory::write_needles(&folder.join("needles"), &Kind::ALL.map(Kind::secret));
}

/// The child: does nothing unless it is started by the other tests.
#[test]
#[expect(clippy::disallowed_methods, reason = "the case is in the environment")]
fn a_child_process_tells_what_is_left_in_its_memory() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let needles = memory::read_needles(&folder().join("needles"));
    let mut report = String::new();
    let mut tell = |what: &str, found: &[memory::Hit]| {
        writeln!(report, "{what}: {}", found.len()).unwrap();
        for hit in found {
            writeln!(report, "  {hit:x?}").unwrap();
        }
    };
    match case.as_str() {
        "control" => {
            tell("before", &memory::scan(&needles));
            let planted = text("key").into_bytes();
            tell("planted", &memory::scan(&needles));
            drop(planted);
            tell("dropped", &memory::scan(&needles));
        }
        name => {
            let (_, run) = CASES.iter().find(|(it, _)| *it == name).unwrap();
            run();
            tell("left", &memory::scan(&needles));
        }
    }
    println!("{report}");
}

/// Starts the child for a case; returns what it prints.
fn report_of(folder: &Path, case: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", CHILD, "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(CASE, case)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{case}: {text}{errors}");
    text
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("cloudauth-wiped-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        write_files(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Also runs when a test fails, so an error must not panic.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_secret_that_is_planted_is_found_and_is_still_there_if_it_is_dropped_without_wiping() {
    let folder = Folder::new("control");
    let report = report_of(&folder.0, "control");
    assert!(report.contains("before: 0\n"), "{report}");
    assert!(report.contains("planted: 3\n"), "{report}");
    assert!(!report.contains("dropped: 0\n"), "{report}");
}

#[test]
fn no_secret_is_left_in_memory_when_the_last_user_is_dropped() {
    let folder = Folder::new("cases");
    let mut left = Vec::new();
    for (case, _) in CASES {
        let report = report_of(&folder.0, case);
        if !report.contains("left: 0\n") {
            left.push(format!("{case}: {report}"));
        }
    }
    assert!(left.is_empty(), "{}", left.join("\n"));
}
