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

use super::Shared;
use crate::callbacks::{Callback, CallbackOutcome, NotSent};

/// How often to look for callbacks that are due.
const LOOK: Duration = Duration::from_millis(20);

/// How long an answer may take: our guess, so that two attempts fit into the documented three seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Sends callbacks for as long as the runtime lives.
pub(super) async fn run(shared: Arc<Shared>, tls: Arc<ClientConfig>) {
    loop {
        sleep(LOOK).await;
        let due = {
            let now_unix = shared.now_unix();
            shared.world().due_callbacks(now_unix)
        };
        for callback in due {
            let (shared, tls) = (Arc::clone(&shared), Arc::clone(&tls));
            tokio::spawn(async move {
                let outcome = send(&callback, tls).await;
                let now_unix = shared.now_unix();
                shared.world().called_back(&callback, outcome, now_unix);
            });
        }
    }
}

async fn send(callback: &Callback, tls: Arc<ClientConfig>) -> CallbackOutcome {
    let origin = match callback.via() {
        Ok(origin) => origin.parse::<Uri>(),
        Err(why) => return CallbackOutcome::NotSent(why),
    };
    let (Ok(origin), Ok(url)) = (origin, callback.url().parse::<Uri>()) else {
        return CallbackOutcome::NotSent(NotSent::Malformed);
    };
    match timeout(ANSWER_WITHIN, get(&origin, &url, tls)).await {
        Ok(Ok(status)) => CallbackOutcome::Answered(status),
        Ok(Err(error)) => CallbackOutcome::Unanswered(reason(&error)),
        Err(_) => CallbackOutcome::Unanswered("no answer in time"),
    }
}

fn reason(error: &io::Error) -> &'static str {
    if error.kind() == io::ErrorKind::ConnectionRefused {
        "the connection was refused"
    } else if error.kind() == io::ErrorKind::InvalidData {
        "TLS failed"
    } else {
        "the connection broke"
    }
}

/// Connects to `origin` and asks it for `url`; redirects are not followed.
async fn get(origin: &Uri, url: &Uri, tls: Arc<ClientConfig>) -> io::Result<u16> {
    let secure = origin.scheme_str() == Some("https");
    let host = origin.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = origin.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = TcpStream::connect((host, port)).await?;
    if !secure {
        return ask(stream, url).await;
    }
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|_| io::ErrorKind::InvalidInput)?;
    let stream = TlsConnector::from(tls).connect(name, stream).await?;
    ask(stream, url).await
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    url: &Uri,
) -> io::Result<u16> {
    let authority = url.authority().map_or("", |authority| authority.as_str());
    // A name in front of the host is not part of the header.
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
    // It ends when the sender is dropped.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await;
    Ok(answer.map_err(io::Error::other)?.status().as_u16())
}
