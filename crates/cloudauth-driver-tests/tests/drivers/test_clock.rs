//! The clock for tests of applications: waiting takes no time.

use core::time::Duration;

use cloudauth_net::TestClock;
use cloudauth_proto::credentials::Uri;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::PollVerdict;
use cloudauth_proto::{CertifyId, Source};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{CREDENTIALS_PATH, Fault, Region, Simulator, Times};

use crate::driver::{Async, Blocking, Driver, both, endpoints, options};
use crate::transport::timed;

both! {
    polling_until_a_verification_has_expired_takes_no_time => poll;
    credentials_expire_when_the_clock_is_moved => expire;
    a_region_is_probed_again_when_the_clock_is_moved => probe;
}

/// For the requests, on a busy machine.
const SOON: Duration = Duration::from_secs(20);

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn poll<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let clock = TestClock::default();
    let driver = D::new(options(limits(), endpoints(&simulator)).test_clock(&clock));
    let id = driver.call(&init()).unwrap().value.certify_id;
    let query = DescribeFaceVerify::new(1_000_000_006, id);
    let (verdict, took) = timed(|| driver.run(PollVerdict::new(query)));
    assert!(verdict.unwrap().is_none());
    assert!(took < SOON, "{took:?}");
    assert!(
        clock.moved() + SOON > CertifyId::LIFETIME,
        "{:?}",
        clock.moved()
    );
}

fn expire<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let clock = TestClock::default();
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let source = Source::Uri(Uri::new(&uri).unwrap());
    let options = options(limits(), endpoints(&simulator)).credentials(source);
    let driver = D::new(options.test_clock(&clock));
    let requests = || simulator.world().issued_credentials();
    for expected in [1, 1, 2] {
        if expected == 2 {
            clock.advance(Duration::from_secs(2 * 3_600));
        }
        driver.call(&init()).unwrap();
        assert_eq!(requests(), expected);
    }
}

fn probe<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let clock = TestClock::default();
    let driver = D::new(options(limits(), endpoints(&simulator)).test_clock(&clock));
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    for _ in 0..6 {
        driver.call(&init()).unwrap();
    }
    simulator.restore(Region::Shanghai).unwrap();
    let beijing = driver.call(&init()).unwrap().endpoint;
    clock.advance(Duration::from_secs(6));
    let shanghai = driver.call(&init()).unwrap().endpoint;
    let url = |region| simulator.url(region);
    assert_eq!(beijing.to_string(), url(Region::Beijing));
    assert_eq!(shanghai.to_string(), url(Region::Shanghai));
}
