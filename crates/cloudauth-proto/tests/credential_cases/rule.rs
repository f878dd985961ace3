//! Absent: the next source. There, but not usable: stop.

use cloudauth_proto::Source;
use cloudauth_proto::credentials::{
    Chain, EcsRole, Environment, FromEnvironment, Oidc, Profile, SkippedSource,
};

use crate::host::Host;
use crate::{BEHIND_CLI, Expected, Stops, Uses, check, host};

const BEHIND: Expected = Uses("STS.URI", "credentials_uri");
const URI: &str = "GET 127.0.0.1:81/uri";

/// A host whose last source is a URL.
fn before_uri(vars: &[(&str, &str)]) -> Host {
    let mut host = host(vars);
    host.var("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:81/uri");
    host
}

#[test]
fn a_name_that_no_file_has_ends_the_search_and_one_that_a_later_file_has_does_not() {
    let cli = r#"{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_id":"LTAIa","access_key_secret":"s3cret"}]}"#;
    let mut host = before_uri(&[("ALIBABA_CLOUD_PROFILE", "b")]);
    check(
        "no file",
        &host.resolve(),
        Stops(&["profile: no file has the profile \"b\""]),
        &[],
    );
    host.file("~/.aliyun/config.json", cli);
    host.file("~/.alibabacloud/credentials", BEHIND_CLI);
    check(
        "not in them",
        &host.resolve(),
        Stops(&["profile: no file has the profile \"b\""]),
        &[],
    );
    host.file(
        "~/.alibabacloud/credentials",
        BEHIND_CLI.replace("default", "b"),
    );
    check(
        "in the second",
        &host.resolve(),
        Uses("LTAIiniOtherIdentity1", "profile/static_ak"),
        &[],
    );
    host.var("ALIBABA_CLOUD_PROFILE", "a");
    check(
        "in the first",
        &host.resolve(),
        Uses("LTAIa", "cli_profile/static_ak"),
        &[],
    );
    host.var("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "True");
    check(
        "disabled",
        &host.resolve(),
        Stops(&["profile: no file has the profile \"a\""]),
        &[],
    );
    host.var("HOME", "");
    check(
        "no home",
        &host.resolve(),
        Stops(&["profile: no file has the profile \"a\""]),
        &[],
    );
    host.var("HOME", &b"/\xff"[..]);
    check(
        "no text",
        &host.resolve(),
        Stops(&["profile: HOME is not Unicode"]),
        &[],
    );
}

#[test]
fn two_names_of_a_profile_end_the_search_unless_they_are_the_same() {
    let mut host = before_uri(&[
        ("ALIBABA_CLOUD_PROFILE", "default"),
        ("ALICLOUD_PROFILE", "default"),
    ]);
    host.file("~/.alibabacloud/credentials", BEHIND_CLI);
    let found = Uses("LTAIiniOtherIdentity1", "profile/static_ak");
    check("the same", &host.resolve(), found, &[]);
    host.var("ALIBABACLOUD_PROFILE", "other");
    let expected = Stops(&["ALIBABA_CLOUD_PROFILE and ALIBABACLOUD_PROFILE contradict each other"]);
    check("others", &host.resolve(), expected, &[]);
    // Before the profiles, nothing needs them.
    host.var("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIenv");
    host.var("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret");
    check("not needed", &host.resolve(), Uses("LTAIenv", "env"), &[]);
}

#[test]
fn metadata_that_nothing_names_is_absent_if_it_does_not_connect_and_fails_if_it_is_named() {
    let mut host = before_uri(&[("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false")]);
    host.unreachable = Some("100.100");
    let token = "PUT 100.100.100.200/latest/api/token";
    check("unnamed", &host.resolve(), BEHIND, &[token, URI]);
    host.var("ALIBABA_CLOUD_ECS_METADATA", "r");
    check(
        "named",
        &host.resolve(),
        Stops(&["ecs_ram_role: cannot connect: Connection refused"]),
        &[token],
    );
    host.unreachable = None;
    let role = "GET 100.100.100.200/latest/meta-data/ram/security-credentials/r tok";
    check(
        "there",
        &host.resolve(),
        Uses("STS.ECS.r", "ecs_ram_role"),
        &[token, role],
    );
    host.var("ALIBABA_CLOUD_IMDS_ENDPOINT", "10.0.0.1:81/");
    let at = |text: &str| text.replace("100.100.100.200", "10.0.0.1:81");
    let (token, role) = (at(token), at(role));
    check(
        "elsewhere",
        &host.resolve(),
        Uses("STS.ECS.r", "ecs_ram_role"),
        &[&token, &role],
    );
    host.var("ALIBABA_CLOUD_IMDS_ENDPOINT", "not a host");
    check(
        "nowhere",
        &host.resolve(),
        Stops(&["ecs_ram_role: ALIBABA_CLOUD_IMDS_ENDPOINT is not valid"]),
        &[],
    );
}

#[test]
fn a_variable_that_nothing_needs_is_not_checked() {
    let mut host = before_uri(&[
        ("ALIBABA_CLOUD_STS_ENDPOINT", "not a host"),
        ("ALIBABA_CLOUD_STS_REGION", "/"),
        ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/none"),
    ]);
    host.var("ALIBABA_CLOUD_ROLE_SESSION_NAME", &b"\xff"[..]);
    check("uri", &host.resolve(), BEHIND, &[URI]);
    host.var("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "true");
    let expected = Stops(&["credentials_uri: disabled by ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"]);
    check("disabled", &host.resolve(), expected, &[]);
    host.var("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "");
    host.var("ALIBABA_CLOUD_CREDENTIALS_URI", "http://s3cret.example/");
    check(
        "no URL",
        &host.resolve(),
        Stops(&["credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not valid"]),
        &[],
    );
}

#[test]
fn the_vendor_s_way_goes_on_after_a_failure_and_lists_it() {
    let mut host = before_uri(&[("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAIenv")]);
    check(
        "strict",
        &host.resolve(),
        Stops(&["ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"]),
        &[],
    );
    host.source = |vars, _| {
        FromEnvironment::default_chain()
            .continue_after_failure()
            .into_source(vars)
    };
    let resolved = host.resolve();
    check("lenient", &resolved, BEHIND, &[URI]);
    let skipped = resolved.result.unwrap().skipped;
    assert_eq!(
        skipped[0].to_string(),
        "env: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"
    );
    host.source = |vars, settings| {
        Source::default_chain_with(vars, &settings.clone().continue_after_failure())
    };
    check("by settings", &host.resolve(), BEHIND, &[URI]);
}

trait IntoSource {
    fn into_source(self, vars: &Environment) -> Source;
}

impl IntoSource for FromEnvironment {
    fn into_source(self, vars: &Environment) -> Source {
        Source::from(self).resolve(vars)
    }
}

#[test]
fn short_ways_take_the_rest_from_the_environment() {
    let mut host = host(&[("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "")]);
    host.var("ALIBABA_CLOUD_IMDS_ENDPOINT", "10.0.0.1");
    host.source = |vars, _| EcsRole::named("r").into_source(vars);
    let trace = [
        "PUT 10.0.0.1/latest/api/token",
        "GET 10.0.0.1/latest/meta-data/ram/security-credentials/r tok",
    ];
    check(
        "role",
        &host.resolve(),
        Uses("STS.ECS.r", "ecs_ram_role"),
        &trace,
    );
    host.var("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    check(
        "no role",
        &host.resolve(),
        Stops(&["disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"]),
        &[],
    );

    host.source = |vars, _| Profile::named("x").into_source(vars);
    check(
        "no profile",
        &host.resolve(),
        Stops(&["no file has the profile \"x\""]),
        &[],
    );
    host.file(
        "~/.alibabacloud/credentials",
        BEHIND_CLI.replace("default", "x"),
    );
    check(
        "profile",
        &host.resolve(),
        Uses("LTAIiniOtherIdentity1", "profile/static_ak"),
        &[],
    );

    host.source = |vars, _| Oidc::from_env().into_source(vars);
    check(
        "no OIDC",
        &host.resolve(),
        Stops(&["oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set"]),
        &[],
    );
    host.var("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r");
    host.var("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "p");
    let expected = Stops(&["oidc_role_arn: ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set"]);
    check("no token", &host.resolve(), expected, &[]);
    host.var("ALIBABA_CLOUD_OIDC_TOKEN", "s3cret");
    let trace = ["AssumeRoleWithOIDC sts.aliyuncs.com - acs:ram::1:role/r cloudauth-rs 3600"];
    check(
        "OIDC",
        &host.resolve(),
        Uses("STS.r.BY.OIDC", "oidc_role_arn"),
        &trace,
    );
}

#[test]
fn what_a_role_needs_and_does_not_have_ends_the_search() {
    let mut host = host(&[]);
    host.source = |_, _| {
        let absent = || {
            let reason = cloudauth_proto::credentials::SourceError::NoRole;
            Source::Absent(SkippedSource::new("a", reason))
        };
        let inner = Source::Chain(Chain::new(vec![absent()]));
        let role = cloudauth_proto::credentials::Role::new("acs:ram::1:role/r", "s");
        let sts = cloudauth_proto::Endpoint::STS;
        let assumed = cloudauth_proto::credentials::AssumeRole::new(inner, role, sts);
        let key = cloudauth_proto::Credentials::access_key("LTAIother", "s3cret").unwrap();
        Source::Chain(Chain::new(vec![
            Source::Chain(Chain::new(vec![absent()])),
            assumed.into(),
            key.into(),
        ]))
    };
    let error = host.resolve().result.unwrap_err();
    assert!(
        !error.contains("LTAIother") && error.contains("no role"),
        "{error}"
    );
}
