//! Redirects of the browser to `ReturnUrl`.

use alloc::format;
use alloc::string::String;
use core::fmt;

use percent_encoding::percent_decode_str;
use serde_json::{Deserializer, Map, Value};

use crate::certify_id::CertifyId;
use crate::codes::{self, CodeKind, Meaning};
use crate::decode::repair::{repaired, without_mark};

/// A redirect: the parameter with which the browser returns to `ReturnUrl` from the verification's
/// page.
///
/// A redirect is a hint that it may be time to query the verdict, never the verdict: the person can
/// type any URL. Use it to choose the page to show; if [`has_finished`](Self::has_finished) is true,
/// query the verdict with [`PollVerdict::once`](crate::verify::PollVerdict::once).
///
/// The service appends the parameter `response`, a JSON object with `code`, `subCode`, `reason` and
/// `extInfo.certifyId`. (That a parameter is appended is documented. Its form was seen in several
/// programs, and its codes are documented for a sister product.)
///
/// ```
/// use cloudauth_proto::verify::Redirect;
///
/// let query = r#"a=1&response={"code":1003,"subCode":"Z5055","extInfo":{"certifyId":"sha1"}}"#;
/// let redirect = Redirect::parse(query)?;
/// assert!(!redirect.has_finished());
/// assert_eq!(redirect.meaning().unwrap().code, "Z5055"); // the person left the page
/// # Ok::<(), cloudauth_proto::verify::InvalidRedirect>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    code: Option<String>,
    sub_code: Option<String>,
    certify_id: Option<CertifyId>,
}

impl Redirect {
    /// Largest length of the text in bytes: 16 KiB, many times that of the service.
    pub const LONGEST_TEXT: usize = 16 << 10;

    /// Parses a query or a whole URL, as it was received.
    ///
    /// `response` may be in the query or in the fragment, which pages with hash routes use, and behind an
    /// `&` that was escaped for HTML (`&amp;`). It may be raw JSON, JSON of which a browser has
    /// percent-encoded some characters only (`{%22code%22:1000}`), JSON that is percent-encoded once or
    /// twice, or form-encoded with a `+` for each space, and each of these within a JSON string.
    /// `extInfo` may be an object or a string that holds one. A `code`, `subCode` or `certifyId` that is
    /// not a number or a string of 1 to 128 visible ASCII characters is ignored.
    ///
    /// # Errors
    ///
    /// [`InvalidRedirect`] if the text is too long, or has no parameter `response` that holds a JSON object.
    pub fn parse(text: &str) -> Result<Self, InvalidRedirect> {
        if text.len() > Self::LONGEST_TEXT {
            return Err(InvalidRedirect::TooLong);
        }
        let mut values = text.match_indices("response=").filter_map(|(at, key)| {
            let (before, value) = (&text[..at], &text[at + key.len()..]);
            let is_parameter = before.is_empty() || before.ends_with(['?', '&', '#']);
            (is_parameter || before.ends_with("&amp;")).then_some(value)
        });
        let value = values.next().ok_or(InvalidRedirect::Missing)?;
        let response = object(value).ok_or(InvalidRedirect::NotJson)?;
        let ext_info = response.get("extInfo").cloned().and_then(unwrapped);
        let of = |object: &Map<String, Value>, name: &str| match object.get(name)? {
            Value::String(text) if is_identifier(text) => Some(text.clone()),
            Value::Number(number) => Some(format!("{number}")),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Object(_) => None,
        };
        let certify_id = ext_info.and_then(|ext_info| of(&ext_info, "certifyId"));
        Ok(Self {
            code: of(&response, "code"),
            sub_code: of(&response, "subCode"),
            certify_id: certify_id.map(CertifyId::new),
        })
    }

    /// Returns `code`: `1000` (finished), `1003` (interrupted) or `2006` (failed).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Returns `subCode`, the reason: `Z5050` and following.
    #[must_use]
    pub fn sub_code(&self) -> Option<&str> {
        self.sub_code.as_deref()
    }

    /// Returns the ID of the verification, without an origin; use the origin that was stored with it.
    #[must_use]
    pub fn certify_id(&self) -> Option<&CertifyId> {
        self.certify_id.as_ref()
    }

    /// Whether the redirect states that the person has finished, passed or not (`code` 1000 or 2006).
    /// The verdict should be queried then, by the vendor's page on error codes. It proves nothing.
    #[must_use]
    pub fn has_finished(&self) -> bool {
        matches!(self.code(), Some("1000" | "2006"))
    }

    /// Returns the meaning of `subCode`, or else of `code`, if it is listed.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        let at = |place, code| codes::explain_at(place, code);
        let reason = self.sub_code().and_then(|it| at(CodeKind::PageSubCode, it));
        reason.or_else(|| self.code().and_then(|it| at(CodeKind::PageCode, it)))
    }
}

/// Finds the JSON object at the beginning of `value`, which may be percent-encoded up to twice.
///
/// The object ends at its closing brace. A `&` or `#` does not end it: depending on the encoding, they
/// may be part of a string in it.
fn object(value: &str) -> Option<Map<String, Value>> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let once = decoded(value);
    let twice = decoded(&once);
    // In a form, a `+` is a space; in any other encoding, it is itself.
    let form = decoded(&value.replace('+', " "));
    let texts = [value, &once, &twice, &form];
    let strict = texts.iter().find_map(|text| first_object(text));
    strict.or_else(|| texts.iter().find_map(|text| first_object(&repaired(text))))
}

/// The object at the beginning of a string, which may be JSON in a JSON string.
fn first_object(text: &str) -> Option<Map<String, Value>> {
    let mut values = Deserializer::from_str(without_mark(text)).into_iter();
    let first = values.next()?;
    unwrapped(first.ok()?)
}

/// The object itself, or the one in a string.
fn unwrapped(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object),
        Value::String(text) => serde_json::from_str(&text)
            .or_else(|_| serde_json::from_str(&repaired(&text)))
            .ok(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn is_identifier(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// Error for a query or URL that is not one of a redirect. It does not contain the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRedirect {
    /// The text is longer than [`Redirect::LONGEST_TEXT`].
    TooLong,
    /// The text has no parameter `response`.
    Missing,
    /// The parameter `response` is not a JSON object.
    NotJson,
}

impl fmt::Display for InvalidRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the query of the redirect is longer than 16 KiB",
            Self::Missing => "the redirect has no parameter `response`",
            Self::NotJson => "the parameter `response` of the redirect is not a JSON object",
        })
    }
}

impl core::error::Error for InvalidRedirect {}
