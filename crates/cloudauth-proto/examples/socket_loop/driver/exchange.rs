//! One HTTP exchange over a new connection.

use core::time::Duration;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::Instant;

use cloudauth_proto::driver::{
    Delivery, Failure, Request, Response, ResponseReader, Timeouts, UriScheme,
};

/// Sends a request once, and reads its response.
pub(crate) fn exchange(
    request: &Request,
    timeouts: Timeouts,
    limit: usize,
) -> Result<Response, Failure> {
    if request.scheme == UriScheme::Https {
        return Err(Failure::new(Delivery::LocalFailure, "there is no TLS here"));
    }
    let started = Instant::now();
    let stream = connect(&request.authority, started + timeouts.connect)
        .map_err(|error| Failure::new(Delivery::NotSent, error))?;
    let end = (Instant::now() + timeouts.read).min(started + timeouts.total);
    let mut bytes = Vec::new();
    request.write_http1(&mut bytes);
    thread::scope(|scope| {
        // On a thread of its own: a server may respond before it has read everything.
        scope.spawn(|| (&stream).write_all(&bytes));
        let response = read(&stream, end, limit);
        // The connection is not kept, so that nothing late is read from it. This ends the thread, too.
        let _ = stream.shutdown(Shutdown::Both);
        response
    })
}

/// Connects to one address of the host after the other. The resolver of the system has its own time limits.
fn connect(authority: &str, end: Instant) -> io::Result<TcpStream> {
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    let with_port = if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut error = io::Error::from(ErrorKind::NotFound);
    for address in with_port.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(end)?) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(e) => error = e,
        }
    }
    Err(error)
}

/// The time until `end`, which is more than none.
fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

/// Reads a response until a time.
fn read(mut stream: &TcpStream, end: Instant, limit: usize) -> Result<Response, Failure> {
    let mut reader = ResponseReader::new(limit);
    let mut part = [0; 8_192];
    let mut more = || {
        stream.set_read_timeout(Some(left(end)?))?;
        stream
            .read(&mut part)
            .map(|n| n == 0 || reader.push(&part[..n]))
    };
    let ended = loop {
        match more() {
            Ok(false) => {}
            Ok(true) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    reader.finish(ended)
}
