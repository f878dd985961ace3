//! What is billed, by operation and by the codes of a reply, and the limit of billed calls.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test"
)]

mod common;

use core::time::Duration;

use cloudauth_proto::codes::{Billed, Charge, charge};
use cloudauth_proto::driver::{Delivery, Event, Exchange, Failure, Head, MonoTime, Now, Response};
use cloudauth_proto::operation::Listed;
use cloudauth_proto::ops::{
    self, DescribeFaceVerify, Id2MetaVerify, InitFaceVerify, QueryVerifyFlowPackage, Raw, Visitor,
};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Effect, Error, Flow, Operation, Repeat, Reply, Session, Step,
    UnixTime,
};
use common::{generated, session};
use serde_json::json;

/// Operation, field, codes that are billed, codes that are not.
type Row = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// The rows that say so: the tables of codes in the vendor's API metadata (计费, 不计费) and its page on error
/// codes.
const DOCUMENTED: &[Row] = &[
    ("BankMetaVerify", "BizCode", &["1", "2"], &["3"]),
    ("Id3MetaVerifyPRO", "BizCode", &["1", "2"], &["3"]),
    (
        "Mobile3MetaSimpleStandardVerify",
        "BizCode",
        &["1", "2"],
        &["3"],
    ),
    ("VehicleMetaVerify", "BizCode", &["1", "2"], &["3"]),
    ("Vehicle5ItemQuery", "BizCode", &["1"], &["3"]),
    ("VehicleInsureQuery", "BizCode", &["1"], &["3"]),
    ("VehicleQuery", "BizCode", &["1"], &["3"]),
    (
        "ContrastFaceVerify",
        "SubCode",
        &["200", "201", "202", "203", "204", "205", "206"],
        &[],
    ),
    (
        "DescribeFaceVerify",
        "SubCode",
        &["200", "201", "202", "203", "204", "205", "206"],
        &[],
    ),
];

struct Rows {
    stated: usize,
}

impl Visitor for Rows {
    /// Every operation with every code in every field: `yes` and `no` only where a row says so.
    fn operation<O: Listed + Sync>(&mut self) {
        let action = &*O::METADATA.action;
        let rows = DOCUMENTED.iter().filter(|row| row.0 == action);
        let rows: Vec<_> = rows.collect();
        let operation = generated::<O>();
        let codes = (1..=4).chain([101, 301]).chain(199..=210);
        let codes = codes.map(|code| code.to_string());
        for (field, code) in
            codes.flat_map(|code| ["BizCode", "SubCode"].map(|it| (it, code.clone())))
        {
            let mut payload = json!({ field: code, "CertifyId": "sha1", "Passed": "T" });
            if action == "DescribeFaceGuardRisk" {
                payload = json!({ "GuardRiskScore": 1.5 });
            }
            let body = match O::METADATA.payload {
                Some(container) => json!({ "Code": "200", container: payload }),
                None => payload,
            };
            let reply = Reply::from_json(&operation, &body.to_string()).unwrap();
            let states = |list: fn(&Row) -> &[&str]| {
                let mut rows = rows.iter().filter(|row| row.1 == field);
                rows.any(|row| list(row).contains(&&*code))
            };
            let (is_billed, is_not) = (states(|row| row.2), states(|row| row.3));
            let expected = match charge(action) {
                _ if is_billed || action == "DescribeFaceGuardRisk" => "yes",
                _ if is_not => "no",
                Charge::Free if rows.is_empty() => "no",
                _ => "unknown",
            };
            let billed = reply.billed();
            assert_eq!(billed.to_string(), expected, "{action} {field} {code}");
            assert_eq!(billed.source().is_none(), expected == "unknown");
            self.stated += usize::from(is_billed || is_not);
        }
    }
}

#[test]
fn a_reply_is_billed_only_where_a_row_of_the_documents_says_so() {
    let mut rows = Rows { stated: 0 };
    ops::visit(&mut rows);
    let documented = DOCUMENTED.iter().map(|row| row.2.len() + row.3.len());
    assert_eq!(rows.stated, documented.sum::<usize>());
}

