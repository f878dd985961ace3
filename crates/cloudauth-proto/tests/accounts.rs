//! Credentials of a call in place of those of the session.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test"
)]

use core::time::Duration;

use cloudauth_proto::driver::{Exchange, Head, MonoTime, Now, Response};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Endpoints, Flow, Policy, Scheme, Session, Step,
    UnixTime,
};

fn at(millis: u64) -> Now {
    Now {
        mono: MonoTime::new(Duration::from_millis(millis)),
        unix: UnixTime::from_seconds(1_800_000_000 + millis / 1_000),
    }
}

fn key(id: &str) -> Credentials {
    Credentials::access_key(id, "secret").unwrap()
}

fn session() -> Session {
    Session::new(key("LTAIown"), [1; 32]).endpoints(Endpoints::only(Endpoint::SHANGHAI))
}

/// A call of an account, or of the session's.
fn call(account: Option<&str>) -> Call<DescribeFaceVerify> {
    let mut options = CallOptions::new();
    if let Some(account) = account {
        options = options.credentials(key(account));
    }
    Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap()
}

fn sent<T: core::fmt::Debug>(step: Step<T>) -> Exchange {
    match step {
        Step::Send(exchange) => exchange,
        step => panic!("sends nothing: {step:?}"),
    }
}

/// The access key ID in the signature of a request.
fn signer(exchange: &Exchange) -> String {
    let request = exchange.sign();
    let mut headers = request.headers.iter();
    let header = headers.find(|(name, _)| *name == "authorization").unwrap();
    let id = header.1.split("Credential=").nth(1).unwrap();
    id.split(',').next().unwrap().to_owned()
}

fn refusal(status: u16, code: &str) -> Response {
    let body = format!(r#"{{"Code":"{code}","Message":"m","RequestId":"R"}}"#);
    Response::new(Head::new(status, Vec::new()), body.into_bytes())
}

#[test]
fn a_call_is_signed_with_its_own_credentials_and_the_scheme_of_the_session() {
    let mut session = session().scheme(Scheme::Acs3HmacSha256);
    for (account, id) in [
        (None, "LTAIown"),
        (Some("LTAIa"), "LTAIa"),
        (Some("LTAIb"), "LTAIb"),
    ] {
        let exchange = sent(call(account).poll(&mut session, at(0)));
        assert_eq!(signer(&exchange), id);
    }
}

#[test]
fn a_call_with_credentials_needs_none_of_the_session() {
    let source = cloudauth_proto::credentials::EcsRole::named("r");
    let mut session = Session::new(source, [1; 32]);
    assert!(matches!(
        call(None).poll(&mut session, at(0)),
        Step::Authenticate(_)
    ));
    sent(call(Some("LTAIa")).poll(&mut session, at(0)));
    // A hedge needs none either.
    let options = CallOptions::new()
        .credentials(key("LTAIa"))
        .hedge_after(Duration::from_millis(10));
    let mut hedged = Call::new(&DescribeFaceVerify::new(1, "sha0"), options).unwrap();
    sent(hedged.poll(&mut session, at(0)));
    assert_eq!(signer(&sent(hedged.poll(&mut session, at(20)))), "LTAIa");
}

#[test]
fn every_account_has_a_rate_limit_of_its_own() {
    let mut session = session().rate_limit("DescribeFaceVerify", 1);
    for account in [None, Some("LTAIa"), Some("LTAIb")] {
        sent(call(account).poll(&mut session, at(0)));
        let step = call(account).poll(&mut session, at(0));
        assert!(matches!(step, Step::Wait(_)), "{account:?}: {step:?}");
    }
    sent(call(Some("LTAIa")).poll(&mut session, at(1_000)));
}

#[test]
fn a_refused_key_of_a_call_is_final_and_nobody_else_s() {
    let mut session = session();
    let mut refused = call(Some("LTAIa"));
    let exchange = sent(refused.poll(&mut session, at(0)));
    let response = refusal(404, "InvalidAccessKeyId.NotFound");
    refused.report(&mut session, exchange.id(), Ok(response), at(0));
    let step = refused.poll(&mut session, at(0));
    assert!(matches!(step, Step::Done(Err(_))), "{step:?}");
    sent(call(None).poll(&mut session, at(0)));
    sent(call(Some("LTAIb")).poll(&mut session, at(0)));
}

/// Runs a call, all of whose requests have this response. Returns how many there were.
fn attempts(session: &mut Session, account: Option<&str>, millis: u64, code: (u16, &str)) -> usize {
    let mut now = at(millis);
    let mut call = call(account);
    let mut attempts = 0;
    loop {
        match call.poll(session, now) {
            Step::Send(exchange) => {
                attempts += 1;
                let response = refusal(code.0, code.1);
                call.report(session, exchange.id(), Ok(response), now);
            }
            Step::Wait(until) => now.mono = until,
            Step::Done(_) => return attempts,
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn an_account_that_is_throttled_takes_no_retries_from_the_others() {
    let mut policy = Policy::default();
    policy.base_backoff = Duration::ZERO;
    let mut session = session().policy(policy);
    let throttled = (429, "Throttling.User");
    for _ in 0..50 {
        attempts(&mut session, Some("LTAIa"), 0, throttled);
    }
    assert_eq!(
        attempts(&mut session, Some("LTAIa"), 0, throttled),
        1,
        "its budget is spent"
    );
    assert!(attempts(&mut session, Some("LTAIb"), 0, throttled) > 1);
    assert!(attempts(&mut session, None, 0, throttled) > 1);
}

#[test]
fn circuit_breakers_are_shared() {
    let mut session = Session::new(key("LTAIown"), [1; 32]);
    let first = sent(call(Some("LTAIb")).poll(&mut session, at(0)));
    assert_eq!(first.sign().authority, "cloudauth.cn-shanghai.aliyuncs.com");
    for _ in 0..6 {
        let mut call = call(Some("LTAIa"));
        loop {
            match call.poll(&mut session, at(1)) {
                Step::Send(exchange) => {
                    let is_down = exchange.sign().authority.contains("shanghai");
                    let status = if is_down { 503 } else { 403 };
                    let response = Ok(refusal(status, "x"));
                    call.report(&mut session, exchange.id(), response, at(1));
                }
                Step::Done(_) => break,
                step => panic!("{step:?}"),
            }
        }
    }
    for account in [None, Some("LTAIb")] {
        let exchange = sent(call(account).poll(&mut session, at(10)));
        assert_eq!(
            exchange.sign().authority,
            "cloudauth.cn-beijing.aliyuncs.com"
        );
    }
}
