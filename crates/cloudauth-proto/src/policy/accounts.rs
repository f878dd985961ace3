//! What the calls of each account have for themselves: rate limits, which the service has per account, and a
//! retry budget, so that an account that is throttled takes nothing from the others.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::budget::RetryBudget;
use super::rate_limit::RateLimit;
use crate::clock::MonoTime;

/// The most accounts besides that of the session. One that was not used for longest is forgotten.
const MAX_ACCOUNTS: usize = 1_000;

/// The state of the session's account, and of those whose credentials were passed with calls.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// Sends per second by action.
    rates: BTreeMap<&'static str, u32>,
    own: AccountState,
    others: BTreeMap<String, AccountState>,
}

/// The state of an account.
#[derive(Debug)]
pub(crate) struct AccountState {
    rate_limits: BTreeMap<&'static str, RateLimit>,
    pub(crate) budget: RetryBudget,
    used: MonoTime,
}

impl Default for AccountState {
    fn default() -> Self {
        Self {
            rate_limits: BTreeMap::new(),
            budget: RetryBudget::new(),
            used: MonoTime::default(),
        }
    }
}

impl AccountState {
    pub(crate) fn rate_limit(&mut self, action: &str) -> Option<&mut RateLimit> {
        self.rate_limits.get_mut(action)
    }
}

impl Accounts {
    /// Limits the rate of an action, of each account.
    pub(crate) fn limit(&mut self, action: &'static str, per_second: u32) {
        self.rates.insert(action, per_second);
        let limit = RateLimit::per_second(per_second);
        self.own.rate_limits.insert(action, limit);
    }

    /// The account with this access key, or that of the session.
    pub(crate) fn of(&mut self, account: Option<&str>, now: MonoTime) -> &mut AccountState {
        let Some(account) = account else {
            return &mut self.own;
        };
        if !self.others.contains_key(account) {
            if self.others.len() == MAX_ACCOUNTS {
                let oldest = self.others.iter().min_by_key(|(_, state)| state.used);
                if let Some(oldest) = oldest.map(|(account, _)| account.clone()) {
                    self.others.remove(&oldest);
                }
            }
            let limits = self.rates.iter();
            let limits = limits.map(|(action, rate)| (*action, RateLimit::per_second(*rate)));
            let state = AccountState {
                rate_limits: limits.collect(),
                ..AccountState::default()
            };
            self.others.insert(account.to_owned(), state);
        }
        let state = self.others.entry(account.to_owned()).or_default();
        state.used = now;
        state
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::time::Duration;

    use super::*;

    #[test]
    fn the_number_of_accounts_is_bounded_and_the_oldest_is_forgotten() {
        let at = |n: usize| MonoTime::new(Duration::from_secs(n as u64));
        let mut accounts = Accounts::default();
        accounts.limit("A", 1);
        for n in 0..=MAX_ACCOUNTS {
            let account = accounts.of(Some(&format!("{n}")), at(n));
            assert!(account.rate_limit("A").unwrap().admit_at_once(at(n)));
        }
        assert_eq!(accounts.others.len(), MAX_ACCOUNTS);
        assert!(!accounts.others.contains_key("0") && accounts.others.contains_key("1"));
    }
}
