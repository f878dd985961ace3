//! The percent encoder.
//!
//! RFC 3986 as both signature schemes require it (documented): `A-Z a-z 0-9 - _ . ~` are unreserved, every
//! other byte of the UTF-8 string becomes `%XX` with upper-case digits. A space is `%20`, never `+`.
//!
//! RPC 1.0 signs strings that are encoded twice. In an encoded string only `%` is left to escape, so there
//! are two passes, each of which replaces some bytes by three and copies the others. A few bytes go through
//! a table one by one, without branches. More bytes go in blocks, since long values are base64, where 2 of
//! the 64 characters are escaped.

#![expect(
    clippy::inline_always,
    reason = "an array of a known length makes another function of it, and constants are loaded once"
)]

use super::simd::{self, Pass, blocks, copied, is_unreserved};
use super::sink::Sink;

/// Encodes `text`.
pub(crate) fn encode(mut text: &[u8], out: &mut impl Sink) {
    if text.len() <= FEW {
        let length = encode_few(text, out.room());
        return out.advance(length);
    }
    if text.len() > LONG {
        text = blocks::<Plain>(text, text.len(), out);
    }
    for few in text.chunks(FEW) {
        let length = escaped::<Plain>(few, out.room());
        out.advance(length);
    }
}

/// Encodes the first `length` bytes, which are encoded already, a second time. The bytes after them are
/// read as well, which is faster, but do not change the result.
pub(crate) fn encode_again(encoded: &[u8], length: usize, out: &mut impl Sink) {
    let rest = blocks::<Encoded>(encoded, length, out);
    for few in rest.chunks(FEW) {
        let length = escaped::<Encoded>(few, out.room());
        out.advance(length);
    }
}

/// Encodes at most [`FEW`] bytes, and returns the encoded length.
#[inline]
pub(crate) fn encode_few(text: &[u8], room: &mut [u8; FEW_ROOM]) -> usize {
    match copied(text, room) {
        Some(0) => text.len(),
        _ => escaped::<Plain>(text, room),
    }
}

/// A pass with a table: the encoded form of each byte, then its length.
trait TablePass {
    const TABLE: &[[u8; 4]; 256];
}

/// The first encoding.
struct Plain;

/// The second encoding, of bytes that are encoded already.
struct Encoded;

#[expect(clippy::cast_possible_truncation, reason = "less than 256")]
impl TablePass for Plain {
    const TABLE: &[[u8; 4]; 256] = &{
        let mut table = [[0; 4]; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = if is_unreserved(byte as u8) {
                [byte as u8, 0, 0, 1]
            } else {
                [b'%', DIGITS[byte >> 4], DIGITS[byte & 15], 3]
            };
            byte += 1;
        }
        table
    };
}

impl Pass for Plain {
    #[inline(always)]
    fn specials(bytes: u128) -> u16 {
        simd::not_alphanumeric(bytes)
    }

    #[inline(always)]
    fn escape(byte: u8, place: &mut [u8; 4]) -> usize {
        *place = Self::TABLE[usize::from(byte)];
        usize::from(place[3])
    }
}

#[expect(clippy::cast_possible_truncation, reason = "less than 256")]
impl TablePass for Encoded {
    const TABLE: &[[u8; 4]; 256] = &{
        let mut table = [[0; 4]; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = [byte as u8, 0, 0, 1];
            byte += 1;
        }
        table[b'%' as usize] = *b"%25\x03";
        table
    };
}

impl Pass for Encoded {
    #[inline(always)]
    fn specials(bytes: u128) -> u16 {
        simd::percents(bytes)
    }

    #[inline(always)]
    fn escape(_: u8, place: &mut [u8; 4]) -> usize {
        place[1..3].copy_from_slice(b"25");
        3
    }
}

/// Blocks are faster for strings longer than this; shorter ones have more bytes to escape.
const LONG: usize = 512;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Whether encoding does not change `text`.
pub(crate) const fn is_plain(text: &[u8]) -> bool {
    let mut at = 0;
    while at < text.len() {
        if !is_unreserved(text[at]) {
            return false;
        }
        at += 1;
    }
    true
}

