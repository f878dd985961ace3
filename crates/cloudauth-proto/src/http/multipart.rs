//! A file in a form (`multipart/form-data`), as the object store accepts it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::{Body, Method, Request};
use crate::endpoint::Endpoint;

/// A form with a file, which can be posted more than once.
pub(crate) struct MultipartForm {
    store: Endpoint,
    boundary: String,
    shared: Arc<Vec<u8>>,
}

impl MultipartForm {
    /// A form of these fields, and of the file as its last part.
    ///
    /// The file's bytes are copied once, here; all attempts to post the form share them.
    pub(crate) fn new(
        store: Endpoint,
        boundary: &str,
        fields: &[(&str, &str)],
        file_name: &str,
        file: &[u8],
    ) -> Self {
        let mut head = String::new();
        for (name, value) in fields {
            head.extend([
                "--",
                boundary,
                "\r\nContent-Disposition: form-data; name=\"",
                name,
                "\"\r\n\r\n",
                value,
                "\r\n",
            ]);
        }
        // Quotes and line ends would end the header's value.
        let file_name = file_name.replace('\r', "%0D").replace('\n', "%0A");
        let file_name = file_name.replace('"', "%22");
        head.extend([
            "--",
            boundary,
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
            &file_name,
            "\"\r\nContent-Type: \r\n\r\n",
        ]);
        let mut shared = Vec::with_capacity(head.len() + file.len());
        shared.extend_from_slice(head.as_bytes());
        shared.extend_from_slice(file);
        Self {
            store,
            boundary: boundary.into(),
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn store(&self) -> &Endpoint {
        &self.store
    }

    pub(crate) fn request(&self) -> Request {
        let end = format!("\r\n--{}--\r\n", self.boundary).into_bytes();
        let authority = self.store.authority().clone();
        let kind = format!("multipart/form-data; boundary={}", self.boundary);
        let length = (self.shared.len() + end.len()).to_string();
        Request {
            method: Method::Post,
            scheme: self.store.scheme(),
            target: "/".into(),
            headers: [
                ("host", authority.clone()),
                ("accept-encoding", "identity".into()),
                ("content-type", kind.into()),
                ("content-length", length.into()),
            ]
            .into(),
            authority,
            body: Body::of_bytes(Arc::clone(&self.shared), end),
            direct: false,
        }
    }
}

impl fmt::Debug for MultipartForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = self.store.without_bucket();
        write!(f, "MultipartForm({} bytes for {store})", self.shared.len())
    }
}
