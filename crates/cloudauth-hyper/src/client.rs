//! The client: a loop over the steps of a flow, and one HTTP exchange.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudauth_net::{
    ClientParts, Clock, FetchError, Observer, Options, OptionsError, Proxies, TransportError,
    UserAgent, local,
};
use cloudauth_proto::driver::{
    Delivery, Exchange, ExchangeId, Failure, Head, Refresh, RefreshId, RefreshTicket, Response,
    SupplyError, Timeouts,
};
use cloudauth_proto::verify::FetchEvidence;
use cloudauth_proto::{Call, CallOptions, Entropy, Error, Flow, Operation, Reply, Session, Step};
use http_body_util::BodyExt;
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument;

use crate::body::{RequestBody, WriteStart};
use crate::connector::Connector;

/// An async client for tokio, with a connection pool. Tasks can share one.
///
/// Dropping the future of a call cancels it, and nothing is left running. Whether the service carries
/// out the operation is then unknown.
#[derive(Debug)]
pub struct Client {
    pool: Pool<Connector, RequestBody>,
    /// Connections for requests that must not go through a proxy.
    direct: Pool<Connector, RequestBody>,
    session: Mutex<Session>,
    /// Notified when a refresh of the credentials has ended.
    refreshed: Notify,
    clock: Clock,
    user_agent: UserAgent,
    observer: Observer,
}

impl Client {
    /// Builds a client. No request is sent.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let ClientParts {
            session,
            clock,
            tls,
            proxies,
            user_agent,
            observer,
            max_idle_connections,
            idle_timeout,
        } = options.build()?;
        let pool = |proxies| {
            Pool::builder(TokioExecutor::new())
                .pool_max_idle_per_host(max_idle_connections)
                .pool_idle_timeout(idle_timeout)
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                .build(Connector::new(&tls, proxies))
        };
        Ok(Self {
            pool: pool(proxies),
            direct: pool(Proxies::none()),
            session: Mutex::new(session),
            refreshed: Notify::new(),
            clock,
            user_agent,
            observer,
        })
    }

    /// Calls an operation of the service.
    pub fn call<O: Operation>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        self.call_with(operation, CallOptions::new())
    }

    /// Calls an operation of the service, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        let mut call = Call::new(operation, options);
        let observed = self.observer.begin(operation);
        async move {
            // The call and its future are large, so they are not moved.
            let call = match call {
                Ok(ref mut call) => call,
                Err(error) => return Err(error),
            };
            let driving = pin!(self.drive(call));
            let result = driving.instrument(observed.span()).await;
            observed.end(&result);
            result
        }
    }

    /// Runs a flow until it is done.
    pub async fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        self.drive(&mut flow).await
    }

    async fn drive<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        let mut in_flight = InFlight::default();
        let mut now = self.clock.now();
        loop {
            // Created before the poll, so that the end of a refresh is not missed.
            let refreshed = self.refreshed.notified();
            let step = flow.poll(&mut self.session(), now);
            match step {
                // Signing may take a while, and the next poll does not depend on the time it took.
                Step::Send(exchange) => {
                    in_flight.0.push((exchange.id(), self.exchange(&exchange)));
                    continue;
                }
                Step::Abandon(id) => {
                    in_flight.0.retain(|(other, _)| *other != id);
                    continue;
                }
                Step::Wait(until) => {
                    let ended = tokio::select! {
                        biased;
                        ended = in_flight.next() => Some(ended),
                        () = sleep_until(self.clock.instant(until).into()) => None,
                        () = refreshed => None,
                    };
                    if let Some((id, reply)) = ended {
                        now = self.clock.now();
                        flow.report(&mut self.session(), id, reply, now);
                        continue;
                    }
                }
                Step::Authenticate(ticket) => self.authenticate(ticket).await,
                Step::Read(path) => {
                    flow.supply(run_blocking(move || local::read_file(&path)).await);
                }
                Step::Run { argv, timeout } => {
                    flow.supply(run_blocking(move || local::run_program(&argv, timeout)).await);
                }
                Step::Done(result) => return result,
            }
            now = self.clock.now();
        }
    }

    /// Runs a refresh of the credentials; the session holds its result. The future is boxed, because
    /// it contains one of its own type.
    fn authenticate(&self, ticket: RefreshTicket) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let _guard = RefreshGuard(self, ticket.id());
            drop(self.run(Refresh::new(ticket)).await);
        })
    }

    /// Signs the request at once; the future sends it.
    fn exchange(&self, exchange: &Exchange) -> ExchangeFuture {
        let (timeouts, limit) = (exchange.timeouts(), exchange.response_limit());
        let request = self.user_agent.append_to(exchange.sign());
        let pool = if request.direct {
            &self.direct
        } else {
            &self.pool
        };
        let write_start = WriteStart::default();
        let response = request
            .into_http(|body| RequestBody::new(body, write_start.clone()))
            .map(|request| pool.request(request));
        Box::pin(async move {
            let response = response
                .map_err(|e| Failure::new(Delivery::NotSent, TransportError::Request(e.into())))?;
            let mut head = None;
            let reading = async {
                let response = response.await.map_err(|e| failure(e, &write_start))?;
                let (parts, body) = response.into_parts();
                head = Some(Head::from(&parts));
                drop(parts);
                read_body(body, limit).await.map_err(|e| {
                    Failure::new(Delivery::MaybeSent, TransportError::Exchange(e.into()))
                })
            };
            let read = tokio::select! {
                biased;
                read = reading => read,
                failure = timed_out(timeouts, &write_start) => Err(failure),
            };
            match (read, head) {
                (Ok(body), Some(head)) => Ok(Response::new(head, body)),
                (Err(failure), Some(head)) => Err(Failure::after_head(head, failure.source)),
                (Err(failure), None) => Err(failure),
                (Ok(_), None) => unreachable!("a body follows a head"),
            }
        })
    }

    /// Fetches a picture or a video of a verdict, checks it, writes it, and returns its media type.
    ///
    /// The file is written only after all of it was received and checked, so on [`FetchError::Fetch`]
    /// nothing has been written.
    pub async fn fetch(
        &self,
        fetch: FetchEvidence,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch).await?;
        to.write_all(&fetched.contents).await?;
        Ok(fetched.media_type)
    }

    /// Returns a generator of random values, for order numbers and encryption.
    #[must_use]
    pub fn entropy(&self) -> Entropy {
        self.session().entropy()
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to refresh the credentials, which one call has at a time. It is released when the refresh
/// ends or its future is dropped.
struct RefreshGuard<'c>(&'c Client, RefreshId);

