//! What a call ends with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::classify::{Received, TIME_STAMP_EXPIRED};
use super::in_flight::InFlight;
use crate::decode::DecodeErrorKind;
use crate::endpoint::Endpoint;
use crate::error::{DecodeError, Error, Exhausted, ServiceError};
use crate::exchange::EncodedOperation;
use crate::http::Response;
use crate::sign::Mismatch;

/// A response that says that the operation succeeded.
#[derive(Debug)]
pub(super) struct Success {
    pub(super) response: Response,
    pub(super) endpoint: Endpoint,
    pub(super) request_id: Option<String>,
}

/// A response that refuses the operation.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) response: Response,
    pub(super) received: Received,
    pub(super) mismatch: Option<Mismatch>,
}

impl EncodedOperation {
    /// The service refused the operation. `uncertain`: an earlier attempt may have been carried out.
    pub(super) fn refused(&self, refusal: Refusal, uncertain: bool) -> Error {
        let Refusal {
            response,
            received,
            mismatch,
        } = refusal;
        let status = response.head.status;
        if let Some(kind) = received.unreadable
            && received.is_ok
        {
            return self.undecodable(status, kind, response.body);
        }
        Error::Service(Box::new(ServiceError {
            action: self.metadata.action.clone(),
            status,
            code: received.code,
            message: received.message,
            mismatch,
            uncertain,
            attempts: Vec::new(),
        }))
    }

    /// The response cannot be decoded.
    pub(super) fn undecodable(&self, status: u16, kind: DecodeErrorKind, raw: Vec<u8>) -> Error {
        Error::Decode(Box::new(DecodeError {
            action: self.metadata.action.clone(),
            status,
            kind,
            raw,
            attempts: Vec::new(),
        }))
    }

    /// No attempt had a usable response. `uncertain`: one of them may have been carried out.
    pub(super) fn exhausted(&self, uncertain: bool) -> Error {
        let exhausted = Box::new(Exhausted {
            action: self.metadata.action.clone(),
            confirmed_by: self.metadata.confirmed_by,
            attempts: Vec::new(),
        });
        if uncertain {
            Error::Uncertain(exhausted)
        } else {
            Error::Exhausted(exhausted)
        }
    }

    /// Where the signature of an exchange differs from the service's, if it was refused for that.
    pub(super) fn mismatch(&self, exchange: &InFlight, received: &Received) -> Option<Mismatch> {
        let (scheme, credentials) = exchange.signed.as_ref()?;
        let stamp = &exchange.stamp;
        match received.code.as_deref()? {
            "SignatureDoesNotMatch" => {
                let draft = self.draft(&exchange.endpoint);
                let message = received.message.expose();
                Some(scheme.mismatch(&draft, credentials, stamp, message))
            }
            TIME_STAMP_EXPIRED => Some(Mismatch::Clock {
                signed: stamp.at,
                service: Some(received.date?),
            }),
            _ => None,
        }
    }
}

impl Received {
    /// The result of a call that ends with this response.
    pub(super) fn into_result(
        self,
        operation: &EncodedOperation,
        response: Response,
        endpoint: Endpoint,
        request_id: Option<String>,
        mismatch: Option<Mismatch>,
        uncertain: bool,
    ) -> Result<Success, Error> {
        let is_success = self.unreadable.is_none()
            && self.is_ok
            && (self.is_success || !operation.metadata.has_result_code);
        if is_success {
            return Ok(Success {
                response,
                endpoint,
                request_id,
            });
        }
        let refusal = Refusal {
            response,
            received: self,
            mismatch,
        };
        Err(operation.refused(refusal, uncertain))
    }
}
