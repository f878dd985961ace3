//! What the vendor documents beyond single fields.

use alloc::vec::Vec;

use serde::de::IgnoredAny;

use crate::error::Problem;
use crate::operation::Row;

/// Each of these fields must have a text.
pub(super) fn demand(
    row: &dyn Row,
    fields: &[&'static str],
    problem: &'static str,
    problems: &mut Vec<Problem>,
) {
    let mut missing = fields.to_vec();
    row.each(&mut |field, text| {
        if !text.is_empty() {
            missing.retain(|name| *name != field.name);
        }
    });
    problems.extend(missing.into_iter().map(|name| Problem::new(name, problem)));
}

/// Documented for InitFaceVerify, which probes the URL before anything else.
pub(super) fn https(field: &'static str, url: Option<&str>, problems: &mut Vec<Problem>) {
    if url.is_some_and(|url| !url.starts_with("https://")) {
        problems.push(Problem::new(field, "must begin with https://"));
    }
}

/// The field is documented as JSON text; an empty one counts as not given.
pub(super) fn json(field: &'static str, text: Option<&str>, problems: &mut Vec<Problem>) {
    let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
    if text.is_some_and(|text| !text.is_empty() && !is_json(text)) {
        problems.push(Problem::new(field, "must be JSON text"));
    }
}

/// The fields of one picture of a face: base64, URL, an earlier verification, a file, and a bucket
/// with the object in it.
pub(super) struct Picture {
    pub(super) ways: &'static [&'static str],
    pub(super) bucket: &'static str,
    pub(super) object: &'static str,
}

impl Picture {
    /// Documented for [`InitFaceVerify`](super::InitFaceVerify),
    /// [`ContrastFaceVerify`](super::ContrastFaceVerify) and
    /// [`CompareFaceVerify`](super::CompareFaceVerify): more than one way is refused with the code
    /// 420, a picture of 1 MB or more with 421.
    pub(super) fn check(&self, row: &dyn Row, is_needed: bool, problems: &mut Vec<Problem>) {
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
            problems.push(Problem::new(field, problem));
        };
        match given + usize::from(has_bucket || has_object) {
            0 if is_needed => bad(ways[0], "is missing"),
            0 | 1 => {}
            _ => bad(ways[0], "must be the only picture"),
        }
        if has_bucket != has_object {
            let problem = alloc::format!("goes together with {bucket}");
            problems.push(Problem::new(object, problem));
        }
        if is_large {
            problems.push(Problem::new(ways[0], "must be a picture of less than 1 MB"));
        }
    }
}

/// In bytes; whether the vendor's MB is this or 1 000 000 bytes is not documented.
const LARGEST: usize = 1 << 20;

/// How many bytes a base64 text stands for.
fn bytes_of(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}
