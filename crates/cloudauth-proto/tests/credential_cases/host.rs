//! A host with variables, files, programs and credential services, and a driver that looks for credentials on
//! it.

use std::collections::BTreeMap;

use cloudauth_proto::credentials::{Environment, ResolvedCredentials, Settings};
use cloudauth_proto::driver::{
    Delivery, Failure, Head, Now, Refresh, Request, Response, SupplyError,
};
use cloudauth_proto::{Flow, Session, Source, Step, UnixTime, WhoAmI};
use percent_encoding::percent_decode_str;

/// The home directory.
const USER: &str = "/home/u";

/// The time on the host.
const NOW: u64 = 1_800_000_000;

pub(crate) struct Host {
    vars: BTreeMap<String, Vec<u8>>,
    files: BTreeMap<String, Vec<u8>>,
    /// What is unreachable: requests to hosts that contain this.
    pub(crate) unreachable: Option<&'static str>,
    /// Whether the metadata service accepts the tokens that it issues.
    pub(crate) metadata_refuses_tokens: bool,
    pub(crate) source: fn(&Environment, &Settings) -> Source,
}

/// What came of it.
pub(crate) struct Resolved {
    pub(crate) result: Result<ResolvedCredentials, String>,
    /// Requests, and the arguments of programs.
    pub(crate) trace: Vec<String>,
}

