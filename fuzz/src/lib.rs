//! The bodies of the fuzz targets: each takes bytes, and panics if what it claims is not so.
//!
//! `fuzz_targets` holds what calls them: `cargo +nightly fuzz run <target> --features
//! libfuzzer`. The committed corpus is replayed by the tests of this crate.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target panics where its claim is wrong"
)]

mod callbacks;
mod encoding;
mod flow;
mod input;
mod profiles;
pub mod reference;
mod replies;
mod signing;

pub use callbacks::{callbacks_are_read, returns_are_read};
pub use encoding::{order_does_not_matter, percent_round_trip};
pub use flow::flow_any_order;
pub use profiles::profiles_are_read;
pub use replies::{decode_never_panics, fault_and_mismatch_parser};
pub use signing::{one_bit_off_is_refused, sign_matches_reference, sim_accepts_what_we_sign};
