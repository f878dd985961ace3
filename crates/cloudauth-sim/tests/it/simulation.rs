//! Simulated time: several calls on one session, and flows that violate their contract.

use core::time::Duration;

use cloudauth_proto::CertifyId;
use cloudauth_proto::driver::{Exchange, ExchangeId, Failure, Now, Response};
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Call, CallOptions, Credentials, Error, Flow, Policy, Reply, Session, Step};
use cloudauth_sim::simulation::figures::{FigureResult, Scale, figures};
use cloudauth_sim::simulation::{Impairment, Link, Rule, Simulation};
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Region, Verdict, World};

const SECOND: Duration = Duration::from_secs(1);

fn simulation() -> Simulation {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap();
    let mut policy = Policy::default();
    policy.base_backoff = Duration::ZERO;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    let mut simulation = Simulation::new(session, World::new());
    for region in Region::ALL {
        let round_trip = Duration::from_millis(40);
        let link = Link::unimpaired().round_trip(round_trip, round_trip);
        simulation.link(region, Duration::ZERO, link);
    }
    simulation
}

fn init() -> Call<InitFaceVerify> {
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    Call::new(&open, CallOptions::new()).unwrap()
}

fn describe(certify_id: CertifyId, options: CallOptions) -> Call<DescribeFaceVerify> {
    let describe = DescribeFaceVerify::new(1_000_000_006, certify_id);
    Call::new(&describe, options).unwrap()
}

#[track_caller]
fn assert_trace(simulation: &Simulation, lines: &[&str]) {
    let trace = simulation.trace().to_string();
    let trace: Vec<&str> = trace.lines().map(str::trim_start).collect();
    assert_eq!(trace, lines);
    assert_eq!(simulation.violations(), []);
}

#[test]
fn a_verification_continues_in_the_other_region_when_one_goes_silent() {
    let mut simulation = simulation();
    let silent = Link::unimpaired().always(Impairment::BlackHole);
    simulation.link(Region::Shanghai, SECOND, silent);
    let opened = simulation.call(init()).unwrap().value.certify_id;
    let now = simulation.now().unix.seconds();
    simulation
        .world
        .finish(opened.as_str(), Verdict::Passed, now)
        .unwrap();
    let described = simulation.start(SECOND, describe(opened, CallOptions::new()));
    simulation.run();
    assert!(described.take().unwrap().unwrap().value.has_passed());
    assert_trace(
        &simulation,
        &[
            "0.000 #0 started",
            "0.000 #0 request 0 sent to cn-shanghai",
            "0.020 #0 request 0 carried out",
            "0.040 #0 exchange 0 ended: HTTP 200, code 200",
            "0.040 #0 ended: success",
            "1.000 #1 started",
            "1.000 #1 request 0 sent to cn-shanghai",
            "11.000 #1 exchange 0 ended: not sent, not connected in time",
            "11.000 #1 request 1 sent to cn-beijing",
            "11.020 #1 request 1 carried out",
            "11.040 #1 exchange 1 ended: HTTP 200, code 200",
            "11.040 #1 ended: success",
        ],
    );
}

#[test]
fn calls_share_the_circuit_breaker_of_a_region() {
    let mut simulation = simulation();
    let refuses = Link::unimpaired().always(Impairment::Fault(Fault::Refuse));
    simulation.link(Region::Shanghai, Duration::ZERO, refuses);
    let calls: Vec<_> = (0..6)
        .map(|i| simulation.start(SECOND * i, init()))
        .collect();
    simulation.run();
    let requests: Vec<_> = calls
        .iter()
        .map(|call| simulation.record(call).requests)
        .collect();
    // Five failures in a row open the circuit breaker.
    assert_eq!(requests, [2, 2, 2, 2, 2, 1]);
    assert_eq!(simulation.world.executions("InitFaceVerify"), 6);
}

