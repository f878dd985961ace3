//! The kit for the drivers of the workspace.

use core::time::Duration;
use std::sync::Arc;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::{Error, Operation, Reply};
use cloudauth_sim::driver_kit::{Capability, DriverKit, DriverUnderTest, KitCall, Setup};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout};

use crate::reference::seed;
use crate::{smol_driver, socket_loop};

/// Options like this setup.
pub(crate) fn options(setup: Setup) -> Options {
    let policy = setup.policy;
    let mut options = Options::new()
        .endpoints(setup.endpoints)
        .credentials(setup.credentials)
        .connect_timeout(policy.connect_timeout)
        .read_timeout(policy.read_timeout)
        .total_timeout(policy.total_timeout)
        .max_attempts(policy.max_attempts)
        .response_limit(policy.response_limit)
        .proxies(Proxies::none());
    if let Some(pem) = setup.root_certificate {
        options = options.root_certificates(pem);
    }
    match setup.custom_source {
        Some((source, provided)) => options.custom_source(&source, move |_| Ok(provided.clone())),
        None => options,
    }
}

pub(crate) struct Ureq(pub(crate) cloudauth_ureq::Client);

impl DriverUnderTest for Ureq {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        self.0.run(call.flow)
    }
}

struct Hyper(cloudauth_hyper::Client, Runtime);

impl DriverUnderTest for Hyper {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        self.1.block_on(self.0.run(call.flow))
    }

    fn run_for<O: Operation>(
        &self,
        call: KitCall<'_, O>,
        limit: Duration,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        let ended = async { timeout(limit, self.0.run(call.flow)).await };
        self.1.block_on(ended).ok()
    }

    fn idle(&self, span: Duration) {
        self.1.block_on(async { sleep(span).await });
    }
}

impl DriverUnderTest for socket_loop::Client {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        self.run(call.flow)
    }
}

/// Trusts the certificate of the setup, and no other.
pub(crate) fn tls(setup: &Setup) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &setup.root_certificate {
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let tls = tls.with_safe_default_protocol_versions().unwrap();
    Arc::new(tls.with_root_certificates(roots).with_no_client_auth())
}

impl DriverUnderTest for smol_driver::Client {
    fn run<O: Operation>(&self, call: KitCall<'_, O>) -> Result<Reply<O::Response>, Error> {
        smol::block_on(self.run(call.flow))
    }

    fn run_for<O: Operation>(
        &self,
        call: KitCall<'_, O>,
        limit: Duration,
    ) -> Option<Result<Reply<O::Response>, Error>> {
        let ended = async { Some(self.run(call.flow).await) };
        let dropped = async {
            smol::Timer::after(limit).await;
            None
        };
        smol::block_on(smol::future::or(ended, dropped))
    }
}

pub(crate) fn passes<D: DriverUnderTest>(kit: &DriverKit<D>) {
    let report = kit.run();
    println!("{report}");
    assert_eq!(report.failed(), 0, "{report}");
}

#[test]
fn ureq_passes_the_kit() {
    let blocking = "it makes one exchange at a time";
    passes(
        &DriverKit::new("ureq", |setup| {
            Ureq(cloudauth_ureq::Client::new(options(setup)).unwrap())
        })
        .lacks(Capability::Hedging, blocking)
        .lacks(
            Capability::Cancellation,
            "a call blocks its thread to its end",
        ),
    );
}

#[test]
fn hyper_passes_the_kit() {
    passes(&DriverKit::new("hyper", |setup| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let client = cloudauth_hyper::Client::new(options(setup)).unwrap();
        Hyper(client, runtime)
    }));
}

#[test]
fn smol_passes_the_kit() {
    passes(
        &DriverKit::new("smol", |setup| {
            smol_driver::Client::new(setup.session(seed()), tls(&setup))
        })
        .lacks(
            Capability::RefreshBesideCalls,
            "a refresh runs in place of its call",
        )
        .lacks(Capability::CustomSources, "it has none"),
    );
}

#[test]
fn the_socket_loop_passes_the_kit() {
    let blocking = "it makes one exchange at a time";
    passes(
        &DriverKit::new("socket loop", |setup| {
            socket_loop::Client::new(setup.session(seed()))
        })
        .lacks(Capability::Hedging, blocking)
        .lacks(
            Capability::Cancellation,
            "a call blocks its thread to its end",
        )
        .lacks(
            Capability::RefreshBesideCalls,
            "a refresh runs in place of its call",
        )
        .lacks(Capability::CustomSources, "it has none")
        .lacks(Capability::Tls, "the standard library has no TLS"),
    );
}
