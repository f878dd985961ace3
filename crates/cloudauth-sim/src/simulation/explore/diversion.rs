//! Checks that calls start at the endpoint that they prefer, unless its failures are reason enough not
//! to. The failures are those of the trace; where it is unclear whether an exchange failed, it did. A
//! time-out in which the client was halted is a failure, since links have time-outs of their own.

use core::time::Duration;
use std::collections::BTreeMap;

use super::checks::Checks;
use super::scenario::Scenario;
use crate::Region;
use crate::simulation::{Event, EventKind, ExchangeEnd, Responder, Rule, Simulation};

/// Consecutive failures that open a circuit breaker.
const MAX_FAILURES: u32 = 5;

/// How long a failure counts, and how long a circuit breaker stays open.
const RECENT: Duration = Duration::from_secs(5);

/// A shorter silence counts together with others.
const FAIR_SILENCE: Duration = Duration::from_secs(1);

/// Times of the client's monotonic clock and of the simulation are rounded.
const TOLERANCE: Duration = Duration::from_millis(1);

/// What is known of a region.
#[derive(Default)]
struct RegionHistory {
    /// Exchanges in flight, with the time of the simulation at which each began.
    in_flight: BTreeMap<(usize, usize), Duration>,
    failures: u32,
    last_failure: Option<Duration>,
    /// Whether the breaker was opened since the last success.
    was_opened: bool,
    /// The time that short silences cover.
    silence: Option<(Duration, Duration)>,
}

impl RegionHistory {
    fn fail(&mut self, now: Duration) {
        let is_recent = |last: Duration| now < last + RECENT;
        self.failures = if self.last_failure.is_some_and(is_recent) {
            self.failures + 1
        } else {
            1
        };
        self.last_failure = Some(now);
        self.was_opened |= self.failures >= MAX_FAILURES;
    }

    /// When the silence began that an exchange continues.
    fn silent_from(&self, started: Duration, now: Duration) -> Duration {
        match self.silence {
            Some((from, to)) if now < to + RECENT => from.min(started),
            Some(_) | None => started,
        }
    }

    /// A failure that may have come after the time to connect, so that it may be a silence as well.
    fn fail_or_be_silent(&mut self, started: Duration, now: Duration) {
        self.silence = Some((self.silent_from(started, now), now));
        self.fail(now);
    }

    fn silence(&mut self, started: Duration, now: Duration, fair: Duration) {
        let is_fair = now.saturating_sub(started) >= fair;
        if is_fair || self.was_opened {
            return self.fail(now);
        }
        let from = self.silent_from(started, now);
        if now.saturating_sub(from) < FAIR_SILENCE {
            self.silence = Some((from, now));
        } else {
            self.silence = Some((now, now));
            self.fail(now);
        }
    }

    fn succeed(&mut self) {
        let in_flight = core::mem::take(&mut self.in_flight);
        *self = Self {
            in_flight,
            ..Self::default()
        };
    }

    /// Whether other regions may come first.
    fn is_avoided(&self, now: Duration) -> bool {
        let is_recent = |last| now <= last + RECENT + TOLERANCE;
        self.was_opened && (self.last_failure.is_some_and(is_recent) || !self.in_flight.is_empty())
    }
}

/// The evidence of a response or a failure.
enum EvidenceInTrace {
    Success,
    Failure,
    Silence,
    None,
}

impl EvidenceInTrace {
    fn of(end: &ExchangeEnd) -> Self {
        match end {
            ExchangeEnd::NotSent | ExchangeEnd::CertificateRefused | ExchangeEnd::NoResponse => {
                Self::Failure
            }
            ExchangeEnd::NotConnected | ExchangeEnd::TimedOut => Self::Silence,
            ExchangeEnd::LocalFailure => Self::None,
            ExchangeEnd::Response { status, from } => match from {
                Responder::Service(_) => Self::Success,
                Responder::Fault(name) if name == "code_500" => Self::Failure,
                // `ServiceUnavailable`, whatever the status.
                Responder::Fault(name) if name == "gateway" && *status != 200 => Self::Failure,
                Responder::Fault(name) if name == "status" && *status < 500 => Self::Success,
                Responder::Fault(name) if name == "status" => Self::Failure,
                Responder::Fault(name) if name == "gateway" => Self::Success,
                Responder::Fault(_) | Responder::CredentialService(_) => Self::None,
            },
        }
    }
}

/// Checks the first request of every call.
pub(super) fn check(scenario: &Scenario, simulation: &Simulation, checks: &mut Checks) {
    let policy = scenario.policy;
    let fair = FAIR_SILENCE
        .min(policy.connect_timeout)
        .min(policy.read_timeout);
    let mut regions: [RegionHistory; 2] = Default::default();
    let mut have_sent = vec![false; scenario.calls.len()];
    // The last response of each call, which other exchanges of the call lost against.
    let mut responded = BTreeMap::new();
    for event in simulation.trace().events() {
        let Event { call, at, .. } = *event;
        let now = scenario.mono(at);
        let Some(planned) = scenario.calls.get(call) else {
            continue; // A refresh beside the calls.
        };
        match &event.kind {
            EventKind::RequestSent { exchange, to, .. } => {
                if !core::mem::replace(&mut have_sent[call], true) && planned.pinned.is_none() {
                    let preferred = scenario.preferred(planned);
                    let history = &regions[index(preferred)];
                    let holds = *to == preferred || history.is_avoided(now);
                    checks.expect(Rule::FailuresDivert, holds);
                }
                let in_flight = &mut regions[index(*to)].in_flight;
                in_flight.insert((call, *exchange), at);
            }
            EventKind::ExchangeEnded { exchange, end } => {
                for region in &mut regions {
                    let Some(started) = region.in_flight.remove(&(call, *exchange)) else {
                        continue;
                    };
                    match EvidenceInTrace::of(end) {
                        EvidenceInTrace::Success => region.succeed(),
                        EvidenceInTrace::Failure => {
                            region.fail_or_be_silent(scenario.mono(started), now);
                        }
                        EvidenceInTrace::Silence if scenario.is_halted(started, at) => {
                            region.fail(now);
                        }
                        EvidenceInTrace::Silence => {
                            region.silence(scenario.mono(started), now, fair);
                        }
                        EvidenceInTrace::None => {}
                    }
                }
                responded.insert(call, at);
            }
            EventKind::ExchangeAbandoned { exchange } => {
                let has_lost = responded.get(&call) == Some(&at);
                for region in &mut regions {
                    match region.in_flight.remove(&(call, *exchange)) {
                        Some(started) if has_lost || scenario.is_halted(started, at) => {
                            region.fail(now);
                        }
                        Some(started) => region.silence(scenario.mono(started), now, fair),
                        None => {}
                    }
                }
            }
            EventKind::Ended(_) | EventKind::Dropped => {
                for region in &mut regions {
                    region.in_flight.retain(|(of, _), _| *of != call);
                }
            }
            EventKind::Started
            | EventKind::CredentialRequestSent { .. }
            | EventKind::RefreshStarted
            | EventKind::RefreshEnded { .. }
            | EventKind::CarriedOut { .. } => {}
        }
    }
}

const fn index(region: Region) -> usize {
    match region {
        Region::Shanghai => 0,
        Region::Beijing => 1,
    }
}
