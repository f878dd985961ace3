//! The ports of the simulator. Those of a region can be closed and opened again.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::TcpListener as StdTcpListener;
use std::sync::Arc;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::connection::{self, IDLE_TIMEOUT, Peer};
use super::hosts::Destination;
use super::proxy;
use super::state::{ListenerCommand, ServerState};
use super::tls::CertificateAuthority;

/// How long responses may still be written when a region goes down.
const GRACE: Duration = Duration::from_millis(100);

/// More connections than this wait to be accepted.
const MAX_CONNECTIONS: usize = 1_000;

/// How long to wait after a failed accept, most likely for lack of file descriptors.
const RETRY_ACCEPT_AFTER: Duration = Duration::from_millis(10);

/// The protocol of a port.
#[derive(Clone)]
pub(super) enum Protocol {
    Plain,
    Tls(TlsAcceptor),
    /// HTTP to a proxy, with certificates from this authority inside tunnels.
    Proxy(Arc<CertificateAuthority>),
}

/// Listens on an address; port 0 selects a free one.
pub(super) fn bind(address: IpAddr, port: u16) -> io::Result<StdTcpListener> {
    // Only a port that the system chose is shared: a requested one must be free.
    listen((address, port).into(), port == 0)
}

fn listen(address: SocketAddr, is_shared: bool) -> io::Result<StdTcpListener> {
    let socket = bound_socket(address, is_shared)?;
    socket.listen(1_024)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A socket that is bound but does not listen. Another socket of this process can bind a shared port
/// too; the system assigns it to no socket that requests any port.
fn bound_socket(address: SocketAddr, is_shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(cfg!(unix))?;
    #[cfg(unix)]
    socket.set_reuse_port(is_shared)?;
    #[cfg(not(unix))]
    let _ = is_shared; // there is no such option
    socket.bind(&address.into())?;
    Ok(socket)
}

/// A port, open or closed.
pub(super) struct Port {
    address: SocketAddr,
    protocol: Protocol,
    state: PortState,
}

enum PortState {
    Open(TcpListener),
    /// A socket that is bound but does not listen reserves the port: connections are refused, and no
    /// other process gets it.
    Closed(Option<Socket>),
}

impl Port {
    /// Must be called inside a runtime.
    pub(super) fn new(listener: StdTcpListener, protocol: Protocol) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let state = PortState::Open(TcpListener::from_std(listener)?);
        Ok(Self {
            address,
            protocol,
            state,
        })
    }

    fn close(&mut self) {
        if matches!(self.state, PortState::Open(_)) {
            // A shared port is reserved before the listener closes, any other one right after.
            self.state = PortState::Closed(bound_socket(self.address, true).ok());
            if let PortState::Closed(reservation @ None) = &mut self.state {
                *reservation = bound_socket(self.address, false).ok();
            }
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if let PortState::Closed(reservation) = &mut self.state {
            let listener = listen(self.address, true).or_else(|_| {
                drop(reservation.take());
                listen(self.address, false)
            })?;
            self.state = PortState::Open(TcpListener::from_std(listener)?);
        }
        Ok(())
    }

    async fn accept(&self) -> (io::Result<(TcpStream, SocketAddr)>, Protocol) {
        match &self.state {
            PortState::Open(listener) => (listener.accept().await, self.protocol.clone()),
            PortState::Closed(_) => core::future::pending().await,
        }
    }
}

/// Accepts connections to a region until the sender of commands is dropped.
pub(super) async fn run(
    mut plain: Port,
    mut tls: Port,
    destination: Destination,
    state: Arc<ServerState>,
    mut commands: mpsc::UnboundedReceiver<ListenerCommand>,
) {
    let (closing, _) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (accepted, protocol) = tokio::select! {
            command = commands.recv() => {
                match command {
                    None => return,
                    Some(ListenerCommand::Close(done)) => {
                        plain.close();
                        tls.close();
                        closing.send_replace(());
                        disconnect(&mut connections).await;
                        // Fails if the simulator is being dropped.
                        let _ = done.map(|done| done.send(()));
                    }
                    Some(ListenerCommand::Open(done)) => {
                        done(plain.open().and_then(|()| tls.open()));
                    }
                }
                continue;
            }
            Some(_) = connections.join_next() => continue,
            accepted = plain.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
            accepted = tls.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let state = Arc::clone(&state);
                let closing = closing.subscribe();
                connections.spawn(serve(stream, protocol, destination, state, closing));
            }
            Err(_) => sleep(RETRY_ACCEPT_AFTER).await,
        }
    }
}

/// Accepts connections to a port that never closes, for as long as the runtime lives.
pub(super) async fn run_always(port: Port, destination: Destination, state: Arc<ServerState>) {
    let (_closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (accepted, protocol) = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = port.accept(), if connections.len() < MAX_CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let state = Arc::clone(&state);
                let closed = closed.clone();
                connections.spawn(serve(stream, protocol, destination, state, closed));
            }
            Err(_) => sleep(RETRY_ACCEPT_AFTER).await,
        }
    }
}

/// Serves a connection until one side closes it or `closing` changes.
async fn serve(
    stream: TcpStream,
    protocol: Protocol,
    destination: Destination,
    state: Arc<ServerState>,
    closing: watch::Receiver<()>,
) {
    // To reset the connection while hyper owns the stream.
    let Ok(socket) = SockRef::from(&stream).try_clone() else {
        return;
    };
    // With Nagle's algorithm everything still works, more slowly.
    let _ = stream.set_nodelay(true);
    let peer = Peer::Socket(socket);
    match protocol {
        Protocol::Plain => connection::run(stream, peer, destination, state, closing).await,
        Protocol::Proxy(authority) => {
            proxy::serve(stream, peer, authority, state, closing).await;
        }
        Protocol::Tls(acceptor) => {
            let acceptor = state.take_bad_tls(destination).unwrap_or(acceptor);
            let handshake = timeout(IDLE_TIMEOUT, acceptor.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                connection::run(stream, peer, destination, state, closing).await;
            }
        }
    }
}

/// Ends every connection: idle ones at once, busy ones after their response or the grace period.
async fn disconnect(connections: &mut JoinSet<()>) {
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        connections.shutdown().await;
    }
}
