//! The calls of a simulation, whatever their types.

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::rc::Rc;

use cloudauth_proto::{Error, ExchangeId, Failure, Flow, Now, Response, Session, Step};

use super::trace::End;

type Shared<T> = Rc<RefCell<Option<Result<T, Error>>>>;

/// Where the result of a call will be.
#[derive(Debug)]
pub struct Handle<T> {
    call: usize,
    result: Shared<T>,
}

impl<T> Handle<T> {
    /// The number of the call in the trace.
    #[must_use]
    pub const fn call(&self) -> usize {
        self.call
    }

    /// Takes the result, if there is one by now.
    #[must_use]
    pub fn take(&self) -> Option<Result<T, Error>> {
        self.result.take()
    }
}

/// What is known of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Told {
    /// When it started, from the beginning of the simulation.
    pub started: Duration,
    /// When it ended, or was dropped.
    pub ended: Option<Duration>,
    /// How it ended; nothing if it was dropped.
    pub end: Option<End>,
    /// Whether its error says that it may have been carried out.
    pub may_have_been_carried_out: bool,
    /// How many requests it sent.
    pub sends: usize,
    /// How often the service carried it out. It may do so after the call's end.
    pub executions: usize,
}

impl Told {
    /// How long it took.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.started))
    }
}

/// A flow with its result put aside.
trait Erased {
    fn poll(&mut self, session: &mut Session, now: Now, told: &mut Told) -> Step<()>;
    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    );
}

struct Running<F: Flow> {
    flow: F,
    result: Shared<F::Output>,
}

impl<F: Flow> Erased for Running<F> {
    fn poll(&mut self, session: &mut Session, now: Now, told: &mut Told) -> Step<()> {
        match self.flow.poll(session, now) {
            Step::Send(exchange) => Step::Send(exchange),
            Step::Abandon(id) => Step::Abandon(id),
            Step::Wait(until) => Step::Wait(until),
            Step::Done(result) => {
                let error = result.as_ref().err();
                told.end = Some(End::of(error));
                told.may_have_been_carried_out =
                    error.is_some_and(Error::may_have_been_carried_out);
                *self.result.borrow_mut() = Some(result);
                Step::Done(Ok(()))
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
        self.flow.report(session, id, reply, now);
    }
}

/// One call and its driver's memory.
pub(super) struct Caller {
    flow: Option<Box<dyn Erased>>,
    /// When it is to be polled again; earlier alarms are out of date.
    pub(super) wakes: Option<Duration>,
    under_way: Vec<(ExchangeId, usize)>,
    pub(super) told: Told,
}

impl Caller {
    pub(super) fn new<F: Flow + 'static>(call: usize, flow: F) -> (Self, Handle<F::Output>) {
        let result = Shared::default();
        let handle = Handle {
            call,
            result: Rc::clone(&result),
        };
        let caller = Self {
            flow: Some(Box::new(Running { flow, result })),
            wakes: None,
            under_way: Vec::new(),
            told: Told::default(),
        };
        (caller, handle)
    }

    /// What the flow says, if there still is one.
    pub(super) fn poll(&mut self, session: &mut Session, now: Now) -> Option<Step<()>> {
        self.wakes = None;
        let flow = self.flow.as_mut()?;
        Some(flow.poll(session, now, &mut self.told))
    }

    pub(super) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        if let Some(flow) = &mut self.flow {
            flow.report(session, id, reply, now);
        }
    }

    /// An exchange begins; gives it its number.
    pub(super) fn sends(&mut self, id: ExchangeId) -> usize {
        let exchange = self.told.sends;
        self.told.sends += 1;
        self.under_way.push((id, exchange));
        exchange
    }

    /// An exchange is over; its number, if it was under way.
    pub(super) fn settle(&mut self, id: ExchangeId) -> Option<usize> {
        let at = self.under_way.iter().position(|(other, _)| *other == id)?;
        Some(self.under_way.swap_remove(at).1)
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Whether there was a flow to drop.
    pub(super) fn drop_flow(&mut self, now: Duration) -> bool {
        self.under_way.clear();
        let had_one = self.flow.take().is_some();
        if had_one {
            self.told.ended = Some(now);
        }
        had_one
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.told.fmt(f)
    }
}
