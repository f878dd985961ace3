//! The attempts of a call, and the fields that every result of a call has.

use cloudauth_proto::{Attempt, AttemptOutcome, Reply};
use serde_json::{Value, json};

use crate::output::{Output, OutputField, one_line};

/// Request ID, endpoint, and every attempt, the successful one last.
pub(crate) fn exchange_fields<T>(reply: &Reply<T>, output: &Output) -> [OutputField; 3] {
    let attempts = if output.is_json() {
        json(&reply.attempts)
    } else {
        reply.attempts.iter().map(line).collect()
    };
    [
        ("RequestId", json!(reply.request_id)),
        ("endpoint", json!(reply.endpoint.to_string())),
        ("attempts", attempts),
    ]
}

/// The attempts as JSON objects. Times are in milliseconds; `started_ms` counts from the first attempt.
pub(crate) fn json(attempts: &[Attempt]) -> Value {
    let began = attempts.iter().map(|attempt| attempt.started).min();
    let object = |attempt: &Attempt| {
        let (outcome, status, code, detail) = match &attempt.outcome {
            AttemptOutcome::NotSent(cause) => ("not_sent", None, None, Some(cause.to_string())),
            AttemptOutcome::NoResponse { status, cause } => {
                ("no_response", *status, None, Some(cause.to_string()))
            }
            AttemptOutcome::TimedOut => ("timed_out", None, None, None),
            AttemptOutcome::Superseded => ("superseded", None, None, None),
            AttemptOutcome::Unreadable { status, reason } => {
                ("unreadable", Some(*status), None, Some(reason.to_string()))
            }
            AttemptOutcome::Response { status, code } => {
                ("response", Some(*status), code.as_deref(), None)
            }
            other => ("other", None, None, Some(other.to_string())),
        };
        let started = began.map_or(0.0, |began| millis(attempt.started.saturating_since(began)));
        json!({
            "endpoint": attempt.endpoint.to_string(),
            "outcome": outcome,
            "status": status,
            "Code": code,
            "detail": detail.map(|text| one_line(&text)),
            "RequestId": attempt.request_id,
            "started_ms": started,
            "took_ms": took(attempt),
        })
    };
    attempts.iter().map(object).collect()
}

fn line(attempt: &Attempt) -> String {
    let Attempt {
        endpoint, outcome, ..
    } = attempt;
    one_line(&format!("{endpoint}: {outcome}, {:.1} ms", took(attempt)))
}

/// How long an attempt took, in milliseconds.
pub(crate) fn took(attempt: &Attempt) -> f64 {
    millis(attempt.ended.saturating_since(attempt.started))
}

/// Rounded to microseconds.
fn millis(duration: core::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
