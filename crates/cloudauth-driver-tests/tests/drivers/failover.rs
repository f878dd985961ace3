//! Failover from an unavailable first region: the first calls take its timeout longer, later ones take
//! no longer, and none fails.
//!
//! `cargo test -p cloudauth-driver-tests --test drivers failover -- --nocapture` prints the measurements.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::thread;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Endpoint, Endpoints, Policy};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::fault_injection::{BlackHole, Closed};
use crate::mock_server::{MockConnection, MockServer, response};
use crate::transport::timed;

both! {
    an_unavailable_region_delays_only_the_first_calls => delays_only_first_calls;
    a_region_with_one_error_in_a_hundred_stays_in_use => stays_in_use;
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;
/// Calls in flight when the region becomes unavailable. Without optimisation a thousand connections take
/// longer than the timeout.
const IN_FLIGHT: usize = if cfg!(debug_assertions) { 300 } else { 1_000 };
const LATER: usize = 100;

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1_000_000_006, "sha1")
}

fn respond(mut connection: MockConnection) {
    while connection.read_request() {
        connection.send(&response(VERDICT));
    }
}

/// Timeouts long enough for all calls at once on a busy machine.
fn long_timeouts() -> Policy {
    let mut limits = limits();
    limits.connect_timeout = Duration::from_secs(3);
    limits.read_timeout = Duration::from_secs(3);
    limits.total_timeout = Duration::from_secs(60);
    limits
}

fn client<D: Driver>(shanghai: &str, beijing: &MockServer) -> D {
    let [shanghai, beijing] = [shanghai, &beijing.url].map(|url| url.parse().unwrap());
    D::new(options(
        long_timeouts(),
        Endpoints::only(shanghai).then(beijing),
    ))
}

fn delays_only_first_calls<D: Driver>() {
    let hole = BlackHole::new("127.0.0.1:0");
    let closed = Closed::new();
    let unavailable = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
        }
    });
    let slow = MockServer::new(|mut connection| {
        connection.read_request();
        connection.hold_open();
    });
    let zero = Duration::ZERO;
    let outages = [
        ("refused", closed.url(), zero),
        (
            "black hole",
            format!("http://{}", hole.address),
            long_timeouts().connect_timeout,
        ),
        ("HTTP 503", unavailable.url.clone(), zero),
        ("slow", slow.url.clone(), long_timeouts().read_timeout),
    ];
    for (name, shanghai, limit) in outages {
        let beijing = MockServer::new(respond);
        // The duration of a call when both regions are available.
        let healthy = client::<D>(&MockServer::new(respond).url, &beijing);
        let normal = median(|| healthy.call(&describe()).is_ok());

        let alone = client::<D>(&shanghai, &beijing);
        let (first, took) = timed(|| alone.call(&describe()));
        assert_eq!(first.unwrap().attempts.len(), 2, "{name}");
        let overrun = took.saturating_sub(limit);

        let many = client::<D>(&shanghai, &beijing);
        let failed = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..IN_FLIGHT {
                scope.spawn(|| {
                    if let Err(error) = many.call(&describe()) {
                        failed.lock().unwrap().push(error.to_string());
                    }
                });
            }
        });
        let failed = failed.into_inner().unwrap();
        let later = median(|| many.call(&describe()).is_ok());
        let extra = later.saturating_sub(normal);
        println!(
            "{:<5} {name:<10} first call {:>6.1} ms over the timeout of {limit:?} (goal 100), later ones \
             {:>4.2} ms longer (goal 5), failed of {IN_FLIGHT} in flight {} (goal 0)",
            D::NAME,
            overrun.as_secs_f64() * 1e3,
            extra.as_secs_f64() * 1e3,
            failed.len(),
        );
        assert!(
            failed.is_empty(),
            "{name}: {} failed: {}",
            failed.len(),
            failed[0]
        );
        assert!(overrun < Duration::from_secs(2), "{name}: {overrun:?}");
        assert!(extra < Duration::from_secs(1), "{name}: {extra:?}");
    }
}

/// The median duration of consecutive calls, which must all succeed. Now and then one of them probes the
/// unavailable region.
fn median(call: impl Fn() -> bool) -> Duration {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..LATER {
        let (has_succeeded, took) = timed(&call);
        assert!(has_succeeded);
        times.push(took);
    }
    times.sort();
    times[LATER / 2]
}

fn stays_in_use<D: Driver>() {
    let count = Arc::new(AtomicUsize::new(0));
    let shanghai = MockServer::new(move |mut connection| {
        while connection.read_request() {
            if count.fetch_add(1, Ordering::SeqCst) % 100 == 50 {
                connection.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
            } else {
                connection.send(&response(VERDICT));
            }
        }
    });
    let beijing = MockServer::new(respond);
    let driver = client::<D>(&shanghai.url, &beijing);
    let first: Endpoint = shanghai.url.parse().unwrap();
    let mut other_first = 0;
    for _ in 0..1_000 {
        let reply = driver.call(&describe()).unwrap();
        other_first += usize::from(reply.attempts[0].endpoint != first);
    }
    println!(
        "{}: 1000 calls, {} errors: {other_first} calls did not start with the first region (goal 0)",
        D::NAME,
        beijing.requests(),
    );
    assert_eq!(other_first, 0);
    assert_eq!(beijing.requests(), 10);
}
