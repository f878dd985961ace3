//! The contents of files in base64, as fields of operations carry them.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt;

use super::FieldKind;
use super::value::{Digits, Value};
use crate::secret::Sensitive;

/// Contents of a file in base64: a picture or a video.
///
/// Made with `into()` from a [`Picture`](crate::verify::Picture), from base64, or from what a browser makes of a file: of a data
/// URI the payload is taken, and line ends and spaces are left out.
///
/// ```
/// use cloudauth_proto::verify::Base64;
///
/// let base64 = Base64::from("data:image/jpeg;base64,/9j/\r\n4GZhY2U=");
/// assert_eq!(base64.expose(), "/9j/4GZhY2U=");
/// ```
///
/// A string that is no base64, such as a URL, is refused when the operation is checked. `Debug` shows
/// its length in bytes and nothing else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Base64(Sensitive);

impl Base64 {
    /// Takes ownership of base64 that needs no cleaning.
    pub(crate) fn clean(text: String) -> Self {
        Self(text.into())
    }

    /// Returns the base64 string.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// What is wrong with a string that must be base64. Padding may be missing, and both alphabets are
    /// accepted: which of these forms the service reads is not documented.
    pub(crate) fn problem(text: &str) -> Option<&'static str> {
        let digits = text.trim_end_matches('=');
        let is_digit = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_');
        if digits.bytes().all(is_digit) {
            let is_whole = digits.len() % 4 != 1 && text.len() - digits.len() <= 2;
            return (!is_whole).then_some("must be base64: it is cut off");
        }
        let is_url = ["http://", "https://", "oss://", "blob:"]
            .into_iter()
            .any(|scheme| starts_with_ignoring_case(text, scheme));
        Some(if is_url {
            "must be the contents of the file in base64, not its URL, for which there is a field of its own"
        } else {
            "must be base64"
        })
    }
}

/// The payload of a data URI, or the whole string, without white space.
fn cleaned(text: String) -> String {
    let payload = match text.split_once(";base64,") {
        Some((head, payload)) if starts_with_ignoring_case(head.trim_start(), "data:") => payload,
        Some(_) | None => &text,
    };
    if payload.len() == text.len() && !text.bytes().any(|b| b.is_ascii_whitespace()) {
        return text;
    }
    payload.split_ascii_whitespace().collect()
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    let head = text.as_bytes().get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
}

impl From<String> for Base64 {
    fn from(text: String) -> Self {
        Self(cleaned(text).into())
    }
}

impl From<&str> for Base64 {
    fn from(text: &str) -> Self {
        String::from(text).into()
    }
}

impl From<&String> for Base64 {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<Sensitive> for Base64 {
    fn from(text: Sensitive) -> Self {
        text.expose().into()
    }
}

impl Value for Base64 {
    const KIND: FieldKind = FieldKind::Base64;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        self.expose().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(text.into())
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_uri_gives_its_payload_and_line_ends_are_left_out() {
        for text in [
            "/9j/4GZhY2U=",
            "data:image/jpeg;base64,/9j/4GZhY2U=",
            "DATA:image/jpeg;charset=utf-8;base64,/9j/4GZhY2U=",
            "/9j/\r\n4GZh\r\nY2U=\r\n",
            " \t/9j/ 4GZhY2U=",
            " data:image/png;base64,\n/9j/\n4GZhY2U=",
        ] {
            assert_eq!(Base64::from(text).expose(), "/9j/4GZhY2U=", "{text}");
        }
    }

    #[test]
    fn what_cannot_be_base64_is_told_apart_from_what_can() {
        for good in ["/9j/4GZhY2U=", "/9j/4GZhY2U", "_9j-4GZhY2U=", "", "QQ=="] {
            assert_eq!(Base64::problem(good), None, "{good}");
        }
        for bad in [
            "/9j/4",
            "/9j/4GZhY2U===",
            "/9j=4GZhY2U=",
            "/tmp/face.jpg",
            "张三",
        ] {
            let problem = Base64::problem(bad).unwrap();
            assert!(!problem.contains("URL"), "{bad}");
        }
        for url in [
            "https://www.example.com/face.jpg",
            "HTTP://h/x",
            "oss://b/o",
            "blob:https://h/1",
        ] {
            assert!(
                Base64::problem(url).unwrap().contains("not its URL"),
                "{url}"
            );
        }
        // A data URI without base64 has no payload that could be taken.
        let plain = Base64::from("data:image/svg+xml,%3Csvg/%3E");
        assert_eq!(Base64::problem(plain.expose()), Some("must be base64"));
    }
}
