//! Lower-case hexadecimal.

use alloc::string::String;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends the digits of `bytes` to `out`.
pub(crate) fn write(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// The digits of a hash.
pub(crate) fn digits(hash: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
