//! The one percent encoder.
//!
//! RFC 3986 as both signatures demand it (documented): `A-Z a-z 0-9 - _ . ~` stay, every other byte
//! of the UTF-8 text becomes `%XX` with upper-case digits. A space is `%20`, never `+`.
//!
//! RPC 1.0 signs text that is encoded twice. What is encoded already has only `%` left to escape, so
//! there are two passes, and each turns some bytes into three and keeps the others. Few bytes go one
//! by one through a table, without a branch; more of them in blocks, since a long text here is base64,
//! of whose characters two in 64 are escaped.

#![expect(
    clippy::inline_always,
    reason = "for an array of a known length it is another function, and constants are loaded once"
)]

use super::out::Out;
use super::sixteen;

/// Writes the encoded form of `text`.
pub(crate) fn encode(mut text: &[u8], out: &mut impl Out) {
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

/// Writes the second encoding of the first `length` bytes, which are encoded already; what is behind
/// them may be looked at, which takes less time than not to.
pub(crate) fn encode_again(encoded: &[u8], length: usize, out: &mut impl Out) {
    let rest = blocks::<Encoded>(encoded, length, out);
    for few in rest.chunks(FEW) {
        let length = escaped::<Encoded>(few, out.room());
        out.advance(length);
    }
}

/// Encodes at most [`FEW`] bytes, and returns the length of what was written.
#[inline]
pub(crate) fn encode_few(text: &[u8], room: &mut [u8; FEW_ROOM]) -> usize {
    match copied(text, room) {
        Some(0) => text.len(),
        _ => escaped::<Plain>(text, room),
    }
}

/// What is encoded.
trait Source {
    /// Each byte's encoded form, then its length.
    const TABLE: &[[u8; 4]; 256];

    /// Which of 16 bytes do not stay; maybe some more, if that is found out faster.
    fn specials(bytes: u128) -> u16;

    /// Escapes one of them where it stands, with room for a byte behind it, and returns its length.
    fn escape(byte: u8, place: &mut [u8; 4]) -> usize;
}

struct Plain;
struct Encoded;

#[expect(clippy::cast_possible_truncation, reason = "less than 256")]
impl Source for Plain {
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

    #[inline(always)]
    fn specials(bytes: u128) -> u16 {
        sixteen::not_alphanumeric(bytes)
    }

    #[inline(always)]
    fn escape(byte: u8, place: &mut [u8; 4]) -> usize {
        *place = Self::TABLE[usize::from(byte)];
        usize::from(place[3])
    }
}

#[expect(clippy::cast_possible_truncation, reason = "less than 256")]
impl Source for Encoded {
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

    #[inline(always)]
    fn specials(bytes: u128) -> u16 {
        sixteen::percents(bytes)
    }

    #[inline(always)]
    fn escape(_: u8, place: &mut [u8; 4]) -> usize {
        place[1..3].copy_from_slice(b"25");
        3
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether encoding changes nothing.
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

/// Copies a text of four to 32 bytes, and says which of those at its ends, which may overlap, do not
/// stay.
#[inline]
fn copied(text: &[u8], out: &mut [u8; FEW_ROOM]) -> Option<u16> {
    let specials = match text.len() {
        16..=32 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u128::from_le_bytes(first), u128::from_le_bytes(last));
            sixteen::not_unreserved(first) | sixteen::not_unreserved(last)
        }
        8..16 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u64::from_le_bytes(first), u64::from_le_bytes(last));
            sixteen::not_unreserved(u128::from(first) | u128::from(last) << 64)
        }
        4..8 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u32::from_le_bytes(first), u32::from_le_bytes(last));
            let both = u64::from(first) | u64::from(last) << 32;
            sixteen::not_unreserved(both.into()) & 0xff
        }
        _ => return None,
    };
    Some(specials)
}

/// The first `N` and the last `N` bytes.
#[inline(always)]
fn copied_ends<const N: usize>(
    text: &[u8],
    out: &mut [u8; FEW_ROOM],
) -> Option<([u8; N], [u8; N])> {
    let (first, last) = (*text.first_chunk()?, *text.last_chunk()?);
    // The mask changes nothing, and tells the compiler that nothing needs to be checked.
    let at = (text.len() - N) & (2 * N - 1);
    out[..N].copy_from_slice(&first);
    out[at..at + N].copy_from_slice(&last);
    Some((first, last))
}

/// Takes every byte through the table, and returns the length of what was written.
#[inline]
fn escaped<S: Source>(text: &[u8], out: &mut [u8; FEW_ROOM]) -> usize {
    let mut length = 0;
    let (eights, rest) = text.as_chunks::<8>();
    // As an array the eight are written without a loop.
    for eight in eights {
        let Some(window) = out[length..].first_chunk_mut() else {
            break;
        };
        length += eight_escaped::<S>(eight, window);
    }
    match out[length..].first_chunk_mut() {
        Some(window) => length + eight_escaped::<S>(rest, window),
        None => length,
    }
}

/// Without a branch, for up to eight bytes.
#[inline(always)]
fn eight_escaped<S: Source>(text: &[u8], window: &mut [u8; WINDOW]) -> usize {
    let mut length = 0;
    for &byte in text {
        let row = S::TABLE[usize::from(byte)];
        // Room for a whole escape: what is too much is overwritten. The mask is as above.
        let at = length & (WINDOW - 5);
        window[at..at + 4].copy_from_slice(&row);
        length += usize::from(row[3]);
    }
    length
}

