//! Observation of flows: the `on_attempt` hook, `tracing`, and metrics.

use core::fmt;
use std::sync::Arc;

use cloudauth_proto::Attempt;
use cloudauth_proto::driver::{AttemptInfo, CircuitBreakerState, Event, ExchangeId};
use cloudauth_proto::policy::Classification;
use tracing::field::Empty;
use tracing::{Level, Span};

#[cfg(feature = "metrics")]
use crate::metrics::Metrics;
use crate::outcome::outcome;

type Hook = Arc<dyn Fn(&str, &Attempt) + Send + Sync>;

/// Reports what happens in flows to the `on_attempt` hook, to `tracing` (target `cloudauth`), and, with the
/// feature `metrics`, to OpenTelemetry's global meter. Without any of them nothing is computed.
///
/// # Spans and events
///
/// None of them shows a query, a body, a key or personal data.
///
/// | name | level | fields |
/// |---|---|---|
/// | span `cloudauth`: a flow | INFO | `otel.kind`, `action` (of its first attempt) |
/// | span `attempt`: an exchange, within it | INFO | `otel.kind`, `action`, `http.request.method`, `server.address`, `http.request.resend_count`, `http.response.status_code`, `error.type`, `code`, `request_id` |
/// | event `attempt`: its end, within it | DEBUG | `seconds`, and the fields of the span that are known then |
/// | event `failed over` | WARN | `action`, `from`, `to`, `reason` |
/// | event `circuit breaker opened` | WARN | `server.address` |
/// | event `circuit breaker closed` | INFO | `server.address` |
/// | event `credentials could not be refreshed` | WARN | `error` |
/// | event `sources of credentials were skipped`, when the source is found | WARN | `source`, `skipped` |
/// | event `dropped`: the future of a flow was dropped | WARN if an attempt was in flight, whose outcome is then unknown, else DEBUG | `in_flight` |
///
/// `action` is the operation, or `credentials`, `PostObject` (an upload), `GetObject` (a picture or video).
/// `error.type` is `not_sent`, `no_response`, `timed_out`, `superseded`, `unreadable`, or an HTTP status of
/// 400 or more.
#[cfg_attr(feature = "metrics", doc = include_str!("metrics.md"))]
#[derive(Clone, Default)]
pub struct Observer {
    hook: Option<Hook>,
    #[cfg(feature = "metrics")]
    metrics: Metrics,
}

impl Observer {
    pub(crate) fn new(hook: impl Fn(&str, &Attempt) + Send + Sync + 'static) -> Self {
        Self {
            hook: Some(Arc::new(hook)),
            #[cfg(feature = "metrics")]
            metrics: Metrics::default(),
        }
    }

    /// Begins the observation of a flow.
    #[must_use]
    pub fn begin(&self) -> ObservedFlow {
        let is_traced = tracing::enabled!(target: "cloudauth", Level::WARN);
        let is_on = is_traced || self.hook.is_some() || cfg!(feature = "metrics");
        if !is_on {
            return ObservedFlow::off();
        }
        let span = tracing::info_span!(
            target: "cloudauth",
            "cloudauth",
            otel.kind = "client",
            action = Empty
        );
        ObservedFlow {
            observer: Some(self.clone()),
            span,
            has_action: false,
            attempts: Vec::new(),
        }
    }
}

/// A flow under observation.
pub struct ObservedFlow {
    /// None if nobody observes.
    observer: Option<Observer>,
    span: Span,
    has_action: bool,
    /// The attempts in flight.
    attempts: Vec<(ExchangeId, Span)>,
}

impl ObservedFlow {
    fn off() -> Self {
        Self {
            observer: None,
            span: Span::none(),
            has_action: false,
            attempts: Vec::new(),
        }
    }