impl Drop for RefreshGuard<'_> {
    fn drop(&mut self) {
        let Self(client, refresh) = self;
        client.session().release(*refresh);
        client.refreshed.notify_waiters();
    }
}

/// The exchanges in flight: one, or two while a call is hedged.
#[derive(Default)]
struct InFlight(Vec<(ExchangeId, ExchangeFuture)>);

type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl InFlight {
    /// Waits for the next exchange that ends; forever, if there is none.
    async fn next(&mut self) -> (ExchangeId, Result<Response, Failure>) {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                let (id, exchange) = &mut self.0[at];
                let id = *id;
                if let Poll::Ready(reply) = exchange.as_mut().poll(context) {
                    drop(self.0.remove(at));
                    return Poll::Ready((id, reply));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Reads a file or runs a program on a thread for blocking work.
async fn run_blocking(
    work: impl FnOnce() -> Result<Vec<u8>, SupplyError> + Send + 'static,
) -> Result<Vec<u8>, SupplyError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or(Err(SupplyError::Failed))
}

/// Converts an error of hyper-util. hyper-util itself resends a request only if none of it was written.
fn failure(error: legacy::Error, write_start: &WriteStart) -> Failure {
    if write_start.get().is_none() {
        Failure::new(Delivery::NotSent, TransportError::Connect(error.into()))
    } else {
        Failure::new(Delivery::MaybeSent, TransportError::Exchange(error.into()))
    }
}

/// Ends when a timeout is over: the connect timeout, until hyper starts to write the request; the read
/// timeout, from then on.
async fn timed_out(timeouts: Timeouts, write_start: &WriteStart) -> Failure {
    let started = Instant::now();
    let mut now = started;
    loop {
        let (sent, since, limit, error) = match write_start.get() {
            None => (
                Delivery::NotSent,
                started,
                timeouts.connect,
                TransportError::ConnectTimeout,
            ),
            Some(at) => (
                Delivery::MaybeSent,
                at,
                timeouts.read,
                TransportError::ReadTimeout,
            ),
        };
        let left = limit.saturating_sub(now.duration_since(since));
        if left.is_zero() {
            return Failure::new(sent, error);
        }
        // If writing starts meanwhile, the read timeout ends no sooner than this.
        sleep(left.min(timeouts.read)).await;
        now = Instant::now();
    }
}

/// Reads a body to its end, or until it is longer than `limit`.
async fn read_body(mut body: hyper::body::Incoming, limit: usize) -> Result<Vec<u8>, hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let more = limit.saturating_add(1).saturating_sub(read.len());
            read.extend_from_slice(&data[..data.len().min(more)]);
            if read.len() > limit {
                break;
            }
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use cloudauth_proto::ops::InitFaceVerify;
    use tokio::time::timeout;

    use super::*;

    /// Checked at compile time, for every operation and flow.
    #[test]
    fn futures_are_send_and_clients_are_sync() {
        fn spawnable(future: impl Future + Send) {
            drop(future);
        }
        fn shareable<T: Send + Sync + 'static>() {}
        fn any<O: Operation + Sync>(client: &Client, operation: &O) {
            spawnable(client.call(operation));
            spawnable(client.call_with(operation, CallOptions::new()));
        }
        fn flow<F: Flow + Send>(client: &Client, flow: F)
        where
            F::Output: Send,
        {
            spawnable(client.run(flow));
        }
        shareable::<Client>();
        let _ = any::<InitFaceVerify>;
        let _ = flow::<Call<InitFaceVerify>>;
    }

    /// Two timeouts; the tests wait for the short one only.
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_request_that_is_not_written_ends_with_the_connect_timeout() {
        let timeouts = Timeouts::new(SHORT, LONG, LONG);
        let failure = timeout(LONG / 2, timed_out(timeouts, &WriteStart::default())).await;
        assert_eq!(failure.unwrap().delivery, Delivery::NotSent);
    }

    #[tokio::test]
    async fn the_read_timeout_starts_when_the_request_is_written() {
        let timeouts = Timeouts::new(LONG, SHORT, LONG);
        let write_start = WriteStart::default();
        let mut ending = pin!(timeout(LONG / 2, timed_out(timeouts, &write_start)));
        let early = timeout(SHORT * 3 / 2, &mut ending).await;
        assert!(early.is_err(), "nothing was written yet");
        let body = RequestBody::new(
            cloudauth_proto::driver::Body::default(),
            write_start.clone(),
        );
        assert!(hyper::body::Body::is_end_stream(&body));
        let at = write_start.get().unwrap();
        let failure = ending.await.unwrap();
        assert_eq!(failure.delivery, Delivery::MaybeSent);
        assert!(at.elapsed() >= SHORT);
    }
}
