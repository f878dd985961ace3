//! Simulated time: stories of several calls, and flows that do not keep their contract.

use core::time::Duration;

use cloudauth_proto::ops::{CertifyId, DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Error, Exchange, ExchangeId, Failure, Flow, Now, Policy, Reply,
    Response, Session, Step,
};
use cloudauth_sim::simulation::figures::{Scale, figures};
use cloudauth_sim::simulation::{Rule, Simulation, Trouble, Weather};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Verdict, World};

const SECOND: Duration = Duration::from_secs(1);

fn simulation() -> Simulation {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let mut policy = Policy::default();
    policy.pause = Duration::ZERO;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    let mut simulation = Simulation::new(session, World::new());
    for region in Region::ALL {
        let even = Duration::from_millis(40);
        simulation.weather(region, Duration::ZERO, Weather::calm().takes(even, even));
    }
    simulation
}

fn init() -> Call<InitFaceVerify> {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
    Call::new(&open, CallOptions::new()).unwrap()
}

fn describe(certify_id: CertifyId, options: CallOptions) -> Call<DescribeFaceVerify> {
    let describe = DescribeFaceVerify::new(1_000_000_006, certify_id);
    Call::new(&describe, options).unwrap()
}

#[track_caller]
fn told(simulation: &Simulation, lines: &[&str]) {
    let trace = simulation.trace().to_string();
    let trace: Vec<&str> = trace.lines().map(str::trim_start).collect();
    assert_eq!(trace, lines);
    assert_eq!(simulation.breaches(), []);
}

#[test]
fn a_verification_goes_its_way_while_a_region_dies() {
    let mut simulation = simulation();
    let dead = Weather::calm().always(Trouble::BlackHole);
    simulation.weather(Region::Shanghai, SECOND, dead);
    let opened = simulation.call(init()).unwrap().value.certify_id;
    let now = simulation.now().unix.seconds();
    simulation
        .world
        .finish(opened.as_str(), Verdict::Passed, now)
        .unwrap();
    let asked = simulation.start(SECOND, describe(opened, CallOptions::new()));
    simulation.run();
    assert!(asked.take().unwrap().unwrap().value.has_passed());
    told(
        &simulation,
        &[
            "0.000 #0 starts",
            "0.000 #0 sends 0 to cn-shanghai",
            "0.020 #0 (0 is carried out)",
            "0.040 #0 0 met: HTTP 200, 200",
            "0.040 #0 ends: done",
            "1.000 #1 starts",
            "1.000 #1 sends 0 to cn-shanghai",
            "11.000 #1 0 met: not sent",
            "11.000 #1 sends 1 to cn-beijing",
            "11.020 #1 (1 is carried out)",
            "11.040 #1 1 met: HTTP 200, 200",
            "11.040 #1 ends: done",
        ],
    );
}

#[test]
fn calls_share_what_they_learn_of_a_region() {
    let mut simulation = simulation();
    let refuses = Weather::calm().always(Trouble::Fault(Fault::Refuse));
    simulation.weather(Region::Shanghai, Duration::ZERO, refuses);
    let calls: Vec<_> = (0..6)
        .map(|i| simulation.start(SECOND * i, init()))
        .collect();
    simulation.run();
    let sends: Vec<_> = calls
        .iter()
        .map(|call| simulation.told(call).sends)
        .collect();
    // Five failures in a row open its breaker.
    assert_eq!(sends, [2, 2, 2, 2, 2, 1]);
    assert_eq!(simulation.world.executions("InitFaceVerify"), 6);
}

#[test]
fn a_hedge_is_answered_first_and_the_loser_is_dropped() {
    let mut simulation = simulation();
    let slow = Weather::calm().takes(3 * SECOND, 3 * SECOND);
    simulation.weather(Region::Shanghai, SECOND, slow);
    let opened = simulation.call(init()).unwrap().value.certify_id;
    let now = simulation.now().unix.seconds();
    simulation
        .world
        .finish(opened.as_str(), Verdict::Passed, now)
        .unwrap();
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(500));
    let asked = simulation.start(SECOND, describe(opened, hedged));
    simulation.run();
    assert!(asked.take().unwrap().is_ok());
    let trace = simulation.trace().of(1).map(ToString::to_string);
    let trace: Vec<String> = trace.map(|line| line.trim_start().to_owned()).collect();
    assert_eq!(
        trace,
        [
            "1.000 #1 starts",
            "1.000 #1 sends 0 to cn-shanghai",
            "1.500 #1 sends 1 to cn-beijing",
            "1.520 #1 (1 is carried out)",
            "1.540 #1 1 met: HTTP 200, 200",
            "1.540 #1 abandons 0",
            "1.540 #1 ends: done",
            "2.500 #1 (0 is carried out)",
        ]
    );
}

