//! Operations that exist only here, one for each effect, and the world that knows them.

use cloudauth_proto::{Effect, Endpoint, Operation, Params, Problem, Terms};
use serde_json::{Value, json};

use crate::{Fault, Region, Times, World};

/// An operation without parameters.
#[derive(Debug)]
pub(super) struct Plain {
    kind: Kind,
    home: Option<Endpoint>,
}

/// What a plain operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    /// Asks about something that one region knows.
    LookUp,
    Update,
    Open,
    Charge,
}

impl Kind {
    const ALL: [Self; 5] = [
        Self::Read,
        Self::LookUp,
        Self::Update,
        Self::Open,
        Self::Charge,
    ];

    const fn action(self) -> &'static str {
        match self {
            Self::Read => "SimulatedRead",
            Self::LookUp => "SimulatedLookUp",
            Self::Update => "SimulatedUpdate",
            Self::Open => "SimulatedOpen",
            Self::Charge => "SimulatedCharge",
        }
    }

    pub(super) const fn effect(self) -> Effect {
        match self {
            Self::Read | Self::LookUp => Effect::Query,
            Self::Update => Effect::Set,
            Self::Open => Effect::Open,
            Self::Charge => Effect::Once,
        }
    }
}

impl Plain {
    /// The action that reads.
    pub(super) const READ: &str = Kind::Read.action();

    /// `home` is the endpoint that knows what is looked up.
    pub(super) fn new(kind: Kind, home: Endpoint) -> Self {
        let home = (kind == Kind::LookUp).then_some(home);
        Self { kind, home }
    }

    pub(super) fn read() -> Self {
        Self::new(Kind::Read, Endpoint::SHANGHAI)
    }

    pub(super) fn charge() -> Self {
        Self::new(Kind::Charge, Endpoint::SHANGHAI)
    }
}

impl Operation for Plain {
    type Response = Value;

    fn terms(&self) -> Terms {
        let mut terms = Terms::new(self.kind.action().into(), self.kind.effect());
        terms.unknown_codes = &["406"];
        terms
    }

    fn home(&self) -> Option<&Endpoint> {
        self.home.as_ref()
    }

    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn encode(&self, _params: &mut Params) {}
}

/// A world that knows them; what is looked up is known at `home` only.
pub(super) fn world(home: Region) -> World {
    let mut world = World::new();
    for kind in Kind::ALL {
        world.teach(kind.action(), json!({}));
    }
    let unknown = Fault::Custom {
        status: 200,
        body: br#"{"Code":"406","Message":"unknown","RequestId":"R"}"#.to_vec(),
    };
    for region in Region::ALL.into_iter().filter(|region| *region != home) {
        let action = Kind::LookUp.action();
        world.inject_on(region, action, unknown.clone(), Times::Always);
    }
    world
}
