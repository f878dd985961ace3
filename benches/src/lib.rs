//! What is measured: signing, beside the hash work that it cannot do without, a naive signer, and
//! signers of others.
//!
//! `cargo run --release -p cloudauth-benches --bin ratios` prints all of it.
#![expect(clippy::missing_panics_doc, reason = "a bench")]

pub mod calls;
pub mod floors;
pub mod measure;
pub mod naive;
pub mod others;
pub mod plots;
