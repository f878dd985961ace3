//! A request as it was read off the wire.

use core::fmt;
use std::collections::BTreeMap;

/// An HTTP request before anything about it is believed.
///
/// `Debug` shows sizes only: the real service takes names and identity numbers in the URL.
#[expect(
    clippy::exhaustive_structs,
    reason = "a request line, headers and a body: HTTP has no more to it"
)]
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The method, as written.
    pub method: String,
    /// The request target in origin form: the path and, after a `?`, the query, still encoded.
    pub target: String,
    /// Header fields in the order of arrival; a name may occur more than once, in any case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Incoming {
    /// Puts a request together.
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

    /// Every value of a header field.
    pub(crate) fn header_values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// All header fields by lower-case name, as both the published algorithm and the vendor's SDKs merge
    /// repeated ones: values trimmed, sorted and joined with a comma.
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

    /// Whether the body is declared to be a form.
    pub(crate) fn has_form(&self) -> bool {
        self.header_values("content-type").any(|value| {
            let essence = value.split(';').next().unwrap_or_default();
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
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
    fn debug_shows_no_person() {
        let request = Incoming::new(
            "POST",
            "/?CertNo=330103199001011234",
            vec![("x-acs-security-token".into(), "TOKEN".into())],
            *b"CertName=Zhang",
        );
        let shown = format!("{request:?}");
        for secret in ["330103199001011234", "TOKEN", "Zhang"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_repeated_header_is_sorted_and_joined() {
        let headers = vec![
            ("X-Acs-Test".into(), " https ".into()),
            ("x-acs-test".into(), "http".into()),
        ];
        let request = Incoming::new("GET", "/", headers, *b"");
        assert_eq!(request.merged_headers()["x-acs-test"], "http,https");
    }
}
