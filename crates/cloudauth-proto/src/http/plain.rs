//! Requests that are not operations: metadata, logins, credentials URIs, pictures.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::{Body, JSON, Method, Request, push_common_headers};
use crate::encode::Buffer;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// A request that is not an operation.
///
/// Its target may hold a secret; `Debug` shows the method and the endpoint.
#[derive(Clone)]
pub(crate) struct PlainRequest {
    pub(crate) method: Method,
    pub(crate) endpoint: Endpoint,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    pub(crate) body: Secret,
    /// The media type of the response.
    pub(crate) accept: &'static str,
    /// Whether the request must bypass any proxy.
    pub(crate) direct: bool,
}

impl PlainRequest {
    pub(crate) fn get(endpoint: Endpoint, target: String) -> Self {
        Self {
            method: Method::Get,
            endpoint,
            target,
            headers: Vec::new(),
            body: Secret::new(""),
            accept: JSON,
            direct: false,
        }
    }

    pub(crate) fn request(&self) -> Request {
        let body = self.body.expose().as_bytes().to_vec();
        let mut headers = vec![("host", self.endpoint.authority().clone())];
        push_common_headers(&mut headers, self.accept);
        let own = self.headers.iter();
        headers.extend(own.map(|(name, value)| (*name, String::from(value.expose()).into())));
        if self.method != Method::Get {
            headers.push(("content-length", body.len().to_string().into()));
        }
        Request {
            method: self.method,
            scheme: self.endpoint.scheme(),
            authority: self.endpoint.authority().clone(),
            target: self.target.clone(),
            headers,
            body: Body::new(Arc::default(), Buffer::secret(body)),
            direct: self.direct,
        }
    }
}

impl fmt::Debug for PlainRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.method.as_str(),
            self.endpoint.without_bucket()
        )
    }
}
