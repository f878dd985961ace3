//! The contract of a call, step by step, with constructed responses.

#![expect(clippy::unwrap_used, reason = "a test")]

use core::iter;
use core::time::Duration;

use cloudauth_proto::driver::{
    Delivery, Exchange, ExchangeId, Failure, Head, MonoTime, Now, Response,
};
use cloudauth_proto::error::DecodeErrorKind;
use cloudauth_proto::operation::{InvalidField, OperationMetadata, ParamLocation, Params};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    AttemptOutcome, Call, CallOptions, Credentials, Effect, Endpoint, Error, Flow, Operation,
    Policy, Session, Step, UnixTime,
};

const OPENED: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","CertifyUrl":"u"}}"#;
const DONE: &str = r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T"}}"#;

/// A session with at most two attempts per call.
fn session() -> Session {
    let mut policy = Policy::default();
    policy.max_attempts = 2;
    let credentials = Credentials::access_key("testid", "testsecret").unwrap();
    Session::new(credentials, [1; 32]).policy(policy)
}

fn at(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(1_800_000_000 + millis / 1_000),
    }
}

fn describe() -> Call<DescribeFaceVerify> {
    Call::new(
        &DescribeFaceVerify::new(1_000_000_006, "sha1"),
        CallOptions::new(),
    )
    .unwrap()
}

fn init() -> Call<InitFaceVerify> {
    Call::new(
        &InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
            .user_id("7")
            .meta_info("{}"),
        CallOptions::new(),
    )
    .unwrap()
}

/// An operation that is billed per call.
struct Pay;

impl Operation for Pay {
    type Response = serde_json::Value;

