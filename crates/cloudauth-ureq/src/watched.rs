//! What ureq's errors do not tell: whether any of a request was sent; and when it is time to give up.
//!
//! ureq carries an exchange out on the thread that asks for it, so what is known of the exchange
//! under way stands in that thread: connections in the pool outlive exchanges and cannot hold it.

use core::cell::Cell;
use core::time::Duration;
use std::time::Instant;

use cloudauth_proto::Timeouts;
use ureq::Error;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};

#[derive(Clone, Copy)]
struct State {
    /// How many connections are being made; the second is one to a proxy, for the first.
    connecting: u8,
    /// When to give up: connecting, and then reading.
    deadline: Option<Instant>,
    /// When to give up at all.
    end: Option<Instant>,
    read_timeout: Duration,
    /// Whether the first byte of the request was handed to the connection.
    has_sent: bool,
}

thread_local! {
    static EXCHANGE: Cell<State> = const {
        Cell::new(State {
            connecting: 0,
            deadline: None,
            end: None,
            read_timeout: Duration::MAX,
            has_sent: false,
        })
    };
}

fn change(change: impl FnOnce(&mut State)) {
    let mut state = EXCHANGE.get();
    change(&mut state);
    EXCHANGE.set(state);
}

/// Tells this thread's connections that an exchange begins.
pub(crate) fn begin(timeouts: Timeouts) {
    let now = now();
    EXCHANGE.set(State {
        connecting: 0,
        deadline: now.checked_add(timeouts.connect),
        end: now.checked_add(timeouts.whole),
        read_timeout: timeouts.read,
        has_sent: false,
    });
}

/// Makes a connection; what is sent meanwhile is not of this thread's request.
pub(crate) fn connecting<T>(connect: impl FnOnce() -> T) -> T {
    change(|state| state.connecting += 1);
    let connection = connect();
    change(|state| state.connecting -= 1);
    connection
}

/// Whether a byte of this thread's request was handed to a connection.
pub(crate) fn has_sent() -> bool {
    EXCHANGE.get().has_sent
}

/// A connection that notes when a request begins to be sent, and gives up when the time to connect or
/// to read is over: ureq's own time-outs begin anew with each phase.
#[derive(Debug)]
pub(crate) struct Watched<T>(pub(crate) T);

#[expect(
    clippy::disallowed_methods,
    reason = "a transport that keeps to its times"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// To what is left of the time to connect, or to read.
pub(crate) fn cut(mut timeout: NextTimeout) -> NextTimeout {
    if let Some(deadline) = EXCHANGE.get().deadline {
        let left = deadline.saturating_duration_since(now());
        timeout.after = UreqDuration::Exact((*timeout.after).min(left));
    }
    timeout
}

/// The shortest time-out that need not be exact.
const LONG: Duration = Duration::from_millis(40);

/// What a socket is told of so much time: a socket is told only of another time-out than it has, so
/// long ones that differ by the time since a request began are made equal.
fn even(mut timeout: NextTimeout) -> NextTimeout {
    const GRAIN: u64 = 20;
    if let UreqDuration::Exact(left) = timeout.after
        && left >= LONG
    {
        let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        timeout.after = UreqDuration::from_millis(millis / GRAIN * GRAIN);
    }
    timeout
}

/// The same for one that is asked again: a kernel's clock can be late by an eighth of it.
fn early(mut timeout: NextTimeout) -> NextTimeout {
    if let UreqDuration::Exact(left) = timeout.after
        && left >= LONG
    {
        timeout.after = UreqDuration::Exact(left / 8 * 7);
    }
    even(timeout)
}

impl<T: Transport> Transport for Watched<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let state = EXCHANGE.get();
        // What is sent while connecting is for a proxy.
        if amount > 0 && state.connecting == 0 && !state.has_sent {
            change(|state| {
                state.has_sent = true;
                let read = now().checked_add(state.read_timeout);
                state.deadline = [read, state.end].into_iter().flatten().min();
            });
        }
        self.0.transmit_output(amount, even(cut(timeout)))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        loop {
            let left = cut(timeout);
            match self.0.await_input(early(left)) {
                // It was told less than there is.
                Err(Error::Timeout(_)) if !left.after.is_zero() => {}
                awaited => return awaited,
            }
        }
    }

    /// ureq asks when it takes a connection from the pool, and when it puts it back. A look is three
    /// calls of the system, and the one that tells something is the first.
    fn is_open(&mut self) -> bool {
        has_sent() || self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}
