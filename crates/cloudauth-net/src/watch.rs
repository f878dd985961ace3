//! What those who operate a client get to see of its calls.

use core::fmt;
use std::borrow::Cow;
use std::sync::Arc;

use cloudauth_proto::{Attempt, Error, Operation, Outcome, Reply};
use tracing::{Level, Span};

type Hook = Arc<dyn Fn(&str, &Attempt) + Send + Sync>;

/// Tells of the attempts of calls: a hook, and `tracing`.
///
/// `tracing` gets a span `cloudauth` for each call and, when the call is over, an event for each of
/// its attempts, with the names of OpenTelemetry's HTTP client conventions. There is never a query, a
/// body, a key or a person in them, and without a subscriber nothing is computed. A call whose
/// future was dropped is not told of.
#[derive(Clone, Default)]
pub struct Watch(Option<Hook>);

impl Watch {
    pub(crate) fn new(hook: impl Fn(&str, &Attempt) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    /// A call begins.
    #[must_use]
    pub fn begin(&self, operation: &impl Operation) -> Watched {
        let is_traced = tracing::enabled!(target: "cloudauth", Level::INFO);
        if self.0.is_none() && !is_traced {
            return Watched::default();
        }
        let terms = operation.terms();
        let span = tracing::info_span!(
            target: "cloudauth",
            "cloudauth",
            otel.kind = "client",
            action = &*terms.action,
            http.request.method = terms.method.as_str()
        );
        let hook = self.0.clone().map(|hook| (terms.action, hook));
        Watched { span, hook }
    }
}

/// A call that is watched.
#[derive(Clone)]
pub struct Watched {
    span: Span,
    hook: Option<(Cow<'static, str>, Hook)>,
}

impl Default for Watched {
    fn default() -> Self {
        let (span, hook) = (Span::none(), None);
        Self { span, hook }
    }
}

impl Watched {
    /// What happens meanwhile belongs in it.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call is over.
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
                    tell(resend, attempt);
                }
            }
        });
    }
}

fn tell(resend: usize, attempt: &Attempt) {
    let (status, code) = match &attempt.outcome {
        Outcome::Answered { status, code } => (Some(*status), code.as_deref()),
        Outcome::NoReply { status, .. } => (*status, None),
        Outcome::NotSent(_) | Outcome::Overdue | Outcome::Overtaken | _ => (None, None),
    };
    let failure = match &attempt.outcome {
        Outcome::NotSent(_) => Some("not_sent"),
        Outcome::NoReply { .. } => Some("no_reply"),
        Outcome::Overdue => Some("timeout"),
        Outcome::Overtaken => Some("overtaken"),
        Outcome::Answered { .. } | _ => None,
    };
    let refusal = status.filter(|status| *status >= 400);
    let refusal = refusal.map(|status| status.to_string());
    let took = attempt.ended.saturating_since(attempt.started);
    tracing::debug!(
        target: "cloudauth",
        {
        server.address = &**attempt.endpoint.authority(),
        http.request.resend_count = resend,
        http.response.status_code = status,
        "error.type" = failure.or(refusal.as_deref()),
        code,
        request_id = attempt.request_id.as_deref(),
        seconds = took.as_secs_f64(),
        },
        "attempt"
    );
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.0.is_some()).finish()
    }
}

impl fmt::Debug for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watched").field(&self.span).finish()
    }
}
