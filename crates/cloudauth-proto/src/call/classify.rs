//! What a response or a failure means for the call.

use alloc::string::String;
use core::time::Duration;

use super::in_flight::InFlight;
use super::signer::Signer;
use crate::clock::{Now, UnixTime};
use crate::decode::DecodeErrorKind;
use crate::decode::envelope::{self, Envelope};
use crate::error::AttemptOutcome;
use crate::http::{Delivery, Failure, Head, Response};
use crate::operation::OperationMetadata;
use crate::policy::Classification;
use crate::secret::Sensitive;
use crate::session::Session;

/// The parts of a response that the state machine uses.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) classification: Classification,
    /// Whether the HTTP status is 2xx.
    pub(crate) is_ok: bool,
    /// Whether the envelope says that the operation succeeded.
    pub(crate) is_success: bool,
    pub(crate) code: Option<String>,
    /// Whether the operation has this code for an ID that is unknown at an endpoint.
    pub(crate) is_unknown_id: bool,
    pub(crate) message: Sensitive,
    pub(crate) request_id: Option<String>,
    pub(crate) unreadable: Option<DecodeErrorKind>,
    /// The time of the service, if it refused the time stamp.
    pub(crate) date: Option<UnixTime>,
    /// The least time before the next attempt, as the service demands it.
    pub(crate) retry_after: Duration,
}

impl Received {
    /// The outcome for the record of the attempt.
    pub(super) fn outcome(&self, status: u16) -> AttemptOutcome {
        match &self.unreadable {
            Some(reason) if self.classification == Classification::Unreadable => {
                let reason = reason.clone();
                AttemptOutcome::Unreadable { status, reason }
            }
            Some(_) | None => {
                let code = self.code.clone();
                AttemptOutcome::Response { status, code }
            }
        }
    }

    /// The classification, given whether its remedy is available: a clock skew that can be learnt, other
    /// credentials in place of expired ones. Without its remedy, the response is final.
    pub(super) fn remedied(
        &self,
        session: &mut Session,
        signer: &Signer,
        exchange: &InFlight,
        now: Now,
    ) -> Classification {
        let has_remedy = match self.classification {
            Classification::ClockSkew => self.date.is_some_and(|date| {
                session
                    .clock_skew()
                    .learn(exchange.started, exchange.stamp.at, now, date)
            }),
            Classification::CredentialsRefused => match (signer, &exchange.signed) {
                (Signer::Session, Some((_, refused))) => {
                    session.credential_cache_mut().reject(refused, now)
                }
                (Signer::Session | Signer::Call(_) | Signer::Own(_) | Signer::Unsigned, _) => false,
            },
            Classification::NotSent
            | Classification::NoResponse
            | Classification::Throttled
            | Classification::ServerError
            | Classification::Unreadable
            | Classification::NonceReused
            | Classification::UnknownHere
            | Classification::LocalFailure
            | Classification::CertificateRefused
            | Classification::Final => true,
        };
        if has_remedy {
            self.classification
        } else {
            Classification::Final
        }
    }
}

/// The code for a time stamp that is too far from the service's time.
pub(super) const TIME_STAMP_EXPIRED: &str = "InvalidTimeStamp.Expired";

/// Decodes a response to an operation, of at most so many bytes.
pub(super) type Receive<'r> = &'r mut dyn FnMut(&Response, &OperationMetadata, usize) -> Received;

/// Decodes the body of a response: its envelope, and what is wrong with its payload.
pub(super) type ReadBody<'r> =
    &'r mut dyn FnMut(
        &[u8],
        &OperationMetadata,
    ) -> Result<(Envelope, Option<DecodeErrorKind>), DecodeErrorKind>;

