//! The calls of a simulation, independent of their types.

use core::cell::RefCell;
use core::fmt;
use core::ops::ControlFlow::{Break, Continue};
use core::ops::{Index, IndexMut};
use core::time::Duration;
use std::rc::Rc;

use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::{
    ExchangeId, Failure, MonoTime, Now, Refresh, RefreshId, RefreshTicket, Response, SupplyError,
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
    fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>);
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

    fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        self.flow.provide(provided);
    }
}

/// A call and the state that its driver keeps.
pub(super) struct Caller {
    flow: Option<Box<dyn ErasedFlow>>,
    /// Runs before the flow is polled again.
    refresh: Option<Box<Refresh>>,
    /// The refresh that this caller runs, in place of its flow or as its flow.
    refresh_id: Option<RefreshId>,
    /// Whether the flow is a refresh that runs beside the calls.
    is_refresh: bool,
    exchanges: usize,
    /// When the flow is polled next. Wake events of other times are obsolete.
    alarm: Option<MonoTime>,
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

    pub(super) const fn set_alarm(&mut self, at: MonoTime) {
        self.alarm = Some(at);
    }

    pub(super) fn is_alarm(&self, at: MonoTime) -> bool {
        self.alarm == Some(at)
    }

    /// Whether it runs a refresh.
    pub(super) const fn has_refresh(&self) -> bool {
        self.refresh_id.is_some()
    }

    /// Whether the flow is a refresh that runs beside the calls.
    pub(super) const fn is_refresh(&self) -> bool {
        self.is_refresh
    }

    /// Ends the refresh that runs in place of the flow. Returns whether there was one.
    pub(super) fn end_refresh(&mut self) -> bool {
        let has_ended = self.refresh.take().is_some();
        if has_ended {
            self.refresh_id = None;
        }
        has_ended
    }

    pub(super) fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        match (&mut self.refresh, &mut self.flow) {
            (Some(refresh), _) => refresh.supply(contents),
            (None, Some(flow)) => flow.supply(contents),
            (None, None) => {}
        }
    }

    pub(super) fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        match (&mut self.refresh, &mut self.flow) {
            (Some(refresh), _) => refresh.provide(provided),
            (None, Some(flow)) => flow.provide(provided),
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

    /// Drops the flow, and releases its exchanges and its refresh, as a driver must. Returns whether
    /// there was one.
    pub(super) fn drop_flow(&mut self, session: &mut Session, now: Now, at: Duration) -> bool {
        for (id, _) in self.pending.drain(..) {
            session.release_exchange(id, now);
        }
        if let Some(id) = self.refresh_id.take() {
            session.release_refresh(id);
        }
        self.refresh = None;
        let had_flow = self.flow.take().is_some();
        if had_flow {
            self.record.ended = Some(at);
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
            refresh_id: None,
            is_refresh: false,
            exchanges: 0,
            alarm: None,
            pending: Vec::new(),
            record: CallRecord::default(),
        });
        handle
    }

    /// The records of the calls, without those of refreshes.
    pub(super) fn records(&self) -> impl Iterator<Item = &CallRecord> {
        let calls = self.callers.iter().filter(|caller| !caller.is_refresh);
        calls.map(|caller| &caller.record)
    }

    /// Starts a refresh in place of a call.
    pub(super) fn start_refresh(&mut self, call: usize, ticket: RefreshTicket) {
        let caller = &mut self.callers[call];
        caller.record.refreshes += 1;
        caller.refresh_id = Some(ticket.id());
        caller.refresh = Some(Box::new(Refresh::inline(ticket)));
        self.count_refreshes();
    }

    /// Starts a refresh beside the calls, and returns its number.
    pub(super) fn start_refresh_beside(&mut self, call: usize, ticket: RefreshTicket) -> usize {
        self.callers[call].record.refreshes += 1;
        let id = ticket.id();
        let number = self.add(Refresh::new(ticket)).call();
        let caller = &mut self.callers[number];
        caller.refresh_id = Some(id);
        caller.is_refresh = true;
        self.count_refreshes();
        number
    }

    fn count_refreshes(&mut self) {
        let refreshing = self.callers.iter();
        let refreshing = refreshing.filter(|it| it.refresh_id.is_some() && it.flow.is_some());
        self.max_concurrent_refreshes = self.max_concurrent_refreshes.max(refreshing.count());
    }

    pub(super) const fn max_concurrent_refreshes(&self) -> usize {
        self.max_concurrent_refreshes
    }

    /// Sets the alarms of all waiting calls to `at`, and returns the numbers of these calls.
    pub(super) fn advance_alarms(&mut self, at: MonoTime) -> Vec<usize> {
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
