//! The leave to post a file, and the form that is posted.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::AuthorizeFileUploadResponse;
use crate::call::Reply;
use crate::endpoint::Endpoint;
use crate::error::{DecodeError, Error, Unreadable};
use crate::secret::Sensitive;
use crate::wire::http::{Body, Method, Request};

/// Leave to post one file.
pub(super) struct Leave {
    access_key_id: Sensitive,
    policy: Sensitive,
    signature: Sensitive,
    key: Sensitive,
    store: Endpoint,
    url: Sensitive,
}

impl Leave {
    /// Takes what the platform answered. An answer that leaves something out, or names a host that
    /// is none, is not what it promises.
    pub(super) fn read(
        reply: Reply<AuthorizeFileUploadResponse>,
        store: Option<Endpoint>,
    ) -> Result<Self, Error> {
        let action = "AuthorizeFileUpload".into();
        let (attempts, raw) = (reply.attempts, reply.raw);
        let unreadable = |reason: &str| {
            Error::Decode(Box::new(DecodeError {
                action,
                status: 200,
                reason: Unreadable::Shape(reason.into()),
                raw,
                attempts,
            }))
        };
        let told = reply.value;
        let (
            Some(access_key_id),
            Some(policy),
            Some(signature),
            Some(key),
            Some(bucket),
            Some(host),
        ) = (
            told.access_key_id,
            told.encoded_policy,
            told.signature,
            told.object_key,
            told.bucket,
            told.endpoint,
        )
        else {
            return Err(unreadable("a missing field in the reply"));
        };
        let host = format!("{}.{}", bucket.expose(), host.expose());
        let Ok(own) = format!("https://{host}").parse() else {
            return Err(unreadable("a host of the wrong form in the reply"));
        };
        Ok(Self {
            url: format!("http://{host}/{}", key.expose()).into(),
            store: store.unwrap_or(own),
            access_key_id,
            policy,
            signature,
            key,
        })
    }

    /// The form, with the file in its body: the one time that its bytes are copied. The fields and
    /// their order are those of the vendor's SDK, without the one that only its Python adds.
    pub(super) fn form(self, file: &[u8], boundary: &str) -> Form {
        let fields = [
            ("OSSAccessKeyId", self.access_key_id.expose()),
            ("Signature", self.signature.expose()),
            ("key", self.key.expose()),
            ("policy", self.policy.expose()),
            ("success_action_status", "201"),
        ];
        let mut head = String::new();
        for (name, value) in fields {
            let part = [
                "--",
                boundary,
                "\r\nContent-Disposition: form-data; name=\"",
                name,
                "\"\r\n\r\n",
                value,
                "\r\n",
            ];
            head.extend(part);
        }
        // The key is the file's name; quotes and line ends would end the header's value.
        let name = self.key.expose().replace('\r', "%0D").replace('\n', "%0A");
        let name = name.replace('"', "%22");
        head.extend([
            "--",
            boundary,
            "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
            &name,
            "\"\r\nContent-Type: \r\n\r\n",
        ]);
        let mut shared = Vec::with_capacity(head.len() + file.len());
        shared.extend_from_slice(head.as_bytes());
        shared.extend_from_slice(file);
        Form {
            store: self.store,
            url: self.url,
            boundary: boundary.into(),
            shared: Arc::new(shared),
        }
    }
}

/// A form with a file, ready to be posted as often as needed.
pub(crate) struct Form {
    pub(super) store: Endpoint,
    /// Where the file is afterwards.
    pub(super) url: Sensitive,
    boundary: String,
    shared: Arc<Vec<u8>>,
}

impl Form {
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

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Form({} bytes)", self.shared.len())
    }
}
