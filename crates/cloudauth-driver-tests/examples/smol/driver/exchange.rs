//! One HTTP exchange over a new connection.

use core::future::{Future, pending};
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::time::Instant;

use cloudauth_proto::driver::{
    Delivery, Failure, Request, Response, ResponseReader, Timeouts, UriScheme,
};
use futures_rustls::TlsConnector;
use futures_rustls::rustls::{Error as TlsError, pki_types::ServerName};
use smol::Timer;
use smol::future::FutureExt as _;
use smol::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, split};
use smol::net::TcpStream;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Sends a request once, and reads its response.
pub(crate) async fn exchange(
    tls: TlsConnector,
    request: Request,
    timeouts: Timeouts,
    limit: usize,
) -> Result<Response, Failure> {
    let started = Instant::now();
    let stream = within(timeouts.connect, connect(&tls, &request)).await;
    let stream = stream.map_err(|error| Failure::new(delivery(&error), error))?;
    let mut bytes = Vec::new();
    request.write_http1(&mut bytes);
    let (mut reader, mut writer) = split(stream);
    // A server may respond before it has read everything, and then stop reading.
    let write = async {
        let _ = writer.write_all(&bytes).await;
        let _ = writer.flush().await;
        pending().await
    };
    let mut received = ResponseReader::new(limit);
    let read = async {
        let mut part = vec![0; 8_192];
        loop {
            let n = reader.read(&mut part).await?;
            if n == 0 || received.push(&part[..n]) {
                return Ok(());
            }
        }
    };
    let left = timeouts.total.saturating_sub(started.elapsed());
    let ended = within(timeouts.read.min(left), read.or(write)).await;
    received.finish(ended)
}

/// What an error says about the request that needed the connection.
fn delivery(error: &io::Error) -> Delivery {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(TlsError::InvalidCertificate(_)) => Delivery::CertificateRefused,
        _ => Delivery::NotSent,
    }
}

async fn connect(tls: &TlsConnector, request: &Request) -> io::Result<Box<dyn Stream>> {
    let is_tls = request.scheme == UriScheme::Https;
    let (host, port) = match request.authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().unwrap_or(0)),
        _ => (&*request.authority, if is_tls { 443 } else { 80 }),
    };
    let host = host.trim_matches(['[', ']']);
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    if !is_tls {
        return Ok(Box::new(tcp));
    }
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(tls.connect(name, tcp).await?))
}

pub(crate) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    let timed_out = async {
        Timer::after(limit).await;
        Err(ErrorKind::TimedOut.into())
    };
    work.or(timed_out).await
}
