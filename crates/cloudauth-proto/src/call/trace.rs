//! What the trace of a session holds of a call.

use alloc::boxed::Box;

use super::classify::Received;
use super::signer::Signer;
use crate::event::CallOutcome;
use crate::exchange::{Content, EncodedOperation};
use crate::flow::Step;
use crate::policy::CallOptions;
use crate::session::Session;
use crate::trace::{TracedCall, TracedInput, TracedResponse, TracedSigner, TracedStep};

/// Traces that a call starts. Returns its number in the trace; zero if there is no trace.
pub(super) fn start(
    session: &mut Session,
    signer: &Signer,
    operation: &EncodedOperation,
    options: &CallOptions,
) -> u64 {
    let is_too_long =
        matches!(signer, Signer::Session) && operation.too_long(session.signs_with()).is_some();
    let Some(tracer) = session.tracer() else {
        return 0;
    };
    let flow = tracer.flow();
    let signer = match signer {
        Signer::Session => TracedSigner::Session,
        Signer::Call(_) => {
            TracedSigner::Account(tracer.account(signer.account().unwrap_or_default()))
        }
        Signer::Own(_) => TracedSigner::Own,
        Signer::Unsigned => TracedSigner::Unsigned,
    };
    let metadata = &operation.metadata;
    let call = TracedCall {
        flow,
        action: metadata.action.clone().into(),
        version: metadata.version.clone().into(),
        effect: metadata.effect,
        has_result_code: metadata.has_result_code,
        is_too_long,
        signer,
        origin: operation.origin.as_ref().map(Into::into),
        endpoint: options.endpoint.as_ref().map(Into::into),
        repeat: options.repeat,
        total_timeout: options.total_timeout.map(Into::into),
        hedge_after: options.hedge_after.map(Into::into),
    };
    session.trace(|| (TracedInput::Call(Box::new(call)), None));
    flow
}

pub(super) fn response(status: u16, received: &Received) -> TracedResponse {
    TracedResponse {
        status,
        classification: received.classification,
        code: received.code.clone(),
        is_unknown_id: received.is_unknown_id,
        is_success: received.is_success,
        is_unreadable: received.unreadable.is_some(),
        date: received.date,
        retry_after: received.retry_after.into(),
    }
}

pub(crate) fn step<T>(step: &Step<T>) -> TracedStep {
    match step {
        Step::Send(exchange) => {
            let (endpoint, stamped) = match &exchange.content {
                Content::Operation {
                    endpoint, stamp, ..
                } => (endpoint.clone(), Some(stamp.at)),
                Content::File(form) => (form.store().clone(), None),
                Content::Plain(request) => (request.endpoint.clone(), None),
            };
            TracedStep::send(
                exchange.id,
                &endpoint.without_bucket(),
                exchange.timeouts,
                stamped,
            )
        }
        Step::Abandon(id) => TracedStep::Abandon(id.0),
        Step::Wait(until) => TracedStep::Wait((*until).into()),
        Step::Authenticate(ticket) => TracedStep::authenticate(ticket),
        Step::Done(result) => TracedStep::Done(CallOutcome::of(result)),
        Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => TracedStep::Other,
    }
}
