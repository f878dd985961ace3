//! Which credentials a scenario had when, as its trace tells.

use core::time::Duration;
use std::collections::BTreeMap;

use crate::simulation::{Simulation, What};

/// Clocks show whole seconds, so credentials can end so much sooner than they seem to.
const SECOND: Duration = Duration::from_secs(1);

/// All credentials that were got, oldest first.
pub(super) struct Keys {
    /// When each was got, and until when it is good: counted from the question for it, since it was
    /// made no sooner.
    got: Vec<(Duration, Duration)>,
}

impl Keys {
    /// Those of a scenario in which credentials live so long.
    pub(super) fn of(simulation: &Simulation, life: Duration) -> Self {
        let mut asked = BTreeMap::new();
        let mut got = Vec::new();
        for event in simulation.trace().events() {
            match event.what {
                // Reading a file takes no time here; a program is started at once.
                What::Authenticates | What::Asks { .. } => {
                    asked.insert(event.call, event.at);
                }
                What::Authenticated { well: true } => {
                    let asked = asked.get(&event.call).copied().unwrap_or_default();
                    got.push((event.at, asked + life));
                }
                What::Starts
                | What::Sends { .. }
                | What::Authenticated { well: false }
                | What::CarriedOut { .. }
                | What::Met { .. }
                | What::Abandons { .. }
                | What::Ends(_)
                | What::IsDropped => {}
            }
        }
        Self { got }
    }

    /// Until when the newest are good that were there at this time.
    fn end(&self, at: Duration) -> Option<Duration> {
        let mut newest = self.got.iter().rev();
        newest.find(|(got, _)| *got <= at).map(|(_, end)| *end)
    }

    /// Whether some were there from the one time to the other that are certainly good: the giver's
    /// clock and the client's each leave out a part of a second.
    pub(super) fn serve(&self, from: Duration, to: Duration) -> bool {
        self.end(from).is_some_and(|end| to + 2 * SECOND <= end)
    }

    /// Whether a request can be signed with good ones.
    pub(super) fn can_sign(&self, at: Duration) -> bool {
        self.end(at).is_some_and(|end| at < end)
    }

    /// Whether a request that was signed then may have come too late for its credentials.
    pub(super) fn can_be_late(&self, signed: Duration, met: Duration) -> bool {
        self.end(signed).is_some_and(|end| met + SECOND >= end)
    }
}
