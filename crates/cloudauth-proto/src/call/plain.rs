//! The state machine for requests that are not operations: the object store, the metadata service,
//! logins, credentials URIs.
//!
//! Sending such a request twice does no harm, so it is repeated after every failure that may be
//! transient. There is one endpoint, and so no failover.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::{classify, trace};
use crate::clock::{MonoTime, Now};
use crate::decode::payload;
use crate::endpoint::Endpoint;
use crate::error::{Attempt, AttemptOutcome};
use crate::event::{AttemptInfo, Event};
use crate::exchange::{Content, Exchange, ExchangeId};
use crate::flow::Step;
use crate::http::{Failure, Method, Response, Timeouts};
use crate::policy::{Classification, Effect, Policy, Repeat, judge};
use crate::session::Session;
use crate::trace::{Ended, TracedEnd, TracedInput, TracedPlain, Tracer};

/// The limits of a [`PlainCall`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlainLimits {
    pub(crate) connect_timeout: Duration,
    pub(crate) read_timeout: Duration,
    /// The largest response body in bytes.
    pub(crate) response_limit: usize,
    pub(crate) max_attempts: usize,
    /// The time between two attempts. Without one, throttled requests are not repeated.
    pub(crate) backoff: Duration,
    /// Whether a connection that cannot be made is worth another attempt.
    pub(crate) retries_connecting: bool,
    pub(crate) deadline: MonoTime,
}

/// The time between two attempts at the object store; there is no other store to fail over to.
const STORE_BACKOFF: Duration = Duration::from_millis(200);

impl PlainLimits {
    /// The limits of requests to the object store, until `deadline`.
    pub(crate) fn of_store(policy: &Policy, deadline: MonoTime) -> Self {
        Self {
            connect_timeout: policy.connect_timeout,
            read_timeout: policy.read_timeout,
            response_limit: policy.response_limit,
            max_attempts: policy.max_attempts,
            backoff: STORE_BACKOFF,
            retries_connecting: true,
            deadline,
        }
    }
}

/// What a [`PlainCall`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Credentials,
    Upload,
    Download,
}

impl Purpose {
    /// The name in events; those of the object store are its operations.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Upload => "PostObject",
            Self::Download => "GetObject",
        }
    }
}

pub(crate) struct PlainCall {
    purpose: Purpose,
    content: Content,
    endpoint: Endpoint,
    limits: PlainLimits,
    attempts: Vec<Attempt>,
    phase: PlainPhase,
    /// Its number in the trace of the session, once it was polled, if there is one.
    flow: Option<u64>,
}

enum PlainPhase {
    /// To be sent, not before this time.
    Due(MonoTime),
    InFlight {
        id: ExchangeId,
        started: MonoTime,
        until: MonoTime,
    },
    Over(Option<Response>),
}

/// How a [`PlainCall`] ended.
pub(crate) struct PlainResult {
    /// The response, of whatever status; none if there is none, or only one that may be transient.
    pub(crate) response: Option<Response>,
    pub(crate) attempts: Vec<Attempt>,
    /// Whether the deadline ended it.
    pub(crate) is_out_of_time: bool,
}

impl PlainResult {
    /// The response if its status is 2xx, else the attempts.
    pub(crate) fn success(self) -> Result<Response, Vec<Attempt>> {
        let is_success = |response: &Response| (200..300).contains(&response.head.status);
        self.response.filter(is_success).ok_or(self.attempts)
    }
}

impl PlainCall {
    pub(crate) fn new(
        purpose: Purpose,
        content: Content,
        endpoint: Endpoint,
        limits: PlainLimits,
    ) -> Self {
        Self {
            purpose,
            content,
            endpoint,
            limits,
            attempts: Vec::new(),
            phase: PlainPhase::Due(MonoTime::default()),
            flow: None,
        }
    }

    pub(crate) fn poll(&mut self, session: &mut Session, now: Now) -> Step<PlainResult> {
        self.trace_start(session);
        let step = self.next_step(session, now);
        if let Some(flow) = self.flow {
            session.trace(|| {
                let at = now.into();
                (TracedInput::Poll { flow, at }, Some(trace::step(&step)))
            });
        }
        step
    }

    /// Tells the trace of the session of this call, once.
    fn trace_start(&mut self, session: &mut Session) {
        if self.flow.is_some() {
            return;
        }
        self.flow = session.tracer().map(Tracer::flow);
        if let Some(flow) = self.flow {
            session.trace(|| {
                let plain = TracedPlain {
                    flow,
                    action: self.purpose.action().into(),
                    endpoint: (&self.endpoint.without_bucket()).into(),
                    connect_timeout: self.limits.connect_timeout.into(),
                    read_timeout: self.limits.read_timeout.into(),
                    max_attempts: self.limits.max_attempts,
                    backoff: self.limits.backoff.into(),
                    retries_connecting: self.limits.retries_connecting,
                    deadline: self.limits.deadline.into(),
                };
                (TracedInput::Plain(Box::new(plain)), None)
            });
        }
    }

