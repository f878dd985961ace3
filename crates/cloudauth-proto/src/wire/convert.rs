//! Requests and the heads of replies as those of the `http` crate.

use alloc::borrow::{Cow, ToOwned};
use alloc::format;
use alloc::string::String;

use http::{HeaderMap, HeaderValue};

use super::http::{Body, Head, READ, Request};

impl Request {
    /// The same request in the types of the `http` crate, its body made by `body`.
    ///
    /// Every header is marked as sensitive. An error says that a header or the target does not
    /// fit into those types, and shows neither.
    pub fn into_http<B>(
        self,
        body: impl FnOnce(Body) -> B,
    ) -> Result<http::Request<B>, http::Error> {
        let mut headers = HeaderMap::with_capacity(self.headers.len());
        for (name, value) in self.headers {
            let mut value = match value {
                Cow::Borrowed(value) => HeaderValue::try_from(value)?,
                Cow::Owned(value) => HeaderValue::try_from(value)?,
            };
            // Keys, tokens and signatures: whoever prints headers must not print these.
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let uri = format!(
            "{}://{}{}",
            self.scheme.as_str(),
            self.authority,
            self.target
        );
        let mut made = http::Request::builder()
            .method(self.method.as_str())
            .uri(uri)
            .body(body(self.body))?;
        *made.headers_mut() = headers;
        Ok(made)
    }
}

/// The status, and of the headers those that are read; bytes that are not UTF-8 are replaced.
impl From<&http::response::Parts> for Head {
    fn from(parts: &http::response::Parts) -> Self {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = READ.into_iter().filter_map(|name| {
            let value = parts.headers.get(name)?;
            Some((name.to_owned(), text(value)))
        });
        Self::new(parts.status.as_u16(), headers.collect())
    }
}
