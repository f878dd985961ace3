//! The bodies of the fuzz targets: each takes bytes, and panics if what it claims is not so.
//!
//! | target | what it checks |
//! | --- | --- |
//! | [`sign_matches_reference`] | ACS3 with SHA-256 and SM3, and RPC 1.0: the request is the one that a [signer written for clarity](mod@reference) makes |
//! | [`sim_accepts_what_we_sign`] | the bytes on the wire are one HTTP request, as somebody else's parser reads it; the simulator's verifier accepts it and reads the same parameters |
//! | [`one_bit_off_is_refused`] | of a signed request no bit can be turned that changes what it means |
//! | [`percent_round_trip`] | what is encoded, once and twice, is decoded to what it was |
//! | [`order_does_not_matter`] | parameters are signed in one order, whatever the order of pushing |
//! | [`decode_never_panics`] | whatever is answered to any operation, or to any source of credentials, gives a reply or an error that shows nothing of it |
//! | [`fault_and_mismatch_parser`] | whatever the message of a refused signature says, the explanation names something of ours and shows no value |
//! | [`flow_any_order`] | a driver may poll, report and set its clock in any order |
//! | [`profiles_are_read`] | a file of profiles gives a source or a reason, and neither shows a secret |
//! | [`callbacks_are_read`] | a callback is read or refused, and is taken for the service's only with a token of the key's |
//! | [`returns_are_read`] | what a browser brings back is read the same, raw and encoded once and twice, or refused |
//!
//! Names and values hold anything: line ends, `&`, `=`, NUL, `%`, `+`, `*`, `~`, emoji. `tests/large.rs`
//! does the same with 10 MB of them.
//!
//! # To run
//!
//! The committed corpus is replayed by `cargo test`. To fuzz, from this folder, with the nightly
//! toolchain and cargo-fuzz:
//!
//! ```text
//! cargo +nightly fuzz run -s none --features libfuzzer percent_round_trip -- -max_len=512
//! ```
//!
//! With `-s address` instead of `-s none` it also looks for errors in memory, which only dependencies
//! can have, and is slower. `--no-trace-compares` makes the targets that encode twice as fast; those
//! that read text find less with it. Debug assertions are on in all of these.
//!
//! A new input that is worth keeping is committed; what `-merge=1` leaves out of a large corpus is not.
//! Nothing in a body may depend on an earlier input: only keys, sources and texts that never change
//! are made once.
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
mod refusals;
mod replies;
mod signing;

pub use callbacks::{callbacks_are_read, returns_are_read};
pub use encoding::{order_does_not_matter, percent_round_trip};
pub use flow::flow_any_order;
pub use profiles::profiles_are_read;
pub use refusals::fault_and_mismatch_parser;
pub use replies::decode_never_panics;
pub use signing::{
    one_bit_off_is_refused, sign_matches_reference, sim_accepts_what_we_sign, values_arrive,
};
