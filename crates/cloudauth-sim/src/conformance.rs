//! The conformance table: cases that every driver runs, with equal transcripts.
//!
//! A driver whose transcripts equal those of the [`Simulation`] carries out exactly the steps of the
//! core.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::credentials::CredentialsError;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Attempt, AttemptOutcome, Call, CallOptions, Credentials, Endpoint, Error, Operation, Policy,
    Reply, Session,
};

use crate::simulation::Simulation;
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, FinishError, Region, Times, Verdict, World};

/// A case of the table: faults under which a verification is opened and its verdict requested.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Case {
    /// What the case shows.
    pub name: &'static str,
    /// The faults of each region.
    pub faults: Vec<(Region, Fault, Times)>,
}

/// All cases.
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
    let redirect = Fault::Custom {
        status: 302,
        body: Vec::new(),
    };
    vec![
        row("no faults", vec![]),
        row("the first region refuses connections", first(Fault::Refuse)),
        row("the first region resets connections", first(Fault::Reset)),
        row("the first region never responds", first(Fault::Hang)),
        row(
            "the first region truncates responses",
            first(Fault::Truncate),
        ),
        row("the first region responds 500", first(Fault::Status(500))),
        row("the first region responds 503", first(Fault::Status(503))),
        row(
            "the first region responds with code 500",
            first(Fault::Code500),
        ),
        row("the first region responds with HTML", first(Fault::Garbage)),
        row(
            "the first region responds with an empty body",
            first(Fault::Empty),
        ),
        row(
            "the first region responds with an oversized body",
            first(Fault::Oversize(100_000)),
        ),
        row("the first region throttles", first(Fault::Status(429))),
        row("the first region responds 403", first(Fault::Status(403))),
        row("the first region responds with code 401", first(refusal)),
        row("the first region redirects", first(redirect)),
        row("both regions refuse connections", both(Fault::Refuse)),
        row("both regions reset connections", both(Fault::Reset)),
        row("both regions never respond", both(Fault::Hang)),
        row("both regions respond 503", both(Fault::Status(503))),
        row("both regions respond with code 500", both(Fault::Code500)),
        row(
            "the first region refuses, the second resets connections",
            vec![
                (Shanghai, Fault::Refuse, Always),
                (Beijing, Fault::Reset, Always),
            ],
        ),
        row(
            "the first region resets one connection",
            vec![(Shanghai, Fault::Reset, Times::Once)],
        ),
    ]
}

/// The policy for all cases: short timeouts, so that the table runs fast.
#[must_use]
pub fn limits() -> Policy {
    let mut limits = Policy::default();
    limits.connect_timeout = Duration::from_millis(400);
    limits.read_timeout = Duration::from_millis(400);
    limits.total_timeout = Duration::from_secs(5);
    limits.response_limit = 50_000;
    limits
}

/// A client under test, with a simulated service.
pub trait ClientUnderTest {
    /// Calls an operation.
    fn call<O: Operation + Sync + 'static>(
        &mut self,
        operation: &O,
    ) -> Result<Reply<O::Response>, Error>;

    /// The endpoint of the first region.
    fn shanghai(&self) -> Endpoint;

    /// Finishes a verification with [`Verdict::Passed`].
    fn pass(&mut self, certify_id: &str) -> Result<(), FinishError>;

    /// How often the service opened a verification.
    fn opened(&mut self) -> usize;
}

impl ClientUnderTest for Simulation {
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

/// The record of a verification: one line for each attempt and each result, and how often the
/// service opened a verification.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcript(Vec<String>);

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.0.join("\n"))
    }
}

impl Transcript {
    fn record<T>(&mut self, result: &Result<Reply<T>, Error>, shanghai: &Endpoint) {
        let (attempts, result) = match result {
            Ok(reply) => (&*reply.attempts, "success".to_owned()),
            Err(error) => (error.attempts(), kind(error)),
        };
        for attempt in attempts {
            let is_first = attempt.endpoint == *shanghai;
            let region = if is_first { "Shanghai" } else { "Beijing" };
            self.0.push(format!("  {region}: {}", outcome(attempt)));
        }
        self.0.push(result);
    }
}

fn outcome(attempt: &Attempt) -> String {
    match &attempt.outcome {
        AttemptOutcome::NotSent(_) => "not sent".into(),
        AttemptOutcome::NoResponse { status, .. } => {
            format!("no complete response, status {status:?}")
        }
        AttemptOutcome::Response { status, code } => format!("response {status}, code {code:?}"),
        other @ (AttemptOutcome::TimedOut | _) => format!("{other:?}"),
    }
}

fn kind(error: &Error) -> String {
    match error {
        Error::Service(fault) => format!("service error {}, code {:?}", fault.status, fault.code),
        Error::Decode(decode) => format!("decode error: {:?}", decode.kind),
        Error::Exhausted(_) => "exhausted".into(),
        Error::Uncertain(_) => "uncertain".into(),
        other @ (Error::Invalid(_) | Error::Finished | _) => format!("{other:?}"),
    }
}

/// Opens a verification, passes it, and requests its verdict.
///
/// If it cannot be opened, the verdict of an unknown verification is requested instead.
pub fn run(client: &mut impl ClientUnderTest) -> Transcript {
    let shanghai = client.shanghai();
    let mut transcript = Transcript(Vec::new());
    let opened = client.call(
        &InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
            .user_id("7")
            .meta_info("{}"),
    );
    transcript.record(&opened, &shanghai);
    let certify_id = opened.map(|reply| reply.value.certify_id);
    if let Ok(certify_id) = &certify_id {
        let finished = client.pass(certify_id.as_str());
        transcript.0.push(format!("finished: {finished:?}"));
    }
    let certify_id = certify_id.unwrap_or_else(|_| "unknown".into());
    let verdict = client.call(&DescribeFaceVerify::new(1_000_000_006, certify_id));
    transcript.record(&verdict, &shanghai);
    if let Ok(verdict) = verdict {
        let passed = verdict.value.has_passed();
        transcript.0.push(format!("passed: {passed}"));
    }
    transcript.0.push(format!("opened: {}", client.opened()));
    transcript
}

/// Runs a case in simulated time.
pub fn simulate(case: &Case) -> Result<Transcript, CredentialsError> {
    let mut world = World::new();
    for (region, fault, times) in &case.faults {
        world.inject(*region, fault.clone(), *times);
    }
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(limits());
    Ok(run(&mut Simulation::new(session, world)))
}
