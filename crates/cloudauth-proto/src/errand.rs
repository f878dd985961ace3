//! An exchange with the object store: a file posted or fetched. Doing it again does no harm, so it is
//! repeated on every failure that may pass.

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use crate::clock::{MonoTime, Now};
use crate::endpoint::Endpoint;
use crate::error::{Attempt, Outcome};
use crate::flow::{Exchange, ExchangeId, Step, What};
use crate::reading;
use crate::session::Session;
use crate::wire::http::{Failure, Response, Timeouts};

pub(crate) struct Errand {
    what: What,
    store: Endpoint,
    deadline: MonoTime,
    reply_limit: usize,
    attempts: Vec<Attempt>,
    phase: Phase,
}

enum Phase {
    /// To be sent, not before this time.
    Due(MonoTime),
    /// Sent at the first time, given up at the second.
    Sent(MonoTime, MonoTime),
    Over(Option<Response>),
}

/// How it ended.
pub(crate) struct Ended {
    /// The answer, good or not; none if there is none, or only one that may pass.
    pub(crate) response: Option<Response>,
    pub(crate) attempts: Vec<Attempt>,
}

impl Ended {
    /// The answer if it is a good one, else the attempts.
    pub(crate) fn good(self) -> Result<Response, Vec<Attempt>> {
        let is_good = |response: &Response| (200..300).contains(&response.head.status);
        self.response.filter(is_good).ok_or(self.attempts)
    }
}

impl Errand {
    pub(crate) fn new(what: What, store: Endpoint, deadline: MonoTime, reply_limit: usize) -> Self {
        Self {
            what,
            store,
            deadline,
            reply_limit,
            attempts: Vec::new(),
            phase: Phase::Due(MonoTime::default()),
        }
    }

    pub(crate) fn poll(&mut self, session: &Session, now: Now) -> Step<Ended> {
        match &mut self.phase {
            &mut Phase::Due(at) if now.mono < at && at < self.deadline => Step::Wait(at),
            &mut Phase::Due(at) => {
                let limits = session.limits();
                let is_over = now.mono < at || now.mono >= self.deadline;
                if is_over || self.attempts.len() >= limits.max_attempts {
                    return self.ended(None);
                }
                let rest = self.deadline.saturating_since(now.mono);
                let timeouts = Timeouts::new(limits.connect_timeout, limits.read_timeout, rest);
                self.phase = Phase::Sent(now.mono, now.mono + timeouts.whole);
                Step::Send(Exchange {
                    id: self.id(),
                    timeouts,
                    reply_limit: self.reply_limit,
                    what: self.what.clone(),
                })
            }
            &mut Phase::Sent(_, until) if now.mono < until => Step::Wait(until),
            Phase::Sent(..) => {
                let id = self.id();
                self.failed(Outcome::Overdue, now);
                Step::Abandon(id)
            }
            Phase::Over(response) => {
                let response = response.take();
                self.ended(response)
            }
        }
    }

    pub(crate) fn report(&mut self, id: ExchangeId, reply: Result<Response, Failure>, now: Now) {
        if id != self.id() || !matches!(self.phase, Phase::Sent(..)) {
            return;
        }
        match reply {
            Ok(response) => {
                let status = response.head.status;
                let code = code(&response.body).filter(|_| status >= 300);
                self.failed(Outcome::Answered { status, code }, now);
                if status != 429 && status < 500 {
                    self.phase = Phase::Over(Some(response));
                }
            }
            Err(failure) => {
                let (outcome, ..) = reading::failure(failure);
                self.failed(outcome, now);
            }
        }
    }

    /// The exchange under way.
    fn id(&self) -> ExchangeId {
        ExchangeId(self.attempts.len().try_into().unwrap_or(u32::MAX))
    }

    fn failed(&mut self, outcome: Outcome, now: Now) {
        let Phase::Sent(started, _) = self.phase else {
            return;
        };
        self.attempts.push(Attempt {
            endpoint: self.store.clone(),
            started,
            ended: now.mono,
            outcome,
            request_id: None,
        });
        self.phase = Phase::Due(now.mono + PAUSE);
    }

    fn ended(&mut self, response: Option<Response>) -> Step<Ended> {
        let attempts = mem::take(&mut self.attempts);
        Step::Done(Ok(Ended { response, attempts }))
    }
}

/// Before it is done again; there is no other store to turn to.
const PAUSE: core::time::Duration = core::time::Duration::from_millis(200);

/// The `Code` in the object store's XML, if it is a plain word.
fn code(body: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_word.then(|| code.into())
}
