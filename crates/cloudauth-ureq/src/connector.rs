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

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Error;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, LazyBuffers, NextTimeout,
    SocksConnector, TcpConnector, Transport, TransportAdapter,
};

#[derive(Clone, Copy)]
struct State {
    /// How many connections are being made; the second is one to a proxy, for the first.
    connecting: u8,
    read_timeout: Duration,
    /// When the first byte of the request was handed to the connection.
    sent: Option<Instant>,
}

thread_local! {
    static EXCHANGE: Cell<State> = const {
        Cell::new(State { connecting: 0, read_timeout: Duration::MAX, sent: None })
    };
}

fn change(change: impl FnOnce(&mut State)) {
    let mut state = EXCHANGE.get();
    change(&mut state);
    EXCHANGE.set(state);
}

/// Tells this thread's connections that an exchange begins.
pub(crate) fn begin(read_timeout: Duration) {
    EXCHANGE.set(State {
        connecting: 0,
        read_timeout,
        sent: None,
    });
}

/// Whether a byte of this thread's request was handed to a connection.
pub(crate) fn has_sent() -> bool {
    EXCHANGE.get().sent.is_some()
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

/// A connection that notes when a request begins to be sent, and gives up when the time to read its
/// reply is over: ureq's own time-outs begin anew with each phase.
#[derive(Debug)]
struct Watched(Box<dyn Transport>);

#[expect(
    clippy::disallowed_methods,
    reason = "a transport that times its reads"
)]
fn now() -> Instant {
    Instant::now()
}

fn cut(mut timeout: NextTimeout) -> NextTimeout {
    let State {
        read_timeout, sent, ..
    } = EXCHANGE.get();
    if let Some(sent) = sent {
        let left = read_timeout.saturating_sub(now().saturating_duration_since(sent));
        timeout.after = UreqDuration::Exact((*timeout.after).min(left));
    }
    timeout
}

impl Transport for Watched {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 && !has_sent() {
            change(|state| state.sent = Some(now()));
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
