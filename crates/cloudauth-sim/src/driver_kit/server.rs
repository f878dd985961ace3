//! Servers of tests: a closure serves each connection, and requests and connections are counted.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use socket2::{Domain, SockRef, Socket, Type};

/// The response body of an opened verification, whose ID is `sha1`.
pub const OPENED: &str = r#"{"Code":"200","RequestId":"R","ResultObject":{"CertifyId":"sha1"}}"#;

/// A complete response, `200 OK`.
#[must_use]
pub fn response(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// One connection of a server.
#[derive(Debug)]
pub struct MockConnection {
    /// The connection.
    pub stream: TcpStream,
    /// Its number, from 0.
    pub number: usize,
    requests: Arc<AtomicUsize>,
}

impl MockConnection {
    /// Reads a request to its end. Returns whether there was one.
    pub fn read_request(&mut self) -> bool {
        self.read_head().is_some()
    }

    /// Reads a request to its end. Returns its head in lower case, if there was one.
    pub fn read_head(&mut self) -> Option<String> {
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
                let length: usize = length.map_or(Some(0), |length| length.parse().ok())?;
                if read.len() >= head + 4 + length {
                    self.requests.fetch_add(1, Ordering::Relaxed);
                    return Some(text);
                }
            }
        }
    }

    /// Sends this; errors are ignored.
    pub fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
    }

    /// Closes the connection with a TCP reset.
    pub fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Holds the connection open until the client closes it.
    pub fn hold_open(&mut self) {
        let mut buffer = [0; 4_096];
        while matches!(self.stream.read(&mut buffer), Ok(n) if n > 0) {}
    }
}

/// A server that serves every connection with the same closure, on a thread of its own.
#[derive(Debug)]
pub struct MockServer {
    url: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl MockServer {
    /// Starts a server on a free port of `127.0.0.1`.
    pub fn new(serve: impl Fn(MockConnection) + Clone + Send + 'static) -> io::Result<Self> {
        Self::on(SocketAddr::from(([127, 0, 0, 1], 0)), serve)
    }

    /// Starts a server on this address.
    pub fn on(
        address: SocketAddr,
        serve: impl Fn(MockConnection) + Clone + Send + 'static,
    ) -> io::Result<Self> {
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        listener.bind(&address.into())?;
        // A thousand clients may connect at once.
        listener.listen(2_000)?;
        let listener: TcpListener = listener.into();
        let url = format!("http://{}", listener.local_addr()?);
        let (requests, connections) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let server = Self {
            url,
            requests: Arc::clone(&requests),
            connections: Arc::clone(&connections),
        };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = MockConnection {
                    stream,
                    number: connections.fetch_add(1, Ordering::Relaxed),
                    requests: Arc::clone(&requests),
                };
                let serve = serve.clone();
                thread::spawn(move || serve(connection));
            }
        });
        Ok(server)
    }

    /// The URL, with `http`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Number of complete requests read so far.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Number of connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}
