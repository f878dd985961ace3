//! The lines of a recording, as values: one type for the writer, the reader and the replay.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{RefreshTicket, Source};
use crate::endpoint::Endpoint;
use crate::error::AttemptOutcome;
use crate::event::{CallOutcome, CircuitBreakerState};
use crate::exchange::ExchangeId;
use crate::http::Timeouts;
use crate::policy::{Classification, Effect, Policy, Repeat, RetryDecision};
use crate::sign::Scheme;

/// A span in nanoseconds; a point in time is the span since the epoch of the driver's monotonic clock. What is
/// longer than 584 years is written as the longest such span, and read as [`Duration::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

impl Span {
    pub(crate) fn time(self) -> MonoTime {
        MonoTime::new(self.0)
    }
}

impl From<Duration> for Span {
    fn from(span: Duration) -> Self {
        match u64::try_from(span.as_nanos()) {
            Ok(nanos) if nanos < u64::MAX => Self(span),
            Ok(_) | Err(_) => Self(Duration::MAX),
        }
    }
}

impl From<MonoTime> for Span {
    fn from(time: MonoTime) -> Self {
        time.saturating_since(MonoTime::default()).into()
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let nanos = u64::deserialize(deserializer)?;
        Ok(Duration::from_nanos(nanos).into())
    }
}

/// Both clocks of a driver, as a pair: nanoseconds of the monotonic one, seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct At(Span, UnixTime);

impl From<Now> for At {
    fn from(now: Now) -> Self {
        Self(now.mono.into(), now.unix)
    }
}

impl From<At> for Now {
    fn from(At(mono, unix): At) -> Self {
        Self {
            mono: mono.time(),
            unix,
        }
    }
}

/// An endpoint, which is read with `http` for every host: its client was allowed to use it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct TracedEndpoint(pub(crate) Endpoint);

impl From<&Endpoint> for TracedEndpoint {
    fn from(endpoint: &Endpoint) -> Self {
        Self(endpoint.clone())
    }
}

impl<'de> Deserialize<'de> for TracedEndpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let endpoint = match text.strip_prefix("http://") {
            Some(host) => Endpoint::plain_http(host),
            None => text.parse(),
        };
        endpoint.map(Self).map_err(serde::de::Error::custom)
    }
}

/// The starting state of a session: its configuration, since a recording begins with a new session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    pub(crate) format: String,
    pub(crate) version: u64,
    pub(crate) scheme: Scheme,
    pub(crate) endpoints: Vec<TracedEndpoint>,
    pub(crate) policy: TracedPolicy,
    /// Sends per second by action.
    pub(crate) rate_limits: BTreeMap<Cow<'static, str>, u32>,
    /// The most calls that are or may be billed, and the window.
    pub(crate) max_billed: Option<(u32, Span)>,
    pub(crate) credentials: SourceKind,
}

/// The format of the first line.
pub(crate) const FORMAT: &str = "cloudauth-trace";

/// The version that this crate writes, and the only one that it reads.
pub(crate) const VERSION: u64 = 1;

