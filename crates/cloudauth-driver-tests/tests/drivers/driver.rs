//! The two drivers behind one trait, and options for tests.

use core::fmt::Debug;
use core::time::Duration;
use std::thread;

use cloudauth_net::{FetchError, Options, OptionsError, Proxies};
use cloudauth_proto::pages::Paged;
use cloudauth_proto::verify::FetchEvidence;
use cloudauth_proto::{
    CallOptions, Credentials, Endpoint, Endpoints, Error, Flow, Operation, Policy, Reply,
};
use cloudauth_sim::conformance::ClientUnderTest;
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, FinishError, Region, Simulator, Verdict};
use tokio::runtime::{Builder, Runtime};

/// Options for a test: the simulator's access key, these timeouts and limits, no proxy.
pub(crate) fn options(limits: Policy, endpoints: Endpoints) -> Options {
    Options::new()
        .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
        .endpoints(endpoints)
        .connect_timeout(limits.connect_timeout)
        .read_timeout(limits.read_timeout)
        .total_timeout(limits.total_timeout)
        .response_limit(limits.response_limit)
        .proxies(Proxies::none())
}

/// The endpoints of a simulator: Shanghai, then Beijing.
pub(crate) fn endpoints(simulator: &Simulator) -> Endpoints {
    let url = |region| simulator.url(region).parse().unwrap();
    Endpoints::only(url(Region::Shanghai)).then(url(Region::Beijing))
}

/// The interface of both drivers. Several threads can use one.
pub(crate) trait Driver: Debug + Sized + Sync {
    const NAME: &str;

    fn build(options: Options) -> Result<Self, OptionsError>;

    fn new(options: Options) -> Self {
        Self::build(options).unwrap()
    }

    fn run<F: Flow>(&self, flow: F) -> Result<F::Output, Error>;

    fn call<O: Operation + Sync>(&self, operation: &O) -> Result<Reply<O::Response>, Error> {
        self.call_with(operation, CallOptions::new())
    }

    fn call_with<O: Operation + Sync>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error>;

    /// All pages of a list, up to the first error.
    fn pages<O>(&self, operation: O) -> Vec<Result<Reply<O::Response>, Error>>
    where
        O: Paged + Send + Sync + 'static,
        O::Response: Send;

    /// Appends the fetched file.
    fn fetch(&self, fetch: FetchEvidence, to: &mut Vec<u8>) -> Result<&'static str, FetchError>;

    fn set_credentials(&self, credentials: Credentials);

    /// Waits between calls. The async driver's runtime keeps running.
    fn idle(&self, span: Duration);
}

/// Generates, for each test, a module with one test per driver.
macro_rules! both {
    ($($name:ident => $test:ident;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn with_ureq() {
                $test::<Blocking>();
            }

            #[test]
            fn with_hyper() {
                $test::<Async>();
            }
        }
    )*};
}
pub(crate) use both;

#[derive(Clone, Debug)]
pub(crate) struct Blocking(cloudauth_ureq::Client);

impl Driver for Blocking {
    const NAME: &str = "ureq";

    fn build(options: Options) -> Result<Self, OptionsError> {
        cloudauth_ureq::Client::new(options).map(Self)
    }

    fn run<F: Flow>(&self, flow: F) -> Result<F::Output, Error> {
        self.0.run(flow)
    }

    fn call_with<O: Operation + Sync>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        self.0.call_with(operation, options)
    }

    fn fetch(&self, fetch: FetchEvidence, to: &mut Vec<u8>) -> Result<&'static str, FetchError> {
        self.0.fetch(fetch, to)
    }

    fn pages<O>(&self, operation: O) -> Vec<Result<Reply<O::Response>, Error>>
    where
        O: Paged + Send + Sync + 'static,
        O::Response: Send,
    {
        self.0.pages(operation).collect()
    }

    fn set_credentials(&self, credentials: Credentials) {
        self.0.set_credentials(credentials);
    }

    fn idle(&self, span: Duration) {
        thread::sleep(span);
    }
}

#[derive(Debug)]
pub(crate) struct Async(pub(crate) cloudauth_hyper::Client, pub(crate) Runtime);

impl Driver for Async {
    const NAME: &str = "hyper";

    #[expect(clippy::unwrap_in_result, reason = "only the options are tested")]
    fn build(options: Options) -> Result<Self, OptionsError> {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        Ok(Self(cloudauth_hyper::Client::new(options)?, runtime))
    }

    fn run<F: Flow>(&self, flow: F) -> Result<F::Output, Error> {
        self.1.block_on(self.0.run(flow))
    }

    fn call_with<O: Operation + Sync>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        self.1.block_on(self.0.call_with(operation, options))
    }

    fn fetch(&self, fetch: FetchEvidence, to: &mut Vec<u8>) -> Result<&'static str, FetchError> {
        self.1.block_on(self.0.fetch(fetch, to))
    }

    fn pages<O>(&self, operation: O) -> Vec<Result<Reply<O::Response>, Error>>
    where
        O: Paged + Send + Sync + 'static,
        O::Response: Send,
    {
        let mut pages = self.0.pages(operation);
        let mut all = Vec::new();
        self.1.block_on(async {
            while let Some(page) = pages.next().await {
                all.push(page);
            }
        });
        all
    }

    fn set_credentials(&self, credentials: Credentials) {
        self.0.set_credentials(credentials);
    }

    fn idle(&self, span: Duration) {
        self.1.block_on(async { tokio::time::sleep(span).await });
    }
}

/// A driver and the simulator that it is connected to.
pub(crate) struct ConnectedDriver<D> {
    pub(crate) driver: D,
    pub(crate) simulator: Simulator,
}

impl<D: Driver> ClientUnderTest for ConnectedDriver<D> {
    fn call<O: Operation + Sync + 'static>(
        &mut self,
        operation: &O,
    ) -> Result<Reply<O::Response>, Error> {
        self.driver.call(operation)
    }

    fn shanghai(&self) -> Endpoint {
        self.simulator.url(Region::Shanghai).parse().unwrap()
    }

    fn pass(&mut self, certify_id: &str) -> Result<(), FinishError> {
        self.simulator.finish(certify_id, Verdict::Passed)
    }

    fn opened(&mut self) -> usize {
        self.simulator.world().executions("InitFaceVerify")
    }
}
