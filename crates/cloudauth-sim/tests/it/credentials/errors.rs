//! Errors of sources, none of which contains a secret.

use core::time::Duration;

use cloudauth_proto::credentials::{External, Oidc};
use cloudauth_proto::driver::{MonoTime, SupplyError};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Source};
use cloudauth_sim::simulation::{Impairment, Link};
use cloudauth_sim::{CredentialService, Fault, Times};

use super::{
    CONFIG, HOUR, MINUTE, SECOND, describe, ecs, error_of, oauth_config, profile, role, sso_config,
    sts, uri, with,
};

#[test]
fn errors_about_an_external_program_do_not_contain_its_output() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    for (ends, reason) in [
        (Ok(b"s3cret".to_vec()), "program output: not a JSON object"),
        (
            Ok(
                br#"{"mode":"s3cret","access_key_id":"s3cret","access_key_secret":"s3cret"}"#
                    .to_vec(),
            ),
            "program output: mode: not a supported mode",
        ),
        (
            Ok(br#"{"mode":"AK","access_key_id":"s3cret"}"#.to_vec()),
            "program output: access_key_secret: missing",
        ),
        (
            Ok(
                br#"{"mode":"StsToken","access_key_id":"a","access_key_secret":"b","sts_token":"c",
                "expiration":"2020-01-01T00:00:00Z"}"#
                    .to_vec(),
            ),
            "the credentials have expired",
        ),
        (
            Err(SupplyError::Exited(Some(3))),
            "program: exited with status 3",
        ),
        (Err(SupplyError::Missing), "program: not found"),
    ] {
        simulation.program(SECOND, ends);
        let error = error_of(&mut simulation);
        assert!(
            error.starts_with(&format!("no credentials: external: {reason}")),
            "{error}"
        );
        assert!(!error.contains("s3cret"), "{error}");
        // Until the failure is no longer cached.
        let at = simulation.now().mono.saturating_since(MonoTime::default()) + MINUTE;
        let gone = simulation.start(at, describe());
        simulation.drop_at(at + SECOND / 2, &gone);
        simulation.run();
    }
}

#[test]
fn unusable_responses_of_a_credential_service_have_distinct_errors() {
    for (fault, reason) in [
        (Fault::Garbage, "the response is HTML, not JSON"),
        (Fault::Empty, "the response is empty"),
        (Fault::Refuse, "cannot connect"),
        (Fault::Reset, "no complete response"),
        (Fault::Truncate, "no complete response"),
        (
            Fault::Status(404),
            "refused: InvalidApi.NotFound (HTTP 404)",
        ),
        (Fault::Code500, "refused: InternalError (HTTP 200)"),
        (
            Fault::Custom {
                status: 200,
                body: br#"{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"b",
                    "SecurityToken":"c","Expiration":"2020-01-01T00:00:00Z"}"#
                    .to_vec(),
            },
            "the credentials have expired",
        ),
        (
            Fault::Custom {
                status: 200,
                body: br#"{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"s3cret"}"#
                    .to_vec(),
            },
            "missing field `SecurityToken`",
        ),
    ] {
        let mut simulation = with(uri());
        simulation.world.inject_at_credential_service(
            CredentialService::Uri,
            fault.clone(),
            Times::Always,
        );
        let error = error_of(&mut simulation);
        let expected = format!("no credentials: credentials_uri: {reason}");
        assert!(error.starts_with(&expected), "{fault:?}: {error}");
    }
    // Outside an instance: one connection attempt and no more.
    let mut simulation = with(ecs());
    let unreachable = Link::unimpaired().always(Impairment::BlackHole);
    simulation.credential_services_link(Duration::ZERO, unreachable);
    let call = simulation.start(Duration::ZERO, describe());
    simulation.run();
    let error = call.take().unwrap().unwrap_err().to_string();
    assert_eq!(
        error,
        "no credentials: ecs_ram_role: cannot connect: no connection in time"
    );
    assert_eq!(simulation.record(&call).duration(), Some(SECOND));
}

#[test]
fn an_expired_login_has_an_error_of_its_own() {
    let mut simulation = with(profile());
    for text in [
        sso_config().replace("1900000000", "1700000000"),
        oauth_config().replace("1900000000", "1700000000"),
    ] {
        simulation.put_file(CONFIG, text);
        let error = error_of(&mut simulation);
        assert!(
            error.ends_with("the stored login has expired: log in again with the CLI"),
            "{error}"
        );
        let mut fresh = with(profile());
        core::mem::swap(&mut simulation, &mut fresh);
    }
}

#[test]
fn a_missing_token_file_has_an_error_of_its_own() {
    let oidc = Oidc::new("/gone", "acs:ram::1:oidc-provider/p", role(), sts());
    let error = error_of(&mut with(Source::Oidc(Box::new(oidc))));
    let expected = "no credentials: oidc_role_arn: /gone: not found";
    assert_eq!(error, expected);
}

#[test]
fn a_metadata_service_that_responds_with_html_has_an_error_of_its_own() {
    for (fault, reason) in [
        (Fault::Garbage, "not a single word"),
        (
            Fault::Custom {
                status: 200,
                body: b"<html>s3cret</html>".to_vec(),
            },
            "not a valid role name",
        ),
    ] {
        let mut simulation = with(ecs());
        simulation.world.inject_at_credential_service(
            CredentialService::Metadata,
            fault,
            Times::Always,
        );
        let error = error_of(&mut simulation);
        let expected = format!("no credentials: ecs_ram_role: {reason}");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
    }
}

#[test]
fn an_external_program_is_ended_after_a_minute() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    simulation.program(HOUR, Err(SupplyError::Failed));
    // The first backoff is longer than a quarter of a second.
    let options = CallOptions::new().total_timeout(MINUTE + SECOND / 4);
    let call = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let call = simulation.start(Duration::ZERO, call);
    simulation.run();
    let error = call.take().unwrap().unwrap_err().to_string();
    let expected = "no credentials: external: program: timed out";
    assert_eq!(error, expected);
    assert_eq!(simulation.record(&call).duration(), Some(MINUTE));
}
