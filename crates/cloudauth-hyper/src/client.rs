//! The client: one loop over the core's steps, and one exchange.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudauth_net::{
    Clock, FetchError, Options, OptionsError, Parts, Proxies, TransportError, UserAgent, Watch,
    effects,
};
use cloudauth_proto::verify::Fetch;
use cloudauth_proto::{
    Call, CallOptions, Entropy, Error, Exchange, ExchangeId, Failure, Flow, Head, Operation,
    Refresh, Reply, Response, Sent, Session, Step, Ticket, Timeouts, Unsupplied,
};
use http_body_util::BodyExt;
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::Instrument;

use crate::body::{Begun, Outgoing};
use crate::connector::{Connector, connector};

/// An async client for tokio. Tasks can share one: it has one pool of connections.
///
/// Dropping the future of a call ends it: nothing is left running. Whether the service carries the
/// operation out is then not known.
#[derive(Debug)]
pub struct Client {
    pool: Pool<Connector, Outgoing>,
    /// For what must not go through a proxy.
    direct: Pool<Connector, Outgoing>,
    session: Mutex<Session>,
    /// A refresh ended.
    refreshed: Notify,
    clock: Clock,
    user_agent: UserAgent,
    watch: Watch,
}

impl Client {
    /// A client with these options.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let Parts {
            session,
            clock,
            tls,
            proxies,
            user_agent,
            watch,
            max_idle,
            idle,
        } = options.build()?;
        let pool = |proxies| {
            Pool::builder(TokioExecutor::new())
                .pool_max_idle_per_host(max_idle)
                .pool_idle_timeout(idle)
                .pool_timer(TokioTimer::new())
                .timer(TokioTimer::new())
                .build(connector(&tls, proxies))
        };
        Ok(Self {
            pool: pool(proxies),
            direct: pool(Proxies::none()),
            session: Mutex::new(session),
            refreshed: Notify::new(),
            clock,
            user_agent,
            watch,
        })
    }

    /// Asks the service to do `operation`.
    pub fn call<O: Operation>(
        &self,
        operation: &O,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        self.call_with(operation, CallOptions::new())
    }

    /// The same, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> impl Future<Output = Result<Reply<O::Response>, Error>> + Send {
        let mut call = Call::new(operation, options);
        let watched = self.watch.begin(operation);
        async move {
            // Neither is moved: they are large.
            let call = match call {
                Ok(ref mut call) => call,
                Err(error) => return Err(error),
            };
            let running = pin!(self.run_within(call));
            let result = running.instrument(watched.span()).await;
            watched.end(&result);
            result
        }
    }

    /// Does what `flow` says until it is done.
    pub async fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        self.run_within(&mut flow).await
    }

    async fn run_within<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        let mut wire = Wire::default();
        let mut now = self.clock.now();
        loop {
            // From here on no refresh ends unheard.
            let refreshed = self.refreshed.notified();
            let step = flow.poll(&mut self.session(), now);
            match step {
                // It may take a while to sign, and the next poll need not know.
                Step::Send(exchange) => {
                    wire.0.push((exchange.id(), self.exchange(&exchange)));
                    continue;
                }
                Step::Abandon(id) => {
                    wire.0.retain(|(other, _)| *other != id);
                    continue;
                }
                Step::Wait(until) => {
                    let ended = tokio::select! {
                        biased;
                        ended = wire.next() => Some(ended),
                        () = sleep_until(self.clock.instant(until).into()) => None,
                        () = refreshed => None,
                    };
                    if let Some((id, reply)) = ended {
                        now = self.clock.now();
                        flow.report(&mut self.session(), id, reply, now);
                        continue;
                    }
                }
                Step::Authenticate(refresh) => self.authenticate(*refresh).await,
                Step::Read(path) => flow.supply(aside(move || effects::read(&path)).await),
                Step::Run { argv, timeout } => {
                    flow.supply(aside(move || effects::run(&argv, timeout)).await);
                }
                Step::Done(result) => return result,
            }
            now = self.clock.now();
        }
    }

    /// What comes of it is in the session. The future is boxed: it holds one of its own kind.
    fn authenticate(&self, refresh: Refresh) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let _place = Place(self, refresh.ticket());
            drop(self.run(refresh).await);
        })
    }

    /// Signs at once, and sends when it is polled.
    fn exchange(&self, exchange: &Exchange) -> InFlight {
        let (timeouts, limit) = (exchange.timeouts(), exchange.reply_limit());
        let request = self.user_agent.on(exchange.sign());
        let pool = if request.direct {
            &self.direct
        } else {
            &self.pool
        };
        let begun = Begun::default();
        let answering = request
            .into_http(|body| Outgoing::new(body, begun.clone()))
            .map(|request| pool.request(request));
        Box::pin(async move {
            let answering =
                answering.map_err(|e| Failure::new(Sent::No, TransportError::Request(e.into())))?;
            let mut head = None;
            let reading = async {
                let response = answering.await.map_err(|error| refusal(error, &begun))?;
                let (parts, body) = response.into_parts();
                head = Some(Head::from(&parts));
                drop(parts);
                read(body, limit)
                    .await
                    .map_err(|e| Failure::new(Sent::Maybe, TransportError::Exchange(e.into())))
            };
            let read = tokio::select! {
                biased;
                read = reading => read,
                failure = overdue(timeouts, &begun) => Err(failure),
            };
            match (read, head) {
                (Ok(body), Some(head)) => Ok(Response::new(head, body)),
                (Err(failure), Some(head)) => Err(Failure::after_head(head, failure.source)),
                (Err(failure), None) => Err(failure),
                (Ok(_), None) => unreachable!("a body follows a head"),
            }
        })
    }

    /// Fetches a picture or a video of a verdict, and writes it when it is there and what it should
    /// be: all of it or, on an error that is not the writer's, nothing. Gives its media type.
    pub async fn fetch(
        &self,
        fetch: Fetch,
        to: &mut (impl AsyncWrite + Unpin),
    ) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch).await?;
        to.write_all(&fetched.contents).await?;
        Ok(fetched.media_type)
    }

    /// Randomness for what goes into an operation: order numbers, encryption.
    #[must_use]
    pub fn entropy(&self) -> Entropy {
        self.session().entropy()
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of the one call that refreshes the credentials. It is free for another as soon as that one
/// ends, or is dropped on its way.
struct Place<'c>(&'c Client, Ticket);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let Self(client, ticket) = self;
        client.session().release(*ticket);
        client.refreshed.notify_waiters();
    }
}

