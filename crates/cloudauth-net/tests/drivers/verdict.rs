//! A verification watched by both drivers until its verdict.

use core::time::Duration;
use std::thread;
use std::time::SystemTime;

use cloudauth_proto::Policy;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{OuterOrderNo, Watch};
use cloudauth_sim::{Simulator, Verdict};

use crate::subjects::{Async, Blocking, Driver, both, endpoints, options};

both! {
    a_watch_ends_with_the_verdict => watched;
    a_watch_gives_up => given_up;
}

#[expect(
    clippy::disallowed_methods,
    reason = "the simulator's pages live in real time"
)]
fn unix() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}

fn question<D: Driver>(driver: &D) -> DescribeFaceVerify {
    let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
    let opened = driver.call(&init).unwrap().value;
    DescribeFaceVerify::new(1_000_000_006, opened.certify_id)
}

fn watched<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let question = question(&driver);
    let id = question.certify_id.clone();
    let verified = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            let mut world = simulator.world();
            world
                .finish(id.as_str(), Verdict::FaceMismatch, unix())
                .unwrap();
        });
        driver.run(Watch::new(question)).unwrap().unwrap()
    });
    assert!(!verified.has_passed());
    assert_eq!(verified.certify_id(), &id);
    assert!(simulator.world().executions("DescribeFaceVerify") >= 2);
}

fn given_up<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let watch = Watch::new(question(&driver)).for_at_most(Duration::from_millis(200));
    assert!(driver.run(watch).unwrap().is_none());
    assert_eq!(simulator.world().executions("DescribeFaceVerify"), 2);
}

#[test]
fn clients_make_order_numbers() {
    let simulator = Simulator::start().unwrap();
    let options = || options(Policy::default(), endpoints(&simulator));
    let one = cloudauth_ureq::Client::new(options()).unwrap();
    let two = cloudauth_hyper::Client::new(options()).unwrap();
    let numbers = [one.entropy(), one.entropy(), two.entropy()];
    let [a, b, c] = numbers.map(|mut entropy| OuterOrderNo::generate(&mut entropy));
    assert!(a != b && b != c && a != c);
}
