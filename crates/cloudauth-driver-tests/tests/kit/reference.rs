//! A driver that can do all that the kit tests, and that can be broken in one way.

use core::future::{poll_fn, ready};
use core::pin::Pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Instant, SystemTime};

use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::{
    ExchangeId, Failure, MonoTime, Now, Refresh, RefreshId, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::{Error, Flow, Operation, Reply, Session, Step};
use cloudauth_sim::driver_kit::{DriverUnderTest, KitCall, Setup};
use smol::Timer;
use smol::future::or;

use crate::broken::Defect;
use crate::exchanges::Exchanges;

/// A seed for tests.
pub(crate) fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).unwrap();
    seed
}

#[derive(Clone)]
pub(crate) struct Reference(Arc<Inner>);

struct Inner {
    defect: Option<Defect>,
    session: Mutex<Session>,
    refreshes: AtomicUsize,
    provided: Option<ProvidedCredentials>,
    exchanges: Exchanges,
    started: Instant,
}

type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl Reference {
    #[expect(clippy::disallowed_methods, reason = "a driver reads the clock")]
    pub(crate) fn new(setup: &Setup, defect: Option<Defect>) -> Self {
        let provided = setup.custom_source.as_ref();
        Self(Arc::new(Inner {
            defect,
            session: Mutex::new(setup.session(seed())),
            refreshes: AtomicUsize::new(0),
            provided: provided.map(|(_, provided)| provided.clone()),
            exchanges: Exchanges::new(setup, defect),
            started: Instant::now(),
        }))
    }

    fn is(&self, defect: Defect) -> bool {
        self.0.defect == Some(defect)
    }

    async fn flow<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        let mut in_flight = InFlight(self, Vec::new());
        loop {
            let step = flow.poll(&mut self.session(), self.now());
            match step {
                Step::Send(sent) => {
                    let id = sent.id();
                    let mut exchange = self.0.exchanges.start(&sent);
                    if self.is(Defect::OneExchangeAtATime) {
                        let result = exchange.as_mut().await;
                        flow.report(&mut self.session(), id, result, self.now());
                    } else {
                        in_flight.1.push((id, exchange));
                    }
                }
                Step::Abandon(id) => in_flight.abandon(id),
                Step::Wait(until) => {
                    let mut left = until.saturating_since(self.now().mono);
                    if self.is(Defect::HasNoDeadlines) {
                        left += Duration::from_secs(2);
                    }
                    let is_refreshing = self.0.refreshes.load(Ordering::SeqCst) > 0;
                    if is_refreshing && !self.is(Defect::WakesNobody) {
                        left = left.min(Duration::from_millis(20));
                    }
                    let due = async {
                        Timer::after(left).await;
                        None
                    };
                    if let Some((id, result)) = or(in_flight.next(), due).await {
                        flow.report(&mut self.session(), id, result, self.now());
                    }
                }
                Step::Authenticate(ticket) => self.authenticate(ticket).await,
                Step::Read { .. } if self.is(Defect::ReadsNothing) => {
                    flow.supply(Err(SupplyError::Denied));
                }
                Step::Read { path, .. } => flow.supply(std::fs::read(path).map_err(Into::into)),
                Step::Run { argv, .. } if !self.is(Defect::RunsNothing) => {
                    let mut command = std::process::Command::new(&argv[0]);
                    let output = command.args(&argv[1..]).output();
                    flow.supply(output.map(|it| it.stdout).map_err(Into::into));
                }
                Step::Run { .. } => flow.supply(Err(SupplyError::Denied)),
                Step::Provide { .. } => {
                    let provided = self.0.provided.clone();
                    let provided = provided.filter(|_| !self.is(Defect::ProvidesNothing));
                    flow.provide(provided.ok_or(SupplyError::Missing));
                }
                Step::Done(result) => return result,
            }
        }
    }

    fn authenticate(&self, ticket: RefreshTicket) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if self.is(Defect::IgnoresRefreshes) {
            return Box::pin(ready(()));
        }
        self.0.refreshes.fetch_add(1, Ordering::SeqCst);
        let guard = RefreshGuard(self.clone(), ticket.id());
        let is_inline = self.is(Defect::RefreshesInline) || self.is(Defect::KeepsDroppedRefreshes);
        let refresh = if is_inline {
            Refresh::inline(ticket)
        } else {
            Refresh::new(ticket)
        };
        let driver = self.clone();
        let run: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let _guard = guard;
            drop(driver.flow(refresh).await);
        });
        if is_inline {
            return run;
        }
        smol::spawn(run).detach();
        Box::pin(ready(()))
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.0.session.lock().unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a driver reads the clock")]
    fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.0.started.elapsed()),
            unix: SystemTime::now().into(),
        }
    }
}

impl DriverUnderTest for Reference {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        smol::block_on(self.flow(call.flow))
    }

    fn run_for<O: Operation>(
        &self,
        call: KitCall<'_, O>,
        limit: Duration,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        let dropped = async {
            Timer::after(limit).await;
            None
        };
        smol::block_on(or(async { Some(self.flow(call.flow).await) }, dropped))
    }
}

struct InFlight<'c>(&'c Reference, Vec<(ExchangeId, ExchangeFuture)>);

impl InFlight<'_> {
    async fn next(&mut self) -> Option<(ExchangeId, Result<Response, Failure>)> {
        poll_fn(|context| {
            for at in 0..self.1.len() {
                if let Poll::Ready(result) = self.1[at].1.as_mut().poll(context) {
                    return Poll::Ready(Some((self.1.remove(at).0, result)));
                }
            }
            Poll::Pending
        })
        .await
    }

    fn abandon(&mut self, id: ExchangeId) {
        let at = self.1.iter().position(|(other, _)| *other == id);
        let Some((_, exchange)) = at.map(|at| self.1.remove(at)) else {
            return;
        };
        if self.0.is(Defect::KeepsAbandonedExchanges) {
            smol::spawn(exchange).detach();
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        for (id, exchange) in self.1.drain(..) {
            if !self.0.is(Defect::KeepsDroppedProbes) {
                self.0.session().release_exchange(id, self.0.now());
            }
            if self.0.is(Defect::KeepsDroppedExchanges) {
                smol::spawn(exchange).detach();
            }
        }
    }
}

struct RefreshGuard(Reference, RefreshId);

impl Drop for RefreshGuard {
    fn drop(&mut self) {
        let Self(driver, id) = self;
        driver.0.refreshes.fetch_sub(1, Ordering::SeqCst);
        if !driver.is(Defect::KeepsDroppedRefreshes) {
            driver.session().release_refresh(*id);
        }
    }
}
