//! What the calls of a client share: a loop over the steps of a flow, and a task for credentials.

use core::future::pending;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cloudauth_net::{ClientParts, Clock, CustomSources, Observer, UserAgent, local};
use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::{
    Exchange, ExchangeId, Failure, MonoTime, Refresh, RefreshId, RefreshTicket, Response,
    SupplyError,
};
use cloudauth_proto::{Error, Flow, Session, Source, Step};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};
use tokio::task::{AbortHandle, yield_now};
use tokio::time::sleep_until;

use crate::connector::CustomConnector;
use crate::exchange::{ExchangeFuture, InFlight, send};
use crate::pool::Pools;
use crate::resolver::run_blocking;

/// Maximum number of threads that read files and run programs.
const LOCAL_THREADS: usize = 4;

/// What the calls of a client and its refresh of the credentials share.
#[derive(Debug)]
pub(crate) struct Shared {
    pools: Pools,
    local_permits: Arc<Semaphore>,
    session: Mutex<Session>,
    custom_sources: CustomSources,
    /// The refresh that was begun last.
    refresh: Mutex<Option<AbortHandle>>,
    /// Notified when a refresh of the credentials has ended, and when they are replaced.
    refreshed: Notify,
    clock: Clock,
    user_agent: UserAgent,
    observer: Observer,
}

impl Shared {
    pub(crate) fn new(parts: ClientParts, custom: Option<&CustomConnector>) -> Self {
        let ClientParts {
            session,
            custom_sources,
            clock,
            tls,
            proxies,
            user_agent,
            observer,
            max_idle_connections,
            idle_timeout,
        } = parts;
        Self {
            pools: Pools::new(&tls, proxies, custom, max_idle_connections, idle_timeout),
            local_permits: Arc::new(Semaphore::new(LOCAL_THREADS)),
            session: Mutex::new(session),
            custom_sources,
            refresh: Mutex::default(),
            refreshed: Notify::new(),
            clock,
            user_agent,
            observer,
        }
    }

    /// Runs a flow until it is done.
    pub(crate) async fn drive<F: Flow>(self: &Arc<Self>, flow: &mut F) -> Result<F::Output, Error> {
        let mut observed = self.observer.begin();
        let mut guard = ExchangesGuard(self, InFlight::default());
        let in_flight = &mut guard.1;
        let mut supply: Option<SupplyFuture> = None;
        let mut now = self.clock.now();
        loop {
            // Created before the poll, so that the end of a refresh is not missed.
            let refreshed = self.refreshed.notified();
            let (step, events) = {
                let session = &mut self.session();
                session.observe(observed.is_on());
                (flow.poll(session, now), session.take_events())
            };
            observed.record(events);
            if !matches!(step, Step::Wait(_)) {
                // The flow no longer waits for it.
                supply = None;
            }
            match step {
                // Signing may take a while, and the next poll does not depend on the time it took.
                Step::Send(exchange) => {
                    let span = observed.attempt(exchange.id());
                    let sent = span.in_scope(|| self.exchange(&exchange));
                    in_flight.add(exchange.id(), sent, span);
                    continue;
                }
                Step::Abandon(id) => {
                    in_flight.abandon(id);
                    continue;
                }
                Step::Wait(until) => {
                    let has_timers = Handle::try_current().is_ok();
                    if !has_timers && in_flight.is_empty() && supply.is_none() {
                        // Outside of a runtime every exchange fails, so there is nothing to wait for.
                        now.mono = until;
                        continue;
                    }
                    if in_flight.is_empty()
                        && supply.is_none()
                        && !self.is_refreshing()
                        && self.clock.skip_to(until)
                    {
                        yield_now().await;
                        now = self.clock.now();
                        continue;
                    }
                    let event = tokio::select! {
                        biased;
                        (id, reply) = in_flight.next() => Event::Ended(id, reply),
                        supplied = next(&mut supply) => Event::Supplied(supplied),
                        () = self.sleep_until(until), if has_timers => Event::Due,
                        () = refreshed => Event::Due,
                    };
                    now = self.clock.now();
                    match event {
                        Event::Ended(id, reply) => {
                            let events = {
                                let session = &mut self.session();
                                session.observe(observed.is_on());
                                flow.report(session, id, reply, now);
                                session.take_events()
                            };
                            observed.record(events);
                        }
                        Event::Supplied(supplied) => {
                            supply = None;
                            match supplied {
                                Supplied::Contents(contents) => flow.supply(contents),
                                Supplied::Credentials(provided) => flow.provide(provided),
                            }
                        }
                        Event::Due => {}
                    }
                    continue;
                }
                Step::Authenticate(ticket) => match Handle::try_current() {
                    Ok(runtime) => self.begin_refresh(ticket, &runtime),
                    Err(_) => self.refresh(ticket.id(), Refresh::inline(ticket)).await,
                },
                Step::Read { path, timeout } => {
                    let read = move |it: &_| local::read_file(&path, timeout, it);
                    supply = Some(self.supply(read, Supplied::Contents));
                }
                Step::Run { argv, timeout } => {
                    let run = move |it: &_| local::run_program(&argv, timeout, it);
                    supply = Some(self.supply(run, Supplied::Contents));
                }
                Step::Provide { name, timeout } => {
                    let sources = self.custom_sources.clone();
                    let run = move |it: &_| sources.run(&name, timeout, it);
                    supply = Some(self.supply(run, Supplied::Credentials));
                }
                Step::Done(result) => {
                    observed.end();
                    return result;
                }
            }
            now = self.clock.now();
        }
    }

