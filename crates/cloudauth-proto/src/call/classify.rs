//! What a response or a failure means for the call.

use alloc::string::String;
use core::time::Duration;

use super::in_flight::InFlight;
use super::signer::Signer;
use crate::clock::{Now, UnixTime};
use crate::decode::DecodeErrorKind;
use crate::decode::envelope::{self, Envelope};
use crate::error::AttemptOutcome;
use crate::http::{Delivery, Failure, Head, Response, date};
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
    pub(crate) message: Sensitive,
    pub(crate) request_id: Option<String>,
    pub(crate) unreadable: Option<DecodeErrorKind>,
    pub(crate) date: Option<UnixTime>,
    /// The least time before the next attempt, as the service demands it.
    pub(crate) retry_after: Duration,
}

impl Received {
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
                session.learn_skew(exchange.sent, exchange.stamp.at, now, date)
            }),
            Classification::TokenExpired => match (signer, &exchange.signed) {
                (Signer::Session, Some((_, refused))) => {
                    session.credential_cache_mut().reject(refused, now.mono)
                }
                (Signer::Session | Signer::Own(_) | Signer::Unsigned, _) => false,
            },
            Classification::NotSent
            | Classification::NoResponse
            | Classification::Throttled
            | Classification::ServerError
            | Classification::NonceReused
            | Classification::UnknownHere
            | Classification::Final => true,
        };
        if has_remedy {
            self.classification
        } else {
            Classification::Final
        }
    }
}

pub(crate) fn response(response: &Response, limit: usize) -> Received {
    let Response { head, body } = response;
    let envelope = if body.len() > limit {
        Err(DecodeErrorKind::TooLarge { limit })
    } else {
        Envelope::read(body)
    };
    let (envelope, unreadable) = match envelope {
        Ok(envelope) => (envelope, None),
        Err(unreadable) => (Envelope::default(), Some(unreadable)),
    };
    let date = head.header("date").and_then(date::parse);
    Received {
        classification: classify(head.status, envelope.code.as_deref(), date.is_some()),
        is_ok: (200..300).contains(&head.status),
        is_success: envelope.is_success(),
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
fn classify(status: u16, code: Option<&str>, has_date: bool) -> Classification {
    match code {
        // The documents name status 400, those of another product 403: only the code counts.
        Some(code) if code.starts_with("Throttling") => Classification::Throttled,
        Some("InvalidTimeStamp.Expired") if has_date => Classification::ClockSkew,
        Some("SignatureNonceUsed") => Classification::NonceReused,
        Some(code) if code.starts_with("InvalidSecurityToken") => Classification::TokenExpired,
        Some("500") if status < 300 => Classification::ServerError,
        Some(_) | None if status == 429 => Classification::Throttled,
        Some(_) | None if status >= 500 => Classification::ServerError,
        Some(_) | None => Classification::Final,
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
            AttemptOutcome::NotSent(source),
            Classification::NotSent,
            None,
        ),
        Delivery::MaybeSent => {
            let request_id = head.as_ref().and_then(envelope::request_id_of);
            let status = head.map(|Head { status, .. }| status);
            let cause = source;
            let outcome = AttemptOutcome::NoResponse { status, cause };
            (outcome, Classification::NoResponse, request_id)
        }
    }
}