    fn metadata(&self) -> OperationMetadata {
        OperationMetadata::new("Pay".into(), Effect::NotIdempotent)
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        params.push("Amount", "1", ParamLocation::Query);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the argument of `report`")]
fn response(status: u16, body: &str) -> Result<Response, Failure> {
    Ok(Response::new(Head::new(status, Vec::new()), body.into()))
}

fn lost() -> Result<Response, Failure> {
    Err(Failure::new(Delivery::MaybeSent, "reset"))
}

fn unsent() -> Result<Response, Failure> {
    Err(Failure::new(Delivery::NotSent, "refused"))
}

fn send<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Exchange {
    match flow.poll(session, now) {
        Step::Send(exchange) => exchange,
        Step::Abandon(id) => panic!("abandons {id:?}"),
        Step::Wait(until) => panic!("waits until {until:?}"),
        Step::Authenticate(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {
            panic!("has credentials")
        }
        Step::Done(Ok(_)) => panic!("is done"),
        Step::Done(Err(error)) => panic!("fails: {error}"),
    }
}

fn done<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Result<F::Output, Error> {
    match flow.poll(session, now) {
        Step::Done(result) => result,
        Step::Send(exchange) => panic!("sends {exchange:?}"),
        Step::Abandon(id) => panic!("abandons {id:?}"),
        Step::Wait(until) => panic!("waits until {until:?}"),
        Step::Authenticate(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => {
            panic!("has credentials")
        }
    }
}

fn failed<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Error {
    match done(flow, session, now) {
        Err(error) => error,
        Ok(_) => panic!("succeeds"),
    }
}

/// Runs a flow whose exchanges end like this. Returns the hosts of the requests and the result.
fn drive<F: Flow>(
    flow: &mut F,
    session: &mut Session,
    results: Vec<Result<Response, Failure>>,
) -> (Vec<String>, Result<F::Output, Error>) {
    let mut hosts = Vec::new();
    for result in results {
        let exchange = send(flow, session, at(0));
        hosts.push(exchange.sign().authority.to_string());
        flow.report(session, exchange.id(), result, at(0));
    }
    (hosts, done(flow, session, at(0)))
}

const BOTH: [&str; 2] = [
    "cloudauth.cn-shanghai.aliyuncs.com",
    "cloudauth.cn-beijing.aliyuncs.com",
];

#[test]
fn a_response_ends_the_call() {
    let (hosts, result) = drive(&mut describe(), &mut session(), vec![response(200, DONE)]);
    let reply = result.unwrap();
    assert_eq!(hosts, BOTH[..1]);
    assert!(reply.value.has_passed());
    assert_eq!(reply.endpoint, Endpoint::SHANGHAI);
    assert_eq!(reply.request_id.as_deref(), Some("R"));
    assert_eq!(reply.raw, DONE.as_bytes());
    assert_eq!(reply.attempts.len(), 1);
}

#[test]
fn failures_of_a_region_lead_to_the_next_one() {
    let cases = || {
        [
            unsent(),
            lost(),
            response(500, r#"{"Code":"InternalError"}"#),
            response(503, "<html>"),
            response(599, ""),
            response(200, r#"{"Code":"500"}"#),
            response(200, r#"{"Code":500}"#),
        ]
    };
    for first in cases() {
        let results = vec![first, response(200, DONE)];
        let (hosts, result) = drive(&mut describe(), &mut session(), results);
        assert_eq!(hosts, BOTH);
        assert_eq!(result.unwrap().endpoint, Endpoint::BEIJING);
    }
    for first in cases() {
        let opened = r#"{"ResultObject":{"CertifyId":"sha1"}}"#;
        let results = vec![first, response(200, opened)];
        let (hosts, result) = drive(&mut init(), &mut session(), results);
        assert_eq!(hosts, BOTH);
        assert_eq!(result.unwrap().value.certify_id.as_str(), "sha1");
    }
}

#[test]
fn refusals_of_a_region_are_final() {
    for (status, body, code) in [
        (
            400,
            r#"{"Code":"MissingParameter"}"#,
            Some("MissingParameter"),
        ),
        (403, r#"{"Code":"Forbidden.RAM"}"#, Some("Forbidden.RAM")),
        (
            404,
            r#"{"code":"InvalidApi.NotFound"}"#,
            Some("InvalidApi.NotFound"),
        ),
        (200, r#"{"Code":"401"}"#, Some("401")),
        (200, r#"{"Code":"424","Message":"m"}"#, Some("424")),
    ] {
        let (hosts, result) = drive(
            &mut describe(),
            &mut session(),
            vec![response(status, body)],
        );
        assert_eq!(hosts, BOTH[..1], "{status} {body}");
        let Err(Error::Service(fault)) = result else {
            panic!("{status} {body}");
        };
        assert_eq!((fault.status, fault.code.as_deref()), (status, code));
        assert_eq!(fault.attempts.len(), 1);
    }
}

#[test]
fn billed_operations_are_not_retried_if_they_may_have_been_carried_out() {
    for response in [
        lost(),
        response(503, ""),
        response(200, r#"{"Code":"500"}"#),
        Err(Failure::after_head(Head::new(200, Vec::new()), "cut off")),
    ] {
        let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
        let (hosts, result) = drive(&mut call, &mut session(), vec![response]);
        assert_eq!(hosts, BOTH[..1]);
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Uncertain(_)), "{error}");
        assert!(error.to_string().ends_with("it may have been carried out"));
    }
}

/// Responses that the service did not write, under Shanghai's name.
fn foreign() -> [Result<Response, Failure>; 8] {
    [
        response(200, "<html>please log in"),
        response(200, ""),
        response(200, "[]"),
        response(200, r#"{"Code":"200"}"#),
        response(
            200,
            r#"{"Code":"200","ResultObject":{"Passed":null,"CertifyId":""}}"#,
        ),
        response(302, ""),
        response(403, "<html>blocked"),
        response(400, r#"{"Code":"ServiceUnavailable"}"#),
    ]
}

#[test]
fn a_response_that_is_not_the_services_sends_a_call_to_the_other_region() {
    for foreign in foreign() {
        let shown = format!("{foreign:?}");
        let (hosts, result) = drive(
            &mut init(),
            &mut session(),
            vec![foreign, response(200, OPENED)],
        );
        assert_eq!(hosts, BOTH, "{shown}");
        assert_eq!(result.unwrap().endpoint, Endpoint::BEIJING);
    }
    for foreign in foreign() {
        let (hosts, result) = drive(
            &mut describe(),
            &mut session(),
            vec![foreign, response(200, DONE)],
        );
        assert_eq!(hosts, BOTH);
        assert!(result.unwrap().value.has_passed());
    }
}

#[test]
fn a_billed_operation_without_a_response_of_the_service_is_uncertain() {
    // It has no field that it is for.
    let lack_a_field = [3, 4];
    let foreign = foreign().into_iter().enumerate();
    for (_, foreign) in foreign.filter(|(n, _)| !lack_a_field.contains(n)) {
        let shown = format!("{foreign:?}");
        let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
        let (hosts, result) = drive(&mut call, &mut session(), vec![foreign]);
        assert_eq!(hosts, BOTH[..1]);
        assert!(matches!(result, Err(Error::Uncertain(_))), "{shown}");
    }
}

#[test]
fn a_failure_of_the_client_is_final_and_no_region_is_blamed() {
    let local = || Err(Failure::new(Delivery::LocalFailure, "the URL is too long"));
    let mut session = session();
    for _ in 0..20 {
        let (hosts, result) = drive(&mut describe(), &mut session, vec![local()]);
        assert_eq!(hosts, BOTH[..1]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("the URL is too long"), "{error}");
        let proxy = vec![response(407, "")];
        let (hosts, result) = drive(&mut init(), &mut session, proxy);
        assert_eq!(hosts, BOTH[..1]);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("407"), "{error}");
    }
}

#[test]
fn an_endpoint_whose_certificate_is_refused_is_not_used_again_in_a_call() {
    let refused = || Err(Failure::new(Delivery::CertificateRefused, "expired"));
    let mut session = session();
    for _ in 0..5 {
        let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
        let (hosts, result) = drive(&mut call, &mut session, vec![refused(), refused()]);
        assert_eq!(hosts, BOTH);
        assert!(matches!(result, Err(Error::Exhausted(_))));
    }
    let (hosts, _) = drive(
        &mut describe(),
        &mut session,
        vec![refused(), response(200, DONE)],
    );
    assert_eq!(hosts.len(), 2);
}

#[test]
fn billed_operations_are_retried_elsewhere_if_they_were_not_sent() {
    let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
    let results = vec![unsent(), unsent()];
    let (hosts, result) = drive(&mut call, &mut session(), results);
    assert_eq!(hosts, BOTH);
    assert!(matches!(result, Err(Error::Exhausted(_))));
}

#[test]
fn the_error_of_a_failed_call_lists_the_outcome_of_each_attempt() {
    let id = |id: &str| vec![("x-acs-request-id".to_owned(), id.to_owned())];
    let results = vec![
        Ok(Response::new(Head::new(503, id("R1")), Vec::new())),
        Err(Failure::after_head(Head::new(200, id("R2")), "cut off")),
    ];
    let (_, result) = drive(&mut init(), &mut session(), results);
    let Err(error) = result else {
        panic!("succeeds");
    };
    assert_eq!(
        error.to_string(),
        "InitFaceVerify had no usable response: \
         https://cloudauth.cn-shanghai.aliyuncs.com: HTTP 503 (request ID R1); \
         https://cloudauth.cn-beijing.aliyuncs.com: HTTP 200, but no complete response: cut off \
         (request ID R2); it may have been carried out: check with DescribeVerifySearchPageList"
    );
    assert_eq!(error.request_id(), Some("R2"));
    // The causes are in the message.
    assert!(core::error::Error::source(&error).is_none());
}

#[test]
fn the_error_of_an_unreadable_response_has_status_and_request_id_but_not_the_body() {
    let limit = 64;
    let mut policy = Policy::default();
    policy.response_limit = limit;
    for (body, reason) in [
        (Vec::new(), DecodeErrorKind::Empty),
        ("<html>zhang san".into(), DecodeErrorKind::Html),
        (
            "<!DOCTYPE HTML>\n<p>zhang san".into(),
            DecodeErrorKind::Html,
        ),
        ("<?xml?><zhang/>".into(), DecodeErrorKind::Xml),
        (b"\x1f\x8b\x08zhang".into(), DecodeErrorKind::Gzip),
        (r#"{"Code":"200","Resu"#.into(), DecodeErrorKind::Cut),
        (r#"{"Code":"200""#.into(), DecodeErrorKind::Cut),
        ("zhang san".into(), DecodeErrorKind::NotJson),
        (r#"{"Code" "zhang san"}"#.into(), DecodeErrorKind::NotJson),
        (vec![b'x'; limit + 1], DecodeErrorKind::TooLarge { limit }),
    ] {
        let headers = vec![("x-acs-request-id".into(), "R9".into())];
        let response = || Ok(Response::new(Head::new(200, headers.clone()), body.clone()));
        let mut session = session().policy(policy);
        // A response of the service itself may be too large, and it would be everywhere.
        let is_final = matches!(reason, DecodeErrorKind::TooLarge { .. });
        let attempts = if is_final { 1 } else { 2 };
        let responses = iter::repeat_with(response).take(attempts).collect();
        let (hosts, result) = drive(&mut describe(), &mut session, responses);
        assert_eq!(hosts, BOTH[..attempts]);
        let error = result.unwrap_err();
        let Error::Decode(decode) = &error else {
            panic!("{error}");
        };
        assert_eq!((decode.status, &decode.kind), (200, &reason));
        assert_eq!(error.request_id(), Some("R9"));
        let text = format!("{error} {error:?}");
        assert!(text.contains("R9") && !text.contains("zhang"), "{text}");
    }
    let response = || response(200, r#"{"Code":"200","ResultObject":{"CertifyUrl":"u"}}"#);
    let (_, result) = drive(&mut init(), &mut session(), vec![response(), response()]);
    let text = result.unwrap_err().to_string();
    assert!(text.contains("missing field `CertifyId`"), "{text}");
}

#[test]
fn polling_twice_never_sends_twice() {
    let (mut call, mut session) = (describe(), session());
    let _ = send(&mut call, &mut session, at(0));
    for millis in [0, 1, 19_999] {
        let Step::Wait(until) = call.poll(&mut session, at(millis)) else {
            panic!("does not wait");
        };
        assert_eq!(until, at(20_000).mono);
    }
}

#[test]
fn an_overdue_exchange_is_abandoned_for_the_next_region() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(0));
    assert_eq!(first.timeouts().connect, Duration::from_secs(10));
    assert_eq!(first.timeouts().read, Duration::from_secs(10));
    let Step::Abandon(id) = call.poll(&mut session, at(20_000)) else {
        panic!("does not abandon");
    };
    assert_eq!(id, first.id());
    let second = send(&mut call, &mut session, at(20_000));
    assert_eq!(second.timeouts().total, Duration::from_secs(10));

    // A late report of the first exchange is ignored.
    call.report(&mut session, first.id(), response(200, DONE), at(20_001));
    assert!(matches!(call.poll(&mut session, at(20_001)), Step::Wait(_)));
    let Step::Abandon(_) = call.poll(&mut session, at(30_000)) else {
        panic!("does not abandon");
    };
    let error = failed(&mut call, &mut session, at(30_000));
    let outcomes: Vec<_> = error.attempts().iter().map(|a| &a.outcome).collect();
    assert!(matches!(
        outcomes[..],
        [AttemptOutcome::TimedOut, AttemptOutcome::TimedOut]
    ));
}

#[test]
fn no_attempt_begins_after_the_total_time() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, first.id(), lost(), at(30_000));
    let error = failed(&mut call, &mut session, at(30_000));
    assert_eq!(error.attempts().len(), 1);
}

#[test]
fn a_clock_that_goes_backwards_is_treated_as_standing_still() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(5_000));
    call.report(&mut session, first.id(), unsent(), at(0));
    let second = send(&mut call, &mut session, at(1_000));
    call.report(&mut session, second.id(), response(200, DONE), at(2_000));
    let reply = done(&mut call, &mut session, at(0)).unwrap();
    for attempt in &reply.attempts {
        assert_eq!(
            (attempt.started, attempt.ended),
            (at(5_000).mono, at(5_000).mono)
        );
    }
}

#[test]
fn reports_of_unknown_exchanges_are_ignored() {
    let (mut call, mut session, mut other) = (describe(), session(), describe());
    let foreign: ExchangeId = {
        let first = send(&mut other, &mut session, at(0));
        other.report(&mut session, first.id(), lost(), at(0));
        send(&mut other, &mut session, at(0)).id()
    };
    call.report(&mut session, foreign, response(200, DONE), at(0));
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, foreign, response(200, DONE), at(0));
    assert!(matches!(call.poll(&mut session, at(0)), Step::Wait(_)));
    call.report(&mut session, first.id(), response(200, DONE), at(0));
    call.report(&mut session, first.id(), lost(), at(0));
    assert!(done(&mut call, &mut session, at(0)).is_ok());
}

#[test]
fn a_finished_call_fails_when_polled_again() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, first.id(), response(200, DONE), at(0));
    assert!(done(&mut call, &mut session, at(0)).is_ok());
    for _ in 0..2 {
        assert!(matches!(
            failed(&mut call, &mut session, at(0)),
            Error::Finished
        ));
    }
}

#[test]
fn every_attempt_has_its_own_nonce_time_and_host() {
    let (mut call, mut session) = (describe(), session());
    let value = |exchange: &Exchange, name: &str| {
        let request = exchange.sign();
        let found = request.headers.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, first.id(), lost(), at(3_000));
    let second = send(&mut call, &mut session, at(3_000));
    for name in [
        "host",
        "x-acs-date",
        "x-acs-signature-nonce",
        "authorization",
    ] {
        assert_ne!(value(&first, name), value(&second, name), "{name}");
    }
}

#[test]
fn the_same_seed_and_script_give_the_same_bytes() {
    let run = || {
        let (mut call, mut session) = (init(), session());
        let mut wire = Vec::new();
        let first = send(&mut call, &mut session, at(0));
        first.sign().write_http1(&mut wire);
        call.report(&mut session, first.id(), lost(), at(10));
        send(&mut call, &mut session, at(20))
            .sign()
            .write_http1(&mut wire);
        wire
    };
    assert_eq!(run(), run());
}
