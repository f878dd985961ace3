//! The world behind real sockets.

mod admin;
mod body;
mod caller;
mod connection;
mod gate;
mod proxy;
mod tls;

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::sync::atomic::{AtomicI64, Ordering};
use std::io;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

use hyper::StatusCode;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

use self::connection::Opening;
use self::gate::{Command, Port, bind};
use self::tls::{Authority, NAMES};
use crate::fault::{Fault, Times};
use crate::offices::Office;
use crate::region::Region;
use crate::reply::{Reaction, Reply};
use crate::request::Incoming;
use crate::world::{World, is_for_browsers};

/// Where a connection arrived.
#[derive(Clone, Copy)]
enum Place {
    Api(Region),
    Pages,
    /// Each request says for which host it is.
    Proxy,
}

/// What connections and the simulator share.
struct Shared {
    world: Mutex<World>,
    shanghai: mpsc::UnboundedSender<Command>,
    beijing: mpsc::UnboundedSender<Command>,
    /// How far the clock is from the system's, in seconds.
    clock: AtomicI64,
    /// A certificate by an authority that nobody trusts, made when first needed.
    untrusted: OnceLock<Option<TlsAcceptor>>,
    /// So many long bodies are read at once, and no more.
    long_bodies: Semaphore,
}

/// With the longest body, 256 MiB.
const LONG_BODIES: usize = 16;

impl Shared {
    fn now_unix(&self) -> u64 {
        system_unix().saturating_add_signed(self.clock.load(Ordering::Relaxed))
    }

    fn move_clock(&self, seconds: i64) {
        let moved = |clock: i64| Some(clock.saturating_add(seconds));
        // The closure never declines.
        let _ = self
            .clock
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }

    /// What a handshake over TLS is done with, if a script wants a bad one.
    fn bad_tls(&self, place: Place) -> Option<TlsAcceptor> {
        let Place::Api(region) = place else {
            return None;
        };
        if !self.world().takes_bad_tls(region) {
            return None;
        }
        let make = || Authority::new().and_then(|authority| authority.server(&NAMES));
        let acceptor = self
            .untrusted
            .get_or_init(|| make().ok().map(TlsAcceptor::from));
        acceptor.clone()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    const fn gate(&self, region: Region) -> &mpsc::UnboundedSender<Command> {
        match region {
            Region::Shanghai => &self.shanghai,
            Region::Beijing => &self.beijing,
        }
    }

    fn handle(&self, place: Place, request: &Incoming, now_unix: u64) -> Reaction {
        let mut world = self.world();
        match place {
            Place::Pages if is_for_browsers(request) => world.page(request, now_unix),
            Place::Pages | Place::Proxy => {
                if let Some(office) = Office::of(request) {
                    return world.visit(office, request, now_unix);
                }
                let status = StatusCode::NOT_FOUND.as_u16();
                Reply::new(status, "text/plain", now_unix, Vec::new()).answer()
            }
            Place::Api(region) => {
                let reaction = world.handle(region, request, now_unix);
                if world.refuses(region) {
                    // A script got to the point where the region goes down.
                    let _ = self.gate(region).send(Command::Close(None));
                }
                reaction
            }
        }
    }
}

/// A running simulator: for each region a port for http and one for https, a port for the pages behind `CertifyUrl`, and a proxy,
/// all on loopback.
///
/// It runs on a thread of its own and can be used from blocking and from async tests. It stops when dropped. Its
/// clock is the system's until it is moved.
pub struct Simulator {
    shared: Arc<Shared>,
    host: String,
    /// http and https port of each region, in the order of [`Region::ALL`].
    ports: [[u16; 2]; 2],
    page_url: String,
    proxy_url: String,
    ca_pem: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts on free ports.
    pub fn start() -> io::Result<Self> {
        Self::start_on(0, 0)
    }

    /// Starts with these ports for plain http; 0 is any free one. The https ports and the page's are always free
    /// ones.
    pub fn start_on(shanghai: u16, beijing: u16) -> io::Result<Self> {
        Self::listen(Ipv4Addr::LOCALHOST.into(), shanghai, beijing)
    }

    /// Starts on an address that others may reach. Whoever reaches it can use everything but the admin endpoint and
    /// the proxy, which stay on this machine: nothing here protects what is sent.
    pub fn start_exposed(address: IpAddr, shanghai: u16, beijing: u16) -> io::Result<Self> {
        Self::listen(address, shanghai, beijing)
    }

    fn listen(address: IpAddr, shanghai: u16, beijing: u16) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let context = runtime.enter();

