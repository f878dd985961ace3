//! Orders: verifications from `InitFaceVerify` to the verdict.

pub(crate) mod check_codes;
mod identities;
pub(crate) mod magic;
pub(crate) mod material;
mod record;

use core::fmt;
use std::collections::{BTreeMap, VecDeque};

use self::identities::Identities;
pub(crate) use self::identities::Identity;
pub use self::identities::MAX_FAILURES_PER_DAY;
use self::magic::MagicEffect;
use crate::callbacks::CallbackTarget;
use crate::ids::Ids;
use crate::verdict::Verdict;

/// With more orders than this, the oldest are removed.
const CAPACITY: usize = 100_000;

/// How many of the last verdicts are kept.
const VERDICTS: usize = 100;

/// How long a certify ID can be used (documented).
pub(crate) const LIFETIME_SECONDS: u64 = 30 * 60;

/// One verification. It holds no name and no ID number.
pub(crate) struct Order {
    pub(crate) outer_order_no: String,
    pub(crate) scene_id: i64,
    pub(crate) return_url: String,
    pub(crate) product_code: String,
    pub(crate) callback: Option<CallbackTarget>,
    pub(crate) created_unix: u64,
    pub(crate) state: OrderState,
    /// A hash of name and ID number.
    pub(crate) identity: Option<Identity>,
    pub(crate) magic: Option<MagicEffect>,
    pub(crate) wants_video: bool,
    /// Whether the verdict was looked up.
    pub(crate) was_queried: bool,
    /// Whether the verdict was deleted.
    pub(crate) is_deleted: bool,
}

impl Order {
    /// The verdict, if there is one. With a magic number there is one before the page is submitted.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let magic = match self.magic {
            None => None,
            Some(MagicEffect::Verdict(verdict)) => Some(verdict),
            Some(_) => Some(Verdict::Passed),
        };
        match self.state {
            OrderState::Submitted(verdict) if !verdict.passed() => Some(verdict),
            OrderState::Submitted(verdict) => magic.or(Some(verdict)),
            OrderState::Issued | OrderState::Opened | OrderState::Abandoned => magic,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderState {
    /// The page was not opened yet.
    Issued,
    /// The page was opened.
    Opened,
    /// The person left the page.
    Abandoned,
    /// The page was submitted, with this choice.
    Submitted(Verdict),
}

/// The reason why an order cannot be finished.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishError {
    /// The certify ID does not exist, or its order was removed.
    Unknown,
    /// The certify ID is older than 30 minutes.
    Expired,
    /// The order is finished already.
    Used,
}

impl fmt::Display for FinishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown certify ID",
            Self::Expired => "the certify ID has expired",
            Self::Used => "the certify ID was used already",
        })
    }
}

impl core::error::Error for FinishError {}

/// The result of submitting an order's page.
pub(crate) struct Submission {
    /// The verdict that counts: a magic number's may replace the submitted one.
    pub(crate) verdict: Verdict,
    /// Where the service calls back.
    pub(crate) callback: Option<CallbackTarget>,
}

#[derive(Default)]
pub(crate) struct Orders {
    by_certify_id: BTreeMap<String, Order>,
    /// Certify IDs, oldest first.
    ages: VecDeque<String>,
    opened: u64,
    pub(crate) ids: Ids,
    identities: Identities,
    /// The last verdicts, newest last.
    verdicts: VecDeque<(String, Verdict)>,
}

impl Orders {
    /// Stores an order and returns its certify ID.
    pub(crate) fn open(&mut self, order: Order) -> String {
        if self.ages.len() >= CAPACITY
            && let Some(oldest) = self.ages.pop_front()
        {
            self.by_certify_id.remove(&oldest);
        }
        self.opened += 1;
        let certify_id = self.ids.certify_id(self.opened);
        self.by_certify_id.insert(certify_id.clone(), order);
        self.ages.push_back(certify_id.clone());
        certify_id
    }

    pub(crate) fn get_mut(&mut self, certify_id: &str) -> Option<&mut Order> {
        self.by_certify_id.get_mut(certify_id)
    }

    pub(crate) fn get(&self, certify_id: &str) -> Option<&Order> {
        self.by_certify_id.get(certify_id)
    }

