//! The breaker of an endpoint: after a row of failures it rests, then one call tries it.

use core::time::Duration;

use crate::clock::MonoTime;

/// How many failures in a row make an endpoint rest. At 1 % of random failures such a row comes
/// once in 10^10 exchanges.
const STRIKES: u32 = 5;

/// How long it rests, and how long a strike is remembered.
pub(crate) const REST: Duration = Duration::from_secs(5);

/// What is known of an endpoint's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breaker {
    /// Asked as usual.
    Closed { strikes: u32, last_strike: MonoTime },
    /// Rests.
    Open { until: MonoTime },
    /// One call is trying it. The call may have been dropped, so its place is free again at `until`.
    Probing { until: MonoTime },
}

impl Breaker {
    pub(crate) const fn new() -> Self {
        Self::Closed {
            strikes: 0,
            last_strike: MonoTime::new(Duration::ZERO),
        }
    }

    /// Until when nobody should ask it; `None` if it may be asked.
    pub(crate) fn resting(&self, now: MonoTime) -> Option<MonoTime> {
        match *self {
            Self::Closed { .. } => None,
            Self::Open { until } | Self::Probing { until } => (now < until).then_some(until),
        }
    }

    /// Whether it failed lately: asking it is then no longer free.
    pub(crate) fn is_struck(&self, now: MonoTime) -> bool {
        match *self {
            Self::Closed {
                strikes,
                last_strike,
            } => strikes > 0 && now.saturating_since(last_strike) < REST,
            Self::Open { .. } | Self::Probing { .. } => true,
        }
    }

    /// A call asks it and will know by `until`.
    pub(crate) fn ask(&mut self, until: MonoTime) {
        if let Self::Open { .. } | Self::Probing { .. } = self {
            *self = Self::Probing { until };
        }
    }

    pub(crate) fn strike(&mut self, now: MonoTime) {
        *self = match *self {
            Self::Closed { strikes, .. } if strikes + 1 < STRIKES => Self::Closed {
                strikes: strikes + 1,
                last_strike: now,
            },
            Self::Closed { .. } | Self::Probing { .. } => Self::Open { until: now + REST },
            // What was under way when it opened says nothing new.
            Self::Open { until } => Self::Open { until },
        };
    }

    pub(crate) fn heal(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> MonoTime {
        MonoTime::new(Duration::from_secs(seconds))
    }

    fn opened(seconds: u64) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..STRIKES {
            assert_eq!(breaker.resting(at(seconds)), None);
            breaker.strike(at(seconds));
        }
        breaker
    }

    #[test]
    fn a_row_of_strikes_makes_it_rest_and_one_success_breaks_the_row() {
        assert_eq!(opened(0).resting(at(4)), Some(at(5)));
        let mut breaker = Breaker::new();
        for _ in 0..STRIKES * 10 {
            breaker.strike(at(0));
            breaker.heal();
        }
        assert_eq!(breaker, Breaker::new());
    }

    #[test]
    fn after_its_rest_one_call_tries_it() {
        let mut breaker = opened(0);
        assert_eq!(breaker.resting(at(5)), None);
        breaker.ask(at(25));
        assert_eq!(breaker.resting(at(6)), Some(at(25)));
        breaker.strike(at(7));
        assert_eq!(breaker.resting(at(8)), Some(at(12)));
        breaker.ask(at(30));
        breaker.heal();
        assert_eq!(breaker.resting(at(13)), None);
        assert!(!breaker.is_struck(at(13)));
    }

    #[test]
    fn a_call_that_vanishes_does_not_hold_its_place_for_ever() {
        let mut breaker = opened(0);
        breaker.ask(at(25));
        assert_eq!(breaker.resting(at(25)), None);
    }

    #[test]
    fn late_failures_do_not_prolong_a_rest() {
        let mut breaker = opened(0);
        breaker.strike(at(4));
        assert_eq!(breaker.resting(at(5)), None);
    }

    #[test]
    fn a_strike_is_forgotten_after_a_while() {
        let mut breaker = Breaker::new();
        breaker.strike(at(1));
        assert!(breaker.is_struck(at(5)));
        assert!(!breaker.is_struck(at(6)));
    }
}
