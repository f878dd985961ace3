//! A call: one operation with its attempts, failover and result.

mod classify;
mod due;
mod findings;
mod in_flight;
pub(crate) mod plain;
mod replay;
mod result;
mod signer;
mod state;
mod trace;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow::{Break, Continue};

pub(crate) use replay::ReplayedFlow;
use result::Success;
pub(crate) use signer::Signer;
use state::CallState;

use crate::clock::Now;
use crate::codes::{self, Billed};
use crate::credentials::CustomSource;
use crate::decode::{DecodeErrorKind, payload};
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Error};
use crate::event::CallOutcome;
use crate::exchange::{EncodedOperation, ExchangeId};
use crate::flow::{Flow, Step};
use crate::http::{Failure, Head, Response};
use crate::operation::{InvalidOperation, Operation, OperationMetadata};
use crate::policy::{CallOptions, Policy};
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
        let encoded = Arc::new(EncodedOperation {
            params,
            origin: operation.origin().cloned(),
            metadata,
        });
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
        let metadata = &self.state.operation().metadata;
        let is_known = metadata.is_of_this_version();
        Ok(Reply {
            operation: is_known.then(|| metadata.action.clone()),
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
                // The feature, so that small modules leave out what reads the codes of charges.
                let reports_billed = cfg!(feature = "meanings") && session.reports_billed();
                session.record(|| {
                    let reply = result.as_ref().ok().filter(|_| reports_billed);
                    let billed = reply.map(Reply::billed);
                    self.state.end_event(CallOutcome::of(&result), billed)
                });
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
        let mut read = |body: &[u8], metadata: &OperationMetadata| {
            let decoded = payload::read(body, metadata.payload, metadata.result_field)?;
            let (read, problem) = match decoded.payload {
                Ok(read) => (Some(Box::new(read)), None),
                Err(problem) => (None, Some(problem)),
            };
            *value = read;
            Ok((decoded.envelope, problem))
        };
        let mut receive = |response: &Response, metadata: &OperationMetadata, limit| {
            classify::response(response, metadata, limit, &mut read)
        };
        self.state.report(session, id, result, now, &mut receive);
    }
}

/// The reply of an operation: its decoded value, and how it was obtained.
///
/// `Debug` shows the value, in which personal data is redacted, and the length of the raw response.
#[derive(Clone)]
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
    /// The operation, if it is one of this version of the API; what others cost is not known.
    operation: Option<Cow<'static, str>>,
    /// The status and the headers of the response.
    pub(crate) head: Head,
    /// The raw response, for fields that this crate does not decode. Sensitive.
    pub raw: Vec<u8>,
}

impl<T> Reply<T> {
    /// Decodes a response as a call would, for tests of code that takes replies or errors.
    ///
    /// `response` is the whole body of a response with HTTP 200, as the vendor's documents print it. A code that
    /// refuses the operation is [`Error::Service`], and so on. The endpoint is Shanghai; there is one attempt,
    /// without a duration. For [`VerdictReply`](crate::verify::VerdictReply) and
    /// [`Verified`](crate::verify::Verified), which only a verdict of the service makes, there is the simulator.
    /// The value alone is read with `serde_json::from_str`, from what stands in `ResultObject`.
    ///
    /// ```
    /// use cloudauth_proto::ops::DescribeFaceVerify;
    /// use cloudauth_proto::{Error, Reply};
    ///
    /// let query = DescribeFaceVerify::new(1_000_000_006, "sha1");
    /// let passed = r#"{"Code":"200","RequestId":"R1","ResultObject":{"Passed":"T","SubCode":"200"}}"#;
    /// let reply = Reply::from_json(&query, passed)?;
    /// assert!(reply.value.has_passed());
    /// assert_eq!(reply.request_id.as_deref(), Some("R1"));
    ///
    /// let refused = Reply::from_json(&query, r#"{"Code":"406","Message":"no such ID"}"#);
    /// assert_eq!(refused.unwrap_err().code(), Some("406"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn from_json<O>(operation: &O, response: &str) -> Result<Self, Error>
    where
        O: Operation<Response = T>,
    {
        let policy = Policy {
            max_attempts: 1,
            response_limit: usize::MAX,
            ..Policy::default()
        };
        let mut session = Session::new(CustomSource::new("none"), [0; 32]).policy(policy);
        let call = Call::new(operation, CallOptions::new())?;
        let mut call = call.signed_by(Signer::Unsigned);
        let now = Now::default();
        loop {
            match call.poll(&mut session, now) {
                Step::Send(exchange) => {
                    let response = Response::new(Head::new(200, Vec::new()), response.into());
                    call.report(&mut session, exchange.id(), Ok(response), now);
                }
                Step::Done(result) => return result,
                // A call with one attempt, and without credentials to look up, does nothing else.
                Step::Abandon(_)
                | Step::Wait(_)
                | Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. } => return Err(Error::Finished),
            }
        }
    }

    /// Returns whether the service bills what the reply reports, with the row of the vendor's documents that
    /// says so. `Unknown` if none does.
    ///
    /// It is decided by the operation and, where the vendor documents it, by the `BizCode` or `SubCode` of the
    /// reply. The reply to `DescribeFaceVerify` tells whether the *verification* is billed: that happens once,
    /// however often the verdict is queried. Whether an opened verification will be billed is not known before
    /// it has a verdict.
    ///
    /// ```
    /// use cloudauth_proto::Reply;
    /// use cloudauth_proto::codes::Billed;
    /// use cloudauth_proto::ops::BankMetaVerify;
    ///
    /// let no_record = r#"{"Code":"200","ResultObject":{"BizCode":"3","SubCode":"301"}}"#;
    /// # let check = BankMetaVerify::new();
    /// # let reply = Reply::from_json(&check, no_record)?;
    /// assert_eq!(reply.billed(), Billed::No("API metadata, ResultObject.BizCode: 3 is not billed"));
    /// # Ok::<(), cloudauth_proto::Error>(())
    /// ```
    #[must_use]
    pub fn billed(&self) -> Billed {
        let operation = self.operation.as_deref();
        operation.map_or(Billed::Unknown, |operation| {
            codes::billed(operation, &self.raw)
        })
    }
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
