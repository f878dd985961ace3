//! Sends callbacks.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;

use super::state::ServerState;
use crate::callbacks::{Callback, CallbackOutcome, NotSentReason};

/// The interval between checks for due callbacks.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How long a response may take: our guess, so that two attempts fit into the documented three
/// seconds.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Sends callbacks for as long as the runtime lives.
pub(super) async fn run(state: Arc<ServerState>, tls: Arc<ClientConfig>) {
    loop {
        sleep(POLL_INTERVAL).await;
        let due = {
            let now_unix = state.now_unix();
            state.world().take_due_callbacks(now_unix)
        };
        for callback in due {
            let (state, tls) = (Arc::clone(&state), Arc::clone(&tls));
            tokio::spawn(async move {
                let outcome = send(&callback, tls).await;
                let now_unix = state.now_unix();
                state
                    .world()
                    .record_callback_outcome(&callback, outcome, now_unix);
            });
        }
    }
}

async fn send(callback: &Callback, tls: Arc<ClientConfig>) -> CallbackOutcome {
    let origin = match callback.origin() {
        Ok(origin) => origin.parse::<Uri>(),
        Err(reason) => return CallbackOutcome::NotSent(reason),
    };
    let (Ok(origin), Ok(url)) = (origin, callback.url().parse::<Uri>()) else {
        return CallbackOutcome::NotSent(NotSentReason::Malformed);
    };
    match timeout(RESPONSE_TIMEOUT, get(&origin, &url, tls)).await {
        Ok(Ok(status)) => CallbackOutcome::Response(status),
        Ok(Err(error)) => CallbackOutcome::NoResponse(reason(&error)),
        Err(_) => CallbackOutcome::NoResponse("no response in time"),
    }
}

fn reason(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        "connection refused"
    } else if error.kind() == io::ErrorKind::InvalidData {
        "TLS handshake failed"
    } else {
        "connection broken"
    }
}

/// Connects to `origin` and sends a GET for `url`. Redirects are not followed.
async fn get(origin: &Uri, url: &Uri, tls: Arc<ClientConfig>) -> io::Result<u16> {
    let is_tls = origin.scheme_str() == Some("https");
    let host = origin.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = origin.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    if !is_tls {
        return request(stream, url).await;
    }
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| io::ErrorKind::InvalidInput)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await?;
    request(stream, url).await
}

async fn request(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Uri,
) -> io::Result<u16> {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    // The user information before the host is not a part of the header.
    let host = authority.rsplit('@').next().unwrap_or_default();
    let query = url
        .query()
        .map_or_else(String::new, |query| format!("?{query}"));
    let target = format!("{}{query}", url.path());
    let request = Request::get(target)
        .header(HOST, host)
        .header(USER_AGENT, "cloudauth-sim")
        .body(Empty::<Bytes>::new())
        .map_err(|_| io::ErrorKind::InvalidInput)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // The task ends when the sender is dropped.
    tokio::spawn(connection);
    let response = sender.send_request(request).await;
    Ok(response.map_err(io::Error::other)?.status().as_u16())
}
