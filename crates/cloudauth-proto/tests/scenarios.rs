//! Stories of calls, told as traces: when who was asked, what came back, how it ended.
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test")]

use core::fmt::Write;
use core::time::Duration;

use cloudauth_proto::ops::{CertifyId, DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Effect, Endpoint, Error, ExchangeId, Failure, Flow, Head,
    MonoTime, Now, Operation, Params, Policy, Problem, Repeat, Response, Sent, Session, Step,
    Terms, UnixTime,
};

/// What an exchange meets, and after how many milliseconds.
#[derive(Clone, Copy)]
enum Met {
    Refused(u64),
    Lost(u64),
    Answer(u64, u16, &'static str),
    /// With a header.
    Told(u64, u16, &'static str, &'static str, &'static str),
    Silence,
}
use Met::{Answer, Lost, Refused, Silence, Told};

const OK: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","Passed":"T"}}"#;
const UNKNOWN: &str = r#"{"Code":"406"}"#;
const THROTTLED: &str = r#"{"Code":"Throttling.User"}"#;
const EXPIRED: &str = r#"{"Code":"InvalidTimeStamp.Expired"}"#;
const NONCE_USED: &str = r#"{"Code":"SignatureNonceUsed"}"#;
const NO_ACCESS: &str = r#"{"Code":"Forbidden.RAM"}"#;

/// A session and its time.
struct Story {
    session: Session,
    millis: u64,
    /// How far our clock is ahead of the service's, which has 2027-01-15T08:00:00Z at zero.
    ahead: i64,
}

#[derive(Default)]
struct Trace(String);

impl Trace {
    fn tell(&mut self, millis: u64, text: &str) {
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        writeln!(self.0, "{seconds:3}.{millis:03} {text}").unwrap();
    }
}

impl Story {
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

    /// Pauses are drawn at random; here they are all nothing, so that the traces are round.
    fn without_pauses() -> Self {
        let mut policy = Policy::default();
        policy.pause = Duration::ZERO;
        Self::with(policy)
    }

    fn now(&self) -> Now {
        let service = 1_800_000_000 + self.millis / 1_000;
        Now {
            mono: MonoTime::new(Duration::from_millis(self.millis)),
            unix: UnixTime::from_seconds(service.saturating_add_signed(self.ahead)),
        }
    }

    fn ask<O: Operation>(&mut self, operation: &O, options: CallOptions, script: &[Met]) -> String {
        let mut call = Call::new(operation, options).unwrap();
        let mut script = script.iter().copied();
        let mut coming: Vec<(u64, ExchangeId, Met)> = Vec::new();
        let mut trace = Trace::default();
        loop {
            let now = self.now();
            let step = call.poll(&mut self.session, now);
            let mut tell = |text: &str| trace.tell(self.millis, text);
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
                    tell(&format!("send {to} at {}{retry}", &stamp[11..19]));
                    let met = script.next().expect("another send than the script has");
                    let takes = match met {
                        Refused(takes) | Lost(takes) | Answer(takes, ..) | Told(takes, ..) => takes,
                        Silence => u64::MAX / 2,
                    };
                    coming.push((self.millis + takes, exchange.id(), met));
                }
                Step::Abandon(id) => {
                    coming.retain(|(_, other, _)| *other != id);
                    tell("abandon");
                }
                Step::Wait(until) => {
                    let zero = MonoTime::default();
                    // Times of this story are whole milliseconds.
                    let until = until.saturating_since(zero).as_micros().div_ceil(1_000);
                    let until = u64::try_from(until).unwrap();
                    assert!(until > self.millis, "waits for what is past");
                    coming.sort_by_key(|(at, ..)| *at);
                    match coming.first() {
                        Some((at, ..)) if *at <= until => {
                            let (at, id, met) = coming.remove(0);
                            self.millis = at;
                            let (text, reply) = reply(met);
                            trace.tell(at, &text);
                            let now = self.now();
                            call.report(&mut self.session, id, reply, now);
                        }
                        _ => self.millis = until,
                    }
                }
                Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
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
                    tell(&end);
                    return trace.0;
                }
            }
        }
    }

    fn describe(&mut self, script: &[Met]) -> String {
        self.ask(&describe(), CallOptions::new(), script)
    }

    fn pass(&mut self, seconds: u64) {
        self.millis += seconds * 1_000;
    }
}

