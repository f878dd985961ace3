//! A scenario: everything that is drawn at random, as data that can be made smaller.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Error, Policy, Repeat, Scheme, Session,
};

use super::NotRun;
use super::expiring::Expiring;
use crate::simulation::operations::{self, Kind, Plain};
use crate::simulation::{Simulation, Weather};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region};

/// By then every call of a scenario is over, and the weather is calm.
pub(super) const CALM: Duration = Duration::from_secs(120);

/// One more call, when the first of the calm is over.
pub(super) const LATER: Duration = Duration::from_secs(122);

/// One random world and what is asked of it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) scheme: Scheme,
    pub(super) policy: Policy,
    pub(super) rate_limit: Option<u32>,
    /// Of the client's clock, in seconds.
    pub(super) ahead: i64,
    /// The region that knows what is looked up.
    pub(super) home: Region,
    pub(super) weather: Vec<Change>,
    pub(super) calls: Vec<Planned>,
    /// Else the key is good for ever.
    pub(super) expiring: Option<Expiring>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: Duration,
    pub(super) region: Region,
    pub(super) weather: Weather,
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) at: Duration,
    pub(super) kind: Kind,
    pub(super) repeat: Repeat,
    pub(super) total: Option<Duration>,
    pub(super) pinned: Option<Region>,
    pub(super) hedged: Option<Duration>,
    /// The caller vanishes then.
    pub(super) dropped: Option<Duration>,
}

impl Planned {
    /// A read at this time, with nothing special about it.
    pub(super) fn read(at: Duration) -> Self {
        Self {
            at,
            kind: Kind::Read,
            repeat: Repeat::default(),
            total: None,
            pinned: None,
            hedged: None,
            dropped: None,
        }
    }

    fn options(&self) -> CallOptions {
        let mut options = CallOptions::new().repeat(self.repeat);
        if let Some(total) = self.total {
            options = options.total_timeout(total);
        }
        if let Some(region) = self.pinned {
            options = options.endpoint(endpoint(region));
        }
        if let Some(wait) = self.hedged {
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
    /// Lets it happen, to the end.
    pub(super) fn run(&self) -> Result<Simulation, NotRun> {
        let source = match &self.expiring {
            Some(expiring) => expiring.source()?,
            None => Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?.into(),
        };
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        let mut session = Session::new(source, seed)
            .scheme(self.scheme)
            .policy(self.policy);
        if let Some(limit) = self.rate_limit {
            session = session.rate_limit(Plain::READ, limit);
        }
        let mut simulation = Simulation::new(session, operations::world(self.home));
        simulation.seed(self.seed);
        simulation.clock_ahead(self.ahead);
        for Change {
            at,
            region,
            weather,
        } in &self.weather
        {
            simulation.weather(*region, *at, weather.clone());
        }
        if let Some(expiring) = &self.expiring {
            expiring.prepare(&mut simulation);
        }
        for planned in &self.calls {
            self.start(&mut simulation, planned)?;
        }
        simulation.run();
        Ok(simulation)
    }

    fn start(&self, simulation: &mut Simulation, planned: &Planned) -> Result<(), Error> {
        let operation = Plain::new(planned.kind, endpoint(self.home));
        let call = Call::new(&operation, planned.options())?;
        let handle = simulation.start(planned.at, call);
        if let Some(at) = planned.dropped {
            simulation.drop_at(at, &handle);
        }
        Ok(())
    }
}

/// What is usual is not said.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.scheme)?;
        writeln!(f, "policy: {:?}", self.policy)?;
        if self.ahead != 0 {
            writeln!(f, "the clock is {} s ahead", self.ahead)?;
        }
        if let Some(limit) = self.rate_limit {
            writeln!(f, "at most {limit} reads a second")?;
        }
        let asks_home = |planned: &Planned| planned.kind == Kind::LookUp;
        if self.calls.iter().any(asks_home) {
            writeln!(f, "what is looked up is known in {}", self.home.id())?;
        }
        for change in &self.weather {
            let (at, region) = (change.at.as_secs_f64(), change.region.id());
            writeln!(f, "from {at:.3} s {region}: {:?}", change.weather)?;
        }
        if let Some(expiring) = &self.expiring {
            write!(f, "{expiring}")?;
        }
        for (i, call) in self.calls.iter().enumerate() {
            write!(f, "#{i}: {:?} at {:.3} s", call.kind, call.at.as_secs_f64())?;
            if call.repeat != Repeat::default() {
                write!(f, ", {:?}", call.repeat)?;
            }
            for (name, span) in [
                ("total", call.total),
                ("hedged after", call.hedged),
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
