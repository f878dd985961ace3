//! What can be wrong with a response.

use alloc::string::String;
use core::fmt;

/// What is wrong with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The body is empty.
    Empty,
    /// The body is not JSON, or is truncated.
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
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the response is empty"),
            Self::NotJson => f.write_str("the response is not JSON"),
            Self::TooLarge { limit } => write!(f, "the response exceeds {limit} bytes"),
            Self::RepeatedPage => f.write_str("the response repeats the page before it"),
            Self::Shape(text) => f.write_str(text),
        }
    }
}
