//! Chains of sources, among them the default chain.

use core::time::Duration;

use cloudauth_proto::Source;
use cloudauth_proto::WhoAmI;
use cloudauth_proto::credentials::{Chain, EcsRole, Environment};
use cloudauth_sim::simulation::{Impairment, Link};
use cloudauth_sim::{CredentialService, Fault, OIDC_TOKEN, Times};

use super::{HOUR, MINUTE, call_at, ecs, error_of, oidc, settings, uri, with};

#[test]
fn a_chain_that_goes_on_uses_the_first_source_that_succeeds_and_keeps_it() {
    let chain: Source = Chain::new(vec![oidc(), ecs(), uri()])
        .continue_after_failure()
        .into();
    let mut simulation = with(chain);
    simulation.put_file("/token", "wrong");
    let found = simulation.call(WhoAmI::new()).unwrap();
    assert_eq!(found.source, "ecs_ram_role");
    let trail: Vec<_> = found.skipped.iter().map(ToString::to_string).collect();
    assert_eq!(
        trail,
        ["oidc_role_arn: refused: AuthenticationFail.OIDCToken.Invalid (HTTP 400)"]
    );
    // The source before it would succeed by now; the instance's role is kept.
    simulation.put_file("/token", OIDC_TOKEN);
    let later = simulation.start(50 * MINUTE, WhoAmI::new());
    simulation.run();
    let found = later.take().unwrap().unwrap();
    assert_eq!(
        (found.source.as_str(), simulation.world.issued_credentials()),
        ("ecs_ram_role", 2)
    );
    assert_eq!(found.skipped.len(), 1);
}

#[test]
fn a_chain_ends_at_the_first_source_that_fails() {
    let mut simulation = with(Chain::new(vec![oidc(), ecs(), uri()]).into());
    simulation.put_file("/token", "wrong");
    let failed = simulation.call(WhoAmI::new()).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "no credentials: oidc_role_arn: refused: AuthenticationFail.OIDCToken.Invalid (HTTP 400)"
    );
    assert_eq!(simulation.world.issued_credentials(), 0);
    // Nothing was kept: the repaired source is used.
    simulation.put_file("/token", OIDC_TOKEN);
    let later = simulation.start(MINUTE, WhoAmI::new());
    simulation.run();
    assert_eq!(later.take().unwrap().unwrap().source, "oidc_role_arn");
}

#[test]
fn a_chain_that_fails_is_tried_again_from_its_beginning() {
    let mut simulation = with(
        Chain::new(vec![oidc(), uri()])
            .continue_after_failure()
            .into(),
    );
    simulation.put_file("/token", "");
    simulation.world.inject_at_credential_service(
        CredentialService::Uri,
        Fault::Garbage,
        Times::Once,
    );
    let failed = simulation.call(WhoAmI::new()).unwrap_err();
    assert_eq!(
        failed.to_string(),
        "no credentials: credentials_uri: the response is HTML, not JSON; \
         not used before it: oidc_role_arn: the token in /token is not valid"
    );
    simulation.put_file("/token", OIDC_TOKEN);
    let later = simulation.start(MINUTE, WhoAmI::new());
    simulation.run();
    assert_eq!(later.take().unwrap().unwrap().source, "oidc_role_arn");
}

#[test]
fn metadata_version_1_is_used_only_if_version_2_never_responded() {
    let mut simulation = with(ecs());
    simulation.world.set_metadata_versions(true, false);
    assert!(call_at(&mut simulation, Duration::ZERO));

    let mut simulation = with(ecs());
    assert!(call_at(&mut simulation, Duration::ZERO));
    simulation.world.set_metadata_versions(true, false);
    assert!(!call_at(&mut simulation, 7 * HOUR));

    let mut strict = EcsRole::new(None, &settings()).unwrap();
    strict.allows_v1 = false;
    let mut simulation = with(Source::EcsRole(strict));
    simulation.world.set_metadata_versions(true, false);
    let error = error_of(&mut simulation);
    assert_eq!(
        error,
        "no credentials: ecs_ram_role: refused: NotFound (HTTP 404)"
    );
}

fn chain(set: &'static [(&str, &str)]) -> Source {
    Source::default_chain(&Environment::read(|name| {
        let found = set.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| (*value).to_owned())
    }))
}

fn off_an_instance(source: Source) -> String {
    let mut simulation = with(source);
    let unreachable = Link::unimpaired().always(Impairment::BlackHole);
    simulation.credential_services_link(Duration::ZERO, unreachable);
    error_of(&mut simulation)
}

#[test]
fn the_error_of_the_default_chain_lists_every_source_in_the_vendor_s_order() {
    assert_eq!(
        off_an_instance(chain(&[("HOME", "/home/u")])),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
         oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
         cli_profile: /home/u/.aliyun/config.json: not found; \
         profile: /home/u/.alibabacloud/credentials: not found; \
         profile: /home/u/.alibabacloud/credentials.ini: not found; \
         ecs_ram_role: cannot connect: no connection in time; \
         credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
    );
    let turned_off = chain(&[
        ("HOME", "/home/u"),
        ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "True"),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ]);
    assert_eq!(
        off_an_instance(turned_off),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
         oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
         cli_profile: disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED; \
         profile: /home/u/.alibabacloud/credentials: not found; \
         profile: /home/u/.alibabacloud/credentials.ini: not found; \
         ecs_ram_role: disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED; \
         credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
    );
}

#[test]
fn an_invalid_access_key_in_the_environment_ends_the_default_chain() {
    let mistyped = chain(&[
        ("HOME", "/home/u"),
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI s3cret"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret"),
    ]);
    // The role of the instance would be available.
    let error = error_of(&mut with(mistyped));
    let expected = "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not valid";
    assert_eq!(error, expected);
}
