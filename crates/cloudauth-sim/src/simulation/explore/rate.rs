//! Checks that a rate limit is kept, and that its whole rate is served.

use core::time::Duration;

use super::checks::Checks;
use super::scenario::Scenario;
use crate::simulation::operations::OperationKind;
use crate::simulation::{CallEnd, EventKind, Rule, Simulation};

const SECOND: Duration = Duration::from_secs(1);

/// Times of the client's monotonic clock and of the simulation are rounded.
const TOLERANCE: Duration = Duration::from_millis(1);

/// The times at which a send is allowed, derived from the sends.
struct Allowance {
    interval: Duration,
    /// When the next send would be due without a burst.
    next: Duration,
}

impl Allowance {
    /// When the next send is allowed.
    fn earliest(&self) -> Duration {
        let burst = SECOND.saturating_sub(self.interval);
        self.next.saturating_sub(burst)
    }

    fn send(&mut self, at: Duration) {
        self.next = self.next.max(at) + self.interval;
    }
}

/// Checks all sends of reads, and the reads that ended without one.
pub(super) fn check(scenario: &Scenario, simulation: &Simulation, checks: &mut Checks) {
    let Some(rate) = scenario.rate_limit else {
        return;
    };
    let is_read = |call: usize| {
        let planned = scenario.calls.get(call);
        planned.is_some_and(|planned| planned.kind == OperationKind::Read)
    };
    let interval = SECOND / rate.max(1);
    let mut allowance = Allowance {
        interval,
        next: Duration::ZERO,
    };
    // From when on a send has been allowed without an interruption, and until when, if it was.
    let mut allowed_from = Duration::ZERO;
    let mut spans = Vec::new();
    let events = simulation.trace().events();
    for event in events {
        let now = scenario.mono(event.at);
        match event.kind {
            EventKind::RequestSent { .. } if is_read(event.call) => {
                let holds = allowance.earliest() <= now + TOLERANCE;
                checks.expect(Rule::RateLimitKept, holds);
                allowance.send(now);
                if allowance.earliest() > now {
                    spans.push((allowed_from, now));
                    allowed_from = allowance.earliest();
                }
            }
            EventKind::Ended(end) if is_read(event.call) && end != CallEnd::Success => {
                if let Some(deadline) = deadline_of_unsent(scenario, simulation, event.call) {
                    let gave_up_early =
                        allowance.earliest() + TOLERANCE < deadline && now + TOLERANCE < deadline;
                    checks.expect(Rule::RateLimitServed, !gave_up_early);
                }
            }
            EventKind::Started
            | EventKind::RequestSent { .. }
            | EventKind::CredentialRequestSent { .. }
            | EventKind::RefreshStarted
            | EventKind::RefreshEnded { .. }
            | EventKind::CarriedOut { .. }
            | EventKind::ExchangeEnded { .. }
            | EventKind::ExchangeAbandoned { .. }
            | EventKind::Ended(_)
            | EventKind::Dropped => {}
        }
    }
    spans.push((allowed_from, Duration::MAX));
    // A call asks again within a second and one interval of the time from which a send is allowed.
    let longest = SECOND + interval + scenario.poll_delay + TOLERANCE;
    for (call, record) in simulation.records().enumerate() {
        if !is_read(call) || deadline_of_unsent(scenario, simulation, call).is_none() {
            continue;
        }
        let started = scenario.mono(record.started);
        let ended = scenario.mono(record.ended.unwrap_or_default());
        let allowed = spans.iter().map(|(from, to)| {
            let (from, to) = ((*from).max(started), (*to).min(ended));
            to.saturating_sub(from)
        });
        let holds = allowed.max().unwrap_or_default() <= longest;
        checks.expect(Rule::RateLimitServed, holds);
    }
}

/// The deadline of a call that ended without a send, if it was for the rate limit.
fn deadline_of_unsent(
    scenario: &Scenario,
    simulation: &Simulation,
    call: usize,
) -> Option<Duration> {
    let planned = scenario.calls.get(call)?;
    let record = simulation.records().nth(call)?;
    let ended = record.ended?;
    let is_for_rate_limit = record.end.is_some()
        && record.requests == 0
        && scenario.credentials.is_none()
        && !scenario.is_halted(record.started, ended);
    let total = planned.total_timeout;
    let total = total.unwrap_or(scenario.policy.total_timeout);
    is_for_rate_limit.then(|| scenario.mono(record.started) + total)
}
