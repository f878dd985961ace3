//! What an error tells a program: the code and its meaning, whether to try again, and each cause once.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::cell::Cell;
use core::error::Error as StdError;
use core::fmt;

use cloudauth_proto::codes::Responsible;
use cloudauth_proto::credentials::{AssumeRole, Role};
use cloudauth_proto::driver::{Delivery, Failure, Head, Refresh, Response};
use cloudauth_proto::error::UploadStep;
use cloudauth_proto::ops::{
    BankMetaVerify, DescribeFaceVerify, Id2MetaVerify, Id2MetaVerifyWithOCR, InitFaceVerify,
};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Error, Flow, Operation, Repeat, Session, Source, Step,
};
use common::{now, session};

type Outcome = Result<Response, Failure>;

#[expect(clippy::unnecessary_wraps, reason = "as a driver reports it")]
fn response(status: u16, body: &str) -> Outcome {
    Ok(Response::new(Head::new(status, Vec::new()), body.into()))
}

fn code(status: u16, code: &str) -> Outcome {
    let body = serde_json::json!({ "Code": code, "RequestId": "R-1", "Message": "m" });
    response(status, &body.to_string())
}

/// An error with two causes below it, as drivers have them.
#[derive(Debug)]
struct Layer(&'static str, Option<Box<Self>>);

impl Layer {
    fn connecting() -> Self {
        let refused = Self("Connection refused (os error 111)", None);
        let tcp = Self("tcp connect error", Some(Box::new(refused)));
        Self("cannot connect", Some(Box::new(tcp)))
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Layer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_deref().map(|cause| cause as _)
    }
}

fn failed(delivery: Delivery) -> Outcome {
    Err(Failure::new(delivery, Layer::connecting()))
}

/// Runs a flow whose exchanges all end like this.
fn run<F: Flow>(mut flow: F, session: &mut Session, outcome: impl Fn() -> Outcome) -> Error {
    run_with(&mut flow, session, &outcome).err().unwrap()
}

fn run_with<F: Flow>(
    flow: &mut F,
    session: &mut Session,
    outcome: &dyn Fn() -> Outcome,
) -> Result<F::Output, Error> {
    let mut time = now();
    for _ in 0..200 {
        match flow.poll(session, time) {
            Step::Send(exchange) => flow.report(session, exchange.id(), outcome(), time),
            Step::Wait(until) => time.mono = until,
            Step::Authenticate(ticket) => {
                drop(run_with(&mut Refresh::inline(ticket), session, outcome));
            }
            Step::Abandon(_) => {}
            Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => panic!("needs no file"),
            Step::Done(result) => return result,
        }
    }
    panic!("does not end")
}

fn call<O: Operation>(operation: &O, outcome: impl Fn() -> Outcome) -> Error {
    let call = Call::new(operation, CallOptions::new()).unwrap();
    run(call, &mut session(), outcome)
}

fn query() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1, "sha1")
}

