//! Operations that exist only here, one for each effect, and the world that knows them.

use cloudauth_proto::{Effect, Endpoint, Operation, Params, Problem};
use serde_json::{Value, json};

use crate::{Fault, Region, Times, World};

/// An operation without parameters, by the place of its row in [`KINDS`].
#[derive(Debug)]
pub(super) struct Plain<const KIND: usize> {
    pub(super) home: Option<Endpoint>,
}

pub(super) const READ: usize = 0;
pub(super) const UPDATE: usize = 1;
pub(super) const OPEN: usize = 2;
pub(super) const CHARGE: usize = 3;
/// Asks about something that one region knows.
pub(super) const LOOK_UP: usize = 4;

const KINDS: [(&str, Effect); 5] = [
    ("SimulatedRead", Effect::Query),
    ("SimulatedUpdate", Effect::Set),
    ("SimulatedOpen", Effect::Open),
    ("SimulatedCharge", Effect::Once),
    ("SimulatedLookUp", Effect::Query),
];

impl<const KIND: usize> Operation for Plain<KIND> {
    const ACTION: &'static str = KINDS[KIND].0;
    const EFFECT: Effect = KINDS[KIND].1;
    const UNKNOWN_CODES: &'static [&'static str] = &["406"];
    type Response = Value;

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
    for (action, _) in KINDS {
        world.teach(action, json!({}));
    }
    let unknown = Fault::Custom {
        status: 200,
        body: br#"{"Code":"406","Message":"unknown","RequestId":"R"}"#.to_vec(),
    };
    for region in Region::ALL.into_iter().filter(|region| *region != home) {
        world.inject_on(region, KINDS[LOOK_UP].0, unknown.clone(), Times::Always);
    }
    world
}
