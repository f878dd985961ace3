//! Polling for a verdict, from the opening of a verification on, in simulated time.

use core::time::Duration;

use cloudauth_proto::CertifyId;
use cloudauth_proto::driver::{Head, MonoTime, Now, Response};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{self, PollVerdict};
use cloudauth_proto::{Call, CallOptions, Error, Flow, Step, UnixTime};
use cloudauth_sim::simulation::{Handle, Simulation};
use cloudauth_sim::{Fault, IncomingRequest, Region, Times, Verdict, World};

use crate::common::session;

const SCENE: i64 = 1_000_000_006;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

type Output = Result<Option<verify::Verdict>, Error>;

/// A simulation with a verification that is opened at its start.
struct Scenario {
    simulated: Simulation,
    id: CertifyId,
}

impl Scenario {
    fn new() -> Self {
        let mut simulated = Simulation::new(session(), World::new());
        let open = InitFaceVerify::new(SCENE, "order1", "LR_FR")
            .user_id("7")
            .meta_info("{}");
        let open = Call::new(&open, CallOptions::new()).unwrap();
        let id = simulated.call(open).unwrap().value.certify_id;
        Self { simulated, id }
    }

    fn query(&self) -> DescribeFaceVerify {
        DescribeFaceVerify::new(SCENE, self.id.clone())
    }

    fn start(&mut self) -> Handle<Option<verify::Verdict>> {
        let flow = PollVerdict::new(self.query());
        self.simulated.start(Duration::ZERO, flow)
    }

    fn finish(&mut self, at: Duration, verdict: Verdict) {
        self.simulated.run_until(at);
        let now = self.simulated.now().unix.seconds();
        let world = &mut self.simulated.world;
        world.finish(self.id.as_str(), verdict, now).unwrap();
    }

    fn queries(&self) -> usize {
        self.simulated.world.executions("DescribeFaceVerify")
    }

    /// Runs the simulation to its end. Returns the duration of the flow, and its output.
    fn end(&mut self, handle: &Handle<Option<verify::Verdict>>) -> (Duration, Output) {
        self.simulated.run();
        assert!(
            self.simulated.violations().is_empty(),
            "{}",
            self.simulated.trace()
        );
        let took = self.simulated.record(handle).duration().unwrap();
        (took, handle.take().unwrap())
    }
}

#[track_caller]
fn assert_passed(verdict: Option<&verify::Verdict>) {
    assert!(
        matches!(verdict, Some(verify::Verdict::Passed(_))),
        "{verdict:?}"
    );
}

#[test]
fn polling_ends_with_the_verdict() {
    for (verdict, passed) in [(Verdict::Passed, true), (Verdict::FaceMismatch, false)] {
        let mut scenario = Scenario::new();
        let handle = scenario.start();
        scenario.simulated.run_until(30 * SECOND);
        scenario
            .simulated
            .world
            .handle(Region::Shanghai, &visit(&scenario.id), 0); // 403 from here on
        scenario.finish(90 * SECOND, verdict);
        let (took, result) = scenario.end(&handle);
        let sub_code = Some(verdict.sub_code());
        match result.unwrap().unwrap() {
            verify::Verdict::Passed(verified) => {
                assert!(passed);
                assert_eq!(verified.certify_id(), &scenario.id);
                assert_eq!(verified.reply().details().sub_code, sub_code);
            }
            verify::Verdict::NotPassed(not_passed) => {
                assert!(!passed);
                assert_eq!(not_passed.certify_id(), &scenario.id);
                assert_eq!(not_passed.sub_code(), sub_code);
                assert_eq!(not_passed.reason().unwrap().code, verdict.sub_code());
            }
        }
        assert!(90 * SECOND <= took && took < 106 * SECOND, "{took:?}");
        // The first query is immediate; the backoffs are 1, 2, 4, 8, 15, 15 ... s, or down to half.
        assert!(
            (8..=18).contains(&scenario.queries()),
            "{}",
            scenario.queries()
        );
    }
}

