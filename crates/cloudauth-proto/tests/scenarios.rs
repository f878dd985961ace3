//! Scenarios of calls as traces: the time, endpoint and outcome of each attempt, and the result.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use core::fmt::Write;
use core::time::Duration;

use cloudauth_proto::CertifyId;
use cloudauth_proto::driver::{Delivery, ExchangeId, Failure, Head, MonoTime, Now, Response};
use cloudauth_proto::operation::{InvalidField, OperationMetadata, Params};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Effect, Endpoint, Error, Flow, Operation, Policy, Repeat,
    Session, Step, UnixTime,
};

/// The end of an exchange, after this many milliseconds.
#[derive(Clone, Copy)]
enum End {
    Refused(u64),
    Lost(u64),
    /// A response with this status and body.
    Responds(u64, u16, &'static str),
    /// A response with a header as well.
    RespondsWith(u64, u16, &'static str, &'static str, &'static str),
    Never,
}
use End::{Lost, Never, Refused, Responds, RespondsWith};

const OK: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","Passed":"T"}}"#;
const UNKNOWN: &str = r#"{"Code":"406"}"#;
const THROTTLED: &str = r#"{"Code":"Throttling.User"}"#;
const EXPIRED: &str = r#"{"Code":"InvalidTimeStamp.Expired"}"#;
const NONCE_USED: &str = r#"{"Code":"SignatureNonceUsed"}"#;
const NO_ACCESS: &str = r#"{"Code":"Forbidden.RAM"}"#;

/// A session and its clock.
struct Scenario {
    session: Session,
    millis: u64,
    /// The seconds by which the local clock is ahead of the service's, which begins at
    /// 2027-01-15T08:00:00Z.
    ahead: i64,
}

#[derive(Default)]
struct Trace(String);

impl Trace {
    fn add(&mut self, millis: u64, text: &str) {
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        writeln!(self.0, "{seconds:3}.{millis:03} {text}").unwrap();
    }
}

impl Scenario {
    fn new() -> Self {
        Self::with(Policy::default())
    }

    fn with(policy: Policy) -> Self {
        let credentials = Credentials::access_key("testid", "testsecret").unwrap();
        Self {
            session: Session::new(credentials, [1; 32]).policy(policy),
            millis: 0,
            ahead: 0,
        }
    }

    /// A scenario in which the random backoffs are all zero.
    fn without_backoff() -> Self {
        let mut policy = Policy::default();
        policy.base_backoff = Duration::ZERO;
        Self::with(policy)
    }

    fn now(&self) -> Now {
        let service = 1_800_000_000 + self.millis / 1_000;
        Now {
            mono: MonoTime::new(Duration::from_millis(self.millis)),
            unix: UnixTime::from_seconds(service.saturating_add_signed(self.ahead)),
        }
    }

    /// Runs a call whose exchanges end as in the script, and returns its trace.
    fn call<O: Operation>(
        &mut self,
        operation: &O,
        options: CallOptions,
        script: &[End],
    ) -> String {
        let mut call = Call::new(operation, options).unwrap();
        let mut script = script.iter().copied();
        let mut coming: Vec<(u64, ExchangeId, End)> = Vec::new();
        let mut trace = Trace::default();
        loop {
            let now = self.now();
            let step = call.poll(&mut self.session, now);
            let mut add = |text: &str| trace.add(self.millis, text);
            match step {
                Step::Send(exchange) => {
                    let request = exchange.sign();
                    let header = |name: &str| {
                        let found = request.headers.iter().find(|(have, _)| *have == name);
                        found.map_or("-", |(_, value)| &**value).to_owned()
                    };
                    let to = request.authority.split('.').nth(1).unwrap().to_owned();
                    let retry = match header("x-acs-retry-attempts").as_str() {
                        "-" => String::new(),
                        n => format!(" retry {n} after {} ms", header("x-acs-retry-delay")),
                    };
                    let stamp = header("x-acs-date");
                    add(&format!("send {to} at {}{retry}", &stamp[11..19]));
                    let end = script.next().expect("more exchanges than in the script");
                    let takes = match end {
                        Refused(takes)
                        | Lost(takes)
                        | Responds(takes, ..)
                        | RespondsWith(takes, ..) => takes,
                        Never => u64::MAX / 2,
                    };
                    coming.push((self.millis + takes, exchange.id(), end));
                }
                Step::Abandon(id) => {
                    coming.retain(|(_, other, _)| *other != id);
                    add("abandon");
                }
                Step::Wait(until) => {
                    let zero = MonoTime::default();
                    // Times of a scenario are whole milliseconds.
                    let until = until.saturating_since(zero).as_micros().div_ceil(1_000);
                    let until = u64::try_from(until).unwrap();
                    assert!(until > self.millis, "waits for a time in the past");
                    coming.sort_by_key(|(at, ..)| *at);
                    match coming.first() {
                        Some((at, ..)) if *at <= until => {
                            let (at, id, end) = coming.remove(0);
                            self.millis = at;
                            let (text, result) = result(end);
                            trace.add(at, &text);
                            let now = self.now();
                            call.report(&mut self.session, id, result, now);
                        }
                        _ => self.millis = until,
                    }
                }
                Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. } => {
                    panic!("credentials are given")
                }
                Step::Done(result) => {
                    let end = match result {
                        Ok(reply) => format!("done after {}", reply.attempts.len()),
                        Err(Error::Service(fault)) => format!("refused: {:?}", fault.code),
                        Err(Error::Uncertain(_)) => "uncertain".into(),
                        Err(Error::Exhausted(_)) => "exhausted".into(),
                        Err(other) => other.to_string(),
                    };
                    add(&end);
                    return trace.0;
                }
            }
        }
    }

    fn describe(&mut self, script: &[End]) -> String {
        self.call(&describe(), CallOptions::new(), script)
    }

    fn pass(&mut self, seconds: u64) {
        self.millis += seconds * 1_000;
    }
}

fn result(end: End) -> (String, Result<Response, Failure>) {
    let response = |status, headers, body: &str| {
        let response = Response::new(Head::new(status, headers), body.into());
        (format!("response {status}"), Ok(response))
    };
    match end {
        Refused(_) => (
            "refused".into(),
            Err(Failure::new(Delivery::NotSent, "refused")),
        ),
        Lost(_) => (
            "lost".into(),
            Err(Failure::new(Delivery::MaybeSent, "lost")),
        ),
        Responds(_, status, body) => response(status, Vec::new(), body),
        RespondsWith(_, status, body, name, value) => {
            response(status, vec![(name.into(), value.into())], body)
        }
        Never => unreachable!("this exchange never ends"),
    }
}

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1, "sha1")
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
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

    fn encode(&self, _: &mut Params) {}
}

