//! Repair of what is nearly JSON, so that one useless string does not cost the rest of a response.
//!
//! It runs only after `serde_json` has failed, and its result is read by `serde_json`. It knows where
//! strings begin and end, nothing else of the syntax.

use alloc::string::String;

use serde_json::de::{Deserializer, StrRead};
use serde_json::{Error, Value};
use zeroize::Zeroizing;

/// Takes the place of what cannot be read in a string.
const LOST: char = char::REPLACEMENT_CHARACTER;

/// Decodes JSON text; if that fails, decodes what a repair makes of a malformed object or list.
pub(crate) fn tolerant<T>(
    text: &str,
    mut read: impl FnMut(&mut Deserializer<StrRead<'_>>) -> Result<T, Error>,
) -> Result<T, Error> {
    let text = without_mark(text);
    match whole(text, &mut read) {
        Err(error) if !error.is_data() && text.starts_with(['{', '[']) => {
            whole(&repaired(text), &mut read)
        }
        done => done,
    }
}

/// The text without white space and byte order marks at its beginning.
pub(crate) fn without_mark(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Decodes a body as [`tolerant`] does. It may have bytes that are not UTF-8.
pub(crate) fn tolerant_bytes<T>(
    body: &[u8],
    mut read: impl FnMut(&mut Deserializer<StrRead<'_>>) -> Result<T, Error>,
) -> Result<T, Error> {
    if let Ok(text) = core::str::from_utf8(body) {
        return tolerant(text, read);
    }
    let text = Zeroizing::new(String::from_utf8_lossy(body).into_owned());
    match tolerant(&text, &mut read) {
        // The second byte of a character in GBK can be the one of a backslash.
        Err(error) if !error.is_data() => tolerant(&double_byte(body), &mut read),
        done => done,
    }
}

/// Decodes text to its end.
fn whole<T>(
    text: &str,
    mut read: impl FnMut(&mut Deserializer<StrRead<'_>>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut json = Deserializer::from_str(text);
    let value = read(&mut json)?;
    json.end().map(|()| value)
}

/// Decodes the ASCII of a body whose other characters have two bytes each.
fn double_byte(body: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(body.len() * 2));
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            bytes.next();
            text.push(LOST);
        }
    }
    text
}

/// Replaces what JSON has no place for: in strings, control characters and escapes that mean no character,
/// by U+FFFD; outside of them, words that are no value, by `null`.
pub(crate) fn repaired(text: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, string)) = rest.split_once('"') {
        push_values(before, &mut out);
        out.push('"');
        rest = push_string(string, &mut out);
    }
    push_values(rest, &mut out);
    out
}

/// Pushes a string with its closing quote, and returns what follows.
fn push_string<'t>(text: &'t str, out: &mut String) -> &'t str {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..' ')) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        if let Some(rest) = special.strip_prefix('"') {
            out.push('"');
            return rest;
        }
        let (length, is_character) = escape(special);
        if is_character {
            out.push_str(&special[..length]);
        } else {
            out.push(LOST);
        }
        rest = &special[length..];
    }
    out.push_str(rest);
    ""
}

/// The length of the escape at the beginning of `text`, or of a control character, and whether JSON has a
/// character for it. A lone surrogate has six bytes; of any other escape, the backslash alone counts.
fn escape(text: &str) -> (usize, bool) {
    if matches!(
        text.as_bytes(),
        [
            b'\\',
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..
        ]
    ) {
        return (2, true);
    }
    let Some(first) = unit(text) else {
        return (1, false);
    };
    let second = text.get(6..).and_then(unit).unwrap_or_default();
    match char::decode_utf16([first, second]).next() {
        Some(Ok(character)) => (6 * character.len_utf16(), true),
        Some(Err(_)) | None => (6, false),
    }
}

/// The number in an escape `\uXXXX` at the beginning of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_number = digits.bytes().all(|b| b.is_ascii_hexdigit());
    u16::from_str_radix(digits, 16).ok().filter(|_| is_number)
}

/// Pushes what is between strings.
fn push_values(text: &str, out: &mut String) {
    let is_structure = |c: char| "{}[]:, \t\r\n".contains(c);
    for piece in text.split_inclusive(is_structure) {
        let word = piece.trim_end_matches(is_structure);
        let is_value = word.is_empty() || serde_json::from_str::<Value>(word).is_ok();
        out.push_str(if is_value { word } else { "null" });
        out.push_str(&piece[word.len()..]);
    }
}
