//! The post to the object store. Posting the same file under the same name again does no harm, so it
//! is repeated on every failure that may pass.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::UploadError;
use super::form::Form;
use crate::clock::{MonoTime, Now};
use crate::error::{Attempt, Error, Outcome};
use crate::flow::{Exchange, ExchangeId, Step, What};
use crate::reading;
use crate::secret::Sensitive;
use crate::session::Session;
use crate::wire::http::{Failure, Response, Timeouts};

pub(super) struct Posting {
    field: &'static str,
    form: Arc<Form>,
    deadline: MonoTime,
    attempts: Vec<Attempt>,
    phase: Phase,
}

enum Phase {
    /// To be sent, not before this time.
    Due(MonoTime),
    /// Sent at the first time, given up at the second.
    Sent(MonoTime, MonoTime),
    Stored,
    Failed,
}

impl Posting {
    pub(super) fn new(field: &'static str, form: Form, deadline: MonoTime) -> Self {
        Self {
            field,
            form: Arc::new(form),
            deadline,
            attempts: Vec::new(),
            phase: Phase::Due(MonoTime::default()),
        }
    }

    pub(super) fn poll(&mut self, session: &Session, now: Now) -> Step<Sensitive> {
        match self.phase {
            Phase::Due(at) if now.mono < at && at < self.deadline => Step::Wait(at),
            Phase::Due(at) => {
                let limits = session.limits();
                let is_over = now.mono < at || now.mono >= self.deadline;
                if is_over || self.attempts.len() >= limits.max_attempts {
                    return Step::Done(Err(self.failed()));
                }
                let rest = self.deadline.saturating_since(now.mono);
                let timeouts = Timeouts::new(limits.connect_timeout, limits.read_timeout, rest);
                self.phase = Phase::Sent(now.mono, now.mono + timeouts.whole);
                Step::Send(Exchange {
                    id: self.id(),
                    timeouts,
                    reply_limit: limits.reply_limit,
                    what: What::File(Arc::clone(&self.form)),
                })
            }
            Phase::Sent(_, until) if now.mono < until => Step::Wait(until),
            Phase::Sent(..) => {
                let id = self.id();
                self.ended(Outcome::Overdue, now);
                Step::Abandon(id)
            }
            Phase::Stored => Step::Done(Ok(self.form.url.clone())),
            Phase::Failed => Step::Done(Err(self.failed())),
        }
    }

    pub(super) fn report(&mut self, id: ExchangeId, reply: Result<Response, Failure>, now: Now) {
        if id != self.id() || !matches!(self.phase, Phase::Sent(..)) {
            return;
        }
        match reply {
            Ok(response) => {
                let status = response.head.status;
                let code = code(&response.body);
                self.ended(Outcome::Answered { status, code }, now);
                match status {
                    200..300 => self.phase = Phase::Stored,
                    429 | 500.. => {}
                    _ => self.phase = Phase::Failed,
                }
            }
            Err(failure) => {
                let (outcome, ..) = reading::failure(failure);
                self.ended(outcome, now);
            }
        }
    }

    /// The exchange under way.
    fn id(&self) -> ExchangeId {
        ExchangeId(self.attempts.len().try_into().unwrap_or(u32::MAX))
    }

    fn ended(&mut self, outcome: Outcome, now: Now) {
        let Phase::Sent(started, _) = self.phase else {
            return;
        };
        self.attempts.push(Attempt {
            endpoint: self.form.store().clone(),
            started,
            ended: now.mono,
            outcome,
            request_id: None,
        });
        self.phase = Phase::Due(now.mono + PAUSE);
    }

    fn failed(&mut self) -> Error {
        UploadError::posting(self.field, core::mem::take(&mut self.attempts))
    }
}

/// Before a file is posted again; there is no other store to turn to.
const PAUSE: core::time::Duration = core::time::Duration::from_millis(200);

/// The `Code` in the object store's XML, if it is a plain word.
fn code(body: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let is_word = code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    is_word.then(|| code.into())
}
