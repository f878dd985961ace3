//! The two ports of a region, which can be closed and opened again.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::TcpListener as Bound;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use socket2::{Domain, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{self, Opening};
use super::{Place, Shared};

/// How long the replies that are being written may take when a region goes down.
const GRACE: Duration = Duration::from_millis(100);

/// More connections than this wait to be accepted.
const CONNECTIONS: usize = 1_000;

/// How long to wait after failing to accept: for want of file descriptors, most likely.
const AFTER_FAILURE: Duration = Duration::from_millis(10);

/// What a gate can be told. The sender, if any, hears when it is done.
pub(super) enum Command {
    Close(Option<SyncSender<()>>),
    Open(SyncSender<io::Result<()>>),
}

/// Listens on an address; port 0 is any free one.
pub(super) fn bind(address: IpAddr, port: u16) -> io::Result<Bound> {
    let listener = Bound::bind((address, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A port, open or closed.
pub(super) struct Port {
    address: SocketAddr,
    opening: Opening,
    state: State,
}

enum State {
    Open(TcpListener),
    /// A socket that is bound but does not listen keeps the port for us: connecting to it is refused, and nobody
    /// else is given it. Where that is not possible there is none, and the port is only probably free later.
    Closed(Option<Socket>),
}

impl Port {
    /// Must be called inside a runtime.
    pub(super) fn new(listener: Bound, opening: Opening) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let state = State::Open(TcpListener::from_std(listener)?);
        Ok(Self {
            address,
            opening,
            state,
        })
    }

    fn close(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::Closed(None);
            self.state = State::Closed(reserve(self.address).ok());
        }
    }

    fn open(&mut self) -> io::Result<()> {
        if let State::Closed(reservation) = &mut self.state {
            drop(reservation.take());
            let listener = bind(self.address.ip(), self.address.port())?;
            self.state = State::Open(TcpListener::from_std(listener)?);
        }
        Ok(())
    }

    async fn accept(&self) -> (io::Result<(TcpStream, SocketAddr)>, Opening) {
        match &self.state {
            State::Open(listener) => (listener.accept().await, self.opening.clone()),
            State::Closed(_) => core::future::pending().await,
        }
    }
}

fn reserve(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Accepts connections until the commands end.
pub(super) async fn run(
    mut plain: Port,
    mut tls: Port,
    place: Place,
    shared: Arc<Shared>,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let (closing, _) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (accepted, opening) = tokio::select! {
            command = commands.recv() => {
                match command {
                    None => return,
                    Some(Command::Close(done)) => {
                        plain.close();
                        tls.close();
                        closing.send_replace(());
                        disconnect(&mut connections).await;
                        // Nobody waits for it if the simulator is being dropped.
                        let _ = done.map(|done| done.send(()));
                    }
                    Some(Command::Open(done)) => {
                        let _ = done.send(plain.open().and_then(|()| tls.open()));
                    }
                }
                continue;
            }
            Some(_) = connections.join_next() => continue,
            accepted = plain.accept(), if connections.len() < CONNECTIONS => accepted,
            accepted = tls.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                connections.spawn(connection::serve(
                    stream,
                    opening,
                    place,
                    shared,
                    closing.subscribe(),
                ));
            }
            Err(_) => sleep(AFTER_FAILURE).await,
        }
    }
}

/// Accepts connections to a port that never closes, for as long as the runtime lives.
pub(super) async fn run_always(port: Port, place: Place, shared: Arc<Shared>) {
    let (_closing, closed) = watch::channel(());
    let mut connections = JoinSet::new();
    loop {
        let (accepted, opening) = tokio::select! {
            Some(_) = connections.join_next() => continue,
            accepted = port.accept(), if connections.len() < CONNECTIONS => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                let closed = closed.clone();
                connections.spawn(connection::serve(stream, opening, place, shared, closed));
            }
            Err(_) => sleep(AFTER_FAILURE).await,
        }
    }
}

/// Ends every connection: idle ones at once, busy ones after their reply or the grace period.
async fn disconnect(connections: &mut JoinSet<()>) {
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        connections.shutdown().await;
    }
}