    /// Whether another task refreshes the credentials.
    fn is_refreshing(&self) -> bool {
        let refresh = lock(&self.refresh);
        refresh.as_ref().is_some_and(|task| !task.is_finished())
    }

    async fn sleep_until(&self, time: MonoTime) {
        sleep_until(self.clock.instant(time).into()).await;
    }

    /// Reads a file, runs a program or waits for a source of the caller's own on a thread, which ends if the
    /// future is dropped.
    fn supply<T: Send + 'static>(
        &self,
        work: impl FnOnce(&AtomicBool) -> Result<T, SupplyError> + Send + 'static,
        supplied: fn(Result<T, SupplyError>) -> Supplied,
    ) -> SupplyFuture {
        let permits = Arc::clone(&self.local_permits);
        let guard = CancelGuard::default();
        let cancelled = Arc::clone(&guard.0);
        Box::pin(async move {
            let _guard = guard;
            let done = run_blocking(permits, move || work(&cancelled)).await;
            supplied(done.unwrap_or(Err(SupplyError::Failed)))
        })
    }

    /// Begins a refresh of the credentials as a task, which the caller need not wait for.
    fn begin_refresh(self: &Arc<Self>, ticket: RefreshTicket, runtime: &Handle) {
        let shared = Arc::clone(self);
        let id = ticket.id();
        let task = runtime.spawn(async move { shared.refresh(id, Refresh::new(ticket)).await });
        let previous = lock(&self.refresh).replace(task.abort_handle());
        // It has ended, or it is overdue: its runtime is not driven.
        if let Some(previous) = previous {
            previous.abort();
        }
    }

    pub(crate) fn set_credentials(&self, source: Source) {
        self.session().set_credentials(source);
        self.refreshed.notify_waiters();
    }

    /// Ends the refresh that is in progress.
    pub(crate) fn end_refresh(&self) {
        if let Some(refresh) = lock(&self.refresh).take() {
            refresh.abort();
        }
    }

    /// Runs a refresh of the credentials; the session holds its result. The future is boxed, because
    /// it contains one of its own type.
    fn refresh(
        self: &Arc<Self>,
        id: RefreshId,
        mut refresh: Refresh,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let _guard = RefreshGuard(self, id);
            drop(self.drive(&mut refresh).await);
        })
    }

    /// Signs the request at once; the future sends it.
    fn exchange(&self, exchange: &Exchange) -> ExchangeFuture {
        let request = self.user_agent.append_to(exchange.sign());
        send(
            &self.pools,
            request,
            exchange.timeouts(),
            exchange.response_limit(),
        )
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to refresh the credentials, which one task has at a time. It is released when the refresh
/// ends or its future is dropped.
struct RefreshGuard<'c>(&'c Shared, RefreshId);

impl Drop for RefreshGuard<'_> {
    fn drop(&mut self) {
        let Self(shared, refresh) = self;
        shared.session().release_refresh(*refresh);
        shared.refreshed.notify_waiters();
    }
}

/// The exchanges of a flow. Those that are dropped with the flow are released.
struct ExchangesGuard<'c>(&'c Shared, InFlight);

impl Drop for ExchangesGuard<'_> {
    fn drop(&mut self) {
        let Self(shared, in_flight) = self;
        if !in_flight.is_empty() {
            let now = shared.clock.now();
            let mut session = shared.session();
            for id in in_flight.ids() {
                session.release_exchange(id, now);
            }
        }
    }
}

/// Cancels the reading of a file or the run of a program when it is dropped.
#[derive(Default)]
struct CancelGuard(Arc<AtomicBool>);

impl Drop for CancelGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What a flow that waits is polled for.
enum Event {
    Ended(ExchangeId, Result<Response, Failure>),
    Supplied(Supplied),
    Due,
}

/// What a flow has requested besides responses.
enum Supplied {
    /// The contents of a file, or the output of a program.
    Contents(Result<Vec<u8>, SupplyError>),
    /// The credentials of a source of the caller's own.
    Credentials(Result<ProvidedCredentials, SupplyError>),
}

type SupplyFuture = Pin<Box<dyn Future<Output = Supplied> + Send>>;

/// Waits for what was requested; forever, if there is nothing to wait for.
async fn next(supply: &mut Option<SupplyFuture>) -> Supplied {
    match supply {
        Some(supply) => supply.await,
        None => pending().await,
    }
}
