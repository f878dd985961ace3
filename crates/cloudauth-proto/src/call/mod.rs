//! A call: one operation with its attempts, failover and result.

mod classify;
mod due;
mod findings;
mod in_flight;
pub(crate) mod plain;
mod result;
mod signer;
mod state;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow::{Break, Continue};

use result::Success;
pub(crate) use signer::Signer;
use state::CallState;

use crate::clock::Now;
use crate::decode::{DecodeErrorKind, payload};
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Error};
use crate::event::CallOutcome;
use crate::exchange::{EncodedOperation, ExchangeId};
use crate::flow::{Flow, Step};
use crate::http::{Failure, Head, Response};
use crate::operation::{InvalidOperation, Operation};
use crate::policy::CallOptions;
use crate::session::Session;
use crate::sign::check_names;

/// A [`Flow`] that calls one operation: it sends it, retries and fails over as the session's
/// [`Policy`](crate::Policy) allows, and decodes the response.
///
/// The total time-out begins at the first poll.
///
/// ```text
///           ┌─ backoff, rate limit ─┐
///           ▼                       │
/// Due ── choose, withdraw ──▶ Waiting ── response ──▶ judge ── final, uncertain ──▶ Settled ──▶ Finished
///  ▲                          │  ▲  └ hedge due: one more exchange                     ▲
///  └──────────────────────────┘  └───────────┘                                         │
///    again, at another endpoint                       nothing left to try, or no time ─┘
/// ```
///
/// | state | [`poll`](Flow::poll) returns |
/// |---|---|
/// | Due: an exchange is to be started | [`Step::Send`], or [`Step::Wait`] during a backoff or for the rate limit, or [`Step::Authenticate`] if there are no valid credentials |
/// | Waiting: exchanges are in flight | [`Step::Wait`] until the next time limit, [`Step::Send`] for a hedge |
/// | Settled: the result is known | [`Step::Abandon`] for each exchange that is still in flight, then [`Step::Done`] |
/// | Finished | [`Step::Done`] with [`Error::Finished`] |
pub struct Call<O: Operation> {
    state: CallState,
    /// The reply in the last response. A call without one is small.
    value: Option<Box<O::Response>>,
}

impl<O: Operation> Call<O> {
    /// Checks the operation and encodes its parameters.
    ///
    /// Fails with [`Error::Invalid`], which names every field that is missing or malformed; nothing is
    /// sent then.
    pub fn new(operation: &O, options: CallOptions) -> Result<Self, Error> {
        let metadata = operation.metadata();
        let mut problems = check_names(&metadata.action, &metadata.version);
        problems.extend(operation.check());
        if !problems.is_empty() {
            let action = metadata.action;
            return Err(Error::Invalid(Box::new(InvalidOperation {
                action,
                fields: problems,
            })));
        }
        let mut params = Params::new();
        operation.encode(&mut params);
        let encoded = EncodedOperation {
            params,
            origin: operation.origin().cloned(),
            metadata,
        };
        Ok(Self {
            state: CallState::new(encoded, options),
            value: None,
        })
    }

    /// Signs with something else than the session's credentials.
    pub(crate) fn signed_by(mut self, signer: Signer) -> Self {
        self.state.sign_with(signer);
        self
    }

    /// The reply in the response that ended the call, which is the last one that was decoded.
    fn reply(&mut self, success: Success) -> Result<Reply<O::Response>, Error> {
        let Success {
            response,
            endpoint,
            request_id,
        } = success;
        let Response { head, body: raw } = response;
        let attempts = self.state.take_attempts();
        let Some(mut value) = self.value.take().map(|value| *value) else {
            // A success has been decoded, so this does not happen.
            let operation = self.state.operation();
            return Err(operation.undecodable(head.status, DecodeErrorKind::Empty, raw));
        };
        O::set_origin(&mut value, &endpoint);
        Ok(Reply {
            value,
            endpoint,
            request_id,
            attempts,
            head,
            raw,
        })
    }
}

impl<O: Operation> fmt::Debug for Call<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl<O: Operation> Flow for Call<O> {
    type Output = Reply<O::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match self.state.poll(session, now).or_done() {
            Break(result) => {
                let result = result.and_then(|success| self.reply(success));
                session.record(|| self.state.end_event(CallOutcome::of(&result)));
                Step::Done(result)
            }
            Continue(step) => step,
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        let value = &mut self.value;
        self.state
            .report(session, id, result, now, &mut |body, metadata| {
                let decoded = payload::read(body, metadata.payload, metadata.result_field)?;
                let (read, problem) = match decoded.payload {
                    Ok(read) => (Some(Box::new(read)), None),
                    Err(problem) => (None, Some(problem)),
                };
                *value = read;
                Ok((decoded.envelope, problem))
            });
    }
}

/// The reply of an operation: its decoded value, and how it was obtained.
///
/// `Debug` shows the value, in which personal data is redacted, and the length of the raw response.
#[non_exhaustive]
pub struct Reply<T> {
    /// The decoded value. Fields of it that could not be read are absent, and named in its list `unreadable`
    /// if it is a reply of [`ops`](crate::ops).
    pub value: T,
    /// The endpoint that responded. A verification that was opened there may be unknown at other
    /// endpoints: whether regions share verifications is not documented.
    pub endpoint: Endpoint,
    /// The request ID of the response.
    pub request_id: Option<String>,
    /// The attempts; the successful one is last.
    pub attempts: Vec<Attempt>,
    /// The status and the headers of the response.
    pub(crate) head: Head,
    /// The raw response, for fields that this crate does not decode. Sensitive.
    pub raw: Vec<u8>,
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("value", &self.value)
            .field("endpoint", &self.endpoint)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .field("raw_bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}
