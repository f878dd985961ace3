//! What 16 bytes are, asked of all of them at once. The answer has a bit for each, the first byte's
//! lowest.

#![expect(
    clippy::inline_always,
    reason = "in a loop constants are then loaded once"
)]

/// Which are not plain in a URL: `A-Z a-z 0-9 - _ . ~` are.
#[inline(always)]
pub(super) fn not_unreserved(bytes: u128) -> u16 {
    !lanes::unreserved(bytes)
}

/// Which are neither letters nor digits.
#[inline(always)]
pub(super) fn not_alphanumeric(bytes: u128) -> u16 {
    !lanes::alphanumeric(bytes)
}

/// Which are `%`.
#[inline(always)]
pub(super) fn percents(bytes: u128) -> u16 {
    lanes::percents(bytes)
}

#[cfg(not(target_arch = "x86_64"))]
use portable as lanes;

/// With vector instructions that every processor of this kind has.
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

/// For others, and what the former are compared with.
#[cfg(any(test, not(target_arch = "x86_64")))]
mod portable {
    use crate::wire::percent::is_unreserved;

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
    use super::*;
    use crate::wire::percent::is_unreserved;

    #[test]
    fn every_byte_is_told_apart_at_every_place() {
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
