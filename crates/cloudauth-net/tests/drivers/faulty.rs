//! An endpoint that breaks an exchange off at a chosen point, in a chosen way, and counts what it
//! carried out.

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

/// How far an exchange comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The connection is there; on one that was used before, its last reply was read.
    Accepted,
    /// The client's first words of TLS were read.
    Greeted,
    /// Twenty bytes of the request were read.
    Line,
    /// Its headers were read, and five bytes of the form.
    Form,
    /// All of it was read, and carried out. So from here on.
    Read,
    /// Half of the reply's status line was sent.
    Status,
    /// Half of its headers.
    Headers,
    /// Half of its body.
    Body,
    /// All of it.
    Replied,
}

impl Point {
    pub(crate) const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Greeted,
        Self::Line,
        Self::Form,
        Self::Read,
        Self::Status,
        Self::Headers,
        Self::Body,
        Self::Replied,
    ];
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// The connection is reset.
    Reset,
    /// It is closed.
    End,
    /// Nothing, until the client leaves.
    Stall,
    /// Something comes that is neither HTTP nor TLS.
    Garbage,
    /// A fatal alert of TLS comes, then the end.
    Alert,
    /// The caller leaves. A request that arrives all the same is carried out.
    Dropped,
}

impl Break {
    pub(crate) const ALL: [Self; 6] = [
        Self::Reset,
        Self::End,
        Self::Stall,
        Self::Garbage,
        Self::Alert,
        Self::Dropped,
    ];
}

/// A whole answer, or what looks like one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) carried_out: bool,
    pub(crate) text: &'static str,
}

/// What an endpoint does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Nobody listens.
    Refuse,
    /// Packets disappear.
    BlackHole,
    Break(Point, Break),
    Answer(Answer),
}

/// A reply that says that it is done.
pub(crate) const DONE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 64\r\n\r\n\
    {\"Code\":\"200\",\"RequestId\":\"R\",\"ResultObject\":{\"BizCode\":\"1\"}}   ";

/// An address where connections are neither made nor refused: the queue of a listener is full.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) fn new(address: &str) -> Self {
        let address: SocketAddr = address.parse().unwrap();
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap().as_socket().unwrap();
        let patience = Duration::from_millis(300);
        let connect = || TcpStream::connect_timeout(&address, patience).ok();
        let queue = core::iter::from_fn(connect).take(1_000).collect();
        Self {
            address,
            _listener: listener,
            _queue: queue,
        }
    }
}

/// A port that is taken, and where nobody listens.
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

struct Shared {
    plan: Mutex<Plan>,
    /// Whether the next connection answers one request well before it does what is planned.
    is_warm: AtomicBool,
    carried_out: AtomicUsize,
    open: AtomicUsize,
    reached: Notify,
    /// Who connects to find out whether all before were accepted.
    last: Mutex<Option<SocketAddr>>,
    tls: Option<Arc<ServerConfig>>,
}

/// The endpoint.
pub(crate) struct Faulty {
    address: SocketAddr,
    refusing: Closed,
    hole: Arc<BlackHole>,
    shared: Arc<Shared>,
}

