//! Connections: name resolution, proxies, TCP, TLS.

use std::io::ErrorKind;
use std::sync::Arc;

use cloudauth_net::{ProxyRefused, is_certificate_refused};
use rustls::ClientConfig;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, Either, NextTimeout, SocksConnector,
    Transport,
};
use ureq::{Error, Timeout};

use crate::exchange::{cap, while_connecting};
use crate::lookup::Lookups;
#[cfg(unix)]
use crate::tcp::TcpTransport;
use crate::tls::TlsTransport;
use crate::transport::DeadlineTransport;

/// A resolver that returns no addresses; [`ClientConnector`] resolves names when it connects.
///
/// ureq resolves the host name of every request, before it looks for an idle connection, and with a
/// timeout it does so on a new thread.
#[derive(Debug)]
pub(crate) struct DeferredResolver;

impl Resolver for DeferredResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Makes connections: over TCP, through a proxy if one is configured, and with TLS for `https`.
#[derive(Debug)]
pub(crate) struct ClientConnector {
    tls: Arc<ClientConfig>,
    resolver: Lookups,
    socks: SocksConnector,
    proxy: ConnectProxyConnector,
}

impl ClientConnector {
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            resolver: Lookups::default(),
            socks: SocksConnector::default(),
            proxy: ConnectProxyConnector::default(),
        }
    }

    fn connection(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> {
        let addrs = self.addresses(details)?;
        let timeout = cap(details.timeout);
        if (*timeout.after).is_zero() {
            // ureq takes a timeout of zero for none.
            return Err(Error::Timeout(Timeout::Connect));
        }
        let details = &ConnectionDetails {
            uri: details.uri,
            addrs,
            config: details.config,
            request_level: details.request_level,
            resolver: &self.resolver,
            now: (details.current_time)(),
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let tunnel = self.socks.connect(details, None::<()>);
        let tunnel = self.proxy.connect(details, tunnel.map_err(from_proxy)?);
        let transport = match tunnel.map_err(from_proxy)? {
            Some(tunnel) => Either::A(tunnel),
            None => Either::B(tcp(details)?),
        };
        let transport = DeadlineTransport::new(transport);
        if details.needs_tls() && !transport.is_tls() {
            Ok(Box::new(TlsTransport::handshake(
                &self.tls, details, transport,
            )?))
        } else {
            Ok(Box::new(transport))
        }
    }

    /// The addresses of the endpoint; none if there is a proxy, which resolves the host name.
    fn addresses(&self, details: &ConnectionDetails<'_>) -> Result<ResolvedSocketAddrs, Error> {
        // A connection to the proxy itself comes with its addresses.
        if details.config.proxy().is_some() || !details.addrs.is_empty() {
            return Ok(details.addrs.clone());
        }
        let timeout = cap(details.timeout);
        self.resolver.resolve(details.uri, details.config, timeout)
    }
}

#[cfg(unix)]
fn tcp(details: &ConnectionDetails<'_>) -> Result<TcpTransport, Error> {
    TcpTransport::connect(details)
}

/// On other systems, one address is tried after the other.
#[cfg(not(unix))]
fn tcp(details: &ConnectionDetails<'_>) -> Result<impl Transport + use<>, Error> {
    let tcp = ureq::unversioned::transport::TcpConnector::default();
    let connected = tcp.connect(details, None::<()>)?;
    connected.ok_or(Error::ConnectionFailed)
}

/// Tells a proxy that refuses the client, or whose certificate is refused, from other errors.
fn from_proxy(error: Error) -> Error {
    if let Error::ConnectProxyFailed(reason) = &error
        && reason.contains("407")
    {
        return refused("the proxy requires another user or password (status 407)");
    }
    let Error::Io(e) = error else {
        return error;
    };
    if is_certificate_refused(&e) {
        return refused(e);
    }
    // Of the SOCKS handshake; those of the system have a number.
    if e.kind() == ErrorKind::PermissionDenied && e.raw_os_error().is_none() {
        return refused("the proxy requires another user or password");
    }
    Error::Io(e)
}

fn refused(cause: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Error {
    Error::Other(ProxyRefused::new(cause).into())
}

impl Connector for ClientConnector {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        while_connecting(|| self.connection(details)).map(Some)
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use core::net::SocketAddr;
    use core::time::Duration;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use cloudauth_net::{Options, Proxies};
    use cloudauth_proto::Credentials;
    use cloudauth_proto::driver::Timeouts;
    use socket2::{Domain, Socket, Type};
    use ureq::Agent;
    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};

    use super::*;
    use crate::exchange::{begin, has_sent, now};

    const SLOW: Duration = Duration::from_millis(700);

    /// Returns these addresses after a delay.
    #[derive(Debug)]
    struct SlowResolver(Duration, Vec<SocketAddr>);

    impl Resolver for SlowResolver {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            thread::sleep(self.0);
            let mut found = self.empty();
            for address in &self.1 {
                found.push(*address);
            }
            Ok(found)
        }
    }

    /// A listener that neither accepts nor refuses connections, because these fill its backlog.
    fn black_hole(any: &str) -> (Socket, Vec<Socket>) {
        let any: SocketAddr = any.parse().unwrap();
        let socket = || Socket::new(Domain::for_address(any), Type::STREAM, None).unwrap();
        let listener = socket();
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let queue = core::iter::repeat_with(|| {
            let client = socket();
            client.set_nonblocking(true).unwrap();
            let _ = client.connect(&address);
            client
        });
        let queue = queue.take(4).collect();
        (listener, queue)
    }

    /// Sends a request with this connect timeout; the result, and how long it took.
    fn call(url: &str, names: SlowResolver, limit: Duration) -> (Result<(), Error>, Duration) {
        let parts = Options::new()
            .credentials(Credentials::access_key("id", "secret").unwrap())
            .proxies(Proxies::none())
            .build()
            .unwrap();
        let config = Agent::config_builder()
            .timeout_resolve(Some(limit))
            .timeout_connect(Some(limit))
            .build();
        let agent = Agent::with_parts(config, ClientConnector::new(parts.tls), names);
        let begun = now();
        begin(Timeouts::new(limit, limit, Duration::from_secs(99)));
        let called = agent.get(url).call().map(drop);
        (called, now().saturating_duration_since(begun))
    }

    /// How long it takes until connecting times out.
    fn timed_out(url: &str, names: SlowResolver, limit: Duration) -> Duration {
        let (called, took) = call(url, names, limit);
        let error = called.unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error}");
        assert!(!has_sent());
        took
    }

    fn address_of(listener: &Socket) -> SocketAddr {
        let address = listener.local_addr().unwrap();
        address.as_socket().unwrap()
    }

    #[test]
    fn slow_name_resolution_leaves_less_time_to_connect() {
        let (listener, _queue) = black_hole("127.0.0.1:0");
        let limit = Duration::from_secs(1);
        let names = SlowResolver(SLOW, vec![address_of(&listener)]);
        let took = timed_out("http://host.test", names, limit);
        assert!(took < limit + SLOW / 2, "{took:?}");
    }

    #[test]
    fn a_slow_tcp_connection_leaves_less_time_for_the_tls_handshake() {
        let (listener, _queue) = black_hole("127.0.0.1:0");
        let address = address_of(&listener);
        // The kernel sends another SYN after a second, which is then accepted.
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            let mut held = Vec::new();
            while let Ok(accepted) = listener.accept() {
                held.push(accepted);
            }
        });
        let limit = Duration::from_secs(2);
        let took = timed_out(
            "https://host.test",
            SlowResolver(Duration::ZERO, vec![address]),
            limit,
        );
        assert!(took < limit + Duration::from_millis(500), "{took:?}");
    }

    #[test]
    fn an_ipv6_address_that_drops_packets_delays_ipv4_by_a_quarter_of_a_second() {
        let (hole, _queue) = black_hole("[::1]:0");
        let hole = address_of(&hole);
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || {
            for stream in server.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        });
        let limit = Duration::from_secs(3);
        let (called, took) = call(
            "http://host.test",
            SlowResolver(Duration::ZERO, vec![hole, address]),
            limit,
        );
        called.unwrap();
        let delay = Duration::from_millis(250);
        assert!(took >= delay && took < delay * 3, "{took:?}");

        let (other, _queue) = black_hole("127.0.0.1:0");
        let names = SlowResolver(Duration::ZERO, vec![hole, address_of(&other)]);
        let limit = Duration::from_secs(1);
        let took = timed_out("http://host.test", names, limit);
        assert!(took < limit + SLOW / 2, "{took:?}");
    }
}
