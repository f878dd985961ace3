//! Verifications from the first call to the verdict.

use core::fmt;
use std::collections::{BTreeMap, VecDeque};

use crate::callbacks::Callee;
use crate::identities::{Identities, Identity};
use crate::ids::certify_id;
use crate::magic::Magic;
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
    pub(crate) product_code: String,
    pub(crate) callee: Option<Callee>,
    pub(crate) created_unix: u64,
    pub(crate) state: State,
    /// What is kept of name and number: a hash.
    pub(crate) identity: Option<Identity>,
    pub(crate) magic: Option<Magic>,
    pub(crate) wants_video: bool,
}

impl Order {
    /// How it ended, if it did. A magic number needs no visit to the page.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let wish = match self.magic {
            None => None,
            Some(Magic::Verdict(verdict)) => Some(verdict),
            Some(_) => Some(Verdict::Passed),
        };
        match self.state {
            State::Submitted(verdict) if !verdict.passed() => Some(verdict),
            State::Submitted(verdict) => wish.or(Some(verdict)),
            State::Issued | State::Opened | State::Abandoned => wish,
        }
    }
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
    identities: Identities,
    /// The last verdicts, newest last.
    verdicts: VecDeque<(String, Verdict)>,
}

/// How many verdicts are shown.
const VERDICTS: usize = 100;

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

    /// Makes the one submission; the verdict that counts may be a magic number's.
    pub(crate) fn submit(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        now_unix: u64,
    ) -> Result<Verdict, FinishError> {
        let order = self.live(certify_id, now_unix)?;
        order.state = State::Submitted(verdict);
        let verdict = order.verdict().unwrap_or(verdict);
        // Magic numbers always do the same.
        let identity = order.identity.filter(|_| order.magic.is_none());
        if let Some(identity) = identity {
            self.identities.judged(identity, verdict, now_unix);
        }
        if self.verdicts.len() >= VERDICTS {
            self.verdicts.pop_front();
        }
        self.verdicts.push_back((certify_id.to_owned(), verdict));
        Ok(verdict)
    }

    /// The last verdicts, oldest first.
    pub(crate) fn verdicts(&self) -> impl DoubleEndedIterator<Item = &(String, Verdict)> {
        self.verdicts.iter()
    }

    /// Whether an identity may be verified, or the code that says why not.
    pub(crate) fn refusal_of(&self, identity: Identity, now_unix: u64) -> Option<&'static str> {
        self.identities.refusal_of(identity, now_unix)
    }

    /// Forgets who may not be verified.
    pub(crate) fn unlock(&mut self) {
        self.identities = Identities::default();
    }

    /// The orders, newest first, with their certify ids.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (&str, &Order)> {
        let ids = self.ages.iter().rev();
        ids.filter_map(|id| Some((id.as_str(), self.by_certify_id.get(id)?)))
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
            product_code: String::new(),
            callee: None,
            created_unix: 1_000,
            state: State::Issued,
            identity: None,
            magic: None,
            wants_video: false,
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