pub(super) fn response(
    response: &Response,
    metadata: &OperationMetadata,
    limit: usize,
    read: ReadBody<'_>,
) -> Received {
    let Response { head, body } = response;
    let read = if body.len() > limit {
        Err(DecodeErrorKind::TooLarge { limit })
    } else {
        read(body, metadata)
    };
    let is_ok = (200..300).contains(&head.status);
    let (envelope, unreadable, may_be_foreign) = match read {
        Err(kind) => (Envelope::default(), Some(kind), true),
        Ok((envelope, kind)) => {
            // The payload of a refusal does not matter.
            let is_success = is_ok && (envelope.is_success() || !metadata.has_result_code);
            (
                envelope,
                kind.filter(|_| is_success),
                metadata.result_field.is_some(),
            )
        }
    };
    // A response that is larger than the client accepts may well be the service's.
    let is_foreign = may_be_foreign
        && unreadable.as_ref().is_some_and(|kind| {
            !matches!(
                kind,
                DecodeErrorKind::TooLarge { .. } | DecodeErrorKind::Contradictory(_)
            )
        });
    let code = envelope.code.as_deref();
    let message = envelope.message.as_ref().map_or("", Sensitive::expose);
    let date = match code {
        Some(TIME_STAMP_EXPIRED) => head.date(),
        Some(_) | None => None,
    };
    Received {
        classification: classify(head.status, code, message, is_foreign, date.is_some()),
        is_ok,
        is_success: envelope.is_success(),
        is_unknown_id: !envelope.is_success()
            && code.is_some_and(|code| metadata.unknown_codes.contains(&code)),
        code: envelope.code,
        message: envelope.message.unwrap_or_default(),
        request_id: envelope
            .request_id
            .or_else(|| envelope::request_id_of(head)),
        unreadable,
        date,
        retry_after: retry_after(head),
    }
}

/// Classifies by the codes of the gateway, which the vendor documents for all its products.
fn classify(
    status: u16,
    code: Option<&str>,
    message: &str,
    is_foreign: bool,
    has_date: bool,
) -> Classification {
    let starts_with = |start| code.is_some_and(|code| code.starts_with(start));
    // Some products of the vendor report an expired token as a parameter (reported by users of its SDKs).
    let is_token_parameter =
        starts_with("InvalidParameter") && message.contains("SecurityToken.Expired");
    if starts_with("InvalidSecurityToken")
        || starts_with("InvalidAccessKeyId")
        || is_token_parameter
    {
        return Classification::CredentialsRefused;
    }
    match (status, code) {
        (_, Some(TIME_STAMP_EXPIRED)) if has_date => Classification::ClockSkew,
        (_, Some("SignatureNonceUsed")) => Classification::NonceReused,
        (407, _) => Classification::LocalFailure,
        (..300, Some("500")) => Classification::ServerError,
        _ => Classification::of_unavailable(status, code).unwrap_or(if is_foreign {
            Classification::Unreadable
        } else {
            Classification::Final
        }),
    }
}

/// `x-acs-retry-after` in milliseconds (recorded), else `Retry-After` in seconds.
fn retry_after(head: &Head) -> Duration {
    let number = |name| head.header(name).and_then(|text| text.trim().parse().ok());
    let millis = number("x-acs-retry-after").map(Duration::from_millis);
    let seconds = || number("retry-after").map(Duration::from_secs);
    millis.or_else(seconds).unwrap_or_default()
}

pub(crate) fn failure(failure: Failure) -> (AttemptOutcome, Classification, Option<String>) {
    let Failure {
        delivery,
        head,
        source,
    } = failure;
    match delivery {
        Delivery::NotSent => (
            AttemptOutcome::NotSent(source.into()),
            Classification::NotSent,
            None,
        ),
        Delivery::LocalFailure => (
            AttemptOutcome::NotSent(source.into()),
            Classification::LocalFailure,
            None,
        ),
        Delivery::CertificateRefused => (
            AttemptOutcome::NotSent(source.into()),
            Classification::CertificateRefused,
            None,
        ),
        Delivery::MaybeSent => {
            let request_id = head.as_ref().and_then(envelope::request_id_of);
            let status = head.map(|Head { status, .. }| status);
            let cause = source.into();
            let outcome = AttemptOutcome::NoResponse { status, cause };
            (outcome, Classification::NoResponse, request_id)
        }
    }
}
