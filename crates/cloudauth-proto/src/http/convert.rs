//! Conversions to and from the types of the `http` crate.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use super::{Body, Head, Method, READ, Request};
use crate::endpoint::UriScheme;

impl Request {
    /// Converts the request to a request of the `http` crate, with a body made by `body`.
    ///
    /// Every header is marked as sensitive. Fails if those types do not accept a header or the target;
    /// the error shows neither.
    pub fn into_http<B>(
        mut self,
        body: impl FnOnce(Body) -> B,
    ) -> Result<http::Request<B>, http::Error> {
        // hyper reserves room for one more, which would move them all.
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 1);
        for (name, value) in mem::take(&mut self.headers) {
            let mut value = match value {
                Cow::Borrowed(value) => {
                    HeaderValue::from_maybe_shared(Bytes::from_static(value.as_bytes()))?
                }
                Cow::Owned(value) => HeaderValue::try_from(value)?,
            };
            // Keys, tokens and signatures must not be printed with the headers.
            value.set_sensitive(true);
            headers.insert(header_name(name), value);
        }
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(match self.scheme {
            UriScheme::Http => Scheme::HTTP,
            UriScheme::Https => Scheme::HTTPS,
        });
        uri.authority = Some(Authority::try_from(
            mem::take(&mut self.authority).into_owned(),
        )?);
        uri.path_and_query = Some(PathAndQuery::try_from(mem::take(&mut self.target))?);
        let mut made = http::Request::new(body(mem::take(&mut self.body)));
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

/// The status and the headers that this crate reads. Bytes that are not UTF-8 are replaced.
impl From<&http::response::Parts> for Head {
    fn from(parts: &http::response::Parts) -> Self {
        let mut read = Vec::with_capacity(READ.len());
        // One pass is faster than a look-up of each name, which hashes it.
        for (name, value) in &parts.headers {
            if READ.contains(&name.as_str()) {
                let value = match value.to_str() {
                    Ok(text) => text.to_owned(),
                    Err(_) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
                };
                read.push((name.as_str().to_owned(), value));
            }
        }
        Self::new(parts.status.as_u16(), read)
    }
}

/// The name as a type of the `http` crate; a constant for those of most requests.
fn header_name(name: &'static str) -> HeaderName {
    match name {
        "accept" => header::ACCEPT,
        "accept-encoding" => header::ACCEPT_ENCODING,
        "authorization" => header::AUTHORIZATION,
        "content-length" => header::CONTENT_LENGTH,
        "content-type" => header::CONTENT_TYPE,
        "host" => header::HOST,
        "user-agent" => header::USER_AGENT,
        "x-acs-action" => const { HeaderName::from_static("x-acs-action") },
        "x-acs-content-sha256" => const { HeaderName::from_static("x-acs-content-sha256") },
        "x-acs-credentials-provider" => {
            const { HeaderName::from_static("x-acs-credentials-provider") }
        }
        "x-acs-date" => const { HeaderName::from_static("x-acs-date") },
        "x-acs-signature-nonce" => const { HeaderName::from_static("x-acs-signature-nonce") },
        "x-acs-version" => const { HeaderName::from_static("x-acs-version") },
        _ => HeaderName::from_static(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 14] = [
        "accept",
        "accept-encoding",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "user-agent",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-credentials-provider",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
        "x-acs-retry-attempts",
    ];

    /// A request with these headers.
    fn with(headers: &[(&'static str, &'static str)]) -> Request {
        let headers = headers.iter();
        Request {
            method: Method::Post,
            scheme: UriScheme::Https,
            authority: "host.test".into(),
            target: "/".into(),
            headers: headers.map(|&(name, value)| (name, value.into())).collect(),
            body: Body::default(),
            direct: false,
        }
    }

    #[test]
    fn headers_are_converted_in_any_order_and_with_any_names() {
        let mut sent = NAMES.map(|name| (name, "1"));
        for _ in 0..sent.len() {
            sent.rotate_left(1);
            let made = with(&sent).into_http(|_| ()).unwrap();
            let headers = made.headers().iter();
            let mut got: Vec<(&str, &str)> = headers
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            got.sort_unstable();
            let mut all = sent;
            all.sort_unstable();
            assert_eq!(got, all);
            assert!(made.headers().values().all(HeaderValue::is_sensitive));
        }
    }

    #[test]
    fn a_url_and_the_headers_to_set_say_all_that_the_request_says() {
        let request = with(&[
            ("host", "host.test"),
            ("accept", "*/*"),
            ("content-length", "0"),
        ]);
        assert_eq!(request.url(), "https://host.test/");
        let set: Vec<(&str, &str)> = request.headers_to_set().collect();
        assert_eq!(set, [("accept", "*/*")]);
    }

    #[test]
    fn an_invalid_header_value_is_an_error() {
        assert!(with(&[("accept", "a\r\nb")]).into_http(|_| ()).is_err());
    }

    #[test]
    fn the_first_values_of_the_response_headers_that_are_read_count() {
        let mut reply = http::Response::builder().status(503).header("server", "x");
        for name in READ {
            reply = reply.header(name, name).header(name, "another");
        }
        let (parts, ()) = reply.body(()).unwrap().into_parts();
        let head = Head::from(&parts);
        assert_eq!(head.status, 503);
        assert!(head.headers.iter().all(|(name, _)| name != "server"));
        assert!(READ.into_iter().all(|name| head.header(name) == Some(name)));
    }
}