#[test]
fn a_caller_that_vanishes_is_not_told_and_what_it_sent_still_arrives() {
    let mut simulation = simulation();
    let call = simulation.start(Duration::ZERO, init());
    simulation.drop_at(Duration::from_millis(10), &call);
    simulation.run();
    assert!(call.take().is_none());
    told(
        &simulation,
        &[
            "0.000 #0 starts",
            "0.000 #0 sends 0 to cn-shanghai",
            "0.010 #0 is dropped",
            "0.020 #0 (0 is carried out)",
        ],
    );
}

#[test]
fn the_same_seeds_give_the_same_hash_and_others_do_not() {
    let hash = |seed| {
        let mut simulation = simulation();
        simulation.seed(seed);
        let weather = Weather::calm().trouble(500, Trouble::Cut);
        simulation.weather(Region::Shanghai, Duration::ZERO, weather);
        for i in 0..10 {
            simulation.start(SECOND * i, init());
        }
        simulation.run();
        simulation.trace().hash()
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

/// What a flow does after its first send, instead of what it should.
enum Misdeed {
    WaitsForThePast,
    SendsAgain,
    NeverRests,
    EndsEarly,
}

/// A call that breaks the contract after its first send.
struct Bad {
    call: Call<InitFaceVerify>,
    other: Call<InitFaceVerify>,
    misdeed: Misdeed,
    sent: Option<ExchangeId>,
    polls: usize,
}

impl Flow for Bad {
    type Output = Reply<<InitFaceVerify as cloudauth_proto::Operation>::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let Some(sent) = self.sent else {
            let step = self.call.poll(session, now);
            self.sent = match &step {
                Step::Send(exchange) => Some(Exchange::id(exchange)),
                Step::Abandon(_)
                | Step::Wait(_)
                | Step::Authenticate(_)
                | Step::Read(_)
                | Step::Run { .. }
                | Step::Done(_) => panic!("{step:?}"),
            };
            return step;
        };
        self.polls += 1;
        match self.misdeed {
            Misdeed::WaitsForThePast => Step::Wait(now.mono),
            Misdeed::SendsAgain if self.polls == 2 => self.other.poll(session, now),
            Misdeed::SendsAgain => self.call.poll(session, now),
            Misdeed::NeverRests => Step::Abandon(sent),
            Misdeed::EndsEarly => Step::Done(Err(Error::Finished)),
        }
    }

    fn report(&mut self, _: &mut Session, _: ExchangeId, _: Result<Response, Failure>, _: Now) {}
}

#[test]
fn a_flow_that_breaks_its_contract_is_found_out() {
    for (misdeed, rule) in [
        (Misdeed::WaitsForThePast, Rule::WaitsForward),
        (Misdeed::SendsAgain, Rule::AsksOnce),
        (Misdeed::NeverRests, Rule::Rests),
        (Misdeed::EndsEarly, Rule::SettlesAll),
    ] {
        let mut simulation = simulation();
        let (call, other) = (init(), init());
        let (sent, polls) = (None, 0);
        let bad = Bad {
            call,
            other,
            misdeed,
            sent,
            polls,
        };
        simulation.start(Duration::ZERO, bad);
        simulation.run();
        let broken: Vec<_> = simulation.breaches().iter().map(|it| it.rule).collect();
        assert_eq!(broken, [rule]);
    }
}

/// A move to a region that is not known to be down is free. While all regions are silent nobody
/// knows for the length of a time-out, so each call of that time moves once: at 100 calls a second
/// and 10 s that is 1 000 sends, a tenth of 10 000 calls and more of fewer.
#[test]
fn the_policy_meets_its_goals() {
    let scale = Scale {
        calls: 2_500,
        seeds: 100,
        nonces: 100_000,
    };
    let figures = figures(scale, |_, _| ()).unwrap();
    assert!(figures.len() > 20);
    let missed = figures.iter().filter(|figure| !figure.is_met);
    let missed: Vec<&str> = missed.map(|figure| figure.what.as_str()).collect();
    assert_eq!(
        missed,
        [
            "every region is a black hole: sends a call, at 100 calls/s",
            "every region is slow: sends a call, at 100 calls/s",
        ],
        "{figures:#?}"
    );
}
