//! Benchmarks of signing and of the drivers. Each run measures its references too, so that results
//! are ratios within one run and depend less on the machine.
//!
//! * `cargo run --release -p cloudauth-benches --bin ratios`: signing time, relative to the hash work
//!   alone ([`floors`]), next to a signer with lookup tables ([`tables`]), a signer written for
//!   clarity ([`naive`]) and signers of other crates ([`others`]).
//! * `--bin drivers`: the drivers, relative to the HTTP libraries that they are built on ([`clients`]).
//! * `cargo run --release --locked --manifest-path benches/aws-sdk/Cargo.toml`: cloudauth-hyper beside the
//!   AWS SDK, in a workspace of its own, which needs a newer compiler.
//! * `--bin in_flight`: memory per pending call.
//! * `--bin memory`: allocations and peak memory of signing.
//! * `--bin timing`: whether the duration of a token check depends on the position of a wrong byte.
//! * `--bin outage`: latency during a simulated outage of one region.
//! * `benches/instructions`: instruction counts of signing and of a whole call, compared with recorded
//!   ones.
#![expect(clippy::missing_panics_doc, reason = "a bench")]

use core::error::Error;

pub mod calls;
pub mod clients;
pub mod floors;
pub mod loopback;
pub mod measure;
pub mod naive;
pub mod others;
pub mod plots;
pub mod tables;

/// A result with any error.
pub type Result<T, E = Box<dyn Error>> = core::result::Result<T, E>;
