//! A connection, whatever it is made of.

use core::mem::MaybeUninit;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use std::io;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::task::yield_now;

/// Number of bytes that are read before the timers are polled.
///
/// Interim responses are the most expensive to read for their size: without optimisation, 16 KiB of the
/// shortest ones take about 10 ms.
const BYTES_PER_TURN: usize = 16 << 10;

/// What a connection is made of: TCP, TLS or a tunnel.
pub(crate) trait Io: Read + Write + Connection + Send + Unpin {}

impl<T: Read + Write + Connection + Send + Unpin> Io for T {}

/// A connection. It differs from the sockets within it in two points:
///
/// * A server that sends fast and endlessly does not keep the runtime from its timers.
/// * Once the peer has closed the connection, writes wait instead of failing. hyper gives up at a failed
///   write, even if there is a response to read. While a write waits it reads, until it has the response
///   or the connection is at its end; then it closes the connection.
pub(crate) struct Stream {
    io: Box<dyn Io>,
    bytes_in_turn: usize,
    is_closed_by_peer: bool,
}

impl Stream {
    pub(crate) fn new(io: impl Io + 'static) -> Self {
        Self {
            io: Box::new(io),
            bytes_in_turn: 0,
            is_closed_by_peer: false,
        }
    }

    fn write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Box<dyn Io>>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.is_closed_by_peer {
            return Poll::Pending;
        }
        let written = ready!(write(Pin::new(&mut self.io), context));
        if matches!(&written, Err(error) if is_closed_by_peer(error)) {
            self.is_closed_by_peer = true;
            // hyper has polled the reading half before; it has to poll it again.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(written)
    }
}

/// Whether a failed write says that the peer has closed the connection. Then no read waits any more.
fn is_closed_by_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset
    )
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let left = BYTES_PER_TURN.saturating_sub(self.bytes_in_turn);
        if left == 0 {
            self.bytes_in_turn = 0;
            // Polled once, it wakes this task as soon as the timers and the sockets have been polled.
            let _: Poll<()> = pin!(yield_now()).poll(context);
            return Poll::Pending;
        }
        // A part of hyper's buffer cannot be passed on without a copy. It is of at most 16 KiB.
        let mut copied = [const { MaybeUninit::uninit() }; BYTES_PER_TURN];
        let mut limited = ReadBuf::uninit(&mut copied[..left.min(buffer.remaining())]);
        let read = Pin::new(&mut *self.io).poll_read(context, limited.unfilled());
        buffer.put_slice(limited.filled());
        self.bytes_in_turn += limited.filled().len();
        if read.is_pending() {
            self.bytes_in_turn = 0;
        }
        read
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |io, context| io.poll_write(context, data))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(context, |io, context| io.poll_write_vectored(context, data))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.write(context, Write::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(context)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected()
    }
}
