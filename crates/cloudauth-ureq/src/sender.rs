//! One HTTP exchange, with ureq.

use std::io::{Cursor, Read};

use cloudauth_net::{
    Proxies, Proxy, ProxyProtocol, TransportError, UserAgent, connect_failure, request_failure,
};
use cloudauth_proto::driver::{Body, Delivery, Exchange, Failure, Head, Response};
use log::{Level, log_enabled};
use ureq::{Agent, SendBody};

use crate::exchange::{begin, has_failed_to_connect, has_sent};

/// Maximum memory allocated for a response body before any of it has arrived, regardless of its headers.
const MAX_INITIAL_CAPACITY: u64 = 64 << 10;

/// Sends the requests of a client.
#[derive(Debug)]
pub(crate) struct Sender {
    agent: Agent,
    proxies: Proxies,
    user_agent: UserAgent,
}

impl Sender {
    pub(crate) fn new(agent: Agent, proxies: Proxies, user_agent: UserAgent) -> Self {
        Self {
            agent,
            proxies,
            user_agent,
        }
    }

    /// Ends all exchanges: their connections are shut down, and no new ones are made.
    pub(crate) fn shut_down(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends a request and reads its response.
    pub(crate) fn exchange(&self, exchange: &Exchange) -> Result<Response, Failure> {
        if would_log_requests() {
            return Err(request_failure(
                "ureq would log personal data: disable the TRACE level of `log` for ureq and ureq_proto",
            ));
        }
        // Before signing, which takes a while for a large request.
        begin(exchange.timeouts());
        let request = self.user_agent.append_to(exchange.sign());
        let proxy = if request.direct {
            None
        } else {
            let proxy = self.proxies.proxy_for(request.scheme, &request.authority);
            proxy.map_err(request_failure)?
        };
        let proxy = proxy.map(ureq_proxy).transpose().map_err(request_failure)?;
        let mut request = request.into_http(send_body).map_err(request_failure)?;
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
}

/// Whether ureq or ureq-proto would log URLs, request headers and responses: both do at `TRACE`, and have
/// no option against it.
fn would_log_requests() -> bool {
    let is_logged = |target: &str| log_enabled!(target: target, Level::Trace);
    ["ureq::util", "ureq_proto::util"]
        .into_iter()
        .any(is_logged)
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
        ureq::Error::Other(e) => e,
        // The messages of these two contain the URL.
        ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => "the URL is not valid".into(),
        other => other.into(),
    };
    match (has_sent(), head) {
        (false, _) if is_timeout => Failure::new(Delivery::NotSent, TransportError::ConnectTimeout),
        (false, _) if has_failed_to_connect() => connect_failure(cause),
        (false, _) => request_failure(cause),
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
