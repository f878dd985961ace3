//! Verifications from the first call to the verdict.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};

use crate::callbacks::Callee;
use crate::ids::certify_id;
use crate::verdict::Verdict;

/// More orders than this and the oldest are forgotten.
const CAPACITY: usize = 100_000;

/// How long a certify id can be used (documented).
pub(crate) const LIFETIME_SECONDS: u64 = 30 * 60;

/// One verification. It keeps no name and no identity number.
pub(crate) struct Order {
    pub(crate) number: String,
    pub(crate) scene_id: i64,
    pub(crate) return_url: String,
    pub(crate) callee: Option<Callee>,
    pub(crate) created_unix: u64,
    pub(crate) state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody looked at the page yet.
    Issued,
    /// The page was opened.
    Opened,
    /// The person left.
    Abandoned,
    /// The one submission was made.
    Submitted(Verdict),
}

/// Why a page cannot be submitted.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishError {
    /// There is no such certify id, or it was forgotten.
    Unknown,
    /// The certify id is older than 30 minutes.
    Expired,
    /// The certify id was submitted already; it takes one submission.
    Used,
}

impl fmt::Display for FinishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "no such certify id",
            Self::Expired => "the certify id has expired",
            Self::Used => "the certify id was used already",
        })
    }
}

impl core::error::Error for FinishError {}

#[derive(Default)]
pub(crate) struct Orders {
    by_certify_id: BTreeMap<String, Order>,
    /// Certify ids, oldest first.
    ages: VecDeque<String>,
    opened: u64,
}

impl Orders {
    /// Stores an order and names it: the same name for the same turn in every run.
    pub(crate) fn open(&mut self, order: Order) -> String {
        if self.ages.len() >= CAPACITY
            && let Some(oldest) = self.ages.pop_front()
        {
            self.by_certify_id.remove(&oldest);
        }
        self.opened += 1;
        let certify_id = certify_id(self.opened);
        self.by_certify_id.insert(certify_id.clone(), order);
        self.ages.push_back(certify_id.clone());
        certify_id
    }

    pub(crate) fn get(&self, certify_id: &str) -> Option<&Order> {
        self.by_certify_id.get(certify_id)
    }

    /// The order, if its page can still be submitted.
    pub(crate) fn live(
        &mut self,
        certify_id: &str,
        now_unix: u64,
    ) -> Result<&mut Order, FinishError> {
        let order = self
            .by_certify_id
            .get_mut(certify_id)
            .ok_or(FinishError::Unknown)?;
        if matches!(order.state, State::Submitted(_)) {
            Err(FinishError::Used)
        } else if now_unix > order.created_unix.saturating_add(LIFETIME_SECONDS) {
            Err(FinishError::Expired)
        } else {
            Ok(order)
        }
    }

    pub(crate) fn named(&self, number: &str) -> usize {
        self.by_certify_id
            .values()
            .filter(|order| order.number == number)
            .count()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_certify_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(number: &str) -> Order {
        Order {
            number: number.into(),
            scene_id: 1,
            return_url: String::new(),
            callee: None,
            created_unix: 1_000,
            state: State::Issued,
        }
    }

    #[test]
    fn every_order_has_a_certify_id_of_its_own() {
        let mut orders = Orders::default();
        let (one, two) = (orders.open(order("a")), orders.open(order("a")));
        assert_ne!(one, two);
        assert_eq!(orders.named("a"), 2);
    }

    #[test]
    fn the_oldest_order_makes_room() {
        let mut orders = Orders::default();
        let first = orders.open(order("first"));
        for _ in 0..CAPACITY {
            orders.open(order("later"));
        }
        assert_eq!(orders.len(), CAPACITY);
        assert!(orders.get(&first).is_none());
    }

    #[test]
    fn an_order_lives_thirty_minutes() {
        let mut orders = Orders::default();
        let id = orders.open(order("a"));
        assert!(orders.live(&id, 2_800).is_ok());
        assert_eq!(orders.live(&id, 2_801).err(), Some(FinishError::Expired));
        assert_eq!(orders.live("sha", 1_000).err(), Some(FinishError::Unknown));
    }
}
