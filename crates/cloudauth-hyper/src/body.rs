//! The body of a request, which knows when hyper began to write.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use bytes::Buf;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// When hyper began to write a request, if it did.
///
/// It asks a body how long it is before it writes the first byte of the head, and asks none whose
/// request it gives back, because the connection was closed meanwhile.
#[derive(Clone, Debug, Default)]
pub(crate) struct Begun(Arc<OnceLock<Instant>>);

impl Begun {
    pub(crate) fn at(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    fn now(&self) {
        self.0.get_or_init(Instant::now);
    }
}

/// A body that is not copied. All its parts are sent at once.
pub(crate) struct Outgoing {
    parts: Option<Box<dyn Buf + Send>>,
    begun: Begun,
}

impl Outgoing {
    pub(crate) fn new(body: cloudauth_proto::Body, begun: Begun) -> Self {
        let parts = (!body.is_empty()).then(|| {
            let (shared, own) = body.into_parts();
            Box::new(Cursor::new(shared).chain(Cursor::new(own))) as _
        });
        Self { parts, begun }
    }
}

impl Body for Outgoing {
    type Data = Box<dyn Buf + Send>;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        self.begun.now();
        Poll::Ready(self.parts.take().map(|parts| Ok(Frame::data(parts))))
    }

    fn is_end_stream(&self) -> bool {
        self.begun.now();
        self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.begun.now();
        let left = self.parts.as_ref().map_or(0, Buf::remaining);
        SizeHint::with_exact(left as u64)
    }
}
