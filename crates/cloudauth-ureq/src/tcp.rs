//! A TCP connection that keeps to its timeouts exactly.
//!
//! That of ureq gives each system call the whole timeout, so a write that progresses slowly takes several
//! of them.

use core::fmt;
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Weak};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use crate::exchange::now;
use crate::happy_eyeballs::connect_to_first;

/// A TCP connection whose socket does not block.
pub(crate) struct TcpTransport {
    /// Shared with the agent, which shuts it down when the client is dropped.
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
}

impl TcpTransport {
    /// Connects to the first address that accepts.
    pub(crate) fn connect(details: &ConnectionDetails<'_>) -> Result<Self, Error> {
        let connected = connect_to_first(&details.addrs, *details.timeout.after);
        let stream = connected.map_err(|error| {
            if error.kind() == ErrorKind::TimedOut {
                Error::Timeout(Timeout::Connect)
            } else {
                Error::Io(error)
            }
        })?;
        stream.set_nodelay(true)?;
        let stream = Arc::new(stream);
        let handle: Weak<TcpStream> = Arc::downgrade(&stream);
        (details.register_shutdown)(handle)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Self { stream, buffers })
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TcpTransport")
    }
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let limit = Limit::start(timeout);
        let mut left = &self.buffers.output()[..amount];
        while !left.is_empty() {
            match (&*self.stream).write(left) {
                Ok(0) => return Err(Error::Io(ErrorKind::WriteZero.into())),
                Ok(written) => left = &left[written..],
                Err(e) => limit.wait_after(e, &self.stream, PollFlags::OUT)?,
            }
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let limit = Limit::start(timeout);
        let input = self.buffers.input_append_buf();
        // The response to a request takes a while, so this waits before it reads.
        limit.wait(&self.stream, PollFlags::IN)?;
        let read = loop {
            match (&*self.stream).read(input) {
                Ok(read) => break read,
                Err(e) => limit.wait_after(e, &self.stream, PollFlags::IN)?,
            }
        };
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    /// Bytes that arrive without a request mean that the connection cannot be used, as does its end.
    fn is_open(&mut self) -> bool {
        let peeked = self.stream.peek(&mut [0]);
        matches!(peeked, Err(e) if e.kind() == ErrorKind::WouldBlock)
    }
}

/// The timeout of one read or write.
struct Limit {
    started: Instant,
    timeout: NextTimeout,
}

impl Limit {
    fn start(timeout: NextTimeout) -> Self {
        let started = now();
        Self { started, timeout }
    }

    /// Waits after a system call that could do nothing. Other errors of it are returned.
    fn wait_after(
        &self,
        error: std::io::Error,
        stream: &TcpStream,
        flags: PollFlags,
    ) -> Result<(), Error> {
        if error.kind() == ErrorKind::WouldBlock {
            self.wait(stream, flags)
        } else if error.kind() == ErrorKind::Interrupted {
            Ok(())
        } else {
            Err(Error::Io(error))
        }
    }

    /// Waits until the connection can be read or written, or until it has failed.
    fn wait(&self, stream: &TcpStream, flags: PollFlags) -> Result<(), Error> {
        loop {
            let left = match self.timeout.after {
                UreqDuration::NotHappening => None,
                UreqDuration::Exact(timeout) => Some(self.left(timeout)?),
            };
            // A timeout too long for the system is none.
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut [PollFd::new(stream, flags)], left.as_ref()) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(Error::Io(error.into())),
            }
        }
    }

    fn left(&self, timeout: Duration) -> Result<Duration, Error> {
        let left = timeout.saturating_sub(now().saturating_duration_since(self.started));
        if left.is_zero() {
            return Err(Error::Timeout(self.timeout.reason));
        }
        Ok(left)
    }
}
