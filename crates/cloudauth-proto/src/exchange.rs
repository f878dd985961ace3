//! One HTTP exchange, as a value: what is sent, and how long that may take.

use alloc::sync::Arc;
use core::fmt;

use crate::credentials::Credentials;
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::http::multipart::MultipartForm;
use crate::http::plain::PlainRequest;
use crate::http::{Request, Timeouts};
use crate::operation::OperationMetadata;
use crate::sign::{Draft, Scheme, Stamp, anonymous};

/// Identifies an exchange among all exchanges of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub(crate) u64);

/// A request to be sent once, with its time-outs.
///
/// `Debug` shows the endpoint and the time-outs.
pub struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) timeouts: Timeouts,
    pub(crate) response_limit: usize,
    pub(crate) content: Content,
}

/// What an exchange sends.
#[derive(Clone)]
pub(crate) enum Content {
    /// An operation, signed with these credentials, or not signed.
    Operation {
        operation: Arc<EncodedOperation>,
        endpoint: Endpoint,
        stamp: Stamp,
        signed: Option<(Scheme, Credentials)>,
    },
    /// A file for the object store. Its form carries an authorization of its own.
    File(Arc<MultipartForm>),
    /// A request that is not an operation.
    Plain(PlainRequest),
}

/// An operation with its parameters encoded; the same in all attempts of a call.
#[derive(Debug)]
pub(crate) struct EncodedOperation {
    pub(crate) metadata: OperationMetadata,
    pub(crate) params: Params,
    /// The endpoint that opened the verification.
    pub(crate) origin: Option<Endpoint>,
}

impl EncodedOperation {
    /// The operation, addressed to one endpoint.
    pub(crate) fn draft<'q>(&'q self, endpoint: &'q Endpoint) -> Draft<'q> {
        Draft {
            method: self.metadata.method,
            action: self.metadata.action.clone(),
            version: self.metadata.version.clone(),
            endpoint,
            params: &self.params,
        }
    }
}

impl Exchange {
    /// The ID to report the result with.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// The time-outs after which the driver gives up.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// The largest response body in bytes. A driver stops reading after one more byte and reports
    /// what it has read; the core then reports that the response is too large.
    #[must_use]
    pub fn response_limit(&self) -> usize {
        self.response_limit
    }

    /// Builds the request and signs it if it is to be signed.
    ///
    /// This needs no session, so no lock has to be held while large bodies are hashed.
    #[must_use]
    pub fn sign(&self) -> Request {
        match &self.content {
            Content::Operation {
                operation,
                endpoint,
                stamp,
                signed,
            } => {
                let draft = operation.draft(endpoint);
                match signed {
                    Some((scheme, credentials)) => scheme.sign(&draft, credentials, stamp),
                    None => anonymous(&draft, stamp).request(),
                }
            }
            Content::File(form) => form.request(),
            Content::Plain(plain) => plain.request(),
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Exchange");
        shown.field("id", &self.id);
        match &self.content {
            Content::Operation {
                operation,
                endpoint,
                ..
            } => shown
                .field("action", &operation.metadata.action)
                .field("endpoint", endpoint),
            Content::File(form) => shown.field("file", form),
            Content::Plain(plain) => shown.field("request", plain),
        };
        shown
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
