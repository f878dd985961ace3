//! A transport that keeps to the deadlines of an exchange.

use core::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

use crate::exchange::{cap, has_sent, record_output};

/// A connection that records the start of a request and ends at the deadline of the exchange's phase.
#[derive(Debug)]
pub(crate) struct DeadlineTransport<T>(pub(crate) T);

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
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if amount > 0 {
            record_output();
        }
        self.0.transmit_output(amount, rounded(cap(timeout)))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        loop {
            let left = cap(timeout);
            match self.0.await_input(shortened(left)) {
                // The timeout was shortened, so there is time left.
                Err(Error::Timeout(_)) if !left.after.is_zero() => {}
                awaited => return awaited,
            }
        }
    }

    /// ureq checks a connection when it takes it from the pool and when it returns it. A check is three
    /// system calls, and only the first check can prevent a failure.
    fn is_open(&mut self) -> bool {
        has_sent() || self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}