impl Faulty {
    pub(crate) fn new(tls: Option<Arc<ServerConfig>>, hole: Arc<BlackHole>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let refusing = Closed::new();
        let shared = Arc::new(Shared {
            plan: Mutex::new(Plan::Refuse),
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

    /// Does this from now on; where it does it, as a URL.
    pub(crate) fn plan(&self, plan: Plan, is_warm: bool) -> String {
        *self.shared.plan.lock().unwrap() = plan;
        self.shared.is_warm.store(is_warm, Ordering::SeqCst);
        self.shared.carried_out.store(0, Ordering::SeqCst);
        let address = match plan {
            Plan::Refuse => self.refusing.address(),
            Plan::BlackHole => self.hole.address,
            Plan::Break(..) | Plan::Answer(_) => self.address,
        };
        let scheme = self.shared.tls.as_ref().map_or("http", |_| "https");
        format!("{scheme}://{address}")
    }

    /// Until the point is reached where the caller leaves.
    pub(crate) async fn reached(&self) {
        self.shared.reached.notified().await;
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How often it was carried out, when all connections are closed; or how many are not.
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

    /// Until no connection waits any more: on a busy machine a request of this case would be counted
    /// with the next one.
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
struct Line {
    tcp: TcpStream,
    stream: Box<dyn Stream>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Line {
    fn new(tcp: TcpStream, tls: Option<&Arc<ServerConfig>>) -> Self {
        let stream = tcp.try_clone().unwrap();
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(config) => {
                let connection = ServerConnection::new(Arc::clone(config)).unwrap();
                Box::new(StreamOwned::new(connection, stream))
            }
        };
        Self { tcp, stream }
    }

    /// Reads on until there is enough; whether there was.
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

    fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes());
        let _ = self.stream.flush();
    }

    /// Until the client leaves.
    fn hold(&mut self) {
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

fn serve(tcp: TcpStream, shared: &Shared) {
    let plan = *shared.plan.lock().unwrap();
    let is_warm = shared.is_warm.swap(false, Ordering::SeqCst);
    let mut tcp = tcp;
    let _ = tcp.set_nodelay(true);
    if !is_warm {
        match plan {
            Plan::Break(Point::Accepted, how) => {
                return break_off(Line::new(tcp, None), how, shared, &mut Vec::new());
            }
            Plan::Break(Point::Greeted, how) => {
                let _ = tcp.read(&mut [0; 100]);
                return break_off(Line::new(tcp, None), how, shared, &mut Vec::new());
            }
            Plan::Refuse | Plan::BlackHole | Plan::Break(..) | Plan::Answer(_) => {}
        }
    }
    let mut line = Line::new(tcp, shared.tls.as_ref());
    if is_warm {
        if !line.read_until(&mut Vec::new(), is_whole) {
            return;
        }
        line.say(DONE);
        // What comes next is not to be read along with it.
        thread::sleep(Duration::from_millis(5));
    }
    let carry_out = || {
        shared.carried_out.fetch_add(1, Ordering::SeqCst);
    };
    match plan {
        Plan::Refuse | Plan::BlackHole => {}
        Plan::Answer(answer) => {
            while line.read_until(&mut Vec::new(), is_whole) {
                if answer.carried_out {
                    carry_out();
                }
                line.say(answer.text);
                if !answer.text.contains("content-length") {
                    let _ = line.tcp.shutdown(Shutdown::Write);
                }
            }
        }
        Plan::Break(point, how) => {
            let mut read = Vec::new();
            let is_there = match point {
                Point::Accepted | Point::Greeted => true,
                Point::Line => line.read_until(&mut read, has_bytes),
                Point::Form => line.read_until(&mut read, has_form),
                Point::Read | Point::Status | Point::Headers | Point::Body | Point::Replied => {
                    line.read_until(&mut read, is_whole)
                }
            };
            if !is_there {
                return;
            }
            let said = match point {
                Point::Accepted | Point::Greeted | Point::Line | Point::Form => None,
                Point::Read => Some(0),
                Point::Status => Some(10),
                Point::Headers => Some(30),
                Point::Body => Some(DONE.len() - 20),
                Point::Replied => Some(DONE.len()),
            };
            if let Some(said) = said {
                carry_out();
                line.say(&DONE[..said]);
            }
            break_off(line, how, shared, &mut read);
        }
    }
}

fn break_off(mut line: Line, how: Break, shared: &Shared, read: &mut Vec<u8>) {
    let was_whole = is_whole(read);
    match how {
        Break::Reset => {
            let linger = SockRef::from(&line.tcp).set_linger(Some(Duration::ZERO));
            linger.unwrap();
        }
        Break::End => {
            let _ = line.tcp.shutdown(Shutdown::Write);
            line.hold();
        }
        Break::Stall => line.hold(),
        Break::Garbage => {
            let _ = line.tcp.write_all(b"\x80garbage\r\n\r\n\0\0");
            line.hold();
        }
        Break::Alert => {
            // Fatal: an internal error.
            let _ = line.tcp.write_all(b"\x15\x03\x03\x00\x02\x02\x50");
            let _ = line.tcp.shutdown(Shutdown::Write);
            line.hold();
        }
        Break::Dropped => {
            shared.reached.notify_one();
            if !was_whole && line.read_until(read, is_whole) {
                shared.carried_out.fetch_add(1, Ordering::SeqCst);
            }
            line.hold();
        }
    }
}
