//! What is measured: signing, beside the hash work that it cannot do without, a naive signer, and
//! signers of others; the drivers, beside the bare libraries below them.
//!
//! `cargo run --release -p cloudauth-benches --bin ratios` prints the one, `--bin drivers` the other,
//! `--bin in_flight` what a call holds while it waits.
#![expect(clippy::missing_panics_doc, reason = "a bench")]

pub mod calls;
pub mod floors;
pub mod loopback;
pub mod measure;
pub mod naive;
pub mod others;
pub mod plots;
pub mod subjects;
pub mod tables;
