//! Polling for a verdict.

use core::time::Duration;
use std::thread;
use std::time::SystemTime;

use cloudauth_proto::Policy;
use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::verify::{self, OuterOrderNo, PollVerdict};
use cloudauth_sim::{Simulator, Verdict};

use crate::driver::{Async, Blocking, Driver, both, endpoints, options};

both! {
    polling_ends_with_the_verdict => verdict;
    polling_ends_after_its_time_limit => time_limit;
}

#[expect(clippy::disallowed_methods, reason = "the simulator runs in real time")]
fn unix() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Opens a verification. Returns the query for its verdict.
fn query<D: Driver>(driver: &D) -> DescribeFaceVerify {
    let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}");
    let opened = driver.call(&init).unwrap().value;
    DescribeFaceVerify::new(1_000_000_006, opened.certify_id)
}

fn verdict<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let query = query(&driver);
    let id = query.certify_id.clone();
    let verdict = thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(300));
            let mut world = simulator.world();
            world
                .finish(id.as_str(), Verdict::FaceMismatch, unix())
                .unwrap();
        });
        driver.run(PollVerdict::new(query)).unwrap().unwrap()
    });
    assert!(
        matches!(verdict, verify::Verdict::NotPassed(_)),
        "{verdict:?}"
    );
    assert_eq!(verdict.reply().certify_id(), &id);
    assert!(simulator.world().executions("DescribeFaceVerify") >= 2);
}

fn time_limit<D: Driver>() {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let poll = PollVerdict::new(query(&driver)).for_at_most(Duration::from_millis(200));
    assert!(driver.run(poll).unwrap().is_none());
    assert_eq!(simulator.world().executions("DescribeFaceVerify"), 2);
}

#[test]
fn clients_generate_distinct_order_numbers() {
    let simulator = Simulator::start().unwrap();
    let options = || options(Policy::default(), endpoints(&simulator));
    let one = cloudauth_ureq::Client::new(options()).unwrap();
    let two = cloudauth_hyper::Client::new(options()).unwrap();
    let numbers = [one.entropy(), one.entropy(), two.entropy()];
    let [a, b, c] = numbers.map(|mut entropy| OuterOrderNo::generate(&mut entropy));
    assert!(a != b && b != c && a != c);
}
