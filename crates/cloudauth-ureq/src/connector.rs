//! How connections are made: names, proxies, TCP, TLS.

use core::net::Ipv4Addr;
use std::sync::Arc;

use rustls::ClientConfig;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{
    ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, SocksConnector, TcpConnector,
    Transport,
};
use ureq::{Error, Timeout};

use crate::tls::Tls;
use crate::watched::{Watched, connecting, cut};

/// Resolves nothing.
///
/// ureq asks for addresses before it looks for a connection that is there already, and with a limit
/// it starts a thread to have them: for every request. [`Connect`] asks when it makes a connection.
#[derive(Debug)]
pub(crate) struct Later;

impl Resolver for Later {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Makes connections: TCP, through a proxy if there is one, with TLS if the endpoint wants it.
#[derive(Debug)]
pub(crate) struct Connect {
    tls: Arc<ClientConfig>,
    names: DefaultResolver,
    socks: SocksConnector,
    proxy: ConnectProxyConnector,
    tcp: TcpConnector,
}

impl Connect {
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            names: DefaultResolver::default(),
            socks: SocksConnector::default(),
            proxy: ConnectProxyConnector::default(),
            tcp: TcpConnector::default(),
        }
    }

    fn connection(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> {
        let addrs = self.addresses(details)?;
        let timeout = cut(details.timeout);
        if (*timeout.after).is_zero() {
            // ureq would take it for no limit.
            return Err(Error::Timeout(Timeout::Connect));
        }
        let details = &ConnectionDetails {
            uri: details.uri,
            addrs,
            config: details.config,
            request_level: details.request_level,
            resolver: &self.names,
            now: (details.current_time)(),
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let tunnel = self.socks.connect(details, None::<()>)?;
        let tunnel = self.proxy.connect(details, tunnel)?;
        let transport = self
            .tcp
            .connect(details, tunnel)?
            .ok_or(Error::ConnectionFailed)?;
        let transport = Watched(transport);
        if details.needs_tls() && !transport.is_tls() {
            Ok(Box::new(Tls::handshake(&self.tls, details, transport)?))
        } else {
            Ok(Box::new(transport))
        }
    }

    /// Of the endpoint, or none if there is a proxy, which resolves the name.
    fn addresses(&self, details: &ConnectionDetails<'_>) -> Result<ResolvedSocketAddrs, Error> {
        // A proxy's own address is known here.
        if details.config.proxy().is_some() || !details.addrs.is_empty() {
            return Ok(details.addrs.clone());
        }
        let mut patience = cut(details.timeout);
        let host = details.uri.host().unwrap_or_default();
        if host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok() {
            // Takes no time, and so needs no thread that could be left behind.
            patience.after = UreqDuration::NotHappening;
        }
        self.names.resolve(details.uri, details.config, patience)
    }
}

impl Connector for Connect {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        connecting(|| self.connection(details)).map(Some)
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
    use cloudauth_proto::{Credentials, Timeouts};
    use socket2::{Domain, Socket, Type};
    use ureq::Agent;
    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};

    use super::*;
    use crate::watched::{begin, has_sent, now};

    const SLOW: Duration = Duration::from_millis(700);

    /// Takes its time to find these.
    #[derive(Debug)]
    struct Names(Duration, Vec<SocketAddr>);

    impl Resolver for Names {
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

    /// A listener that does not answer: its queue is full, with these.
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

    /// A call with so much time to connect: what came of it, and how long it took.
    fn call(url: &str, names: Names, limit: Duration) -> (Result<(), Error>, Duration) {
        let parts = Options::new()
            .credentials(Credentials::access_key("id", "secret").unwrap())
            .proxies(Proxies::none())
            .build()
            .unwrap();
        let config = Agent::config_builder()
            .timeout_resolve(Some(limit))
            .timeout_connect(Some(limit))
            .build();
        let agent = Agent::with_parts(config, Connect::new(parts.tls), names);
        let begun = now();
        begin(Timeouts::new(limit, limit, Duration::from_secs(99)));
        let called = agent.get(url).call().map(drop);
        (called, now().saturating_duration_since(begun))
    }

    /// How long it takes not to connect.
    fn in_vain(url: &str, names: Names, limit: Duration) -> Duration {
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
    fn a_name_that_was_slow_leaves_less_time_for_the_connection() {
        let (listener, _queue) = black_hole("127.0.0.1:0");
        let limit = Duration::from_secs(1);
        let names = Names(SLOW, vec![address_of(&listener)]);
        let took = in_vain("http://host.test", names, limit);
        assert!(took < limit + SLOW / 2, "{took:?}");
    }

    #[test]
    fn a_connection_that_was_slow_leaves_less_time_for_tls() {
        let (listener, _queue) = black_hole("127.0.0.1:0");
        let address = address_of(&listener);
        // The kernel knocks again after a second, and is let in.
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(500));
            let mut held = Vec::new();
            while let Ok(accepted) = listener.accept() {
                held.push(accepted);
            }
        });
        let limit = Duration::from_secs(2);
        let took = in_vain(
            "https://host.test",
            Names(Duration::ZERO, vec![address]),
            limit,
        );
        assert!(took < limit + Duration::from_millis(500), "{took:?}");
    }

    /// ureq tries one address after the other, in the system's order. The first of two has two thirds
    /// of the time to connect, and all of them together no more than that time.
    #[test]
    fn ipv6_that_swallows_packets_leaves_ipv4_a_third_of_the_time() {
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
            Names(Duration::ZERO, vec![hole, address]),
            limit,
        );
        called.unwrap();
        assert!(took > limit / 2 && took < limit, "{took:?}");

        let (other, _queue) = black_hole("127.0.0.1:0");
        let names = Names(Duration::ZERO, vec![hole, address_of(&other)]);
        let limit = Duration::from_secs(1);
        let took = in_vain("http://host.test", names, limit);
        assert!(took < limit + SLOW / 2, "{took:?}");
    }
}
