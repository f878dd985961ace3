//! One HTTP connection: reads requests and carries out the reactions to them.

use core::convert::Infallible;
use core::time::Duration;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::Socket;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::admin;
use super::body::ResponseBody;
use super::hosts::{Destination, destination_of};
use super::state::ServerState;
use crate::http::{IncomingRequest, Reaction};

/// The vendor's servers close an idle connection after about this time (observed, not documented).
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The response to a larger request body is 413. The limit is the simulator's.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A body that is announced as no longer than this is read at once, any other one when there is a
/// permit.
const SHORT_BODY: u64 = 64 * 1024;

/// The response to a body that takes longer is 408. The limit is the simulator's.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the last response of a connection may take to be sent.
const CLOSE_AFTER: Duration = Duration::from_millis(50);

/// What is below a connection, for faults that act on it.
pub(super) enum Peer {
    Socket(Socket),
    /// No socket. The sender ends the connection after its response.
    InMemory(watch::Sender<()>),
}

impl Peer {
    /// Closes the connection after the response that is being sent.
    fn close_after_response(&self) -> io::Result<()> {
        match self {
            Self::Socket(socket) => {
                let socket = socket.try_clone()?;
                tokio::spawn(async move {
                    sleep(CLOSE_AFTER).await;
                    // Fails if the client has closed the connection already.
                    let _ = socket.shutdown(Shutdown::Both);
                });
            }
            Self::InMemory(close) => {
                let close = close.clone();
                tokio::spawn(async move {
                    sleep(CLOSE_AFTER).await;
                    // Fails if the connection has ended already.
                    let _ = close.send(());
                });
            }
        }
        Ok(())
    }

    /// The error with which a connection is reset. In memory there is only the end of the connection.
    fn reset(&self) -> io::Error {
        let prepared = match self {
            Self::Socket(socket) => socket.set_linger(Some(Duration::ZERO)),
            Self::InMemory(_) => Ok(()),
        };
        prepared
            .err()
            .unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
    }

    /// Whether the peer is on this machine.
    fn is_local(&self) -> bool {
        let Self::Socket(socket) = self else {
            return true;
        };
        let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
        peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
    }
}

/// Serves HTTP until one side closes the connection or `closing` changes.
pub(super) async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: Peer,
    destination: Destination,
    state: Arc<ServerState>,
    mut closing: watch::Receiver<()>,
) {
    let service = service_fn(|request| respond(request, destination, &state, &peer));
    let connection = http1::Builder::new()
        // The gateway writes `Date` and `Content-Type`. It writes `x-acs-request-id` too, which hyper
        // turns into `X-Acs-Request-Id`: one connection has one spelling.
        .title_case_headers(true)
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = core::pin::pin!(connection);
    // An error is caused by the client or scripted; there is nothing to report.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = closing.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// Handles one request. An error ends the connection without a response.
async fn respond(
    request: Request<Incoming>,
    destination: Destination,
    state: &ServerState,
    peer: &Peer,
) -> io::Result<Response<ResponseBody>> {
    let is_proxied = destination == Destination::ByHost;
    let destination = match destination {
        Destination::ByHost => match request.uri().host().and_then(destination_of) {
            Some(destination) => destination,
            None => return Ok(empty(StatusCode::FORBIDDEN)),
        },
        Destination::Api(_) | Destination::Pages => destination,
    };
    let Ok(request) = timeout(BODY_TIMEOUT, read(request, state)).await else {
        return Ok(empty(StatusCode::REQUEST_TIMEOUT));
    };
    let Some(request) = request? else {
        return Ok(empty(StatusCode::PAYLOAD_TOO_LARGE));
    };
    let reaction = if destination == Destination::Pages && crate::admin::is_admin(&request) {
        admin::handle(state, &request, peer.is_local()).await
    } else {
        state.handle(destination, &request, state.now_unix())
    };
    if is_proxied && reaction == Reaction::Refuse {
        // What a proxy says that could not connect.
        return Ok(empty(StatusCode::BAD_GATEWAY));
    }
    react(reaction, peer).await
}

async fn react(reaction: Reaction, peer: &Peer) -> io::Result<Response<ResponseBody>> {
    match reaction {
        Reaction::Response {
            status,
            headers,
            body,
        } => Ok(response(status, headers, ResponseBody::whole(body))),
        Reaction::Truncate {
            status,
            headers,
            mut body,
            keep,
        } => {
            let announced = HeaderValue::from(body.len());
            body.truncate(keep);
            let mut response = response(status, headers, ResponseBody::truncated(body));
            response.headers_mut().insert(CONTENT_LENGTH, announced);
            Ok(response)
        }
        Reaction::Trickle {
            status,
            headers,
            body,
        } => Ok(response(status, headers, ResponseBody::trickled(body))),
        Reaction::ResponseThenClose {
            status,
            headers,
            body,
        } => {
            peer.close_after_response()?;
            Ok(response(status, headers, ResponseBody::whole(body)))
        }
        Reaction::Hang => {
            let never: Infallible = core::future::pending().await;
            match never {}
        }
        // A connection that should be refused was accepted just before the listener closed.
        Reaction::Reset | Reaction::Refuse => Err(peer.reset()),
    }
}

/// Reads a request; `None` if its body is too large.
async fn read(
    request: Request<Incoming>,
    state: &ServerState,
) -> io::Result<Option<IncomingRequest>> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Ok(None);
    }
    let is_short = |upper| upper <= SHORT_BODY;
    let _permit = if body.size_hint().upper().is_some_and(is_short) {
        None
    } else {
        // Fails only if the semaphore is closed.
        state.long_bodies.acquire().await.ok()
    };
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Ok(None),
        Err(error) => return Err(io::Error::other(error)),
    };
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    let method = head.method.as_str();
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str());
    Ok(Some(IncomingRequest::new(method, target, headers, body)))
}

fn empty(status: StatusCode) -> Response<ResponseBody> {
    response(status.as_u16(), Vec::new(), ResponseBody::whole(Vec::new()))
}

/// A status or header that is not valid HTTP can only come from a scripted response. The status
/// becomes 500, the header is left out.
fn response(
    status: u16,
    headers: Vec<(String, String)>,
    body: ResponseBody,
) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
