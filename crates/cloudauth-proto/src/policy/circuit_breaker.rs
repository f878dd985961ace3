//! The circuit breaker of an endpoint: consecutive failures open it, then one exchange at a time probes
//! the endpoint.
//!
//! An open breaker is advice: calls use other endpoints first, and this one if nothing else is left.

use core::time::Duration;

use crate::clock::MonoTime;
use crate::event::CircuitBreakerState;
use crate::exchange::ExchangeId;

/// The number of consecutive failures that opens the breaker. At 1 % of random failures, that happens
/// once in 10^10 exchanges.
const MAX_FAILURES: u32 = 5;

/// How long the breaker stays open, and how long a failure counts.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(5);

/// A silence of this length is a failure. Shorter ones, which deadlines have cut, count together.
pub(crate) const FAIR_SILENCE: Duration = Duration::from_secs(1);

/// The state of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CircuitBreaker {
    /// Used as usual.
    Closed {
        failures: u32,
        last_failure: MonoTime,
        silence: Option<Silence>,
    },
    /// Avoided until that time, then probed.
    Open { until: MonoTime },
    /// An exchange probes it. A driver may have lost it, so the probe ends at `until`.
    HalfOpen { probe: ExchangeId, until: MonoTime },
}

/// What the end of an exchange says about its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthEvidence {
    /// It works.
    Success,
    /// It does not.
    Failure,
    /// No response until the caller's deadline, which came soon.
    ShortSilence { started: MonoTime },
    /// Nothing.
    None,
}

/// The time in which exchanges had no response and there was no success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    from: MonoTime,
    to: MonoTime,
}

impl CircuitBreaker {
    pub(crate) const fn new() -> Self {
        Self::Closed {
            failures: 0,
            last_failure: MonoTime::new(Duration::ZERO),
            silence: None,
        }
    }

    pub(crate) fn state(&self) -> CircuitBreakerState {
        match self {
            Self::Closed { .. } => CircuitBreakerState::Closed,
            Self::Open { .. } => CircuitBreakerState::Open,
            Self::HalfOpen { .. } => CircuitBreakerState::HalfOpen,
        }
    }

    /// Until when other endpoints come first; `None` if this one can be used.
    pub(crate) fn open_until(&self, now: MonoTime) -> Option<MonoTime> {
        match *self {
            Self::Closed { .. } => None,
            Self::Open { until } | Self::HalfOpen { until, .. } => (now < until).then_some(until),
        }
    }

    /// Whether an attempt would be withdrawn from the retry budget: the endpoint failed recently, and the
    /// attempt would not be the probe.
    pub(crate) fn has_recent_failures(&self, now: MonoTime) -> bool {
        match *self {
            Self::Closed {
                failures,
                last_failure,
                ..
            } => failures > 0 && now.saturating_since(last_failure) < OPEN_FOR,
            Self::Open { until } | Self::HalfOpen { until, .. } => now < until,
        }
    }

    /// An exchange begins, which ends by `until`.
    pub(crate) fn begin_exchange(&mut self, exchange: ExchangeId, until: MonoTime, now: MonoTime) {
        let is_probe = match *self {
            Self::Closed { .. } => false,
            Self::Open { until } | Self::HalfOpen { until, .. } => until <= now,
        };
        if is_probe {
            *self = Self::HalfOpen {
                probe: exchange,
                until,
            };
        }
    }

    /// An exchange ended in a way that says nothing about the endpoint. If it was the probe, the next
    /// exchange is.
    pub(crate) fn release(&mut self, exchange: ExchangeId, now: MonoTime) {
        if let Self::HalfOpen { probe, .. } = *self
            && probe == exchange
        {
            *self = Self::Open { until: now };
        }
    }

    /// An exchange failed.
    pub(crate) fn record_failure(&mut self, exchange: ExchangeId, now: MonoTime) {
        *self = match *self {
            Self::Closed {
                failures,
                last_failure,
                silence,
            } => {
                let is_old = now.saturating_since(last_failure) >= OPEN_FOR;
                let failures = if is_old { 1 } else { failures + 1 };
                if failures < MAX_FAILURES {
                    Self::Closed {
                        failures,
                        last_failure: now,
                        silence,
                    }
                } else {
                    Self::opened(now)
                }
            }
            Self::HalfOpen { probe, .. } if probe == exchange => Self::opened(now),
            // Exchanges that were in flight when it opened are no new evidence.
            same @ (Self::HalfOpen { .. } | Self::Open { .. }) => same,
        };
    }

    /// An exchange that began at `started` had no response until its caller's deadline cut it short.
    pub(crate) fn record_short_silence(
        &mut self,
        exchange: ExchangeId,
        started: MonoTime,
        now: MonoTime,
    ) {
        let Self::Closed { silence, .. } = self else {
            return self.record_failure(exchange, now);
        };
        let from = match *silence {
            Some(Silence { from, to }) if now.saturating_since(to) < OPEN_FOR => from.min(started),
            Some(_) | None => started,
        };
        if now.saturating_since(from) < FAIR_SILENCE {
            *silence = Some(Silence { from, to: now });
        } else {
            *silence = Some(Silence { from: now, to: now });
            self.record_failure(exchange, now);
        }
    }

