//! Connections in memory, for clients in the same process.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tower_service::Service;

use super::connection::{self, Peer};
use super::hosts::Destination;
use super::state::ServerState;
use crate::region::Region;

/// How many bytes are in one direction of a connection at most.
const BUFFER_SIZE: usize = 64 << 10;

/// A connector of hyper to the regions of a simulator, without sockets: each connection is in memory.
///
/// For `Client::with_connector` of `cloudauth-hyper`, with the endpoints of
/// [`Simulator::options`](crate::Simulator::options); other endpoints are refused. Faults act as they do over
/// sockets, except that a reset is the end of the connection, and that connections that are open when a region
/// goes down are reset when they are used.
#[derive(Clone)]
pub struct Connector {
    state: Arc<ServerState>,
    runtime: Handle,
    ports: [(u16, Region); 2],
}

impl Connector {
    pub(super) fn new(state: Arc<ServerState>, runtime: Handle, ports: [(u16, Region); 2]) -> Self {
        Self {
            state,
            runtime,
            ports,
        }
    }

    fn connect(&self, endpoint: &Uri) -> io::Result<InMemory> {
        let ports = self.ports.iter();
        let mut ports = ports.filter(|(port, _)| endpoint.port_u16() == Some(*port));
        let is_plain = endpoint.scheme_str() == Some("http");
        let Some((_, region)) = ports.next().filter(|_| is_plain) else {
            let problem = "this connector is for the endpoints of Simulator::options()";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        };
        let destination = Destination::Api(*region);
        if self.state.refuses_connections(destination) {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let (near, far) = duplex(BUFFER_SIZE);
        let (close, closing) = watch::channel(());
        let state = Arc::clone(&self.state);
        let peer = Peer::InMemory(close);
        self.runtime
            .spawn(connection::run(far, peer, destination, state, closing));
        Ok(InMemory(TokioIo::new(near)))
    }
}

impl Service<Uri> for Connector {
    type Response = InMemory;
    type Error = io::Error;
    type Future = core::future::Ready<io::Result<InMemory>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, endpoint: Uri) -> Self::Future {
        core::future::ready(self.connect(&endpoint))
    }
}

impl core::fmt::Debug for Connector {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connector")
            .field("ports", &self.ports)
            .finish_non_exhaustive()
    }
}

/// The client's end of a connection in memory.
#[derive(Debug)]
pub struct InMemory(TokioIo<DuplexStream>);

impl Connection for InMemory {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for InMemory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl Write for InMemory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
