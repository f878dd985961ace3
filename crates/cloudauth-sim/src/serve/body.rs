//! Bodies that can stop short.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Time for the bytes before the cut to leave: hyper drops what it has not flushed when a body fails.
const FLUSH: Duration = Duration::from_millis(20);

/// Between two bytes of a trickle.
const PACE: Duration = Duration::from_millis(100);

/// A body in one piece, after which the connection may break; or a byte at a time.
pub(super) struct Outgoing {
    data: Option<Bytes>,
    cut: Option<Pin<Box<Sleep>>>,
    pace: Option<Pin<Box<Sleep>>>,
}

impl Outgoing {
    pub(super) fn whole(data: Vec<u8>) -> Self {
        Self {
            data: Some(Bytes::from(data)),
            cut: None,
            pace: None,
        }
    }

    pub(super) fn cut_after(data: Vec<u8>) -> Self {
        Self {
            data: Some(Bytes::from(data)),
            cut: Some(Box::pin(sleep(FLUSH))),
            pace: None,
        }
    }

    pub(super) fn trickled(data: Vec<u8>) -> Self {
        Self {
            data: Some(Bytes::from(data)),
            cut: None,
            pace: Some(Box::pin(sleep(PACE))),
        }
    }
}

/// The scripted end of a body.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply is cut off here")
    }
}

impl core::error::Error for Cut {}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = &mut *self;
        if let Some(pace) = &mut this.pace
            && let Some(data) = &mut this.data
        {
            ready!(pace.as_mut().poll(context));
            pace.set(sleep(PACE));
            let byte = data.split_to(data.len().min(1));
            if data.is_empty() {
                this.data = None;
            }
            return Poll::Ready(Some(Ok(Frame::data(byte))));
        }
        if let Some(data) = self.data.take() {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        let Some(cut) = &mut self.cut else {
            return Poll::Ready(None);
        };
        ready!(cut.as_mut().poll(context));
        Poll::Ready(Some(Err(Cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.cut.is_none() && self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        if self.cut.is_some() {
            return SizeHint::default();
        }
        let bytes = self.data.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(bytes as u64)
    }
}
