//! A dead first region costs little: the first calls its time-out, later ones nothing, and none fails.
//!
//! `cargo test -p cloudauth-net --test drivers failover -- --nocapture` prints the figures.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Arc, Mutex};
use std::thread;

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Endpoint, Endpoints, Policy};
use cloudauth_sim::conformance::limits;

use crate::faulty::{BlackHole, Closed};
use crate::scripted::{Connection, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both, options};
use crate::transport::timed;

both! {
    a_dead_region_costs_the_first_calls_its_time_out_and_later_ones_nothing => costs_little;
    a_region_with_one_error_in_a_hundred_is_not_given_up => is_kept;
}

const VERDICT: &str =
    r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;
const IN_FLIGHT: usize = 1_000;
const LATER: usize = 100;

fn describe() -> DescribeFaceVerify {
    DescribeFaceVerify::new(1_000_000_006, "sha1")
}

fn answers(mut connection: Connection) {
    while connection.request() {
        connection.say(&reply(VERDICT));
    }
}

/// Long enough for a thousand calls at once on a busy machine.
fn patient() -> Policy {
    let mut limits = limits();
    limits.connect_timeout = Duration::from_secs(2);
    limits.read_timeout = Duration::from_secs(2);
    limits.total_timeout = Duration::from_secs(60);
    limits
}

fn client<D: Driver>(shanghai: &str, beijing: &Server) -> D {
    let [shanghai, beijing] = [shanghai, &beijing.url].map(|url| url.parse().unwrap());
    D::new(options(patient(), Endpoints::only(shanghai).then(beijing)))
}

fn costs_little<D: Driver>() {
    let hole = BlackHole::new("127.0.0.1:0");
    let closed = Closed::new();
    let out_of_order = Server::new(|mut connection| {
        while connection.request() {
            connection.say("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
        }
    });
    let slow = Server::new(|mut connection| {
        connection.request();
        connection.hold();
    });
    let zero = Duration::ZERO;
    let deaths = [
        ("refuses", closed.url(), zero),
        (
            "black hole",
            format!("http://{}", hole.address),
            patient().connect_timeout,
        ),
        ("HTTP 503", out_of_order.url.clone(), zero),
        ("slow", slow.url.clone(), patient().read_timeout),
    ];
    for (name, shanghai, limit) in deaths {
        let beijing = Server::new(answers);
        // What a call costs when all is well.
        let healthy = client::<D>(&Server::new(answers).url, &beijing);
        let well = median(|| healthy.call(&describe()).is_ok());

        let alone = client::<D>(&shanghai, &beijing);
        let (first, took) = timed(|| alone.call(&describe()));
        assert_eq!(first.unwrap().attempts.len(), 2, "{name}");
        let beyond = took.saturating_sub(limit);

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
        let extra = later.saturating_sub(well);
        println!(
            "{:<5} {name:<10} first call {:>6.1} ms beyond its time-out of {limit:?} (goal 100), later ones \
             {:>4.2} ms extra (goal 5), failed of {IN_FLIGHT} in flight {} (goal 0)",
            D::NAME,
            beyond.as_secs_f64() * 1e3,
            extra.as_secs_f64() * 1e3,
            failed.len(),
        );
        assert!(
            failed.is_empty(),
            "{name}: {} failed: {}",
            failed.len(),
            failed[0]
        );
        assert!(beyond < Duration::from_secs(2), "{name}: {beyond:?}");
        assert!(extra < Duration::from_secs(1), "{name}: {extra:?}");
    }
}

/// The median time of calls, one after the other, which all go well; now and then one of them finds
/// out whether a dead region is alive again.
fn median(call: impl Fn() -> bool) -> Duration {
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..LATER {
        let (is_well, took) = timed(&call);
        assert!(is_well);
        times.push(took);
    }
    times.sort();
    times[LATER / 2]
}

fn is_kept<D: Driver>() {
    let count = Arc::new(AtomicUsize::new(0));
    let shanghai = Server::new(move |mut connection| {
        while connection.request() {
            if count.fetch_add(1, Ordering::SeqCst) % 100 == 50 {
                connection.say("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
            } else {
                connection.say(&reply(VERDICT));
            }
        }
    });
    let beijing = Server::new(answers);
    let driver = client::<D>(&shanghai.url, &beijing);
    let home: Endpoint = shanghai.url.parse().unwrap();
    let mut elsewhere_at_once = 0;
    for _ in 0..1_000 {
        let told = driver.call(&describe()).unwrap();
        elsewhere_at_once += usize::from(told.attempts[0].endpoint != home);
    }
    println!(
        "{}: 1000 calls, {} errors: {elsewhere_at_once} calls did not ask the first region first (goal 0)",
        D::NAME,
        beijing.requests(),
    );
    assert_eq!(elsewhere_at_once, 0);
    assert_eq!(beijing.requests(), 10);
}
