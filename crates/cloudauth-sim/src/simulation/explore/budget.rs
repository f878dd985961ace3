//! The least that the retry budget of a session can hold over the time of a scenario, derived from its
//! trace.

use core::time::Duration;

use super::scenario::Scenario;
use crate::CredentialService;
use crate::simulation::{EventKind, Simulation};

/// Thousandths of a withdrawal.
const WITHDRAWAL: u128 = 1_000;
const CAP: u128 = 5 * WITHDRAWAL;
/// A call deposits an eleventh of a withdrawal.
const DEPOSIT: u128 = WITHDRAWAL / 11;
/// The budget is full after ten seconds.
const FULL_AFTER_MILLIS: u128 = 10_000;

pub(super) struct BudgetTimeline {
    /// The least that it holds before and after each event of the trace, whichever is less.
    least: Vec<u128>,
}

impl BudgetTimeline {
    /// Counts every request but the first of a call as a withdrawal, though some are free.
    pub(super) fn of(scenario: &Scenario, simulation: &Simulation) -> Self {
        let mut held = CAP;
        let mut updated = Duration::ZERO;
        let mut have_sent = Vec::new();
        let mut least = Vec::new();
        for event in simulation.trace().events() {
            let now = scenario.mono(event.at);
            let elapsed = now.saturating_sub(updated).as_micros();
            held = (held + elapsed * CAP / (FULL_AFTER_MILLIS * 1_000)).min(CAP);
            updated = now;
            let before = held;
            match event.kind {
                EventKind::Started => held = (held + DEPOSIT).min(CAP),
                EventKind::RequestSent { .. }
                | EventKind::CredentialRequestSent {
                    to: CredentialService::Sts,
                    ..
                } => {
                    if have_sent.contains(&event.call) {
                        held = held.saturating_sub(WITHDRAWAL);
                    }
                    have_sent.push(event.call);
                }
                EventKind::CredentialRequestSent { .. }
                | EventKind::RefreshStarted
                | EventKind::RefreshEnded { .. }
                | EventKind::CarriedOut { .. }
                | EventKind::ExchangeEnded { .. }
                | EventKind::ExchangeAbandoned { .. }
                | EventKind::Ended(_)
                | EventKind::Dropped => {}
            }
            least.push(before.min(held));
        }
        Self { least }
    }

    /// Whether it certainly suffices for an attempt at each event of a call.
    pub(super) fn suffices(&self, call: usize, simulation: &Simulation) -> bool {
        let events = simulation.trace().events().iter().zip(&self.least);
        let mut of_call = events.filter(|(event, _)| event.call == call);
        of_call.all(|(_, least)| *least >= WITHDRAWAL)
    }
}
