//! The one percent encoder.
//!
//! RFC 3986 as both signatures demand it (documented): `A-Z a-z 0-9 - _ . ~` stay, every other byte
//! of the UTF-8 text becomes `%XX` with upper-case digits. A space is `%20`, never `+`.
//!
//! RPC 1.0 signs text that is encoded twice. What is encoded already has only `%` left to escape, so
//! there are two passes, and each turns some bytes into three and keeps the others. Short texts go
//! byte by byte through a table, without a branch; long ones in blocks, since a long text here is
//! base64, of whose characters two in 64 are escaped.

use super::out::Out;

/// Writes the encoded form of `text`.
pub(crate) fn encode(text: &[u8], out: &mut impl Out) {
    pass::<Plain>(text, out);
}

/// Writes the second encoding of a text that is encoded already.
pub(crate) fn encode_again(encoded: &[u8], out: &mut impl Out) {
    pass::<Encoded>(encoded, out);
}

/// What is encoded.
trait Source {
    /// Each byte's encoded form, then its length.
    const TABLE: &[[u8; 4]; 256];

    /// Whether it pays to look for bytes that all stay.
    const SELDOM_ESCAPES: bool;

    fn keeps(byte: u8) -> bool;

    /// For each byte 1 if it does not stay, 0 if it does.
    fn flags(block: &[u8; BLOCK]) -> [u64; BLOCK / 8];
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

    const SELDOM_ESCAPES: bool = true;

    fn keeps(byte: u8) -> bool {
        is_unreserved(byte)
    }

