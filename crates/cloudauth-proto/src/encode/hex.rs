//! Lower-case hexadecimal.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digits of a hash.
pub(crate) fn digits(hash: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(hash) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

/// Digits as a string.
pub(crate) fn text(digits: &[u8]) -> &str {
    // Hexadecimal digits are ASCII, so the default is never used.
    core::str::from_utf8(digits).unwrap_or_default()
}
