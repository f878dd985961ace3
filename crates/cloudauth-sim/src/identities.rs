//! Who may not be verified now: 417 after a verdict of 201 to 203 (documented), 418 after too many failures in a day.

use std::collections::{BTreeMap, VecDeque};

use ring::digest;

use crate::verdict::Verdict;

/// How many failures a day it takes until 418. **Our guess**: the number is not documented.
pub const FAILURES_A_DAY: u32 = 5;

/// More identities than this and the oldest are forgotten.
const CAPACITY: usize = 100_000;

/// A name and a number, hashed: neither is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    pub(crate) fn of(name: &str, number: &str) -> Self {
        let text = format!("{}:{name}{number}", name.len());
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Self(bytes)
    }
}

#[derive(Default)]
pub(crate) struct Identities {
    records: BTreeMap<Identity, Record>,
    /// Oldest first.
    ages: VecDeque<Identity>,
}

#[derive(Clone, Copy, Default)]
struct Record {
    is_locked: bool,
    day: u64,
    failures: u32,
}

impl Identities {
    /// Takes note of a verdict.
    pub(crate) fn judged(&mut self, identity: Identity, verdict: Verdict, now_unix: u64) {
        if verdict.passed() {
            return;
        }
        if !self.records.contains_key(&identity) {
            if self.ages.len() >= CAPACITY
                && let Some(oldest) = self.ages.pop_front()
            {
                self.records.remove(&oldest);
            }
            self.ages.push_back(identity);
        }
        let record = self.records.entry(identity).or_default();
        record.is_locked |= verdict.locks();
        let today = day(now_unix);
        if record.day != today {
            record.day = today;
            record.failures = 0;
        }
        record.failures += 1;
    }

    /// The code that the next verification is refused with.
    pub(crate) fn refusal_of(&self, identity: Identity, now_unix: u64) -> Option<&'static str> {
        let record = self.records.get(&identity)?;
        if record.is_locked {
            Some("417")
        } else if record.day == day(now_unix) && record.failures >= FAILURES_A_DAY {
            Some("418")
        } else {
            None
        }
    }
}

/// A day begins at midnight in Beijing. Our guess: the documents say "today".
const fn day(unix: u64) -> u64 {
    unix.saturating_add(8 * 3_600) / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT_IN_BEIJING: u64 = 1_699_977_600;

    #[test]
    fn an_identity_is_locked_by_a_verdict_about_it_and_by_no_other() {
        for verdict in Verdict::ALL {
            let mut identities = Identities::default();
            let one = Identity::of("a", "1");
            identities.judged(one, verdict, 1_000);
            let code = matches!(verdict.sub_code(), "201" | "202" | "203").then_some("417");
            assert_eq!(identities.refusal_of(one, 1_000_000), code, "{verdict:?}");
            assert_eq!(identities.refusal_of(Identity::of("a1", ""), 1_000), None);
        }
    }

    #[test]
    fn failures_are_forgiven_at_midnight_in_beijing() {
        let mut identities = Identities::default();
        let one = Identity::of("a", "1");
        let evening = MIDNIGHT_IN_BEIJING - 1;
        for _ in 1..FAILURES_A_DAY {
            identities.judged(one, Verdict::FaceMismatch, evening);
        }
        identities.judged(one, Verdict::Passed, evening);
        assert_eq!(identities.refusal_of(one, evening), None);
        identities.judged(one, Verdict::FaceMismatch, evening);
        assert_eq!(identities.refusal_of(one, evening), Some("418"));
        assert_eq!(identities.refusal_of(one, MIDNIGHT_IN_BEIJING), None);
        identities.judged(one, Verdict::FaceMismatch, MIDNIGHT_IN_BEIJING);
        assert_eq!(identities.refusal_of(one, MIDNIGHT_IN_BEIJING), None);
    }

    #[test]
    fn the_oldest_identity_makes_room() {
        let mut identities = Identities::default();
        let first = Identity::of("first", "");
        identities.judged(first, Verdict::NameMismatch, 1);
        for number in 0..CAPACITY {
            let later = Identity::of("later", &number.to_string());
            identities.judged(later, Verdict::NameMismatch, 1);
        }
        assert_eq!(identities.records.len(), CAPACITY);
        assert_eq!(identities.refusal_of(first, 1), None);
    }
}