#[track_caller]
fn assert_trace(trace: &str, lines: &[&str]) {
    let trace: Vec<&str> = trace.lines().map(str::trim_start).collect();
    assert_eq!(trace, lines);
}

#[test]
fn a_refused_connection_fails_over_at_once() {
    let mut scenario = Scenario::new();
    let trace = scenario.describe(&[Refused(1), Responds(30, 200, OK)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 refused",
            "0.001 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "0.031 response 200",
            "0.031 done after 2",
        ],
    );
}

#[test]
fn a_region_that_does_not_respond_is_abandoned_at_its_time_out() {
    let mut scenario = Scenario::new();
    let trace = scenario.describe(&[Never, Responds(30, 200, OK)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "20.000 abandon",
            "20.000 send cn-beijing at 08:00:20 retry 1 after 0 ms",
            "20.030 response 200",
            "20.030 done after 2",
        ],
    );
}

#[test]
fn five_consecutive_failures_open_the_circuit_breaker_and_one_call_probes_it() {
    let mut scenario = Scenario::new();
    for _ in 0..5 {
        scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    }
    let away = scenario.describe(&[Responds(0, 200, OK)]);
    assert_trace(
        &away,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.000 response 200",
            "0.000 done after 1",
        ],
    );
    scenario.pass(5);
    let probe = scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    assert!(probe.contains("5.000 send cn-shanghai"), "{probe}");
    let away = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
    scenario.pass(5);
    let closed = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(closed.contains("10.000 send cn-shanghai"), "{closed}");
    let back = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(back.contains("10.000 send cn-shanghai"), "{back}");
}