/// The exchanges under way: one, or two while a call is hedged.
#[derive(Default)]
struct Wire(Vec<(ExchangeId, InFlight)>);

type InFlight = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

impl Wire {
    /// The next one that ends; never, if there is none.
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

/// Files and programs block, so they are read and run aside.
async fn aside(
    work: impl FnOnce() -> Result<Vec<u8>, Unsupplied> + Send + 'static,
) -> Result<Vec<u8>, Unsupplied> {
    let done = spawn_blocking(work).await;
    done.unwrap_or(Err(Unsupplied::Failed))
}

/// hyper-util sends a request again by itself only where it was never written.
fn refusal(error: legacy::Error, begun: &Begun) -> Failure {
    if begun.at().is_none() {
        Failure::new(Sent::No, TransportError::Connect(error.into()))
    } else {
        Failure::new(Sent::Maybe, TransportError::Exchange(error.into()))
    }
}

/// Ends with the limit that is over first: until the request is begun, or from then on.
async fn overdue(timeouts: Timeouts, begun: &Begun) -> Failure {
    let started = Instant::now();
    let mut now = started;
    loop {
        let (sent, since, limit, error) = match begun.at() {
            None => (
                Sent::No,
                started,
                timeouts.connect,
                TransportError::ConnectTimeout,
            ),
            Some(at) => (Sent::Maybe, at, timeouts.read, TransportError::ReadTimeout),
        };
        let left = limit.saturating_sub(now.duration_since(since));
        if left.is_zero() {
            return Failure::new(sent, error);
        }
        // One that is begun meanwhile is not overdue before this.
        sleep(left.min(timeouts.read)).await;
        now = Instant::now();
    }
}

/// Reads to the end, or until there is more than `limit`.
async fn read(mut body: hyper::body::Incoming, limit: usize) -> Result<Vec<u8>, hyper::Error> {
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

    /// Compiles only if it is so, for every operation and for flows.
    #[test]
    fn futures_can_be_spawned_and_clients_shared() {
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

    /// Long and short, of which the test waits for the short one only.
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_request_that_is_not_begun_is_given_as_long_as_it_takes_to_connect() {
        let timeouts = Timeouts::new(SHORT, LONG, LONG);
        let failure = timeout(LONG / 2, overdue(timeouts, &Begun::default())).await;
        assert_eq!(failure.unwrap().sent, Sent::No);
    }

    #[tokio::test]
    async fn a_request_that_is_begun_late_is_given_its_time_to_read_from_then_on() {
        let timeouts = Timeouts::new(LONG, SHORT, LONG);
        let begun = Begun::default();
        let mut ending = pin!(timeout(LONG / 2, overdue(timeouts, &begun)));
        let early = timeout(SHORT * 3 / 2, &mut ending).await;
        assert!(early.is_err(), "it was not begun");
        let body = Outgoing::new(cloudauth_proto::Body::default(), begun.clone());
        assert!(hyper::body::Body::is_end_stream(&body));
        let at = begun.at().unwrap();
        let failure = ending.await.unwrap();
        assert_eq!(failure.sent, Sent::Maybe);
        assert!(at.elapsed() >= SHORT);
    }
}
