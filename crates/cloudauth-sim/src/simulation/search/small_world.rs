//! The bounds of a search: what calls there are, and what may happen to them.

use core::time::Duration;

use super::action::ScriptedEnd;
use crate::Region;
use crate::simulation::operations::OperationKind;

/// Two endpoints, a few calls, and bounds on what happens to them.
///
/// Everything that can happen within these bounds is searched, in every order.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent bounds")]
pub struct SmallWorld {
    pub(super) name: String,
    /// The calls, in the order in which they start.
    pub(super) calls: Vec<SearchedCall>,
    /// Reads per second.
    pub(super) rate_limit: Option<u32>,
    pub(super) breakers: [InitialBreaker; 2],
    /// Whether the endpoints respond at the start.
    pub(super) up: [bool; 2],
    /// How often an endpoint goes down or up.
    pub(super) toggles: u8,
    /// How many calls are dropped.
    pub(super) drops: u8,
    /// Whether the driver releases the exchanges of a dropped call.
    pub(super) releases: bool,
    /// Whether the retry budget is spent at the start.
    pub(super) is_budget_spent: bool,
    /// How often the clock jumps.
    pub(super) jumps: u8,
    /// Whether the clock also jumps beyond the time of the next poll.
    pub(super) late_polls: bool,
    /// What an endpoint that is down does, besides silence.
    pub(super) down: Vec<ScriptedEnd>,
    /// What an endpoint that is up does so many times, besides carrying out the request.
    pub(super) odd: Vec<ScriptedEnd>,
    pub(super) odd_times: u8,
    /// Whether connections to an endpoint that is down time out; otherwise only responses are missing.
    pub(super) is_black_hole: bool,
    pub(super) refresh: Option<RefreshMode>,
    /// How often its program fails.
    pub(super) program_failures: u8,
    pub(super) max_attempts: usize,
    /// Whether a call starts only when the one before has ended.
    pub(super) one_at_a_time: bool,
}

impl SmallWorld {
    /// A world with these calls. Both endpoints are up; one of them changes once, one call is dropped,
    /// and the clock jumps once.
    pub(super) fn new(name: impl Into<String>, calls: Vec<SearchedCall>) -> Self {
        Self {
            name: name.into(),
            calls,
            rate_limit: None,
            breakers: [InitialBreaker::Closed; 2],
            up: [true; 2],
            toggles: 1,
            drops: 1,
            releases: true,
            is_budget_spent: false,
            jumps: 1,
            late_polls: false,
            down: vec![
                ScriptedEnd::NotSent,
                ScriptedEnd::NoResponse,
                ScriptedEnd::ServerError,
            ],
            odd: Vec::new(),
            odd_times: 0,
            is_black_hole: false,
            refresh: None,
            program_failures: 1,
            max_attempts: 4,
            one_at_a_time: false,
        }
    }

    /// What is special about the world.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A call of a [`SmallWorld`].
#[derive(Clone, Copy, Debug)]
pub(super) struct SearchedCall {
    pub(super) kind: OperationKind,
    /// The origin of a look-up. Other calls prefer Shanghai.
    pub(super) origin: Region,
    pub(super) hedge_after: Option<Duration>,
    pub(super) total_timeout: Duration,
}

impl SearchedCall {
    /// A call with the time of the default policy.
    pub(super) const fn new(kind: OperationKind) -> Self {
        Self {
            kind,
            origin: Region::Shanghai,
            hedge_after: None,
            total_timeout: Duration::from_secs(30),
        }
    }

    /// A look-up with this origin.
    pub(super) const fn look_up(origin: Region) -> Self {
        Self {
            origin,
            ..Self::new(OperationKind::LookUp)
        }
    }

    /// Whether it can succeed at this endpoint.
    pub(super) fn can_succeed(&self, region: Region) -> bool {
        self.kind != OperationKind::LookUp || self.origin == region
    }

    /// The same call with less time.
    pub(super) const fn within(self, millis: u64) -> Self {
        Self {
            total_timeout: Duration::from_millis(millis),
            ..self
        }
    }

    /// The same call, hedged after 100 ms.
    pub(super) const fn hedged(self) -> Self {
        Self {
            hedge_after: Some(Duration::from_millis(100)),
            ..self
        }
    }
}

/// The circuit breaker of an endpoint at the start. Calls pinned to the endpoint bring it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InitialBreaker {
    Closed,
    /// One failure does not open it, the next one does.
    AlmostOpen,
    Open,
    /// The next exchange is a probe.
    HalfOpen,
}

/// How the driver runs a refresh. The source is a program, which ends in time or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RefreshMode {
    /// In place of the call that got the ticket, and dropped with it.
    Inline,
    /// Beside the calls.
    Beside,
}