#[test]
fn a_dropped_probe_keeps_the_circuit_breaker_open_only_for_its_time_out() {
    let mut scenario = Scenario::new();
    for _ in 0..5 {
        scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    }
    scenario.pass(5);
    let mut dropped = Call::new(&describe(), CallOptions::new()).unwrap();
    let now = scenario.now();
    let step = dropped.poll(&mut scenario.session, now);
    assert!(matches!(step, Step::Send(_)));
    drop(dropped);
    scenario.pass(19);
    let away = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
    scenario.pass(1);
    let back = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(back.contains("send cn-shanghai"), "{back}");
}

#[test]
fn open_circuit_breakers_keep_a_call_from_no_endpoint_while_the_retry_budget_lasts() {
    let mut scenario = Scenario::without_backoff();
    for _ in 0..5 {
        scenario.call(&Pay, CallOptions::new(), &[Refused(0), Lost(0)]);
    }
    let trace = scenario.call(&Pay, CallOptions::new(), &[Refused(7), Refused(7)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.007 refused",
            "0.007 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "0.014 refused",
            "0.014 exhausted",
        ],
    );
    let trace = scenario.call(&Pay, CallOptions::new(), &[Refused(7)]);
    assert!(trace.contains("exhausted"), "{trace}");
}

#[test]
fn an_endpoint_that_failed_in_a_call_comes_after_one_whose_circuit_breaker_is_open() {
    let mut scenario = Scenario::without_backoff();
    for _ in 0..5 {
        scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    }
    let trace = scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    let sends: Vec<&str> = trace.lines().filter(|it| it.contains("send")).collect();
    assert!(sends[0].contains("cn-beijing"), "{trace}");
    assert!(sends[1].contains("cn-shanghai"), "{trace}");
    assert!(trace.contains("done"), "{trace}");
}

#[test]
fn refusals_and_throttling_do_not_open_the_circuit_breaker() {
    let mut scenario = Scenario::without_backoff();
    for _ in 0..20 {
        scenario.describe(&[Responds(0, 403, NO_ACCESS)]);
    }
    for _ in 0..20 {
        scenario.pass(60);
        scenario.describe(&[Responds(0, 400, THROTTLED), Responds(0, 200, OK)]);
    }
    let trace = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(trace.contains("send cn-shanghai"), "{trace}");
}

#[test]
fn any_response_resets_the_count_of_consecutive_failures() {
    let refused = [Responds(0, 403, NO_ACCESS)];
    let throttled = [Responds(0, 400, THROTTLED), Responds(0, 200, OK)];
    for responses in [&refused[..], &throttled] {
        let mut scenario = Scenario::without_backoff();
        for _ in 0..4 {
            for _ in 0..4 {
                scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
            }
            scenario.describe(responses);
        }
        let trace = scenario.describe(&[Responds(0, 200, OK)]);
        assert!(trace.contains("send cn-shanghai"), "{trace}");
    }
}

