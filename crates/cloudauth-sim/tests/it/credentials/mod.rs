//! Sources of credentials and their cache, in simulated time.

mod cache;
mod chain;
mod errors;

use core::time::Duration;

use cloudauth_proto::credentials::{
    AssumeRole, EcsRole, Oidc, Profile, ProfileFormat, Role, Settings, Uri,
};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Endpoint, Error, Session, Source};
use cloudauth_sim::simulation::Simulation;
use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, OAUTH_TOKEN, OIDC_TOKEN, SSO_TOKEN, World,
};

pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const CONFIG: &str = "/home/u/.aliyun/config.json";

pub(crate) fn settings() -> Settings {
    Settings::default()
}

pub(crate) fn role() -> Role {
    Role::new("acs:ram::1:role/r", "test")
}

pub(crate) fn key() -> Credentials {
    Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap()
}

fn sts() -> Endpoint {
    Endpoint::STS
}

pub(crate) fn assumed() -> Source {
    Source::AssumeRole(Box::new(AssumeRole::new(key().into(), role(), sts())))
}

pub(crate) fn oidc() -> Source {
    let oidc = Oidc::new("/token", "acs:ram::1:oidc-provider/p", role(), sts());
    Source::Oidc(Box::new(oidc))
}

pub(crate) fn ecs() -> Source {
    EcsRole::new(None, &settings()).unwrap().into()
}

pub(crate) fn uri() -> Source {
    let url = format!("https://127.0.0.1{CREDENTIALS_PATH}");
    Source::Uri(Uri::new(&url).unwrap())
}

/// The current profile of the vendor's CLI, see [`config`].
pub(crate) fn profile() -> Source {
    let profile = Profile::new(ProfileFormat::Cli, CONFIG, None, settings());
    Source::Profile(profile)
}

pub(crate) fn config(fields: &str) -> String {
    format!(r#"{{"current":"p","profiles":[{{"name":"p",{fields}}}]}}"#)
}

pub(crate) fn sso_config() -> String {
    config(&format!(
        r#""mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.example.com/login",
        "cloud_sso_account_id":"151","cloud_sso_access_config":"ac-1",
        "access_token":"{SSO_TOKEN}","cloud_sso_access_token_expire":1900000000"#
    ))
}

pub(crate) fn oauth_config() -> String {
    config(&format!(
        r#""mode":"OAuth","oauth_access_token":"{OAUTH_TOKEN}",
        "oauth_access_token_expire":1900000000"#
    ))
}

pub(crate) fn with(source: Source) -> Simulation {
    let mut simulation = Simulation::new(Session::new(source, [1; 32]), World::new());
    simulation
        .world
        .add_operation("DescribeFaceVerify", serde_json::json!({"Passed": "T"}));
    simulation.put_file("/token", format!("{OIDC_TOKEN}\n"));
    simulation
}

pub(crate) fn describe() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha0"), CallOptions::new()).unwrap()
}

/// Whether the service accepted the signature of a call, whatever its result is.
pub(crate) fn is_signed<T>(result: Option<Result<T, Error>>) -> bool {
    match result.unwrap() {
        Ok(_) => true,
        Err(Error::Service(fault)) => fault.code.as_deref() == Some("406"),
        Err(_) => false,
    }
}

pub(crate) fn call_at(simulation: &mut Simulation, at: Duration) -> bool {
    let handle = simulation.start(at, describe());
    simulation.run_until(at + 31 * SECOND);
    assert!(
        simulation.violations().is_empty(),
        "{:?}",
        simulation.violations()
    );
    is_signed(handle.take())
}

fn error_of(simulation: &mut Simulation) -> String {
    simulation.call(describe()).unwrap_err().to_string()
}
