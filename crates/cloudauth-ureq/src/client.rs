//! The client: one loop over the core's steps, and one exchange.

use std::io::{Cursor, Read, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use cloudauth_net::{
    Clock, FetchError, Options, OptionsError, Parts, Proxies, Proxy, ProxyProtocol, TransportError,
    UserAgent, Watch, effects,
};
use cloudauth_proto::verify::Fetch;
use cloudauth_proto::{
    Body, Call, CallOptions, Entropy, Error, Exchange, Failure, Flow, Head, Now, Operation, Reply,
    Response, Sent, Session, Step,
};
use log::{Level, log_enabled};
use ureq::{Agent, SendBody};

use crate::connector::{Connect, Later};
use crate::watched;

/// No more memory is taken for a reply before it has come, whatever its headers say.
const LARGE: u64 = 64 << 10;

/// A blocking client. Threads can share one: it has one pool of connections.
///
/// A call blocks its thread until it is answered or its total time-out is over.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    proxies: Proxies,
    session: Mutex<Session>,
    /// A refresh ended.
    refreshed: Condvar,
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
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .accept_encoding("identity")
            // In this driver a proxy is told no more than in the other one.
            .user_agent("")
            .max_idle_connections(usize::MAX)
            .max_idle_connections_per_host(max_idle)
            .max_idle_age(idle)
            .build();
        Ok(Self {
            agent: Agent::with_parts(config, Connect::new(tls), Later),
            proxies,
            session: Mutex::new(session),
            refreshed: Condvar::new(),
            clock,
            user_agent,
            watch,
        })
    }

    /// Asks the service to do `operation`.
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Reply<O::Response>, Error> {
        self.call_with(operation, CallOptions::new())
    }

    /// The same, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        let call = Call::new(operation, options)?;
        let watched = self.watch.begin(operation);
        let result = watched.span().in_scope(|| self.run(call));
        watched.end(&result);
        result
    }

    /// Does what `flow` says until it is done.
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
                // The session is held up to here, so that no refresh ends unheard.
                let left = until.saturating_since(self.now().mono);
                drop(self.refreshed.wait_timeout(session, left));
                continue;
            }
            drop(session);
            match step {
                Step::Send(exchange) => {
                    ended = Some((exchange.id(), self.exchange(&exchange)));
                }
                // One exchange at a time: it is over already.
                Step::Abandon(_) | Step::Wait(_) => {}
                Step::Authenticate(refresh) => {
                    // What came of it is in the session.
                    drop(self.run(*refresh));
                    self.refreshed.notify_all();
                }
                Step::Read(path) => flow.supply(effects::read(&path)),
                Step::Run { argv, timeout } => flow.supply(effects::run(&argv, timeout)),
                Step::Done(result) => return result,
            }
        }
    }

    fn exchange(&self, exchange: &Exchange) -> Result<Response, Failure> {
        if is_overheard() {
            return Err(unsendable(
                "ureq would log the person: turn off the TRACE level of `log` for ureq and ureq_proto",
            ));
        }
        // Connections keep to the time-outs by themselves; a large request takes a while to sign.
        watched::begin(exchange.timeouts());
        let request = self.user_agent.on(exchange.sign());
        let proxy = self.proxies.proxy_for(request.scheme, &request.authority);
        let proxy = proxy.filter(|_| !request.direct);
        let proxy = proxy.map(into_ureq).transpose().map_err(unsendable)?;
        let mut request = request.into_http(reader).map_err(unsendable)?;
        if proxy.is_some() {
            request = self.agent.configure_request(request).proxy(proxy).build();
        }
        let response = self.agent.run(request).map_err(|e| failure(e, None))?;

        let (parts, body) = response.into_parts();
        let head = Head::from(&parts);
        let limit = u64::try_from(exchange.reply_limit()).unwrap_or(u64::MAX);
        let expected = body.content_length().unwrap_or(0).min(limit).min(LARGE);
        let mut read = Vec::with_capacity(expected.try_into().unwrap_or(0));
        let mut reader = body.into_reader().take(limit.saturating_add(1));
        match reader.read_to_end(&mut read) {
            Ok(_) => Ok(Response::new(head, read)),
            Err(e) => Err(failure(e.into(), Some(head))),
        }
    }

    /// Fetches a picture or a video of a verdict, and writes it when it is there and what it should
    /// be: all of it or, on an error that is not the writer's, nothing. Gives its media type.
    pub fn fetch(&self, fetch: Fetch, to: &mut impl Write) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch)?;
        to.write_all(&fetched.contents)?;
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

/// At this level ureq logs whole URLs, and ureq-proto the bytes of the requests' heads and of replies.
/// Neither can be told not to.
fn is_overheard() -> bool {
    let is_logged = |target: &str| log_enabled!(target: target, Level::Trace);
    ["ureq::util", "ureq_proto::util"]
        .into_iter()
        .any(is_logged)
}

fn unsendable(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Failure {
    Failure::new(Sent::No, TransportError::Request(cause.into()))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are passed on as they are"
)]
fn failure(error: ureq::Error, head: Option<Head>) -> Failure {
    let is_timeout = matches!(error, ureq::Error::Timeout(_));
    let cause: Box<dyn core::error::Error + Send + Sync> = match error {
        ureq::Error::Io(e) => e.into(),
        // These two would quote the URL.
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => "not a usable URL".into(),
        other => other.into(),
    };
    match (watched::has_sent(), head) {
        (false, _) if is_timeout => Failure::new(Sent::No, TransportError::ConnectTimeout),
        (false, _) => Failure::new(Sent::No, TransportError::Connect(cause)),
        (true, head) => {
            let error = if is_timeout {
                TransportError::ReadTimeout
            } else {
                TransportError::Exchange(cause)
            };
            match head {
                Some(head) => Failure::after_head(head, error),
                None => Failure::new(Sent::Maybe, error),
            }
        }
    }
}

/// The length is in the headers, so that the body is not sent in chunks.
fn reader(body: Body) -> SendBody<'static> {
    let (shared, own) = body.into_parts();
    SendBody::from_owned_reader(Cursor::new(shared).chain(Cursor::new(own)))
}

fn into_ureq(proxy: &Proxy) -> Result<ureq::Proxy, ureq::Error> {
    let protocol = match proxy.protocol() {
        ProxyProtocol::Http => ureq::ProxyProtocol::Http,
        ProxyProtocol::Https => ureq::ProxyProtocol::Https,
        // The proxy resolves the name, as the other ones do.
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
