//! How connections are made, and what ureq's errors do not tell: whether any of a request was sent.
//!
//! ureq carries an exchange out on the thread that asks for it, so what is known of the exchange
//! under way stands in that thread: connections in the pool outlive exchanges and cannot hold it.

use core::cell::Cell;
use core::fmt;
use core::time::Duration;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use cloudauth_proto::Timeouts;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout,
    SocksConnector, TcpConnector, Transport, TransportAdapter,
};
use ureq::{Error, Timeout};

#[derive(Clone, Copy)]
struct State {
    /// How many connections are being made; the second is one to a proxy, for the first.
    connecting: u8,
    /// When to give up: connecting, and then reading.
    deadline: Option<Instant>,
    read_timeout: Duration,
    /// Whether the first byte of the request was handed to the connection.
    has_sent: bool,
}

thread_local! {
    static EXCHANGE: Cell<State> = const {
        Cell::new(State {
            connecting: 0,
            deadline: None,
            read_timeout: Duration::MAX,
            has_sent: false,
        })
    };
}

fn change(change: impl FnOnce(&mut State)) {
    let mut state = EXCHANGE.get();
    change(&mut state);
    EXCHANGE.set(state);
}

/// Tells this thread's connections that an exchange begins.
pub(crate) fn begin(timeouts: Timeouts) {
    EXCHANGE.set(State {
        connecting: 0,
        deadline: now().checked_add(timeouts.connect),
        read_timeout: timeouts.read,
        has_sent: false,
    });
}

/// Whether a byte of this thread's request was handed to a connection.
pub(crate) fn has_sent() -> bool {
    EXCHANGE.get().has_sent
}

/// Makes connections: TCP, through a proxy if there is one, with TLS if the endpoint wants it.
#[derive(Debug)]
pub(crate) struct Connect {
    tls: Arc<ClientConfig>,
    socks: SocksConnector,
    proxy: ConnectProxyConnector,
    tcp: TcpConnector,
}

impl Connect {
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            socks: SocksConnector::default(),
            proxy: ConnectProxyConnector::default(),
            tcp: TcpConnector::default(),
        }
    }

    fn connection(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> {
        let timeout = cut(details.timeout);
        if (*timeout.after).is_zero() {
            // ureq would take it for no limit.
            return Err(Error::Timeout(Timeout::Connect));
        }
        let details = &ConnectionDetails {
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
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
        if details.needs_tls() && !transport.is_tls() {
            Ok(Box::new(Tls::handshake(&self.tls, details, transport)?))
        } else {
            Ok(Box::new(transport))
        }
    }
}

impl Connector for Connect {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, Error> {
        change(|state| state.connecting += 1);
        let connection = self.connection(details);
        change(|state| state.connecting -= 1);
        connection.map(|transport| Some(Box::new(Watched(transport)) as Box<dyn Transport>))
    }
}

/// A connection that notes when a request begins to be sent, and gives up when the time to connect or
/// to read is over: ureq's own time-outs begin anew with each phase.
#[derive(Debug)]
struct Watched(Box<dyn Transport>);

#[expect(
    clippy::disallowed_methods,
    reason = "a transport that keeps to its times"
)]
fn now() -> Instant {
    Instant::now()
}

fn cut(mut timeout: NextTimeout) -> NextTimeout {
    if let Some(deadline) = EXCHANGE.get().deadline {
        let left = deadline.saturating_duration_since(now());
        timeout.after = UreqDuration::Exact((*timeout.after).min(left));
    }
    timeout
}

impl Transport for Watched {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let state = EXCHANGE.get();
        // What is sent while connecting is for a proxy.
        if amount > 0 && state.connecting == 0 && !state.has_sent {
            change(|state| {
                state.has_sent = true;
                state.deadline = now().checked_add(state.read_timeout);
            });
        }
        self.0.transmit_output(amount, cut(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(cut(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

/// TLS over another transport, with the configuration that both drivers share.
struct Tls {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Tls {
    fn handshake(
        config: &Arc<ClientConfig>,
        details: &ConnectionDetails<'_>,
        transport: impl Transport,
    ) -> Result<Self, Error> {
        let host = details.uri.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let name = ServerName::try_from(bare.unwrap_or(host).to_owned())
            .map_err(|_| Error::Tls("the host cannot have a certificate"))?;
        let failed = |e| Error::Io(std::io::Error::other(e));
        let mut conn = ClientConnection::new(Arc::clone(config), name).map_err(failed)?;
        let mut sock = TransportAdapter::new(
            Box::new(transport) as Box<dyn Transport>,
            Arc::clone(&details.current_time),
        );
        sock.set_timeout(cut(details.timeout));
        while conn.is_handshaking() {
            conn.complete_io(&mut sock)?;
        }
        Ok(Self {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: StreamOwned { conn, sock },
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Transport for Tls {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use core::net::SocketAddr;
    use std::thread;

    use cloudauth_net::{Options, Proxies};
    use cloudauth_proto::Credentials;
    use socket2::{Domain, Socket, Type};
    use ureq::Agent;
    use ureq::config::Config;
    use ureq::http::Uri;
    use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};

    use super::*;

    /// Finds this address, after a while.
    #[derive(Debug)]
    struct Names(SocketAddr, Duration);

    impl Resolver for Names {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            thread::sleep(self.1);
            let mut found = self.empty();
            found.push(self.0);
            Ok(found)
        }
    }

    /// A listener that does not answer: its queue is full, with these.
    fn black_hole() -> (Socket, Vec<Socket>) {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = socket();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
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

    /// How long it takes not to connect.
    fn in_vain(url: &str, names: Names, limit: Duration) -> Duration {
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
        let error = agent.get(url).call().unwrap_err();
        assert!(matches!(error, Error::Timeout(_)), "{error}");
        assert!(!has_sent());
        now().saturating_duration_since(begun)
    }

    fn address_of(listener: &Socket) -> SocketAddr {
        let address = listener.local_addr().unwrap();
        address.as_socket().unwrap()
    }

    #[test]
    fn a_name_that_was_slow_leaves_less_time_for_the_connection() {
        let (listener, _queue) = black_hole();
        let [slow, limit] = [700, 1_000].map(Duration::from_millis);
        let names = Names(address_of(&listener), slow);
        let took = in_vain("http://host.test", names, limit);
        assert!(took < limit + slow / 2, "{took:?}");
    }

    #[test]
    fn a_connection_that_was_slow_leaves_less_time_for_tls() {
        let (listener, _queue) = black_hole();
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
        let took = in_vain("https://host.test", Names(address, Duration::ZERO), limit);
        assert!(took < limit + Duration::from_millis(500), "{took:?}");
    }
}
