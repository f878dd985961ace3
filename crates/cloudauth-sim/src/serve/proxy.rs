//! A proxy for the vendor's hosts, since some of the vendor's packages have host names in their code.
//!
//! Nothing is forwarded: a host that is not simulated is refused, so that no request leaves the
//! machine.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::connection::{self, Peer};
use super::hosts::{Destination, destination_of};
use super::state::ServerState;
use super::tls::CertificateAuthority;

/// A longer head of a CONNECT request is invalid.
const MAX_HEAD: usize = 8 * 1024;

/// How long a client may take to send the CONNECT request, and the first bytes inside the tunnel.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The first byte of a TLS handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// Serves a connection to the proxy: a tunnel with or without TLS inside, or plain requests in
/// absolute form.
pub(super) async fn serve(
    mut stream: TcpStream,
    peer: Peer,
    authority: Arc<CertificateAuthority>,
    state: Arc<ServerState>,
    closing: watch::Receiver<()>,
) {
    let Ok(Ok(target)) = timeout(HANDSHAKE_TIMEOUT, connect_target(&mut stream)).await else {
        return;
    };
    let Some(target) = target else {
        return connection::run(stream, peer, Destination::ByHost, state, closing).await;
    };
    let Some(destination) = destination_of(&target) else {
        // If this fails, the client has closed the connection.
        let _ = stream
            .write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            .await;
        return;
    };
    if state.refuses_connections(destination) {
        // What a proxy says that could not connect.
        let _ = stream
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            .await;
        return;
    }
    if stream
        .write_all(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        .await
        .is_err()
    {
        return;
    }
    let mut first = [0];
    let Ok(Ok(1)) = timeout(HANDSHAKE_TIMEOUT, stream.peek(&mut first)).await else {
        return;
    };
    if first != [TLS_HANDSHAKE] {
        return connection::run(stream, peer, destination, state, closing).await;
    }
    let name = target
        .rsplit_once(':')
        .map_or(target.as_str(), |(name, _)| name);
    let acceptor = match state.take_bad_tls(destination) {
        Some(bad) => bad,
        None => match authority.server_config(&[name]) {
            Ok(config) => TlsAcceptor::from(config),
            Err(_) => return,
        },
    };
    if let Ok(Ok(stream)) = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        connection::run(stream, peer, destination, state, closing).await;
    }
}

/// Reads the head of a CONNECT request and returns its target. `None` for any other request, of which
/// nothing is read: CONNECT is the only method with this first letter that is served.
async fn connect_target(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 1 && first != *b"C" {
        return Ok(None);
    }
    // Byte by byte: what follows the head belongs to the tunnel.
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let target = head
        .strip_prefix("CONNECT ")
        .and_then(|rest| rest.split(' ').next());
    Ok(Some(target.unwrap_or_default().to_owned()))
}
