//! The client: a loop over the steps of a flow, and one HTTP exchange.

use std::io::{Cursor, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use cloudauth_net::{
    ClientParts, Clock, FetchError, Observer, Options, OptionsError, Proxies, Proxy, ProxyProtocol,
    TransportError, UserAgent, local,
};
use cloudauth_proto::driver::{Body, Delivery, Exchange, Failure, Head, Now, Refresh, Response};
use cloudauth_proto::verify::FetchEvidence;
use cloudauth_proto::{Call, CallOptions, Entropy, Error, Flow, Operation, Reply, Session, Step};
use log::{Level, log_enabled};
use ureq::{Agent, SendBody};

use crate::connector::{ClientConnector, DeferredResolver};
use crate::exchange::{begin, has_sent};

/// Maximum memory allocated for a response body before any of it has arrived, regardless of its headers.
const MAX_INITIAL_CAPACITY: u64 = 64 << 10;

/// A blocking client with a connection pool. Threads can share one.
///
/// A call blocks its thread until it has ended, at the latest at its total timeout.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    proxies: Proxies,
    session: Mutex<Session>,
    /// Notified when a refresh of the credentials has ended.
    refreshed: Condvar,
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
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .accept_encoding("identity")
            // ureq would send its own to proxies.
            .user_agent("")
            .max_idle_connections(usize::MAX)
            .max_idle_connections_per_host(max_idle_connections)
            .max_idle_age(idle_timeout)
            .build();
        Ok(Self {
            agent: Agent::with_parts(config, ClientConnector::new(tls), DeferredResolver),
            proxies,
            session: Mutex::new(session),
            refreshed: Condvar::new(),
            clock,
            user_agent,
            observer,
        })
    }

    /// Calls an operation of the service.
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Reply<O::Response>, Error> {
        self.call_with(operation, CallOptions::new())
    }

    /// Calls an operation of the service, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        let call = Call::new(operation, options)?;
        let observed = self.observer.begin(operation);
        let result = observed.span().in_scope(|| self.run(call));
        observed.end(&result);
        result
    }

    /// Runs a flow until it is done.
    pub fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        let mut ended = None;
        loop {
            let mut session = self.session();
            let now = self.now();
            if let Some((id, reply)) = ended.take() {
                flow.report(&mut session, id, reply, now);
            }
            let step = flow.poll(&mut session, now);
            if let Step::Wait(until) = step {
                // The session is locked until here, so that the end of a refresh is not missed.
                let left = until.saturating_since(self.now().mono);
                drop(self.refreshed.wait_timeout(session, left));
                continue;
            }
            drop(session);
            match step {
                Step::Send(exchange) => {
                    ended = Some((exchange.id(), self.exchange(&exchange)));
                }
                // There is one exchange at a time, and it has ended.
                Step::Abandon(_) | Step::Wait(_) => {}
                Step::Authenticate(ticket) => {
                    // The session holds the result.
                    drop(self.run(Refresh::new(ticket)));
                    self.refreshed.notify_all();
                }
                Step::Read(path) => flow.supply(local::read_file(&path)),
                Step::Run { argv, timeout } => flow.supply(local::run_program(&argv, timeout)),
                Step::Done(result) => return result,
            }
        }
    }

    fn exchange(&self, exchange: &Exchange) -> Result<Response, Failure> {
        if would_log_requests() {
            return Err(not_sent(
                "ureq would log personal data: disable the TRACE level of `log` for ureq and ureq_proto",
            ));
        }
        // Before signing, which takes a while for a large request.
        begin(exchange.timeouts());
        let request = self.user_agent.append_to(exchange.sign());
        let proxy = self.proxies.proxy_for(request.scheme, &request.authority);
        let proxy = proxy.filter(|_| !request.direct);
        let proxy = proxy.map(ureq_proxy).transpose().map_err(not_sent)?;
        let mut request = request.into_http(send_body).map_err(not_sent)?;
        if proxy.is_some() {
            request = self.agent.configure_request(request).proxy(proxy).build();
        }
        let response = self.agent.run(request).map_err(|e| failure(e, None))?;

        let (parts, body) = response.into_parts();
        let head = Head::from(&parts);
        let limit = u64::try_from(exchange.response_limit()).unwrap_or(u64::MAX);
        let expected = body
            .content_length()
            .unwrap_or(0)
            .min(limit)
            .min(MAX_INITIAL_CAPACITY);
        let mut read = Vec::with_capacity(expected.try_into().unwrap_or(0));
        let mut reader = body.into_reader().take(limit.saturating_add(1));
        match reader.read_to_end(&mut read) {
            Ok(_) => Ok(Response::new(head, read)),
            Err(e) => Err(failure(e.into(), Some(head))),
        }
    }

    /// Fetches a picture or a video of a verdict, checks it, writes it, and returns its media type.
    ///
    /// The file is written only after all of it was received and checked, so on [`FetchError::Fetch`]
    /// nothing has been written.
    pub fn fetch(
        &self,
        fetch: FetchEvidence,
        to: &mut impl Write,
    ) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch)?;
        to.write_all(&fetched.contents)?;
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

    fn now(&self) -> Now {
        self.clock.now()
    }
}

