//! A verification watched from its opening to its verdict, in simulated time.
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use core::time::Duration;

use cloudauth_proto::ops::{CertifyId, DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{Verified, Watch};
use cloudauth_proto::{
    Call, CallOptions, Error, Flow, Head, MonoTime, Now, Response, Step, UnixTime,
};
use cloudauth_sim::simulation::{Handle, Simulation};
use cloudauth_sim::{Fault, Incoming, Region, Times, Verdict, World};
use common::session;

const SCENE: i64 = 1_000_000_006;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

type Watched = Result<Option<Verified>, Error>;

/// A simulation in which a verification was opened at the beginning.
struct Story {
    simulated: Simulation,
    id: CertifyId,
}

impl Story {
    fn new() -> Self {
        let mut simulated = Simulation::new(session(), World::new());
        let open = InitFaceVerify::new(SCENE, "order1", "LR_FR");
        let open = Call::new(&open, CallOptions::new()).unwrap();
        let id = simulated.call(open).unwrap().value.certify_id;
        Self { simulated, id }
    }

    fn question(&self) -> DescribeFaceVerify {
        DescribeFaceVerify::new(SCENE, self.id.clone())
    }

    fn watch(&mut self) -> Handle<Option<Verified>> {
        let watch = Watch::new(self.question());
        self.simulated.start(Duration::ZERO, watch)
    }

    fn finish(&mut self, at: Duration, verdict: Verdict) {
        self.simulated.run_until(at);
        let now = self.simulated.now().unix.seconds();
        let world = &mut self.simulated.world;
        world.finish(self.id.as_str(), verdict, now).unwrap();
    }

    fn asked(&self) -> usize {
        self.simulated.world.executions("DescribeFaceVerify")
    }

    /// Runs to the end; how long the watch took, and what it came to.
    fn end(&mut self, handle: &Handle<Option<Verified>>) -> (Duration, Watched) {
        self.simulated.run();
        assert!(
            self.simulated.breaches().is_empty(),
            "{}",
            self.simulated.trace()
        );
        let took = self.simulated.told(handle).took().unwrap();
        (took, handle.take().unwrap())
    }
}

#[test]
fn it_asks_until_there_is_a_verdict() {
    for (verdict, passed) in [(Verdict::Passed, true), (Verdict::FaceMismatch, false)] {
        let mut story = Story::new();
        let handle = story.watch();
        story.simulated.run_until(30 * SECOND);
        story
            .simulated
            .world
            .handle(Region::Shanghai, &visit(&story.id), 0); // 403 from here on
        story.finish(90 * SECOND, verdict);
        let (took, result) = story.end(&handle);
        let verified = result.unwrap().unwrap();
        assert_eq!(verified.has_passed(), passed);
        assert_eq!(verified.certify_id(), &story.id);
        assert_eq!(
            verified.outcome().unwrap().sub_code,
            Some(verdict.sub_code())
        );
        assert!(90 * SECOND <= took && took < 106 * SECOND, "{took:?}");
        // Once at once, then after 1, 2, 4, 8, 15, 15 ... seconds or as little as half of that.
        assert!((8..=18).contains(&story.asked()), "{}", story.asked());
    }
}

fn visit(id: &CertifyId) -> Incoming {
    Incoming::new("GET", format!("/verify/{id}"), Vec::new(), Vec::new())
}

#[test]
fn it_ends_when_the_thirty_minutes_are_over() {
    let mut story = Story::new();
    let handle = story.watch();
    let (took, result) = story.end(&handle);
    assert!(result.unwrap().is_none());
    assert!(
        30 * MINUTE <= took && took < 30 * MINUTE + SECOND,
        "{took:?}"
    );
    assert!((120..=250).contains(&story.asked()), "{}", story.asked());
}

#[test]
fn what_was_submitted_in_the_last_moment_is_not_lost() {
    let mut story = Story::new();
    let handle = story.watch();
    story.finish(29 * MINUTE + 59 * SECOND, Verdict::Passed);
    let (_, result) = story.end(&handle);
    assert!(result.unwrap().unwrap().has_passed());
}

#[test]
fn a_watch_that_is_begun_again_ends_when_the_first_would_have() {
    let mut story = Story::new();
    let opened = story.simulated.now().unix;
    story.simulated.run_until(20 * MINUTE);
    let watch = Watch::new(story.question()).opened_at(opened);
    let handle = story.simulated.start(Duration::ZERO, watch);
    let (took, result) = story.end(&handle);
    assert!(result.unwrap().is_none());
    assert!(
        10 * MINUTE <= took + SECOND && took < 10 * MINUTE + SECOND,
        "{took:?}"
    );

    // The sweep: long over, asked once.
    let asked = story.asked();
    let watch = Watch::new(story.question()).opened_at(opened);
    let handle = story.simulated.start(Duration::ZERO, watch);
    let (took, result) = story.end(&handle);
    assert!(result.unwrap().is_none() && took < SECOND);
    assert_eq!(story.asked() - asked, 1);
}

#[test]
fn a_clock_in_the_future_does_not_make_it_longer() {
    let mut story = Story::new();
    let ahead = UnixTime::from_seconds(story.simulated.now().unix.seconds() + 7_200);
    let watch = Watch::new(story.question()).opened_at(ahead);
    let handle = story.simulated.start(Duration::ZERO, watch);
    let (took, _) = story.end(&handle);
    assert!(took < 30 * MINUTE + SECOND, "{took:?}");
}

#[test]
fn once_is_one_question() {
    let mut story = Story::new();
    let once = Watch::once(story.question());
    assert!(story.simulated.call(once).unwrap().is_none());
    assert_eq!(story.asked(), 1);
    story.finish(SECOND, Verdict::Passed);
    let once = Watch::once(story.question());
    assert!(story.simulated.call(once).unwrap().unwrap().has_passed());
    assert_eq!(story.asked(), 2);
}

#[test]
fn an_outage_in_the_middle_does_not_end_it() {
    for fault in [Fault::Status(503), Fault::Refuse, throttled()] {
        let mut story = Story::new();
        let handle = story.watch();
        story.simulated.run_until(MINUTE);
        for region in Region::ALL {
            story
                .simulated
                .world
                .inject(region, fault.clone(), Times::Always);
        }
        story.finish(10 * MINUTE, Verdict::Passed);
        story.simulated.world.clear_faults();
        let (took, result) = story.end(&handle);
        assert!(result.unwrap().unwrap().has_passed());
        assert!(took < 10 * MINUTE + 60 * SECOND, "{took:?}");
    }
}

#[test]
fn an_outage_at_the_end_is_the_error() {
    let mut story = Story::new();
    let handle = story.watch();
    for region in Region::ALL {
        story
            .simulated
            .world
            .inject(region, Fault::Status(503), Times::Always);
    }
    let (took, result) = story.end(&handle);
    assert!(took >= 30 * MINUTE);
    let error = result.unwrap_err();
    assert!(
        matches!(error, Error::Service(_) | Error::Exhausted(_)),
        "{error}"
    );
}

fn throttled() -> Fault {
    custom(400, r#"{"Code":"Throttling.User"}"#)
}

fn custom(status: u16, body: &str) -> Fault {
    let body = body.into();
    Fault::Custom { status, body }
}

#[test]
fn what_does_not_pass_ends_it_at_once() {
    for (status, body, code) in [
        (403, r#"{"Code":"Forbidden.RAM"}"#, "Forbidden.RAM"),
        (200, r#"{"Code":"401"}"#, "401"),
        (200, r#"{"Code":"427"}"#, "427"),
        (200, r#"{"Code":"999"}"#, "999"),
    ] {
        let mut story = Story::new();
        for region in Region::ALL {
            story
                .simulated
                .world
                .inject(region, custom(status, body), Times::Always);
        }
        let handle = story.watch();
        let (took, result) = story.end(&handle);
        let Err(Error::Service(fault)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(fault.code.as_deref(), Some(code));
        assert!(took < SECOND, "{took:?}");
    }
}

#[test]
fn an_answer_without_passed_is_no_verdict() {
    let mut story = Story::new();
    let nothing = custom(
        200,
        r#"{"Code":"200","ResultObject":{"SubCode":"200","Passed":""}}"#,
    );
    story
        .simulated
        .world
        .inject(Region::Shanghai, nothing, Times::N(3));
    let handle = story.watch();
    story.finish(SECOND / 2, Verdict::Passed);
    let (took, result) = story.end(&handle);
    assert!(result.unwrap().unwrap().has_passed());
    assert!(took > SECOND);
}

#[test]
fn its_questions_keep_to_the_session_s_rate() {
    let limited = session().rate_limit("DescribeFaceVerify", 1);
    let mut simulated = Simulation::new(limited, World::new());
    let question = || DescribeFaceVerify::new(SCENE, "sha0");
    let handles = [(); 5].map(|()| simulated.start(Duration::ZERO, Watch::once(question())));
    simulated.run();
    let last = handles
        .iter()
        .map(|it| simulated.told(it).took().unwrap())
        .max();
    assert!(last.unwrap() >= 4 * SECOND, "{last:?}");
}

#[test]
fn a_late_report_of_an_earlier_question_changes_nothing() {
    let mut session = session();
    let now = |seconds| Now {
        mono: MonoTime::new(Duration::from_secs(seconds)),
        unix: UnixTime::from_seconds(1_800_000_000 + seconds),
    };
    let passed = || {
        let body = r#"{"Code":"200","ResultObject":{"Passed":"T"}}"#;
        Ok(Response::new(Head::new(200, Vec::new()), body.into()))
    };
    let not_yet = Response::new(Head::new(200, Vec::new()), r#"{"Code":"424"}"#.into());
    let mut watch = Watch::new(DescribeFaceVerify::new(SCENE, "sha1"));
    let Step::Send(first) = watch.poll(&mut session, now(0)) else {
        panic!("does not ask");
    };
    watch.report(&mut session, first.id(), Ok(not_yet), now(0));
    assert!(matches!(watch.poll(&mut session, now(0)), Step::Wait(_)));
    let Step::Send(second) = watch.poll(&mut session, now(2)) else {
        panic!("does not ask again");
    };
    watch.report(&mut session, first.id(), passed(), now(2));
    assert!(matches!(watch.poll(&mut session, now(2)), Step::Wait(_)));
    watch.report(&mut session, second.id(), passed(), now(2));
    let Step::Done(Ok(Some(verified))) = watch.poll(&mut session, now(2)) else {
        panic!("is not done");
    };
    assert_eq!(verified.at(), now(2).unix);
    assert!(matches!(
        watch.poll(&mut session, now(3)),
        Step::Done(Err(Error::Finished))
    ));
}

#[test]
fn a_verdict_does_not_print_a_person() {
    let mut story = Story::new();
    story.finish(SECOND, Verdict::Passed);
    let person = r#"{"Code":"200","ResultObject":{"Passed":"T","UserInfo":"{\"name\":\"张三\"}"}}"#;
    story
        .simulated
        .world
        .inject(Region::Shanghai, custom(200, person), Times::Once);
    let once = Watch::once(story.question());
    let verified = story.simulated.call(once).unwrap().unwrap();
    assert!(!format!("{verified:?}").contains("张三"), "{verified:?}");
}
