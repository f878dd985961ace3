//! The browser's return.

use alloc::string::String;
use core::fmt;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::codes::{self, CodePlace, Meaning};
use crate::ops::CertifyId;

/// What the browser brings back to `ReturnUrl`: a hint that it may be time to ask for the verdict,
/// never the verdict: the person can type what stands there.
///
/// The service appends `response=`, a JSON text with `code`, `subCode`, `reason` and
/// `extInfo.certifyId` (that something is appended is documented; its form was seen in several
/// programs, and its codes on a page of a sister product).
///
/// ```
/// use cloudauth_proto::verify::Returned;
///
/// let query = r#"a=1&response={"code":1003,"subCode":"Z5055","extInfo":{"certifyId":"sha1"}}"#;
/// let returned = Returned::parse(query)?;
/// assert!(!returned.has_finished());
/// assert_eq!(returned.meaning().unwrap().code, "Z5055"); // the person left
/// # Ok::<(), cloudauth_proto::verify::BadReturn>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    code: Option<String>,
    sub_code: Option<String>,
    certify_id: Option<CertifyId>,
}

impl Returned {
    /// The longest text that is read, in bytes: many times what the service sends.
    pub const LONGEST_TEXT: usize = 16 << 10;

    /// Reads a query or a whole URL, as it came. `response` may be raw, or percent-encoded once or
    /// twice, and may stand behind a `#`, as it can in pages that are routed there.
    pub fn parse(text: &str) -> Result<Self, BadReturn> {
        if text.len() > Self::LONGEST_TEXT {
            return Err(BadReturn::TooLong);
        }
        let begins = |(at, _): &(usize, &str)| {
            let before = text[..*at].chars().next_back();
            matches!(before, None | Some('?' | '&' | '#'))
        };
        let (at, key) = text
            .match_indices("response=")
            .find(begins)
            .ok_or(BadReturn::Missing)?;
        let json = json(&text[at + key.len()..]).ok_or(BadReturn::NotJson)?;
        let word = |value: &Value| match value {
            Value::String(text) if is_word(text) => Some(text.clone()),
            Value::Number(number) => Some(alloc::format!("{number}")),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        Ok(Self {
            code: word(&json["code"]),
            sub_code: word(&json["subCode"]),
            certify_id: word(&json["extInfo"]["certifyId"]).map(CertifyId::new),
        })
    }

    /// `1000` passed, `1003` broken off, `2006` failed.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// The reason, as `Z5050` and those after it.
    #[must_use]
    pub fn sub_code(&self) -> Option<&str> {
        self.sub_code.as_deref()
    }

    /// The verification that it is about. Its home is not told: put the one in that was kept.
    #[must_use]
    pub fn certify_id(&self) -> Option<&CertifyId> {
        self.certify_id.as_ref()
    }

    /// Whether it says that the person has finished, passed or not: the vendor's page on error codes
    /// says to ask for the verdict then. That it says so proves nothing.
    #[must_use]
    pub fn has_finished(&self) -> bool {
        matches!(self.code(), Some("1000" | "2006"))
    }

    /// What the reason means, or else the code.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        let at = |place, code| codes::explain_at(place, code);
        let reason = self
            .sub_code()
            .and_then(|it| at(CodePlace::PageSubCode, it));
        reason.or_else(|| self.code().and_then(|it| at(CodePlace::PageCode, it)))
    }
}

/// Raw JSON may hold a `&` or a `#`, so it ends where its brace does; what is encoded ends before the
/// next parameter.
fn json(value: &str) -> Option<Value> {
    if value.starts_with('{') {
        return first_object(value);
    }
    let end = value.find(['&', '#']).unwrap_or(value.len());
    let once = percent_decode_str(&value[..end]).decode_utf8().ok()?;
    if once.starts_with('{') {
        return first_object(&once);
    }
    let twice = percent_decode_str(&once).decode_utf8().ok()?;
    first_object(&twice)
}

fn first_object(text: &str) -> Option<Value> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next()?.ok().filter(Value::is_object)
}

fn is_word(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A text that no browser brings back from the service. It is not quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadReturn {
    /// It is longer than [`Returned::LONGEST_TEXT`].
    TooLong,
    /// It has no `response`.
    Missing,
    /// Its `response` is not a JSON object.
    NotJson,
}

impl fmt::Display for BadReturn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "what the browser brought back is too long",
            Self::Missing => "the browser brought no response back",
            Self::NotJson => "the response that the browser brought back is not JSON",
        })
    }
}

impl core::error::Error for BadReturn {}