fn open() -> InitFaceVerify {
    InitFaceVerify::new(1, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

#[test]
fn an_error_has_the_code_its_meaning_and_the_request_id() {
    let error = call(&query(), || code(200, "424"));
    assert_eq!(error.code(), Some("424"));
    assert_eq!(error.request_id(), Some("R-1"));
    assert_eq!(error.attempts().len(), 1);
    let meaning = error.meaning().unwrap();
    assert_eq!(meaning.responsible, Responsible::Person);
    assert!(
        error
            .to_string()
            .contains(&format!("424: {}", meaning.english))
    );
    assert!(!error.is_retryable() && !error.is_throttled());

    let error = call(&query(), || code(400, "NewCode"));
    assert_eq!((error.code(), error.meaning()), (Some("NewCode"), None));
    let error = call(&query(), || code(503, "ServiceUnavailable"));
    assert!(matches!(error, Error::Exhausted(_)));
    assert_eq!(error.code(), Some("ServiceUnavailable"));
    assert_eq!(error.meaning().unwrap().responsible, Responsible::Service);
    let error = call(&query(), || failed(Delivery::NotSent));
    assert_eq!((error.code(), error.meaning()), (None, None));
    assert_eq!(error.request_id(), None);
}

#[test]
fn the_meaning_of_a_code_is_that_of_the_operation() {
    let compare = cloudauth_proto::ops::CompareFaces::new();
    let error = call(&compare, || code(403, "Error.NoPermissionAccess"));
    assert_eq!(error.meaning().unwrap().responsible, Responsible::Account);
    let error = call(&query(), || code(404, "InvalidAction.NotFound"));
    assert!(error.to_string().contains("no such operation"), "{error}");
}

#[test]
fn throttling_is_told_from_other_refusals() {
    for outcome in [
        || code(400, "Throttling.User"),
        || code(403, "Throttling.Api"),
        || response(429, "{}"),
    ] {
        let error = call(&query(), outcome);
        assert!(error.is_throttled() && error.is_retryable(), "{error}");
        // Nothing was carried out, so that even a paid check may be made again.
        let error = call(&Id2MetaVerify::new(), outcome);
        assert!(error.is_throttled() && error.is_retryable(), "{error}");
    }
    for outcome in [|| code(503, "ServiceUnavailable"), || code(200, "418")] {
        assert!(!call(&query(), outcome).is_throttled());
    }
}

/// The outcomes of the exchanges of a call, one after another; the last one is that of all later ones.
fn in_turn<const N: usize>(outcomes: [fn() -> Outcome; N]) -> impl Fn() -> Outcome {
    let sent = Cell::new(0);
    move || {
        let outcome = outcomes[sent.get().min(N - 1)];
        sent.set(sent.get() + 1);
        outcome()
    }
}

#[test]
fn no_error_is_throttled_if_an_earlier_attempt_may_have_been_carried_out() {
    for throttled in [|| response(429, "{}"), || code(400, "Throttling.User")] {
        // Opening a verification may be repeated, but whoever waits and makes the call again may pay for two.
        let opened = call(
            &open(),
            in_turn([|| failed(Delivery::MaybeSent), throttled]),
        );
        let options = CallOptions::new().repeat(Repeat::EvenIfUncertain);
        let paid = Call::new(&Id2MetaVerify::new(), options).unwrap();
        let paid = run(
            paid,
            &mut session(),
            in_turn([|| failed(Delivery::MaybeSent), throttled]),
        );
        for error in [opened, paid] {
            assert!(error.attempts().len() > 1, "{error}");
            assert!(error.may_have_been_carried_out(), "{error}");
            assert!(!error.is_throttled(), "{error}");
        }
        // A query does no harm, whatever became of the first one.
        let error = call(
            &query(),
            in_turn([|| failed(Delivery::MaybeSent), throttled]),
        );
        assert!(error.is_throttled(), "{error}");
    }
}

type OutcomeRow = (fn() -> Outcome, [bool; 3]);

/// What each exchange of a call ends with, and whether the retry rule goes on after it for an operation
/// that reads, one that opens a verification, and one that is billed.
const OUTCOMES: [OutcomeRow; 11] = [
    (|| failed(Delivery::NotSent), [true, true, true]),
    (|| failed(Delivery::CertificateRefused), [true, true, true]),
    (|| failed(Delivery::LocalFailure), [false, false, false]),
    (|| failed(Delivery::MaybeSent), [true, false, false]),
    (|| code(400, "Throttling.User"), [true, true, true]),
    (|| response(503, "{}"), [true, false, false]),
    (|| code(200, "500"), [true, false, false]),
    (|| response(200, "<html>"), [true, false, false]),
    (|| code(400, "SignatureNonceUsed"), [false, false, false]),
    (|| code(403, "NoPermission"), [false, false, false]),
    (|| code(200, "417"), [false, false, false]),
];

#[test]
fn an_error_is_retryable_if_the_retry_rule_would_go_on_and_never_if_the_outcome_is_unknown() {
    for (i, (outcome, [reads, opens, bills])) in OUTCOMES.into_iter().enumerate() {
        let errors = [
            (call(&query(), outcome), reads),
            (call(&open(), outcome), opens),
            (call(&Id2MetaVerify::new(), outcome), bills),
        ];
        for (error, expected) in errors {
            assert_eq!(error.is_retryable(), expected, "{i}: {error}");
            let is_unknown = error.may_have_been_carried_out();
            assert!(!(is_unknown && error.is_retryable()), "{i}: {error}");
        }
    }
    // Whatever the caller allows to be repeated.
    for repeat in [Repeat::OnlyIfCertain, Repeat::EvenIfUncertain] {
        for (outcome, _) in OUTCOMES {
            let options = CallOptions::new().repeat(repeat);
            let paid = Call::new(&Id2MetaVerify::new(), options).unwrap();
            let error = run(paid, &mut session(), outcome);
            let is_unknown = error.may_have_been_carried_out();
            assert!(!(is_unknown && error.is_retryable()), "{error}");
        }
    }
}

#[test]
fn a_response_that_cannot_be_decoded_leaves_no_doubt_about_an_operation_that_reads() {
    let html = || response(200, "<html>");
    let error = call(&query(), html);
    assert!(matches!(error, Error::Decode(_)) && !error.may_have_been_carried_out());
    assert!(!error.to_string().contains("carried out"), "{error}");
    let error = call(&Id2MetaVerify::new(), html);
    assert!(error.may_have_been_carried_out(), "{error}");
}

#[test]
fn an_invalid_operation_and_a_finished_flow_are_not_retryable() {
    let invalid = Call::new(&query_without_id(), CallOptions::new()).unwrap_err();
    for error in [invalid, Error::Finished] {
        assert!(!error.is_retryable() && !error.is_throttled());
        assert_eq!((error.code(), error.attempts().len()), (None, 0));
    }
}

fn query_without_id() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1, "")
}

