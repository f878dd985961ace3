//! The random stream of a session, from one seed.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::crypto::keyed;
use crate::encode::hex;

/// A reproducible stream of random bytes: HMAC-SHA256 in counter mode, keyed with the seed.
///
/// Each draw hashes its number and its purpose, after those of the forks that lead to it, so no two draws
/// hash the same input.
///
/// It is not `Clone`: two copies would draw the same nonces. [`fork`](Self::fork) returns an independent
/// stream instead.
pub struct Entropy {
    /// The keyed state, so that the key schedule is not computed again for each draw or fork.
    keyed: Hmac<Sha256>,
    drawn: u64,
}

impl Entropy {
    /// The stream of `seed`.
    ///
    /// Do not use a seed twice with the same credentials: the service refuses nonces that it has seen.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        let seed = Zeroizing::new(seed);
        Self {
            keyed: keyed(&*seed),
            drawn: 0,
        }
    }

    /// An independent stream, for example for one call: draws from it do not affect this one.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self {
            keyed: self.next(b"fork"),
            drawn: 0,
        }
    }

    /// A nonce that is unique among all draws of this stream and its forks.
    #[must_use]
    pub fn nonce(&mut self) -> Nonce {
        let digits = hex::digits(&self.block(b"nonce"));
        Nonce(hex::text(&digits[..32]).into())
    }

    /// Fills this with random bytes.
    #[cfg(feature = "sm2")]
    pub(crate) fn fill(&mut self, out: &mut [u8]) {
        for part in out.chunks_mut(32) {
            let block = Zeroizing::new(self.block(b"bytes"));
            part.copy_from_slice(&block[..part.len()]);
        }
    }

    /// A random span between zero and `longest`, uniformly distributed.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        let block = self.block(b"jitter");
        let mut word = [0; 4];
        word.copy_from_slice(&block[..4]);
        let share = f64::from(u32::from_be_bytes(word)) / f64::from(u32::MAX);
        // `Duration::MAX` becomes more than the largest duration.
        let drawn = Duration::try_from_secs_f64(share * longest.as_secs_f64());
        drawn.unwrap_or(longest)
    }

    fn block(&mut self, purpose: &[u8]) -> [u8; 32] {
        self.next(purpose).finalize().into_bytes().into()
    }

    fn next(&mut self, purpose: &[u8]) -> Hmac<Sha256> {
        // The hash of a counter under one key repeats only if the counter does.
        self.drawn += 1;
        let mut mac = self.keyed.clone();
        mac.update(&self.drawn.to_be_bytes());
        mac.update(purpose);
        mac
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy([redacted])")
    }
}

/// A value that the service accepts once. Generated nonces have 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// A given nonce, for tests with known answers. `None` if it is empty or contains anything but
    /// printable ASCII.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
        is_plain.then(|| Self(text.into()))
    }

    /// The nonce as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    use super::*;

    fn draw(mut entropy: Entropy, n: usize) -> Vec<Nonce> {
        (0..n).map(|_| entropy.nonce()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_nonces() {
        assert_eq!(
            draw(Entropy::from_seed([7; 32]), 5),
            draw(Entropy::from_seed([7; 32]), 5)
        );
    }

    #[test]
    fn nonces_do_not_repeat_across_forks_and_seeds() {
        let mut seen = BTreeSet::new();
        for seed in 0..8 {
            let mut root = Entropy::from_seed([seed; 32]);
            for _ in 0..8 {
                seen.extend(draw(root.fork(), 16));
            }
            seen.extend(draw(root, 16));
        }
        assert_eq!(seen.len(), 8 * (8 * 16 + 16));
    }

    #[test]
    fn jitter_is_uniformly_distributed() {
        let mut entropy = Entropy::from_seed([3; 32]);
        let longest = Duration::from_millis(100);
        let drawn: Vec<u128> = (0..1_000)
            .map(|_| entropy.jitter(longest).as_millis())
            .collect();
        assert!(drawn.iter().all(|millis| *millis <= 100));
        let in_quarter = |q: u128| drawn.iter().filter(|d| **d / 25 == q).count();
        assert!((0..4).all(|q| (200..300).contains(&in_quarter(q))));
        assert_eq!(entropy.jitter(Duration::ZERO), Duration::ZERO);
    }

    #[test]
    fn draws_after_a_fork_do_not_affect_it() {
        let mut one = Entropy::from_seed([1; 32]);
        let mut two = Entropy::from_seed([1; 32]);
        let (fork_one, fork_two) = (one.fork(), two.fork());
        let _ = one.nonce();
        assert_eq!(draw(fork_one, 3), draw(fork_two, 3));
    }
}
