//! The certify IDs that operations other than `InitFaceVerify` have issued.

use std::collections::{BTreeSet, VecDeque};

/// With more IDs than this, the oldest are forgotten.
const CAPACITY: usize = 100_000;

#[derive(Default)]
pub(crate) struct IssuedIds {
    ids: BTreeSet<String>,
    /// Oldest first.
    ages: VecDeque<String>,
}

impl IssuedIds {
    pub(crate) fn insert(&mut self, id: &str) {
        if !self.ids.insert(id.to_owned()) {
            return;
        }
        self.ages.push_back(id.to_owned());
        if self.ages.len() > CAPACITY
            && let Some(oldest) = self.ages.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// The IDs, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ages.iter().map(String::as_str)
    }
}