        let host = host(address);
        let authority = Arc::new(Authority::new()?);
        let acceptor = TlsAcceptor::from(authority.server(&NAMES)?);
        let (to_shanghai, shanghai_commands) = mpsc::unbounded_channel();
        let (to_beijing, beijing_commands) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new()),
            shanghai: to_shanghai,
            beijing: to_beijing,
            clock: AtomicI64::new(0),
            untrusted: OnceLock::new(),
            long_bodies: Semaphore::new(LONG_BODIES),
        });

        let mut ports = [[0; 2]; 2];
        let gates = [
            (Region::Shanghai, shanghai, shanghai_commands),
            (Region::Beijing, beijing, beijing_commands),
        ];
        for ((region, port, commands), bound) in gates.into_iter().zip(&mut ports) {
            let (plain, tls) = (bind(address, port)?, bind(address, 0)?);
            *bound = [plain.local_addr()?.port(), tls.local_addr()?.port()];
            let plain = Port::new(plain, Opening::Plain)?;
            let tls = Port::new(tls, Opening::Tls(acceptor.clone()))?;
            let place = Place::Api(region);
            runtime.spawn(gate::run(plain, tls, place, Arc::clone(&shared), commands));
        }

        let pages = bind(address, 0)?;
        let page_url = format!("http://{host}:{}", pages.local_addr()?.port());
        shared.world().set_public_url(page_url.clone());
        let pages = Port::new(pages, Opening::Plain)?;
        runtime.spawn(gate::run_always(pages, Place::Pages, Arc::clone(&shared)));

        let proxy = bind(Ipv4Addr::LOCALHOST.into(), 0)?;
        let proxy_url = format!("http://127.0.0.1:{}", proxy.local_addr()?.port());
        let ca_pem = authority.pem();
        let proxy = Port::new(proxy, Opening::Proxy(authority))?;
        runtime.spawn(gate::run_always(proxy, Place::Proxy, Arc::clone(&shared)));

        runtime.spawn(caller::run(Arc::clone(&shared), tls::trusting()?));

        drop(context);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("cloudauth-sim".to_owned())
            .spawn(move || run(&runtime, stopped))?;
        Ok(Self {
            shared,
            host,
            ports,
            page_url,
            proxy_url,
            ca_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Of a region, `http://127.0.0.1:PORT` unless it was told to listen elsewhere.
    #[must_use]
    pub fn url(&self, region: Region) -> String {
        let [plain, _] = self.ports_of(region);
        format!("http://{}:{plain}", self.host)
    }

    /// `https://localhost:PORT` of a region. The certificate is by [`Self::ca_pem`]'s authority; it is also good for
    /// `127.0.0.1`, `cloudauth.test` and the vendor's host names in both regions.
    #[must_use]
    pub fn tls_url(&self, region: Region) -> String {
        let [_, tls] = self.ports_of(region);
        format!("https://localhost:{tls}")
    }

    /// What every `CertifyUrl` begins with. This port answers even when both regions are down.
    #[must_use]
    pub fn page_url(&self) -> &str {
        &self.page_url
    }

    /// Where all [`Office`]s answer: STS, the metadata service, the logins; a credentials URI below
    /// [`CREDENTIALS_PATH`](crate::CREDENTIALS_PATH). It is the page's port.
    #[must_use]
    pub fn offices_url(&self) -> &str {
        &self.page_url
    }

    /// A proxy for http and https (CONNECT) that leads the vendor's host names here: of the API in both regions, the
    /// platform for files and its buckets, STS, the metadata service and the logins. For programs that have such names
    /// built in; https through it needs [`Self::ca_pem`]. Other hosts are refused with 403: nothing is passed on.
    #[must_use]
    pub fn proxy_url(&self) -> &str {
        &self.proxy_url
    }

    /// The certificate of the authority, made at start, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Appends a fault to those that wait for the requests of a region; see [`World::inject`].
    ///
    /// When [`Fault::Refuse`] comes next, the region's ports and open connections close. A closed port cannot count,
    /// so it stays closed until [`Self::heal`], whatever `times` says.
    pub fn inject(&self, region: Region, fault: Fault, times: Times) {
        let refuses = {
            let mut world = self.world();
            world.inject(region, fault, times);
            world.refuses(region)
        };
        if refuses {
            let (done, wait) = sync_channel(1);
            // Fails only if the thread is gone, and with it the ports.
            let _ = self.shared.gate(region).send(Command::Close(Some(done)));
            let _ = wait.recv();
        }
    }

    /// Forgets the faults of a region and opens its ports again, the same ones.
    ///
    /// # Errors
    ///
    /// If another process took a port in the meantime.
    pub fn heal(&self, region: Region) -> io::Result<()> {
        self.world().clear_faults_of(region);
        let (done, wait) = sync_channel(1);
        let stopped = |_| io::Error::other("the simulator has stopped");
        self.shared
            .gate(region)
            .send(Command::Open(done))
            .map_err(|_| io::Error::other("the simulator has stopped"))?;
        wait.recv().map_err(stopped)?
    }

    /// The page that shows live what happens, and the root of the admin endpoint: faults, clock, verdicts, limits.
    #[must_use]
    pub fn admin_url(&self) -> String {
        let port = self.page_url.rsplit(':').next().unwrap_or_default();
        format!("http://127.0.0.1:{port}{}", crate::admin::PATH)
    }

    /// Moves the clock, forward or back.
    pub fn move_clock(&self, seconds: i64) {
        self.shared.move_clock(seconds);
    }

    /// The time on the simulator's clock, in seconds since 1970.
    #[must_use]
    pub fn now_unix(&self) -> u64 {
        self.shared.now_unix()
    }

    /// The world. Nothing is answered while the guard lives, and [`Self::inject`] and [`Self::heal`] wait for it.
    ///
    /// A [`Fault::Refuse`] that is injected here closes the ports with the next request only; use [`Self::inject`].
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }

    const fn ports_of(&self, region: Region) -> [u16; 2] {
        let [shanghai, beijing] = self.ports;
        match region {
            Region::Shanghai => shanghai,
            Region::Beijing => beijing,
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails if the thread ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic over there was printed; here it must not become a second one.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("ports", &self.ports)
            .field("page_url", &self.page_url)
            .finish_non_exhaustive()
    }
}

/// How a URL names an address; one that stands for all of them is named by this machine's own.
fn host(address: IpAddr) -> String {
    match address {
        address if address.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

/// Drives everything until it is told to stop; dropping the runtime then drops every connection.
fn run(runtime: &Runtime, stopped: oneshot::Receiver<()>) {
    // An error means that the simulator is gone, which is as good.
    let _ = runtime.block_on(stopped);
}

/// The only place that reads a clock.
#[expect(
    clippy::disallowed_methods,
    reason = "a server that plays the vendor's shows the real time"
)]
fn system_unix() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
