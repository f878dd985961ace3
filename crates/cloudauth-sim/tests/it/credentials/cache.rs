//! The cache of credentials: refreshes, expiry and waiting calls.

use core::time::Duration;

use cloudauth_proto::credentials::External;
use cloudauth_proto::driver::SupplyError;
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Error, Source};
use cloudauth_sim::simulation::{EventKind, Impairment, Link};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CredentialService, Fault, Times};

use super::{
    CONFIG, HOUR, MINUTE, SECOND, assumed, call_at, config, describe, ecs, is_signed, profile, uri,
    with,
};

#[test]
fn credentials_of_an_external_program_are_cached_and_refreshed() {
    let mut simulation = with(Source::External(External::new("/bin/x").unwrap()));
    simulation.world.add_sts_key("STS.x", "s", "t");
    let printed = |expires: &str| {
        let text = format!(
            r#"{{"mode":"StsToken","access_key_id":"STS.x","access_key_secret":"s",
            "sts_token":"t","expiration":"{expires}"}}"#
        );
        Ok(text.into_bytes())
    };
    simulation.program(2 * SECOND, printed("2027-01-15T09:00:00Z"));
    let calls: Vec<_> = (0..1_000)
        .map(|_| simulation.start(Duration::ZERO, describe()))
        .collect();
    simulation.run();
    assert!(calls.into_iter().all(|it| is_signed(it.take())));
    assert_eq!(simulation.max_concurrent_refreshes(), 1);
    let refreshes = simulation.records().map(|it| it.refreshes).sum::<usize>();
    assert_eq!(refreshes, 1);

    // The program hangs when the credentials are about to expire: no call fails or waits long.
    simulation.program(HOUR, Err(SupplyError::Failed));
    let near = simulation.start(59 * MINUTE, describe());
    simulation.run();
    assert!(is_signed(near.take()));
    // 7.5 s are a quarter of the total timeout.
    assert!(simulation.record(&near).duration().unwrap() < 8 * SECOND);
    let after = simulation.start(HOUR + MINUTE, describe());
    simulation.run();
    let error = after.take().unwrap().unwrap_err().to_string();
    assert_eq!(error, "no credentials: external: program: timed out");
    assert_eq!(simulation.record(&after).duration(), Some(30 * SECOND));
}

#[test]
fn a_dropped_refresh_is_taken_over_by_a_waiting_call() {
    let mut simulation = with(assumed());
    let slow = Link::unimpaired().round_trip(3 * SECOND, 3 * SECOND);
    simulation.credential_services_link(Duration::ZERO, slow);
    let first = simulation.start(Duration::ZERO, describe());
    let others: Vec<_> = (1..50)
        .map(|n| simulation.start(Duration::from_millis(n), describe()))
        .collect();
    simulation.drop_at(SECOND, &first);
    simulation.run();
    assert!(simulation.violations().is_empty());
    for other in others {
        assert!(is_signed(other.take()));
        // The refresh was reserved for the longest possible exchange, 20 s, and one second.
        assert!(simulation.record(&other).duration().unwrap() < 26 * SECOND);
    }
    let refreshes = simulation.records().map(|it| it.refreshes).sum::<usize>();
    assert_eq!((refreshes, simulation.max_concurrent_refreshes()), (2, 1));
}

#[test]
fn a_call_waits_for_credentials_until_its_deadline_only() {
    let mut simulation = with(assumed());
    let slow = Link::unimpaired().round_trip(9 * SECOND, 9 * SECOND);
    simulation.credential_services_link(Duration::ZERO, slow);
    let patient = simulation.start(Duration::ZERO, describe());
    let options = CallOptions::new().total_timeout(2 * SECOND);
    let hasty = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let hasty = simulation.start(SECOND, hasty);
    simulation.run();
    let error = hasty.take().unwrap().unwrap_err();
    assert_eq!(
        error.to_string(),
        "no credentials before the deadline of the call"
    );
    assert_eq!(simulation.record(&hasty).duration(), Some(2 * SECOND));
    assert!(is_signed(patient.take()));
}

#[test]
fn a_call_with_a_short_deadline_does_not_fail_the_others() {
    let mut simulation = with(assumed());
    let slow = Link::unimpaired().round_trip(3 * SECOND, 3 * SECOND);
    simulation.credential_services_link(Duration::ZERO, slow);
    let options = CallOptions::new().total_timeout(SECOND);
    let hasty = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    let hasty = simulation.start(Duration::ZERO, hasty);
    let patient = simulation.start(SECOND / 2, describe());
    simulation.run();
    assert!(hasty.take().unwrap().is_err());
    assert!(is_signed(patient.take()));
    assert!(simulation.record(&patient).duration().unwrap() < 5 * SECOND);
}

#[test]
fn a_failed_refresh_is_cached_with_backoff() {
    let mut simulation = with(assumed());
    simulation.world.inject_at_credential_service(
        CredentialService::Sts,
        Fault::Status(403),
        Times::Always,
    );
    let calls: Vec<_> = (0..200)
        .map(|n| simulation.start(SECOND / 10 * n, describe()))
        .collect();
    simulation.run_until(20 * SECOND);
    for call in calls {
        let error = call.take().unwrap().unwrap_err().to_string();
        let expected = "no credentials: ram_role_arn/static_ak: refused: Forbidden.RAM (HTTP 403)";
        assert_eq!(error, expected);
    }
    // Backoffs of about 1, 2, 4 and 8 s.
    let requests = simulation.world.request_count(CredentialService::Sts);
    assert!((4..=7).contains(&requests), "{requests}");
    simulation
        .world
        .clear_credential_service_faults(CredentialService::Sts);
    assert!(call_at(&mut simulation, 31 * SECOND));
}

