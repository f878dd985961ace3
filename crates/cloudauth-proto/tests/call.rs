//! The contract of a call, step by step, with replies made by hand.

#![expect(clippy::unwrap_used, reason = "a test")]

use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Effect, Endpoint, Error, Exchange, ExchangeId, Failure, Flow,
    Head, MonoTime, Now, Operation, Outcome, Params, Place, Policy, Problem, Response, Sent,
    Session, Step, Terms, UnixTime, Unreadable,
};

const DONE: &str = r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T"}}"#;

/// Two attempts at most, so that a test says all that happens.
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
        &InitFaceVerify::new(1_000_000_006, "order1", "LR_FR"),
        CallOptions::new(),
    )
    .unwrap()
}

/// An operation that bills each time.
struct Pay;

impl Operation for Pay {
    type Response = serde_json::Value;

    fn terms(&self) -> Terms {
        Terms::new("Pay".into(), Effect::Once)
    }

    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        params.push("Amount", "1", Place::Query);
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a driver reports")]
fn reply(status: u16, body: &str) -> Result<Response, Failure> {
    Ok(Response::new(Head::new(status, Vec::new()), body.into()))
}

fn lost() -> Result<Response, Failure> {
    Err(Failure::new(Sent::Maybe, "reset"))
}

fn unsent() -> Result<Response, Failure> {
    Err(Failure::new(Sent::No, "refused"))
}

fn send<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Exchange {
    match flow.poll(session, now) {
        Step::Send(exchange) => exchange,
        Step::Abandon(id) => panic!("abandons {id:?}"),
        Step::Wait(until) => panic!("waits until {until:?}"),
        Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => panic!("has credentials"),
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
        Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => panic!("has credentials"),
    }
}

fn failed<F: Flow>(flow: &mut F, session: &mut Session, now: Now) -> Error {
    match done(flow, session, now) {
        Err(error) => error,
        Ok(_) => panic!("succeeds"),
    }
}

/// Answers every exchange with what `answers` gives, and collects who was asked.
fn drive<F: Flow>(
    flow: &mut F,
    session: &mut Session,
    answers: Vec<Result<Response, Failure>>,
) -> (Vec<String>, Result<F::Output, Error>) {
    let mut asked = Vec::new();
    for answer in answers {
        let exchange = send(flow, session, at(0));
        asked.push(exchange.sign().authority.into_owned());
        flow.report(session, exchange.id(), answer, at(0));
    }
    (asked, done(flow, session, at(0)))
}

const BOTH: [&str; 2] = [
    "cloudauth.cn-shanghai.aliyuncs.com",
    "cloudauth.cn-beijing.aliyuncs.com",
];

#[test]
fn an_answer_ends_the_call() {
    let (asked, reply) = drive(&mut describe(), &mut session(), vec![reply(200, DONE)]);
    let reply = reply.unwrap();
    assert_eq!(asked, BOTH[..1]);
    assert!(reply.value.has_passed());
    assert_eq!(reply.endpoint, Endpoint::SHANGHAI);
    assert_eq!(reply.request_id.as_deref(), Some("R"));
    assert_eq!(reply.raw, DONE.as_bytes());
    assert_eq!(reply.attempts.len(), 1);
}

#[test]
fn what_a_region_cannot_answer_the_next_one_is_asked() {
    let cases = || {
        [
            unsent(),
            lost(),
            reply(500, r#"{"Code":"InternalError"}"#),
            reply(503, "<html>"),
            reply(599, ""),
            reply(200, r#"{"Code":"500"}"#),
            reply(200, r#"{"Code":500}"#),
        ]
    };
    for first in cases() {
        let answers = vec![first, reply(200, DONE)];
        let (asked, reply) = drive(&mut describe(), &mut session(), answers);
        assert_eq!(asked, BOTH);
        assert_eq!(reply.unwrap().endpoint, Endpoint::BEIJING);
    }
    for first in cases() {
        let opened = r#"{"ResultObject":{"CertifyId":"sha1"}}"#;
        let answers = vec![first, reply(200, opened)];
        let (asked, reply) = drive(&mut init(), &mut session(), answers);
        assert_eq!(asked, BOTH);
        assert_eq!(reply.unwrap().value.certify_id.as_str(), "sha1");
    }
}

#[test]
fn what_a_region_refuses_no_other_is_asked() {
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
        (302, "", None),
        (200, r#"{"Code":"401"}"#, Some("401")),
        (200, r#"{"Code":"424","Message":"m"}"#, Some("424")),
    ] {
        let (asked, reply) = drive(&mut describe(), &mut session(), vec![reply(status, body)]);
        assert_eq!(asked, BOTH[..1], "{status} {body}");
        let Err(Error::Service(fault)) = reply else {
            panic!("{status} {body}");
        };
        assert_eq!((fault.status, fault.code.as_deref()), (status, code));
        assert_eq!(fault.attempts.len(), 1);
    }
}

#[test]
fn what_may_have_been_paid_is_not_sent_again() {
    for answer in [
        lost(),
        reply(503, ""),
        reply(200, r#"{"Code":"500"}"#),
        Err(Failure::after_head(Head::new(200, Vec::new()), "cut off")),
    ] {
        let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
        let (asked, reply) = drive(&mut call, &mut session(), vec![answer]);
        assert_eq!(asked, BOTH[..1]);
        let error = reply.unwrap_err();
        assert!(matches!(error, Error::Uncertain(_)), "{error}");
        assert!(error.to_string().ends_with("it may have been carried out"));
    }
}

#[test]
fn what_was_certainly_not_sent_is_sent_elsewhere_even_if_it_is_paid() {
    let mut call = Call::<Pay>::new(&Pay, CallOptions::new()).unwrap();
    let answers = vec![unsent(), unsent()];
    let (asked, reply) = drive(&mut call, &mut session(), answers);
    assert_eq!(asked, BOTH);
    assert!(matches!(reply, Err(Error::Exhausted(_))));
}

#[test]
fn when_all_fail_the_error_tells_what_each_attempt_met() {
    let id = |id: &str| vec![("x-acs-request-id".to_owned(), id.to_owned())];
    let answers = vec![
        Ok(Response::new(Head::new(503, id("R1")), Vec::new())),
        Err(Failure::after_head(Head::new(200, id("R2")), "cut off")),
    ];
    let (_, reply) = drive(&mut init(), &mut session(), answers);
    let Err(error) = reply else {
        panic!("succeeds");
    };
    assert_eq!(
        error.to_string(),
        "InitFaceVerify got no usable answer: \
         https://cloudauth.cn-shanghai.aliyuncs.com: HTTP 503 (request id R1); \
         https://cloudauth.cn-beijing.aliyuncs.com: HTTP 200, but no whole reply: cut off \
         (request id R2); it may have been carried out: ask DescribeVerifySearchPageList"
    );
    assert_eq!(error.request_id(), Some("R2"));
    assert_eq!(
        core::error::Error::source(&error).unwrap().to_string(),
        "cut off"
    );
}

#[test]
fn an_unreadable_answer_is_told_with_status_and_request_id_but_without_its_body() {
    let limit = 64;
    let mut policy = Policy::default();
    policy.reply_limit = limit;
    for (body, reason) in [
        (String::new(), Unreadable::Empty),
        ("<html>zhang san".into(), Unreadable::NotJson),
        (r#"{"Code":"200","Resu"#.into(), Unreadable::NotJson),
        ("x".repeat(limit + 1), Unreadable::TooLarge { limit }),
    ] {
        let headers = vec![("x-acs-request-id".into(), "R9".into())];
        let answer = Ok(Response::new(Head::new(200, headers), body.into()));
        let mut session = session().policy(policy);
        let (asked, reply) = drive(&mut describe(), &mut session, vec![answer]);
        assert_eq!(asked, BOTH[..1]);
        let error = reply.unwrap_err();
        let Error::Decode(decode) = &error else {
            panic!("{error}");
        };
        assert_eq!((decode.status, &decode.reason), (200, &reason));
        assert_eq!(error.request_id(), Some("R9"));
        let told = format!("{error} {error:?}");
        assert!(told.contains("R9") && !told.contains("zhang"), "{told}");
    }
    let answer = reply(200, r#"{"Code":"200","ResultObject":{"CertifyUrl":"u"}}"#);
    let (_, reply) = drive(&mut init(), &mut session(), vec![answer]);
    let told = reply.unwrap_err().to_string();
    assert!(told.contains("missing field `CertifyId`"), "{told}");
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
fn an_exchange_that_overruns_is_abandoned_and_the_next_region_asked() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(0));
    assert_eq!(first.timeouts().connect, Duration::from_secs(10));
    assert_eq!(first.timeouts().read, Duration::from_secs(10));
    let Step::Abandon(id) = call.poll(&mut session, at(20_000)) else {
        panic!("does not abandon");
    };
    assert_eq!(id, first.id());
    let second = send(&mut call, &mut session, at(20_000));
    assert_eq!(second.timeouts().whole, Duration::from_secs(10));

    // The driver is late with the first: that no longer matters.
    call.report(&mut session, first.id(), reply(200, DONE), at(20_001));
    assert!(matches!(call.poll(&mut session, at(20_001)), Step::Wait(_)));
    let Step::Abandon(_) = call.poll(&mut session, at(30_000)) else {
        panic!("does not abandon");
    };
    let error = failed(&mut call, &mut session, at(30_000));
    let outcomes: Vec<_> = error.attempts().iter().map(|a| &a.outcome).collect();
    assert!(matches!(outcomes[..], [Outcome::Overdue, Outcome::Overdue]));
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
fn a_clock_that_goes_backwards_stands_still() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(5_000));
    call.report(&mut session, first.id(), unsent(), at(0));
    let second = send(&mut call, &mut session, at(1_000));
    call.report(&mut session, second.id(), reply(200, DONE), at(2_000));
    let reply = done(&mut call, &mut session, at(0)).unwrap();
    for attempt in &reply.attempts {
        assert_eq!(
            (attempt.started, attempt.ended),
            (at(5_000).mono, at(5_000).mono)
        );
    }
}

#[test]
fn reports_for_what_was_never_sent_are_ignored() {
    let (mut call, mut session, mut other) = (describe(), session(), describe());
    let foreign: ExchangeId = {
        let first = send(&mut other, &mut session, at(0));
        other.report(&mut session, first.id(), lost(), at(0));
        send(&mut other, &mut session, at(0)).id()
    };
    call.report(&mut session, foreign, reply(200, DONE), at(0));
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, foreign, reply(200, DONE), at(0));
    assert!(matches!(call.poll(&mut session, at(0)), Step::Wait(_)));
    call.report(&mut session, first.id(), reply(200, DONE), at(0));
    call.report(&mut session, first.id(), lost(), at(0));
    assert!(done(&mut call, &mut session, at(0)).is_ok());
}

#[test]
fn a_call_that_is_done_says_so_when_polled_again() {
    let (mut call, mut session) = (describe(), session());
    let first = send(&mut call, &mut session, at(0));
    call.report(&mut session, first.id(), reply(200, DONE), at(0));
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