/// Eight escapes, and as much as the mask above allows.
const WINDOW: usize = 36;
/// The most bytes that are encoded one by one into one room.
pub(crate) const FEW: usize = 32;
pub(crate) const FEW_ROOM: usize = 3 * FEW + WINDOW;
const BLOCK: usize = 32;

/// From here on blocks are faster: short texts have more to escape than long ones.
const LONG: usize = 512;

/// Encodes the first `length` bytes block after block, as long as there are two more of them to be
/// looked at, and returns the others.
#[inline(never)]
fn blocks<'t, S: Source>(mut text: &'t [u8], mut length: usize, out: &mut impl Out) -> &'t [u8] {
    while length > BLOCK {
        let Some(source) = text.first_chunk() else {
            return &text[..length];
        };
        let grown = block::<S>(source, BLOCK, out.room());
        out.advance(grown);
        text = &text[BLOCK..];
        length -= BLOCK;
    }
    let Some(source) = text.first_chunk() else {
        return &text[..length];
    };
    let grown = block::<S>(source, length, out.room());
    out.advance(grown);
    &[]
}

/// Room for a block of escapes and one copy behind it.
const BLOCK_ROOM: usize = 4 * BLOCK + 4;

/// Encodes the first `length` bytes, at most half of `source`, and returns their new length.
///
/// Whatever stands behind an escape is copied behind it, and overwritten by the next one. Two rounds
/// are always made, since whether there is another special byte cannot be predicted; in a round too
/// many the escape lands behind the block.
#[inline(always)]
fn block<S: Source>(
    source: &[u8; 2 * BLOCK + 1],
    length: usize,
    out: &mut [u8; BLOCK_ROOM],
) -> usize {
    let (sixteens, _) = source[..BLOCK].as_chunks();
    let bits = |sixteen| u64::from(S::specials(u128::from_le_bytes(sixteen)));
    let specials = sixteens
        .iter()
        .rev()
        .fold(0, |all, sixteen| all << 16 | bits(*sixteen));
    let mut specials = specials & ((1 << length) - 1);
    let mut grown = 0;
    out[..BLOCK].copy_from_slice(&source[..BLOCK]);
    let mut round = |specials: &mut u64| {
        // The bit behind the block ends the search; `min` tells the compiler so.
        let at = ((*specials | 1 << BLOCK).trailing_zeros() as usize).min(BLOCK);
        *specials &= specials.wrapping_sub(1);
        let to = (at + grown).min(3 * BLOCK);
        let more = match out[to..].first_chunk_mut() {
            // The mask is as above.
            Some(place) => S::escape(source[at], place) & 3,
            None => 0,
        };
        out[to + more..to + more + BLOCK].copy_from_slice(&source[at + 1..=at + BLOCK]);
        grown += if at < BLOCK { more - 1 } else { 0 };
    };
    round(&mut specials);
    round(&mut specials);
    while specials != 0 {
        round(&mut specials);
    }
    length + grown
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

    use super::*;
    use crate::entropy::Entropy;
    use crate::wire::out::Buffer;

    const REFERENCE: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');

    fn collected(text: &[u8], encode: impl Fn(&[u8], &mut Buffer)) -> String {
        let mut out = Buffer::default();
        encode(text, &mut out);
        String::from_utf8(out.into_bytes()).unwrap()
    }

    /// With nothing behind the text, and with much.
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
        let once = percent_encode(text, REFERENCE).to_string();
        let twice = percent_encode(once.as_bytes(), REFERENCE).to_string();
        assert_eq!(collected(text, encode), once);
        assert_eq!(collected(once.as_bytes(), again), twice);
    }

    #[test]
    fn every_byte_is_encoded_as_the_reference_does_in_short_and_long_texts() {
        for byte in 0..=255 {
            check(&[byte]);
            check(&[byte; 1024]);
        }
    }

    #[test]
    fn texts_of_every_length_and_density_are_encoded_as_the_reference_does() {
        let mut entropy = Entropy::from_seed([5; 32]);
        let mut random = move || {
            let nonce = entropy.nonce();
            u64::from_str_radix(&nonce.as_str()[..16], 16).unwrap()
        };
        for length in (0..200).chain(480..660).chain([4095, 5000, 20_000]) {
            // How many of 64 bytes are special: none, as in base64, half, all.
            for specials in [0, 2, 32, 64] {
                let mut state = random() | 1;
                let text: Vec<u8> = (0..length)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1);
                        let [.., kind, which] = state.to_be_bytes()[..4] else {
                            unreachable!()
                        };
                        let bytes: &[u8] = if kind % 64 < specials {
                            b"+/=%& \0\xff\xe5"
                        } else {
                            b"AZaz09-_.~"
                        };
                        bytes[usize::from(which) % bytes.len()]
                    })
                    .collect();
                check(&text);
            }
        }
    }

    #[test]
    fn the_vendor_s_own_examples_come_out() {
        let encoded = |text: &str| collected(text.as_bytes(), encode);
        assert_eq!(encoded(" ~/*-+"), "%20~%2F%2A-%2B");
        assert_eq!(encoded("a/b/c/ test"), "a%2Fb%2Fc%2F%20test");
    }
}
