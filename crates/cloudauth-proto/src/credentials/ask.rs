//! One question that is not an operation: asked, and once more if there is no answer.

use core::mem;
use core::time::Duration;

use super::error::Reason;
use crate::clock::MonoTime;
use crate::flow::{Exchange, ExchangeId, Plain, What};
use crate::wire::http::{Failure, Response, Sent, Timeouts};

/// The largest reply; the vendor's are below 4 KiB.
const REPLY_LIMIT: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Ask {
    question: Plain,
    connect: Duration,
    read: Duration,
    repeats: u8,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    Waiting { id: ExchangeId, until: MonoTime },
    Over(Result<Response, Reason>),
}

/// What is to be done now.
pub(super) enum Asking {
    Send(Exchange, MonoTime),
    Abandon(ExchangeId),
    Wait(MonoTime),
    Over(Result<Response, Reason>),
}

impl Ask {
    /// With the time-outs of the vendor's SDKs (recorded): 5 s to connect and 10 s to read, and 1 s
    /// each for the metadata service, which is near or not there at all.
    pub(super) fn new(question: Plain) -> Self {
        let (connect, read) = if question.direct { (1, 1) } else { (5, 10) };
        Self {
            question,
            connect: Duration::from_secs(connect),
            read: Duration::from_secs(read),
            repeats: 1,
            state: State::Ready,
        }
    }

    pub(super) fn poll(&mut self, next: ExchangeId, now: MonoTime, deadline: MonoTime) -> Asking {
        match mem::replace(&mut self.state, State::Ready) {
            State::Ready => {
                let rest = deadline.saturating_since(now);
                if rest.is_zero() {
                    return Asking::Over(Err(Reason::OutOfTime));
                }
                let timeouts = Timeouts::new(self.connect, self.read, rest);
                let until = now + timeouts.whole;
                self.state = State::Waiting { id: next, until };
                let exchange = Exchange {
                    id: next,
                    timeouts,
                    reply_limit: REPLY_LIMIT,
                    what: What::Plain(self.question.clone()),
                };
                Asking::Send(exchange, until)
            }
            State::Waiting { id, until } if until <= now => {
                self.failed(Reason::NoReply, deadline <= now);
                Asking::Abandon(id)
            }
            State::Waiting { id, until } => {
                self.state = State::Waiting { id, until };
                Asking::Wait(until)
            }
            State::Over(result) => Asking::Over(result),
        }
    }

    pub(super) fn report(&mut self, id: ExchangeId, reply: Result<Response, Failure>) {
        if !matches!(self.state, State::Waiting { id: asked, .. } if asked == id) {
            return;
        }
        match reply {
            Ok(response) if response.head.status >= 500 && self.repeats > 0 => {
                let status = response.head.status;
                self.failed(Reason::Refused { status, code: None }, false);
            }
            Ok(response) => self.state = State::Over(Ok(response)),
            Err(Failure { sent: Sent::No, .. }) if self.question.direct => {
                // Not on an instance: it would not be there the next moment either.
                self.state = State::Over(Err(Reason::NoConnection));
            }
            Err(Failure { sent, .. }) => {
                let reason = match sent {
                    Sent::No => Reason::NoConnection,
                    Sent::Maybe => Reason::NoReply,
                };
                self.failed(reason, false);
            }
        }
    }

    fn failed(&mut self, reason: Reason, is_late: bool) {
        self.state = if is_late {
            State::Over(Err(Reason::OutOfTime))
        } else if self.repeats > 0 {
            self.repeats -= 1;
            State::Ready
        } else {
            State::Over(Err(reason))
        };
    }
}
