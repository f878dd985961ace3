//! The calls of a simulation, independent of their types.

use core::cell::RefCell;
use core::fmt;
use core::ops::ControlFlow::{Break, Continue};
use core::ops::{Index, IndexMut};
use core::time::Duration;
use std::rc::Rc;

use cloudauth_proto::driver::{
    ExchangeId, Failure, Now, Refresh, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::{Error, Flow, Session, Step};

use super::trace::CallEnd;

type ResultSlot<T> = Rc<RefCell<Option<Result<T, Error>>>>;

/// Handle of a call, from which its result is taken.
#[derive(Debug)]
pub struct Handle<T> {
    call: usize,
    result: ResultSlot<T>,
}

impl<T> Handle<T> {
    /// The number of the call in the trace.
    #[must_use]
    pub const fn call(&self) -> usize {
        self.call
    }

    /// Takes the result. Returns `None` while the call is pending, if it was dropped, and if the
    /// result has been taken before.
    #[must_use]
    pub fn take(&self) -> Option<Result<T, Error>> {
        self.result.take()
    }
}

/// Times and counts of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRecord {
    /// When the call started, since the start of the simulation.
    pub started: Duration,
    /// When the call ended or was dropped.
    pub ended: Option<Duration>,
    /// The end of the call. `None` while it is pending, and if it was dropped.
    pub end: Option<CallEnd>,
    /// Whether, according to its error, the operation may have been carried out.
    pub may_have_been_carried_out: bool,
    /// Requests sent, except those for credentials.
    pub requests: usize,
    /// Refreshes of the credentials that this call ran.
    pub refreshes: usize,
    /// How often the service carried out the operation, including after the call's end.
    pub executions: usize,
}

impl CallRecord {
    /// Time from the start to the end. `None` while the call is pending.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.started))
    }
}

/// A flow that stores its result.
trait ErasedFlow {
    fn poll(&mut self, session: &mut Session, now: Now, record: &mut CallRecord) -> Step<()>;
    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    );
    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>);
}

struct RunningFlow<F: Flow> {
    flow: F,
    result: ResultSlot<F::Output>,
}

impl<F: Flow> ErasedFlow for RunningFlow<F> {
    fn poll(&mut self, session: &mut Session, now: Now, record: &mut CallRecord) -> Step<()> {
        match self.flow.poll(session, now).or_done() {
            Continue(step) => step,
            Break(result) => {
                let error = result.as_ref().err();
                record.end = Some(CallEnd::of(error));
                record.may_have_been_carried_out =
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
        result: Result<Response, Failure>,
        now: Now,
    ) {
        self.flow.report(session, id, result, now);
    }

    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        self.flow.supply(contents);
    }
}

/// A call and the state that its driver keeps.
pub(super) struct Caller {
    flow: Option<Box<dyn ErasedFlow>>,
    /// Runs before the flow is polled again.
    refresh: Option<Box<Refresh>>,
    exchanges: usize,
    /// When the flow is polled next. Wake events of other times are obsolete.
    alarm: Option<Duration>,
    pending: Vec<(ExchangeId, usize)>,
    pub(super) record: CallRecord,
}

impl Caller {
    /// Polls the refresh, if one is running, or else the flow. `None` if the flow is gone.
    pub(super) fn poll(&mut self, session: &mut Session, now: Now) -> Option<Step<()>> {
        self.alarm = None;
        let flow = self.flow.as_mut()?;
        let Some(refresh) = &mut self.refresh else {
            return Some(flow.poll(session, now, &mut self.record));
        };
        Some(refresh.poll(session, now).map(drop))
    }

    pub(super) const fn set_alarm(&mut self, at: Duration) {
        self.alarm = Some(at);
    }

    pub(super) fn is_alarm(&self, at: Duration) -> bool {
        self.alarm == Some(at)
    }