impl Start {
    pub(crate) fn new<'e>(
        scheme: Scheme,
        endpoints: impl Iterator<Item = &'e Endpoint>,
        policy: &Policy,
        rate_limits: &[(Cow<'static, str>, u32)],
        max_billed: Option<(u32, Duration)>,
        credentials: SourceKind,
    ) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            scheme,
            endpoints: endpoints.map(Into::into).collect(),
            policy: policy.into(),
            rate_limits: rate_limits.iter().cloned().collect(),
            max_billed: max_billed.map(|(max, per)| (max, per.into())),
            credentials,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracedPolicy {
    connect_timeout: Span,
    read_timeout: Span,
    total_timeout: Span,
    max_attempts: usize,
    base_backoff: Span,
    max_backoff: Span,
    response_limit: usize,
}

impl From<&Policy> for TracedPolicy {
    fn from(policy: &Policy) -> Self {
        let Policy {
            connect_timeout,
            read_timeout,
            total_timeout,
            max_attempts,
            base_backoff,
            max_backoff,
            response_limit,
        } = *policy;
        Self {
            connect_timeout: connect_timeout.into(),
            read_timeout: read_timeout.into(),
            total_timeout: total_timeout.into(),
            max_attempts,
            base_backoff: base_backoff.into(),
            max_backoff: max_backoff.into(),
            response_limit,
        }
    }
}

impl From<&TracedPolicy> for Policy {
    fn from(policy: &TracedPolicy) -> Self {
        Self {
            connect_timeout: policy.connect_timeout.0,
            read_timeout: policy.read_timeout.0,
            total_timeout: policy.total_timeout.0,
            max_attempts: policy.max_attempts,
            base_backoff: policy.base_backoff.0,
            max_backoff: policy.max_backoff.0,
            response_limit: policy.response_limit,
        }
    }
}

/// What can come of a source of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceKind {
    /// The credentials that it holds.
    Given,
    /// New ones after those that have expired or were refused.
    Changing,
    /// None.
    Absent,
}

impl SourceKind {
    pub(crate) fn of(source: &Source) -> Self {
        if let Source::Static(_) = source {
            Self::Given
        } else if source.can_change() {
            Self::Changing
        } else {
            Self::Absent
        }
    }
}

/// A line after the first: what was done to a flow or to the session, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) input: TracedInput,
    /// The random spans that were drawn meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) drew: Vec<Span>,
    /// The attempts that ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ended: Vec<Ended>,
    /// The circuit breakers that changed, each with its new state.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) breakers: Vec<(TracedEndpoint, CircuitBreakerState)>,
    /// What a poll returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) step: Option<TracedStep>,
}

/// What was done to a flow or to the session. Flows are numbered in the order of their first polls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TracedInput {
    /// A call begins; its first poll follows.
    Call(Box<TracedCall>),
    /// A request that is not an operation begins; its first poll follows.
    Plain(Box<TracedPlain>),
    Poll {
        flow: u64,
        at: At,
    },
    /// The end of an exchange; none if the flow did not expect it.
    Report {
        flow: u64,
        at: At,
        exchange: u64,
        end: Option<TracedEnd>,
    },
    ReleaseExchange {
        exchange: u64,
        at: At,
    },
    SetCredentials(SourceKind),
    /// Credentials were looked up for no call.
    LookUp {
        at: At,
        deadline: Span,
    },
    ExtendRefresh {
        refresh: u64,
        at: Span,
        until: Span,
    },
    EndRefresh(Box<TracedRefresh>),
    FailRefresh {
        refresh: u64,
        at: At,
        was_cut_short: bool,
        is_transient: bool,
        is_unreachable: bool,
    },
    ReleaseRefresh {
        refresh: u64,
    },
    /// The session was dropped. The last line.
    End,
}

/// A call, as far as it decides what is done with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracedCall {
    pub(crate) flow: u64,
    pub(crate) action: String,
    pub(crate) version: String,
    pub(crate) effect: Effect,
    pub(crate) has_result_code: bool,
    /// Whether its parameters are too long for a URL.
    pub(crate) is_too_long: bool,
    pub(crate) signer: TracedSigner,
    pub(crate) origin: Option<TracedEndpoint>,
    pub(crate) endpoint: Option<TracedEndpoint>,
    pub(crate) repeat: Repeat,
    pub(crate) total_timeout: Option<Span>,
    pub(crate) hedge_after: Option<Span>,
}

/// What a call is signed with. Accounts are numbered in the order of their first calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TracedSigner {
    Session,
    Account(u64),
    Own,
    Unsigned,
}

/// A request that is not an operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracedPlain {
    pub(crate) flow: u64,
    pub(crate) action: String,
    pub(crate) endpoint: TracedEndpoint,
    pub(crate) connect_timeout: Span,
    pub(crate) read_timeout: Span,
    pub(crate) max_attempts: usize,
    pub(crate) backoff: Span,
    pub(crate) retries_connecting: bool,
    pub(crate) deadline: Span,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TracedEnd {
    Failed(Classification),
    Responded(Box<TracedResponse>),
    /// Of a request that is not an operation.
    PlainResponse {
        status: u16,
        classification: Classification,
    },
}

