//! The simulator behind sockets.

mod admin;
mod body;
mod callbacks;
mod connection;
mod connector;
mod hosts;
mod keep;
mod listener;
mod options;
mod proxy;
mod state;
mod tls;

use core::error::Error;
use core::fmt;
use core::net::Ipv4Addr;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, MutexGuard};
use std::thread::{self, JoinHandle};

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::{Credentials, Endpoint, Endpoints};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio_rustls::TlsAcceptor;

pub use self::connector::{Connector, InMemory};
use self::hosts::Destination;
use self::listener::{Port, Protocol, bind};
pub use self::options::SimulatorOptions;
use self::state::{ListenerCommand, ServerState};
use self::tls::{CertificateAuthority, SERVER_NAMES};
use crate::admin::AdminAccess;
use crate::faults::{Fault, Times};
use crate::ids::hex;
use crate::orders::FinishError;
use crate::region::Region;
use crate::verdict::Verdict;
use crate::world::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, World};

/// A running simulator: for each region a port for http and one for https, a port for the pages
/// behind `CertifyUrl`, and a proxy, all on loopback.
///
/// It runs on a thread of its own and can be used from blocking and from async tests. It stops when
/// dropped. Its clock is the system's until [`Self::move_clock`] is called.
pub struct Simulator {
    state: Arc<ServerState>,
    state_file: Option<PathBuf>,
    host: String,
    /// The http and https port of each region, in the order of [`Region::ALL`].
    ports: [[u16; 2]; 2],
    client_options: Options,
    runtime: Handle,
    page_url: String,
    admin_path: String,
    proxy_url: String,
    ca_pem: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Simulator {
    /// Starts with the default options.
    pub fn start() -> io::Result<Self> {
        Self::start_with(&SimulatorOptions::new())
    }

    /// Starts with these options.
    ///
    /// # Errors
    ///
    /// If a port is taken, the public URL is not one, or the state file cannot be read or was not
    /// written by this version.
    pub fn start_with(options: &SimulatorOptions) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        match Self::start_in(&runtime, options) {
            Ok(started) => started.run_on_a_thread(runtime),
            Err(error) => {
                // Dropping it would wait, which an async caller must not.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Starts everything in this runtime, which does not run yet.
    fn start_in(runtime: &Runtime, options: &SimulatorOptions) -> io::Result<Self> {
        let context = runtime.enter();

        let (address, host) = (options.address(), options.host()?);
        let random = SystemRandom::new();
        let token = match options.exposed {
            Some(_) => Some(hex(&random_bytes::<16>(&random)?)),
            None => None,
        };
        let seed = match options.seed {
            Some(seed) => seed,
            None => u64::from_be_bytes(random_bytes(&random)?),
        };
        let authority = Arc::new(CertificateAuthority::new()?);
        let acceptor = TlsAcceptor::from(authority.server_config(&SERVER_NAMES)?);
        let (to_shanghai, shanghai_commands) = mpsc::unbounded_channel();
        let (to_beijing, beijing_commands) = mpsc::unbounded_channel();
        let access = AdminAccess::new(token);
        let admin_path = access.path();
        let state = Arc::new(ServerState::new(to_shanghai, to_beijing, access));
        {
            let mut world = state.world();
            world.set_seed(seed);
            world.call_back_to_routes_only(options.exposed.is_some());
        }

        if let Some(file) = &options.state {
            keep::load(&state, file)?;
            runtime.spawn(keep::run(Arc::clone(&state), file.clone()));
        }

        let mut ports = [[0; 2]; 2];
        let listeners = [
            (Region::Shanghai, options.shanghai, shanghai_commands),
            (Region::Beijing, options.beijing, beijing_commands),
        ];
        for ((region, port, commands), bound) in listeners.into_iter().zip(&mut ports) {
            let (plain, tls) = (bind(address, port)?, bind(address, 0)?);
            *bound = [plain.local_addr()?.port(), tls.local_addr()?.port()];
            let plain = Port::new(plain, Protocol::Plain)?;
            let tls = Port::new(tls, Protocol::Tls(acceptor.clone()))?;
            let destination = Destination::Api(region);
            let state = Arc::clone(&state);
            runtime.spawn(listener::run(plain, tls, destination, state, commands));
        }

        let pages = bind(address, options.pages)?;
        let page_url = format!("http://{host}:{}", pages.local_addr()?.port());
        let public_url = options.public_url.as_ref();
        let public_url = public_url.map_or(page_url.as_str(), |url| url.trim_end_matches('/'));
        state.world().set_public_url(public_url.to_owned());
        let pages = Port::new(pages, Protocol::Plain)?;
        let destination = Destination::Pages;
        runtime.spawn(listener::run_always(pages, destination, Arc::clone(&state)));

        let proxy = bind(Ipv4Addr::LOCALHOST.into(), 0)?;
        let proxy_url = format!("http://127.0.0.1:{}", proxy.local_addr()?.port());
        let ca_pem = authority.pem();
        let proxy = Port::new(proxy, Protocol::Proxy(authority))?;
        let destination = Destination::ByHost;
        runtime.spawn(listener::run_always(proxy, destination, Arc::clone(&state)));

        let tls = tls::unverified_client_config()?;
        runtime.spawn(callbacks::run(Arc::clone(&state), tls));

        let local_host = options.local_host();
        let client_options = client_options(&local_host, ports).map_err(io::Error::other)?;
        drop(context);
        Ok(Self {
            state,
            state_file: options.state.clone(),
            host,
            ports,
            client_options,
            runtime: runtime.handle().clone(),
            page_url,
            admin_path,
            proxy_url,
            ca_pem,
            stop: None,
            thread: None,
        })
    }

    fn run_on_a_thread(mut self, runtime: Runtime) -> io::Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("cloudauth-sim".to_owned())
            .spawn(move || run(&runtime, stopped))?;
        self.stop = Some(stop);
        self.thread = Some(thread);
        Ok(self)
    }

    /// Options of a client of this simulator: its access key, both regions over http, no proxy.
    ///
    /// ```
    /// use cloudauth_sim::Simulator;
    /// use cloudauth_ureq::Client;
    /// use cloudauth_ureq::ops::Id2MetaVerify;
    ///
    /// let simulator = Simulator::start()?;
    /// let client = Client::new(simulator.options())?;
    /// let check = Id2MetaVerify::new().param_type("normal");
    /// let check = check.user_name("张三").identify_num("11010519491231002X");
    /// assert!(client.call(&check).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn options(&self) -> Options {
        self.client_options.clone()
    }

    /// A connector of hyper without sockets, for `Client::with_connector` of `cloudauth-hyper`.
    ///
    /// ```
    /// use cloudauth_hyper::Client;
    /// use cloudauth_hyper::ops::InitFaceVerify;
    /// use cloudauth_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let simulator = Simulator::start()?;
    /// let client = Client::with_connector(simulator.options(), simulator.connector())?;
    /// # let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR").user_id("7").meta_info("{}");
    /// client.call(&init).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn connector(&self) -> Connector {
        let ports = Region::ALL.map(|region| {
            let [plain, _] = self.ports_of(region);
            (plain, region)
        });
        Connector::new(Arc::clone(&self.state), self.runtime.clone(), ports)
    }