/// Whether ureq or ureq-proto would log URLs, request headers and responses: both do at `TRACE`, and have
/// no option against it.
fn would_log_requests() -> bool {
    let is_logged = |target: &str| log_enabled!(target: target, Level::Trace);
    ["ureq::util", "ureq_proto::util"]
        .into_iter()
        .any(is_logged)
}

fn not_sent(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Delivery::NotSent, TransportError::Request(cause.into()))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "other errors are passed on unchanged"
)]
/// Converts an error of ureq; `head` is the head of the response, if it was received.
fn failure(error: ureq::Error, head: Option<Head>) -> Failure {
    let is_timeout = matches!(error, ureq::Error::Timeout(_));
    let cause: Box<dyn core::error::Error + Send + Sync> = match error {
        ureq::Error::Io(e) => e.into(),
        // The messages of these two contain the URL.
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => "the URL is not valid".into(),
        other => other.into(),
    };
    match (has_sent(), head) {
        (false, _) if is_timeout => Failure::new(Delivery::NotSent, TransportError::ConnectTimeout),
        (false, _) => Failure::new(Delivery::NotSent, TransportError::Connect(cause)),
        (true, head) => {
            let error = if is_timeout {
                TransportError::ReadTimeout
            } else {
                TransportError::Exchange(cause)
            };
            match head {
                Some(head) => Failure::after_head(head, error),
                None => Failure::new(Delivery::MaybeSent, error),
            }
        }
    }
}

/// The body for ureq. The request has a `content-length` header, so it is not sent in chunks.
fn send_body(body: Body) -> SendBody<'static> {
    let (shared, own) = body.into_parts();
    SendBody::from_owned_reader(Cursor::new(shared).chain(Cursor::new(own)))
}

fn ureq_proxy(proxy: &Proxy) -> Result<ureq::Proxy, ureq::Error> {
    let protocol = match proxy.protocol() {
        ProxyProtocol::Http => ureq::ProxyProtocol::Http,
        ProxyProtocol::Https => ureq::ProxyProtocol::Https,
        // As with the other protocols, the proxy resolves the host name.
        ProxyProtocol::Socks5 => ureq::ProxyProtocol::Socks5h,
    };
    let mut made = ureq::Proxy::builder(protocol)
        .host(proxy.host())
        .port(proxy.port());
    if let Some((user, password)) = proxy.user() {
        made = made.username(user.expose()).password(password.expose());
    }
    made.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_can_share_a_client() {
        fn shareable<T: Send + Sync + 'static>() {}
        shareable::<Client>();
    }
}
