//! Identities that are refused: 417 after a verdict of 201 to 203 (documented), 418 after too many
//! failures in one day.

use std::collections::{BTreeMap, VecDeque};

use ring::digest;
use serde_json::{Value, json};

use crate::ids::{hex, unhex};
use crate::verdict::Verdict;

/// The number of failures in one day after which an identity is refused with 418.
///
/// **Our guess**: the number is not documented.
pub const MAX_FAILURES_PER_DAY: u32 = 5;

/// With more identities than this, the oldest are removed.
const CAPACITY: usize = 100_000;

/// A hash of a name and an ID number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity([u8; 32]);

impl Identity {
    pub(crate) fn new(name: &str, number: &str) -> Self {
        let text = format!("{}:{name}{number}", name.len());
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hash.as_ref());
        Self(bytes)
    }

    pub(super) fn to_hex(self) -> String {
        hex(&self.0)
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        Some(Self(unhex(text)?.try_into().ok()?))
    }
}

/// The failures of identities.
#[derive(Default)]
pub(super) struct Identities {
    records: BTreeMap<Identity, FailureRecord>,
    /// Oldest first.
    ages: VecDeque<Identity>,
}

#[derive(Clone, Copy, Default)]
struct FailureRecord {
    is_locked: bool,
    day: u64,
    failures: u32,
}

impl Identities {
    /// Records a verdict.
    pub(super) fn record(&mut self, identity: Identity, verdict: Verdict, now_unix: u64) {
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
        record.is_locked |= verdict.locks_identity();
        let today = day(now_unix);
        if record.day != today {
            record.day = today;
            record.failures = 0;
        }
        record.failures += 1;
    }

    /// One record for each identity, oldest first.
    pub(super) fn records(&self) -> impl Iterator<Item = Value> {
        self.ages.iter().filter_map(|identity| {
            let record = self.records.get(identity)?;
            Some(json!({
                "identity": identity.to_hex(),
                "is_locked": record.is_locked,
                "day": record.day,
                "failures": record.failures,
            }))
        })
    }

    pub(super) fn restore(&mut self, record: &Value) -> Option<()> {
        let identity = Identity::from_hex(record["identity"].as_str()?)?;
        let failures = FailureRecord {
            is_locked: record["is_locked"].as_bool()?,
            day: record["day"].as_u64()?,
            failures: u32::try_from(record["failures"].as_u64()?).ok()?,
        };
        let is_new = self.records.insert(identity, failures).is_none();
        is_new.then(|| self.ages.push_back(identity))
    }

    /// The code that the next verification is refused with, if it is.
    pub(super) fn refusal_code(&self, identity: Identity, now_unix: u64) -> Option<&'static str> {
        let record = self.records.get(&identity)?;
        if record.is_locked {
            Some("417")
        } else if record.day == day(now_unix) && record.failures >= MAX_FAILURES_PER_DAY {
            Some("418")
        } else {
            None
        }
    }
}

/// The number of the day in Beijing. That it begins at midnight there is our guess: the documents
/// have "today".
const fn day(unix: u64) -> u64 {
    unix.saturating_add(8 * 3_600) / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT_IN_BEIJING: u64 = 1_699_977_600;

    #[test]
    fn only_verdicts_about_the_identity_lock_it() {
        for verdict in Verdict::ALL {
            let mut identities = Identities::default();
            let one = Identity::new("a", "1");
            identities.record(one, verdict, 1_000);
            let code = matches!(verdict.sub_code(), "201" | "202" | "203").then_some("417");
            assert_eq!(identities.refusal_code(one, 1_000_000), code, "{verdict:?}");
            let other = Identity::new("a1", "");
            assert_eq!(identities.refusal_code(other, 1_000), None);
        }
    }

    #[test]
    fn failures_count_until_midnight_in_beijing() {
        let mut identities = Identities::default();
        let one = Identity::new("a", "1");
        let evening = MIDNIGHT_IN_BEIJING - 1;
        for _ in 1..MAX_FAILURES_PER_DAY {
            identities.record(one, Verdict::FaceMismatch, evening);
        }
        identities.record(one, Verdict::Passed, evening);
        assert_eq!(identities.refusal_code(one, evening), None);
        identities.record(one, Verdict::FaceMismatch, evening);
        assert_eq!(identities.refusal_code(one, evening), Some("418"));
        assert_eq!(identities.refusal_code(one, MIDNIGHT_IN_BEIJING), None);
        identities.record(one, Verdict::FaceMismatch, MIDNIGHT_IN_BEIJING);
        assert_eq!(identities.refusal_code(one, MIDNIGHT_IN_BEIJING), None);
    }

    #[test]
    fn the_oldest_identity_is_removed_when_there_are_too_many() {
        let mut identities = Identities::default();
        let first = Identity::new("first", "");
        identities.record(first, Verdict::NameMismatch, 1);
        for number in 0..CAPACITY {
            let later = Identity::new("later", &number.to_string());
            identities.record(later, Verdict::NameMismatch, 1);
        }
        assert_eq!(identities.records.len(), CAPACITY);
        assert_eq!(identities.refusal_code(first, 1), None);
    }
}
