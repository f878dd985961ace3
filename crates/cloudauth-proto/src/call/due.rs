//! The next exchange of a call: when it is due, and at which endpoint.

use core::time::Duration;

use crate::clock::MonoTime;
use crate::endpoint::Endpoint;
use crate::session::Session;

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) at: MonoTime,
    pub(super) target: Target,
    /// The least backoff, as the service demands it.
    pub(super) retry_after: Duration,
    pub(super) has_backed_off: bool,
    pub(super) has_reservation: bool,
}

impl Due {
    pub(super) fn new(at: MonoTime, target: Target) -> Self {
        Self {
            at,
            target,
            retry_after: Duration::ZERO,
            has_backed_off: false,
            has_reservation: false,
        }
    }
}

/// The endpoint of the next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The preferred endpoint; the first attempt, which is always made.
    Preferred,
    /// Another endpoint than the last.
    Another,
    /// The last endpoint again.
    Same,
    /// The last endpoint again, at once and for free.
    SameForFree,
    /// The endpoint that opened the verification.
    Origin,
}

impl Target {
    /// The endpoint, if one can be used. `origin` opened the verification, `last` had the last attempt.
    pub(super) fn endpoint(
        self,
        session: &Session,
        origin: Option<&Endpoint>,
        last: Option<&Endpoint>,
        now: MonoTime,
    ) -> Option<Endpoint> {
        match self {
            Self::Preferred => session
                .pick(origin, None, now)
                .or_else(|| session.first_to_close(origin, now)),
            Self::Another => session.pick(origin, last, now),
            Self::Same | Self::SameForFree => last.cloned(),
            Self::Origin => origin.cloned(),
        }
    }
}
