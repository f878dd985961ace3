//! Accepts connections, and lets nobody keep others out: heads, bodies and connections have limits.
//!
//! At most [`MAX_CONNECTIONS`] are open. One more closes the connection that has waited longest for its
//! browser: for a head, for the rest of a body, for the next request. So idle connections and requests
//! that never end need not be told from slow ones.
//!
//! A reverse proxy that limits the same may take the place of this file.

use core::convert::Infallible;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::net::ToSocketAddrs as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

/// Fewer than the files that a program may open, which are 1024 by default on Linux.
const MAX_CONNECTIONS: usize = 512;

/// The response to a longer head is 431.
const MAX_HEAD: usize = 16 << 10;

/// The response to a longer body is 413.
const MAX_BODY: usize = 64 << 10;

/// How long a browser may take for a head, and for a body; also how long it may be idle.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections may wait to be accepted. The system drops what comes while this many do, and the
/// browser tries again after a second. (Linux lowers it to `net.core.somaxconn`.)
const BACKLOG: u32 = 4096;

/// Listens on an address, such as `127.0.0.1:8080`.
pub(crate) fn bind(address: &str) -> io::Result<TcpListener> {
    let address = address
        .to_socket_addrs()?
        .next()
        .ok_or(io::ErrorKind::AddrNotAvailable)?;
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // So that the port of a program that has just ended can be used again.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves HTTP/1.1 forever. `handle` gets whole requests only.
pub(crate) async fn serve<H, R, F, B>(listener: TcpListener, handle: H) -> Infallible
where
    H: Fn(Request<R>) -> F + Clone + Send + Sync + 'static,
    R: From<Bytes>,
    F: Future<Output = Result<Response<B>, Infallible>> + Send,
    B: Body<Data: Send, Error: Into<Box<dyn core::error::Error + Send + Sync>>> + Send + 'static,
    B: From<&'static str>,
{
    let connections = Arc::new(Connections::default());
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // No file is left: room for the next few. (Or the browser has gone already.)
            for _ in 0..16 {
                connections.close_longest_waiting();
            }
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        if permits.available_permits() == 0 && !connections.close_longest_waiting() {
            continue; // every connection has a request that is being handled
        }
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            continue; // the semaphore is never closed
        };
        let (connections, handle) = (Arc::clone(&connections), handle.clone());
        tokio::spawn(async move {
            let _permit = permit;
            let connection = Connection::new(&connections);
            let respond = service_fn(async |request| {
                let request = read(request).await;
                connection.stop_waiting();
                let response = match request {
                    Ok(request) => handle(request.map(R::from)).await,
                    Err(status) => Ok(refuse(status)),
                };
                connection.wait();
                response
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(READ_TIMEOUT)
                .max_buf_size(MAX_HEAD)
                .serve_connection(TokioIo::new(stream), respond);
            tokio::select! {
                () = connection.close.notified() => {}
                _ = served => {} // an error is the browser's
            }
        });
    }
}

/// Reads the body of a request, or returns the status of the response to it.
async fn read(request: Request<Incoming>) -> Result<Request<Bytes>, StatusCode> {
    let (head, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let body = timeout(READ_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await;
    match body.map_err(|_| StatusCode::REQUEST_TIMEOUT)? {
        Ok(body) => Ok(Request::from_parts(head, body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => Err(StatusCode::BAD_REQUEST),
    }
}

fn refuse<B: From<&'static str>>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(status.canonical_reason().unwrap_or_default().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The open connections that wait for their browser.
#[derive(Default)]
struct Connections(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    turns: u64,
    /// Those that have waited longest come first.
    by_turn: BTreeMap<u64, Arc<Notify>>,
}

impl Connections {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `false` if no connection waits.
    fn close_longest_waiting(&self) -> bool {
        let longest = self.waiting().by_turn.pop_first();
        longest.is_some_and(|(_, close)| {
            close.notify_one();
            true
        })
    }
}

/// One connection, which waits from its start.
struct Connection<'a> {
    all: &'a Connections,
    close: Arc<Notify>,
    turn: Mutex<u64>,
}

impl<'a> Connection<'a> {
    fn new(all: &'a Connections) -> Self {
        let connection = Self {
            all,
            close: Arc::default(),
            turn: Mutex::default(),
        };
        connection.wait();
        connection
    }

    fn wait(&self) {
        let mut waiting = self.all.waiting();
        waiting.turns += 1;
        let turn = waiting.turns;
        waiting.by_turn.insert(turn, Arc::clone(&self.close));
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    fn stop_waiting(&self) {
        let turn = *self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.all.waiting().by_turn.remove(&turn);
    }
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}
