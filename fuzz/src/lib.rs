//! The bodies of the fuzz targets. Each takes any bytes, and panics if its property does not hold.
//!
//! | target | property |
//! | --- | --- |
//! | [`sign_matches_reference`] | A signed request, by ACS3 with SHA-256 or SM3 or by RPC 1.0, equals that of a [signer written for clarity](mod@reference). |
//! | [`sim_accepts_what_we_sign`] | A signed request is exactly one HTTP request to an independent parser, and the simulator's verifier accepts it and reads the same parameters. |
//! | [`one_bit_off_is_refused`] | A signed request with one bit flipped is refused, or has the same meaning. |
//! | [`percent_round_trip`] | Names and values, encoded once and twice, are decoded to the originals. |
//! | [`order_does_not_matter`] | The order in which parameters are pushed does not change the signed string. |
//! | [`decode_never_panics`] | Any response, to any operation or source of credentials, gives a reply or an error, and the error shows no personal data of the response. |
//! | [`the_verdict_survives`] | Whatever bytes are in the other strings, values and names of a reply, its code, request ID, verdict, reason and ID are read. |
//! | [`fault_and_mismatch_parser`] | Any message of a refused signature gives an explanation that names a parameter or header of the request, and shows no value. |
//! | [`flow_any_order`] | Polls, reports and clock changes in any order do not violate the contract of flows. |
//! | [`never_another_identity`] | The key of a damaged file is one of its selected profile, and the one behind the file is used only if it has none. |
//! | [`profiles_are_read`] | Any file of profiles gives a source or an error, neither of which shows a secret. |
//! | [`callbacks_are_read`] | Any callback is parsed or refused, and is authentic only with a token of the key. |
//! | [`redirects_are_read`] | Any redirect of a browser is parsed or refused, with the same result if it is encoded once or twice. |
//! | [`responses_are_read`] | Any bytes of a connection give the same response or failure however they are split. |
//!
//! Names and values contain line ends, `&`, `=`, NUL, `%`, `+`, `*`, `~` and emoji. `tests/large.rs`
//! repeats the signing properties with 10 MB of these.
//!
//! # Running
//!
//! `cargo test` replays the committed corpus, and runs the properties on random inputs of a fixed seed
//! (`tests/random.rs`). To fuzz, from this folder, with the nightly toolchain and cargo-fuzz:
//!
//! ```text
//! cargo +nightly fuzz run -s none --features libfuzzer percent_round_trip -- -max_len=512
//! ```
//!
//! `-s address` instead of `-s none` detects memory errors too, which can only be in dependencies, and
//! is slower. `--no-trace-compares` doubles the speed of the targets that encode, but finds less in
//! those that parse. Debug assertions are always on.
//!
//! Commit a new input that covers new code, but of a large corpus only what `-merge=1` keeps. The
//! result of an input must not depend on earlier inputs: only keys, sources and strings that never
//! change are created once.
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target panics if its property does not hold"
)]

mod callbacks;
mod encoding;
mod flow;
mod identity;
mod input;
mod profiles;
pub mod reference;
mod refusals;
mod replies;
mod responses;
mod signing;
mod survival;

pub use callbacks::{callbacks_are_read, redirects_are_read};
pub use encoding::{order_does_not_matter, percent_round_trip};
pub use flow::flow_any_order;
pub use identity::never_another_identity;
pub use profiles::profiles_are_read;
pub use refusals::fault_and_mismatch_parser;
pub use replies::decode_never_panics;
pub use responses::responses_are_read;
pub use signing::{
    check_values, one_bit_off_is_refused, sign_matches_reference, sim_accepts_what_we_sign,
};
pub use survival::the_verdict_survives;
