//! Documented rules that depend on the value of a field, or involve more than one.
//!
//! Each refuses only what cannot succeed. What the vendor's documents leave open is in the documentation
//! of the fields.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::operation::{InvalidField, Row};
use crate::policy::Effect;

/// Adds `problem` for each of these fields that is unset or empty.
pub(super) fn require(
    row: &dyn Row,
    fields: &[&'static str],
    problem: &'static str,
    problems: &mut Vec<InvalidField>,
) {
    let missing = missing(row, fields);
    problems.extend(missing.map(|name| InvalidField::new(name, problem)));
}

/// Requires `fields` if `field` has one of `values`.
pub(super) fn require_if(
    row: &dyn Row,
    (field, values): (&'static str, &[&str]),
    fields: &[&'static str],
    problems: &mut Vec<InvalidField>,
) {
    let Some(value) = value(row, field).filter(|value| values.contains(&value.as_str())) else {
        return;
    };
    let missing = missing(row, fields);
    problems.extend(missing.map(|name| {
        let problem = format!("is missing: {field} {value} requires it");
        InvalidField::new(name, problem)
    }));
}

fn missing(row: &dyn Row, fields: &[&'static str]) -> impl Iterator<Item = &'static str> {
    let mut missing = fields.to_vec();
    row.each(&mut |field, text| {
        if !text.is_empty() {
            missing.retain(|name| *name != field.name);
        }
    });
    missing.into_iter()
}

/// The value of a field, unless it is unset or empty.
fn value(row: &dyn Row, name: &str) -> Option<String> {
    let mut value = None;
    row.each(&mut |field, text| {
        if field.name == name && !text.is_empty() {
            value = Some(text.to_owned());
        }
    });
    value
}

/// Whether a field has this value.
pub(super) fn is(row: &dyn Row, name: &str, value: &str) -> bool {
    self::value(row, name).is_some_and(|it| it == value)
}

/// The effect of a change of rules, which the JSON of this field lists or which is one: to change a rule
/// twice is harmless; one without an ID is added each time.
pub(super) fn change_or_addition(row: &dyn Row, field: &str) -> Effect {
    #[derive(Deserialize)]
    struct Rule {
        #[serde(rename = "Id")]
        id: Option<IgnoredAny>,
    }
    let are_known = value(row, field).is_some_and(|json| {
        let list = serde_json::from_str::<Vec<Rule>>(&json);
        let rules = list.or_else(|_| serde_json::from_str::<Rule>(&json).map(|rule| vec![rule]));
        rules.is_ok_and(|rules| rules.iter().all(|rule| rule.id.is_some()))
    });
    if are_known {
        Effect::Idempotent
    } else {
        Effect::NotIdempotent
    }
}

/// Adds `problem` for a field whose value, unless it is empty, does not pass `test`.
fn test(
    row: &dyn Row,
    field: &'static str,
    test: impl Fn(&str) -> bool,
    problem: &'static str,
    problems: &mut Vec<InvalidField>,
) {
    row.each(&mut |it, text| {
        if it.name == field && !text.is_empty() && !test(text) {
            problems.push(InvalidField::new(field, problem));
        }
    });
}

/// Requires `CallbackUrl` to be an https URL (documented). The service probes it before anything else.
pub(super) fn callback_url(row: &dyn Row, problems: &mut Vec<InvalidField>) {
    let is_https = |url: &str| {
        let start = url.as_bytes().get(..8);
        start.is_some_and(|start| start.eq_ignore_ascii_case(b"https://"))
    };
    let problem = "must begin with https://";
    test(row, "CallbackUrl", is_https, problem, problems);
}

/// Requires JSON text.
pub(super) fn json(row: &dyn Row, field: &'static str, problems: &mut Vec<InvalidField>) {
    test(row, field, is_json, "must be JSON text", problems);
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Requires `MetaInfo` to be a JSON object, as the vendor's script and SDKs make it. Without one the reply
/// has no `CertifyUrl` (documented).
pub(super) fn meta_info(row: &dyn Row, problems: &mut Vec<InvalidField>) {
    let field = "MetaInfo";
    let is_object = |text: &str| text.trim_start().starts_with('{') && is_json(text);
    let is_twice =
        |text: &str| serde_json::from_str::<String>(text).is_ok_and(|inner| is_object(&inner));
    row.each(&mut |it, text| {
        if it.name != field || text.is_empty() || is_object(text) {
            return;
        }
        let problem = if is_twice(text) {
            "is a JSON object inside of a JSON string: it was stringified twice"
        } else {
            "must be a JSON object, as the vendor's script in the browser or SDK in the app makes it"
        };
        problems.push(InvalidField::new(field, problem));
    });
}

/// Requires `fields` to be SM2 ciphertext if, and only if, the field `kind` is `encrypted`. Otherwise a
/// name is sent in clear that was to be encrypted, or a ciphertext is taken for a name.
///
/// Another value of `kind` is left to the service.
pub(super) fn encryption(
    row: &dyn Row,
    (kind, encrypted): (&'static str, &'static str),
    plain: &[&str],
    fields: [&str; 2],
    problems: &mut Vec<InvalidField>,
) {
    let value = value(row, kind).unwrap_or_default();
    let (must_encrypt, must_not) = (value == encrypted, plain.contains(&value.as_str()));
    row.each(&mut |field, text| {
        if !fields.contains(&field.name) || text.is_empty() {
            return;
        }
        let problem = match is_sm2_ciphertext(text) {
            false if must_encrypt => format!("is not SM2 ciphertext, but {kind} is {encrypted}"),
            true if must_not => format!("is SM2 ciphertext, but {kind} is not {encrypted}"),
            _ => return,
        };
        problems.push(InvalidField::new(field.name, problem));
    });
}

/// Whether it is base64 of the byte 04, a point, a hash, and at least one byte of ciphertext (documented). The byte makes
/// the first character `B` and the second one of the first 16: to decode it would add 3 kB to a module for wasm.
fn is_sm2_ciphertext(text: &str) -> bool {
    let digits = text.trim_end_matches('=').as_bytes();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    let begins_with_4 = matches!(digits, [b'B', b'A'..=b'P', ..]);
    begins_with_4 && bytes_of(text) > 1 + 64 + 32 && digits.iter().all(is_digit)
}

/// Requires a URL, or `base64://` with base64 (documented).
pub(super) fn typed_image(row: &dyn Row, field: &'static str, problems: &mut Vec<InvalidField>) {
    let starts = ["http://", "https://", "base64://"];
    let is_typed = |text: &str| starts.iter().any(|start| text.starts_with(start));
    let problem = "must begin with http://, https:// or base64://";
    test(row, field, is_typed, problem, problems);
}

/// The alternative fields for one picture of a face: base64, a URL, an earlier verification, a file,
/// or a bucket together with an object.
pub(super) struct PictureFields {
    pub(super) ways: &'static [&'static str],
    pub(super) bucket: &'static str,
    pub(super) object: &'static str,
}

impl PictureFields {
    /// Requires at most one of the alternatives, one if `is_needed`, and less than 1 MB. An empty field
    /// counts as unset.
    ///
    /// Documented for [`InitFaceVerify`](super::InitFaceVerify),
    /// [`ContrastFaceVerify`](super::ContrastFaceVerify) and
    /// [`CompareFaceVerify`](super::CompareFaceVerify): the service refuses more than one with the
    /// code 420, and a picture of 1 MB or more with 421.
    pub(super) fn check(&self, row: &dyn Row, is_needed: bool, problems: &mut Vec<InvalidField>) {
        let Self {
            ways,
            bucket,
            object,
        } = *self;
        let (mut given, mut has_bucket, mut has_object, mut is_large) = (0, false, false, false);
        row.each(&mut |field, text| {
            if text.is_empty() {
                return;
            }
            given += usize::from(ways.contains(&field.name));
            has_bucket |= field.name == bucket;
            has_object |= field.name == object;
            is_large |= field.name == ways[0] && bytes_of(text) >= LARGEST;
        });
        let mut bad = |field, what: &str| {
            let ways = ways.join(", ");
            let problem = format!("{what}: give one of {ways}, and {bucket} with {object}");
            problems.push(InvalidField::new(field, problem));
        };
        match given + usize::from(has_bucket || has_object) {
            0 if is_needed => bad(ways[0], "is missing"),
            0 | 1 => {}
            _ => bad(ways[0], "must be the only picture"),
        }
        if has_bucket != has_object {
            let (field, other) = if has_bucket {
                (object, bucket)
            } else {
                (bucket, object)
            };
            let problem = format!("is missing: it goes together with {other}");
            problems.push(InvalidField::new(field, problem));
        }
        if is_large {
            problems.push(InvalidField::new(
                ways[0],
                "must be a picture of less than 1 MB",
            ));
        }
    }
}

/// 1 MiB in bytes; whether the vendor's MB is this or 1 000 000 bytes is not documented.
const LARGEST: usize = 1 << 20;

/// Number of bytes that a base64 string encodes.
fn bytes_of(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    #[test]
    fn ciphertext_is_known_by_its_first_byte_and_its_length() {
        for first in 0..=255 {
            for (second, length) in [(0, 97), (0, 98), (255, 98), (7, 99), (15, 100), (16, 400)] {
                let mut bytes = vec![0xFB; length];
                bytes[..2].copy_from_slice(&[first, second]);
                let text = BASE64_STANDARD.encode(&bytes);
                let expected = first == 4 && length > 97;
                assert_eq!(is_sm2_ciphertext(&text), expected, "{first} {length}");
            }
        }
        assert!(!is_sm2_ciphertext(&format!("BA 张{}", "A".repeat(200))));
    }
}
