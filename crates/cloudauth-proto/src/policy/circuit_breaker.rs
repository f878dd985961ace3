//! The circuit breaker of an endpoint: consecutive failures open it, then one call probes the endpoint.

use core::time::Duration;

use crate::clock::MonoTime;

/// The number of consecutive failures that opens the breaker. At 1 % of random failures, that happens
/// once in 10^10 exchanges.
const MAX_FAILURES: u32 = 5;

/// How long the breaker stays open, and how long a failure counts.
pub(crate) const OPEN_FOR: Duration = Duration::from_secs(5);

/// The state of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CircuitBreaker {
    /// Used as usual.
    Closed {
        failures: u32,
        last_failure: MonoTime,
    },
    /// Avoided.
    Open { until: MonoTime },
    /// One call probes it. That call may have been dropped, so the probe ends at `until`.
    HalfOpen { until: MonoTime },
}

impl CircuitBreaker {
    pub(crate) const fn new() -> Self {
        Self::Closed {
            failures: 0,
            last_failure: MonoTime::new(Duration::ZERO),
        }
    }

    /// Until when the endpoint is to be avoided; `None` if it can be used.
    pub(crate) fn open_until(&self, now: MonoTime) -> Option<MonoTime> {
        match *self {
            Self::Closed { .. } => None,
            Self::Open { until } | Self::HalfOpen { until } => (now < until).then_some(until),
        }
    }

    /// Whether it failed recently: an attempt is then withdrawn from the retry budget.
    pub(crate) fn has_recent_failures(&self, now: MonoTime) -> bool {
        match *self {
            Self::Closed {
                failures,
                last_failure,
            } => failures > 0 && now.saturating_since(last_failure) < OPEN_FOR,
            Self::Open { .. } | Self::HalfOpen { .. } => true,
        }
    }

    /// An exchange begins, which ends by `until`.
    pub(crate) fn begin_exchange(&mut self, until: MonoTime) {
        if let Self::Open { .. } | Self::HalfOpen { .. } = self {
            *self = Self::HalfOpen { until };
        }
    }

    pub(crate) fn record_failure(&mut self, now: MonoTime) {
        *self = match *self {
            Self::Closed { failures, .. } if failures + 1 < MAX_FAILURES => Self::Closed {
                failures: failures + 1,
                last_failure: now,
            },
            Self::Closed { .. } | Self::HalfOpen { .. } => Self::Open {
                until: now + OPEN_FOR,
            },
            // Exchanges that were in flight when it opened are no new evidence.
            Self::Open { until } => Self::Open { until },
        };
    }

    pub(crate) fn record_success(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> MonoTime {
        MonoTime::new(Duration::from_secs(seconds))
    }

    fn opened(seconds: u64) -> CircuitBreaker {
        let mut breaker = CircuitBreaker::new();
        for _ in 0..MAX_FAILURES {
            assert_eq!(breaker.open_until(at(seconds)), None);
            breaker.record_failure(at(seconds));
        }
        breaker
    }

    #[test]
    fn consecutive_failures_open_it_and_one_success_resets_the_count() {
        assert_eq!(opened(0).open_until(at(4)), Some(at(5)));
        let mut breaker = CircuitBreaker::new();
        for _ in 0..MAX_FAILURES * 10 {
            breaker.record_failure(at(0));
            breaker.record_success();
        }
        assert_eq!(breaker, CircuitBreaker::new());
    }

    #[test]
    fn once_it_was_open_long_enough_one_call_probes_it() {
        let mut breaker = opened(0);
        assert_eq!(breaker.open_until(at(5)), None);
        breaker.begin_exchange(at(25));
        assert_eq!(breaker.open_until(at(6)), Some(at(25)));
        breaker.record_failure(at(7));
        assert_eq!(breaker.open_until(at(8)), Some(at(12)));
        breaker.begin_exchange(at(30));
        breaker.record_success();
        assert_eq!(breaker.open_until(at(13)), None);
        assert!(!breaker.has_recent_failures(at(13)));
    }

    #[test]
    fn a_probe_that_is_never_reported_ends_by_time() {
        let mut breaker = opened(0);
        breaker.begin_exchange(at(25));
        assert_eq!(breaker.open_until(at(25)), None);
    }

    #[test]
    fn late_failures_do_not_keep_it_open_longer() {
        let mut breaker = opened(0);
        breaker.record_failure(at(4));
        assert_eq!(breaker.open_until(at(5)), None);
    }

    #[test]
    fn a_failure_stops_counting_after_a_while() {
        let mut breaker = CircuitBreaker::new();
        breaker.record_failure(at(1));
        assert!(breaker.has_recent_failures(at(5)));
        assert!(!breaker.has_recent_failures(at(6)));
    }
}
