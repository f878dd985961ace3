//! Mock servers: a closure serves each connection, and requests and connections are counted.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use cloudauth_proto::{Endpoints, Scheme};
use cloudauth_sim::conformance::limits;
use socket2::{Domain, SockRef, Socket, Type};

use crate::driver::{Driver, options};

/// The response body of an opened verification.
pub(crate) const OK: &str = r#"{"Code":"200","RequestId":"R","ResultObject":{"CertifyId":"sha1"}}"#;

/// A complete response, `200 OK`.
pub(crate) fn response(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One connection of a mock server.
pub(crate) struct MockConnection {
    pub(crate) stream: TcpStream,
    pub(crate) number: usize,
    requests: Arc<AtomicUsize>,
}

impl MockConnection {
    /// Reads a request to its end. Returns whether there was one.
    pub(crate) fn read_request(&mut self) -> bool {
        self.read_head().is_some()
    }

    /// Reads a request to its end. Returns its head in lower case, if there was one.
    pub(crate) fn read_head(&mut self) -> Option<String> {
        let mut read = Vec::new();
        let mut buffer = vec![0; 65_536];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(n) => read.extend_from_slice(&buffer[..n]),
            }
            if let Some(head) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.map_or(0, |length| length.parse().unwrap());
                if read.len() >= head + 4 + length {
                    self.requests.fetch_add(1, Ordering::Relaxed);
                    return Some(text);
                }
            }
        }
    }

    /// Sends this; errors are ignored.
    pub(crate) fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }

    /// Closes the connection with a TCP reset.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream)
            .set_linger(Some(Duration::ZERO))
            .unwrap();
    }

    /// Holds the connection open until the client closes it.
    pub(crate) fn hold_open(&mut self) {
        let mut buffer = [0; 4_096];
        while matches!(self.stream.read(&mut buffer), Ok(n) if n > 0) {}
    }
}

/// A server that serves every connection with the same closure.
pub(crate) struct MockServer {
    pub(crate) url: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl MockServer {
    pub(crate) fn new(serve: impl Fn(MockConnection) + Clone + Send + 'static) -> Self {
        Self::on("127.0.0.1:0", serve)
    }

    pub(crate) fn on(
        address: &str,
        serve: impl Fn(MockConnection) + Clone + Send + 'static,
    ) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        // A thousand clients may connect at once.
        listener.listen(2_000).unwrap();
        let listener: TcpListener = listener.into();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, connections) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let server = Self {
            url,
            requests: Arc::clone(&requests),
            connections: Arc::clone(&connections),
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = MockConnection {
                    stream: stream.unwrap(),
                    number: connections.fetch_add(1, Ordering::Relaxed),
                    requests: Arc::clone(&requests),
                };
                let serve = serve.clone();
                thread::spawn(move || serve(connection));
            }
        });
        server
    }

    /// A client of this server with one attempt per call.
    pub(crate) fn client<D: Driver>(&self) -> D {
        let endpoints = Endpoints::only(self.url.parse().unwrap());
        let mut limits = limits();
        // Without optimisation, encoding a large request takes a while, too.
        limits.read_timeout = Duration::from_secs(3);
        let options = options(limits, endpoints).max_attempts(1);
        D::new(options.scheme(Scheme::RpcHmacSha1))
    }

    /// Number of complete requests read so far.
    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Number of connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}
