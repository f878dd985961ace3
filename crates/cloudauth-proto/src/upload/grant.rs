//! Upload grants: permissions of the vendor's platform to upload one file each.

use alloc::boxed::Box;
use alloc::format;

use super::AuthorizeFileUploadResponse;
use crate::call::Reply;
use crate::decode::DecodeErrorKind;
use crate::endpoint::Endpoint;
use crate::error::{DecodeError, Error};
use crate::http::multipart::MultipartForm;
use crate::secret::Sensitive;

/// Permission to upload one file.
pub(super) struct UploadGrant {
    access_key_id: Sensitive,
    policy: Sensitive,
    signature: Sensitive,
    key: Sensitive,
    store: Endpoint,
    url: Sensitive,
}

impl UploadGrant {
    /// Reads the reply of the platform. A missing field or an invalid host is a decoding error.
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
                kind: DecodeErrorKind::Shape(reason.into()),
                raw,
                uncertain: false,
                attempts,
            }))
        };
        let grant = reply.value;
        let (
            Some(access_key_id),
            Some(policy),
            Some(signature),
            Some(key),
            Some(bucket),
            Some(host),
        ) = (
            grant.access_key_id,
            grant.encoded_policy,
            grant.signature,
            grant.object_key,
            grant.bucket,
            grant.endpoint,
        )
        else {
            return Err(unreadable("a field of the upload grant is missing"));
        };
        let host = format!("{}.{}", bucket.expose(), host);
        let Ok(own) = format!("https://{host}").parse() else {
            return Err(unreadable("the host in the upload grant is not valid"));
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

    /// Makes the form that posts `file`. Its fields and their order are those of the vendor's SDK
    /// (recorded), without the one that only its Python SDK adds.
    pub(super) fn form(&self, file: &[u8], boundary: &str) -> MultipartForm {
        let fields = [
            ("OSSAccessKeyId", self.access_key_id.expose()),
            ("Signature", self.signature.expose()),
            ("key", self.key.expose()),
            ("policy", self.policy.expose()),
            ("success_action_status", "201"),
        ];
        let store = self.store.clone();
        MultipartForm::new(store, boundary, &fields, self.key.expose(), file)
    }

    /// The URL of the file after the upload.
    pub(super) fn into_url(self) -> Sensitive {
        self.url
    }
}
