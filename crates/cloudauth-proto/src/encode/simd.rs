//! The vectorised part of the percent encoder.
//!
//! Measured gains over the plain table (`cargo run --release -p cloudauth-benches --bin ratios`), as multiples
//! of the time of the hash alone: long values 2.77 -> 1.55 (RPC 1.0, 5.6 MB) and 1.90 -> 1.44 (ACS3), first
//! encoding of short values 2.44 -> 2.37 (RPC 1.0, small call) and 2.15 -> 2.06 (ACS3), second encoding of
//! short values 2.39 -> 2.34. The last two together are 6 % of the instructions of a small RPC 1.0 call.

#![expect(
    clippy::inline_always,
    reason = "in a loop constants are then loaded once"
)]

use super::sink::Sink;

/// A scan of bytes in which some are escaped.
pub(super) trait Pass {
    /// A bit mask of those of 16 bytes that are escaped. It may have other bits set as well, where that is
    /// faster to compute.
    fn specials(bytes: u128) -> u16;

    /// Escapes a byte in place, with room for one byte after the escape, and returns the new length.
    fn escape(byte: u8, place: &mut [u8; 4]) -> usize;
}

/// Whether percent encoding does not change a byte.
pub(super) const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

const BLOCK: usize = 32;

/// Copies 4 to 32 bytes, and returns a bit mask of the reserved ones. The mask covers the two ends, which
/// may overlap. `None`, and nothing is copied, for other lengths.
#[inline]
pub(super) fn copied<const ROOM: usize>(text: &[u8], out: &mut [u8; ROOM]) -> Option<u16> {
    let specials = match text.len() {
        16..=32 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u128::from_le_bytes(first), u128::from_le_bytes(last));
            not_unreserved(first) | not_unreserved(last)
        }
        8..16 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u64::from_le_bytes(first), u64::from_le_bytes(last));
            not_unreserved(u128::from(first) | u128::from(last) << 64)
        }
        4..8 => {
            let (first, last) = copied_ends(text, out)?;
            let (first, last) = (u32::from_le_bytes(first), u32::from_le_bytes(last));
            let both = u64::from(first) | u64::from(last) << 32;
            not_unreserved(both.into()) & 0xff
        }
        _ => return None,
    };
    Some(specials)
}

/// Copies the first `N` and the last `N` bytes, and returns them.
#[inline(always)]
fn copied_ends<const N: usize, const ROOM: usize>(
    text: &[u8],
    out: &mut [u8; ROOM],
) -> Option<([u8; N], [u8; N])> {
    let (first, last) = (*text.first_chunk()?, *text.last_chunk()?);
    // The mask changes nothing; it removes the bounds check.
    let at = (text.len() - N) & (2 * N - 1);
    out[..N].copy_from_slice(&first);
    out[at..at + N].copy_from_slice(&last);
    Some((first, last))
}

/// Encodes the first `length` bytes in blocks, as long as two more blocks can be read, and returns the
/// rest.
#[inline(never)]
pub(super) fn blocks<'t, P: Pass>(
    mut text: &'t [u8],
    mut length: usize,
    out: &mut impl Sink,
) -> &'t [u8] {
    while length > BLOCK {
        let Some(source) = text.first_chunk() else {
            return &text[..length];
        };
        let grown = block::<P>(source, BLOCK, out.room());
        out.advance(grown);
        text = &text[BLOCK..];
        length -= BLOCK;
    }
    let Some(source) = text.first_chunk() else {
        return &text[..length];
    };
    let grown = block::<P>(source, length, out.room());
    out.advance(grown);
    &[]
}

/// Room for a block of escapes and one copy after it.
const BLOCK_ROOM: usize = 4 * BLOCK + 4;