fn visit(id: &CertifyId) -> IncomingRequest {
    IncomingRequest::new("GET", format!("/verify/{id}"), Vec::new(), Vec::new())
}

#[test]
fn polling_ends_when_the_thirty_minutes_are_over() {
    let mut scenario = Scenario::new();
    let handle = scenario.start();
    let (took, result) = scenario.end(&handle);
    assert!(result.unwrap().is_none());
    assert!(
        30 * MINUTE <= took && took < 30 * MINUTE + SECOND,
        "{took:?}"
    );
    assert!(
        (120..=250).contains(&scenario.queries()),
        "{}",
        scenario.queries()
    );
}

#[test]
fn a_verdict_of_the_last_second_is_returned() {
    let mut scenario = Scenario::new();
    let handle = scenario.start();
    scenario.finish(29 * MINUTE + 59 * SECOND, Verdict::Passed);
    let (_, result) = scenario.end(&handle);
    assert_passed(result.unwrap().as_ref());
}

#[test]
fn a_restarted_flow_ends_thirty_minutes_after_the_opening() {
    let mut scenario = Scenario::new();
    let opened = scenario.simulated.now().unix;
    scenario.simulated.run_until(20 * MINUTE);
    let flow = PollVerdict::new(scenario.query()).opened_at(opened);
    let handle = scenario.simulated.start(Duration::ZERO, flow);
    let (took, result) = scenario.end(&handle);
    assert!(result.unwrap().is_none());
    assert!(
        10 * MINUTE <= took + SECOND && took < 10 * MINUTE + SECOND,
        "{took:?}"
    );

    // The verification has expired: one query.
    let before = scenario.queries();
    let flow = PollVerdict::new(scenario.query()).opened_at(opened);
    let handle = scenario.simulated.start(Duration::ZERO, flow);
    let (took, result) = scenario.end(&handle);
    assert!(result.unwrap().is_none() && took < SECOND);
    assert_eq!(scenario.queries() - before, 1);
}

#[test]
fn neither_an_opening_in_the_future_nor_a_longer_limit_extends_the_thirty_minutes() {
    let mut scenario = Scenario::new();
    let ahead = UnixTime::from_seconds(scenario.simulated.now().unix.seconds() + 7_200);
    let flow = PollVerdict::new(scenario.query()).opened_at(ahead);
    for flow in [flow, PollVerdict::new(scenario.query())] {
        let flow = flow.for_at_most(90 * MINUTE);
        let handle = scenario.simulated.start(Duration::ZERO, flow);
        let (took, _) = scenario.end(&handle);
        assert!(took < 30 * MINUTE + SECOND, "{took:?}");
    }
}

#[test]
fn once_sends_one_query() {
    let mut scenario = Scenario::new();
    let once = PollVerdict::once(scenario.query());
    assert!(scenario.simulated.call(once).unwrap().is_none());
    assert_eq!(scenario.queries(), 1);
    scenario.finish(SECOND, Verdict::Passed);
    let once = PollVerdict::once(scenario.query());
    assert_passed(scenario.simulated.call(once).unwrap().as_ref());
    assert_eq!(scenario.queries(), 2);
}

#[test]
fn an_outage_in_the_middle_does_not_end_polling() {
    for fault in [
        Fault::Status(503),
        Fault::Refuse,
        Fault::Garbage,
        Fault::Empty,
        throttled(),
        custom(404, "<html>no such page</html>"),
    ] {
        let mut scenario = Scenario::new();
        let handle = scenario.start();
        scenario.simulated.run_until(MINUTE);
        for region in Region::ALL {
            scenario
                .simulated
                .world
                .inject(region, fault.clone(), Times::Always);
        }
        scenario.finish(10 * MINUTE, Verdict::Passed);
        scenario.simulated.world.clear_faults();
        let (took, result) = scenario.end(&handle);
        assert_passed(result.unwrap().as_ref());
        assert!(took < 10 * MINUTE + 60 * SECOND, "{took:?}");
    }
}