#[test]
fn billed_operations_are_not_retried_when_the_outcome_is_unknown() {
    let mut scenario = Scenario::new();
    let trace = scenario.call(&Pay, CallOptions::new(), &[Lost(5)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.005 lost",
            "0.005 uncertain",
        ],
    );
    let even = CallOptions::new().repeat(Repeat::EvenIfUncertain);
    let trace = scenario.call(&Pay, even, &[Lost(5), Responds(5, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
}

#[test]
fn opening_a_verification_is_retried_unless_the_caller_requires_certainty() {
    let script = [Lost(5), Responds(5, 200, OK)];
    let trace = Scenario::new().call(&init(), CallOptions::new(), &script);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    let certain = CallOptions::new().repeat(Repeat::OnlyIfCertain);
    let trace = Scenario::new().call(&init(), certain, &script[..1]);
    assert!(trace.ends_with("uncertain\n"), "{trace}");
}

#[test]
fn a_throttled_call_goes_elsewhere_and_returns_when_the_service_allows_it() {
    let mut scenario = Scenario::without_backoff();
    let throttled = RespondsWith(1, 400, THROTTLED, "x-acs-retry-after", "2500");
    let busy = RespondsWith(1, 429, "", "retry-after", "9");
    let trace = scenario.describe(&[throttled, busy, Responds(1, 200, OK)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 response 400",
            "0.001 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "0.002 response 429",
            "2.501 send cn-shanghai at 08:00:02 retry 2 after 2499 ms",
            "2.502 response 200",
            "2.502 done after 3",
        ],
    );
}

#[test]
fn a_throttled_call_fails_at_once_if_no_endpoint_can_be_used_before_its_deadline() {
    let mut scenario = Scenario::without_backoff();
    let throttled = RespondsWith(1, 400, THROTTLED, "x-acs-retry-after", "30000");
    let trace = scenario.describe(&[throttled, throttled]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 response 400",
            "0.001 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "0.002 response 400",
            r#"0.002 refused: Some("Throttling.User")"#,
        ],
    );
}

#[test]
fn backoffs_at_the_same_region_are_random_and_grow() {
    let mut scenario = Scenario::new();
    let trace = scenario.call(
        &describe(),
        CallOptions::new().endpoint(Endpoint::BEIJING),
        &[Lost(0), Lost(0), Lost(0), Responds(0, 200, OK)],
    );
    assert_eq!(trace.matches("send cn-beijing").count(), 4, "{trace}");
    let delays: Vec<u64> = trace
        .lines()
        .filter_map(|line| {
            line.split(" after ")
                .nth(1)?
                .strip_suffix(" ms")?
                .parse()
                .ok()
        })
        .collect();
    assert_eq!(delays.len(), 3);
    for (delay, longest) in delays.iter().zip([100, 200, 400]) {
        assert!((1..=longest).contains(delay), "{trace}");
    }
}

#[test]
fn clock_skew_is_corrected_once_and_remembered() {
    for ahead in [3_600, -3_600] {
        let mut scenario = Scenario::new();
        scenario.ahead = ahead;
        let expired = RespondsWith(0, 400, EXPIRED, "date", "Fri, 15 Jan 2027 08:00:00 GMT");
        let trace = scenario.describe(&[expired, Responds(0, 200, OK)]);
        let wrong = if ahead > 0 { "09" } else { "07" };
        assert_trace(
            &trace,
            &[
                &format!("0.000 send cn-shanghai at {wrong}:00:00"),
                "0.000 response 400",
                "0.000 send cn-shanghai at 08:00:00 retry 1 after 0 ms",
                "0.000 response 200",
                "0.000 done after 2",
            ],
        );
        let later = scenario.describe(&[Responds(0, 200, OK)]);
        assert!(later.contains("send cn-shanghai at 08:00:00\n"), "{later}");
    }
}

#[test]
fn clock_skew_of_zero_or_more_than_a_day_is_not_corrected() {
    for date in [
        "Fri, 15 Jan 2027 08:00:00 GMT",
        "Sun, 17 Jan 2027 08:00:00 GMT",
        "no date",
    ] {
        let trace = Scenario::new().describe(&[RespondsWith(0, 400, EXPIRED, "date", date)]);
        assert!(
            trace.ends_with("refused: Some(\"InvalidTimeStamp.Expired\")\n"),
            "{trace}"
        );
    }
}

#[test]
fn a_reused_nonce_is_replaced_once() {
    let used = Responds(0, 400, NONCE_USED);
    let trace = Scenario::new().describe(&[used, Responds(0, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    let trace = Scenario::new().describe(&[used, used]);
    assert!(
        trace.ends_with("refused: Some(\"SignatureNonceUsed\")\n"),
        "{trace}"
    );
    let trace = Scenario::new().call(&Pay, CallOptions::new(), &[used]);
    assert!(trace.ends_with("uncertain\n"), "{trace}");
}

#[test]
fn a_hedged_call_sends_to_a_second_region_and_takes_the_first_response() {
    let mut scenario = Scenario::new();
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = scenario.call(&describe(), hedged.clone(), &[Never, Responds(30, 200, OK)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.200 send cn-beijing at 08:00:00",
            "0.230 response 200",
            "0.230 abandon",
            "0.230 done after 2",
        ],
    );
    let quick = scenario.call(&describe(), hedged.clone(), &[Responds(199, 200, OK)]);
    assert!(quick.ends_with("done after 1\n"), "{quick}");
    // The second is lost; the first may still get a response.
    let script = [Responds(500, 200, OK), Lost(10)];
    let trace = scenario.call(&describe(), hedged, &script);
    assert!(
        trace.contains("0.639 lost\n  0.929 response 200\n"),
        "{trace}"
    );
}

/// Hedges until the retry budget is empty. Returns the number of hedged calls.
fn drain(scenario: &mut Scenario) -> usize {
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(1));
    let script = [Responds(2, 200, OK), Responds(900, 200, OK)];
    let is_hedged = |_: &usize| {
        let trace = scenario.call(&describe(), hedged.clone(), &script);
        trace.matches("send").count() == 2
    };
    (0..20).filter(is_hedged).count()
}

#[test]
fn hedges_withdraw_from_the_retry_budget() {
    let mut scenario = Scenario::new();
    // The budget has five; twenty calls deposit one or two more.
    assert!((5..=7).contains(&drain(&mut scenario)));
    scenario.pass(10);
    assert!((5..=7).contains(&drain(&mut scenario)));
}

#[test]
fn with_an_empty_budget_a_call_fails_over_to_a_healthy_region_but_does_not_retry() {
    let mut scenario = Scenario::without_backoff();
    drain(&mut scenario);
    let trace = scenario.describe(&[Refused(0), Responds(0, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    scenario.pass(10);
    drain(&mut scenario);
    let trace = scenario.describe(&[Refused(0), Refused(0)]);
    assert!(trace.ends_with("exhausted\n"), "{trace}");
    scenario.pass(10);
    let trace = scenario.describe(&[Refused(0), Refused(0), Refused(0), Responds(0, 200, OK)]);
    assert!(trace.ends_with("done after 4\n"), "{trace}");
}

#[test]
fn hedges_go_neither_to_a_region_with_an_open_circuit_breaker_nor_to_the_same_region() {
    let mut scenario = Scenario::without_backoff();
    let pinned = CallOptions::new().endpoint(Endpoint::BEIJING);
    for _ in 0..5 {
        scenario.call(&Pay, pinned.clone(), &[Lost(0)]);
    }
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = scenario.call(&describe(), hedged, &[Responds(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
}

#[test]
fn only_read_only_operations_are_hedged() {
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = Scenario::new().call(&init(), hedged.clone(), &[Responds(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
    let trace = Scenario::new().call(&Pay, hedged, &[Responds(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
}

#[test]
fn a_verification_is_queried_at_its_origin() {
    let of_beijing = CertifyId::new("sha1").with_origin(Endpoint::BEIJING);
    let operation = DescribeFaceVerify::new(1, of_beijing);
    let mut scenario = Scenario::without_backoff();
    let trace = scenario.call(&operation, CallOptions::new(), &[Responds(1, 200, UNKNOWN)]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.001 response 200",
            r#"0.001 refused: Some("406")"#,
        ],
    );
}

#[test]
fn not_found_at_another_region_is_not_final_before_the_origin_has_responded() {
    let of_beijing = CertifyId::new("sha1").with_origin(Endpoint::BEIJING);
    let operation = DescribeFaceVerify::new(1, of_beijing);
    let script = [
        Refused(1),
        Responds(1, 200, UNKNOWN),
        Refused(1),
        Responds(1, 200, UNKNOWN),
    ];
    let trace = Scenario::without_backoff().call(&operation, CallOptions::new(), &script);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.001 refused",
            "0.001 send cn-shanghai at 08:00:00 retry 1 after 0 ms",
            "0.002 response 200",
            "0.002 send cn-beijing at 08:00:00 retry 2 after 0 ms",
            "0.003 refused",
            "0.003 send cn-shanghai at 08:00:00 retry 3 after 0 ms",
            "0.004 response 200",
            "0.004 exhausted",
        ],
    );
    // A result from another region is final.
    let script = [Refused(1), Responds(1, 200, OK)];
    let trace = Scenario::new().call(&operation, CallOptions::new(), &script);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
}

#[test]
fn not_found_at_another_region_does_not_win_a_hedge() {
    let of_beijing = CertifyId::new("sha1").with_origin(Endpoint::BEIJING);
    let operation = DescribeFaceVerify::new(1, of_beijing);
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let script = [Responds(900, 200, OK), Responds(10, 200, UNKNOWN)];
    let trace = Scenario::new().call(&operation, hedged, &script);
    assert!(
        trace.ends_with("0.900 response 200\n  0.900 done after 2\n"),
        "{trace}"
    );
}

#[test]
fn a_pinned_call_uses_its_endpoint_only() {
    let pinned = CallOptions::new().endpoint(Endpoint::BEIJING);
    let script = [Refused(0), Refused(0), Refused(0), Refused(0)];
    let trace = Scenario::without_backoff().call(&describe(), pinned, &script);
    assert!(!trace.contains("cn-shanghai"), "{trace}");
    assert!(trace.ends_with("exhausted\n"), "{trace}");
}

#[test]
fn the_total_time_out_of_a_call_ends_it() {
    let short = CallOptions::new().total_timeout(Duration::from_millis(1_500));
    let trace = Scenario::new().call(&describe(), short, &[Never, Never]);
    assert_trace(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.750 abandon",
            "0.750 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "1.500 abandon",
            "1.500 exhausted",
        ],
    );
}

#[test]
fn calls_wait_for_their_reservation_in_the_rate_limit() {
    let mut scenario = Scenario::new();
    scenario.session = scenario.session.rate_limit("DescribeFaceVerify", 2);
    let starts: Vec<String> = (0..5)
        .map(|_| {
            let trace = scenario.describe(&[Responds(0, 200, OK)]);
            trace.split_whitespace().next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(starts, ["0.000", "0.000", "0.500", "1.000", "1.500"]);
    let other = scenario.call(&init(), CallOptions::new(), &[Responds(0, 200, OK)]);
    assert!(other.starts_with("  1.500 send"), "{other}");
}

#[test]
fn few_calls_are_retried_in_a_total_outage() {
    let mut scenario = Scenario::without_backoff();
    let mut sends = 0;
    for _ in 0..1_000 {
        scenario.millis += 10;
        let trace = scenario.describe(&[Refused(0), Refused(0), Refused(0), Refused(0)]);
        sends += trace.matches("send").count();
    }
    assert!((1_000..=1_110).contains(&sends), "{sends}");
}

#[test]
fn time_outs_of_hasty_callers_do_not_open_the_circuit_breaker() {
    let mut scenario = Scenario::new();
    let hasty = CallOptions::new().total_timeout(Duration::from_millis(20));
    for _ in 0..5 {
        let trace = scenario.call(&describe(), hasty.clone(), &[Never, Never]);
        assert!(trace.contains("send cn-shanghai"), "{trace}");
    }
    let patient = scenario.describe(&[Responds(0, 200, OK)]);
    assert!(patient.contains("send cn-shanghai"), "{patient}");
}

#[test]
fn time_outs_of_brisk_callers_open_the_circuit_breaker() {
    let mut scenario = Scenario::new();
    let brisk = CallOptions::new().total_timeout(Duration::from_secs(2));
    for _ in 0..5 {
        let trace = scenario.call(&describe(), brisk.clone(), &[Never, Responds(0, 200, OK)]);
        assert!(trace.contains("done"), "{trace}");
    }
    let away = scenario.call(&describe(), brisk, &[Responds(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
}
