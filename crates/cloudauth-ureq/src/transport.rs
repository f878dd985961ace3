//! A transport that keeps to the deadlines of an exchange, and reads a response whenever there is one.

use core::time::Duration;
use std::io::ErrorKind;
use std::time::Instant;

use ureq::Error;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use crate::exchange::{cap, deadline, has_sent, now, record_failed_write, record_output};

/// A connection that records the start of a request and ends at the deadline of the exchange's phase.
///
/// A server may respond before it has read the whole request, and then close the connection or stop
/// reading. So if the request cannot be written, this still reads what has arrived: the rest of the
/// request is dropped, and the error is returned if there is no response.
#[derive(Debug)]
pub(crate) struct DeadlineTransport<T> {
    inner: T,
    failed_write: Option<FailedWrite>,
}

#[derive(Debug)]
struct FailedWrite {
    error: Option<Error>,
    /// When to give up reading, known when reading begins.
    until: Option<Instant>,
}

/// Time to read what has arrived, when the deadline is over.
const LAST_READ: Duration = Duration::from_millis(20);

impl<T> DeadlineTransport<T> {
    pub(crate) fn new(inner: T) -> Self {
        let failed_write = None;
        Self {
            inner,
            failed_write,
        }
    }
}

/// Hides from ureq that a connection was cut: it takes some of these errors for the end of a body.
///
/// A body that is neither chunked nor has a length ends with the connection, but only with a clean end:
/// not with a reset, nor with TLS that ends without `close_notify`.
pub(crate) fn cut_short(error: Error) -> Error {
    const CUT: [ErrorKind; 3] = [
        ErrorKind::UnexpectedEof,
        ErrorKind::ConnectionAborted,
        ErrorKind::ConnectionReset,
    ];
    if matches!(&error, Error::Io(e) if CUT.contains(&e.kind())) {
        Error::Other(error.into_io().into())
    } else {
        error
    }
}

/// Timeouts from here on need not be exact.
const ROUNDED_FROM: Duration = Duration::from_millis(40);

/// Rounds a timeout of at least 40 ms down to a multiple of 20 ms.
///
/// The TCP transport sets the socket's timeout only if it changes. What is left until a deadline differs
/// by a few milliseconds from request to request, so rounding saves system calls.
fn rounded(mut timeout: NextTimeout) -> NextTimeout {
    const STEP: u64 = 20;
    if let UreqDuration::Exact(left) = timeout.after
        && left >= ROUNDED_FROM
    {
        let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        timeout.after = UreqDuration::from_millis(millis / STEP * STEP);
    }
    timeout
}

/// Shortens a timeout of at least 40 ms by an eighth, because a kernel's timer can be late by that much,
/// and rounds it. The caller waits again for what is left.
fn shortened(mut timeout: NextTimeout) -> NextTimeout {
    if let UreqDuration::Exact(left) = timeout.after
        && left >= ROUNDED_FROM
    {
        timeout.after = UreqDuration::Exact(left / 8 * 7);
    }
    rounded(timeout)
}

impl<T: Transport> Transport for DeadlineTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.failed_write.is_some() {
            return Ok(());
        }
        if amount > 0 {
            record_output();
        }
        let sent = self.inner.transmit_output(amount, rounded(cap(timeout)));
        if let Err(error) = sent {
            if !has_sent() {
                return Err(error);
            }
            record_failed_write();
            self.failed_write = Some(FailedWrite {
                error: Some(error),
                until: None,
            });
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        if let Some(failed) = &mut self.failed_write {
            let mut timeout = timeout;
            let now = now();
            let until = failed.until.get_or_insert_with(|| {
                let last_read = now + LAST_READ;
                deadline().map_or(last_read, |deadline| deadline.max(last_read))
            });
            let left = until.saturating_duration_since(now);
            timeout.after = UreqDuration::Exact((*timeout.after).min(left));
            // After a failed write, the end of the connection is not a clean one.
            return match self.inner.await_input(timeout) {
                Ok(true) => Ok(true),
                Ok(false) | Err(_) => Err(cut_short(
                    failed.error.take().unwrap_or(Error::ConnectionFailed),
                )),
            };
        }
        loop {
            let left = cap(timeout);
            match self.inner.await_input(shortened(left)) {
                // The timeout was shortened, so there is time left.
                Err(Error::Timeout(_)) if !left.after.is_zero() => {}
                awaited => return awaited.map_err(cut_short),
            }
        }
    }

    /// ureq checks a connection when it takes it from the pool and when it returns it. A check is a
    /// system call or more, and only the first check can prevent a failure.
    fn is_open(&mut self) -> bool {
        self.failed_write.is_none() && (has_sent() || self.inner.is_open())
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
