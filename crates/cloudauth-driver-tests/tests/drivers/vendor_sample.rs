//! What the vendor's Java sample survives, the drivers survive: it goes from Shanghai to Beijing after any
//! exception. The simulation's figures have the same table without sockets.
//!
//! `cargo test -p cloudauth-driver-tests --test drivers vendor_sample -- --nocapture` prints the times.

use core::time::Duration;

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Endpoint, Endpoints, Error, Reply};
use cloudauth_sim::conformance::{ClientUnderTest, limits};
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::driver::{Async, Blocking, ConnectedDriver, Driver, both, options};
use crate::transport::timed;

both! {
    a_verification_is_opened_however_shanghai_is_broken => opened;
    a_verdict_is_read_however_shanghai_is_broken => read;
}

const SCENE: i64 = 1_000_000_006;

/// The time to connect and the time to read, each; those of the sample are ten times as long.
const TIMEOUT: Duration = Duration::from_secs(1);

/// What the retry rule waits, and 100 ms.
const LONGER: Duration = Duration::from_millis(300);

/// For the scheduling of a busy machine, beyond the goal. The printed times are compared with the goal.
const BUSY: Duration = Duration::from_secs(2);

fn connected<D: Driver>() -> ConnectedDriver<D> {
    let simulator = Simulator::start().unwrap();
    let driver = driver(&simulator);
    ConnectedDriver { driver, simulator }
}

fn driver<D: Driver>(simulator: &Simulator) -> D {
    let url = |region| -> Endpoint { simulator.tls_url(region).parse().unwrap() };
    let endpoints = Endpoints::only(url(Region::Shanghai)).then(url(Region::Beijing));
    let mut limits = limits();
    limits.connect_timeout = TIMEOUT;
    limits.read_timeout = TIMEOUT;
    limits.total_timeout = Duration::from_secs(30);
    D::new(options(limits, endpoints).root_certificates(simulator.ca_pem()))
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(SCENE, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// Breaks Shanghai, runs the call, and prints how long it took.
fn survives<D: Driver, T>(
    client: &ConnectedDriver<D>,
    fault: Fault,
    call: impl FnOnce(&D) -> Result<Reply<T>, Error>,
) -> T {
    let name = format!("{fault:?}");
    // The fault "close" follows a good response.
    let attempts = if fault == Fault::Close { 1 } else { 2 };
    client
        .simulator
        .inject(Region::Shanghai, fault, Times::Always);
    let (called, took) = timed(|| call(&client.driver));
    let reply = called.unwrap_or_else(|error| panic!("{} {name}: {error}", D::NAME));
    println!(
        "{:<5} {name:<32} {:>8.1} ms, {} attempts",
        D::NAME,
        took.as_secs_f64() * 1e3,
        reply.attempts.len()
    );
    assert_eq!(reply.attempts.len(), attempts, "{name}");
    assert!(took < TIMEOUT + TIMEOUT + LONGER + BUSY, "{name}: {took:?}");
    reply.value
}

fn opened<D: Driver>() {
    for fault in Fault::of_the_vendor_sample() {
        let client = connected::<D>();
        let opened = survives(&client, fault, |driver| driver.call(&init()));
        assert!(opened.certify_id.as_str().starts_with("sha"));
    }
}

fn read<D: Driver>() {
    for fault in Fault::of_the_vendor_sample() {
        let mut client = connected::<D>();
        let id = client.driver.call(&init()).unwrap().value.certify_id;
        client.pass(id.as_str()).unwrap();
        // Without an open connection, so that a handshake is met as well.
        client.driver = driver(&client.simulator);
        let describe = DescribeFaceVerify::new(SCENE, id);
        let read = survives(&client, fault, |driver| driver.call(&describe));
        assert_eq!(read.sub_code.as_deref(), Some("200"));
    }
}