/// Encodes every byte with the table, and returns the encoded length.
#[inline]
fn escaped<P: TablePass>(text: &[u8], out: &mut [u8; FEW_ROOM]) -> usize {
    let mut length = 0;
    let (eights, rest) = text.as_chunks::<8>();
    // The loop over an array of eight is unrolled.
    for eight in eights {
        let Some(window) = out[length..].first_chunk_mut() else {
            break;
        };
        length += eight_escaped::<P>(eight, window);
    }
    match out[length..].first_chunk_mut() {
        Some(window) => length + eight_escaped::<P>(rest, window),
        None => length,
    }
}

/// Encodes up to eight bytes without branches.
#[inline(always)]
fn eight_escaped<P: TablePass>(text: &[u8], window: &mut [u8; WINDOW]) -> usize {
    let mut length = 0;
    for &byte in text {
        let row = P::TABLE[usize::from(byte)];
        // A whole escape is always written; the bytes in excess are overwritten. The mask changes nothing;
        // it removes the bounds check.
        let at = length & (WINDOW - 5);
        window[at..at + 4].copy_from_slice(&row);
        length += usize::from(row[3]);
    }
    length
}

/// Eight escapes, and the excess that the mask above allows.
const WINDOW: usize = 36;

/// The number of bytes that are encoded one by one, at most.
pub(crate) const FEW: usize = 32;

/// The room for their encoding.
pub(crate) const FEW_ROOM: usize = 3 * FEW + WINDOW;

#[cfg(test)]
mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use proptest::collection::{SizeRange, vec};
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use proptest::test_runner::Config;

    use super::*;
    use crate::encode::reference::encoded;
    use crate::encode::sink::Buffer;
    use crate::random::config;

    fn collected(text: &[u8], encode: impl Fn(&[u8], &mut Buffer)) -> String {
        let mut out = Buffer::default();
        encode(text, &mut out);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    /// Encodes again, and checks that the bytes after the text make no difference.
    fn again(encoded: &[u8], out: &mut Buffer) {
        let mut longer = encoded.to_vec();
        longer.extend([b'%'; 100]);
        let mut other = Buffer::default();
        encode_again(&longer, encoded.len(), &mut other);
        encode_again(encoded, encoded.len(), out);
        assert_eq!(other.as_bytes(), out.as_bytes());
    }

    /// Compares both passes with the reference.
    fn check(text: &[u8]) {
        let once = encoded(text);
        let twice = encoded(once.as_bytes());
        assert_eq!(collected(text, encode), once);
        assert_eq!(collected(once.as_bytes(), again), twice);
    }

    #[test]
    fn every_byte_is_encoded_as_by_the_reference_in_short_and_long_texts() {
        for byte in 0..=255 {
            check(&[byte]);
            check(&[byte; 1024]);
        }
    }

    /// Bytes of which none, a few as in base64, half or all are escaped.
    fn text(length: impl Into<SizeRange>) -> impl Strategy<Value = Vec<u8>> {
        let density = select(&[0, 2, 32, 64][..]);
        (
            density,
            vec((0..64_u8, any::<u8>(), any::<Index>()), length),
        )
            .prop_map(|(density, bytes)| {
                let byte = |(draw, any, index): (u8, u8, Index)| {
                    if draw >= density {
                        b"AZaz09-_.~"[index.index(10)]
                    } else if any < 128 {
                        b"+/=%& \0\xff\xe5"[index.index(9)]
                    } else {
                        any
                    }
                };
                bytes.into_iter().map(byte).collect()
            })
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn every_suffix_of_a_text_is_encoded_as_by_the_reference(text in text(0..200)) {
            for start in 0..text.len() {
                check(&text[start..]);
            }
        }

        #[test]
        fn texts_around_the_limits_of_blocks_are_encoded_as_by_the_reference(text in text(480..660)) {
            check(&text);
            check(&text[..480]);
        }
    }

    proptest! {
        #![proptest_config(Config { cases: 32, ..config() })]

        #[test]
        fn long_texts_are_encoded_as_by_the_reference(text in text(2_000..20_000)) {
            check(&text);
        }
    }

    #[test]
    fn the_vendor_s_examples_are_encoded() {
        let encoded = |text: &str| collected(text.as_bytes(), encode);
        assert_eq!(encoded(" ~/*-+"), "%20~%2F%2A-%2B");
        assert_eq!(encoded("a/b/c/ test"), "a%2Fb%2Fc%2F%20test");
    }
}
