//! What a call ends with.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::classify::{Received, TIME_STAMP_EXPIRED};
use super::in_flight::InFlight;
use crate::decode::DecodeErrorKind;
use crate::encode::Pair;
use crate::endpoint::Endpoint;
use crate::error::{DecodeError, Error, Exhausted, ServiceError};
use crate::exchange::EncodedOperation;
use crate::http::{Method, Response};
use crate::operation::{InvalidField, InvalidOperation};
use crate::policy::Effect;
use crate::sign::{Mismatch, Scheme};

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

/// The longest path with query in bytes that the `http` crate can hold, which both drivers use. What the
/// service accepts is not documented; servers usually accept less.
pub(super) const LONGEST_TARGET: usize = 65_534;

impl EncodedOperation {
    /// The error for parameters that no URL can carry, if the scheme puts that many into it. Names the
    /// longest one.
    pub(super) fn too_long(&self, scheme: Scheme) -> Option<Error> {
        let (params, is_get) = (&self.params, self.metadata.method == Method::Get);
        if scheme == Scheme::RpcHmacSha1 && !is_get {
            return None;
        }
        let form = if is_get { params.form.len() } else { 0 };
        // `/?` before the pairs, and no `&` after the last one.
        if params.query.len() + form < LONGEST_TARGET {
            return None;
        }
        let length = |pair: &Pair<'_>| pair.text().len();
        let longest = if is_get {
            params.pairs().max_by_key(length)
        } else {
            params.pairs().of_query().max_by_key(length)
        }?;
        let mut names = self.metadata.fields.iter().map(|field| field.name);
        let name = names.find(|name| name.as_bytes() == longest.name());
        let problem = format!(
            "is too long: a URL has at most {LONGEST_TARGET} bytes, and only RPC 1.0 sends it in the body"
        );
        Some(Error::Invalid(Box::new(InvalidOperation {
            action: self.metadata.action.clone(),
            fields: [InvalidField::new(name.unwrap_or("a parameter"), problem)].into(),
        })))
    }

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
            uncertain: self.metadata.effect != Effect::ReadOnly,
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
