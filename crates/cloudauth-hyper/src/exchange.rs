//! One HTTP exchange.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

use cloudauth_net::{TransportError, connect_failure, request_failure};
use cloudauth_proto::driver::{Delivery, ExchangeId, Failure, Head, Request, Response, Timeouts};
use http_body_util::BodyExt;
use hyper_util::client::legacy;
use tokio::time::{Instant, sleep};
use tracing::instrument::Instrumented;
use tracing::{Instrument, Span};

use crate::body::{RequestBody, WriteStart};
use crate::pool::Pools;

pub(crate) type ExchangeFuture = Pin<Box<dyn Future<Output = Result<Response, Failure>> + Send>>;

/// Sends a request once, and reads its response up to a limit.
pub(crate) fn send(
    pools: &Pools,
    request: Request,
    timeouts: Timeouts,
    limit: usize,
) -> ExchangeFuture {
    let is_direct = request.direct;
    let write_start = WriteStart::default();
    let response = request
        .into_http(|body| RequestBody::new(body, write_start.clone()))
        .map_err(request_failure)
        .and_then(|request| pools.request(request, is_direct).map_err(request_failure));
    Box::pin(async move {
        let response = response?;
        let mut head = None;
        let reading = async {
            let response = response.await.map_err(|e| failure(e, &write_start))?;
            let (parts, body) = response.into_parts();
            head = Some(Head::from(&parts));
            drop(parts);
            read_body(body, limit)
                .await
                .map_err(|e| Failure::new(Delivery::MaybeSent, TransportError::Exchange(e.into())))
        };
        let read = tokio::select! {
            biased;
            read = reading => read,
            failure = timed_out(timeouts, &write_start) => Err(failure),
        };
        match (read, head) {
            (Ok(body), Some(head)) => Ok(Response::new(head, body)),
            (Err(failure), Some(head)) => Err(Failure::after_head(head, failure.source)),
            (Err(failure), None) => Err(failure),
            (Ok(_), None) => unreachable!("a body follows a head"),
        }
    })
}

/// The exchanges in flight: one, or two while a call is hedged.
#[derive(Default)]
pub(crate) struct InFlight(Vec<(ExchangeId, Instrumented<ExchangeFuture>)>);

impl InFlight {
    /// Adds an exchange that runs in this span.
    pub(crate) fn add(&mut self, id: ExchangeId, exchange: ExchangeFuture, span: Span) {
        self.0.push((id, exchange.instrument(span)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = ExchangeId> {
        self.0.iter().map(|(id, _)| *id)
    }

    pub(crate) fn abandon(&mut self, id: ExchangeId) {
        self.0.retain(|(other, _)| *other != id);
    }

    /// Waits for the next exchange that ends; forever, if there is none.
    pub(crate) async fn next(&mut self) -> (ExchangeId, Result<Response, Failure>) {
        poll_fn(|context| {
            for at in 0..self.0.len() {
                let (id, exchange) = &mut self.0[at];
                let id = *id;
                if let Poll::Ready(reply) = Pin::new(exchange).poll(context) {
                    drop(self.0.remove(at));
                    return Poll::Ready((id, reply));
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// Converts an error of hyper-util. hyper-util itself resends a request only if none of it was written.
fn failure(error: legacy::Error, write_start: &WriteStart) -> Failure {
    if write_start.get().is_none() {
        connect_failure(error.into())
    } else {
        Failure::new(Delivery::MaybeSent, TransportError::Exchange(error.into()))
    }
}

/// Ends when a timeout is over: the connect timeout, until hyper starts to write the request; the read
/// timeout, from then on.
async fn timed_out(timeouts: Timeouts, write_start: &WriteStart) -> Failure {
    let started = Instant::now();
    let mut now = started;
    loop {
        let (sent, since, limit, error) = match write_start.get() {
            None => (
                Delivery::NotSent,
                started,
                timeouts.connect,
                TransportError::ConnectTimeout,
            ),
            Some(at) => (
                Delivery::MaybeSent,
                at,
                timeouts.read,
                TransportError::ReadTimeout,
            ),
        };
        let left = limit.saturating_sub(now.duration_since(since));
        if left.is_zero() {
            return Failure::new(sent, error);
        }
        // If writing starts meanwhile, the read timeout ends no sooner than this.
        sleep(left.min(timeouts.read)).await;
        now = Instant::now();
    }
}

/// Reads a body to its end, or until it is longer than `limit`.
async fn read_body(mut body: hyper::body::Incoming, limit: usize) -> Result<Vec<u8>, hyper::Error> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            let more = limit.saturating_add(1).saturating_sub(read.len());
            read.extend_from_slice(&data[..data.len().min(more)]);
            if read.len() > limit {
                break;
            }
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use core::pin::pin;
    use core::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// Two timeouts; the tests wait for the short one only.
    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(50);

    #[tokio::test]
    async fn a_request_that_is_not_written_ends_with_the_connect_timeout() {
        let timeouts = Timeouts::new(SHORT, LONG, LONG);
        let failure = timeout(LONG / 2, timed_out(timeouts, &WriteStart::default())).await;
        assert_eq!(failure.unwrap().delivery, Delivery::NotSent);
    }

    #[tokio::test]
    async fn the_read_timeout_starts_when_the_request_is_written() {
        let timeouts = Timeouts::new(LONG, SHORT, LONG);
        let write_start = WriteStart::default();
        let mut ending = pin!(timeout(LONG / 2, timed_out(timeouts, &write_start)));
        let early = timeout(SHORT * 3 / 2, &mut ending).await;
        assert!(early.is_err(), "nothing was written yet");
        let body = RequestBody::new(
            cloudauth_proto::driver::Body::default(),
            write_start.clone(),
        );
        assert!(hyper::body::Body::is_end_stream(&body));
        let at = write_start.get().unwrap();
        let failure = ending.await.unwrap();
        assert_eq!(failure.delivery, Delivery::MaybeSent);
        assert!(at.elapsed() >= SHORT);
    }
}