/// Encodes the first `length` bytes, at most half of `source`, and returns their new length.
///
/// In each round the bytes after an escape are copied after it, to be overwritten by the next escape. There
/// are always two rounds, since whether there is another byte to escape cannot be predicted; in a round in
/// excess the escape is written after the block.
#[inline(always)]
fn block<P: Pass>(
    source: &[u8; 2 * BLOCK + 1],
    length: usize,
    out: &mut [u8; BLOCK_ROOM],
) -> usize {
    let (sixteens, _) = source[..BLOCK].as_chunks();
    let bits = |sixteen| u64::from(P::specials(u128::from_le_bytes(sixteen)));
    let specials = sixteens
        .iter()
        .rev()
        .fold(0, |all, sixteen| all << 16 | bits(*sixteen));
    let mut specials = specials & ((1 << length) - 1);
    let mut grown = 0;
    out[..BLOCK].copy_from_slice(&source[..BLOCK]);
    let mut round = |specials: &mut u64| {
        // The bit after the block ends the search; `min` removes the bounds check.
        let at = ((*specials | 1 << BLOCK).trailing_zeros() as usize).min(BLOCK);
        *specials &= specials.wrapping_sub(1);
        let to = (at + grown).min(3 * BLOCK);
        let more = match out[to..].first_chunk_mut() {
            // The mask changes nothing; it removes the bounds check.
            Some(place) => P::escape(source[at], place) & 3,
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

/// A bit mask of the bytes other than `A-Z a-z 0-9 - _ . ~`.
#[inline(always)]
pub(super) fn not_unreserved(bytes: u128) -> u16 {
    !lanes::unreserved(bytes)
}

/// A bit mask of the bytes other than letters and digits.
#[inline(always)]
pub(super) fn not_alphanumeric(bytes: u128) -> u16 {
    !lanes::alphanumeric(bytes)
}

/// A bit mask of the `%`.
#[inline(always)]
pub(super) fn percents(bytes: u128) -> u16 {
    lanes::percents(bytes)
}

#[cfg(not(target_arch = "x86_64"))]
use portable as lanes;

/// With vector instructions that every x86-64 processor has.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use safe_arch::{
        add_i8_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, m128i, min_u8_m128i, move_mask_i8_m128i,
        set_splat_i8_m128i,
    };

    #[inline(always)]
    pub(super) fn unreserved(bytes: u128) -> u16 {
        let bytes = m128i::from(bytes);
        let dash_and_dot = within(bytes, b'-', b'.');
        let line_and_tilde = bitor_m128i(equal(bytes, b'_'), equal(bytes, b'~'));
        let marks = bitor_m128i(dash_and_dot, line_and_tilde);
        bits(bitor_m128i(letters_and_digits(bytes), marks))
    }

    #[inline(always)]
    pub(super) fn alphanumeric(bytes: u128) -> u16 {
        bits(letters_and_digits(bytes.into()))
    }

    #[inline(always)]
    pub(super) fn percents(bytes: u128) -> u16 {
        bits(equal(bytes.into(), b'%'))
    }

    #[inline(always)]
    fn letters_and_digits(bytes: m128i) -> m128i {
        let lower_case = bitor_m128i(bytes, all(0x20));
        bitor_m128i(within(lower_case, b'a', b'z'), within(bytes, b'0', b'9'))
    }

    #[inline(always)]
    fn within(bytes: m128i, first: u8, last: u8) -> m128i {
        let moved = add_i8_m128i(bytes, all(first.wrapping_neg()));
        cmp_eq_mask_i8_m128i(min_u8_m128i(moved, all(last - first)), moved)
    }

    #[inline(always)]
    fn equal(bytes: m128i, byte: u8) -> m128i {
        cmp_eq_mask_i8_m128i(bytes, all(byte))
    }

    #[inline(always)]
    fn all(byte: u8) -> m128i {
        set_splat_i8_m128i(byte.cast_signed())
    }

    #[inline(always)]
    fn bits(flags: m128i) -> u16 {
        let [low, high, ..] = move_mask_i8_m128i(flags).to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

/// For other processors, and as the oracle of the vector instructions.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use super::is_unreserved;

    pub(super) fn unreserved(bytes: u128) -> u16 {
        bits(bytes, is_unreserved)
    }

    pub(super) fn alphanumeric(bytes: u128) -> u16 {
        bits(bytes, |byte| byte.is_ascii_alphanumeric())
    }

    pub(super) fn percents(bytes: u128) -> u16 {
        bits(bytes, |byte| byte == b'%')
    }

    #[inline(always)]
    fn bits(bytes: u128, is: impl Fn(u8) -> bool) -> u16 {
        let mut flags = [0; 16];
        for (flag, byte) in flags.iter_mut().zip(bytes.to_le_bytes()) {
            *flag = u8::from(is(byte));
        }
        let (eights, _) = flags.as_chunks();
        // The product moves the lowest bit of each of eight bytes into the highest byte.
        let eight = |eight| u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080);
        let bits = eights.iter().map(|flags| eight(*flags).to_be_bytes()[0]);
        bits.rev().fold(0, |all, bits| all << 8 | u16::from(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::is_unreserved;
    use super::*;

    #[test]
    fn every_byte_is_classified_at_every_position() {
        for byte in 0..=255_u8 {
            for place in 0..16_u16 {
                for others in *b"a%\xff" {
                    let mut bytes = [others; 16];
                    bytes[usize::from(place)] = byte;
                    let bits = |is: fn(u8) -> bool| {
                        let here = u16::from(is(byte)) << place;
                        here | if is(others) { !(1 << place) } else { 0 }
                    };
                    let bytes = u128::from_le_bytes(bytes);
                    assert_eq!(not_unreserved(bytes), bits(|byte| !is_unreserved(byte)));
                    let alphanumeric = bits(|byte| byte.is_ascii_alphanumeric());
                    assert_eq!(not_alphanumeric(bytes), !alphanumeric);
                    assert_eq!(percents(bytes), bits(|byte| byte == b'%'));
                    assert_eq!(portable::unreserved(bytes), !not_unreserved(bytes));
                    assert_eq!(portable::alphanumeric(bytes), alphanumeric);
                    assert_eq!(portable::percents(bytes), percents(bytes));
                }
            }
        }
    }
}