#[test]
fn an_outage_at_the_last_query_is_the_error() {
    let mut scenario = Scenario::new();
    let handle = scenario.start();
    for region in Region::ALL {
        scenario
            .simulated
            .world
            .inject(region, Fault::Status(503), Times::Always);
    }
    let (took, result) = scenario.end(&handle);
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
fn permanent_errors_end_polling_at_once() {
    for (status, body, code) in [
        (403, r#"{"Code":"Forbidden.RAM"}"#, "Forbidden.RAM"),
        (200, r#"{"Code":"401"}"#, "401"),
        (200, r#"{"Code":"427"}"#, "427"),
        (200, r#"{"Code":"999"}"#, "999"),
    ] {
        let mut scenario = Scenario::new();
        for region in Region::ALL {
            scenario
                .simulated
                .world
                .inject(region, custom(status, body), Times::Always);
        }
        let handle = scenario.start();
        let (took, result) = scenario.end(&handle);
        let Err(Error::Service(fault)) = result else {
            panic!("{result:?}");
        };
        assert_eq!(fault.code.as_deref(), Some(code));
        assert!(took < SECOND, "{took:?}");
    }
}

#[test]
fn a_reply_without_passed_is_not_a_verdict() {
    let mut scenario = Scenario::new();
    let without = custom(
        200,
        r#"{"Code":"200","ResultObject":{"SubCode":"200","Passed":""}}"#,
    );
    scenario
        .simulated
        .world
        .inject(Region::Shanghai, without, Times::N(3));
    let handle = scenario.start();
    scenario.finish(SECOND / 2, Verdict::Passed);
    let (took, result) = scenario.end(&handle);
    assert_passed(result.unwrap().as_ref());
    assert!(took > SECOND);
}

#[test]
fn queries_obey_the_session_s_rate_limit() {
    let limited = session().rate_limit("DescribeFaceVerify", 1);
    let mut simulated = Simulation::new(limited, World::new());
    let query = || DescribeFaceVerify::new(SCENE, "sha0");
    let handles = [(); 5].map(|()| simulated.start(Duration::ZERO, PollVerdict::once(query())));
    simulated.run();
    let last = handles
        .iter()
        .map(|it| simulated.record(it).duration().unwrap())
        .max();
    assert!(last.unwrap() >= 4 * SECOND, "{last:?}");
}

#[test]
fn a_late_report_of_an_earlier_query_is_ignored() {
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
    let mut flow = PollVerdict::new(DescribeFaceVerify::new(SCENE, "sha1"));
    let Step::Send(first) = flow.poll(&mut session, now(0)) else {
        panic!("the flow does not query");
    };
    flow.report(&mut session, first.id(), Ok(not_yet), now(0));
    assert!(matches!(flow.poll(&mut session, now(0)), Step::Wait(_)));
    let Step::Send(second) = flow.poll(&mut session, now(2)) else {
        panic!("the flow does not query again");
    };
    flow.report(&mut session, first.id(), passed(), now(2));
    assert!(matches!(flow.poll(&mut session, now(2)), Step::Wait(_)));
    flow.report(&mut session, second.id(), passed(), now(2));
    let Step::Done(Ok(Some(verdict))) = flow.poll(&mut session, now(2)) else {
        panic!("the flow is not done");
    };
    assert_eq!(verdict.reply().at(), now(2).unix);
    assert!(matches!(
        flow.poll(&mut session, now(3)),
        Step::Done(Err(Error::Finished))
    ));
}

#[test]
fn debug_of_a_verdict_shows_no_personal_data() {
    let mut scenario = Scenario::new();
    scenario.finish(SECOND, Verdict::Passed);
    let person = r#"{"Code":"200","ResultObject":{"Passed":"T","UserInfo":"{\"name\":\"张三\"}"}}"#;
    scenario
        .simulated
        .world
        .inject(Region::Shanghai, custom(200, person), Times::Once);
    let once = PollVerdict::once(scenario.query());
    let verdict = scenario.simulated.call(once).unwrap().unwrap();
    assert!(!format!("{verdict:?}").contains("张三"), "{verdict:?}");
}
