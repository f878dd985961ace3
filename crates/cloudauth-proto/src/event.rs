//! What happens in a session, as values for logs and metrics.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::codes::Billed;
use crate::credentials::{CredentialsError, SkippedSource};
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Error};
use crate::exchange::ExchangeId;
use crate::http::Method;
use crate::policy::Classification;
use crate::text_enum::text_enum;

/// Something that happened in a [`Session`](crate::Session) while a flow was polled or given a report.
///
/// A driver that wants events turns them on with [`Session::observe`](crate::Session::observe), and takes
/// them with [`Session::take_events`](crate::Session::take_events). They hold no query, no body and no
/// personal data.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An exchange was handed to the driver.
    AttemptStarted {
        /// The attempt.
        info: AttemptInfo,
        /// The previous attempt of the call, if it has ended: its endpoint, and what it came to.
        after: Option<(Endpoint, Classification)>,
    },
    /// An attempt ended.
    AttemptEnded {
        /// The attempt.
        info: AttemptInfo,
        /// Its record.
        attempt: Attempt,
    },
    /// A call ended.
    CallEnded {
        /// The operation.
        action: Cow<'static, str>,
        /// From the first poll on.
        took: Duration,
        /// The number of attempts.
        attempts: usize,
        /// What it came to.
        outcome: CallOutcome,
        /// Whether its reply is billed. `None` if it failed, and without
        /// [`Session::report_billed`](crate::Session::report_billed).
        billed: Option<Billed>,
    },
    /// The circuit breaker of an endpoint changed its state.
    CircuitBreaker {
        /// The endpoint.
        endpoint: Endpoint,
        /// The new state.
        state: CircuitBreakerState,
    },
    /// An attempt was withdrawn from the retry budget.
    RetryBudget {
        /// How many more attempts it suffices for.
        left: u64,
    },
    /// The source of the credentials was found, after others.
    SourcesSkipped {
        /// The path of the source.
        source: String,
        /// The others, each with the reason why it was skipped.
        skipped: Vec<SkippedSource>,
    },
    /// A refresh of the credentials ended.
    Refreshed {
        /// Why there are no new ones.
        error: Option<CredentialsError>,
    },
}

/// An attempt, as far as it is known when it starts.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptInfo {
    /// The exchange.
    pub exchange: ExchangeId,
    /// The operation, or what the request is for: `credentials`, `PostObject` (an upload), `GetObject`
    /// (a picture or a video).
    pub action: Cow<'static, str>,
    /// The HTTP method.
    pub method: Method,
    /// The endpoint; that of the object store without the name of the bucket.
    pub endpoint: Endpoint,
    /// How many attempts the call made before.
    pub resend: usize,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallOutcome {
    /// With a reply.
    Success,
    /// [`Error::Service`]: refused by the service.
    Refused,
    /// [`Error::Decode`]: the response cannot be read.
    Unreadable,
    /// [`Error::Credentials`]: nothing to sign with.
    NoCredentials,
    /// [`Error::Exhausted`]: no attempt succeeded, and it was certainly not carried out or only reads.
    Exhausted,
    /// [`Error::Uncertain`]: it may have been carried out.
    Uncertain,
    /// [`Error::BilledLimit`]: not sent.
    BilledLimit,
    /// Any other error.
    Other,
}

text_enum!(CallOutcome, "outcome", {
    Success => "success",
    Refused => "refused",
    Unreadable => "unreadable",
    NoCredentials => "no_credentials",
    Exhausted => "exhausted",
    Uncertain => "uncertain",
    BilledLimit => "billed_limit",
    Other => "other",
});

impl CallOutcome {
    pub(crate) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(Error::Service(_)) => Self::Refused,
            Err(Error::Decode(_)) => Self::Unreadable,
            Err(Error::Credentials(_)) => Self::NoCredentials,
            Err(Error::Exhausted(_)) => Self::Exhausted,
            Err(Error::Uncertain(_)) => Self::Uncertain,
            Err(Error::BilledLimit(_)) => Self::BilledLimit,
            Err(Error::Invalid(_) | Error::Upload(_) | Error::Evidence(_) | Error::Finished) => {
                Self::Other
            }
        }
    }
}

/// State of the circuit breaker of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "circuit breakers have these three states"
)]
pub enum CircuitBreakerState {
    /// The endpoint is used as usual.
    Closed,
    /// Other endpoints come first.
    Open,
    /// One exchange probes the endpoint.
    HalfOpen,
}

text_enum!(CircuitBreakerState, "state", {
    Closed => "closed",
    Open => "open",
    HalfOpen => "half_open",
});

/// The events that the driver has not taken yet, if it wants any.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    is_on: bool,
    events: Vec<Event>,
}

impl EventLog {
    pub(crate) fn set(&mut self, is_on: bool) {
        self.is_on = is_on;
    }

    /// Records an event, which is made only if somebody wants it.
    pub(crate) fn record(&mut self, event: impl FnOnce() -> Event) {
        if self.is_on {
            self.events.push(event());
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Event> {
        mem::take(&mut self.events)
    }
}