    /// Ends the refresh. Returns whether one was running.
    pub(super) fn end_refresh(&mut self) -> bool {
        self.refresh.take().is_some()
    }

    pub(super) fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
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
        result: Result<Response, Failure>,
        now: Now,
    ) {
        match (&mut self.refresh, &mut self.flow) {
            (Some(refresh), _) => refresh.report(session, id, result, now),
            (None, Some(flow)) => flow.report(session, id, result, now),
            (None, None) => {}
        }
    }

    /// Starts an exchange and returns its number.
    pub(super) fn start_exchange(&mut self, id: ExchangeId) -> usize {
        let exchange = self.exchanges;
        self.exchanges += 1;
        if self.refresh.is_none() {
            self.record.requests += 1;
        }
        self.pending.push((id, exchange));
        exchange
    }

    /// Removes a pending exchange by its ID and returns its number.
    pub(super) fn abandon_exchange(&mut self, id: ExchangeId) -> Option<usize> {
        let at = self.pending.iter().position(|(other, _)| *other == id)?;
        Some(self.pending.swap_remove(at).1)
    }

    /// Removes a pending exchange by its number and returns its ID. The number is unique; the ID is
    /// not, since an exchange of the call and one of its refresh can have the same ID.
    pub(super) fn end_exchange(&mut self, exchange: usize) -> Option<ExchangeId> {
        let mut pending = self.pending.iter();
        let at = pending.position(|(_, other)| *other == exchange)?;
        Some(self.pending.swap_remove(at).0)
    }

    pub(super) fn has_pending_exchanges(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Drops the flow. Returns whether there was one.
    pub(super) fn drop_flow(&mut self, now: Duration) -> bool {
        self.pending.clear();
        self.refresh = None;
        let had_flow = self.flow.take().is_some();
        if had_flow {
            self.record.ended = Some(now);
        }
        had_flow
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.record.fmt(f)
    }
}

/// All calls, indexed by their number.
#[derive(Debug, Default)]
pub(super) struct Callers {
    callers: Vec<Caller>,
    max_concurrent_refreshes: usize,
}

impl Callers {
    pub(super) fn add<F: Flow + 'static>(&mut self, flow: F) -> Handle<F::Output> {
        let result = ResultSlot::default();
        let handle = Handle {
            call: self.callers.len(),
            result: Rc::clone(&result),
        };
        self.callers.push(Caller {
            flow: Some(Box::new(RunningFlow { flow, result })),
            refresh: None,
            exchanges: 0,
            alarm: None,
            pending: Vec::new(),
            record: CallRecord::default(),
        });
        handle
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.callers.iter().map(|caller| &caller.record)
    }

    pub(super) fn start_refresh(&mut self, call: usize, ticket: RefreshTicket) {
        let caller = &mut self.callers[call];
        caller.record.refreshes += 1;
        caller.refresh = Some(Box::new(Refresh::inline(ticket)));
        let refreshing = self.callers.iter().filter(|it| it.refresh.is_some());
        self.max_concurrent_refreshes = self.max_concurrent_refreshes.max(refreshing.count());
    }

    pub(super) const fn max_concurrent_refreshes(&self) -> usize {
        self.max_concurrent_refreshes
    }

    /// Sets the alarms of all waiting calls to `at`, and returns the numbers of these calls.
    pub(super) fn advance_alarms(&mut self, at: Duration) -> Vec<usize> {
        let waiting = self.callers.iter_mut().enumerate();
        let waiting = waiting.filter_map(|(call, caller)| {
            let alarm = caller.alarm.as_mut()?;
            *alarm = at;
            Some(call)
        });
        waiting.collect()
    }
}

impl Index<usize> for Callers {
    type Output = Caller;

    fn index(&self, call: usize) -> &Caller {
        &self.callers[call]
    }
}

impl IndexMut<usize> for Callers {
    fn index_mut(&mut self, call: usize) -> &mut Caller {
        &mut self.callers[call]
    }
}
