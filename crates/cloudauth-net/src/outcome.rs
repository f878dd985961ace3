//! How an attempt ended, in the terms of OpenTelemetry.

use cloudauth_proto::{Attempt, AttemptOutcome};

/// The status and the code of an attempt, and its `error.type`.
pub(crate) fn outcome(attempt: &Attempt) -> (Option<u16>, Option<&str>, Option<String>) {
    let (status, code, failure) = match &attempt.outcome {
        AttemptOutcome::NotSent(_) => (None, None, Some("not_sent")),
        AttemptOutcome::NoResponse { status, .. } => (*status, None, Some("no_response")),
        AttemptOutcome::TimedOut => (None, None, Some("timed_out")),
        AttemptOutcome::Superseded => (None, None, Some("superseded")),
        AttemptOutcome::Unreadable { status, .. } => (Some(*status), None, Some("unreadable")),
        AttemptOutcome::Response { status, code } => (Some(*status), code.as_deref(), None),
        _ => (None, None, None),
    };
    let error_status = status.filter(|status| *status >= 400);
    let error = failure.map(ToOwned::to_owned);
    let error = error.or_else(|| error_status.map(|status| status.to_string()));
    (status, code, error)
}
