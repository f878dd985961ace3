//! What the calls of each account have for themselves: rate limits, which the service has per account, and a
//! retry budget, so that an account that is throttled takes nothing from the others.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;

use super::budget::RetryBudget;
use super::rate_limit::RateLimit;
use crate::clock::MonoTime;

/// The most accounts besides that of the session. One that was not used for longest is forgotten.
const MAX_ACCOUNTS: usize = 1_000;

/// The state of the session's account, and of those whose credentials were passed with calls.
///
/// Lists in place of maps: all are short or searched by halves, and the code of maps is a large part of a module for
/// wasm.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// Sends per second by action.
    rates: Vec<(Cow<'static, str>, u32)>,
    own: AccountState,
    /// Sorted by access key.
    others: Vec<(String, AccountState)>,
}

/// The state of an account.
#[derive(Debug)]
pub(crate) struct AccountState {
    rate_limits: Vec<(Cow<'static, str>, RateLimit)>,
    pub(crate) budget: RetryBudget,
    used: MonoTime,
}

impl Default for AccountState {
    fn default() -> Self {
        Self {
            rate_limits: Vec::new(),
            budget: RetryBudget::new(),
            used: MonoTime::default(),
        }
    }
}

impl AccountState {
    pub(crate) fn rate_limit(&mut self, action: &str) -> Option<&mut RateLimit> {
        let mut limits = self.rate_limits.iter_mut();
        let found = limits.find(|(limited, _)| *limited == action)?;
        Some(&mut found.1)
    }
}

impl Accounts {
    /// Limits the rate of an action, of each account.
    pub(crate) fn limit(&mut self, action: Cow<'static, str>, per_second: u32) {
        self.rates.retain(|(limited, _)| *limited != action);
        self.rates.push((action, per_second));
        self.own.rate_limits = self.rate_limits();
    }

    /// Sends per second by action.
    pub(crate) fn rates(&self) -> &[(Cow<'static, str>, u32)] {
        &self.rates
    }

    fn rate_limits(&self) -> Vec<(Cow<'static, str>, RateLimit)> {
        let rates = self.rates.iter();
        let limits = rates.map(|(action, rate)| (action.clone(), RateLimit::per_second(*rate)));
        limits.collect()
    }

    /// The account with this access key, or that of the session.
    pub(crate) fn of(&mut self, account: Option<&str>, now: MonoTime) -> &mut AccountState {
        let Some(account) = account else {
            return &mut self.own;
        };
        let place = |others: &[(String, AccountState)]| {
            others.binary_search_by(|(other, _)| (**other).cmp(account))
        };
        let at = place(&self.others).unwrap_or_else(|_| {
            if self.others.len() == MAX_ACCOUNTS {
                let states = self.others.iter().enumerate();
                let oldest = states.min_by_key(|(_, (_, state))| state.used);
                if let Some((oldest, _)) = oldest {
                    self.others.remove(oldest);
                }
            }
            let state = AccountState {
                rate_limits: self.rate_limits(),
                ..AccountState::default()
            };
            let (Ok(at) | Err(at)) = place(&self.others);
            self.others.insert(at, (account.to_owned(), state));
            at
        });
        let (_, state) = &mut self.others[at];
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
        accounts.limit("A".into(), 1);
        for n in 0..=MAX_ACCOUNTS {
            let account = accounts.of(Some(&format!("{n}")), at(n));
            assert!(account.rate_limit("A").unwrap().admit_at_once(at(n)));
        }
        assert_eq!(accounts.others.len(), MAX_ACCOUNTS);
        let has = |account: &str| accounts.others.iter().any(|(other, _)| other == account);
        assert!(!has("0") && has("1"));
        assert!(accounts.others.is_sorted_by(|(a, _), (b, _)| a < b));
    }
}
