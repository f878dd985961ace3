//! A server that injects a fault at a chosen point of an exchange, and counts how often it carried out the
//! request.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, SockRef, Socket, Type};
use tokio::sync::Notify;

/// A point of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The connection is accepted; a reused one has sent its last response.
    Accepted,
    /// A part of the TLS `ClientHello` was read.
    ClientHello,
    /// Twenty bytes of the request were read.
    RequestLine,
    /// The request's headers and five bytes of its form were read.
    Form,
    /// The whole request was read and carried out, as at all later points.
    Request,
    /// Half of the response's status line was sent.
    Status,
    /// Half of the response's headers were sent.
    Headers,
    /// Half of the response's body was sent.
    Body,
    /// The whole response was sent.
    Responded,
}

impl Point {
    pub(crate) const ALL: [Self; 9] = [
        Self::Accepted,
        Self::ClientHello,
        Self::RequestLine,
        Self::Form,
        Self::Request,
        Self::Status,
        Self::Headers,
        Self::Body,
        Self::Responded,
    ];
}

/// The fault at that point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The server resets the connection.
    Reset,
    /// The server closes the connection.
    Close,
    /// The server does nothing until the client closes the connection.
    Stall,
    /// The server sends something that is neither HTTP nor TLS.
    Garbage,
    /// The server sends a fatal TLS alert and closes the connection.
    Alert,
    /// The caller drops the call. A request that arrives nevertheless is carried out.
    CallDropped,
}

impl FaultKind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Reset,
        Self::Close,
        Self::Stall,
        Self::Garbage,
        Self::Alert,
        Self::CallDropped,
    ];
}

/// A response, complete or not, sent to every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CannedResponse {
    /// Whether the server carries out the request.
    pub(crate) is_carried_out: bool,
    pub(crate) text: &'static str,
}

/// The behaviour of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// Connections are refused.
    Refuse,
    /// Packets are dropped.
    BlackHole,
    Fault(Point, FaultKind),
    Respond(CannedResponse),
}

/// The response to an operation that was carried out.
pub(crate) const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n\
    {\"Code\":\"200\",\"RequestId\":\"R\",\"ResultObject\":{\"BizCode\":\"1\"}}   ";

/// An address where connections are neither accepted nor refused: the backlog of its listener is full.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _backlog: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let timeout = Duration::from_millis(300);
        let connect = || TcpStream::connect_timeout(&address, timeout).ok();
        let backlog = core::iter::from_fn(connect).take(1_000).collect();
        Self {
            address,
            _listener: listener,
            _backlog: backlog,
        }
    }
}

/// A port that is bound but not listened on, so connections are refused.
pub(crate) struct Closed(Socket);

impl Closed {
    pub(crate) fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(&any.into()).unwrap();
        Self(socket)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap().as_socket().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }
}

struct ServerState {
    behaviour: Mutex<Behaviour>,
    /// Whether the next connection serves one request normally first.
    is_warm: AtomicBool,
    carried_out: AtomicUsize,
    open: AtomicUsize,
    reached: Notify,
    /// Address of the connection that checks whether all earlier ones were accepted.
    last: Mutex<Option<SocketAddr>>,
    tls: Option<Arc<ServerConfig>>,
}

/// The server.
pub(crate) struct FaultServer {
    address: SocketAddr,
    refusing: Closed,
    hole: Arc<BlackHole>,
    shared: Arc<ServerState>,
}