fn reply(met: Met) -> (String, Result<Response, Failure>) {
    let answer = |status, headers, body: &str| {
        let response = Response::new(Head::new(status, headers), body.into());
        (format!("answer {status}"), Ok(response))
    };
    match met {
        Refused(_) => ("refused".into(), Err(Failure::new(Sent::No, "refused"))),
        Lost(_) => ("lost".into(), Err(Failure::new(Sent::Maybe, "lost"))),
        Answer(_, status, body) => answer(status, Vec::new(), body),
        Told(_, status, body, name, value) => {
            answer(status, vec![(name.into(), value.into())], body)
        }
        Silence => unreachable!("silence never ends"),
    }
}

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1, "sha1")
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1, "order1", "LR_FR")
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

    fn encode(&self, _: &mut Params) {}
}

#[track_caller]
fn told(trace: &str, lines: &[&str]) {
    let trace: Vec<&str> = trace.lines().map(str::trim_start).collect();
    assert_eq!(trace, lines);
}

#[test]
fn a_region_that_refuses_is_left_at_once() {
    let mut story = Story::new();
    let trace = story.describe(&[Refused(1), Answer(30, 200, OK)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 refused",
            "0.001 send cn-beijing at 08:00:00 retry 1 after 0 ms",
            "0.031 answer 200",
            "0.031 done after 2",
        ],
    );
}

#[test]
fn a_region_that_is_silent_is_left_when_its_time_is_over() {
    let mut story = Story::new();
    let trace = story.describe(&[Silence, Answer(30, 200, OK)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "20.000 abandon",
            "20.000 send cn-beijing at 08:00:20 retry 1 after 0 ms",
            "20.030 answer 200",
            "20.030 done after 2",
        ],
    );
}