impl Host {
    /// A host that is no instance, as the cases have it.
    pub(crate) fn new() -> Self {
        let mut host = Self {
            vars: BTreeMap::new(),
            files: BTreeMap::new(),
            unreachable: None,
            metadata_refuses_tokens: false,
            source: Source::default_chain_with,
        };
        host.var("HOME", USER);
        host.var("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
        host
    }

    pub(crate) fn var(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.vars.insert(name.to_owned(), value.into());
    }

    pub(crate) fn file(&mut self, path: &str, contents: impl Into<Vec<u8>>) {
        let path = path.replace('~', USER);
        self.files.insert(path, contents.into());
    }

    pub(crate) fn environment(&self) -> Environment {
        Environment::read(|name| self.vars.get(name).cloned())
    }

    /// A session that has not looked for credentials yet.
    pub(crate) fn session(&self) -> Session {
        let vars = self.environment();
        Session::new((self.source)(&vars, &Settings::new(&vars)), [1; 32])
    }

    pub(crate) fn resolve(&self) -> Resolved {
        self.resolve_in(&mut self.session(), now(0))
    }

    /// Looks for the credentials of a session, and checks that no output contains a secret.
    pub(crate) fn resolve_in(&self, session: &mut Session, now: Now) -> Resolved {
        let mut now = now;
        let mut trace = Vec::new();
        let mut who = WhoAmI::new();
        if let Step::Authenticate(ticket) = who.poll(session, now) {
            let mut refresh = Refresh::new(ticket);
            loop {
                match refresh.poll(session, now) {
                    Step::Send(exchange) => {
                        let (shown, response) = self.respond(&exchange.sign());
                        trace.push(shown);
                        refresh.report(session, exchange.id(), response, now);
                    }
                    Step::Read { path, .. } => {
                        let contents = self.files.get(&path).cloned();
                        refresh.supply(contents.ok_or(SupplyError::Missing));
                    }
                    Step::Run { argv, .. } => {
                        trace.push(format!("{argv:?}"));
                        refresh.supply(program(&argv));
                    }
                    Step::Wait(until) => now.mono = until,
                    Step::Done(_) => break,
                    step => panic!("{step:?}"),
                }
            }
        }
        let Step::Done(result) = who.poll(session, now) else {
            panic!("the refresh has ended");
        };
        let shown = format!("{result:?} {session:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let result = result.map_err(|error| error.to_string());
        if let Err(error) = &result {
            assert!(!error.contains("s3cret"), "{error}");
        }
        // Repetitions of a request are of no interest here.
        trace.dedup();
        Resolved { result, trace }
    }

    fn respond(&self, request: &Request) -> (String, Result<Response, Failure>) {
        let (shared, own) = request.body.parts();
        let mut form = params(&String::from_utf8([shared, own].concat()).unwrap());
        if let Some((_, query)) = request.target.split_once("/?") {
            form.extend(params(query));
        }
        let header = |name: &str| request.headers.iter().any(|(it, _)| *it == name);
        let form = |name: &str| form.get(name).map(String::as_str);
        let host = &request.authority;
        let target = &request.target;
        let shown = if let Some(action) = form("Action") {
            let token = form("SecurityToken").map_or("", |_| " tok");
            let role = form("RoleArn").unwrap();
            let key = form("AccessKeyId").unwrap_or("-");
            let session = form("RoleSessionName").unwrap();
            let seconds = form("DurationSeconds").unwrap();
            format!("{action} {host} {key}{token} {role} {session} {seconds}")
        } else {
            let has_token = header("x-aliyun-ecs-metadata-token");
            let token = if has_token { " tok" } else { "" };
            format!("{} {host}{target}{token}", request.method.as_str())
        };
        if self.unreachable.is_some_and(|it| host.contains(it)) {
            let failure = Failure::new(Delivery::NotSent, "Connection refused");
            return (shown, Err(failure));
        }
        let keys = |id: &str| {
            format!(
                r#"{{"Code":"Success","AccessKeyId":"{id}","AccessKeySecret":"s3cret",
                "SecurityToken":"s3cret","Expiration":"2099-01-01T00:00:00Z"}}"#
            )
        };
        let roles = "/latest/meta-data/ram/security-credentials/";
        let refused = self.metadata_refuses_tokens && header("x-aliyun-ecs-metadata-token");
        let (status, body) = match (form("Action"), target.strip_prefix(roles)) {
            (Some(_), _) => {
                let role = form("RoleArn").unwrap().rsplit('/').next().unwrap();
                let base = form("AccessKeyId").unwrap_or("OIDC");
                let id = format!("STS.{role}.BY.{base}");
                (200, format!(r#"{{"Credentials":{}}}"#, keys(&id)))
            }
            (None, Some(_)) if refused => (404, String::new()),
            (None, Some("")) => (200, "InstanceRole".to_owned()),
            (None, Some(role)) => (200, keys(&format!("STS.ECS.{role}"))),
            (None, None) if target == "/latest/api/token" => (200, "TOKEN".to_owned()),
            (None, None) if target == "/uri" => (200, keys("STS.URI")),
            (None, None) => (404, String::new()),
        };
        let head = Head::new(status, Vec::new());
        (shown, Ok(Response::new(head, body.into_bytes())))
    }
}

/// The time this many seconds after the start.
pub(crate) fn now(seconds: u64) -> Now {
    Now {
        mono: cloudauth_proto::driver::MonoTime::new(core::time::Duration::from_secs(seconds)),
        unix: UnixTime::from_seconds(NOW + seconds),
    }
}

fn program(argv: &[String]) -> Result<Vec<u8>, SupplyError> {
    let key = r#""access_key_id":"LTAIextAccessKey0001","access_key_secret":"s3cret""#;
    let printed = match argv.get(1).map(String::as_str) {
        Some("RAM") => format!(
            r#"{{"mode":"RamRoleArn",{key},"ram_role_arn":"acs:ram::1:role/extrole","ram_session_name":"s"}}"#
        ),
        Some("TOKEN") => format!(
            r#"{{"mode":"AK",{},"sts_token":"s3cret"}}"#,
            key.replace("LTAI", "STS.")
        ),
        Some("FAIL") => return Err(SupplyError::Exited(Some(1))),
        _ => format!(r#"{{"mode":"AK",{key}}}"#),
    };
    Ok(printed.into_bytes())
}

fn params(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}
