//! The example backend, used by ordinary browsers and by hostile ones.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

#[path = "h5_backend/attacks.rs"]
mod attacks;
#[allow(dead_code, reason = "its main is not called here")]
#[path = "../examples/h5_backend_blocking.rs"]
mod h5_backend_blocking;
#[path = "h5_backend/in_memory.rs"]
mod in_memory;

use core::net::SocketAddr;
use core::time::Duration;
use std::thread;

use cloudauth_proto::verify::CallbackKey;
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use cloudauth_ureq::{Client, Credentials, Endpoint, Endpoints, Options, Proxies};
use h5_backend_blocking::shared::{App, Inserted, Site, Stage, Visits, listener};
use h5_backend_blocking::{runtime, serve};
use in_memory::SECRET;

/// Starts a backend. Returns its address.
fn start(endpoint: Endpoint, site: impl FnOnce(SocketAddr) -> Site) -> SocketAddr {
    let options = Options::new()
        .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
        .endpoints(Endpoints::only(endpoint))
        .total_timeout(Duration::from_secs(8))
        .proxies(Proxies::none());
    let client = Client::new(options).unwrap();
    let runtime = runtime().unwrap();
    let listener = runtime.block_on(async { listener::bind("127.0.0.1:0").unwrap() });
    let address = listener.local_addr().unwrap();
    let app = App {
        client,
        scene: 1_000_000_006.into(),
        site: site(address),
        key: CallbackKey::new(SECRET).unwrap(),
        is_simulated: true,
        visits: Visits::default(),
    };
    thread::spawn(move || match runtime.block_on(serve(listener, app)) {});
    address
}
