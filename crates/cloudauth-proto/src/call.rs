//! A call: an operation with its whole retry life.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::ops::ControlFlow::{Break, Continue};

use crate::clock::{Now, UnixTime};
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Error, Invalid};
use crate::flow::{ExchangeId, Flow, Step};
use crate::machine::{Answer, Machine, Question, Signer};
use crate::operation::Operation;
use crate::policy::CallOptions;
use crate::session::Session;
use crate::sign::check_names;
use crate::wire::http::{Failure, Response};
use crate::wire::params::Params;
use crate::wire::{date, envelope};

/// One operation, asked for until it is answered or nothing is left to try.
#[derive(Debug)]
pub struct Call<O> {
    machine: Machine,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Call<O> {
    /// Checks the operation and encodes it. Nothing is sent for one that is not right.
    pub fn new(operation: &O, options: CallOptions) -> Result<Self, Error> {
        let terms = operation.terms();
        let mut problems = check_names(&terms.action, &terms.version);
        problems.extend(operation.check());
        if !problems.is_empty() {
            let action = terms.action;
            return Err(Error::Invalid(Box::new(Invalid { action, problems })));
        }
        let mut params = Params::new();
        operation.encode(&mut params);
        let question = Question {
            params,
            home: operation.home().cloned(),
            terms,
        };
        Ok(Self {
            machine: Machine::new(question, options),
            operation: PhantomData,
        })
    }

    /// Signs with credentials of its own, or not at all.
    pub(crate) fn signed_by(mut self, signer: Signer) -> Self {
        self.machine.sign_with(signer);
        self
    }

    fn decode(&mut self, answer: Answer) -> Result<Reply<O::Response>, Error> {
        let Answer {
            response,
            endpoint,
            request_id,
        } = answer;
        let attempts = self.machine.take_attempts();
        match envelope::payload(&response.body, self.machine.payload()) {
            Ok(mut value) => {
                O::came_from(&mut value, &endpoint);
                Ok(Reply {
                    value,
                    endpoint,
                    request_id,
                    attempts,
                    date: response.head.header("date").and_then(date::parse),
                    raw: response.body,
                })
            }
            Err(reason) => {
                let status = response.head.status;
                let mut error = self.machine.undecodable(status, reason, response.body);
                error.set_attempts(attempts);
                Err(error)
            }
        }
    }
}

impl<O: Operation> Flow for Call<O> {
    type Output = Reply<O::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match self.machine.poll(session, now).or_done() {
            Break(result) => Step::Done(result.and_then(|answer| self.decode(answer))),
            Continue(step) => step,
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        self.machine.report(session, id, reply, now);
    }
}

/// What an operation answered.
///
/// `Debug` shows the type's own `Debug`, in which
/// people are redacted, and how long the raw reply is.
#[non_exhaustive]
pub struct Reply<T> {
    /// The payload.
    pub value: T,
    /// Who answered. A verification that was opened there may be unknown elsewhere: whether regions
    /// share them is not documented.
    pub endpoint: Endpoint,
    /// The service's name for the request.
    pub request_id: Option<String>,
    /// The attempts, the answered one last.
    pub attempts: Vec<Attempt>,
    /// When it was answered, by the clock of whoever did.
    pub(crate) date: Option<UnixTime>,
    /// The reply as it came, for fields that this crate does not know yet. Sensitive.
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
