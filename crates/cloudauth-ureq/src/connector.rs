//! How connections are made, and what ureq's errors do not tell: whether any of a request was sent.
//!
//! ureq carries an exchange out on the thread that asks for it, so what is known of the exchange
//! under way stands in that thread: connections in the pool outlive exchanges and cannot hold it.

use core::cell::Cell;
use core::fmt;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Instant;

use cloudauth_proto::Timeouts;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout,
    TcpConnector, Transport, TransportAdapter,
};

#[derive(Clone, Copy)]
struct State {
    /// How many connections are being made; the second is one to a proxy, for the first.
    connecting: u8,
    /// When to give up: connecting at first, then reading the reply.
    until: Option<Instant>,
    read_timeout: Duration,
    /// Whether a byte of the request was handed to the connection.
    has_sent: bool,
}

thread_local! {
    static EXCHANGE: Cell<State> = const {
        Cell::new(State {
            connecting: 0,
            until: None,
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
        until: now().checked_add(timeouts.connect),
        read_timeout: timeouts.read,
        has_sent: false,
    });
}

/// Whether a byte of this thread's request was handed to a connection.
pub(crate) fn has_sent() -> bool {
    EXCHANGE.get().has_sent
}

#[expect(clippy::disallowed_methods, reason = "a transport that keeps its time")]
fn now() -> Instant {
    Instant::now()
}

/// No more than what is left of this exchange's time to connect, or to read.
fn cut(mut timeout: NextTimeout) -> NextTimeout {
    if let Some(until) = EXCHANGE.get().until {
        let left = until.saturating_duration_since(now());
        timeout.after = UreqDuration::Exact((*timeout.after).min(left));
    }
    timeout
}

/// ureq resolves a name for every request, before it looks for a connection that is there already,
/// on a thread that it starts. Nothing is resolved here: a name is, when a connection is made.
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
    proxy: ConnectProxyConnector,
    tcp: TcpConnector,
}

impl Connect {
    pub(crate) fn new(tls: Arc<ClientConfig>) -> Self {
        Self {
            tls,
            names: DefaultResolver::default(),
            proxy: ConnectProxyConnector::default(),
            tcp: TcpConnector::default(),
        }
    }

    fn connection(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, Error> {
        let tunnel = self.proxy.connect(details, None::<()>)?;
        let transport: Box<dyn Transport> = match tunnel {
            Some(tunnel) => Box::new(tunnel),
            None => Box::new(self.tcp(details)?),
        };
        if details.needs_tls() && !transport.is_tls() {
            Ok(Box::new(Tls::handshake(&self.tls, details, transport)?))
        } else {
            Ok(transport)
        }
    }

    fn tcp(&self, details: &ConnectionDetails<'_>) -> Result<impl Transport + use<>, Error> {
        let mut patience = cut(details.timeout);
        if is_address(details.uri) {
            // Takes no time, and so needs no thread that can be left behind.
            patience.after = UreqDuration::NotHappening;
        }
        let resolved = self.names.resolve(details.uri, details.config, patience)?;
        let timeout = cut(details.timeout);
        if timeout.after.is_zero() {
            // To ureq, no time is a second.
            return Err(Error::Timeout(timeout.reason));
        }
        let details = ConnectionDetails {
            uri: details.uri,
            addrs: resolved,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now: (details.current_time)(),
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let tcp = self.tcp.connect(&details, None::<()>)?;
        tcp.map(Timed).ok_or(Error::ConnectionFailed)
    }
}

fn is_address(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default();
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
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
        let is_to_proxy = EXCHANGE.get().connecting > 0;
        connection.map(|transport| {
            Some(if is_to_proxy {
                transport
            } else {
                Box::new(Watched(transport)) as Box<dyn Transport>
            })
        })
    }
}

/// A connection that gives up when the time to connect or to read is over: ureq's own time-outs begin
/// anew with each phase.
#[derive(Debug)]
struct Timed<T>(T);

impl<T: Transport> Transport for Timed<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.0.transmit_output(amount, cut(timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(cut(timeout))
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }
}

/// A connection that notes when a request begins to be sent: from then on its reply is due.
#[derive(Debug)]
struct Watched(Box<dyn Transport>);

impl Transport for Watched {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 && !has_sent() {
            change(|state| {
                state.has_sent = true;
                state.until = now().checked_add(state.read_timeout);
            });
        }
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.0.await_input(timeout)
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
        sock.set_timeout(details.timeout);
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
