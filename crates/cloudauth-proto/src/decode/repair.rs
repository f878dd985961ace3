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

/// Decodes a body as [`tolerant`] does. An object may have bytes that are not UTF-8.
pub(crate) fn tolerant_bytes<T>(
    body: &[u8],
    mut read: impl FnMut(&mut Deserializer<StrRead<'_>>) -> Result<T, Error>,
) -> Result<T, Error> {
    let text = match core::str::from_utf8(body) {
        Ok(text) => return tolerant(text, read),
        Err(_) if body.trim_ascii_start().starts_with(b"{") => String::from_utf8_lossy(body),
        // A picture, for example.
        Err(_) => return whole("", read),
    };
    match tolerant(&Zeroizing::new(text.into_owned()), &mut read) {
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

/// Puts U+FFFD in the place of what JSON has no place for: in strings, of control characters and of
/// escapes that mean no character; outside of them, of words that are no value. Objects and lists that
/// are deeper than `serde_json` reads become such a string, too.
pub(crate) fn repaired(text: &str) -> Zeroizing<String> {
    let mut repair = Repair {
        out: Zeroizing::new(String::with_capacity(text.len())),
        depth: 0,
        too_deep: 0,
    };
    let mut rest = text;
    while let Some((before, string)) = rest.split_once('"') {
        repair.push_values(before);
        repair.out.push('"');
        rest = repair.push_string(string);
    }
    repair.push_values(rest);
    repair.out
}

struct Repair {
    out: Zeroizing<String>,
    /// How many objects and lists are open.
    depth: usize,
    /// Where the last one began that is too deep.
    too_deep: usize,
}

impl Repair {
    /// The depth that is left as it is; `serde_json` reads 127.
    const DEEPEST: usize = 100;

    /// Pushes a string with its closing quote, and returns what follows.
    fn push_string<'t>(&mut self, text: &'t str) -> &'t str {
        let mut rest = text;
        while let Some(at) = rest.find(|c: char| matches!(c, '"' | '\\' | '\0'..' ')) {
            let (plain, special) = rest.split_at(at);
            self.out.push_str(plain);
            if let Some(rest) = special.strip_prefix('"') {
                self.out.push('"');
                return rest;
            }
            let (length, is_character) = escape(special);
            if is_character {
                self.out.push_str(&special[..length]);
            } else {
                self.out.push(LOST);
            }
            rest = &special[length..];
        }
        self.out.push_str(rest);
        ""
    }

    /// Pushes what is between strings. A word becomes a string where a value is, so that it is found to be
    /// unreadable, and `null` where it could be a name, since nothing can be said about its field.
    fn push_values(&mut self, text: &str) {
        let is_structure = |c: char| "{}[]:, \t\r\n".contains(c);
        for piece in text.split_inclusive(is_structure) {
            let word = piece.trim_end_matches(is_structure);
            if word.is_empty() || serde_json::from_str::<Value>(word).is_ok() {
                self.out.push_str(word);
            } else if self.out.trim_end().ends_with([':', '[']) {
                self.push_lost();
            } else {
                self.out.push_str("null");
            }
            self.push_structure(&piece[word.len()..]);
        }
    }

    fn push_structure(&mut self, structure: &str) {
        let is_end = matches!(structure, "}" | "]");
        if matches!(structure, "{" | "[") {
            self.depth += 1;
            if self.depth == Self::DEEPEST + 1 {
                self.too_deep = self.out.len();
            }
        }
        self.out.push_str(structure);
        if is_end && self.depth == Self::DEEPEST + 1 {
            self.out.truncate(self.too_deep);
            self.push_lost();
        }
        self.depth = self.depth.saturating_sub(usize::from(is_end));
    }

    fn push_lost(&mut self) {
        self.out.extend(['"', LOST, '"']);
    }
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

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::random::config;

    #[test]
    fn what_json_has_no_place_for_becomes_the_replacement_character() {
        for (text, expected) in [
            ("{\"a\":\"\\ud842\"}", "{\"a\":\"\u{fffd}\"}"),
            (
                "[\"\\ud842\\ud842\\udfb7\"]",
                "[\"\u{fffd}\\ud842\\udfb7\"]",
            ),
            ("[\"\\\\ud842\"]", "[\"\\\\ud842\"]"),
            ("[\"\\u00\"]", "[\"\u{fffd}u00\"]"),
            ("[\"\\u+123\"]", "[\"\u{fffd}u+123\"]"),
            ("[\"\\x\\\"\"]", "[\"\u{fffd}x\\\"\"]"),
            ("[\"a\nb\"]", "[\"a\u{fffd}b\"]"),
            (
                "{\"a\":25岁,\"b\":[x,1,y]}",
                "{\"a\":\"\u{fffd}\",\"b\":[\"\u{fffd}\",1,null]}",
            ),
            ("{a:1}", "{null:1}"),
            ("{\"a\":1e999}", "{\"a\":\"\u{fffd}\"}"),
            ("]1}", "]1}"),
            ("[\"cut", "[\"cut"),
            ("[\"cut\\", "[\"cut\u{fffd}"),
        ] {
            assert_eq!(*repaired(text), expected, "{text}");
        }
    }

    #[test]
    fn the_second_byte_of_a_character_is_no_backslash() {
        let body = b"{\"a\":\"\x95\x5c\",\"b\":\"\x95\x5c\\\"\xb3\xc9\"}";
        let read = tolerant_bytes(body, |json| Value::deserialize(json)).unwrap();
        assert_eq!(read["a"], "\u{fffd}");
        assert_eq!(read["b"], "\u{fffd}\"\u{fffd}");
    }

    #[test]
    fn what_is_too_deep_becomes_the_replacement_character() {
        for depth in [0, 49, 50, 62, 64, 10_000] {
            let deep = "[{\"a\":".repeat(depth);
            let deep = format!("{deep}\"}}\"{}", "}]".repeat(depth));
            let text = format!("{{\"a\":{deep},\"b\":{deep},\"c\":1}}");
            let read = tolerant(&text, |json| Value::deserialize(json)).unwrap();
            assert_eq!((&read["a"], &read["c"]), (&read["b"], &1.into()));
            match serde_json::from_str::<Value>(&text) {
                Ok(whole) => assert_eq!(read, whole),
                Err(_) => assert!(read.to_string().contains(LOST)),
            }
            assert_eq!(depth < 64, serde_json::from_str::<Value>(&text).is_ok());
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn well_formed_json_is_not_changed(value in json()) {
            let text = value.to_string();
            prop_assert_eq!(&*repaired(&text), &text);
        }

        #[test]
        fn a_repair_is_repaired_already(text in "[\\PC\\x00-\\x20\"\\\\{}:,]{0,64}") {
            let once = repaired(&text);
            prop_assert_eq!(&*repaired(&once), &*once);
        }
    }
}