    fn next_step(&mut self, session: &mut Session, now: Now) -> Step<PlainResult> {
        let limits = &self.limits;
        match &mut self.phase {
            PlainPhase::Due(_) if self.attempts.len() >= limits.max_attempts => {
                self.ended(None, now)
            }
            &mut PlainPhase::Due(at) if now.mono < at && at < limits.deadline => Step::Wait(at),
            &mut PlainPhase::Due(at) => {
                if now.mono < at || now.mono >= limits.deadline {
                    return self.ended(None, now);
                }
                let rest = limits.deadline.saturating_since(now.mono);
                let timeouts = Timeouts::new(limits.connect_timeout, limits.read_timeout, rest);
                let id = session.next_exchange();
                session.record(|| Event::AttemptStarted {
                    info: self.info(id),
                    after: None,
                });
                self.phase = PlainPhase::InFlight {
                    id,
                    started: now.mono,
                    until: now.mono + timeouts.total,
                };
                Step::Send(Exchange {
                    id,
                    timeouts,
                    response_limit: limits.response_limit,
                    content: self.content.clone(),
                })
            }
            &mut PlainPhase::InFlight { until, .. } if now.mono < until => Step::Wait(until),
            &mut PlainPhase::InFlight { id, started, .. } => {
                let outcome = AttemptOutcome::TimedOut;
                let classification = Classification::NoResponse;
                self.failed(session, id, started, (outcome, classification), now);
                Step::Abandon(id)
            }
            PlainPhase::Over(response) => {
                let response = response.take();
                self.ended(response, now)
            }
        }
    }

    pub(crate) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        let started = match self.phase {
            PlainPhase::InFlight {
                id: sent, started, ..
            } if sent == id => started,
            PlainPhase::InFlight { .. } | PlainPhase::Due(_) | PlainPhase::Over(_) => return,
        };
        let end = match result {
            Ok(response) => {
                let status = response.head.status;
                // The body of a success may be a large picture.
                let refusal = (status >= 300).then(|| payload::envelope(&response.body));
                let code = refusal
                    .and_then(Result::ok)
                    .and_then(|refusal| refusal.code);
                let classification = Classification::of_unavailable(status, code.as_deref())
                    .unwrap_or(Classification::Final);
                let outcome = AttemptOutcome::Response { status, code };
                self.failed(session, id, started, (outcome, classification), now);
                let may_pass = match status {
                    429 => !self.limits.backoff.is_zero(),
                    _ => status >= 500,
                };
                if !may_pass {
                    self.phase = PlainPhase::Over(Some(response));
                }
                TracedEnd::PlainResponse {
                    status,
                    classification,
                }
            }
            Err(failure) => {
                let (outcome, classification, _) = classify::failure(failure);
                let is_final = classification == Classification::LocalFailure
                    || (matches!(outcome, AttemptOutcome::NotSent(_))
                        && !self.limits.retries_connecting);
                self.failed(session, id, started, (outcome, classification), now);
                if is_final {
                    self.phase = PlainPhase::Over(None);
                }
                TracedEnd::Failed(classification)
            }
        };
        if let Some(flow) = self.flow {
            session.trace(|| {
                let report = TracedInput::Report {
                    flow,
                    at: now.into(),
                    exchange: id.0,
                    end: Some(end),
                };
                (report, None)
            });
        }
    }

    fn info(&self, exchange: ExchangeId) -> AttemptInfo {
        let method = match &self.content {
            Content::Plain(request) => request.method,
            Content::File(_) | Content::Operation { .. } => Method::Post,
        };
        AttemptInfo {
            exchange,
            action: self.purpose.action().into(),
            method,
            endpoint: self.endpoint.without_bucket(),
            resend: self.attempts.len(),
        }
    }

    fn failed(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        started: MonoTime,
        (outcome, classification): (AttemptOutcome, Classification),
        now: Now,
    ) {
        let decision = judge(classification, Effect::Idempotent, Repeat::ByEffect);
        session.trace_end(|| Ended::new(id, &outcome, decision));
        let attempt = Attempt {
            endpoint: self.endpoint.without_bucket(),
            started,
            ended: now.mono,
            outcome,
            request_id: None,
            decision,
        };
        session.record(|| Event::AttemptEnded {
            info: self.info(id),
            attempt: attempt.clone(),
        });
        self.attempts.push(attempt);
        self.phase = PlainPhase::Due(now.mono + self.limits.backoff);
    }

    fn ended(&mut self, response: Option<Response>, now: Now) -> Step<PlainResult> {
        let attempts = mem::take(&mut self.attempts);
        let is_out_of_time = response.is_none() && now.mono >= self.limits.deadline;
        Step::Done(Ok(PlainResult {
            response,
            attempts,
            is_out_of_time,
        }))
    }
}
