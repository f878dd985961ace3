//! A connector of the caller's own, in the async driver.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::{Arc, Mutex};

use cloudauth_hyper::Client;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoints};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Region, Simulator};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tower_service::Service;

use crate::driver::options;

/// Connects to one address, whatever the endpoint, and records the endpoints.
#[derive(Clone)]
struct OneAddress(SocketAddr, Arc<Mutex<Vec<String>>>);

impl Service<Uri> for OneAddress {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, endpoint: Uri) -> Self::Future {
        self.1.lock().unwrap().push(endpoint.to_string());
        let connecting = TcpStream::connect(self.0);
        Box::pin(async { connecting.await.map(TokioIo::new) })
    }
}

#[test]
fn a_connector_of_the_callers_own_replaces_tcp_and_tls_is_spoken_over_it() {
    let simulator = Simulator::start().unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    // The certificate of the simulator is for this host.
    let endpoints = Endpoints::only("https://localhost:9".parse().unwrap());
    let options = options(limits(), endpoints).root_certificates(simulator.ca_pem());
    let port = simulator
        .tls_url(Region::Shanghai)
        .rsplit_once(':')
        .unwrap()
        .1
        .parse()
        .unwrap();
    let seen = Arc::default();
    let connector = OneAddress(([127, 0, 0, 1], port).into(), Arc::clone(&seen));
    let client = Client::with_connector(options, connector).unwrap();
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    runtime.block_on(client.call(&open)).unwrap();
    assert_eq!(*seen.lock().unwrap(), ["https://localhost:9/"]);
}

#[test]
fn an_error_of_a_connector_means_that_nothing_was_sent() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let endpoints = Endpoints::only("http://127.0.0.1:9".parse().unwrap());
    // Nothing listens there.
    let connector = OneAddress(([127, 0, 0, 1], 9).into(), Arc::default());
    let options = options(limits(), endpoints).max_attempts(1);
    let client = Client::with_connector(options, connector).unwrap();
    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    let error = runtime.block_on(client.call(&open)).unwrap_err();
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    assert!(
        matches!(attempt.outcome, AttemptOutcome::NotSent(_)),
        "{error}"
    );
}
