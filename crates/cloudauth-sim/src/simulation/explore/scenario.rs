//! Scenarios: everything that is drawn at random, as data that can be shrunk.

use core::fmt;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError};

use cloudauth_proto::credentials::CredentialsError;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Endpoints, Error, Policy, Repeat, Scheme, Session,
};

use super::expiring_credentials::ExpiringCredentials;
use crate::simulation::operations::{self, OperationKind, SimulatedOperation};
use crate::simulation::{Halt, Link, Simulation};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region};

/// From this time on no link is impaired and no earlier call is pending. The first of two final
/// calls starts.
pub(super) const RECOVERED: Duration = Duration::from_secs(200);

/// Start of the second final call, when the first has ended.
pub(super) const LAST_CALL: Duration = Duration::from_secs(202);

/// The reason why a scenario could not be set up.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Its credentials are invalid.
    Credentials(CredentialsError),
    /// One of its calls is invalid.
    Call(Error),
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(_) => f.write_str("the credentials of a scenario are invalid"),
            Self::Call(_) => f.write_str("a call of a scenario is invalid"),
        }
    }
}

impl core::error::Error for ScenarioError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Credentials(error) => Some(error),
            Self::Call(error) => Some(error),
        }
    }
}

impl From<CredentialsError> for ScenarioError {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(error)
    }
}

impl From<Error> for ScenarioError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

