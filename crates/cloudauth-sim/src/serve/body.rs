//! Response bodies: whole, truncated or byte by byte.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Time for the bytes before the end to be sent: hyper drops what it has not flushed when a body
/// fails.
const FLUSH: Duration = Duration::from_millis(20);

/// The time between two bytes of a trickled body.
const PACE: Duration = Duration::from_millis(100);

pub(super) struct ResponseBody {
    data: Option<Bytes>,
    /// The body fails after the data and this time.
    truncate: Option<Pin<Box<Sleep>>>,
    /// The next byte follows after this time.
    pace: Option<Pin<Box<Sleep>>>,
}

impl ResponseBody {
    pub(super) fn whole(data: Vec<u8>) -> Self {
        Self {
            data: Some(Bytes::from(data)),
            truncate: None,
            pace: None,
        }
    }

    /// Fails after `data`, which closes the connection.
    pub(super) fn truncated(data: Vec<u8>) -> Self {
        Self {
            truncate: Some(Box::pin(sleep(FLUSH))),
            ..Self::whole(data)
        }
    }

    pub(super) fn trickled(data: Vec<u8>) -> Self {
        Self {
            pace: Some(Box::pin(sleep(PACE))),
            ..Self::whole(data)
        }
    }
}

/// The scripted end of a body.
#[derive(Debug)]
pub(super) struct Truncated;

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is truncated by a scripted fault")
    }
}

impl core::error::Error for Truncated {}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Truncated;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Truncated>>> {
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
        let Some(truncate) = &mut self.truncate else {
            return Poll::Ready(None);
        };
        ready!(truncate.as_mut().poll(context));
        Poll::Ready(Some(Err(Truncated)))
    }

    fn is_end_stream(&self) -> bool {
        self.truncate.is_none() && self.data.as_ref().is_none_or(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        if self.truncate.is_some() {
            return SizeHint::default();
        }
        let bytes = self.data.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(bytes as u64)
    }
}
