//! Observation of calls: the `on_attempt` hook and `tracing`.

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use cloudauth_proto::{Attempt, AttemptOutcome, Error, Operation, Reply};
use tracing::{Level, Span};

type Hook = Arc<dyn Fn(&str, &Attempt) + Send + Sync>;

/// Reports the attempts of calls to the `on_attempt` hook and to `tracing`.
///
/// Each call has a span `cloudauth`. When the call has ended, each of its attempts becomes an event in
/// that span, with the field names of OpenTelemetry's HTTP client conventions. Spans and events hold
/// no query string, body, key or personal data. Without a hook and a subscriber nothing is computed.
/// A call whose future was dropped is not reported.
#[derive(Clone, Default)]
pub struct Observer(Option<Hook>);

impl Observer {
    pub(crate) fn new(hook: impl Fn(&str, &Attempt) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// Starts the observation of a call.
    #[must_use]
    pub fn begin(&self, operation: &impl Operation) -> ObservedCall {
        let is_traced = tracing::enabled!(target: "cloudauth", Level::INFO);
        if self.0.is_none() && !is_traced {
            return ObservedCall::default();
        }
        let terms = operation.metadata();
        let span = tracing::info_span!(
            target: "cloudauth",
            "cloudauth",
            otel.kind = "client",
            action = &*terms.action,
            http.request.method = terms.method.as_str()
        );
        let hook = self.0.clone().map(|hook| (terms.action, hook));
        ObservedCall { span, hook }
    }
}

/// A call under observation.
#[derive(Clone)]
pub struct ObservedCall {
    span: Span,
    hook: Option<(Cow<'static, str>, Hook)>,
}

impl Default for ObservedCall {
    fn default() -> Self {
        let (span, hook) = (Span::none(), None);
        Self { span, hook }
    }
}

impl ObservedCall {
    /// The span in which the driver runs the call.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Reports the attempts of the call, which has ended with this result.
    pub fn end<T>(&self, result: &Result<Reply<T>, Error>) {
        let attempts = match result {
            Ok(reply) => &*reply.attempts,
            Err(error) => error.attempts(),
        };
        if let Some((action, hook)) = &self.hook {
            for attempt in attempts {
                hook(action, attempt);
            }
        }
        self.span.in_scope(|| {
            if tracing::enabled!(target: "cloudauth", Level::DEBUG) {
                for (resend, attempt) in attempts.iter().enumerate() {
                    trace(resend, attempt);
                }
            }
        });
    }
}

/// Emits the event of one attempt; `resend` is its number, starting at 0.
fn trace(resend: usize, attempt: &Attempt) {
    let (status, code) = match &attempt.outcome {
        AttemptOutcome::Response { status, code } => (Some(*status), code.as_deref()),
        AttemptOutcome::NoResponse { status, .. } => (*status, None),
        AttemptOutcome::NotSent(_) | AttemptOutcome::TimedOut | AttemptOutcome::Superseded | _ => {
            (None, None)
        }
    };
    let failure = match &attempt.outcome {
        AttemptOutcome::NotSent(_) => Some("not_sent"),
        AttemptOutcome::NoResponse { .. } => Some("no_reply"),
        AttemptOutcome::TimedOut => Some("timeout"),
        AttemptOutcome::Superseded => Some("overtaken"),
        AttemptOutcome::Response { .. } | _ => None,
    };
    let error_status = status.filter(|status| *status >= 400);
    let error_status = error_status.map(|status| status.to_string());
    let took = attempt.ended.saturating_since(attempt.started);
    tracing::debug!(
        target: "cloudauth",
        {
        server.address = &**attempt.endpoint.authority(),
        http.request.resend_count = resend,
        http.response.status_code = status,
        "error.type" = failure.or(error_status.as_deref()),
        code,
        request_id = attempt.request_id.as_deref(),
        seconds = took.as_secs_f64(),
        },
        "attempt"
    );
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observer").field(&self.0.is_some()).finish()
    }
}

impl fmt::Debug for ObservedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ObservedCall").field(&self.span).finish()
    }
}
