//! What a session recorded replays to the same decisions, and a recording that was cut or edited is refused.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::time::Duration;
use std::sync::{Arc, Mutex};

use cloudauth_proto::driver::{Delivery, ExchangeId, Failure, Head, MonoTime, Now, Response};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::trace::Trace;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Flow, Operation, Policy, Session, Step, UnixTime,
};

/// What a session wrote.
#[derive(Clone, Default)]
struct Recording(Arc<Mutex<String>>);

impl Recording {
    fn session(&self) -> Session {
        let key = Credentials::access_key("testid", "testsecret").unwrap();
        let (text, mut shortest) = (Arc::clone(&self.0), Policy::default());
        shortest.base_backoff = Duration::from_millis(200);
        Session::new(key, [7; 32])
            .policy(shortest)
            .rate_limit("DescribeFaceVerify", 6)
            .max_billed(100, Duration::from_secs(3_600))
            .record_trace(move |line| text.lock().unwrap().push_str(line))
    }

    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// How an exchange ends.
#[derive(Clone, Copy)]
enum End {
    Refused,
    Lost,
    Responds(u16, &'static str),
    Never,
}
use End::{Lost, Never, Refused, Responds};

const OK: &str = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","Passed":"T"}}"#;

fn end(end: End) -> Option<Result<Response, Failure>> {
    match end {
        Refused => Some(Err(Failure::new(Delivery::NotSent, "refused"))),
        Lost => Some(Err(Failure::new(Delivery::MaybeSent, "reset"))),
        Responds(status, body) => {
            let date = (
                "date".to_owned(),
                "Fri, 15 Jan 2027 09:00:00 GMT".to_owned(),
            );
            let retry_after = ("retry-after".to_owned(), "1".to_owned());
            let head = Head::new(status, vec![date, retry_after]);
            Some(Ok(Response::new(head, body.into())))
        }
        Never => None,
    }
}

struct Script {
    session: Session,
    millis: u64,
}

impl Script {
    fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(Duration::from_millis(self.millis)),
            unix: UnixTime::from_seconds(1_800_000_000 + self.millis / 1_000),
        }
    }

    /// Runs a call. Its exchanges end like this, each after 50 ms.
    fn call<O: Operation>(&mut self, operation: &O, options: CallOptions, ends: &[End]) {
        let mut call = Call::new(operation, options).unwrap();
        let mut ends = ends.iter();
        let mut pending: Vec<(ExchangeId, End)> = Vec::new();
        loop {
            let now = self.now();
            match call.poll(&mut self.session, now) {
                Step::Send(exchange) => {
                    pending.push((exchange.id(), *ends.next().unwrap_or(&Never)));
                }
                Step::Abandon(id) => pending.retain(|(pending, _)| *pending != id),
                Step::Wait(until) => {
                    self.millis += 50;
                    let now = self.now();
                    let next = pending.iter().position(|(_, end)| !matches!(end, Never));
                    if let Some(next) = next {
                        let (id, ending) = pending.remove(next);
                        let result = end(ending).unwrap();
                        call.report(&mut self.session, id, result, now);
                    } else {
                        let wait = until.saturating_since(now.mono);
                        self.millis += u64::try_from(wait.as_millis()).unwrap() + 1;
                    }
                }
                Step::Done(_) => break,
                Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. } => panic!("a step of no call with given credentials"),
            }
        }
        for (id, _) in pending {
            let now = self.now();
            self.session.release_exchange(id, now);
        }
    }
}

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1_000_000_006, "sha1")
}