#[test]
fn the_first_response_wins_a_hedge_and_the_other_exchange_is_abandoned() {
    let mut simulation = simulation();
    let slow = Link::unimpaired().round_trip(3 * SECOND, 3 * SECOND);
    simulation.link(Region::Shanghai, SECOND, slow);
    let opened = simulation.call(init()).unwrap().value.certify_id;
    let now = simulation.now().unix.seconds();
    simulation
        .world
        .finish(opened.as_str(), Verdict::Passed, now)
        .unwrap();
    let hedged = CallOptions::new().hedge_after(Duration::from_millis(500));
    let described = simulation.start(SECOND, describe(opened, hedged));
    simulation.run();
    assert!(described.take().unwrap().is_ok());
    let trace = simulation.trace().of(1).map(ToString::to_string);
    let trace: Vec<String> = trace.map(|line| line.trim_start().to_owned()).collect();
    assert_eq!(
        trace,
        [
            "1.000 #1 started",
            "1.000 #1 request 0 sent to cn-shanghai",
            "1.500 #1 request 1 sent to cn-beijing",
            "1.520 #1 request 1 carried out",
            "1.540 #1 exchange 1 ended: HTTP 200, code 200",
            "1.540 #1 exchange 0 abandoned",
            "1.540 #1 ended: success",
            "2.500 #1 request 0 carried out",
        ]
    );
}

#[test]
fn a_request_in_transit_still_arrives_when_its_call_is_dropped() {
    let mut simulation = simulation();
    let call = simulation.start(Duration::ZERO, init());
    simulation.drop_at(Duration::from_millis(10), &call);
    simulation.run();
    assert!(call.take().is_none());
    assert_trace(
        &simulation,
        &[
            "0.000 #0 started",
            "0.000 #0 request 0 sent to cn-shanghai",
            "0.010 #0 dropped",
            "0.020 #0 request 0 carried out",
        ],
    );
}

#[test]
fn equal_seeds_give_equal_hashes_and_different_seeds_do_not() {
    let hash = |seed| {
        let mut simulation = simulation();
        simulation.seed(seed);
        let link = Link::unimpaired().impair(500, Impairment::Cut);
        simulation.link(Region::Shanghai, Duration::ZERO, link);
        for i in 0..10 {
            simulation.start(SECOND * i, init());
        }
        simulation.run();
        simulation.trace().hash()
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

/// Violations of the contract of [`Flow`].
enum Misbehavior {
    WaitsForThePast,
    SendsOnSecondPoll,
    NeverWaits,
    EndsWithPendingExchange,
}

/// A call that violates the contract after its first request.
struct MisbehavingCall {
    call: Call<InitFaceVerify>,
    other: Call<InitFaceVerify>,
    misbehavior: Misbehavior,
    sent: Option<ExchangeId>,
    polls: usize,
}

impl Flow for MisbehavingCall {
    type Output = Reply<<InitFaceVerify as cloudauth_proto::Operation>::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let Some(sent) = self.sent else {
            let step = self.call.poll(session, now);
            self.sent = match &step {
                Step::Send(exchange) => Some(Exchange::id(exchange)),
                Step::Abandon(_)
                | Step::Wait(_)
                | Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. }
                | Step::Done(_) => panic!("{step:?}"),
            };
            return step;
        };
        self.polls += 1;
        match self.misbehavior {
            Misbehavior::WaitsForThePast => Step::Wait(now.mono),
            Misbehavior::SendsOnSecondPoll if self.polls == 2 => self.other.poll(session, now),
            Misbehavior::SendsOnSecondPoll => self.call.poll(session, now),
            Misbehavior::NeverWaits => Step::Abandon(sent),
            Misbehavior::EndsWithPendingExchange => Step::Done(Err(Error::Finished)),
        }
    }

    fn report(&mut self, _: &mut Session, _: ExchangeId, _: Result<Response, Failure>, _: Now) {}
}

#[test]
fn violations_of_the_contract_of_flows_are_detected() {
    for (misbehavior, rule) in [
        (Misbehavior::WaitsForThePast, Rule::WaitsForFuture),
        (Misbehavior::SendsOnSecondPoll, Rule::PollIsRepeatable),
        (Misbehavior::NeverWaits, Rule::BoundedSteps),
        (
            Misbehavior::EndsWithPendingExchange,
            Rule::NoPendingExchanges,
        ),
    ] {
        let mut simulation = simulation();
        let call = MisbehavingCall {
            call: init(),
            other: init(),
            misbehavior,
            sent: None,
            polls: 0,
        };
        simulation.start(Duration::ZERO, call);
        simulation.run();
        let violated: Vec<_> = simulation.violations().iter().map(|it| it.rule).collect();
        assert_eq!(violated, [rule]);
    }
}

#[test]
fn the_policy_meets_its_goals() {
    let scale = Scale {
        calls: 2_500,
        seeds: 100,
        nonces: 100_000,
    };
    let figures = figures(scale, |_, _| ()).unwrap();
    assert!(figures.len() > 25);
    let is_reached = |result| result == FigureResult::Reached;
    assert!(
        figures.iter().all(|it| is_reached(it.result)),
        "{figures:#?}"
    );
}
