//! Operations of the simulation only, one for each effect, and a world that implements them.

use cloudauth_proto::operation::{InvalidField, OperationMetadata, Params};
use cloudauth_proto::{Effect, Endpoint, Operation};
use serde_json::{Value, json};

use crate::{Fault, Region, Times, World};

/// An operation without parameters.
#[derive(Debug)]
pub(super) struct SimulatedOperation {
    kind: OperationKind,
    origin: Option<Endpoint>,
}

/// Kinds of [`SimulatedOperation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperationKind {
    Read,
    /// Reads by an ID that is unknown outside of its origin.
    LookUp,
    Update,
    Open,
    Charge,
}

impl OperationKind {
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
            Self::Read | Self::LookUp => Effect::ReadOnly,
            Self::Update => Effect::Idempotent,
            Self::Open => Effect::OpensVerification,
            Self::Charge => Effect::NotIdempotent,
        }
    }
}

impl SimulatedOperation {
    /// The action of [`OperationKind::Read`].
    pub(super) const READ: &str = OperationKind::Read.action();

    /// `origin` is used by [`OperationKind::LookUp`] only.
    pub(super) fn new(kind: OperationKind, origin: Endpoint) -> Self {
        let origin = (kind == OperationKind::LookUp).then_some(origin);
        Self { kind, origin }
    }

    pub(super) fn read() -> Self {
        Self::new(OperationKind::Read, Endpoint::SHANGHAI)
    }

    pub(super) fn charge() -> Self {
        Self::new(OperationKind::Charge, Endpoint::SHANGHAI)
    }
}

impl Operation for SimulatedOperation {
    type Response = Value;

    fn metadata(&self) -> OperationMetadata {
        let mut terms = OperationMetadata::new(self.kind.action().into(), self.kind.effect());
        terms.unknown_codes = &["406"];
        terms.result_field = Some("Result");
        terms
    }

    fn origin(&self) -> Option<&Endpoint> {
        self.origin.as_ref()
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, _params: &mut Params) {}
}

/// Creates a world that implements the operations. [`OperationKind::LookUp`] fails outside of
/// `origin`.
pub(super) fn world(origin: Region) -> World {
    let mut world = World::new();
    for kind in OperationKind::ALL {
        world.add_operation(kind.action(), json!({"Result": "T"}));
    }
    // Told from other faults in traces, none of which is of this kind.
    let unknown = Fault::Gateway {
        status: 200,
        code: "406".to_owned(),
    };
    for region in Region::ALL.into_iter().filter(|region| *region != origin) {
        let action = OperationKind::LookUp.action();
        world.inject_for_action(region, action, unknown.clone(), Times::Always);
    }
    world
}