/// A session with credentials of STS.
fn with_role() -> Session {
    let key = Credentials::access_key("testid", "testsecret").unwrap();
    let role = Role::new("acs:ram::1:role/r", "s");
    let source = AssumeRole::new(key.into(), role, Endpoint::STS);
    Session::new(Source::AssumeRole(Box::new(source)), [1; 32])
}

fn without_credentials(outcome: impl Fn() -> Outcome) -> Error {
    let call = Call::new(&query(), CallOptions::new()).unwrap();
    let error = run(call, &mut with_role(), outcome);
    assert!(matches!(error, Error::Credentials(_)), "{error}");
    error
}

/// Case F11.
#[test]
fn a_failed_connection_to_the_issuer_of_credentials_keeps_its_cause() {
    let error = without_credentials(|| failed(Delivery::NotSent));
    assert!(
        error
            .to_string()
            .ends_with("cannot connect: Connection refused (os error 111)"),
        "{error}"
    );
    assert!(error.is_retryable());
    let error = without_credentials(|| failed(Delivery::MaybeSent));
    assert!(error.to_string().contains("Connection refused"), "{error}");
    let Error::Credentials(_) = error else {
        panic!("{error}");
    };
}

#[test]
fn the_code_of_a_refused_role_is_that_of_the_error() {
    let error = without_credentials(|| code(403, "NoPermission"));
    assert_eq!(error.code(), Some("NoPermission"));
    assert_eq!(error.meaning().unwrap().responsible, Responsible::Account);
    assert!(!error.is_retryable() && !error.is_throttled());
    let error = without_credentials(|| code(400, "Throttling.User"));
    assert!(error.is_throttled() && error.is_retryable());
}