    /// Finishes a verification at once, as a submission of its page does; a callback may become due.
    ///
    /// # Errors
    ///
    /// If the ID is unknown, or the verification has finished or expired.
    pub fn finish(&self, certify_id: impl AsRef<str>, verdict: Verdict) -> Result<(), FinishError> {
        let now = self.now_unix();
        self.world().finish(certify_id.as_ref(), verdict, now)
    }

    /// The http URL of a region: `http://127.0.0.1:PORT`, unless started on another address.
    #[must_use]
    pub fn url(&self, region: Region) -> String {
        let [plain, _] = self.ports_of(region);
        format!("http://{}:{plain}", self.host)
    }

    /// The https URL of a region, `https://localhost:PORT`.
    ///
    /// The certificate is issued by the authority of [`Self::ca_pem`]. It is also valid for
    /// `127.0.0.1`, `cloudauth.test` and the vendor's host names in both regions.
    #[must_use]
    pub fn tls_url(&self, region: Region) -> String {
        let [_, tls] = self.ports_of(region);
        format!("https://localhost:{tls}")
    }

    /// The URL of the pages, which every `CertifyUrl` begins with unless there is a public URL. Its
    /// port stays open when both regions are down, and `/healthz` responds there with 200.
    #[must_use]
    pub fn page_url(&self) -> &str {
        &self.page_url
    }

    /// The URL of all [`CredentialService`](crate::CredentialService)s: STS, the metadata service, the
    /// logins, and a credentials URI at [`CREDENTIALS_PATH`](crate::CREDENTIALS_PATH). They are on the
    /// port of the pages.
    #[must_use]
    pub fn credential_services_url(&self) -> &str {
        &self.page_url
    }

