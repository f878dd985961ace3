//! The calls of a simulation, whatever their types.

use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::rc::Rc;

use cloudauth_proto::{
    Error, ExchangeId, Failure, Flow, Now, Refresh, Response, Session, Step, Unsupplied,
};

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
    /// How many requests it sent, but for credentials.
    pub sends: usize,
    /// How often it got credentials for all.
    pub refreshes: usize,
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
    fn supply(&mut self, contents: Result<Vec<u8>, Unsupplied>);
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
            Step::Authenticate(refresh) => Step::Authenticate(refresh),
            Step::Read(path) => Step::Read(path),
            Step::Run { argv, timeout } => Step::Run { argv, timeout },
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

    fn supply(&mut self, contents: Result<Vec<u8>, Unsupplied>) {
        self.flow.supply(contents);
    }
}

/// One call and its driver's memory.
pub(super) struct Caller {
    flow: Option<Box<dyn Erased>>,
    /// What it does first.
    refresh: Option<Box<Refresh>>,
    exchanges: usize,
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
            refresh: None,
            exchanges: 0,
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
        let Some(refresh) = &mut self.refresh else {
            return Some(flow.poll(session, now, &mut self.told));
        };
        Some(match refresh.poll(session, now) {
            Step::Send(exchange) => Step::Send(exchange),
            Step::Abandon(id) => Step::Abandon(id),
            Step::Wait(until) => Step::Wait(until),
            Step::Authenticate(refresh) => Step::Authenticate(refresh),
            Step::Read(path) => Step::Read(path),
            Step::Run { argv, timeout } => Step::Run { argv, timeout },
            Step::Done(result) => Step::Done(result.map(drop)),
        })
    }

    pub(super) fn refresh(&mut self, refresh: Box<Refresh>) {
        self.told.refreshes += 1;
        self.refresh = Some(refresh);
    }

    /// Whether it was a refresh that is over.
    pub(super) fn end_refresh(&mut self) -> bool {
        self.refresh.take().is_some()
    }

    pub(super) fn is_refreshing(&self) -> bool {
        self.refresh.is_some()
    }

    pub(super) fn supply(&mut self, contents: Result<Vec<u8>, Unsupplied>) {
        match (&mut self.refresh, &mut self.flow) {
            (Some(refresh), _) => refresh.supply(contents),
            (None, Some(flow)) => flow.supply(contents),
            (None, None) => {}
        }
    }

    pub(super) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        match (&mut self.refresh, &mut self.flow) {
            (Some(refresh), _) => refresh.report(session, id, reply, now),
            (None, Some(flow)) => flow.report(session, id, reply, now),
            (None, None) => {}
        }
    }

    /// An exchange begins; gives it its number.
    pub(super) fn sends(&mut self, id: ExchangeId) -> usize {
        let exchange = self.exchanges;
        self.exchanges += 1;
        if self.refresh.is_none() {
            self.told.sends += 1;
        }
        self.under_way.push((id, exchange));
        exchange
    }

    /// An exchange is over; its number, if it was under way.
    pub(super) fn abandon(&mut self, id: ExchangeId) -> Option<usize> {
        let at = self.under_way.iter().position(|(other, _)| *other == id)?;
        Some(self.under_way.swap_remove(at).1)
    }

    /// The same by its number; a call's and its refresh's exchanges may go by the same id.
    pub(super) fn settle(&mut self, exchange: usize) -> Option<ExchangeId> {
        let mut under_way = self.under_way.iter();
        let at = under_way.position(|(_, other)| *other == exchange)?;
        Some(self.under_way.swap_remove(at).0)
    }

    pub(super) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Whether there was a flow to drop.
    pub(super) fn drop_flow(&mut self, now: Duration) -> bool {
        self.under_way.clear();
        self.refresh = None;
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