/// A recording in which everything happens that a call can meet.
fn recorded() -> String {
    let recording = Recording::default();
    let mut script = Script {
        session: recording.session(),
        millis: 1_000,
    };
    let plain = CallOptions::new;
    let hedged = plain().hedge_after(Duration::from_millis(20));
    script.call(&describe(), hedged, &[Never, Responds(200, OK)]);
    for _ in 0..4 {
        script.call(&describe(), plain(), &[Refused, Responds(200, OK)]);
    }
    script.call(
        &describe(),
        plain(),
        &[Lost, Responds(503, "{}"), Responds(200, OK)],
    );
    let key = Credentials::access_key("other", "secret").unwrap();
    let throttled = Responds(400, r#"{"Code":"Throttling.User"}"#);
    script.call(
        &describe(),
        plain().credentials(key),
        &[throttled, throttled, throttled],
    );
    let open = InitFaceVerify::new(1, "order", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    let skewed = Responds(400, r#"{"Code":"InvalidTimeStamp.Expired"}"#);
    script.call(&describe(), plain(), &[skewed, Responds(200, OK)]);
    script.call(&open, plain(), &[Never, Lost, Lost, Lost]);
    let pages = [Responds(200, "<html>"), Responds(200, "<html>")];
    script.call(&describe(), plain(), &pages);
    let unknown = Responds(200, r#"{"Code":"406","Message":"x"}"#);
    script.call(&describe(), plain(), &[unknown]);
    drop(script);
    recording.text()
}

#[test]
fn what_was_recorded_replays_to_the_same_decisions() {
    let text = recorded();
    let trace = Trace::parse(&text).unwrap();
    trace.replay().unwrap();
    for part in [
        "\"drew\"",
        "\"open\"",
        "\"superseded\"",
        "\"timed_out\"",
        "throttled",
        "clock_skew",
    ] {
        assert!(text.contains(part), "{part}");
    }
}

/// The lines of a recording, each with its newline.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

#[test]
fn a_recording_that_was_cut_is_refused_at_the_line_where_it_ends() {
    let text = recorded();
    let lines = lines(&text);
    for kept in 0..lines.len() {
        let error = Trace::parse(&lines[..kept].concat()).unwrap_err();
        assert_eq!(error.line, kept + 1, "{error}");
        let half = &lines[kept][..lines[kept].len() / 2];
        let error = Trace::parse(&(lines[..kept].concat() + half)).unwrap_err();
        assert_eq!(error.line, kept + 1, "{error}");
    }
    for missing in 0..lines.len() - 1 {
        let rest = [&lines[..missing], &lines[missing + 1..]].concat().concat();
        let error = Trace::parse(&rest).unwrap_err();
        assert_eq!(error.line, missing + 1, "{error}");
    }
    let twice = format!("{text}{}", lines[1]);
    assert_eq!(Trace::parse(&twice).unwrap_err().line, lines.len() + 1);
    assert_eq!(Trace::parse("").unwrap_err().line, 1);
}

#[test]
fn an_edited_byte_is_refused_at_its_line() {
    let text = recorded();
    for (at, line) in lines(&text).iter().enumerate() {
        let before = lines(&text)[..at].concat();
        let after = lines(&text)[at + 1..].concat();
        // Every byte of the first lines, and some of all others.
        let step = if at < 4 { 1 } else { 7 };
        for edited in (0..line.len()).rev().step_by(step) {
            let mut bytes = line.as_bytes().to_vec();
            bytes[edited] ^= 1;
            let edit = String::from_utf8(bytes).unwrap();
            let error = Trace::parse(&format!("{before}{edit}{after}")).unwrap_err();
            assert_eq!(error.line, at + 1, "{edit}: {error}");
        }
    }
}

#[test]
fn another_version_and_another_format_are_refused_by_name() {
    let text = recorded();
    let other = text.replacen("\"version\":1", "\"version\":2", 1);
    let error = Trace::parse(&other).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1: version 2 of the format is not known, only 1 is"
    );
    for text in [
        "{}",
        "null",
        "\u{feff}",
        "<html>",
        "{\"format\":\"x\",\"version\":1}",
    ] {
        let error = Trace::parse(text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 1: this is not a recording of the format cloudauth-trace"
        );
    }
}

#[test]
fn under_another_policy_the_first_other_decision_is_reported_by_its_line() {
    let text = recorded();
    let trace = Trace::parse(&text).unwrap();
    let mut once = trace.policy();
    once.max_attempts = 1;
    let difference = trace.replay_with(once).unwrap_err();
    // The first call is not hedged.
    assert_eq!(difference.line, 4, "{difference}");
    assert_eq!(trace.lines().nth(3), Some(&*difference.recorded));
    let mut hasty = trace.policy();
    hasty.base_backoff = Duration::ZERO;
    let difference = trace.replay_with(hasty).unwrap_err();
    assert_eq!(difference.line, 53, "{difference}");
    assert!(difference.recorded.contains("\"drew\""), "{difference}");
}

/// Written by the first version that had recordings. `CLOUDAUTH_RECORD=1` writes it again, for decisions that were
/// changed on purpose.
#[test]
fn an_old_recording_replays_to_the_same_decisions() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recorded.trace");
    if std::env::var_os("CLOUDAUTH_RECORD").is_some() {
        std::fs::write(path, recorded()).unwrap();
    }
    let trace = Trace::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    if let Err(difference) = trace.replay() {
        panic!("{difference}");
    }
}