impl FaultServer {
    pub(crate) fn new(tls: Option<Arc<ServerConfig>>, hole: Arc<BlackHole>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refusing = Closed::new();
        let shared = Arc::new(ServerState {
            behaviour: Mutex::new(Behaviour::Refuse),
            is_warm: AtomicBool::new(false),
            carried_out: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            reached: Notify::new(),
            last: Mutex::new(None),
            tls,
        });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, shared) = (stream.unwrap(), Arc::clone(&serving));
                let peer = stream.peer_addr().ok();
                if peer.is_some() && peer == *shared.last.lock().unwrap() {
                    continue;
                }
                shared.open.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    serve(stream, &shared);
                    shared.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            refusing,
            hole,
            shared,
        }
    }

    /// Sets the behaviour from now on. Returns the URL of the server.
    pub(crate) fn set_behaviour(&self, behaviour: Behaviour, is_warm: bool) -> String {
        *self.shared.behaviour.lock().unwrap() = behaviour;
        self.shared.is_warm.store(is_warm, Ordering::SeqCst);
        self.shared.carried_out.store(0, Ordering::SeqCst);
        let address = match behaviour {
            Behaviour::Refuse => self.refusing.address(),
            Behaviour::BlackHole => self.hole.address,
            Behaviour::Fault(..) | Behaviour::Respond(_) => self.address,
        };
        let scheme = self.shared.tls.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{address}")
    }

    /// Waits until the point is reached at which the caller drops the call.
    pub(crate) async fn reached(&self) {
        self.shared.reached.notified().await;
    }

    /// Number of open connections.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Waits until all connections are closed. Returns how often a request was carried out, or the number
    /// of connections that are still open.
    pub(crate) fn settled(&self) -> Result<usize, usize> {
        self.accept_all();
        for _ in 0..5_000 {
            if self.open() == 0 {
                return Ok(self.shared.carried_out.load(Ordering::SeqCst));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(self.open())
    }

    /// Waits until no connection is left in the backlog: on a busy machine a request of this case would
    /// be counted with the next one.
    fn accept_all(&self) {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(&any.into()).unwrap();
        let own = socket.local_addr().unwrap().as_socket();
        *self.shared.last.lock().unwrap() = own;
        socket.connect(&self.address.into()).unwrap();
        let _ = TcpStream::from(socket).read(&mut [0]);
    }
}

/// A connection, with or without TLS.
struct FaultConnection {
    tcp: TcpStream,
    stream: Box<dyn ReadWrite>,
}

trait ReadWrite: Read + Write {}
impl<T: Read + Write> ReadWrite for T {}

impl FaultConnection {
    fn new(tcp: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Self {
        let stream = tcp.try_clone().unwrap();
        let stream: Box<dyn ReadWrite> = match tls {
            None => Box::new(stream),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                Box::new(StreamOwned::new(connection, stream))
            }
        };
        Self { tcp, stream }
    }

    /// Reads until there is enough. Returns whether there was.
    fn read_until(&mut self, read: &mut Vec<u8>, enough: impl Fn(&[u8]) -> bool) -> bool {
        let mut buffer = [0; 16];
        while !enough(read) {
            match self.stream.read(&mut buffer) {
                Ok(n) if n > 0 => read.extend_from_slice(&buffer[..n]),
                Ok(_) | Err(_) => return false,
            }
        }
        true
    }

    fn send(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
        let _ = self.stream.flush();
    }

    /// Holds the connection open until the client closes it.
    fn hold_open(&mut self) {
        let mut read = Vec::new();
        self.read_until(&mut read, |_| false);
    }
}

fn has_bytes(read: &[u8]) -> bool {
    read.len() >= 20
}

fn end_of_head(read: &[u8]) -> Option<usize> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(end + 4)
}

fn has_form(read: &[u8]) -> bool {
    end_of_head(read).is_some_and(|end| read.len() >= end + 5)
}

