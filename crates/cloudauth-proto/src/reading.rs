//! What a reply or a failure means for the call.

use alloc::string::String;
use core::time::Duration;

use crate::clock::UnixTime;
use crate::error::{Outcome, Unreadable};
use crate::policy::Ending;
use crate::secret::Sensitive;
use crate::wire::date;
use crate::wire::envelope::{self, Envelope};
use crate::wire::http::{Failure, Head, Response, Sent};

/// All that the state machine wants to know of a reply.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) ending: Ending,
    /// Whether the HTTP status is 2xx.
    pub(crate) is_ok: bool,
    /// Whether the envelope says that the operation succeeded.
    pub(crate) is_success: bool,
    pub(crate) code: Option<String>,
    pub(crate) message: Sensitive,
    pub(crate) request_id: Option<String>,
    pub(crate) unreadable: Option<Unreadable>,
    pub(crate) date: Option<UnixTime>,
    /// How long the service wants to be left alone.
    pub(crate) retry_after: Duration,
}

pub(crate) fn response(response: &Response, limit: usize) -> Read {
    let Response { head, body } = response;
    let envelope = if body.len() > limit {
        Err(Unreadable::TooLarge { limit })
    } else {
        Envelope::read(body)
    };
    let (envelope, unreadable) = match envelope {
        Ok(envelope) => (envelope, None),
        Err(unreadable) => (Envelope::default(), Some(unreadable)),
    };
    let date = head.header("date").and_then(date::parse);
    Read {
        ending: ending(head.status, envelope.code.as_deref(), date.is_some()),
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

/// The codes are the gateway's, which the vendor documents for all its products.
fn ending(status: u16, code: Option<&str>, has_date: bool) -> Ending {
    match code {
        // The documents name 400, another product's 403: the code counts, not the status.
        Some(code) if code.starts_with("Throttling") => Ending::Throttled,
        Some("InvalidTimeStamp.Expired") if has_date => Ending::ClockSkewed,
        Some("SignatureNonceUsed") => Ending::NonceUsed,
        Some(code) if code.starts_with("InvalidSecurityToken") => Ending::TokenRefused,
        Some("500") if status < 300 => Ending::OutOfOrder,
        Some(_) | None if status == 429 => Ending::Throttled,
        Some(_) | None if status >= 500 => Ending::OutOfOrder,
        Some(_) | None => Ending::Answered,
    }
}

/// `x-acs-retry-after` in milliseconds (seen in the vendor's SDKs), else `Retry-After` in seconds.
fn retry_after(head: &Head) -> Duration {
    let number = |name| head.header(name).and_then(|text| text.trim().parse().ok());
    let millis = number("x-acs-retry-after").map(Duration::from_millis);
    let seconds = || number("retry-after").map(Duration::from_secs);
    millis.or_else(seconds).unwrap_or_default()
}

pub(crate) fn failure(failure: Failure) -> (Outcome, Ending, Option<String>) {
    let Failure { sent, head, source } = failure;
    match sent {
        Sent::No => (Outcome::NotSent(source), Ending::NotSent, None),
        Sent::Maybe => {
            let request_id = head.as_ref().and_then(envelope::request_id_of);
            let status = head.map(|Head { status, .. }| status);
            let cause = source;
            let outcome = Outcome::NoReply { status, cause };
            (outcome, Ending::NoReply, request_id)
        }
    }
}
