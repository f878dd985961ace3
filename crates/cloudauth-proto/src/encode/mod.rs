//! Percent encoding of parameters. All encoded bytes of the crate are made here.

pub(crate) mod hex;
mod pairs;
mod params;
pub(crate) mod percent;
mod simd;
mod sink;

use alloc::string::String;
use alloc::vec::Vec;

pub use pairs::ParamLocation;
pub(crate) use pairs::{Entry, Pair, Pairs, PlainName, copy, push_plain_pair};
pub use params::Params;
pub(crate) use sink::{BlockBuffer, Buffer, Sink};

/// Encoded bytes as a string.
pub(crate) fn text_of(encoded: Vec<u8>) -> String {
    match String::from_utf8(encoded) {
        Ok(text) => text,
        Err(_) => unreachable!("encoded bytes are ASCII"),
    }
}

#[cfg(test)]
mod reference {
    use alloc::string::{String, ToString};

    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');

    /// The percent encoding by another crate, which is the oracle of tests.
    pub(super) fn encoded(bytes: &[u8]) -> String {
        percent_encode(bytes, RESERVED).to_string()
    }
}