    #[inline]
    fn flags(block: &[u8; BLOCK]) -> [u64; BLOCK / 8] {
        let mut flags = [0; BLOCK];
        for (flag, &byte) in flags.iter_mut().zip(block) {
            *flag = u8::from(!is_unreserved(byte));
        }
        words(&flags)
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

    // A text without an escape does not come here.
    const SELDOM_ESCAPES: bool = false;

    fn keeps(byte: u8) -> bool {
        byte != b'%'
    }

    #[inline]
    fn flags(block: &[u8; BLOCK]) -> [u64; BLOCK / 8] {
        // Eight at a time: the carry of the sum tells which are not zero.
        const LOW: u64 = u64::MAX / 255 * 0x7f;
        words(block).map(|word| {
            let differs = word ^ (u64::MAX / 255 * u64::from(b'%'));
            let nonzero = ((differs & LOW) + LOW) | differs;
            (!nonzero & !LOW) >> 7
        })
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// Without a branch, so that a loop over many bytes becomes vector instructions.
#[expect(clippy::needless_bitwise_bool, reason = "no branch, see above")]
const fn is_unreserved(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    is_letter | is_digit | (byte == b'-') | (byte == b'.') | (byte == b'_') | (byte == b'~')
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

fn pass<S: Source>(text: &[u8], out: &mut impl Out) {
    let mut rest = text;
    if rest.len() > LONG {
        rest = blocks::<S>(rest, out);
    }
    loop {
        let (few, others) = rest.split_at(rest.len().min(FEW));
        let Some(room) = out.room(FEW_ROOM).first_chunk_mut() else {
            return;
        };
        let length = if S::SELDOM_ESCAPES && kept::<S>(few, room) {
            few.len()
        } else {
            escaped::<S>(few, room)
        };
        out.advance(length);
        if others.is_empty() {
            return;
        }
        rest = others;
    }
}

/// Whether a text of four to 32 bytes stays as it is; it is copied then.
#[inline]
fn kept<S: Source>(text: &[u8], out: &mut [u8; FEW_ROOM]) -> bool {
    match text.len() {
        4..8 => both_ends_kept::<S, 4>(text, out),
        8..16 => both_ends_kept::<S, 8>(text, out),
        16..=32 => both_ends_kept::<S, 16>(text, out),
        _ => false,
    }
}

/// Looks at the first `N` and at the last `N` bytes, which may overlap.
#[inline]
fn both_ends_kept<S: Source, const N: usize>(text: &[u8], out: &mut [u8; FEW_ROOM]) -> bool {
    let (Some(first), Some(last)) = (text.first_chunk::<N>(), text.last_chunk::<N>()) else {
        return false;
    };
    // The mask changes nothing, and tells the compiler that nothing needs to be checked.
    let at = (text.len() - N) & (2 * N - 1);
    out[..N].copy_from_slice(first);
    out[at..at + N].copy_from_slice(last);
    let both = first.iter().zip(last);
    both.fold(true, |all, (a, b)| all & S::keeps(*a) & S::keeps(*b))
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
#[expect(clippy::inline_always, reason = "for an array it is another function")]
#[inline(always)]
fn eight_escaped<S: Source>(text: &[u8], window: &mut [u8; WINDOW]) -> usize {
    let mut length = 0;
    for &byte in text {
        let escape = S::TABLE[usize::from(byte)];
        // Room for a whole escape: what is too much is overwritten. The mask is as above.
        let at = length & (WINDOW - 5);
        window[at..at + 4].copy_from_slice(&escape);
        length += usize::from(escape[3]);
    }
    length
}

/// Eight escapes, and as much as the mask above allows.
const WINDOW: usize = 36;
/// The most bytes that are encoded into one room.
const FEW: usize = 128;
const FEW_ROOM: usize = 3 * FEW + WINDOW;
/// From here on blocks are faster.
const LONG: usize = 512;
const BLOCK: usize = 32;
/// Encoded blocks are collected up to this size: it stays in the nearest cache.
const STAGE: usize = 4096;

/// Encodes block after block, until what is left, which is returned, is shorter than two.
#[inline(never)]
fn blocks<'t, S: Source>(mut text: &'t [u8], out: &mut impl Out) -> &'t [u8] {
    let mut stage = [0; STAGE + ROOM];
    let mut len = 0;
    while let Some(source) = text.first_chunk::<{ 2 * BLOCK + 1 }>() {
        if len > STAGE {
            out.push(&stage[..len]);
            len = 0;
        }
        if let Some(room) = stage[len..].first_chunk_mut() {
            len += block::<S>(source, room);
        }
        text = &text[BLOCK..];
    }
    out.push(&stage[..len]);
    text
}

/// Room for a block of escapes and one copy behind it.
const ROOM: usize = 4 * BLOCK + 4;

/// Encodes the first half of `source`, and returns its new length.
///
/// Whatever stands behind an escape is copied behind it, and overwritten by the next one. Two rounds
/// are always made, since whether there is another special byte cannot be predicted; in a round too
/// many the escape lands behind the block.
#[expect(
    clippy::inline_always,
    reason = "constants are loaded once, not for each block"
)]
#[inline(always)]
fn block<S: Source>(source: &[u8; 2 * BLOCK + 1], out: &mut [u8; ROOM]) -> usize {
    let mut specials = specials::<S>(source);
    let mut grown = 0;
    out[..BLOCK].copy_from_slice(&source[..BLOCK]);
    let mut round = |specials: &mut u64| {
        // The bit behind the block ends the search; `min` tells the compiler so.
        let at = ((*specials | 1 << BLOCK).trailing_zeros() as usize).min(BLOCK);
        *specials &= specials.wrapping_sub(1);
        let to = (at + grown).min(3 * BLOCK);
        let escape = S::TABLE[usize::from(source[at])];
        out[to..to + 4].copy_from_slice(&escape);
        out[to + 3..to + 3 + BLOCK].copy_from_slice(&source[at + 1..=at + BLOCK]);
        grown += 2 * usize::from(at < BLOCK);
    };
    round(&mut specials);
    round(&mut specials);
    while specials != 0 {
        round(&mut specials);
    }
    BLOCK + grown
}

/// A bit for each byte of the first half that does not stay.
#[inline]
fn specials<S: Source>(source: &[u8; 2 * BLOCK + 1]) -> u64 {
    let flags = source.first_chunk().map(S::flags).unwrap_or_default();
    // The product moves the lowest bit of each of eight bytes into the highest byte.
    let bits = |word: u64| word.wrapping_mul(0x0102_0408_1020_4080) >> 56;
    let words = flags.into_iter().enumerate();
    words.fold(0, |mask, (i, word)| mask | bits(word) << (8 * i))
}

fn words(bytes: &[u8; BLOCK]) -> [u64; BLOCK / 8] {
    let mut words = [0; BLOCK / 8];
    let (eights, _) = bytes.as_chunks();
    for (word, eight) in words.iter_mut().zip(eights) {
        *word = u64::from_le_bytes(*eight);
    }
    words
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

    /// Compares both passes with the reference.
    fn check(text: &[u8]) {
        let once = percent_encode(text, REFERENCE).to_string();
        let twice = percent_encode(once.as_bytes(), REFERENCE).to_string();
        assert_eq!(collected(text, encode), once);
        assert_eq!(collected(once.as_bytes(), encode_again), twice);
    }

    #[test]
    fn every_byte_is_encoded_as_the_reference_does_in_short_and_long_texts() {
        for byte in 0..=255 {
            check(&[byte]);
            check(&[byte; 2 * LONG]);
        }
    }

    #[test]
    fn texts_of_every_length_and_density_are_encoded_as_the_reference_does() {
        let mut entropy = Entropy::from_seed([5; 32]);
        let mut random = move || {
            let nonce = entropy.nonce();
            u64::from_str_radix(&nonce.as_str()[..16], 16).unwrap()
        };
        for length in (0..200)
            .chain(LONG - 70..LONG + 140)
            .chain([4095, 5000, 20_000])
        {
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
