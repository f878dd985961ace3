//! The record of an exchange.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use crate::clock::{MonoTime, Seconds};
use crate::decode::DecodeErrorKind;
use crate::endpoint::Endpoint;
use crate::policy::{Classification, RetryDecision};

/// The record of one exchange of a call, for logs and metrics.
///
/// `Display` shows the endpoint, the duration, the outcome and the request ID.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// When the exchange was handed to the driver.
    pub started: MonoTime,
    /// When its end was reported.
    pub ended: MonoTime,
    /// How it ended.
    pub outcome: AttemptOutcome,
    /// The request ID of the response, if there is one.
    pub request_id: Option<String>,
    /// What the retry rule decided after it.
    pub(crate) decision: RetryDecision,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let took = Seconds(self.ended.saturating_since(self.started));
        write!(f, "{}: {} after {took} s", self.endpoint, self.outcome)?;
        match &self.request_id {
            Some(id) => write!(f, ", request ID {id}"),
            None => Ok(()),
        }
    }
}

/// How an exchange ended.
///
/// `Display` shows the driver's error with its last cause.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// No byte of the request was sent.
    NotSent(Arc<dyn StdError + Send + Sync>),
    /// There is no complete response; the service may have received the request.
    NoResponse {
        /// The status, if the response ended after its headers.
        status: Option<u16>,
        /// The driver's error.
        cause: Arc<dyn StdError + Send + Sync>,
    },
    /// The driver had not reported it when its time-out was over.
    TimedOut,
    /// Another exchange of the call had a response first.
    Superseded,
    /// There is a response that is not the service's.
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: DecodeErrorKind,
    },
    /// There is a response.
    Response {
        /// The HTTP status.
        status: u16,
        /// The service's code, if the response has one.
        code: Option<String>,
    },
}

impl AttemptOutcome {
    /// The code of the service, if there is a response that has one.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Response { code, .. } => code.as_deref(),
            Self::NotSent(_)
            | Self::NoResponse { .. }
            | Self::TimedOut
            | Self::Superseded
            | Self::Unreadable { .. } => None,
        }
    }

    pub(super) fn is_throttled(&self) -> bool {
        match self {
            Self::Response { status, code } => is_throttled(*status, code.as_deref()),
            Self::NotSent(_)
            | Self::NoResponse { .. }
            | Self::TimedOut
            | Self::Superseded
            | Self::Unreadable { .. } => false,
        }
    }
}

/// Whether a response says that there are too many requests.
pub(super) fn is_throttled(status: u16, code: Option<&str>) -> bool {
    Classification::of_unavailable(status, code) == Some(Classification::Throttled)
}

/// The attempt that an error is about: the last one that did not merely lose a race.
pub(super) fn decisive(attempts: &[Attempt]) -> Option<&Attempt> {
    let mut last = attempts.iter().rev();
    last.find(|attempt| !matches!(attempt.outcome, AttemptOutcome::Superseded))
}

/// Whether the retry rule would have repeated the call after these attempts, given more of them.
pub(super) fn would_repeat(attempts: &[Attempt]) -> bool {
    // Without an attempt, nothing was sent.
    decisive(attempts).is_none_or(|attempt| match attempt.decision {
        RetryDecision::Elsewhere
        | RetryDecision::ElsewhereAfterBackoff
        | RetryDecision::OnceMore => true,
        RetryDecision::Final | RetryDecision::Uncertain => false,
    })
}

/// Lists attempts by their outcomes, each of which is written once.
pub(super) fn list(
    f: &mut fmt::Formatter<'_>,
    attempts: &[Attempt],
    shows_endpoints: bool,
) -> fmt::Result {
    let mut by_outcome: Vec<(String, Vec<&Attempt>)> = Vec::new();
    for attempt in attempts {
        let outcome = attempt.outcome.to_string();
        match by_outcome.iter_mut().find(|(other, _)| *other == outcome) {
            Some((_, alike)) => alike.push(attempt),
            None => by_outcome.push((outcome, [attempt].into())),
        }
    }
    for (i, (outcome, alike)) in by_outcome.iter().enumerate() {
        f.write_str(if i == 0 { ": " } else { "; " })?;
        if shows_endpoints {
            let mut endpoints: Vec<&Endpoint> = Vec::new();
            for attempt in alike {
                if !endpoints.contains(&&attempt.endpoint) {
                    let comma = if endpoints.is_empty() { "" } else { ", " };
                    write!(f, "{comma}{}", attempt.endpoint)?;
                    endpoints.push(&attempt.endpoint);
                }
            }
            f.write_str(": ")?;
        }
        f.write_str(outcome)?;
        let ids: Vec<&str> = alike
            .iter()
            .filter_map(|it| it.request_id.as_deref())
            .collect();
        let ids = match ids.len() {
            0 => String::new(),
            1 => format!("request ID {}", ids[0]),
            _ => format!("request IDs {}", ids.join(", ")),
        };
        match (alike.len(), ids.is_empty()) {
            (1, true) => {}
            (1, false) => write!(f, " ({ids})")?,
            (count, true) => write!(f, " ({count} attempts)")?,
            (count, false) => write!(f, " ({count} attempts, {ids})")?,
        }
    }
    Ok(())
}

/// An error with its last cause: the errors between them name the layers that it passed through.
pub(crate) struct WithCause<'e>(pub(crate) &'e (dyn StdError + 'static));

/// The last error of a chain.
pub(crate) fn innermost<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

impl fmt::Display for WithCause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, cause) = (self.0.to_string(), innermost(self.0).to_string());
        // Many libraries write the cause into the error above it, too.
        if whole.contains(&cause) {
            f.write_str(&whole)
        } else {
            write!(f, "{whole}: {cause}")
        }
    }
}

impl fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(cause) => write!(f, "not sent: {}", WithCause(&**cause)),
            Self::NoResponse {
                status: None,
                cause,
            } => write!(f, "no response: {}", WithCause(&**cause)),
            Self::NoResponse {
                status: Some(status),
                cause,
            } => {
                let cause = WithCause(&**cause);
                write!(f, "HTTP {status}, but no complete response: {cause}")
            }
            Self::TimedOut => f.write_str("timed out"),
            Self::Superseded => f.write_str("superseded by another attempt"),
            Self::Unreadable { status, reason } => write!(f, "HTTP {status}, but {reason}"),
            Self::Response { status, code: None } => write!(f, "HTTP {status}"),
            Self::Response {
                status,
                code: Some(code),
            } => write!(f, "HTTP {status}, code {code}"),
        }
    }
}