#[test]
fn codes_are_read_as_leniently_as_the_reply() {
    let check = ops::BankMetaVerify::new();
    for (response, expected) in [
        (r#"{"Code":"200","ResultObject":{"BizCode":1}}"#, "yes"),
        (
            r#"{"Code":"200","ResultObject":"{\"BizCode\":\"3\"}"}"#,
            "no",
        ),
        (r#"{"Code":"200","ResultObject":{}}"#, "unknown"),
        (
            r#"{"Code":"200","ResultObject":{"BizCode":[1]}}"#,
            "unknown",
        ),
        (r#"{"Code":"200"}"#, "unknown"),
    ] {
        let reply = Reply::from_json(&check, response).unwrap();
        assert_eq!(reply.billed().as_str(), expected, "{response}");
    }
    assert_eq!(charge("New"), Charge::Unknown);
    // Called by its name, an operation costs the same.
    let raw = Raw::new("BankMetaVerify", Effect::NotIdempotent);
    let response = r#"{"Code":"200","ResultObject":{"BizCode":"3"}}"#;
    let billed = |raw: &Raw| Reply::from_json(raw, response).unwrap().billed();
    assert!(matches!(billed(&raw), Billed::No(_)));
    let older = raw.version("2018-01-01");
    assert_eq!(billed(&older), Billed::Unknown);
    assert_eq!(older.metadata().charge(), Charge::Unknown);
}

#[test]
fn the_end_of_a_call_tells_whether_it_is_billed_if_the_driver_wants_that() {
    let billed = |mut session: Session| {
        session.observe(true);
        let query = DescribeFaceVerify::new(1, "sha1");
        let mut call = Call::new(&query, CallOptions::new()).unwrap();
        let exchange = sent(call.poll(&mut session, at(0)));
        let body = br#"{"Code":"200","ResultObject":{"Passed":"F","SubCode":"204"}}"#.to_vec();
        let response = Response::new(Head::new(200, Vec::new()), body);
        call.report(&mut session, exchange.id(), Ok(response), at(0));
        assert!(matches!(call.poll(&mut session, at(0)), Step::Done(Ok(_))));
        let ends = session
            .take_events()
            .into_iter()
            .filter_map(|event| match event {
                Event::CallEnded { billed, .. } => Some(billed.map(Billed::as_str)),
                _ => None,
            });
        ends.collect::<Vec<_>>()
    };
    assert_eq!(billed(session()), [None]);
    assert_eq!(billed(session().report_billed()), [Some("yes")]);
}

fn at(seconds: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_secs(seconds)),
        unix: UnixTime::from_seconds(1_800_000_000 + seconds),
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn limited(max: u32) -> Session {
    session().max_billed(max, MINUTE)
}

fn sent<T: core::fmt::Debug>(step: Step<T>) -> Exchange {
    match step {
        Step::Send(exchange) => exchange,
        step => panic!("sends nothing: {step:?}"),
    }
}

fn paid(options: CallOptions) -> Call<Id2MetaVerify> {
    Call::new(&Id2MetaVerify::new(), options).unwrap()
}

fn refusal<T: core::fmt::Debug>(step: Step<T>) -> cloudauth_proto::error::BilledLimitReached {
    match step {
        Step::Done(Err(Error::BilledLimit(reached))) => *reached,
        step => panic!("{step:?}"),
    }
}

/// Begins a call, and returns whether it sends.
fn begins<O: Operation>(session: &mut Session, operation: &O, now: Now) -> bool {
    let mut call = Call::new(operation, CallOptions::new()).unwrap();
    match call.poll(session, now) {
        Step::Send(_) => true,
        Step::Done(Err(Error::BilledLimit(_))) => false,
        _ => panic!("neither sends nor is refused"),
    }
}

#[test]
fn a_call_beyond_the_limit_is_refused_before_anything_is_sent() {
    let mut session = limited(2);
    sent(paid(CallOptions::new()).poll(&mut session, at(0)));
    sent(paid(CallOptions::new()).poll(&mut session, at(10)));
    let mut third = paid(CallOptions::new());
    let reached = refusal(third.poll(&mut session, at(20)));
    assert_eq!((reached.max, reached.per), (2, MINUTE));
    assert_eq!(reached.retry_after, Duration::from_secs(40));
    let error = Error::BilledLimit(Box::new(reached));
    assert!(!error.is_retryable() && !error.may_have_been_carried_out());
    assert_eq!(
        error.to_string(),
        "Id2MetaVerify was not sent: max_billed allows 2 calls in 60 s that are or may be billed; \
         the next is possible in 40.000 s"
    );
    assert!(matches!(
        third.poll(&mut session, at(20)),
        Step::Done(Err(Error::Finished))
    ));
    refusal(paid(CallOptions::new()).poll(&mut session, at(59)));
    sent(paid(CallOptions::new()).poll(&mut session, at(60)));
    // A refused call is not counted: the next is possible when the second leaves the window.
    let reached = refusal(paid(CallOptions::new()).poll(&mut session, at(60)));
    assert_eq!(reached.retry_after, Duration::from_secs(10));
}

#[test]
fn operations_that_are_not_free_share_the_limit_and_free_ones_never_count() {
    let mut session = limited(4);
    let describe = DescribeFaceVerify::new(1, "sha1");
    let init = InitFaceVerify::new(1, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    for _ in 0..10 {
        assert!(begins(&mut session, &describe, at(0)));
        let other = Raw::new("AssumeRole", Effect::ReadOnly).version("2015-04-01");
        assert!(begins(&mut session, &other, at(0)));
    }
    assert!(begins(&mut session, &init, at(0)));
    assert!(begins(
        &mut session,
        &QueryVerifyFlowPackage::new("FINANCE_VERIFY"),
        at(0)
    ));
    assert!(begins(
        &mut session,
        &Raw::new("New", Effect::ReadOnly),
        at(0)
    ));
    assert!(begins(&mut session, &Id2MetaVerify::new(), at(0)));
    assert!(!begins(&mut session, &init, at(0)));
    assert!(!begins(
        &mut session,
        &QueryVerifyFlowPackage::new("FINANCE_VERIFY"),
        at(0)
    ));
    assert!(begins(&mut session, &describe, at(0)));
}

#[test]
fn calls_of_other_accounts_count_too() {
    let mut session = limited(1);
    let key = Credentials::access_key("LTAIother", "secret").unwrap();
    sent(paid(CallOptions::new().credentials(key)).poll(&mut session, at(0)));
    refusal(paid(CallOptions::new()).poll(&mut session, at(0)));
}

#[test]
fn a_limit_of_zero_allows_no_call_that_may_be_billed() {
    let mut session = limited(0);
    let reached = refusal(paid(CallOptions::new()).poll(&mut session, at(0)));
    assert_eq!(reached.retry_after, Duration::MAX);
    assert_eq!(
        reached.to_string(),
        "Id2MetaVerify was not sent: max_billed allows no call that is or may be billed"
    );
    assert!(begins(
        &mut session,
        &DescribeFaceVerify::new(1, "sha1"),
        at(0)
    ));
}

/// Runs a call whose attempts all end like this. Returns how many there were, and the error.
fn run<O: Operation>(
    session: &mut Session,
    mut call: Call<O>,
    end: impl Fn() -> Result<Response, Failure>,
) -> (usize, Error) {
    let (mut now, mut attempts) = (at(0), 0);
    loop {
        match call.poll(session, now) {
            Step::Send(exchange) => {
                attempts += 1;
                call.report(session, exchange.id(), end(), now);
            }
            Step::Wait(until) => now.mono = until,
            Step::Done(result) => return (attempts, result.map(drop).unwrap_err()),
            _ => panic!("neither sends nor waits"),
        }
    }
}

fn not_sent() -> Result<Response, Failure> {
    Err(Failure::new(Delivery::NotSent, "refused"))
}

fn maybe_sent() -> Result<Response, Failure> {
    Err(Failure::new(Delivery::MaybeSent, "reset"))
}

#[expect(clippy::unnecessary_wraps, reason = "as the other ends of an attempt")]
fn throttled() -> Result<Response, Failure> {
    let body = br#"{"Code":"Throttling.User","RequestId":"R"}"#.to_vec();
    Ok(Response::new(Head::new(429, Vec::new()), body))
}

#[test]
fn attempts_that_repeat_what_was_certainly_not_carried_out_count_once() {
    for end in [not_sent, throttled] {
        let mut session = limited(2);
        let (attempts, error) = run(&mut session, paid(CallOptions::new()), end);
        assert!(attempts > 2, "{error}");
        assert!(begins(&mut session, &Id2MetaVerify::new(), at(0)));
        assert!(!begins(&mut session, &Id2MetaVerify::new(), at(0)));
    }
}

#[test]
fn an_attempt_after_one_that_may_have_been_carried_out_counts_again() {
    // Only because the caller allows it.
    let options = || CallOptions::new().repeat(Repeat::EvenIfUncertain);
    let (unlimited, _) = run(&mut session(), paid(options()), maybe_sent);
    assert!(unlimited > 1);
    let mut session = limited(1);
    let (attempts, error) = run(&mut session, paid(options()), maybe_sent);
    assert_eq!(attempts, 1);
    assert!(matches!(error, Error::Uncertain(_)), "{error}");
    let mut session = limited(3);
    let (attempts, _) = run(&mut session, paid(options()), maybe_sent);
    assert_eq!(attempts, unlimited.min(3));
    assert_eq!(
        begins(&mut session, &Id2MetaVerify::new(), at(0)),
        attempts < 3
    );
}

#[test]
fn a_hedge_counts_and_is_not_sent_beyond_the_limit() {
    for (max, is_hedged) in [(1, false), (2, true)] {
        let mut session = limited(max);
        let options = CallOptions::new().hedge_after(Duration::from_secs(1));
        let mut call = Call::new(&QueryVerifyFlowPackage::new("FINANCE_VERIFY"), options).unwrap();
        sent(call.poll(&mut session, at(0)));
        let step = call.poll(&mut session, at(1));
        assert_eq!(matches!(step, Step::Send(_)), is_hedged, "{step:?}");
        refusal(paid(CallOptions::new()).poll(&mut session, at(2)));
    }
}

#[test]
fn a_call_that_waits_for_credentials_or_its_rate_is_checked_again_when_it_is_sent() {
    let mut session = limited(1).rate_limit("Id2MetaVerify", 1);
    let mut other = Call::new(
        &QueryVerifyFlowPackage::new("FINANCE_VERIFY"),
        CallOptions::new(),
    )
    .unwrap();
    // The rate is used up by a call before the limit was set.
    let mut first = paid(CallOptions::new());
    sent(first.poll(&mut session, at(0)));
    let mut session = session.max_billed(1, MINUTE);
    let mut waiting = paid(CallOptions::new());
    let step = waiting.poll(&mut session, at(0));
    assert!(matches!(step, Step::Wait(_)), "{step:?}");
    sent(other.poll(&mut session, at(0)));
    refusal(waiting.poll(&mut session, at(2)));
}
