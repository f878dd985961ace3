//! JSON of which only what is needed is read.
//!
//! Bytes that are not UTF-8 and halves of surrogate pairs are replaced before the text is parsed. A value that
//! contains the replacement is an error only if it is needed.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::NOT_UTF_8;
use crate::decode::lenient::FieldName;

/// Whether something that is not text was replaced. Character by character, since `str::contains` leaves
/// copies of what it searches on the stack.
pub(super) fn has_replacement(text: &str) -> bool {
    text.chars().any(|c| c == char::REPLACEMENT_CHARACTER)
}

/// The text of a file without its byte order mark.
pub(super) fn text_of(contents: &[u8]) -> Zeroizing<String> {
    let contents = contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents);
    let mut text = Zeroizing::new(String::from_utf8_lossy(contents).into_owned());
    if text.contains("\\u") {
        text = Zeroizing::new(without_lone_surrogates(&text));
    }
    text
}

/// Replaces the escapes of halves of surrogate pairs, which no string can contain.
fn without_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            Some(_) => 6,
            None if rest.starts_with('\\') => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            None => rest.find('\\').unwrap_or(rest.len()),
        };
        let end = (at + length).min(text.len());
        out.push_str(&text[at..end]);
        at = end;
    }
    out
}

/// An object whose values have not been read yet.
pub(super) struct JsonObject<'t> {
    file: &'t str,
    fields: Vec<(Cow<'t, str>, &'t RawValue)>,
}

impl<'t> JsonObject<'t> {
    /// Reads an object in a part of a file.
    pub(super) fn read(file: &'t str, part: &'t str) -> Result<Self, serde_json::Error> {
        let RawFields(fields) = serde_json::from_str(part)?;
        Ok(Self { file, fields })
    }

    /// The last value of a field, or else of one whose name differs in case. `null` is none.
    pub(super) fn raw(&self, name: &str) -> Option<&'t str> {
        let last = |is: &dyn Fn(&str) -> bool| {
            let mut fields = self.fields.iter().rev();
            fields.find(|(field, _)| is(field))
        };
        let found = last(&|field| field == name);
        let found = found.or_else(|| last(&|field| field.eq_ignore_ascii_case(name)));
        found.map(|(_, raw)| raw.get()).filter(|raw| *raw != "null")
    }

    /// The number of the line at which the value of a field begins.
    pub(super) fn line(&self, name: &str) -> Option<usize> {
        let raw = self.raw(name)?;
        let at = raw.as_ptr().addr().checked_sub(self.file.as_ptr().addr())?;
        let before = self.file.get(..at)?;
        Some(1 + before.matches('\n').count())
    }

    /// The value of a field as a string, also if it is a number or a boolean. `None` if it is empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, &'static str> {
        let Some(raw) = self.raw(name) else {
            return Ok(None);
        };
        let text = match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(raw).map_err(|_| "not a string")?,
            Some(b'{' | b'[') => return Err("contains a value of the wrong type"),
            Some(_) | None => raw.to_owned(),
        };
        if has_replacement(&text) {
            return Err(NOT_UTF_8);
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The objects in the list that is the value of a field. Other values in it are skipped.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, &'static str> {
        let Some(raw) = self.raw(name) else {
            return Ok(Vec::new());
        };
        let items: Vec<&'t RawValue> = serde_json::from_str(raw).map_err(|_| "not a list")?;
        let objects = items
            .into_iter()
            .map(|raw| Self::read(self.file, raw.get()));
        Ok(objects.filter_map(Result::ok).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

struct RawFields<'t>(Vec<(Cow<'t, str>, &'t RawValue)>);

impl<'de: 't, 't> Deserialize<'de> for RawFields<'t> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct RawVisitor;

        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(FieldName(name)) = map.next_key()? {
                    fields.push((name, map.next_value()?));
                }
                Ok(fields)
            }
        }

        from.deserialize_map(RawVisitor).map(RawFields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_are_replaced_and_pairs_are_not() {
        for (text, expected) in [
            (r#""\ud83d\ude00 \u0041""#, r#""\ud83d\ude00 \u0041""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\ud83dx\ude00""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""é\\\uDC00é"#, r#""é\\\ufffdé"#),
            (r#""\u12"#, r#""\u12"#),
            ("\\", "\\"),
            ("\\é", "\\é"),
        ] {
            assert_eq!(without_lone_surrogates(text), expected, "{text}");
        }
    }
}