/// A session, a network and calls.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) scheme: Scheme,
    pub(super) policy: Policy,
    pub(super) rate_limit: Option<u32>,
    /// The endpoints in the client's list, in order of preference.
    pub(super) listed: Vec<Region>,
    /// Of the client's clock relative to the service's, in seconds.
    pub(super) clock_ahead: i64,
    /// Steps of the client's clock: it is this many seconds ahead from then on.
    pub(super) clock_steps: Vec<(Duration, i64)>,
    pub(super) halts: Vec<Halt>,
    /// How late waiting calls are polled.
    pub(super) poll_delay: Duration,
    /// Whether refreshes outlive the calls that began them.
    pub(super) refreshes_beside: bool,
    /// The origin of [`OperationKind::LookUp`].
    pub(super) origin: Region,
    pub(super) link_changes: Vec<LinkChange>,
    pub(super) calls: Vec<PlannedCall>,
    /// `None` for an access key, which never expires.
    pub(super) credentials: Option<ExpiringCredentials>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkChange {
    pub(super) at: Duration,
    pub(super) region: Region,
    pub(super) link: Link,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedCall {
    pub(super) at: Duration,
    pub(super) kind: OperationKind,
    pub(super) repeat: Repeat,
    pub(super) total_timeout: Option<Duration>,
    pub(super) pinned: Option<Region>,
    pub(super) hedge_after: Option<Duration>,
    /// When the caller drops the call.
    pub(super) dropped: Option<Duration>,
}

impl PlannedCall {
    /// A read with default options.
    pub(super) fn read(at: Duration) -> Self {
        Self {
            at,
            kind: OperationKind::Read,
            repeat: Repeat::default(),
            total_timeout: None,
            pinned: None,
            hedge_after: None,
            dropped: None,
        }
    }

    fn options(&self) -> CallOptions {
        let mut options = CallOptions::new().repeat(self.repeat);
        if let Some(total) = self.total_timeout {
            options = options.total_timeout(total);
        }
        if let Some(region) = self.pinned {
            options = options.endpoint(endpoint(region));
        }
        if let Some(wait) = self.hedge_after {
            options = options.hedge_after(wait);
        }
        options
    }
}

fn endpoint(region: Region) -> Endpoint {
    match region {
        Region::Shanghai => Endpoint::SHANGHAI,
        Region::Beijing => Endpoint::BEIJING,
    }
}

impl Scenario {
    /// Whether no link is impaired at the end.
    pub(super) fn recovers(&self) -> bool {
        let recovered = |region: Region| {
            let mut changes = self.link_changes.iter().rev();
            let last = changes.find(|change| change.region == region);
            last.is_none_or(|change| change.link == Link::unimpaired())
        };
        let credentials = self.credentials.as_ref();
        let services = credentials.and_then(|it| it.link_changes.last());
        Region::ALL.into_iter().all(recovered)
            && services.is_none_or(|(_, link)| *link == Link::unimpaired())
    }

    /// Simulates the scenario to its end.
    pub(super) fn run(&self) -> Result<Simulation, ScenarioError> {
        self.run_with(|session| session)
    }

    /// Runs the scenario, and returns the recording of its session.
    pub(super) fn record(&self) -> Result<(Simulation, String), ScenarioError> {
        let recording = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&recording);
        let mut simulation = self.run_with(|session| {
            session.record_trace(move |line| {
                let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
                written.push_str(line);
            })
        })?;
        simulation.end_session();
        let recording = recording.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((simulation, recording.clone()))
    }

    fn run_with(
        &self,
        prepare: impl FnOnce(Session) -> Session,
    ) -> Result<Simulation, ScenarioError> {
        let source = match &self.credentials {
            Some(credentials) => credentials.source()?,
            None => Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?.into(),
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let mut session = Session::new(source, seed)
            .scheme(self.scheme)
            .policy(self.policy);
        if let Some(limit) = self.rate_limit {
            session = session.rate_limit(SimulatedOperation::READ, limit);
        }
        let mut endpoints = self.listed.iter().map(|region| endpoint(*region));
        let first = Endpoints::only(endpoints.next().unwrap_or(Endpoint::SHANGHAI));
        let endpoints = endpoints.fold(first, Endpoints::then);
        let world = operations::world(self.origin);
        let session = prepare(session.endpoints(endpoints.clone()));
        let mut simulation = Simulation::with_endpoints(session, world, endpoints);
        simulation.seed(self.seed);
        simulation.clock_ahead(self.clock_ahead);
        for (at, ahead) in &self.clock_steps {
            simulation.set_clock_at(*at, *ahead);
        }
        for halt in &self.halts {
            simulation.halt(*halt);
        }
        simulation.poll_late(self.poll_delay);
        if self.refreshes_beside {
            simulation.run_refreshes_beside();
        }
        for LinkChange { at, region, link } in &self.link_changes {
            simulation.link(*region, *at, link.clone());
        }
        if let Some(credentials) = &self.credentials {
            credentials.prepare(&mut simulation);
        }
        for planned in &self.calls {
            self.start(&mut simulation, planned)?;
        }
        simulation.run();
        Ok(simulation)
    }

    /// Whether the client's process is halted at any time between these.
    pub(super) fn is_halted(&self, from: Duration, to: Duration) -> bool {
        self.halted(from, to) > Duration::ZERO
    }

    /// How long the client's process is halted between these times.
    pub(super) fn halted(&self, from: Duration, to: Duration) -> Duration {
        let halts = self.halts.iter();
        let halted = halts.map(|it| it.before(to).saturating_sub(it.before(from)));
        halted.sum()
    }

    /// The client's monotonic clock.
    pub(super) fn mono(&self, at: Duration) -> Duration {
        let suspended = self.halts.iter().filter(|it| it.is_suspend);
        at.saturating_sub(suspended.map(|it| it.before(at)).sum())
    }

    /// All differences between the client's clock and the service's, in seconds.
    pub(super) fn clock_differences(&self) -> impl Iterator<Item = u64> {
        let steps = self.clock_steps.iter().map(|(_, ahead)| *ahead);
        steps.chain([self.clock_ahead]).map(i64::unsigned_abs)
    }

    /// The endpoint that a call prefers.
    pub(super) fn preferred(&self, planned: &PlannedCall) -> Region {
        if planned.kind == OperationKind::LookUp {
            return self.origin;
        }
        let listed = self.listed.first();
        listed.copied().unwrap_or(Region::Shanghai)
    }

    fn start(&self, simulation: &mut Simulation, planned: &PlannedCall) -> Result<(), Error> {
        let operation = SimulatedOperation::new(planned.kind, endpoint(self.origin));
        let call = Call::new(&operation, planned.options())?;
        let handle = simulation.start(planned.at, call);
        if let Some(at) = planned.dropped {
            simulation.drop_at(at, &handle);
        }
        Ok(())
    }
}

/// Omits default values.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.scheme)?;
        writeln!(f, "policy: {:?}", self.policy)?;
        if self.clock_ahead != 0 {
            writeln!(f, "client clock: {} s ahead", self.clock_ahead)?;
        }
        for (at, ahead) in &self.clock_steps {
            writeln!(f, "from {:.3} s: {ahead} s ahead", at.as_secs_f64())?;
        }
        for halt in &self.halts {
            let kind = if halt.is_suspend {
                "suspended"
            } else {
                "not running"
            };
            let (at, length) = (halt.at.as_secs_f64(), halt.length.as_secs_f64());
            writeln!(f, "client {kind} at {at:.3} s for {length:.3} s")?;
        }
        if !self.poll_delay.is_zero() {
            let millis = self.poll_delay.as_millis();
            writeln!(f, "waiting calls are polled {millis} ms late")?;
        }
        if self.refreshes_beside {
            writeln!(f, "refreshes run beside the calls")?;
        }
        if self.listed != Region::ALL {
            let listed: Vec<_> = self.listed.iter().map(|it| it.id()).collect();
            writeln!(f, "endpoints: {}", listed.join(", "))?;
        }
        if let Some(limit) = self.rate_limit {
            writeln!(f, "rate limit: {limit} reads per second")?;
        }
        let is_look_up = |planned: &PlannedCall| planned.kind == OperationKind::LookUp;
        if self.calls.iter().any(is_look_up) {
            writeln!(f, "origin of look-ups: {}", self.origin.id())?;
        }
        for change in &self.link_changes {
            let (at, region) = (change.at.as_secs_f64(), change.region.id());
            writeln!(f, "from {at:.3} s, {region}: {:?}", change.link)?;
        }
        if let Some(credentials) = &self.credentials {
            write!(f, "{credentials}")?;
        }
        for (i, call) in self.calls.iter().enumerate() {
            write!(f, "#{i}: {:?} at {:.3} s", call.kind, call.at.as_secs_f64())?;
            if call.repeat != Repeat::default() {
                write!(f, ", {:?}", call.repeat)?;
            }
            for (name, span) in [
                ("total timeout", call.total_timeout),
                ("hedged after", call.hedge_after),
                ("dropped at", call.dropped),
            ] {
                if let Some(span) = span {
                    write!(f, ", {name} {:.3} s", span.as_secs_f64())?;
                }
            }
            if let Some(region) = call.pinned {
                write!(f, ", pinned to {}", region.id())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