fn is_whole(read: &[u8]) -> bool {
    end_of_head(read).is_some_and(|end| {
        let head = String::from_utf8_lossy(&read[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|it| it.strip_prefix("content-length: "));
        read.len() >= end + length.map_or(0, |length| length.parse().unwrap())
    })
}

fn serve(tcp: TcpStream, shared: &ServerState) {
    let behaviour = *shared.behaviour.lock().unwrap();
    let is_warm = shared.is_warm.swap(false, Ordering::SeqCst);
    let mut tcp = tcp;
    let _ = tcp.set_nodelay(true);
    if !is_warm {
        match behaviour {
            Behaviour::Fault(Point::Accepted, kind) => {
                return inject(
                    FaultConnection::new(tcp, None),
                    kind,
                    shared,
                    &mut Vec::new(),
                );
            }
            Behaviour::Fault(Point::ClientHello, kind) => {
                let _ = tcp.read(&mut [0; 100]);
                return inject(
                    FaultConnection::new(tcp, None),
                    kind,
                    shared,
                    &mut Vec::new(),
                );
            }
            Behaviour::Refuse
            | Behaviour::BlackHole
            | Behaviour::Fault(..)
            | Behaviour::Respond(_) => {}
        }
    }
    let mut connection = FaultConnection::new(tcp, shared.tls.as_ref());
    if is_warm {
        if !connection.read_until(&mut Vec::new(), is_whole) {
            return;
        }
        connection.send(DONE);
        // So that the client does not read the fault together with this response.
        thread::sleep(Duration::from_millis(5));
    }
    let carry_out = || {
        shared.carried_out.fetch_add(1, Ordering::SeqCst);
    };
    match behaviour {
        Behaviour::Refuse | Behaviour::BlackHole => {}
        Behaviour::Respond(canned) => {
            while connection.read_until(&mut Vec::new(), is_whole) {
                if canned.is_carried_out {
                    carry_out();
                }
                connection.send(canned.text);
                if !canned.text.contains("content-length") {
                    let _ = connection.tcp.shutdown(Shutdown::Write);
                }
            }
        }
        Behaviour::Fault(point, kind) => {
            let mut read = Vec::new();
            let is_reached = match point {
                Point::Accepted | Point::ClientHello => true,
                Point::RequestLine => connection.read_until(&mut read, has_bytes),
                Point::Form => connection.read_until(&mut read, has_form),
                Point::Request
                | Point::Status
                | Point::Headers
                | Point::Body
                | Point::Responded => connection.read_until(&mut read, is_whole),
            };
            if !is_reached {
                return;
            }
            let sent = match point {
                Point::Accepted | Point::ClientHello | Point::RequestLine | Point::Form => None,
                Point::Request => Some(0),
                Point::Status => Some(10),
                Point::Headers => Some(30),
                Point::Body => Some(DONE.len() - 20),
                Point::Responded => Some(DONE.len()),
            };
            if let Some(sent) = sent {
                carry_out();
                connection.send(&DONE[..sent]);
            }
            inject(connection, kind, shared, &mut read);
        }
    }
}

fn inject(
    mut connection: FaultConnection,
    kind: FaultKind,
    shared: &ServerState,
    read: &mut Vec<u8>,
) {
    let was_whole = is_whole(read);
    match kind {
        FaultKind::Reset => {
            let linger = SockRef::from(&connection.tcp).set_linger(Some(Duration::ZERO));
            linger.unwrap();
        }
        FaultKind::Close => {
            let _ = connection.tcp.shutdown(Shutdown::Write);
            connection.hold_open();
        }
        FaultKind::Stall => connection.hold_open(),
        FaultKind::Garbage => {
            let _ = connection.tcp.write_all(b"\x80garbage\r\n\r\n\0\0");
            connection.hold_open();
        }
        FaultKind::Alert => {
            // Level fatal, description internal_error.
            let _ = connection.tcp.write_all(b"\x15\x03\x03\x00\x02\x02\x50");
            let _ = connection.tcp.shutdown(Shutdown::Write);
            connection.hold_open();
        }
        FaultKind::CallDropped => {
            shared.reached.notify_one();
            if !was_whole && connection.read_until(read, is_whole) {
                shared.carried_out.fetch_add(1, Ordering::SeqCst);
            }
            connection.hold_open();
        }
    }
}
