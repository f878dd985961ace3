//! The client: one loop over the core's steps, and one exchange.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use cloudauth_net::{
    Clock, FetchError, Options, OptionsError, Parts, Proxies, TransportError, UserAgent, Watch,
    effects,
};
use cloudauth_proto::verify::Fetch;
use cloudauth_proto::{
    Call, CallOptions, Entropy, Error, Exchange, ExchangeId, Failure, Flow, Head, Now, Operation,
    Refresh, Reply, Response, Sent, Session, Step, Ticket, Unsupplied,
};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{self, Client as Pool};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use crate::connector::{Connector, connector};

type Body = Full<Chain<Bytes, Bytes>>;

/// An async client for tokio. Tasks can share one: it has one pool of connections.
///
/// Dropping the future of a call ends it: nothing is left running. Whether the service carries the
/// operation out is then not known.
#[derive(Debug)]
pub struct Client {
    pool: Pool<Connector, Body>,
    /// For what must not go through a proxy.
    direct: Pool<Connector, Body>,
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
        let call = Call::new(operation, options);
        let watched = self.watch.begin(operation);
        async move {
            let result = self.run(call?).instrument(watched.span()).await;
            watched.end(&result);
            result
        }
    }

    /// Does what `flow` says until it is done.
    pub async fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        let mut wire = Wire::default();
        loop {
            // From here on no refresh ends unheard.
            let refreshed = self.refreshed.notified();
            let step = flow.poll(&mut self.session(), self.now());
            match step {
                Step::Send(exchange) => {
                    let id = exchange.id();
                    wire.0.push((id, Box::pin(self.exchange(exchange))));
                }
                Step::Abandon(id) => wire.0.retain(|(other, _)| *other != id),
                Step::Wait(until) => {
                    let left = until.saturating_since(self.now().mono);
                    let ended = tokio::select! {
                        ended = timeout(left, wire.next()) => ended.ok(),
                        () = refreshed => None,
                    };
                    if let Some((id, reply)) = ended {
                        flow.report(&mut self.session(), id, reply, self.now());
                    }
                }
                Step::Authenticate(refresh) => self.authenticate(*refresh).await,
                Step::Read(path) => flow.supply(aside(move || effects::read(&path)).await),
                Step::Run { argv, timeout } => {
                    flow.supply(aside(move || effects::run(&argv, timeout)).await);
                }
                Step::Done(result) => return result,
            }
        }
    }

    /// What comes of it is in the session. The future is boxed: it holds one of its own kind.
    fn authenticate(&self, refresh: Refresh) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async {
            let _place = Place(self, refresh.ticket());
            drop(self.run(refresh).await);
        })
    }

    async fn exchange(&self, exchange: Exchange) -> Result<Response, Failure> {
        let timeouts = exchange.timeouts();
        let request = self.user_agent.on(exchange.sign());
        let pool = if request.direct {
            &self.direct
        } else {
            &self.pool
        };
        let mut request = request
            .into_http(in_two_parts)
            .map_err(|e| Failure::new(Sent::No, TransportError::Request(e.into())))?;
        let mut connection = capture_connection(&mut request);
        let mut answering = pin!(pool.request(request));

        // A connection is known a moment before the request is given to it.
        let early = tokio::select! {
            biased;
            answer = &mut answering => Some(answer),
            _ = connection.wait_for_connection_metadata() => None,
            () = sleep(timeouts.connect) => {
                return Err(Failure::new(Sent::No, TransportError::ConnectTimeout));
            }
        };
        let mut head = None;
        let reading = async {
            let answer = match early {
                Some(answer) => answer,
                None => answering.await,
            };
            let response = answer.map_err(|error| {
                let connected = connection.connection_metadata().is_some();
                refusal(error, connected)
            })?;
            let (parts, body) = response.into_parts();
            head = Some(Head::from(&parts));
            read(body, exchange.reply_limit())
                .await
                .map_err(|error| Failure::new(Sent::Maybe, TransportError::Exchange(error.into())))
        };
        let read = match timeout(timeouts.read, reading).await {
            Ok(read) => read,
            Err(_) => Err(Failure::new(Sent::Maybe, TransportError::ReadTimeout)),
        };
        match (read, head) {
            (Ok(body), Some(head)) => Ok(Response::new(head, body)),
            (Err(failure), Some(head)) => Err(Failure::after_head(head, failure.source)),
            (Err(failure), None) => Err(failure),
            (Ok(_), None) => unreachable!("a body follows a head"),
        }
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

    fn now(&self) -> Now {
        self.clock.now()
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
struct Wire<'c>(Vec<(ExchangeId, InFlight<'c>)>);

type InFlight<'c> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send + 'c>>;

impl Wire<'_> {
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
fn refusal(error: legacy::Error, connected: bool) -> Failure {
    if error.is_connect() || !connected {
        Failure::new(Sent::No, TransportError::Connect(error.into()))
    } else {
        Failure::new(Sent::Maybe, TransportError::Exchange(error.into()))
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

fn in_two_parts(body: cloudauth_proto::Body) -> Body {
    let (shared, own) = body.into_parts();
    Full::new(Bytes::from_owner(shared).chain(own.into()))
}

#[cfg(test)]
mod tests {
    use cloudauth_proto::ops::InitFaceVerify;

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
}
