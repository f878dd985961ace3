//! Calls whose deadlines are shorter than the timeouts fail over too: only those under way in the first
//! second of an outage may fail.
//!
//! `cargo test -p cloudauth-driver-tests --test drivers short_deadlines -- --nocapture` prints the counts.

use core::time::Duration;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Endpoints, Policy};

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::fault_injection::BlackHole;
use crate::mock_server::{MockServer, response};

both! {
    deadlines_of_half_a_second_fail_over => half_a_second;
    deadlines_of_900_ms_fail_over => almost_a_second;
    deadlines_of_1100_ms_fail_over => over_a_second;
    deadlines_of_nine_seconds_fail_over => nine_seconds;
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;

/// Ten calls per second.
const INTERVAL: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

fn half_a_second<D: Driver>() {
    fails_over::<D>(Duration::from_millis(500));
}

fn almost_a_second<D: Driver>() {
    fails_over::<D>(Duration::from_millis(900));
}

fn over_a_second<D: Driver>() {
    fails_over::<D>(Duration::from_millis(1_100));
}

fn nine_seconds<D: Driver>() {
    fails_over::<D>(Duration::from_secs(9));
}

/// Runs ten calls per second with this deadline for three seconds and a deadline, while Shanghai is a black hole.
#[expect(clippy::disallowed_methods, reason = "calls begin at a steady rate")]
fn fails_over<D: Driver>(total: Duration) {
    let hole = BlackHole::new("127.0.0.1:0");
    let shanghai = format!("http://{}", hole.address);
    let beijing = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(VERDICT));
        }
    });
    let [shanghai, beijing] = [&shanghai, &beijing.url].map(|url| url.parse().unwrap());
    let mut policy = Policy::default();
    policy.total_timeout = total;
    let driver = D::new(options(policy, Endpoints::only(shanghai).then(beijing)));
    let failures = Mutex::new(Vec::new());
    let span = SECOND * 3 + total;
    let start = Instant::now();
    let mut calls = 0;
    thread::scope(|scope| {
        while start.elapsed() < span {
            let began = start.elapsed();
            let (driver, failures) = (&driver, &failures);
            scope.spawn(move || {
                if let Err(error) = driver.call(&DescribeFaceVerify::new(1_000_000_006, "sha1")) {
                    failures.lock().unwrap().push((began, error.to_string()));
                }
            });
            calls += 1;
            driver.idle(INTERVAL);
        }
    });
    let failures = failures.into_inner().unwrap();
    let late = failures.iter().filter(|(began, _)| *began >= SECOND);
    println!(
        "{:<5} deadline {total:<6?} failed of {calls}: {} (goal: only of the first second), after it {}",
        D::NAME,
        failures.len(),
        late.clone().count(),
    );
    assert_eq!(late.collect::<Vec<_>>(), Vec::<&(Duration, String)>::new());
}