impl TracedEnd {
    pub(crate) fn responded(response: TracedResponse) -> Self {
        Self::Responded(Box::new(response))
    }
}

/// A response, as far as it decides what follows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracedResponse {
    pub(crate) status: u16,
    /// Before it is known whether there is a remedy, such as a clock skew to be learnt.
    pub(crate) classification: Classification,
    /// The code, if it is a known one; else `other`.
    pub(crate) code: Option<String>,
    /// Whether the operation has this code for an ID that is unknown at an endpoint.
    pub(crate) is_unknown_id: bool,
    pub(crate) is_success: bool,
    pub(crate) is_unreadable: bool,
    /// The service's time, if it refused the time stamp.
    pub(crate) date: Option<UnixTime>,
    pub(crate) retry_after: Span,
}

/// Credentials that a refresh has fetched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TracedRefresh {
    pub(crate) refresh: u64,
    pub(crate) at: At,
    pub(crate) lifetime: Option<Span>,
    pub(crate) fresh_for: Option<Span>,
    /// Whether they had expired on arrival.
    pub(crate) is_on_trial: bool,
    /// Whether they are those of a metadata service.
    pub(crate) is_metadata: bool,
    /// Whether they are those that the service refused last.
    pub(crate) is_refused: bool,
    /// What can come of the source that the session keeps using, if it keeps one.
    pub(crate) pinned: Option<SourceKind>,
}

/// An attempt that ended, and what the retry rule decided after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    exchange: u64,
    outcome: OutcomeKind,
    decision: RetryDecision,
}

impl Ended {
    pub(crate) fn new(
        exchange: ExchangeId,
        outcome: &AttemptOutcome,
        decision: RetryDecision,
    ) -> Self {
        Self {
            exchange: exchange.0,
            outcome: OutcomeKind::of(outcome),
            decision,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutcomeKind {
    NotSent,
    NoResponse,
    TimedOut,
    Superseded,
    Unreadable,
    Response,
}

impl OutcomeKind {
    fn of(outcome: &AttemptOutcome) -> Self {
        match outcome {
            AttemptOutcome::NotSent(_) => Self::NotSent,
            AttemptOutcome::NoResponse { .. } => Self::NoResponse,
            AttemptOutcome::TimedOut => Self::TimedOut,
            AttemptOutcome::Superseded => Self::Superseded,
            AttemptOutcome::Unreadable { .. } => Self::Unreadable,
            AttemptOutcome::Response { .. } => Self::Response,
        }
    }
}

/// What a poll returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum TracedStep {
    Send {
        exchange: u64,
        endpoint: TracedEndpoint,
        connect: Span,
        read: Span,
        total: Span,
        /// The time stamp of a signed operation, by the service's clock as far as its skew is known.
        stamped: Option<UnixTime>,
    },
    Abandon(u64),
    Wait(Span),
    Authenticate {
        refresh: u64,
        deadline: Span,
        wanted_until: Span,
    },
    Done(CallOutcome),
    /// Another step, which no recorded flow returns.
    Other,
}

impl TracedStep {
    pub(crate) fn authenticate(ticket: &RefreshTicket) -> Self {
        Self::Authenticate {
            refresh: ticket.id.0,
            deadline: ticket.deadline.into(),
            wanted_until: ticket.wanted_until.into(),
        }
    }

    pub(crate) fn send(
        exchange: ExchangeId,
        endpoint: &Endpoint,
        timeouts: Timeouts,
        stamped: Option<UnixTime>,
    ) -> Self {
        Self::Send {
            exchange: exchange.0,
            endpoint: endpoint.into(),
            connect: timeouts.connect.into(),
            read: timeouts.read.into(),
            total: timeouts.total.into(),
            stamped,
        }
    }
}
