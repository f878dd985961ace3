//! The retry budget: what keeps retries from multiplying an outage.

use core::time::Duration;

use crate::clock::MonoTime;

/// One token, in parts fine enough for the refill of a millisecond to be whole.
const DEPOSIT: u64 = 10_000;
const WITHDRAWAL: u64 = 11 * DEPOSIT;
const CAP: u64 = 5 * WITHDRAWAL;
/// Full again after ten seconds without any call.
const REFILL_PER_MILLISECOND: u64 = CAP / 10_000;

/// Tokens: every call deposits one, and sending to an endpoint that failed lately takes eleven. In a
/// total outage that is one such send for eleven calls: 1.09 sends a call, and a little more from
/// the refill that lets a quiet client retry at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    parts: u64,
    updated: MonoTime,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            parts: CAP,
            updated: MonoTime::new(Duration::ZERO),
        }
    }

    /// A call begins.
    pub(crate) fn deposit(&mut self, now: MonoTime) {
        self.refill(now);
        self.add(DEPOSIT);
    }

    /// Pays for a send, or says that there is nothing to pay with.
    pub(crate) fn withdraw(&mut self, now: MonoTime) -> bool {
        self.refill(now);
        let paid = self.parts >= WITHDRAWAL;
        if paid {
            self.parts -= WITHDRAWAL;
        }
        paid
    }

    fn refill(&mut self, now: MonoTime) {
        let elapsed = now.saturating_since(self.updated).as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.add(elapsed.saturating_mul(REFILL_PER_MILLISECOND));
        // What is left of a millisecond counts next time.
        self.updated = self.updated + Duration::from_millis(elapsed);
    }

    fn add(&mut self, parts: u64) {
        self.parts = self.parts.saturating_add(parts).min(CAP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> MonoTime {
        MonoTime::new(Duration::from_millis(millis))
    }

    fn drain(budget: &mut Budget, now: MonoTime) -> usize {
        (0..1_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn eleven_calls_pay_for_one_retry() {
        let mut budget = Budget::new();
        assert_eq!(drain(&mut budget, at(0)), 5);
        for _ in 0..110 {
            budget.deposit(at(0));
            // Nothing can be saved beyond the cap, so it is spent as it comes.
        }
        assert_eq!(drain(&mut budget, at(0)), 5);
        let mut paid = 0;
        for _ in 0..1_100 {
            budget.deposit(at(0));
            paid += usize::from(budget.withdraw(at(0)));
        }
        assert_eq!(paid, 100);
    }

    #[test]
    fn a_quiet_client_has_all_its_retries_again_after_ten_seconds() {
        let mut budget = Budget::new();
        assert_eq!(drain(&mut budget, at(0)), 5);
        assert_eq!(drain(&mut budget, at(1_999)), 0);
        assert_eq!(drain(&mut budget, at(2_000)), 1);
        assert_eq!(drain(&mut budget, at(12_000)), 5);
        assert_eq!(drain(&mut budget, at(999_000)), 5);
    }

    #[test]
    fn frequent_looks_lose_nothing_of_the_refill() {
        let mut budget = Budget::new();
        drain(&mut budget, at(0));
        let paid = (0..=10_000)
            .filter(|&millis| budget.withdraw(at(millis)))
            .count();
        assert_eq!(paid, 5);
    }

    #[test]
    fn a_clock_that_goes_backwards_gives_nothing() {
        let mut budget = Budget::new();
        drain(&mut budget, at(50_000));
        assert!(!budget.withdraw(at(0)));
        assert!(!budget.withdraw(at(50_000)));
    }
}
