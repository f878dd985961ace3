//! The body of a request. It records when hyper starts to write the request.

use core::convert::Infallible;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::Cursor;
use std::sync::{Arc, OnceLock};

use bytes::Buf;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::Instant;

/// The time at which hyper started to write a request, if it did.
///
/// hyper calls [`Body::is_end_stream`] or [`Body::size_hint`] before it writes the first byte of the
/// head. It calls neither for a request that it returns unsent because the connection was closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct WriteStart(Arc<OnceLock<Instant>>);

impl WriteStart {
    pub(crate) fn get(&self) -> Option<Instant> {
        self.0.get().copied()
    }

    fn record(&self) {
        self.0.get_or_init(Instant::now);
    }
}

/// A body whose parts are not copied. They are sent as one frame.
pub(crate) struct RequestBody {
    parts: Option<Box<dyn Buf + Send>>,
    write_start: WriteStart,
}

impl RequestBody {
    pub(crate) fn new(body: cloudauth_proto::driver::Body, write_start: WriteStart) -> Self {
        let parts = (!body.is_empty()).then(|| {
            let (shared, own) = body.into_parts();
            Box::new(Cursor::new(shared).chain(Cursor::new(own))) as _
        });
        Self { parts, write_start }
    }
}

impl Body for RequestBody {
    type Data = Box<dyn Buf + Send>;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Infallible>>> {
        self.write_start.record();
        Poll::Ready(self.parts.take().map(|parts| Ok(Frame::data(parts))))
    }

    fn is_end_stream(&self) -> bool {
        self.write_start.record();
        self.parts.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.write_start.record();
        let left = self.parts.as_ref().map_or(0, Buf::remaining);
        SizeHint::with_exact(left as u64)
    }
}
