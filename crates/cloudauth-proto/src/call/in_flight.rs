//! The exchanges of a call: those in flight, those to be abandoned, and the record of those that ended.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::clock::MonoTime;
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::{Attempt, AttemptOutcome};
use crate::exchange::ExchangeId;
use crate::policy::circuit_breaker::{FAIR_SILENCE, HealthEvidence};
use crate::policy::{Classification, Policy, RetryDecision};
use crate::sign::{Scheme, Stamp};

/// An exchange that was handed to the driver and has not ended.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) id: ExchangeId,
    /// How many exchanges the call started before.
    pub(super) resend: usize,
    pub(super) endpoint: Endpoint,
    pub(super) started: MonoTime,
    pub(super) stamp: Stamp,
    /// What it was signed with, if it was signed.
    pub(super) signed: Option<(Scheme, Credentials)>,
    /// The time to connect.
    pub(super) connect: Duration,
    /// When it is overdue.
    pub(super) until: MonoTime,
}

impl InFlight {
    /// What it says about the endpoint that the exchange ends like this.
    pub(super) fn evidence(
        &self,
        classification: Classification,
        policy: &Policy,
        now: MonoTime,
    ) -> HealthEvidence {
        if classification.proves_health() {
            return HealthEvidence::Success;
        }
        if !classification.counts_against_endpoint() {
            return HealthEvidence::None;
        }
        let elapsed = now.saturating_since(self.started);
        let is_silence = self.until <= now
            || (classification == Classification::NotSent && self.connect <= elapsed);
        let fair = FAIR_SILENCE
            .min(policy.connect_timeout)
            .min(policy.read_timeout);
        if is_silence && elapsed < fair {
            let started = self.started;
            return HealthEvidence::ShortSilence { started };
        }
        HealthEvidence::Failure
    }
}

#[derive(Debug, Default)]
pub(super) struct Exchanges {
    in_flight: Vec<InFlight>,
    abandoned: Vec<ExchangeId>,
    attempts: Vec<Attempt>,
    sent: usize,
}

impl Exchanges {
    pub(super) fn start(&mut self, exchange: InFlight) {
        self.sent += 1;
        // Most calls have one exchange, and a vector of such large values would begin with room for four.
        self.in_flight.reserve_exact(1);
        self.in_flight.push(exchange);
    }

    /// How many exchanges were started.
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    pub(super) fn in_flight(&self) -> &[InFlight] {
        &self.in_flight
    }

    /// When the first exchange in flight is overdue.
    pub(super) fn next_overdue(&self) -> Option<MonoTime> {
        self.in_flight.iter().map(|it| it.until).min()
    }

    /// Takes an exchange that is overdue; the driver is to abandon it.
    pub(super) fn take_overdue(&mut self, now: MonoTime) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|it| it.until <= now)?;
        let overdue = self.in_flight.remove(at);
        self.abandoned.push(overdue.id);
        Some(overdue)
    }

    /// Takes the exchange with this ID.
    pub(super) fn take(&mut self, id: ExchangeId) -> Option<InFlight> {
        let at = self.in_flight.iter().position(|it| it.id == id)?;
        Some(self.in_flight.remove(at))
    }

    /// Takes all exchanges in flight; the driver is to abandon them.
    pub(super) fn take_all(&mut self) -> Vec<InFlight> {
        let all = mem::take(&mut self.in_flight);
        self.abandoned.extend(all.iter().map(|it| it.id));
        all
    }

    /// The next exchange that the driver is to abandon.
    pub(super) fn next_abandoned(&mut self) -> Option<ExchangeId> {
        self.abandoned.pop()
    }

    /// Records how an exchange ended, and what the retry rule decided after it.
    pub(super) fn record(
        &mut self,
        exchange: InFlight,
        ended: MonoTime,
        outcome: AttemptOutcome,
        request_id: Option<String>,
        decision: RetryDecision,
    ) {
        self.attempts.reserve_exact(1);
        self.attempts.push(Attempt {
            endpoint: exchange.endpoint,
            started: exchange.started,
            ended,
            outcome,
            request_id,
            decision,
        });
    }

    pub(super) fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    pub(super) fn take_attempts(&mut self) -> Vec<Attempt> {
        mem::take(&mut self.attempts)
    }
}
