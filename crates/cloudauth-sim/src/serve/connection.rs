//! One connection: requests to the world, its reactions to the wire.

use core::convert::Infallible;
use core::time::Duration;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming as Received};
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{SockRef, Socket};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::Outgoing;
use super::tls::Authority;
use super::{Place, Shared, proxy};
use crate::admin;
use crate::reply::Reaction;
use crate::request::Incoming;

/// The vendor's servers close an idle connection after about this long (observed, not documented).
const IDLE: Duration = Duration::from_secs(10);

/// Larger request bodies are answered with 413. The limit is the simulator's.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A body that is known to be no longer does not wait for others.
const SHORT_BODY: u64 = 64 * 1024;

/// A body that takes longer is answered with 408. The limit is the simulator's.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// Time for the last answer of a connection to leave.
const AFTER_LAST: Duration = Duration::from_millis(50);

/// How a connection begins.
#[derive(Clone)]
pub(super) enum Opening {
    Plain,
    Tls(TlsAcceptor),
    /// With the name of a host, as to a proxy.
    Proxy(Arc<Authority>),
}

/// Serves a connection until one side is done with it or `closing` changes.
pub(super) async fn serve(
    stream: TcpStream,
    opening: Opening,
    place: Place,
    shared: Arc<Shared>,
    closing: watch::Receiver<()>,
) {
    // Needed to break the connection when hyper owns it.
    let Ok(socket) = SockRef::from(&stream).try_clone() else {
        return;
    };
    // Failing to switch Nagle's algorithm off makes things slow, not wrong.
    let _ = stream.set_nodelay(true);
    match opening {
        Opening::Plain => run(stream, socket, place, shared, closing).await,
        Opening::Proxy(authority) => {
            proxy::serve(stream, socket, authority, shared, closing).await;
        }
        Opening::Tls(tls) => {
            let tls = shared.bad_tls(place).unwrap_or(tls);
            let handshake = timeout(IDLE, tls.accept(stream)).await;
            if let Ok(Ok(stream)) = handshake {
                run(stream, socket, place, shared, closing).await;
            }
        }
    }
}

pub(super) async fn run(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    socket: Socket,
    place: Place,
    shared: Arc<Shared>,
    mut closing: watch::Receiver<()>,
) {
    let service = service_fn(|request| answer(request, place, &shared, &socket));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = core::pin::pin!(connection);
    // What ends a connection is the client's business or scripted; there is nobody to tell.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = closing.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// An error ends the connection without an answer.
async fn answer(
    request: Request<Received>,
    place: Place,
    shared: &Shared,
    socket: &Socket,
) -> io::Result<Response<Outgoing>> {
    let place = match place {
        Place::Proxy => match request.uri().host().and_then(proxy::home) {
            Some(place) => place,
            None => return Ok(plain(StatusCode::FORBIDDEN)),
        },
        Place::Api(_) | Place::Pages => place,
    };
    let Ok(request) = timeout(BODY_WITHIN, read(request, shared)).await else {
        return Ok(plain(StatusCode::REQUEST_TIMEOUT));
    };
    let request = match request {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE)),
        Err(error) => return Err(error),
    };
    let reaction = if matches!(place, Place::Pages) && admin::is_meant(&request) {
        shared.administer(&request, is_local(socket))
    } else {
        shared.handle(place, &request, shared.now_unix())
    };
    match reaction {
        Reaction::Answer {
            status,
            headers,
            body,
        } => Ok(response(status, headers, Outgoing::whole(body))),
        Reaction::Truncate {
            status,
            headers,
            mut body,
            keep,
        } => {
            let announced = HeaderValue::from(body.len());
            body.truncate(keep);
            let mut response = response(status, headers, Outgoing::cut_after(body));
            response.headers_mut().insert(CONTENT_LENGTH, announced);
            Ok(response)
        }
        Reaction::Trickle {
            status,
            headers,
            body,
        } => Ok(response(status, headers, Outgoing::trickled(body))),
        Reaction::Last {
            status,
            headers,
            body,
        } => {
            let socket = socket.try_clone()?;
            tokio::spawn(async move {
                sleep(AFTER_LAST).await;
                // The client may have gone already.
                let _ = socket.shutdown(Shutdown::Both);
            });
            Ok(response(status, headers, Outgoing::whole(body)))
        }
        Reaction::Hang => {
            let never: Infallible = core::future::pending().await;
            match never {}
        }
        // A refusal that reaches a connection came a moment too late to close the listener.
        Reaction::Reset | Reaction::Refuse => {
            socket.set_linger(Some(Duration::ZERO))?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
}

/// Whether whoever is at the other end is on this machine.
fn is_local(socket: &Socket) -> bool {
    let peer = socket.peer_addr().ok().and_then(|peer| peer.as_socket());
    peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// Reads a request; `None` if its body is too large.
async fn read(request: Request<Received>, shared: &Shared) -> io::Result<Option<Incoming>> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Ok(None);
    }
    let is_short = |upper| upper <= SHORT_BODY;
    let _turn = if body.size_hint().upper().is_some_and(is_short) {
        None
    } else {
        // It fails only if nobody may read any more.
        shared.long_bodies.acquire().await.ok()
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
    Ok(Some(Incoming::new(method, target, headers, body)))
}

fn plain(status: StatusCode) -> Response<Outgoing> {
    response(status.as_u16(), Vec::new(), Outgoing::whole(Vec::new()))
}

/// A status or header that HTTP does not know can only come from a scripted answer; it becomes 500 or is left out.
fn response(status: u16, headers: Vec<(String, String)>, body: Outgoing) -> Response<Outgoing> {
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