    pub(crate) fn record_success(&mut self) {
        *self = Self::new();
    }

    fn opened(now: MonoTime) -> Self {
        Self::Open {
            until: now + OPEN_FOR,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBE: ExchangeId = ExchangeId(1);
    const OTHER: ExchangeId = ExchangeId(2);

    fn at(seconds: u64) -> MonoTime {
        MonoTime::new(Duration::from_secs(seconds))
    }

    fn millis(millis: u64) -> MonoTime {
        MonoTime::new(Duration::from_millis(millis))
    }

    fn opened(seconds: u64) -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new();
        for _ in 0..MAX_FAILURES {
            assert_eq!(breaker.open_until(at(seconds)), None);
            breaker.record_failure(OTHER, at(seconds));
        }
        breaker
    }

    /// Opened at 0 and probed at 5, until 25.
    fn probed() -> CircuitBreaker {
        let mut breaker = opened(0);
        assert_eq!(breaker.open_until(at(5)), None);
        assert!(!breaker.has_recent_failures(at(5)), "the probe is free");
        breaker.begin_exchange(PROBE, at(25), at(5));
        breaker.begin_exchange(OTHER, at(26), at(6));
        assert!(breaker.has_recent_failures(at(6)), "there is one probe");
        assert_eq!(breaker.open_until(at(6)), Some(at(25)));
        breaker
    }

    #[test]
    fn consecutive_failures_open_it_and_one_success_resets_the_count() {
        assert_eq!(opened(0).open_until(at(4)), Some(at(5)));
        let mut breaker = CircuitBreaker::new();
        for _ in 0..MAX_FAILURES * 10 {
            breaker.record_failure(OTHER, at(0));
            breaker.record_success();
        }
        assert_eq!(breaker, CircuitBreaker::new());
    }

    #[test]
    fn failures_that_lie_far_apart_never_open_it() {
        let mut breaker = CircuitBreaker::new();
        for n in 0..100 {
            breaker.record_failure(OTHER, at(n * 5));
            assert_eq!(breaker.open_until(at(n * 5)), None);
        }
    }

    #[test]
    fn a_probe_opens_it_again_or_closes_it() {
        let mut breaker = probed();
        breaker.record_failure(PROBE, at(7));
        assert_eq!(breaker.open_until(at(8)), Some(at(12)));
        let mut breaker = probed();
        breaker.record_success();
        assert_eq!(breaker.open_until(at(7)), None);
        assert!(!breaker.has_recent_failures(at(7)));
    }

    #[test]
    fn a_probe_that_is_released_leaves_its_place_to_the_next_exchange() {
        let mut breaker = probed();
        breaker.release(OTHER, at(7));
        assert_eq!(breaker.open_until(at(7)), Some(at(25)));
        breaker.release(PROBE, at(7));
        assert_eq!(breaker.open_until(at(7)), None);
        assert!(!breaker.has_recent_failures(at(7)));
    }

    #[test]
    fn a_probe_that_is_never_reported_ends_by_time() {
        assert_eq!(probed().open_until(at(25)), None);
    }

    #[test]
    fn other_exchanges_do_not_decide_for_the_probe() {
        let mut breaker = probed();
        breaker.record_failure(OTHER, at(7));
        assert_eq!(breaker, probed());
    }

    #[test]
    fn late_failures_do_not_keep_it_open_longer() {
        let mut breaker = opened(0);
        breaker.record_failure(OTHER, at(4));
        assert_eq!(breaker.open_until(at(5)), None);
    }

    #[test]
    fn a_failure_stops_counting_after_a_while() {
        let mut breaker = CircuitBreaker::new();
        breaker.record_failure(OTHER, at(1));
        assert!(breaker.has_recent_failures(at(5)));
        assert!(!breaker.has_recent_failures(at(6)));
    }

    #[test]
    fn short_silences_count_by_the_time_they_cover_together() {
        let mut breaker = CircuitBreaker::new();
        for n in 1.. {
            // Ten at a time, each of 50 ms.
            breaker.record_short_silence(OTHER, millis(n * 50 - 50), millis(n * 50));
            for _ in 0..9 {
                breaker.record_short_silence(OTHER, millis(n * 50 - 50), millis(n * 50));
            }
            if breaker.open_until(millis(n * 50)).is_some() {
                assert!((95..=110).contains(&n), "{n}");
                return;
            }
        }
    }

    #[test]
    fn short_silences_between_successes_never_open_it() {
        let mut breaker = CircuitBreaker::new();
        for n in 1..10_000_u64 {
            breaker.record_short_silence(OTHER, millis(n * 50 - 50), millis(n * 50));
            if n % 4 == 0 {
                breaker.record_success();
            }
            assert_eq!(breaker.open_until(millis(n * 50)), None);
            assert!(!breaker.has_recent_failures(millis(n * 50)));
        }
    }

    #[test]
    fn a_probe_that_is_cut_short_opens_it_again() {
        let mut breaker = probed();
        breaker.record_short_silence(PROBE, at(5), at(5));
        assert_eq!(breaker.open_until(at(6)), Some(at(10)));
    }
}
