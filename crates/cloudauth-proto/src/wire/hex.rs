//! Lower-case hexadecimal.

use alloc::string::String;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Appends `bytes` to `out`, two digits each.
pub(crate) fn write(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}
