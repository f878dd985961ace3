//! The core's requests and replies as those of the `http` crate, which both drivers speak.

use cloudauth_proto::{Body, Head, Request};
use http::{HeaderMap, HeaderValue};

/// The same request, its body made by `body`.
pub fn into_http<B>(
    request: Request,
    body: impl FnOnce(Body) -> B,
) -> Result<http::Request<B>, http::Error> {
    let Request {
        method,
        scheme,
        authority,
        target,
        headers: values,
        body: form,
        ..
    } = request;
    let mut headers = HeaderMap::with_capacity(values.len());
    for (name, value) in values {
        let mut value = HeaderValue::try_from(value)?;
        // Keys, tokens and signatures: whoever prints headers must not print these.
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let mut made = http::Request::builder()
        .method(method.as_str())
        .uri(format!("{}://{authority}{target}", scheme.as_str()))
        .body(body(form))?;
    *made.headers_mut() = headers;
    Ok(made)
}

/// The same status and headers.
#[must_use]
pub fn head(parts: &http::response::Parts) -> Head {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), text(value)));
    Head::new(parts.status.as_u16(), headers.collect())
}