    /// Whether somebody observes, so that events are wanted.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.observer.is_some()
    }

    /// The span in which the driver runs an exchange.
    #[must_use]
    pub fn attempt(&self, exchange: ExchangeId) -> Span {
        let found = self.attempts.iter().find(|(id, _)| *id == exchange);
        found.map_or_else(Span::none, |(_, span)| span.clone())
    }

    /// Reports the events of the flow.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other events concern no attempt"
    )]
    pub fn record(&mut self, events: Vec<Event>) {
        for event in events {
            self.span.in_scope(|| report(&event));
            #[cfg(feature = "metrics")]
            if let Some(observer) = &self.observer {
                observer.metrics.record(&event);
            }
            match event {
                Event::AttemptStarted { info, .. } => {
                    let span = self.start(&info);
                    self.attempts.push((info.exchange, span));
                }
                Event::AttemptEnded { info, attempt } => {
                    let span = self.attempt(info.exchange);
                    self.attempts.retain(|(id, _)| *id != info.exchange);
                    end(&span, &info, &attempt);
                    let hook = self.observer.as_ref().and_then(|it| it.hook.as_ref());
                    if let Some(hook) = hook {
                        hook(&info.action, &attempt);
                    }
                }
                _ => {}
            }
        }
    }

    /// Begins the span of an attempt.
    fn start(&mut self, info: &AttemptInfo) -> Span {
        if !self.has_action {
            self.span.record("action", &*info.action);
            self.has_action = true;
        }
        tracing::info_span!(
            target: "cloudauth",
            parent: &self.span,
            "attempt",
            otel.kind = "client",
            action = &*info.action,
            http.request.method = info.method.as_str(),
            server.address = &**info.endpoint.authority(),
            http.request.resend_count = info.resend,
            http.response.status_code = Empty,
            "error.type" = Empty,
            code = Empty,
            request_id = Empty,
        )
    }

    /// The flow has ended, so that dropping this is no loss.
    pub fn end(&mut self) {
        self.observer = None;
    }
}

/// Tells of a flow that was dropped before its end.
impl Drop for ObservedFlow {
    fn drop(&mut self) {
        if self.observer.is_none() {
            return;
        }
        let in_flight = self.attempts.len();
        self.span.in_scope(|| {
            if in_flight > 0 {
                tracing::warn!(target: "cloudauth", in_flight, "dropped");
            } else {
                tracing::debug!(target: "cloudauth", in_flight, "dropped");
            }
        });
    }
}

/// Emits the event of what an operator wants to know of.
#[expect(clippy::wildcard_enum_match_arm, reason = "other events are no news")]
fn report(event: &Event) {
    match event {
        Event::AttemptStarted {
            info:
                AttemptInfo {
                    action,
                    endpoint: to,
                    ..
                },
            after: Some((from, reason)),
        } if from != to && *reason != Classification::UnknownHere => {
            let (from, to) = (&**from.authority(), &**to.authority());
            let (action, reason) = (&**action, reason.as_str());
            tracing::warn!(target: "cloudauth", action, from, to, reason, "failed over");
        }
        Event::CircuitBreaker { endpoint, state } => {
            let host = &**endpoint.authority();
            match state {
                CircuitBreakerState::Open => {
                    tracing::warn!(target: "cloudauth", { server.address = host }, "circuit breaker opened");
                }
                CircuitBreakerState::Closed => {
                    tracing::info!(target: "cloudauth", { server.address = host }, "circuit breaker closed");
                }
                CircuitBreakerState::HalfOpen => {}
            }
        }
        Event::SourcesSkipped { source, skipped } => {
            let skipped: Vec<_> = skipped.iter().map(ToString::to_string).collect();
            let skipped = skipped.join("; ");
            tracing::warn!(target: "cloudauth", source, skipped, "sources of credentials were skipped");
        }
        Event::Refreshed { error: Some(error) } => {
            tracing::warn!(target: "cloudauth", %error, "credentials could not be refreshed");
        }
        _ => {}
    }
}

/// Completes the span of an attempt, and emits its event.
fn end(span: &Span, info: &AttemptInfo, attempt: &Attempt) {
    let (status, code, error) = outcome(attempt);
    let request_id = attempt.request_id.as_deref();
    if let Some(status) = status {
        span.record("http.response.status_code", status);
    }
    for (field, value) in [
        ("error.type", error.as_deref()),
        ("code", code),
        ("request_id", request_id),
    ] {
        if let Some(value) = value {
            span.record(field, value);
        }
    }
    span.in_scope(|| {
        let took = attempt.ended.saturating_since(attempt.started);
        tracing::debug!(
            target: "cloudauth",
            {
            action = &*info.action,
            server.address = &**info.endpoint.authority(),
            http.request.resend_count = info.resend,
            http.response.status_code = status,
            "error.type" = error,
            code,
            request_id,
            seconds = took.as_secs_f64(),
            },
            "attempt"
        );
    });
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer")
            .field(&self.hook.is_some())
            .finish()
    }
}

impl fmt::Debug for ObservedFlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObservedFlow").field(&self.span).finish()
    }
}
