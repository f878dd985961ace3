//! What can be wrong with a response.

use alloc::string::String;
use core::fmt;

/// What is wrong with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is empty.
    Empty,
    /// The body is an HTML page: a portal, a proxy or a balancer wrote it.
    Html,
    /// The body is XML, and not a refusal by the service.
    Xml,
    /// The body is compressed with gzip, although the request accepts only `identity`.
    Gzip,
    /// The body is JSON without its end.
    Cut,
    /// The body is not JSON, and none of the above.
    NotJson,
    /// The body exceeds the limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body is the page that was listed before it.
    RepeatedPage,
    /// The body is JSON of another shape. The string says where, and contains no value.
    Shape(String),
    /// This field, which decides what the response means, has two values that differ.
    Contradictory(String),
}

impl DecodeErrorKind {
    /// What a body is that cannot be decoded as JSON. `is_cut`: it ended too early.
    pub(super) fn of(body: &[u8], is_cut: bool) -> Self {
        let body = body.trim_ascii();
        let has = |tag: &[u8]| {
            let mut windows = body[..body.len().min(1_024)].windows(tag.len());
            windows.any(|window| window.eq_ignore_ascii_case(tag))
        };
        match body {
            [] => Self::Empty,
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'<', ..] if has(b"<html") || has(b"<!doctype html") => Self::Html,
            [b'<', ..] => Self::Xml,
            [b'{', ..] if is_cut => Self::Cut,
            _ => Self::NotJson,
        }
    }
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the response is empty"),
            Self::Html => f.write_str("the response is HTML, not JSON"),
            Self::Xml => f.write_str("the response is XML, not JSON"),
            Self::Gzip => f.write_str("the response is compressed with gzip, not JSON"),
            Self::Cut => f.write_str("the response is JSON without its end"),
            Self::NotJson => f.write_str("the response is not JSON"),
            Self::TooLarge { limit } => write!(f, "the response exceeds {limit} bytes"),
            Self::RepeatedPage => f.write_str("the response repeats the page before it"),
            Self::Shape(text) => f.write_str(text),
            Self::Contradictory(field) => write!(f, "contradictory values of `{field}`"),
        }
    }
}
