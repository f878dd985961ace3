//! Requests and the heads of replies as those of the `http` crate.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use super::http::{Body, Head, Method, READ, Request, UriScheme};

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
            headers.insert(header_name(name), value);
        }
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(match self.scheme {
            UriScheme::Http => Scheme::HTTP,
            UriScheme::Https => Scheme::HTTPS,
        });
        uri.authority = Some(Authority::try_from(self.authority.into_owned())?);
        uri.path_and_query = Some(PathAndQuery::try_from(self.target)?);
        let mut made = http::Request::new(body(self.body));
        *made.method_mut() = match self.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
            Method::Put => http::Method::PUT,
        };
        *made.uri_mut() = Uri::from_parts(uri)?;
        *made.headers_mut() = headers;
        Ok(made)
    }
}

/// The status, and of the headers those that are read; bytes that are not UTF-8 are replaced.
impl From<&http::response::Parts> for Head {
    fn from(parts: &http::response::Parts) -> Self {
        let text = |value: &HeaderValue| match value.to_str() {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        let headers = READ.into_iter().filter_map(|name| {
            let value = parts.headers.get(header_name(name))?;
            Some((name.to_owned(), text(value)))
        });
        Self::new(parts.status.as_u16(), headers.collect())
    }
}

/// The name as the `http` crate has it. Those that most requests and replies have were looked at when
/// this was compiled.
fn header_name(name: &'static str) -> HeaderName {
    macro_rules! known {
        ($($known:literal)*) => {
            match name {
                $($known => {
                    static NAME: HeaderName = HeaderName::from_static($known);
                    NAME.clone()
                })*
                _ => HeaderName::from_static(name),
            }
        };
    }
    known!(
        "accept" "authorization" "content-length" "content-type" "date" "host" "retry-after"
        "user-agent" "x-acs-action" "x-acs-content-sha256" "x-acs-credentials-provider" "x-acs-date"
        "x-acs-request-id" "x-acs-retry-after" "x-acs-signature-nonce" "x-acs-version"
    )
}
