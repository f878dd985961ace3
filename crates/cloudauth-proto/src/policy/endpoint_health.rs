//! The endpoints of a client, each with its circuit breaker.

use alloc::vec::Vec;

use super::circuit_breaker::{CircuitBreaker, HealthEvidence};
use crate::clock::MonoTime;
use crate::endpoint::{Endpoint, Endpoints};
use crate::event::{CircuitBreakerState, Event, EventLog};
use crate::exchange::ExchangeId;

/// The most endpoints that are not in the list and have a circuit breaker all the same.
const MAX_UNLISTED: usize = 16;

/// The listed endpoints in order of preference, and those besides that calls used.
#[derive(Debug)]
pub(crate) struct EndpointHealth {
    listed: Vec<(Endpoint, CircuitBreaker)>,
    /// Pinned ones and origins.
    unlisted: Vec<(Endpoint, CircuitBreaker)>,
}

impl EndpointHealth {
    pub(crate) fn new(endpoints: Endpoints) -> Self {
        let listed = endpoints.into_iter();
        let listed = listed.map(|endpoint| (endpoint, CircuitBreaker::new()));
        Self {
            listed: listed.collect(),
            unlisted: Vec::new(),
        }
    }

    /// The listed endpoints in order of preference.
    pub(crate) fn listed(&self) -> impl Iterator<Item = &Endpoint> {
        self.listed.iter().map(|(endpoint, _)| endpoint)
    }

    /// The endpoints in order of preference: the origin, then the others.
    pub(crate) fn candidates<'s>(
        &'s self,
        origin: Option<&'s Endpoint>,
    ) -> impl Iterator<Item = &'s Endpoint> {
        let others = self.listed();
        let others = others.filter(move |endpoint| Some(*endpoint) != origin);
        origin.into_iter().chain(others)
    }

    /// The state of each circuit breaker.
    pub(crate) fn states(&self) -> impl Iterator<Item = (&Endpoint, CircuitBreakerState)> {
        let breakers = self.listed.iter().chain(&self.unlisted);
        breakers.map(|(endpoint, breaker)| (endpoint, breaker.state()))
    }

    /// Until when other endpoints come before this one.
    pub(crate) fn open_until(&self, endpoint: &Endpoint, now: MonoTime) -> Option<MonoTime> {
        self.breaker(endpoint)?.open_until(now)
    }

    /// Whether an attempt at the endpoint would be withdrawn from the retry budget.
    pub(crate) fn has_recent_failures(&self, endpoint: &Endpoint, now: MonoTime) -> bool {
        let breaker = self.breaker(endpoint);
        breaker.is_some_and(|breaker| breaker.has_recent_failures(now))
    }

    /// Records that an exchange with the endpoint begins; it ends by `until`.
    pub(crate) fn begin_exchange(
        &mut self,
        endpoint: &Endpoint,
        id: ExchangeId,
        until: MonoTime,
        now: MonoTime,
        events: &mut EventLog,
    ) {
        self.change(endpoint, events, |breaker| {
            breaker.begin_exchange(id, until, now);
        });
    }

    /// Records how an exchange with the endpoint ended.
    pub(crate) fn end_exchange(
        &mut self,
        endpoint: &Endpoint,
        id: ExchangeId,
        evidence: HealthEvidence,
        now: MonoTime,
        events: &mut EventLog,
    ) {
        self.change(endpoint, events, |breaker| match evidence {
            HealthEvidence::Success => breaker.record_success(),
            HealthEvidence::Failure => breaker.record_failure(id, now),
            HealthEvidence::ShortSilence { started } => {
                breaker.record_short_silence(id, started, now);
            }
            HealthEvidence::None => breaker.release(id, now),
        });
    }

    /// Releases an exchange whose end is not known, nor its endpoint.
    pub(crate) fn release_exchange(
        &mut self,
        id: ExchangeId,
        now: MonoTime,
        events: &mut EventLog,
    ) {
        let breakers = self.listed.iter_mut().chain(&mut self.unlisted);
        for (endpoint, breaker) in breakers {
            let before = breaker.state();
            breaker.release(id, now);
            record_change(events, endpoint, before, breaker);
        }
    }

    fn breaker(&self, endpoint: &Endpoint) -> Option<&CircuitBreaker> {
        let mut known = self.listed.iter().chain(&self.unlisted);
        let found = known.find(|(known, _)| known == endpoint);
        found.map(|(_, breaker)| breaker)
    }

    fn breaker_mut(&mut self, endpoint: &Endpoint) -> &mut CircuitBreaker {
        if let Some(at) = self.listed.iter().position(|(it, _)| it == endpoint) {
            return &mut self.listed[at].1;
        }
        let at = self.unlisted.iter().position(|(it, _)| it == endpoint);
        let at = at.unwrap_or_else(|| {
            if self.unlisted.len() == MAX_UNLISTED {
                // The one that was used first.
                self.unlisted.remove(0);
            }
            self.unlisted
                .push((endpoint.clone(), CircuitBreaker::new()));
            self.unlisted.len() - 1
        });
        &mut self.unlisted[at].1
    }

    fn change(
        &mut self,
        endpoint: &Endpoint,
        events: &mut EventLog,
        change: impl FnOnce(&mut CircuitBreaker),
    ) {
        let breaker = self.breaker_mut(endpoint);
        let before = breaker.state();
        change(breaker);
        record_change(events, endpoint, before, breaker);
    }
}

fn record_change(
    events: &mut EventLog,
    endpoint: &Endpoint,
    before: CircuitBreakerState,
    breaker: &CircuitBreaker,
) {
    let state = breaker.state();
    if state != before {
        events.record(|| Event::CircuitBreaker {
            endpoint: endpoint.clone(),
            state,
        });
    }
}
