//! Mock servers of the driver kit, for tests.

use cloudauth_proto::{Endpoints, Scheme};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::driver_kit;
pub(crate) use cloudauth_sim::driver_kit::{MockConnection, OPENED as OK, response};
use core::time::Duration;

use crate::driver::{Driver, options};

/// A server that serves every connection with the same closure.
pub(crate) struct MockServer {
    pub(crate) url: String,
    server: driver_kit::MockServer,
}

impl MockServer {
    pub(crate) fn new(serve: impl Fn(MockConnection) + Clone + Send + 'static) -> Self {
        Self::on("127.0.0.1:0", serve)
    }

    pub(crate) fn on(
        address: &str,
        serve: impl Fn(MockConnection) + Clone + Send + 'static,
    ) -> Self {
        let server = driver_kit::MockServer::on(address.parse().unwrap(), serve).unwrap();
        let url = server.url().to_owned();
        Self { url, server }
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
        self.server.requests()
    }

    /// Number of connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.server.connections()
    }
}
