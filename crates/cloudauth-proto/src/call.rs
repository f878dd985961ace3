//! A call: an operation with its whole retry life.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::mem;

use crate::clock::{MonoTime, Now};
use crate::endpoint::Endpoint;
use crate::entropy::Entropy;
use crate::error::{
    Attempt, DecodeError, Error, Exhausted, Fault, Invalid, Outcome, Problem, Unreadable,
};
use crate::flow::{Exchange, ExchangeId, Flow, Step};
use crate::operation::Operation;
use crate::policy::{Effect, Ending, Verdict, judge};
use crate::session::{Session, deadline};
use crate::sign::{Stamp, check_names};
use crate::wire::envelope::{self, Envelope};
use crate::wire::http::{Failure, Head, Method, Response, Sent, Timeouts};
use crate::wire::params::Params;

/// One operation, asked for until it is answered or no endpoint is left.
#[derive(Debug)]
pub struct Call<O> {
    machine: Machine,
    operation: PhantomData<fn() -> O>,
}

impl<O: Operation> Call<O> {
    /// Checks the operation and encodes it. Nothing is sent for one that is not right.
    pub fn new(operation: &O) -> Result<Self, Error> {
        let mut problems = check_names(O::ACTION, O::VERSION);
        problems.extend(operation.check());
        if !problems.is_empty() {
            return Err(invalid::<O>(problems));
        }
        let mut params = Params::new();
        operation.encode(&mut params);
        Ok(Self {
            machine: Machine {
                action: O::ACTION,
                version: O::VERSION,
                method: O::METHOD,
                effect: O::EFFECT,
                params: Arc::new(params),
                entropy: None,
                latest: MonoTime::default(),
                deadline: None,
                attempts: Vec::new(),
                state: State::Ready,
            },
            operation: PhantomData,
        })
    }
}

fn invalid<O: Operation>(problems: Vec<Problem>) -> Error {
    let action = Cow::Borrowed(O::ACTION);
    Error::Invalid(Box::new(Invalid { action, problems }))
}

impl<O: Operation> Flow for Call<O> {
    type Output = Reply<O::Response>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        match self.machine.poll(session, now) {
            Step::Send(exchange) => Step::Send(exchange),
            Step::Abandon(id) => Step::Abandon(id),
            Step::Wait(until) => Step::Wait(until),
            Step::Done(result) => {
                Step::Done(result.and_then(|answer| self.machine.decode(answer, O::PAYLOAD)))
            }
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
/// Dereferences to nothing and prints no content: `Debug` shows the type's own `Debug`, in which
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
            .finish()
    }
}

/// The state machine behind every [`Call`]; not generic, so that it is compiled once.
#[derive(Debug)]
struct Machine {
    action: &'static str,
    version: &'static str,
    method: Method,
    effect: Effect,
    params: Arc<Params>,
    entropy: Option<Entropy>,
    /// The latest time that was told: the clock is not believed when it goes backwards.
    latest: MonoTime,
    deadline: Option<MonoTime>,
    attempts: Vec<Attempt>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// To ask the next endpoint.
    Ready,
    /// An exchange is under way.
    Waiting {
        id: ExchangeId,
        endpoint: Endpoint,
        started: MonoTime,
        until: MonoTime,
    },
    /// The result is there.
    Settled(Result<Answer, Error>),
    Finished,
}

/// A reply that says that the operation succeeded.
#[derive(Debug)]
struct Answer {
    response: Response,
    endpoint: Endpoint,
    request_id: Option<String>,
}

impl Machine {
    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Answer> {
        self.latest = self.latest.max(now.mono);
        let now = Now {
            mono: self.latest,
            ..now
        };
        match mem::replace(&mut self.state, State::Finished) {
            State::Ready => self.send(session, now),
            State::Waiting {
                id,
                endpoint,
                started,
                until,
            } => {
                if now.mono < until {
                    self.state = State::Waiting {
                        id,
                        endpoint,
                        started,
                        until,
                    };
                    return Step::Wait(until);
                }
                self.record(endpoint, started, Outcome::Overdue, None);
                self.decide(session, Ending::NoReply);
                Step::Abandon(id)
            }
            State::Settled(result) => Step::Done(result),
            State::Finished => Step::Done(Err(Error::Finished)),
        }
    }

    fn send(&mut self, session: &mut Session, now: Now) -> Step<Answer> {
        let deadline = *self
            .deadline
            .get_or_insert_with(|| deadline(now.mono, session.limits()));
        let rest = deadline.saturating_since(now.mono);
        let next = session.pick(self.attempts.len()).cloned();
        let Some(endpoint) = next.filter(|_| !rest.is_zero()) else {
            return Step::Done(Err(self.exhausted()));
        };
        let limits = session.limits();
        let timeouts = Timeouts::new(limits.connect_timeout, limits.read_timeout, rest);
        let reply_limit = limits.reply_limit;
        let (scheme, credentials) = session.signer();
        let entropy = self.entropy.get_or_insert_with(|| session.fork_entropy());
        let id = ExchangeId(self.attempts.len().try_into().unwrap_or(u32::MAX));
        self.state = State::Waiting {
            id,
            endpoint: endpoint.clone(),
            started: now.mono,
            until: now.mono + timeouts.whole,
        };
        Step::Send(Exchange {
            id,
            timeouts,
            reply_limit,
            scheme,
            credentials,
            method: self.method,
            action: self.action,
            version: self.version,
            endpoint,
            params: Arc::clone(&self.params),
            stamp: Stamp {
                at: now.unix,
                nonce: entropy.nonce(),
            },
        })
    }

