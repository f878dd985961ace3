//! Connects to the first of several addresses that accepts (RFC 8305, "Happy Eyeballs").
//!
//! The addresses are tried in the order of the system, with the families alternating. The next one is
//! tried when one fails, and after 250 ms. All of that happens on the calling thread, on sockets that do
//! not block.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, connect, sockopt};

use crate::exchange::now;

/// Time after which the next address is tried (RFC 8305, section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects within the timeout. The socket does not block. The error is that of the address that failed
/// last, or [`ErrorKind::TimedOut`].
pub(crate) fn connect_to_first(
    addresses: &[SocketAddr],
    timeout: Duration,
) -> io::Result<TcpStream> {
    let started = now();
    let mut waiting = alternating(addresses).into_iter();
    let mut connecting: Vec<OwnedFd> = Vec::new();
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    let mut next_start = Duration::ZERO;
    loop {
        let elapsed = now().saturating_duration_since(started);
        if elapsed >= timeout {
            return Err(ErrorKind::TimedOut.into());
        }
        if elapsed >= next_start || connecting.is_empty() {
            match waiting.next().map(|address| start(&address)) {
                Some(Ok((socket, true))) => return Ok(socket.into()),
                Some(Ok((socket, false))) => {
                    connecting.push(socket);
                    next_start = elapsed + ATTEMPT_DELAY;
                }
                Some(Err(error)) => {
                    failed = error;
                    continue;
                }
                None if connecting.is_empty() => return Err(failed),
                None => next_start = timeout,
            }
        }
        let wait = timeout.min(next_start).saturating_sub(elapsed);
        if let Some(at) = first_ready(&connecting, wait)? {
            let socket = connecting.swap_remove(at);
            match sockopt::socket_error(&socket)? {
                Ok(()) => return Ok(socket.into()),
                Err(error) => failed = error.into(),
            }
            // Another address is tried at once.
            next_start = Duration::ZERO;
        }
    }
}

/// The addresses in their order, but with the families alternating.
fn alternating(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let is_preferred = |address: &SocketAddr| address.is_ipv6() == addresses[0].is_ipv6();
    let (preferred, others): (Vec<_>, Vec<_>) = addresses.iter().copied().partition(is_preferred);
    let mut sorted = Vec::with_capacity(addresses.len());
    let (mut preferred, mut others) = (preferred.into_iter(), others.into_iter());
    while sorted.len() < addresses.len() {
        sorted.extend(preferred.next());
        sorted.extend(others.next());
    }
    sorted
}

/// Starts to connect. Returns the socket, and whether it is connected already.
fn start(address: &SocketAddr) -> io::Result<(OwnedFd, bool)> {
    let family = if address.is_ipv6() {
        AddressFamily::INET6
    } else {
        AddressFamily::INET
    };
    let socket = nonblocking_socket(family)?;
    match connect(&socket, address) {
        Ok(()) => Ok((socket, true)),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok((socket, false)),
        Err(error) => Err(error.into()),
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn nonblocking_socket(family: AddressFamily) -> rustix::io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, socket_with};
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socket_with(family, SocketType::STREAM, flags, None)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn nonblocking_socket(family: AddressFamily) -> rustix::io::Result<OwnedFd> {
    use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    #[cfg(target_vendor = "apple")]
    sockopt::set_socket_nosigpipe(&socket, true)?;
    Ok(socket)
}

/// Waits until one of the sockets is connected or has failed.
fn first_ready(sockets: &[OwnedFd], wait: Duration) -> io::Result<Option<usize>> {
    let mut polled: Vec<_> = sockets
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::OUT))
        .collect();
    let wait = Timespec::try_from(wait).ok();
    match poll(&mut polled, wait.as_ref()) {
        Ok(_) => Ok(polled.iter().position(|one| !one.revents().is_empty())),
        Err(Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_of_the_addresses_alternate() {
        let v6 = |n: u16| SocketAddr::from(([n, 0, 0, 0, 0, 0, 0, 1], 1));
        let v4 = |n: u8| SocketAddr::from(([127, 0, 0, n], 1));
        let sorted = alternating(&[v6(1), v6(2), v6(3), v4(1), v4(2)]);
        assert_eq!(sorted, [v6(1), v4(1), v6(2), v4(2), v6(3)]);
        assert_eq!(alternating(&[v4(1), v6(1), v6(2)]), [v4(1), v6(1), v6(2)]);
        assert_eq!(alternating(&[v4(2), v4(1)]), [v4(2), v4(1)]);
        assert!(alternating(&[]).is_empty());
    }

    #[test]
    fn the_error_is_that_of_the_address_that_failed_last() {
        let error = connect_to_first(&[], Duration::from_secs(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = closed.local_addr().unwrap();
        drop(closed);
        let error = connect_to_first(&[address; 3], Duration::from_secs(9)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
