//! The next exchange of a call: when it is due, and at which endpoint.

use crate::clock::MonoTime;
use crate::endpoint::Endpoint;
use crate::session::Session;

use super::in_flight::Exchanges;

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) at: MonoTime,
    pub(super) target: Target,
    pub(super) backoff: Backoff,
    /// When to try the rate limit again, if it made the call wait.
    pub(super) planned: Option<MonoTime>,
}

impl Due {
    pub(super) fn new(at: MonoTime, target: Target) -> Self {
        Self {
            at,
            target,
            backoff: Backoff::IfUsed,
            planned: None,
        }
    }
}

/// Whether the call waits before the next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Backoff {
    /// If it has used the endpoint already.
    IfUsed,
    /// In any case.
    Always,
    /// It has waited.
    Over,
}

/// The endpoint of the next exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The preferred endpoint; the first attempt, which is always made.
    Preferred,
    /// Another endpoint than the last, if there is one.
    Another,
    /// An endpoint that the call has not used.
    Unused,
    /// The last endpoint again, at once and for free.
    SameForFree,
    /// The endpoint that opened the verification.
    Origin,
}

/// An endpoint for the next exchange, and what using it takes.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) endpoint: Endpoint,
    /// Whether this call has used it already.
    pub(super) was_used: bool,
    /// Whether the attempt is withdrawn from the retry budget.
    pub(super) costs: bool,
}

/// What a call may choose from.
#[derive(Debug)]
pub(super) struct Choices<'c> {
    pub(super) pinned: Option<&'c Endpoint>,
    /// The endpoint that opened the verification, if it is known.
    pub(super) origin: Option<&'c Endpoint>,
    pub(super) exchanges: &'c Exchanges,
    /// Endpoints whose certificate was refused in this call.
    pub(super) refused: &'c [Endpoint],
}

impl Choices<'_> {
    /// The endpoint of the next exchange, if one can be used: the one that this call has used least, of
    /// those one whose circuit breaker is closed, of those one that was not the last.
    pub(super) fn choose(
        &self,
        session: &Session,
        target: Target,
        budget_suffices: bool,
        now: MonoTime,
    ) -> Option<Choice> {
        let (health, attempts) = (session.endpoint_health(), self.exchanges.attempts());
        let last = attempts.last().map(|attempt| &attempt.endpoint);
        let is_free = matches!(target, Target::Preferred | Target::SameForFree);
        let choice = |endpoint: &Endpoint| {
            let was_used = self.uses(endpoint) > 0;
            Choice {
                costs: !is_free && (was_used || health.has_recent_failures(endpoint, now)),
                was_used,
                endpoint: endpoint.clone(),
            }
        };
        let certain = match target {
            Target::Preferred | Target::Another | Target::Unused => self.pinned,
            Target::SameForFree => last,
            Target::Origin => self.pinned.or(self.origin),
        };
        let can_be_used = |choice: &Choice| {
            let is_affordable = budget_suffices || !choice.costs;
            let is_allowed = !choice.was_used || target != Target::Unused;
            is_affordable && is_allowed && !self.refused.contains(&choice.endpoint)
        };
        if let Some(endpoint) = certain {
            return Some(choice(endpoint)).filter(can_be_used);
        }
        let candidates = health.candidates(self.origin).map(choice);
        candidates
            .filter(can_be_used)
            .min_by_key(|Choice { endpoint, .. }| {
                let open_until = health.open_until(endpoint, now);
                (self.uses(endpoint), open_until, last == Some(endpoint))
            })
    }

    /// The endpoint of a hedge: another one, that is well.
    pub(super) fn hedge(&self, session: &Session, now: MonoTime) -> Option<Endpoint> {
        let (health, in_flight) = (session.endpoint_health(), self.exchanges.in_flight());
        let others = self.candidates(session).filter(|endpoint| {
            let is_used = in_flight.iter().any(|it| it.endpoint == **endpoint);
            !is_used && health.open_until(endpoint, now).is_none()
        });
        others.min_by_key(|endpoint| self.uses(endpoint)).cloned()
    }

    /// Whether the call could still go to an endpoint that it has not used, after this one.
    pub(super) fn has_unused_besides(&self, session: &Session, endpoint: &Endpoint) -> bool {
        self.pinned.is_none()
            && self
                .candidates(session)
                .any(|other| other != endpoint && self.uses(other) == 0)
    }

    fn candidates<'s>(&'s self, session: &'s Session) -> impl Iterator<Item = &'s Endpoint> {
        let all = session.endpoint_health().candidates(self.origin);
        all.filter(|endpoint| !self.refused.contains(endpoint))
    }

    /// How many exchanges with this endpoint have ended.
    fn uses(&self, endpoint: &Endpoint) -> usize {
        let attempts = self.exchanges.attempts().iter();
        attempts.filter(|it| it.endpoint == *endpoint).count()
    }
}
