//! Scripted faults: what goes wrong, where, and how often.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};

use crate::region::Region;

/// Something that goes wrong with a request.
///
/// "Carried out" means that the operation took effect although the client cannot tell: the case in which
/// repeating an `InitFaceVerify` opens a second order.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused. Not carried out.
    ///
    /// Over sockets a region can refuse everything or nothing: for one action only, it is a reset before anything is
    /// carried out.
    Refuse,
    /// The request is read and carried out, then the connection is reset.
    Reset,
    /// The request is read and carried out, and never answered.
    Hang,
    /// The gateway's error reply with this HTTP status. Not carried out.
    ///
    /// 503 carries the code `ServiceUnavailable` and 500 `InternalError` (both documented); 429 carries
    /// `Throttling.User` (the code is documented, with HTTP 400; 429 is our guess); every other status carries
    /// the code of its class: `Forbidden.RAM`, `InvalidApi.NotFound`, `InvalidParameter`, `InternalError`.
    Status(u16),
    /// HTTP 200 whose body says `Code: "500"`, the service's own system error (documented). Not carried out.
    Code500,
    /// HTTP 200 with a page of HTML, as a proxy in between would send. Carried out.
    Garbage,
    /// HTTP 200 without a body. Carried out.
    Empty,
    /// Half of the reply, then the connection closes. Carried out.
    Truncate,
    /// A JSON reply filled up to this many bytes. Carried out.
    Oversize(usize),
    /// Exactly this answer. Not carried out.
    Custom {
        /// The HTTP status.
        status: u16,
        /// The body; it is sent as `application/json;charset=utf-8` whatever it is.
        body: Vec<u8>,
    },
}

impl Fault {
    /// A word for the request log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Status(_) => "status",
            Self::Code500 => "code 500",
            Self::Garbage => "garbage",
            Self::Empty => "empty",
            Self::Truncate => "truncate",
            Self::Oversize(_) => "oversize",
            Self::Custom { .. } => "custom",
        }
    }

    /// The code of [`Self::Status`].
    pub(crate) const fn gateway_code(status: u16) -> &'static str {
        match status {
            503 => "ServiceUnavailable",
            429 => "Throttling.User",
            403 => "Forbidden.RAM",
            404 => "InvalidApi.NotFound",
            400..=499 => "InvalidParameter",
            _ => "InternalError",
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if let Self::Status(status) | Self::Custom { status, .. } = self {
            write!(f, " {status}")?;
        }
        Ok(())
    }
}

/// How many requests a fault meets before it is over.
#[expect(
    clippy::exhaustive_enums,
    reason = "once, a number, for ever: there is no fourth"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// One request.
    Once,
    /// So many requests; zero is none.
    N(u32),
    /// Every request until the faults are cleared.
    Always,
}

/// The faults to come, in order, for each place.
#[derive(Debug)]
pub(crate) struct Script<Place = Region> {
    queues: BTreeMap<Place, VecDeque<Entry>>,
}

impl<Place> Default for Script<Place> {
    fn default() -> Self {
        let queues = BTreeMap::new();
        Self { queues }
    }
}

#[derive(Debug)]
struct Entry {
    action: Option<String>,
    fault: Fault,
    /// `None`: for ever.
    left: Option<u32>,
}

impl<Place: Copy + Ord> Script<Place> {
    pub(crate) fn add(&mut self, place: Place, action: Option<String>, fault: Fault, times: Times) {
        let left = match times {
            Times::Once => Some(1),
            Times::N(0) => return,
            Times::N(n) => Some(n),
            Times::Always => None,
        };
        let entry = Entry {
            action,
            fault,
            left,
        };
        self.queues.entry(place).or_default().push_back(entry);
    }

    /// Takes the first fault that is meant for a request to `action`.
    pub(crate) fn take(&mut self, place: Place, action: &str) -> Option<Fault> {
        let queue = self.queues.get_mut(&place)?;
        let at = queue
            .iter()
            .position(|entry| entry.action.as_deref().is_none_or(|only| only == action))?;
        let entry = queue.get_mut(at)?;
        let fault = entry.fault.clone();
        if let Some(left) = &mut entry.left {
            *left -= 1;
            if *left == 0 {
                queue.remove(at);
            }
        }
        Some(fault)
    }

    /// Whether the next thing to happen to any request is that its connection is refused.
    pub(crate) fn refuses(&self, place: Place) -> bool {
        self.queues
            .get(&place)
            .and_then(VecDeque::front)
            .is_some_and(|entry| entry.fault == Fault::Refuse && entry.action.is_none())
    }

    pub(crate) fn clear(&mut self, place: Place) {
        self.queues.remove(&place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(script: &mut Script<Region>, action: &str) -> Option<Fault> {
        script.take(Region::Shanghai, action)
    }

    #[test]
    fn faults_come_in_order_and_run_out() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, None, Fault::Hang, Times::N(2));
        script.add(Region::Shanghai, None, Fault::Reset, Times::Once);
        script.add(Region::Shanghai, None, Fault::Empty, Times::N(0));
        let order: Vec<_> = (0..4).map(|_| taken(&mut script, "A")).collect();
        let expected = [
            Some(Fault::Hang),
            Some(Fault::Hang),
            Some(Fault::Reset),
            None,
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn a_fault_for_another_action_or_region_waits() {
        let mut script = Script::<Region>::default();
        script.add(Region::Shanghai, Some("A".into()), Fault::Hang, Times::Once);
        assert_eq!(taken(&mut script, "B"), None);
        assert_eq!(script.take(Region::Beijing, "A"), None);
        assert_eq!(taken(&mut script, "A"), Some(Fault::Hang));
    }

    #[test]
    fn a_region_refuses_only_when_that_comes_next() {
        let mut script = Script::<Region>::default();
        script.add(Region::Beijing, None, Fault::Code500, Times::Once);
        script.add(Region::Beijing, None, Fault::Refuse, Times::Always);
        assert!(!script.refuses(Region::Beijing));
        script.take(Region::Beijing, "A");
        assert!(script.refuses(Region::Beijing));
        assert!(!script.refuses(Region::Shanghai));
        script.clear(Region::Beijing);
        assert!(!script.refuses(Region::Beijing));
    }
}
