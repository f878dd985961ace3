//! The nonces that were used.

use std::collections::{BTreeSet, VecDeque};

use ring::digest;

use super::verify::TIME_WINDOW_SECONDS;

/// With more nonces than this, the oldest are removed before their time.
const CAPACITY: usize = 1_000_000;

/// A hash of access key ID and nonce: a nonce may be long.
type Fingerprint = [u8; 32];

/// Used nonces, each kept for as long as a copy of its request would pass the check of its
/// timestamp.
#[derive(Default)]
pub(super) struct Nonces {
    used: BTreeSet<Fingerprint>,
    /// In order of arrival, with the last second in which a copy would pass.
    ages: VecDeque<(u64, Fingerprint)>,
}

impl Nonces {
    /// Records a nonce; returns whether it is new for this access key.
    pub(super) fn insert(
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
            self.used.remove(fingerprint);
            self.ages.pop_front();
        }
        let fingerprint = fingerprint(access_key_id, nonce);
        let is_new = self.used.insert(fingerprint);
        if is_new {
            let last = signed_at_unix.saturating_add(TIME_WINDOW_SECONDS);
            self.ages.push_back((last, fingerprint));
        }
        is_new
    }
}

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
    fn each_access_key_may_use_a_nonce_once() {
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
        assert_eq!(nonces.used.len(), 1);
        assert_eq!(nonces.ages.len(), 1);
    }
}