    /// The URL of a proxy for http and https (CONNECT) to the simulated hosts of the vendor.
    ///
    /// These are the API in both regions, the platform for files and its buckets, STS, the metadata
    /// service and the logins. It is for programs with built-in host names; https needs
    /// [`Self::ca_pem`]. Other hosts are refused with 403: nothing is forwarded.
    #[must_use]
    pub fn proxy_url(&self) -> &str {
        &self.proxy_url
    }

    /// The certificate of the certificate authority in PEM. It is new with every start.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Appends a fault to the script of a region; see [`World::inject`].
    ///
    /// When [`Fault::Refuse`] is next, the region's ports and open connections close. A closed port
    /// cannot count requests, so it stays closed until [`Self::restore`], whatever `times` is.
    pub fn inject(&self, region: Region, fault: Fault, times: Times) {
        let refuses = {
            let mut world = self.world();
            world.inject(region, fault, times);
            world.refuses_connections(region)
        };
        if refuses {
            let (done, wait) = sync_channel(1);
            // Fails only if the thread has ended, and the ports are closed with it.
            let _ = self
                .state
                .listener(region)
                .send(ListenerCommand::Close(Some(done)));
            let _ = wait.recv();
        }
    }

    /// Clears the faults of a region and opens its ports again, with the same numbers.
    ///
    /// # Errors
    ///
    /// If another process took a port in the meantime.
    pub fn restore(&self, region: Region) -> io::Result<()> {
        let stopped = || io::Error::other("the simulator has stopped");
        self.world().clear_region_faults(region);
        let (done, wait) = sync_channel(1);
        let done = move |opened| {
            // Fails only if the receiver is gone.
            let _ = done.send(opened);
        };
        self.state
            .listener(region)
            .send(ListenerCommand::Open(Box::new(done)))
            .map_err(|_| stopped())?;
        wait.recv().map_err(|_| stopped())?
    }

    /// The URL of the admin interface: a live page, and below it the commands for faults, clock,
    /// verdicts and rate limits, which it describes itself. It has a token in it if the simulator is
    /// exposed, and is for this machine only if it is not.
    #[must_use]
    pub fn admin_url(&self) -> String {
        format!("{}{}", self.page_url, self.admin_path)
    }

    /// Moves the clock by this many seconds, forward or back; not further than 100 years from the
    /// system's clock.
    pub fn move_clock(&self, seconds: i64) {
        self.state.move_clock(seconds);
    }

    /// Why the state file could not be written, if it could not.
    #[must_use]
    pub fn state_error(&self) -> Option<String> {
        self.state.state_error()
    }

    /// The time on the simulator's clock, in seconds since 1970.
    #[must_use]
    pub fn now_unix(&self) -> u64 {
        self.state.now_unix()
    }

    /// Locks the world. While the guard lives, no request is handled, and [`Self::inject`] and
    /// [`Self::restore`] block.
    ///
    /// A [`Fault::Refuse`] injected with [`World::inject`] closes the ports only with the next request;
    /// [`Self::inject`] closes them at once.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.state.world()
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
            // Fails if the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed; it must not become a second one here.
            let _ = thread.join();
        }
        if let Some(file) = &self.state_file {
            keep::save_noting_failure(&self.state, file);
        }
    }
}

/// Options of a client of these ports.
fn client_options(
    host: &str,
    ports: [[u16; 2]; 2],
) -> Result<Options, Box<dyn Error + Send + Sync>> {
    let [shanghai, beijing] = ports.map(|[plain, _]| format!("{host}:{plain}"));
    let endpoints = Endpoints::only(Endpoint::plain_http(&shanghai)?);
    Ok(Options::new()
        .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?)
        .endpoints(endpoints.then(Endpoint::plain_http(&beijing)?))
        .proxies(Proxies::none()))
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("ports", &self.ports)
            .field("page_url", &self.page_url)
            .finish_non_exhaustive()
    }
}

fn random_bytes<const N: usize>(random: &SystemRandom) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    let filled = random.fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the system has no random numbers"))?;
    Ok(bytes)
}

/// Runs everything until the simulator is dropped. Dropping the runtime then drops every connection.
fn run(runtime: &Runtime, stopped: oneshot::Receiver<()>) {
    // An error means that the simulator is gone too.
    let _ = runtime.block_on(stopped);
}