    fn report(
        &mut self,
        session: &Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        self.latest = self.latest.max(now.mono);
        let (endpoint, started) = match &self.state {
            State::Waiting {
                id: awaited,
                endpoint,
                started,
                ..
            } if *awaited == id => (endpoint.clone(), *started),
            State::Ready | State::Waiting { .. } | State::Settled(_) | State::Finished => return,
        };
        match reply {
            Ok(response) => self.answered(session, endpoint, started, response),
            Err(failure) => {
                let (outcome, ending, request_id) = failed(failure);
                self.record(endpoint, started, outcome, request_id);
                self.decide(session, ending);
            }
        }
    }

    fn answered(
        &mut self,
        session: &Session,
        endpoint: Endpoint,
        started: MonoTime,
        response: Response,
    ) {
        let status = response.head.status;
        let limit = session.limits().reply_limit;
        let envelope = if response.body.len() > limit {
            Err(Unreadable::TooLarge { limit })
        } else {
            Envelope::read(&response.body)
        };
        let (envelope, unreadable) = match envelope {
            Ok(envelope) => (envelope, None),
            Err(unreadable) => (Envelope::default(), Some(unreadable)),
        };
        let in_header = || envelope::request_id_of(&response.head);
        let request_id = envelope.request_id.clone().or_else(in_header);
        let outcome = Outcome::Answered {
            status,
            code: envelope.code.clone(),
        };
        self.record(endpoint.clone(), started, outcome, request_id.clone());

        let ok = (200..300).contains(&status);
        let ending = if status >= 500 || ok && envelope.code.as_deref() == Some("500") {
            Ending::OutOfOrder
        } else {
            Ending::Answered
        };
        self.decide(session, ending);
        if ending == Ending::Answered {
            self.state = State::Settled(match unreadable {
                Some(reason) if ok => Err(self.undecodable(status, reason)),
                None if ok && envelope.is_success() => Ok(Answer {
                    response,
                    endpoint,
                    request_id,
                }),
                Some(_) | None => Err(Error::Service(Box::new(Fault {
                    action: self.action.into(),
                    status,
                    code: envelope.code,
                    message: envelope.message.unwrap_or_default(),
                    attempts: mem::take(&mut self.attempts),
                }))),
            });
        }
    }

    /// Acts on the verdict over the last attempt, but for a final answer, which is the caller's.
    fn decide(&mut self, session: &Session, ending: Ending) {
        let more = session.pick(self.attempts.len()).is_some();
        self.state = match judge(ending, self.effect) {
            Verdict::Elsewhere if more => State::Ready,
            Verdict::Elsewhere | Verdict::Uncertain => State::Settled(Err(self.exhausted())),
            Verdict::Final => State::Finished,
        };
    }

    fn record(
        &mut self,
        endpoint: Endpoint,
        started: MonoTime,
        outcome: Outcome,
        request_id: Option<String>,
    ) {
        self.attempts.push(Attempt {
            endpoint,
            started,
            ended: self.latest,
            outcome,
            request_id,
        });
    }

    fn exhausted(&mut self) -> Error {
        let attempts = mem::take(&mut self.attempts);
        let may_have_arrived = |attempt: &Attempt| !matches!(attempt.outcome, Outcome::NotSent(_));
        Error::Exhausted(Box::new(Exhausted {
            action: self.action.into(),
            uncertain: self.effect != Effect::Query && attempts.iter().any(may_have_arrived),
            attempts,
        }))
    }

    fn undecodable(&mut self, status: u16, reason: Unreadable) -> Error {
        Error::Decode(Box::new(DecodeError {
            action: self.action.into(),
            status,
            reason,
            attempts: mem::take(&mut self.attempts),
        }))
    }

    fn decode<R: serde::de::DeserializeOwned>(
        &mut self,
        answer: Answer,
        container: &str,
    ) -> Result<Reply<R>, Error> {
        let Answer {
            response,
            endpoint,
            request_id,
        } = answer;
        match envelope::payload(&response.body, container) {
            Ok(value) => Ok(Reply {
                value,
                endpoint,
                request_id,
                attempts: mem::take(&mut self.attempts),
                raw: response.body,
            }),
            Err(reason) => Err(self.undecodable(response.head.status, reason)),
        }
    }
}

fn failed(failure: Failure) -> (Outcome, Ending, Option<String>) {
    let Failure { sent, head, source } = failure;
    match sent {
        Sent::No => (Outcome::NotSent(source), Ending::NotSent, None),
        Sent::Maybe => {
            let request_id = head.as_ref().and_then(envelope::request_id_of);
            let status = head.map(|Head { status, .. }| status);
            let cause = source;
            (
                Outcome::NoReply { status, cause },
                Ending::NoReply,
                request_id,
            )
        }
    }
}