#[test]
fn credentials_that_the_service_refuses_are_replaced_once() {
    let mut simulation = with(assumed());
    assert!(call_at(&mut simulation, Duration::ZERO));
    simulation.world.revoke_issued_credentials();
    let call = simulation.start(MINUTE, describe());
    simulation.run_until(MINUTE + 2 * SECOND);
    assert!(is_signed(call.take()));
    assert_eq!(simulation.record(&call).requests, 2);
    assert_eq!(simulation.world.issued_credentials(), 2);

    // Credentials that are refused right after they were issued are not replaced at once.
    simulation.world.revoke_issued_credentials();
    let soon = simulation.start(MINUTE + 5 * SECOND, describe());
    simulation.run();
    let error = soon.take().unwrap().unwrap_err();
    assert!(
        matches!(&error, Error::Service(fault)
        if fault.code.as_deref() == Some("InvalidSecurityToken.Expired")),
        "{error}"
    );
    assert_eq!(simulation.record(&soon).requests, 1);

    // Fixed credentials cannot be replaced.
    let fixed = Credentials::temporary(ACCESS_KEY_ID, ACCESS_KEY_SECRET, "wrong").unwrap();
    let mut simulation = with(fixed.into());
    let call = simulation.start(Duration::ZERO, describe());
    simulation.run();
    assert!(matches!(call.take().unwrap(), Err(Error::Service(_))));
    assert_eq!(simulation.record(&call).requests, 1);
}

#[test]
fn a_metadata_token_is_used_until_it_expires() {
    let mut simulation = with(ecs());
    for hours in 0..6 {
        assert!(call_at(&mut simulation, HOUR * hours));
    }
    // One request for the token, and for each of six refreshes one for the role and one for the credentials.
    assert_eq!(
        simulation.world.request_count(CredentialService::Metadata),
        1 + 6 * 2
    );
    simulation.world.invalidate_metadata_tokens();
    assert!(call_at(&mut simulation, HOUR * 5 + 50 * MINUTE));
    // One refused request, one for another token, two for role and credentials.
    assert_eq!(
        simulation.world.request_count(CredentialService::Metadata),
        13 + 1 + 1 + 2
    );
}

#[test]
fn a_stored_browser_login_is_used_while_it_is_valid() {
    let mut simulation = with(profile());
    simulation.world.add_sts_key("STS.stored", "s", "t");
    simulation.put_file(
        CONFIG,
        config(
            r#""mode":"OAuth","access_key_id":"STS.stored","access_key_secret":"s",
            "sts_token":"t","sts_expiration":1800003600"#,
        ),
    );
    assert!(call_at(&mut simulation, Duration::ZERO));
    assert!(call_at(&mut simulation, 59 * MINUTE));
    assert!(!call_at(&mut simulation, HOUR + 2 * MINUTE));
    assert_eq!(simulation.world.request_count(CredentialService::OAuth), 0);
}

#[test]
fn credentials_are_fetched_before_the_first_call_only() {
    let mut simulation = with(assumed());
    assert!(call_at(&mut simulation, Duration::ZERO));
    assert!(call_at(&mut simulation, MINUTE));
    let events = simulation.trace().events().iter();
    let kinds: Vec<_> = events
        .filter_map(|event| match event.kind {
            EventKind::RefreshStarted => Some("authenticates"),
            EventKind::CredentialRequestSent { .. } => Some("asks"),
            EventKind::RefreshEnded { .. } => Some("has"),
            EventKind::RequestSent { .. } => Some("sends"),
            EventKind::Started
            | EventKind::CarriedOut { .. }
            | EventKind::ExchangeEnded { .. }
            | EventKind::ExchangeAbandoned { .. }
            | EventKind::Ended(_)
            | EventKind::Dropped
            | _ => None,
        })
        .collect();
    assert_eq!(kinds, ["authenticates", "asks", "has", "sends", "sends"]);
}

#[test]
fn credentials_expire_by_the_issuer_s_clock_however_long_the_response_took() {
    let mut simulation = with(uri());
    simulation.world.set_credential_lifetime(60);
    let slow = Link::unimpaired().round_trip(9 * SECOND, 9 * SECOND);
    simulation.credential_services_link(Duration::ZERO, slow);
    let first = simulation.start(Duration::ZERO, describe());
    simulation.run_until(20 * SECOND);
    assert!(is_signed(first.take()));
    let gone = Link::unimpaired().always(Impairment::Lost);
    simulation.credential_services_link(20 * SECOND, gone);
    // They were issued after 4.5 s and received after 9 s.
    let sooner = simulation.start(61 * SECOND, describe());
    let late = simulation.start(65 * SECOND, describe());
    simulation.run();
    let error = late.take().unwrap().unwrap_err();
    assert!(matches!(error, Error::Credentials(_)), "{error}");
    for call in [sooner, late] {
        assert_eq!(simulation.record(&call).requests, 0);
    }
}
