//! Nonces that were used already.

use std::collections::{BTreeSet, VecDeque};

use ring::digest;

use crate::verify::TIME_WINDOW_SECONDS;

/// More than this many nonces at once and the oldest are forgotten early.
const CAPACITY: usize = 1_000_000;

type Fingerprint = [u8; 32];

/// Remembers a nonce for as long as a copy of its request would pass the check of its time.
#[derive(Default)]
pub(crate) struct Nonces {
    seen: BTreeSet<Fingerprint>,
    /// In order of arrival, with the last second in which a copy would pass.
    ages: VecDeque<(u64, Fingerprint)>,
}

impl Nonces {
    /// Whether this nonce is new for this key; it is used from now on.
    pub(crate) fn insert(
        &mut self,
        access_key_id: &str,
        nonce: &str,
        signed_at_unix: u64,
        now_unix: u64,
    ) -> bool {
        while let Some((last, fingerprint)) = self.ages.front() {
            if *last >= now_unix && self.ages.len() < CAPACITY {
                break;
            }
            self.seen.remove(fingerprint);
            self.ages.pop_front();
        }
        let fingerprint = fingerprint(access_key_id, nonce);
        let new = self.seen.insert(fingerprint);
        if new {
            let last = signed_at_unix.saturating_add(TIME_WINDOW_SECONDS);
            self.ages.push_back((last, fingerprint));
        }
        new
    }
}

/// A nonce can be long; its hash is not.
fn fingerprint(access_key_id: &str, nonce: &str) -> Fingerprint {
    let text = format!("{}:{access_key_id}{nonce}", access_key_id.len());
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let mut fingerprint = Fingerprint::default();
    fingerprint.copy_from_slice(hash.as_ref());
    fingerprint
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_used_up_per_key() {
        let mut nonces = Nonces::default();
        assert!(nonces.insert("a", "n", 1_000, 1_000));
        assert!(!nonces.insert("a", "n", 1_000, 1_001));
        assert!(nonces.insert("b", "n", 1_000, 1_001));
    }

    #[test]
    fn a_nonce_is_kept_as_long_as_its_request_is_valid_and_no_longer() {
        let mut nonces = Nonces::default();
        // The client's clock is 10 minutes fast.
        assert!(nonces.insert("a", "n", 1_600, 1_000));
        assert!(!nonces.insert("a", "n", 1_600, 2_500));
        assert!(nonces.insert("a", "m", 2_501, 2_501));
        assert_eq!(nonces.seen.len(), 1);
        assert_eq!(nonces.ages.len(), 1);
    }
}