    /// The order, if its page can still be submitted.
    pub(crate) fn unfinished(
        &mut self,
        certify_id: &str,
        now_unix: u64,
    ) -> Result<&mut Order, FinishError> {
        let order = self
            .by_certify_id
            .get_mut(certify_id)
            .ok_or(FinishError::Unknown)?;
        if matches!(order.state, OrderState::Submitted(_)) {
            Err(FinishError::Used)
        } else if now_unix > order.created_unix.saturating_add(LIFETIME_SECONDS) {
            Err(FinishError::Expired)
        } else {
            Ok(order)
        }
    }

    /// Submits the page of an order, which is possible once.
    pub(crate) fn submit(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        now_unix: u64,
    ) -> Result<Submission, FinishError> {
        let order = self.unfinished(certify_id, now_unix)?;
        order.state = OrderState::Submitted(verdict);
        let verdict = order.verdict().unwrap_or(verdict);
        let callback = order.callback.clone();
        // Magic numbers always have the same effect.
        let identity = order.identity.filter(|_| order.magic.is_none());
        if let Some(identity) = identity {
            self.identities.record(identity, verdict, now_unix);
        }
        if self.verdicts.len() >= VERDICTS {
            self.verdicts.pop_front();
        }
        self.verdicts.push_back((certify_id.to_owned(), verdict));
        Ok(Submission { verdict, callback })
    }

    /// The last verdicts, oldest first.
    pub(crate) fn verdicts(&self) -> impl DoubleEndedIterator<Item = &(String, Verdict)> {
        self.verdicts.iter()
    }

    /// The code that a new verification of this identity is refused with, if it is.
    pub(crate) fn refusal_code(&self, identity: Identity, now_unix: u64) -> Option<&'static str> {
        self.identities.refusal_code(identity, now_unix)
    }

    /// Unlocks all identities.
    pub(crate) fn unlock_identities(&mut self) {
        self.identities = Identities::default();
    }

    /// The orders with their certify IDs, newest first.
    pub(crate) fn newest(&self) -> impl Iterator<Item = (&str, &Order)> {
        let ids = self.ages.iter().rev();
        ids.filter_map(|id| Some((id.as_str(), self.by_certify_id.get(id)?)))
    }

    /// The number of orders with this `OuterOrderNo`.
    pub(crate) fn count(&self, outer_order_no: &str) -> usize {
        self.by_certify_id
            .values()
            .filter(|order| order.outer_order_no == outer_order_no)
            .count()
    }

    pub(crate) fn len(&self) -> usize {
        self.by_certify_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(outer_order_no: &str) -> Order {
        Order {
            outer_order_no: outer_order_no.into(),
            scene_id: 1,
            return_url: String::new(),
            product_code: String::new(),
            callback: None,
            created_unix: 1_000,
            state: OrderState::Issued,
            identity: None,
            magic: None,
            wants_video: false,
            was_queried: false,
            is_deleted: false,
        }
    }

    #[test]
    fn every_order_has_a_certify_id_of_its_own() {
        let mut orders = Orders::default();
        let (one, two) = (orders.open(order("a")), orders.open(order("a")));
        assert_ne!(one, two);
        assert_eq!(orders.count("a"), 2);
    }

    #[test]
    fn the_oldest_order_is_removed_when_there_are_too_many() {
        let mut orders = Orders::default();
        let first = orders.open(order("first"));
        for _ in 0..CAPACITY {
            orders.open(order("later"));
        }
        assert_eq!(orders.len(), CAPACITY);
        assert!(orders.get(&first).is_none());
    }

    #[test]
    fn an_order_can_be_finished_for_thirty_minutes() {
        let mut orders = Orders::default();
        let id = orders.open(order("a"));
        assert!(orders.unfinished(&id, 2_800).is_ok());
        let error = |id: &str, orders: &mut Orders, now| orders.unfinished(id, now).err();
        assert_eq!(error(&id, &mut orders, 2_801), Some(FinishError::Expired));
        assert_eq!(error("sha", &mut orders, 1_000), Some(FinishError::Unknown));
    }
}
