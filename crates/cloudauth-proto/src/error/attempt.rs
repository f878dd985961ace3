//! The record of an exchange.

use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error as StdError;
use core::fmt;

use crate::clock::MonoTime;
use crate::decode::DecodeErrorKind;
use crate::endpoint::Endpoint;

/// The record of one exchange of a call, for logs and metrics.
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
}

/// How an exchange ended.
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
    /// The driver's error, if there is one.
    pub(crate) fn cause(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::NotSent(cause) | Self::NoResponse { cause, .. } => Some(&**cause),
            Self::TimedOut | Self::Superseded | Self::Unreadable { .. } | Self::Response { .. } => {
                None
            }
        }
    }
}

impl fmt::Display for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(cause) => write!(f, "not sent: {cause}"),
            Self::NoResponse {
                status: None,
                cause,
            } => write!(f, "no response: {cause}"),
            Self::NoResponse {
                status: Some(status),
                cause,
            } => write!(f, "HTTP {status}, but no complete response: {cause}"),
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
