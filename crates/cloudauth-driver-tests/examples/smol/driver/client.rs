//! A driver on smol: the loop over the steps of a flow.

use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use cloudauth_proto::driver::{
    ExchangeId, Failure, MonoTime, Now, Refresh, RefreshId, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::{Error, Flow, Session, Step};
use futures_rustls::TlsConnector;
use futures_rustls::rustls::ClientConfig;
use smol::Timer;
use smol::future::FutureExt as _;
use smol::process::{Command, Stdio};

use super::exchange::{exchange, within};

/// A client. Dropping the future of a flow ends its exchanges, and a refresh that it runs.
pub(crate) struct Client {
    session: Mutex<Session>,
    tls: TlsConnector,
    started: Instant,
}

type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl Client {
    pub(crate) fn new(session: Session, tls: Arc<ClientConfig>) -> Self {
        Self {
            session: Mutex::new(session),
            tls: tls.into(),
            started: Instant::now(),
        }
    }

    /// Runs a flow to its end.
    pub(crate) async fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        let mut in_flight = InFlight(self, Vec::new());
        loop {
            let step = flow.poll(&mut self.session(), self.now());
            match step {
                Step::Send(sent) => {
                    let (timeouts, limit) = (sent.timeouts(), sent.response_limit());
                    let exchange = exchange(self.tls.clone(), sent.sign(), timeouts, limit);
                    in_flight.1.push((sent.id(), Box::pin(exchange)));
                }
                Step::Abandon(id) => in_flight.1.retain(|(other, _)| *other != id),
                Step::Wait(until) => {
                    let mut left = until.saturating_since(self.now().mono);
                    if in_flight.1.is_empty() {
                        // The refresh of another call may end.
                        left = left.min(Duration::from_millis(20));
                    }
                    let due = async {
                        Timer::after(left).await;
                        None
                    };
                    if let Some((id, result)) = in_flight.next().or(due).await {
                        flow.report(&mut self.session(), id, result, self.now());
                    }
                }
                Step::Authenticate(ticket) => self.authenticate(ticket).await,
                Step::Read { path, timeout } => {
                    let read = within(timeout, smol::fs::read(path)).await;
                    flow.supply(read.map_err(Into::into));
                }
                Step::Run { argv, timeout } => flow.supply(run_program(&argv, timeout).await),
                Step::Provide { .. } => flow.provide(Err(SupplyError::Missing)),
                Step::Done(result) => return result,
            }
        }
    }

    /// Runs a refresh in place of the call. The future is boxed, since it contains one of its own type.
    fn authenticate(&self, ticket: RefreshTicket) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let guard = RefreshGuard(self, ticket.id());
        Box::pin(async move {
            let _guard = guard;
            drop(self.run(Refresh::inline(ticket)).await);
        })
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        let mono = MonoTime::new(self.started.elapsed());
        let unix = SystemTime::now().into();
        Now { mono, unix }
    }
}

/// The exchanges of a flow. Those that are dropped with it are released.
struct InFlight<'c>(&'c Client, Vec<(ExchangeId, ExchangeFuture)>);

impl InFlight<'_> {
    /// Waits for the next exchange that ends.
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
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        for (id, _) in &self.1 {
            self.0.session().release_exchange(*id, self.0.now());
        }
    }
}

/// The right to refresh, which is released when the refresh ends or is dropped.
struct RefreshGuard<'c>(&'c Client, RefreshId);

impl Drop for RefreshGuard<'_> {
    fn drop(&mut self) {
        self.0.session().release_refresh(self.1);
    }
}

async fn run_program(argv: &[String], timeout: Duration) -> Result<Vec<u8>, SupplyError> {
    let (program, arguments) = argv.split_first().ok_or(SupplyError::Missing)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = within(timeout, command.kill_on_drop(true).output()).await?;
    if !output.status.success() {
        return Err(SupplyError::Exited(output.status.code()));
    }
    Ok(output.stdout)
}
