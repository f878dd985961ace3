//! Documented rules that involve more than one field.

use alloc::vec::Vec;

use serde::de::IgnoredAny;

use crate::operation::InvalidField;
use crate::operation::Row;

/// Adds `problem` for each of these fields that is unset or empty.
pub(super) fn require(
    row: &dyn Row,
    fields: &[&'static str],
    problem: &'static str,
    problems: &mut Vec<InvalidField>,
) {
    let mut missing = fields.to_vec();
    row.each(&mut |field, text| {
        if !text.is_empty() {
            missing.retain(|name| *name != field.name);
        }
    });
    problems.extend(
        missing
            .into_iter()
            .map(|name| InvalidField::new(name, problem)),
    );
}

/// Requires an https URL. Documented for InitFaceVerify, which probes the URL before anything else.
pub(super) fn https(field: &'static str, url: Option<&str>, problems: &mut Vec<InvalidField>) {
    if url.is_some_and(|url| !url.starts_with("https://")) {
        problems.push(InvalidField::new(field, "must begin with https://"));
    }
}

/// Requires JSON text. An empty string counts as unset.
pub(super) fn json(field: &'static str, text: Option<&str>, problems: &mut Vec<InvalidField>) {
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    if text.is_some_and(|text| !text.is_empty() && !is_json(text)) {
        problems.push(InvalidField::new(field, "must be JSON text"));
    }
}

/// The alternative fields for one picture of a face: base64, a URL, an earlier verification, a file,
/// or a bucket together with an object.
pub(super) struct PictureFields {
    pub(super) ways: &'static [&'static str],
    pub(super) bucket: &'static str,
    pub(super) object: &'static str,
}

impl PictureFields {
    /// Requires at most one of the alternatives, one if `is_needed`, and less than 1 MB.
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
            given += usize::from(ways.contains(&field.name));
            has_bucket |= field.name == bucket;
            has_object |= field.name == object;
            is_large |= field.name == ways[0] && bytes_of(text) >= LARGEST;
        });
        let mut bad = |field, what: &str| {
            let ways = ways.join(", ");
            let problem = alloc::format!("{what}: give one of {ways}, and {bucket} with {object}");
            problems.push(InvalidField::new(field, problem));
        };
        match given + usize::from(has_bucket || has_object) {
            0 if is_needed => bad(ways[0], "is missing"),
            0 | 1 => {}
            _ => bad(ways[0], "must be the only picture"),
        }
        if has_bucket != has_object {
            let problem = alloc::format!("goes together with {bucket}");
            problems.push(InvalidField::new(object, problem));
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
