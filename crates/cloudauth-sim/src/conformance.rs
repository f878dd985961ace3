//! The conformance table: the same cases for every driver, which must leave equal traces.
//!
//! A driver that passes it carries out what the core says, no more and no less.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Attempt, Call, CallOptions, Credentials, CredentialsError, Endpoint, Error, Operation, Outcome,
    Policy, Reply, Session,
};

use crate::simulation::Simulation;
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, FinishError, Region, Times, Verdict, World};

/// One row: what goes wrong before a verification is opened and asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// What it shows.
    pub name: &'static str,
    /// What goes wrong, where, how often.
    pub faults: Vec<(Region, Fault, Times)>,
}

/// The table.
#[must_use]
pub fn cases() -> Vec<Case> {
    use Region::{Beijing, Shanghai};
    use Times::Always;

    let both = |fault: Fault| vec![(Shanghai, fault.clone(), Always), (Beijing, fault, Always)];
    let first = |fault| vec![(Shanghai, fault, Always)];
    let row = |name, faults| Case { name, faults };
    let refusal = Fault::Custom {
        status: 200,
        body: br#"{"Code":"401","Message":"m","RequestId":"R1"}"#.to_vec(),
    };
    let moved = Fault::Custom {
        status: 302,
        body: Vec::new(),
    };
    vec![
        row("all is well", vec![]),
        row("the first region refuses connections", first(Fault::Refuse)),
        row("the first region resets connections", first(Fault::Reset)),
        row("the first region never answers", first(Fault::Hang)),
        row(
            "the first region cuts its replies off",
            first(Fault::Truncate),
        ),
        row("the first region answers 500", first(Fault::Status(500))),
        row("the first region answers 503", first(Fault::Status(503))),
        row("the first region answers code 500", first(Fault::Code500)),
        row("the first region answers a page", first(Fault::Garbage)),
        row("the first region answers nothing", first(Fault::Empty)),
        row(
            "the first region answers too much",
            first(Fault::Oversize(100_000)),
        ),
        row("the first region throttles", first(Fault::Status(429))),
        row("the first region forbids", first(Fault::Status(403))),
        row("the first region finds a mistake", first(refusal)),
        row("the first region redirects", first(moved)),
        row("both regions refuse connections", both(Fault::Refuse)),
        row("both regions reset connections", both(Fault::Reset)),
        row("both regions never answer", both(Fault::Hang)),
        row("both regions answer 503", both(Fault::Status(503))),
        row("both regions answer code 500", both(Fault::Code500)),
        row(
            "the first region refuses, the second resets",
            vec![
                (Shanghai, Fault::Refuse, Always),
                (Beijing, Fault::Reset, Always),
            ],
        ),
        row(
            "the first region resets once",
            vec![(Shanghai, Fault::Reset, Times::Once)],
        ),
    ]
}

/// The limits under which the table is run: short, so that time-outs do not take long.
#[must_use]
pub fn limits() -> Policy {
    let mut limits = Policy::default();
    limits.connect_timeout = Duration::from_millis(400);
    limits.read_timeout = Duration::from_millis(400);
    limits.total_timeout = Duration::from_secs(5);
    limits.reply_limit = 50_000;
    limits
}

/// What can be put to the table: a driver's client with a simulated service behind it.
pub trait Subject {
    /// Asks the service to do `operation`.
    fn call<O: Operation + Sync + 'static>(
        &mut self,
        operation: &O,
    ) -> Result<Reply<O::Response>, Error>;

    /// Which endpoint is the first region's.
    fn shanghai(&self) -> Endpoint;

    /// Lets the person pass.
    fn pass(&mut self, certify_id: &str) -> Result<(), FinishError>;

    /// How often the service really opened a verification.
    fn opened(&mut self) -> usize;
}

impl Subject for Simulation {
    fn call<O: Operation + Sync + 'static>(
        &mut self,
        operation: &O,
    ) -> Result<Reply<O::Response>, Error> {
        let call = Call::new(operation, CallOptions::new())?;
        Self::call(self, call)
    }

    fn shanghai(&self) -> Endpoint {
        Endpoint::SHANGHAI
    }

    fn pass(&mut self, certify_id: &str) -> Result<(), FinishError> {
        let now = self.now().unix.seconds();
        self.world.finish(certify_id, Verdict::Passed, now)
    }

    fn opened(&mut self) -> usize {
        self.world.executions("InitFaceVerify")
    }
}

/// What a verification left: a line for each attempt, one for each result, and how often the
/// service really opened one.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace(Vec<String>);

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0.join("\n"))
    }
}

impl Trace {
    fn record<T>(&mut self, result: &Result<Reply<T>, Error>, shanghai: &Endpoint) {
        let (attempts, result) = match result {
            Ok(reply) => (&*reply.attempts, "done".to_owned()),
            Err(error) => (error.attempts(), kind(error)),
        };
        for attempt in attempts {
            let is_first = attempt.endpoint == *shanghai;
            let region = if is_first { "Shanghai" } else { "Beijing" };
            self.0.push(format!("  {region}: {}", met(attempt)));
        }
        self.0.push(result);
    }
}

fn met(attempt: &Attempt) -> String {
    match &attempt.outcome {
        Outcome::NotSent(_) => "not sent".into(),
        Outcome::NoReply { status, .. } => format!("no whole reply, status {status:?}"),
        Outcome::Answered { status, code } => format!("answered {status} {code:?}"),
        other @ (Outcome::Overdue | _) => format!("{other:?}"),
    }
}

fn kind(error: &Error) -> String {
    match error {
        Error::Service(fault) => format!("refused: {} {:?}", fault.status, fault.code),
        Error::Decode(decode) => format!("unreadable: {:?}", decode.reason),
        Error::Exhausted(_) => "exhausted".into(),
        Error::Uncertain(_) => "uncertain".into(),
        other @ (Error::Invalid(_) | Error::Finished | _) => format!("{other:?}"),
    }
}

/// Opens a verification, lets the person pass, asks for the verdict, and tells what was met.
///
/// If the verification cannot be opened, a made-up one is asked for.
pub fn verify(subject: &mut impl Subject) -> Trace {
    let shanghai = subject.shanghai();
    let mut trace = Trace(Vec::new());
    let opened = subject.call(&InitFaceVerify::new(1_000_000_006, "order1", "LR_FR"));
    trace.record(&opened, &shanghai);
    let certify_id = opened.map(|reply| reply.value.certify_id);
    if let Ok(certify_id) = &certify_id {
        let passed = subject.pass(certify_id.as_str());
        trace.0.push(format!("the person passes: {passed:?}"));
    }
    let certify_id = certify_id.unwrap_or_else(|_| "unknown".into());
    let verdict = subject.call(&DescribeFaceVerify::new(1_000_000_006, certify_id));
    trace.record(&verdict, &shanghai);
    if let Ok(verdict) = verdict {
        trace
            .0
            .push(format!("passed: {}", verdict.value.has_passed()));
    }
    trace.0.push(format!("opened {}", subject.opened()));
    trace
}

/// The trace of a case in simulated time.
pub fn simulate(case: &Case) -> Result<Trace, CredentialsError> {
    let mut world = World::new();
    for (region, fault, times) in &case.faults {
        world.inject(*region, fault.clone(), *times);
    }
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(limits());
    Ok(verify(&mut Simulation::new(session, world)))
}
