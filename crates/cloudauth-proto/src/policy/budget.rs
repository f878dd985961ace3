//! The retry budget: keeps retries from multiplying the load of an outage.

use core::time::Duration;

use crate::clock::MonoTime;

/// One token, in units fine enough for the refill of a millisecond to be a whole number.
const DEPOSIT: u64 = 10_000;
const WITHDRAWAL: u64 = 11 * DEPOSIT;
const CAP: u64 = 5 * WITHDRAWAL;
/// Full again after ten seconds without any call.
const REFILL_PER_MILLISECOND: u64 = CAP / 10_000;

/// Tokens: every call deposits one, and an attempt at an endpoint that failed recently withdraws eleven.
/// In a total outage that is one such attempt for eleven calls, or 1.09 attempts a call, and a little
/// more from the refill, without which a quiet client could not retry at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryBudget {
    units: u64,
    updated: MonoTime,
}

impl RetryBudget {
    pub(crate) const fn new() -> Self {
        Self {
            units: CAP,
            updated: MonoTime::new(Duration::ZERO),
        }
    }

    /// Deposits the token of a call.
    pub(crate) fn deposit(&mut self, now: MonoTime) {
        self.refill(now);
        self.add(DEPOSIT);
    }

    /// Whether it suffices for an attempt.
    pub(crate) fn suffices(&mut self, now: MonoTime) -> bool {
        self.refill(now);
        self.units >= WITHDRAWAL
    }

    /// How many attempts it sufficed for when it was used last.
    pub(crate) fn attempts_left(&self) -> u64 {
        self.units / WITHDRAWAL
    }

    /// Withdraws for an attempt; false if the budget is spent.
    pub(crate) fn withdraw(&mut self, now: MonoTime) -> bool {
        let suffices = self.suffices(now);
        if suffices {
            self.units -= WITHDRAWAL;
        }
        suffices
    }

    fn refill(&mut self, now: MonoTime) {
        let elapsed = now.saturating_since(self.updated).as_millis();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.add(elapsed.saturating_mul(REFILL_PER_MILLISECOND));
        // The rest of a millisecond counts next time.
        self.updated = self.updated + Duration::from_millis(elapsed);
    }

    fn add(&mut self, units: u64) {
        self.units = self.units.saturating_add(units).min(CAP);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> MonoTime {
        MonoTime::new(Duration::from_millis(millis))
    }

    fn drain(budget: &mut RetryBudget, now: MonoTime) -> usize {
        (0..1_000).take_while(|_| budget.withdraw(now)).count()
    }

    #[test]
    fn eleven_calls_deposit_for_one_retry() {
        let mut budget = RetryBudget::new();
        assert_eq!(drain(&mut budget, at(0)), 5);
        for _ in 0..110 {
            budget.deposit(at(0));
            // Deposits beyond the cap are lost.
        }
        assert_eq!(drain(&mut budget, at(0)), 5);
        let mut withdrawn = 0;
        for _ in 0..1_100 {
            budget.deposit(at(0));
            withdrawn += usize::from(budget.withdraw(at(0)));
        }
        assert_eq!(withdrawn, 100);
    }

    #[test]
    fn the_budget_is_full_again_after_ten_quiet_seconds() {
        let mut budget = RetryBudget::new();
        assert_eq!(drain(&mut budget, at(0)), 5);
        assert_eq!(drain(&mut budget, at(1_999)), 0);
        assert_eq!(drain(&mut budget, at(2_000)), 1);
        assert_eq!(drain(&mut budget, at(12_000)), 5);
        assert_eq!(drain(&mut budget, at(999_000)), 5);
    }

    #[test]
    fn frequent_withdrawals_lose_nothing_of_the_refill() {
        let mut budget = RetryBudget::new();
        drain(&mut budget, at(0));
        let withdrawn = (0..=10_000)
            .filter(|&millis| budget.withdraw(at(millis)))
            .count();
        assert_eq!(withdrawn, 5);
    }

    #[test]
    fn a_clock_that_goes_backwards_refills_nothing() {
        let mut budget = RetryBudget::new();
        drain(&mut budget, at(50_000));
        assert!(!budget.withdraw(at(0)));
        assert!(!budget.withdraw(at(50_000)));
    }
}
