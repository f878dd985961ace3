//! Scenarios: everything that is drawn at random, as data that can be shrunk.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::credentials::CredentialsError;
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Error, Policy, Repeat, Scheme, Session,
};

use super::expiring_credentials::ExpiringCredentials;
use crate::simulation::operations::{self, OperationKind, SimulatedOperation};
use crate::simulation::{Link, Simulation};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region};

/// From this time on no link is impaired and no earlier call is pending. The first of two final
/// calls starts.
pub(super) const RECOVERED: Duration = Duration::from_secs(120);

/// Start of the second final call, when the first has ended.
pub(super) const LAST_CALL: Duration = Duration::from_secs(122);

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
    /// Of the client's clock relative to the service's, in seconds.
    pub(super) clock_ahead: i64,
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
    /// Simulates the scenario to its end.
    pub(super) fn run(&self) -> Result<Simulation, ScenarioError> {
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
        let mut simulation = Simulation::new(session, operations::world(self.origin));
        simulation.seed(self.seed);
        simulation.clock_ahead(self.clock_ahead);
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