#[test]
fn five_failures_in_a_row_make_a_region_rest_and_one_call_tries_it_again() {
    let mut story = Story::new();
    for _ in 0..5 {
        story.describe(&[Refused(0), Answer(0, 200, OK)]);
    }
    let away = story.describe(&[Answer(0, 200, OK)]);
    told(
        &away,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.000 answer 200",
            "0.000 done after 1",
        ],
    );
    story.pass(5);
    let probe = story.describe(&[Refused(0), Answer(0, 200, OK)]);
    assert!(probe.contains("5.000 send cn-shanghai"), "{probe}");
    let away = story.describe(&[Answer(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
    story.pass(5);
    let healed = story.describe(&[Answer(0, 200, OK)]);
    assert!(healed.contains("10.000 send cn-shanghai"), "{healed}");
    let back = story.describe(&[Answer(0, 200, OK)]);
    assert!(back.contains("10.000 send cn-shanghai"), "{back}");
}

#[test]
fn a_probe_that_vanishes_holds_its_place_only_for_its_time() {
    let mut story = Story::new();
    for _ in 0..5 {
        story.describe(&[Refused(0), Answer(0, 200, OK)]);
    }
    story.pass(5);
    let mut dropped = Call::new(&describe(), CallOptions::new()).unwrap();
    let now = story.now();
    let step = dropped.poll(&mut story.session, now);
    assert!(matches!(step, Step::Send(_)));
    drop(dropped);
    story.pass(19);
    let away = story.describe(&[Answer(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
    story.pass(1);
    let back = story.describe(&[Answer(0, 200, OK)]);
    assert!(back.contains("send cn-shanghai"), "{back}");
}

#[test]
fn when_all_regions_rest_a_call_still_makes_its_one_attempt() {
    let mut story = Story::without_pauses();
    for _ in 0..5 {
        story.ask(&Pay, CallOptions::new(), &[Refused(0), Lost(0)]);
    }
    let trace = story.ask(&Pay, CallOptions::new(), &[Refused(7)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.007 refused",
            "0.007 exhausted",
        ],
    );
}

#[test]
fn refusals_and_throttling_never_make_a_region_rest() {
    let mut story = Story::without_pauses();
    for _ in 0..20 {
        story.describe(&[Answer(0, 403, NO_ACCESS)]);
    }
    for _ in 0..20 {
        story.pass(60);
        story.describe(&[Answer(0, 400, THROTTLED), Answer(0, 200, OK)]);
    }
    let trace = story.describe(&[Answer(0, 200, OK)]);
    assert!(trace.contains("send cn-shanghai"), "{trace}");
}

#[test]
fn any_answer_breaks_a_row_of_failures() {
    let for_long = Told(0, 400, THROTTLED, "x-acs-retry-after", "60000");
    for answer in [Answer(0, 403, NO_ACCESS), for_long] {
        let mut story = Story::without_pauses();
        for _ in 0..4 {
            for _ in 0..4 {
                story.describe(&[Refused(0), Answer(0, 200, OK)]);
            }
            story.describe(&[answer]);
        }
        let trace = story.describe(&[Answer(0, 200, OK)]);
        assert!(trace.contains("send cn-shanghai"), "{trace}");
    }
}

#[test]
fn what_bills_each_time_is_not_sent_again_on_doubt() {
    let mut story = Story::new();
    let trace = story.ask(&Pay, CallOptions::new(), &[Lost(5)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.005 lost",
            "0.005 uncertain",
        ],
    );
    let even = CallOptions::new().repeat(Repeat::EvenIfUncertain);
    let trace = story.ask(&Pay, even, &[Lost(5), Answer(5, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
}

#[test]
fn a_verification_is_opened_again_unless_the_caller_wants_certainty() {
    let script = [Lost(5), Answer(5, 200, OK)];
    let trace = Story::new().ask(&init(), CallOptions::new(), &script);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    let certain = CallOptions::new().repeat(Repeat::OnlyIfCertain);
    let trace = Story::new().ask(&init(), certain, &script[..1]);
    assert!(trace.ends_with("uncertain\n"), "{trace}");
}

#[test]
fn a_throttled_call_waits_as_long_as_the_service_says() {
    let mut story = Story::without_pauses();
    let throttled = Told(1, 400, THROTTLED, "x-acs-retry-after", "2500");
    let trace = story.describe(&[throttled, Answer(1, 200, OK)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 answer 400",
            "2.501 send cn-shanghai at 08:00:02 retry 1 after 2500 ms",
            "2.502 answer 200",
            "2.502 done after 2",
        ],
    );
    let busy = Told(0, 429, "", "retry-after", "3");
    let trace = story.describe(&[busy, Answer(0, 200, OK)]);
    assert!(trace.contains("retry 1 after 3000 ms"), "{trace}");
}

#[test]
fn a_throttled_call_does_not_wait_for_what_comes_after_its_time() {
    let mut story = Story::without_pauses();
    let throttled = Told(1, 400, THROTTLED, "x-acs-retry-after", "30000");
    let trace = story.describe(&[throttled]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.001 answer 400",
            r#"0.001 refused: Some("Throttling.User")"#,
        ],
    );
}

#[test]
fn pauses_between_attempts_at_the_same_region_are_drawn_and_grow() {
    let mut story = Story::new();
    let trace = story.ask(
        &describe(),
        CallOptions::new().endpoint(Endpoint::BEIJING),
        &[Lost(0), Lost(0), Lost(0), Answer(0, 200, OK)],
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
fn a_wrong_clock_is_corrected_once_and_remembered() {
    for ahead in [3_600, -3_600] {
        let mut story = Story::new();
        story.ahead = ahead;
        let expired = Told(0, 400, EXPIRED, "date", "Fri, 15 Jan 2027 08:00:00 GMT");
        let trace = story.describe(&[expired, Answer(0, 200, OK)]);
        let wrong = if ahead > 0 { "09" } else { "07" };
        told(
            &trace,
            &[
                &format!("0.000 send cn-shanghai at {wrong}:00:00"),
                "0.000 answer 400",
                "0.000 send cn-shanghai at 08:00:00 retry 1 after 0 ms",
                "0.000 answer 200",
                "0.000 done after 2",
            ],
        );
        let later = story.describe(&[Answer(0, 200, OK)]);
        assert!(later.contains("send cn-shanghai at 08:00:00\n"), "{later}");
    }
}

#[test]
fn a_clock_that_is_right_or_absurdly_corrected_is_left_alone() {
    for date in [
        "Fri, 15 Jan 2027 08:00:00 GMT",
        "Sun, 17 Jan 2027 08:00:00 GMT",
        "no date",
    ] {
        let trace = Story::new().describe(&[Told(0, 400, EXPIRED, "date", date)]);
        assert!(
            trace.ends_with("refused: Some(\"InvalidTimeStamp.Expired\")\n"),
            "{trace}"
        );
    }
}

#[test]
fn a_nonce_that_was_used_is_replaced_once() {
    let used = Answer(0, 400, NONCE_USED);
    let trace = Story::new().describe(&[used, Answer(0, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    let trace = Story::new().describe(&[used, used]);
    assert!(
        trace.ends_with("refused: Some(\"SignatureNonceUsed\")\n"),
        "{trace}"
    );
    let trace = Story::new().ask(&Pay, CallOptions::new(), &[used]);
    assert!(trace.ends_with("uncertain\n"), "{trace}");
}

#[test]
fn a_question_without_an_answer_is_asked_elsewhere_too_and_the_first_answer_counts() {
    let mut story = Story::new();
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = story.ask(&describe(), hedged.clone(), &[Silence, Answer(30, 200, OK)]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "0.200 send cn-beijing at 08:00:00",
            "0.230 answer 200",
            "0.230 abandon",
            "0.230 done after 2",
        ],
    );
    let quick = story.ask(&describe(), hedged.clone(), &[Answer(199, 200, OK)]);
    assert!(quick.ends_with("done after 1\n"), "{quick}");
    // The second is lost: the first may still be answered.
    let script = [Answer(500, 200, OK), Lost(10)];
    let trace = story.ask(&describe(), hedged, &script);
    assert!(
        trace.contains("0.639 lost\n  0.929 answer 200\n"),
        "{trace}"
    );
}

/// Hedges until there is no budget for more, and says how many calls were hedged.
fn drain(story: &mut Story) -> usize {
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(1));
    let script = [Answer(2, 200, OK), Answer(900, 200, OK)];
    let is_hedged = |_: &usize| {
        let trace = story.ask(&describe(), hedged.clone(), &script);
        trace.matches("send").count() == 2
    };
    (0..20).filter(is_hedged).count()
}

#[test]
fn hedges_are_paid_from_the_budget() {
    let mut story = Story::new();
    // Five in the budget; twenty calls pay for one or two more.
    assert!((5..=7).contains(&drain(&mut story)));
    story.pass(10);
    assert!((5..=7).contains(&drain(&mut story)));
}

#[test]
fn without_a_budget_a_healthy_region_is_still_asked_but_no_struck_one_again() {
    let mut story = Story::without_pauses();
    drain(&mut story);
    let trace = story.describe(&[Refused(0), Answer(0, 200, OK)]);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
    story.pass(10);
    drain(&mut story);
    let trace = story.describe(&[Refused(0), Refused(0)]);
    assert!(trace.ends_with("exhausted\n"), "{trace}");
    story.pass(10);
    let trace = story.describe(&[Refused(0), Refused(0), Refused(0), Answer(0, 200, OK)]);
    assert!(trace.ends_with("done after 4\n"), "{trace}");
}

#[test]
fn a_region_that_rests_is_not_hedged_to_and_none_is_asked_twice_at_once() {
    let mut story = Story::without_pauses();
    let pinned = CallOptions::new().endpoint(Endpoint::BEIJING);
    for _ in 0..5 {
        story.ask(&Pay, pinned.clone(), &[Lost(0)]);
    }
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = story.ask(&describe(), hedged, &[Answer(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
}

#[test]
fn only_questions_are_hedged() {
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let trace = Story::new().ask(&init(), hedged.clone(), &[Answer(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
    let trace = Story::new().ask(&Pay, hedged, &[Answer(900, 200, OK)]);
    assert!(trace.ends_with("done after 1\n"), "{trace}");
}

#[test]
fn a_verification_is_asked_for_where_it_was_opened() {
    let of_beijing = CertifyId::new("sha1").of(Endpoint::BEIJING);
    let question = DescribeFaceVerify::new(1, of_beijing);
    let mut story = Story::without_pauses();
    let trace = story.ask(&question, CallOptions::new(), &[Answer(1, 200, UNKNOWN)]);
    told(
        &trace,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.001 answer 200",
            r#"0.001 refused: Some("406")"#,
        ],
    );
}

#[test]
fn another_region_s_not_found_settles_nothing_while_home_is_silent() {
    let of_beijing = CertifyId::new("sha1").of(Endpoint::BEIJING);
    let question = DescribeFaceVerify::new(1, of_beijing);
    let script = [
        Refused(1),
        Answer(1, 200, UNKNOWN),
        Refused(1),
        Answer(1, 200, UNKNOWN),
    ];
    let trace = Story::without_pauses().ask(&question, CallOptions::new(), &script);
    told(
        &trace,
        &[
            "0.000 send cn-beijing at 08:00:00",
            "0.001 refused",
            "0.001 send cn-shanghai at 08:00:00 retry 1 after 0 ms",
            "0.002 answer 200",
            "0.002 send cn-beijing at 08:00:00 retry 2 after 0 ms",
            "0.003 refused",
            "0.003 send cn-shanghai at 08:00:00 retry 3 after 0 ms",
            "0.004 answer 200",
            "0.004 exhausted",
        ],
    );
    // What another region does know counts.
    let script = [Refused(1), Answer(1, 200, OK)];
    let trace = Story::new().ask(&question, CallOptions::new(), &script);
    assert!(trace.ends_with("done after 2\n"), "{trace}");
}

#[test]
fn another_region_s_not_found_does_not_win_a_hedge() {
    let of_beijing = CertifyId::new("sha1").of(Endpoint::BEIJING);
    let question = DescribeFaceVerify::new(1, of_beijing);
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(200));
    let script = [Answer(900, 200, OK), Answer(10, 200, UNKNOWN)];
    let trace = Story::new().ask(&question, hedged, &script);
    assert!(
        trace.ends_with("0.900 answer 200\n  0.900 done after 2\n"),
        "{trace}"
    );
}

#[test]
fn a_call_that_is_pinned_asks_nobody_else() {
    let pinned = CallOptions::new().endpoint(Endpoint::BEIJING);
    let script = [Refused(0), Refused(0), Refused(0), Refused(0)];
    let trace = Story::without_pauses().ask(&describe(), pinned, &script);
    assert!(!trace.contains("cn-shanghai"), "{trace}");
    assert!(trace.ends_with("exhausted\n"), "{trace}");
}

#[test]
fn a_call_s_own_total_time_counts() {
    let short = CallOptions::new().total_timeout(Duration::from_millis(1_500));
    let trace = Story::new().ask(&describe(), short, &[Silence]);
    told(
        &trace,
        &[
            "0.000 send cn-shanghai at 08:00:00",
            "1.500 abandon",
            "1.500 exhausted",
        ],
    );
}

#[test]
fn a_rate_limit_lets_calls_wait_for_their_turn() {
    let mut story = Story::new();
    story.session = story.session.rate_limit("DescribeFaceVerify", 2);
    let starts: Vec<String> = (0..5)
        .map(|_| {
            let trace = story.describe(&[Answer(0, 200, OK)]);
            trace.split_whitespace().next().unwrap().to_owned()
        })
        .collect();
    assert_eq!(starts, ["0.000", "0.000", "0.500", "1.000", "1.500"]);
    let other = story.ask(&init(), CallOptions::new(), &[Answer(0, 200, OK)]);
    assert!(other.starts_with("  1.500 send"), "{other}");
}

#[test]
fn in_a_total_outage_few_calls_are_repeated() {
    let mut story = Story::without_pauses();
    let mut sends = 0;
    for _ in 0..1_000 {
        story.millis += 10;
        let trace = story.describe(&[Refused(0), Refused(0), Refused(0), Refused(0)]);
        sends += trace.matches("send").count();
    }
    assert!((1_000..=1_110).contains(&sends), "{sends}");
}

#[test]
fn a_caller_with_no_time_does_not_blame_the_region() {
    let mut story = Story::new();
    let hasty = CallOptions::new().total_timeout(Duration::from_millis(20));
    for _ in 0..5 {
        let trace = story.ask(&describe(), hasty.clone(), &[Silence]);
        assert!(trace.contains("send cn-shanghai"), "{trace}");
    }
    let patient = story.describe(&[Answer(0, 200, OK)]);
    assert!(patient.contains("send cn-shanghai"), "{patient}");
}

#[test]
fn a_caller_with_little_time_leaves_a_dead_region_in_the_end() {
    let mut story = Story::new();
    let brisk = CallOptions::new().total_timeout(Duration::from_secs(1));
    for _ in 0..5 {
        let trace = story.ask(&describe(), brisk.clone(), &[Silence]);
        assert!(trace.contains("exhausted"), "{trace}");
    }
    let away = story.ask(&describe(), brisk, &[Answer(0, 200, OK)]);
    assert!(away.contains("send cn-beijing"), "{away}");
}
