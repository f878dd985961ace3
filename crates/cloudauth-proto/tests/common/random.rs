//! The configuration of all property tests of this crate, and a strategy that several of them use.

#![allow(dead_code, reason = "each test uses its own part")]

use std::string::String;
use std::vec::Vec;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed};

/// 256 cases from a fixed seed, so that every run checks the same cases. The variables `PROPTEST_CASES` and
/// `PROPTEST_RNG_SEED` set other numbers. Failures are not recorded, since they repeat.
pub(crate) fn config() -> Config {
    let default = Config::default();
    Config {
        rng_seed: match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            fixed @ RngSeed::Fixed(_) => fixed,
        },
        failure_persistence: None,
        ..default
    }
}

/// A string in which one to three pieces of up to `longest` characters are replaced.
pub(crate) fn damaged(
    text: impl Strategy<Value = String>,
    longest: usize,
    replacement: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let edit = (any::<Index>(), 0..=longest, replacement);
    (text, vec(edit, 1..=3)).prop_map(|(mut text, edits)| {
        for (index, length, replacement) in edits {
            let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let first = index.index(bounds.len() + 1);
            let bound = |at| bounds.get(at).copied().unwrap_or(text.len());
            let range = bound(first)..bound(first + length);
            text.replace_range(range, &replacement);
        }
        text
    })
}
