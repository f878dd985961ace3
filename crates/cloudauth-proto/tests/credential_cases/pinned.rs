//! Once a source was found, nothing is absent.

use cloudauth_proto::driver::{Head, Response};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Flow, Session, Step};

use crate::host::{Host, now};
use crate::{BEHIND_CLI, Stops, Uses, check, host};

const PATH: &str = "~/.aliyun/config.json";

fn config(current: &str, id: &str) -> String {
    format!(
        r#"{{"current":"{current}","profiles":[{{"name":"a","mode":"AK","access_key_id":"{id}",
        "access_key_secret":"s3cret"}},{{"name":"b","mode":"AK","access_key_id":"LTAIb",
        "access_key_secret":"s3cret"}}]}}"#
    )
}

fn call() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha0"), CallOptions::new()).unwrap()
}

/// Starts a call, whose request is refused with this body.
fn refuse(session: &mut Session, seconds: u64, body: &str) -> Call<DescribeFaceVerify> {
    let mut call = call();
    let Step::Send(exchange) = call.poll(session, now(seconds)) else {
        panic!("nothing is sent");
    };
    let response = Response::new(Head::new(403, Vec::new()), body.as_bytes().to_vec());
    call.report(session, exchange.id(), Ok(response), now(seconds));
    call
}

fn found(host: &Host, session: &mut Session, seconds: u64) -> Result<String, String> {
    let resolved = host.resolve_in(session, now(seconds));
    let id = resolved
        .result
        .map(|it| it.credentials.access_key_id().unwrap().to_owned());
    id.inspect_err(|error| assert!(error.starts_with("no credentials: cli_profile"), "{error}"))
}

const INACTIVE: &str = r#"{"Code":"InvalidAccessKeyId.Inactive","Message":"m"}"#;

/// F10.
#[test]
fn a_rotated_key_in_a_file_is_read_after_the_old_one_was_refused_however_young_that_is() {
    for (seconds, body) in [
        (0, INACTIVE),
        (3, r#"{"Code":"InvalidAccessKeyId.NotFound","Message":"m"}"#),
        (
            60,
            r#"{"Code":"InvalidParameter","Message":"Specified parameter SecurityToken.Expired is not valid."}"#,
        ),
    ] {
        let mut host = host(&[]);
        host.file(PATH, config("a", "LTAIold"));
        let mut session = host.session();
        assert_eq!(found(&host, &mut session, 0).as_deref(), Ok("LTAIold"));
        host.file(PATH, config("a", "LTAInew"));
        let mut call = refuse(&mut session, seconds, body);
        assert!(matches!(
            call.poll(&mut session, now(seconds)),
            Step::Authenticate(_)
        ));
        let _ = call;
        // The ticket was dropped: it is released when it is overdue.
        assert_eq!(
            found(&host, &mut session, seconds + 6).as_deref(),
            Ok("LTAInew")
        );
    }
}

#[test]
fn a_key_that_is_refused_and_did_not_change_is_read_once_and_not_sent_again_and_again() {
    let mut host = host(&[]);
    host.file(PATH, config("a", "LTAIold"));
    let mut session = host.session();
    assert_eq!(found(&host, &mut session, 0).as_deref(), Ok("LTAIold"));
    let mut sent = 0;
    let mut refreshes = 0;
    for _ in 0..100 {
        let mut call = call();
        loop {
            match call.poll(&mut session, now(1)) {
                Step::Send(exchange) => {
                    sent += 1;
                    let body = INACTIVE.as_bytes().to_vec();
                    let response = Response::new(Head::new(403, Vec::new()), body);
                    call.report(&mut session, exchange.id(), Ok(response), now(1));
                }
                Step::Authenticate(ticket) => {
                    refreshes += 1;
                    session.release_refresh(ticket.id());
                    assert_eq!(found(&host, &mut session, 1).as_deref(), Ok("LTAIold"));
                }
                Step::Done(result) => {
                    let error = result.unwrap_err().to_string();
                    assert!(error.contains("InvalidAccessKeyId.Inactive"), "{error}");
                    break;
                }
                step => panic!("{step:?}"),
            }
        }
    }
    assert_eq!((refreshes, sent), (1, 100));
}

#[test]
fn a_file_that_vanished_is_a_failed_refresh_and_no_reason_to_go_on() {
    let gone = [
        None,
        Some(""),
        Some("{}"),
        Some(r#"{"current":"b","profiles":[{"name":"b"}]}"#),
    ];
    for contents in gone {
        let mut host = host(&[]);
        host.file(PATH, config("a", "LTAIold"));
        host.file("~/.alibabacloud/credentials", BEHIND_CLI);
        let mut session = host.session();
        assert_eq!(found(&host, &mut session, 0).as_deref(), Ok("LTAIold"));
        let mut other = crate::host(&[]);
        other.file("~/.alibabacloud/credentials", BEHIND_CLI);
        if let Some(contents) = contents {
            other.file(PATH, contents);
        }
        let mut call = refuse(&mut session, 20, INACTIVE);
        let Step::Authenticate(ticket) = call.poll(&mut session, now(20)) else {
            panic!("the key is not replaced");
        };
        session.release_refresh(ticket.id());
        let error = found(&other, &mut session, 20).unwrap_err();
        assert!(!error.contains("not used before"), "{error}");
        // It is there again, though another profile is the current one by now.
        host.file(PATH, config("b", "LTAIagain"));
        assert_eq!(found(&host, &mut session, 40).as_deref(), Ok("LTAIagain"));
    }
}

#[test]
fn a_role_of_an_instance_is_kept_when_its_metadata_service_is_gone() {
    let mut host = host(&[("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false")]);
    host.var("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:81/uri");
    let mut session = host.session();
    let first = host.resolve_in(&mut session, now(0));
    assert!(first.result.is_ok());
    let mut call = refuse(
        &mut session,
        20,
        r#"{"Code":"InvalidSecurityToken.Expired","Message":"m"}"#,
    );
    let Step::Authenticate(ticket) = call.poll(&mut session, now(20)) else {
        panic!("the key is not replaced");
    };
    session.release_refresh(ticket.id());
    host.unreachable = Some("100.100");
    let again = host.resolve_in(&mut session, now(20));
    let expected = Stops(&["no credentials: ecs_ram_role: cannot connect: Connection refused"]);
    check(
        "pinned",
        &again,
        expected,
        &["GET 100.100.100.200/latest/meta-data/ram/security-credentials/ tok"],
    );
    let fresh = host.resolve();
    check(
        "fresh",
        &fresh,
        Uses("STS.URI", "credentials_uri"),
        &[
            "PUT 100.100.100.200/latest/api/token",
            "GET 127.0.0.1:81/uri",
        ],
    );
}