#[test]
fn a_failed_upload_names_the_step_that_failed() {
    let upload = || Id2MetaVerifyWithOCR::new().with_cert_file(vec![1]);
    let error = run(upload(), &mut session(), || code(403, "NoPermission"));
    let Error::Upload(inner) = &error else {
        panic!("{error}");
    };
    assert_eq!(inner.step, UploadStep::Authorize);
    assert_eq!(error.code(), Some("NoPermission"));
    assert_eq!(error.meaning().unwrap().responsible, Responsible::Account);
    assert!(!error.is_retryable());
    let error = run(upload(), &mut session(), || failed(Delivery::MaybeSent));
    // Authorization reads, and the operation was not sent.
    assert!(error.is_retryable() && !error.may_have_been_carried_out());
}

/// The messages of an error and all of its causes, as `{:#}` of anyhow joins them.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut messages = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        messages.push(cause.to_string());
        next = cause.source();
    }
    messages.join(": ")
}

fn assert_nothing_is_repeated(error: &(dyn StdError + 'static)) -> String {
    let whole = chain(error);
    let parts: Vec<&str> = whole.split([':', ';', '(', ')']).map(str::trim).collect();
    for (i, part) in parts.iter().enumerate() {
        // Shorter ones are statuses and port numbers.
        let is_text = part.len() > 5 && !part.starts_with("//");
        assert!(!is_text || !parts[..i].contains(part), "{part}: {whole}");
    }
    whole
}

#[test]
fn no_part_of_a_message_is_in_its_causes_again() {
    for (outcome, _) in OUTCOMES {
        for error in [
            call(&query(), outcome),
            call(&open(), outcome),
            call(&Id2MetaVerify::new(), outcome),
            call(&BankMetaVerify::new(), outcome),
            run(
                Id2MetaVerifyWithOCR::new().with_cert_file(vec![1]),
                &mut session(),
                outcome,
            ),
        ] {
            assert_nothing_is_repeated(&error);
        }
    }
    let whole = assert_nothing_is_repeated(&call(&query(), || failed(Delivery::NotSent)));
    assert_eq!(whole.matches("Connection refused").count(), 1, "{whole}");
    assert!(whole.contains("not sent: cannot connect: Connection refused (os error 111)"));
    assert!(whole.contains("4 attempts"), "{whole}");
    assert_nothing_is_repeated(&without_credentials(|| failed(Delivery::NotSent)));
    let invalid = Call::new(&query_without_id(), CallOptions::new()).unwrap_err();
    assert_nothing_is_repeated(&invalid);
}

#[test]
fn a_test_for_repetition_finds_one() {
    let twice = Layer(
        "lost: the reason",
        Some(Box::new(Layer("the reason", None))),
    );
    let found = std::panic::catch_unwind(|| assert_nothing_is_repeated(&twice));
    assert!(found.is_err());
}

#[test]
fn different_outcomes_are_all_listed_with_their_request_ids() {
    let outcomes: [fn() -> Outcome; 3] = [
        || failed(Delivery::NotSent),
        || code(503, "ServiceUnavailable"),
        || response(502, ""),
    ];
    let error = call(&query(), in_turn(outcomes));
    let text = error.to_string();
    for part in [
        "Connection refused",
        "HTTP 503, code ServiceUnavailable",
        "request ID R-1",
        "HTTP 502",
    ] {
        assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
    }
}

#[test]
fn an_attempt_shows_endpoint_duration_outcome_and_request_id() {
    let query = DescribeFaceVerify::new(1, "sha1");
    let call = || Call::new(&query, CallOptions::new()).unwrap();
    let refused = run(call(), &mut session(), || code(400, "Forbidden.RAM"));
    assert_eq!(
        refused.attempts()[0].to_string(),
        "https://cloudauth.cn-shanghai.aliyuncs.com: HTTP 400, code Forbidden.RAM after 0.000 s, request ID R-1"
    );
    let unsent = run(call(), &mut session(), || failed(Delivery::NotSent));
    let text = unsent.attempts()[0].to_string();
    assert!(
        text.ends_with("os error 111) after 0.000 s"),
        "no request ID: {text}"
    );
}
