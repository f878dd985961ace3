//! State of the exchange that a thread is carrying out: its deadlines, and whether a byte of the request
//! was sent.
//!
//! ureq's errors do not show whether a request was sent, and its timeouts start anew with each phase of
//! an exchange. ureq carries an exchange out on the calling thread, so the state is thread-local:
//! connections in the pool outlive exchanges and cannot hold it.

use core::cell::Cell;
use core::time::Duration;
use std::time::Instant;

use cloudauth_proto::driver::Timeouts;
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time::Duration as UreqDuration;

#[derive(Clone, Copy)]
struct ExchangeState {
    /// Number of nested connection attempts: a connection to a proxy is made within the one to the
    /// endpoint.
    connecting: u8,
    /// The deadline of the current phase: connecting, then reading.
    deadline: Option<Instant>,
    /// The deadline of the whole exchange.
    end: Option<Instant>,
    read_timeout: Duration,
    /// Whether the first byte of the request was handed to the connection.
    has_sent: bool,
    /// Whether a connection could not be made.
    has_failed_to_connect: bool,
    /// Whether the rest of the request is dropped, because the connection takes no more of it.
    has_failed_to_write: bool,
}

thread_local! {
    static EXCHANGE: Cell<ExchangeState> = const {
        Cell::new(ExchangeState {
            connecting: 0,
            deadline: None,
            end: None,
            read_timeout: Duration::MAX,
            has_sent: false,
            has_failed_to_connect: false,
            has_failed_to_write: false,
        })
    };
}

fn change(change: impl FnOnce(&mut ExchangeState)) {
    let mut state = EXCHANGE.get();
    change(&mut state);
    EXCHANGE.set(state);
}

/// Starts an exchange on this thread.
pub(crate) fn begin(timeouts: Timeouts) {
    let now = now();
    EXCHANGE.set(ExchangeState {
        connecting: 0,
        deadline: now.checked_add(timeouts.connect),
        end: now.checked_add(timeouts.total),
        read_timeout: timeouts.read,
        has_sent: false,
        has_failed_to_connect: false,
        has_failed_to_write: false,
    });
}

/// Makes a connection. Bytes sent meanwhile belong to a proxy or to TLS, not to the request.
pub(crate) fn while_connecting<T, E>(connect: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    change(|state| state.connecting += 1);
    let connection = connect();
    change(|state| {
        state.connecting -= 1;
        state.has_failed_to_connect = connection.is_err();
    });
    connection
}

/// Records that bytes are about to be sent. The first ones of the request start the read timeout.
pub(crate) fn record_output() {
    let state = EXCHANGE.get();
    if state.connecting == 0 && !state.has_sent {
        change(|state| {
            state.has_sent = true;
            let read = now().checked_add(state.read_timeout);
            state.deadline = [read, state.end].into_iter().flatten().min();
        });
    }
}

/// Whether a byte of this thread's request was handed to a connection.
pub(crate) fn has_sent() -> bool {
    EXCHANGE.get().has_sent
}

/// Whether this thread's request was not sent because no connection could be made.
pub(crate) fn has_failed_to_connect() -> bool {
    EXCHANGE.get().has_failed_to_connect
}

/// Records that the connection takes no more of this thread's request.
pub(crate) fn record_failed_write() {
    change(|state| state.has_failed_to_write = true);
}

/// Whether the rest of this thread's request is dropped.
pub(crate) fn has_failed_to_write() -> bool {
    EXCHANGE.get().has_failed_to_write
}

/// The deadline of the current phase.
pub(crate) fn deadline() -> Option<Instant> {
    EXCHANGE.get().deadline
}

/// Shortens a timeout to the time left until the deadline of the current phase.
pub(crate) fn cap(mut timeout: NextTimeout) -> NextTimeout {
    if let Some(deadline) = EXCHANGE.get().deadline {
        let left = deadline.saturating_duration_since(now());
        timeout.after = UreqDuration::Exact((*timeout.after).min(left));
    }
    timeout
}

#[expect(clippy::disallowed_methods, reason = "deadlines are in real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
