//! The client: one loop over the steps of a flow.

use core::cell::{Cell, RefCell};
use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;

use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::{
    ExchangeId, Failure, Now, RefreshId, RefreshTicket, Response, SupplyError,
};
use cloudauth_proto::{
    Call, CallOptions, Entropy, Error, Flow, Operation, Reply, Session, Source, Step,
};

use crate::exchange::send;
use crate::host::{Sleep, now};

/// How often a call looks whether the refresh of another call has ended.
const INTERVAL: Duration = Duration::from_millis(20);

/// A client for one thread. All requests of a Worker can share one, by reference or in an `Rc`.
///
/// Dropping the future of a call aborts its exchanges. Whether the service carries out the operation is then
/// unknown.
///
/// The call that finds the credentials expired refreshes them. Calls that wait for that look every 20 ms
/// whether it has ended: in a Worker, what one request wakes would run as a part of that request, and hang
/// as soon as it touches the I/O of its own. A refresh ends with the call that runs it; the next call then begins another.
#[derive(Debug)]
pub struct Client {
    session: RefCell<Session>,
    /// The refresh that was begun last, while it runs.
    refresh: Cell<Option<RefreshId>>,
}

impl Client {
    /// Creates a client from a session, which has the endpoints, the credentials and the policy. Its seed is that
    /// of [`seed`](crate::seed). No request is sent.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self {
            session: RefCell::new(session),
            refresh: Cell::default(),
        }
    }

    /// Calls an operation of the service.
    pub async fn call<O: Operation>(&self, operation: &O) -> Result<Reply<O::Response>, Error> {
        self.call_with(operation, CallOptions::new()).await
    }

    /// Calls an operation of the service, with options for this call.
    pub async fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        self.run(Call::new(operation, options)?).await
    }

    /// Runs a flow until it is done.
    pub async fn run<F: Flow>(&self, flow: F) -> Result<F::Output, Error> {
        let mut flow = KeepOutput { flow, output: None };
        self.drive(&mut flow).await?;
        flow.output.ok_or(Error::Finished)
    }

    /// The loop. It is compiled once, for all flows.
    async fn drive(&self, flow: &mut dyn Flow<Output = ()>) -> Result<(), Error> {
        let mut in_flight = InFlight(self, Vec::new());
        loop {
            let now_ = now();
            let step = flow.poll(&mut self.session.borrow_mut(), now_);
            match step {
                Step::Send(exchange) => {
                    let id = exchange.id();
                    let sent = Box::pin(send(exchange, now_.mono));
                    in_flight.1.push((id, sent));
                }
                Step::Abandon(id) => in_flight.1.retain(|(other, _)| *other != id),
                Step::Wait(until) => {
                    let mut span = until.saturating_since(now_.mono);
                    if in_flight.1.is_empty() && self.refresh.get().is_some() {
                        span = span.min(INTERVAL);
                    }
                    if let Some((id, result)) = in_flight.next_within(span).await {
                        flow.report(&mut self.session.borrow_mut(), id, result, now());
                    }
                }
                Step::Authenticate(ticket) => self.authenticate(ticket, now_).await,
                Step::Read { .. } | Step::Run { .. } => flow.supply(Err(SupplyError::Unsupported)),
                Step::Provide { .. } => flow.provide(Err(SupplyError::Missing)),
                Step::Done(result) => return result,
            }
        }
    }

    /// Replaces the credentials, or the [`Source`] that they are looked up from. Circuit breakers and limits
    /// stay.
    ///
    /// Requests that are sent from now on are signed with the new ones, those of calls in progress too. What
    /// a refresh in progress finds is not used.
    pub fn set_credentials(&self, credentials: impl Into<Source>) {
        self.session.borrow_mut().set_credentials(credentials);
    }

    /// Returns a generator of random values, for order numbers and encryption.
    #[must_use]
    pub fn entropy(&self) -> Entropy {
        self.session.borrow_mut().entropy()
    }

    /// Runs a refresh in place of the call. The future is boxed, since it contains one of its own type.
    #[cfg(feature = "refresh")]
    fn authenticate(
        &self,
        ticket: RefreshTicket,
        _now: Now,
    ) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        self.refresh.set(Some(ticket.id()));
        let guard = RefreshGuard(self, ticket.id());
        Box::pin(async move {
            let _guard = guard;
            drop(
                self.run(cloudauth_proto::driver::Refresh::inline(ticket))
                    .await,
            );
        })
    }

    #[cfg(not(feature = "refresh"))]
    #[expect(clippy::unused_async, reason = "as with the feature")]
    async fn authenticate(&self, ticket: RefreshTicket, now: Now) {
        self.session.borrow_mut().decline_refresh(&ticket, now);
    }
}

/// A flow that keeps its output.
struct KeepOutput<F: Flow> {
    flow: F,
    output: Option<F::Output>,
}

impl<F: Flow> Flow for KeepOutput<F> {
    type Output = ();

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<()> {
        let step = self.flow.poll(session, now);
        step.map(|output| self.output = Some(output))
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

type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>>>>;

/// The exchanges of a flow. Those that are dropped with it are released.
struct InFlight<'c>(&'c Client, Vec<(ExchangeId, ExchangeFuture)>);

impl InFlight<'_> {
    /// Waits for the first exchange that ends within `span`.
    async fn next_within(
        &mut self,
        span: Duration,
    ) -> Option<(ExchangeId, Result<Response, Failure>)> {
        let mut sleep = pin!(Sleep::new(span));
        poll_fn(|context| match self.poll_next(context) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
        })
        .await
    }

    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<(ExchangeId, Result<Response, Failure>)> {
        for at in 0..self.1.len() {
            if let Poll::Ready(result) = self.1[at].1.as_mut().poll(context) {
                return Poll::Ready((self.1.remove(at).0, result));
            }
        }
        Poll::Pending
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        for (id, _) in &self.1 {
            self.0.session.borrow_mut().release_exchange(*id, now());
        }
    }
}

/// The right to refresh, which is released when the refresh ends or is dropped.
#[cfg(feature = "refresh")]
struct RefreshGuard<'c>(&'c Client, RefreshId);

#[cfg(feature = "refresh")]
impl Drop for RefreshGuard<'_> {
    fn drop(&mut self) {
        let Self(client, id) = self;
        client.session.borrow_mut().release_refresh(*id);
        if client.refresh.get() == Some(*id) {
            client.refresh.set(None);
        }
    }
}
