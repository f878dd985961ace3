//! A request as it was read off the wire.

use core::fmt;
use std::collections::BTreeMap;

/// An HTTP request before anything about it is verified.
///
/// `Debug` shows sizes only: the real service takes names and ID numbers in the URL.
#[expect(
    clippy::exhaustive_structs,
    reason = "a request line, headers and a body: HTTP has no more to it"
)]
#[derive(Clone, PartialEq, Eq)]
pub struct IncomingRequest {
    /// The method, as written.
    pub method: String,
    /// The request target in origin form: the path and, after a `?`, the query, still encoded.
    pub target: String,
    /// Header fields in order of arrival; a name may occur more than once, in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl IncomingRequest {
    /// Creates a request from its parts.
    pub fn new(
        method: impl Into<String>,
        target: impl Into<String>,
        headers: Vec<(String, String)>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            method: method.into(),
            target: target.into(),
            headers,
            body: body.into(),
        }
    }

    /// The target up to the query.
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The query, still encoded; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// Every value of a header field, trimmed.
    pub(crate) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// All header fields by lower-case name. Values of repeated fields are trimmed, sorted and joined
    /// with a comma, as in the published algorithm and in the vendor's SDKs.
    pub(crate) fn merged_headers(&self) -> BTreeMap<String, String> {
        let mut merged: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, value) in &self.headers {
            merged
                .entry(name.to_ascii_lowercase())
                .or_default()
                .push(value.trim());
        }
        merged
            .into_iter()
            .map(|(name, mut values)| {
                values.sort_unstable();
                (name, values.join(","))
            })
            .collect()
    }

    /// Whether `content-type` declares a form.
    pub(crate) fn has_form(&self) -> bool {
        self.header_values("content-type").any(|value| {
            let essence = value.split(';').next().unwrap_or_default();
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }
}

impl fmt::Debug for IncomingRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingRequest")
            .field("method", &self.method)
            .field("target_bytes", &self.target.len())
            .field("headers", &self.headers.len())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_personal_data() {
        let request = IncomingRequest::new(
            "POST",
            "/?CertNo=330103199001011230",
            vec![("x-acs-security-token".into(), "TOKEN".into())],
            *b"CertName=Zhang",
        );
        let shown = format!("{request:?}");
        for secret in ["330103199001011230", "TOKEN", "Zhang"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn values_of_a_repeated_header_are_sorted_and_joined() {
        let headers = vec![
            ("X-Acs-Test".into(), " https ".into()),
            ("x-acs-test".into(), "http".into()),
        ];
        let request = IncomingRequest::new("GET", "/", headers, *b"");
        assert_eq!(request.merged_headers()["x-acs-test"], "http,https");
    }
}
