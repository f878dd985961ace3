//! The total timeout holds, whatever delays an exchange.
//!
//! `cargo test --release -p cloudauth-driver-tests --test drivers overrun -- --ignored --nocapture
//! --test-threads 1` measures by how much it is exceeded, in a few minutes.

use core::time::Duration;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use cloudauth_proto::credentials::Uri;
use cloudauth_proto::operation::ParamLocation;
use cloudauth_proto::ops::{DescribeFaceVerify, Raw};
use cloudauth_proto::{Effect, Endpoints, Source};
use cloudauth_sim::conformance::limits;
use rustls::ServerConnection;

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, both, options};
use crate::fault_injection::BlackHole;
use crate::mock_server::{MockConnection, MockServer, OK, response};

both! {
    the_total_timeout_holds_whatever_delays_a_call => holds;
}

const TOTAL: Duration = Duration::from_secs(1);
const INTERVAL: Duration = Duration::from_millis(20);
const CALLS: usize = 10;

/// What delays a call: a name, the scheme, whether the request has a large form, what the server does.
type Delay = (&'static str, &'static str, bool, fn(MockConnection));

const DELAYS: [Delay; 13] = [
    ("TLS: no handshake", "https", false, |mut it| it.hold_open()),
    ("TLS: a byte at a time", "https", false, |mut it| {
        it.send("\u{16}\u{3}\u{3}\u{40}\u{0}\u{2}");
        while it.stream.write_all(&[0]).is_ok() {
            thread::sleep(INTERVAL);
        }
    }),
    ("the request is not read", "http", true, |it| {
        thread::sleep(TOTAL * 8);
        drop(it);
    }),
    ("the request is read slowly", "http", true, |mut it| {
        while matches!(it.stream.read(&mut [0; 40_000]), Ok(n) if n > 0) {
            thread::sleep(INTERVAL);
        }
    }),
    ("the request is read very slowly", "http", true, |mut it| {
        while matches!(it.stream.read(&mut [0; 2_000]), Ok(n) if n > 0) {
            thread::sleep(INTERVAL);
        }
    }),
    ("no response", "http", false, |mut it| it.hold_open()),
    ("endless interim responses", "http", false, |mut it| {
        it.read_request();
        while it.stream.write_all(b"HTTP/1.1 102 P\r\n\r\n").is_ok() {
            thread::sleep(INTERVAL);
        }
    }),
    ("fast interim responses", "http", false, |mut it| {
        it.read_request();
        let many = "HTTP/1.1 102 P\r\n\r\n".repeat(10_000);
        while it.stream.write_all(many.as_bytes()).is_ok() {}
    }),
    ("headers, a byte at a time", "http", false, |mut it| {
        it.read_request();
        it.send("HTTP/1.1 200 OK\r\nx: ");
        while it.stream.write_all(b"y").is_ok() {
            thread::sleep(INTERVAL);
        }
    }),
    ("body, a byte at a time", "http", false, |mut it| {
        it.read_request();
        it.send("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n");
        while it.stream.write_all(b" ").is_ok() {
            thread::sleep(INTERVAL);
        }
    }),
    ("HTTP 503 every time", "http", false, |mut it| {
        while it.read_request() {
            it.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
        }
    }),
    ("HTTP 429 every time", "http", false, |mut it| {
        while it.read_request() {
            it.send("HTTP/1.1 429 T\r\ncontent-length: 2\r\n\r\n{}");
        }
    }),
    ("a reset every time", "http", false, |mut it| {
        it.read_request();
        it.reset();
    }),
];

fn holds<D: Driver>() {
    println!(
        "{}: overrun of the total timeout of {TOTAL:?}, in ms",
        D::NAME
    );
    each_delay(|delayed| {
        let calls = if delayed.is_large { 1 } else { CALLS };
        let overruns = delayed.overruns::<D>(TOTAL, calls, calls);
        let worst = overruns[calls - 1];
        println!(
            "  {:<5} {:<30} median {:>7.2}, worst of {calls} {:>7.2}",
            D::NAME,
            delayed.name,
            millis(overruns[calls / 2]),
            millis(worst)
        );
        // Without optimisation, encoding a large request takes a while, too.
        let bound = TOTAL * if delayed.is_large { 10 } else { 1 };
        assert!(worst < bound, "{}: {worst:?} too late", delayed.name);
    });
}

#[test]
#[ignore = "a measurement, without a limit that a busy machine could keep"]
fn overrun_with_ureq() {
    measure_overrun::<Blocking>(50);
}

#[test]
#[ignore = "a measurement, without a limit that a busy machine could keep"]
fn overrun_with_hyper() {
    measure_overrun::<Async>(10);
}

fn measure_overrun<D: Driver>(goal: u32) {
    for (total, calls, at_once) in [
        (Duration::from_millis(300), 1_000, 25),
        (Duration::from_secs(5), 100, 50),
    ] {
        println!(
            "{}: overrun of the total timeout of {total:?}, in ms (goal: p99.9 {goal})\n  {:<30} {:>6} {:>8} {:>8} {:>8} {:>8}",
            D::NAME,
            "",
            "calls",
            "median",
            "p99",
            "p99.9",
            "worst",
        );
        each_delay(|delayed| {
            // Encoding a large request keeps a processor busy for a while.
            let (calls, at_once) = if delayed.is_large {
                (calls / 25, 1)
            } else {
                (calls, at_once)
            };
            let overruns = delayed.overruns::<D>(total, calls, at_once);
            let at = |share: usize| millis(overruns[(calls * share / 1_000).min(calls - 1)]);
            println!(
                "  {:<30} {calls:>6} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
                delayed.name,
                at(500),
                at(990),
                at(999),
                at(1_000),
            );
        });
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

/// A server that delays calls, and the options of its clients.
struct DelayedCalls {
    name: &'static str,
    url: String,
    is_large: bool,
    root: Option<String>,
    source: Option<Source>,
}

fn each_delay(mut measure: impl FnMut(DelayedCalls)) {
    let small = |name, url: &str| DelayedCalls {
        name,
        url: url.to_owned(),
        is_large: false,
        root: None,
        source: None,
    };
    for (name, scheme, is_large, serve) in DELAYS {
        let server = MockServer::new(serve);
        let url = server.url.replace("http:", &format!("{scheme}:"));
        measure(DelayedCalls {
            is_large,
            ..small(name, &url)
        });
    }
    let issued = IssuedCertificate::valid();
    let config = issued.server_config();
    let slow = MockServer::new(move |mut it| {
        thread::sleep(TOTAL / 5);
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut it.stream).is_ok() {}
        it.hold_open();
    });
    let url = slow.url.replace("http:", "https:");
    measure(DelayedCalls {
        root: Some(issued.root.pem()),
        ..small("a slow TLS handshake, then no response", &url)
    });
    let hole = BlackHole::new("127.0.0.1:0");
    let url = format!("http://{}", hole.address);
    measure(small("no connection", &url));
    let service = MockServer::new(|mut it| {
        while it.read_request() {
            it.send(&response(OK));
        }
    });
    let silent = MockServer::new(|mut it| it.hold_open());
    let source = Uri::new(&format!("{}/credentials", silent.url)).unwrap();
    measure(DelayedCalls {
        source: Some(Source::Uri(source)),
        ..small("no credentials", &service.url)
    });
}

impl DelayedCalls {
    fn client<D: Driver>(&self, total: Duration) -> D {
        let mut limits = limits();
        // So that only the total timeout can end a call.
        limits.connect_timeout = total * 20;
        limits.read_timeout = total * 20;
        limits.total_timeout = total;
        let endpoints = Endpoints::only(self.url.parse().unwrap());
        let mut options = options(limits, endpoints).max_attempts(1_000);
        if let Some(root) = &self.root {
            options = options.root_certificates(root.as_str());
        }
        if let Some(source) = &self.source {
            options = options.credentials(source.clone());
        }
        D::new(options)
    }

    /// Makes calls, on threads with a client each. Returns by how much each exceeds the total timeout,
    /// sorted.
    #[expect(clippy::disallowed_methods, reason = "a timeout is measured")]
    fn overruns<D: Driver>(&self, total: Duration, calls: usize, at_once: usize) -> Vec<Duration> {
        let describe = DescribeFaceVerify::new(1_000_000_006, "sha1");
        // Larger than the socket buffers of both sides.
        let picture = "A".repeat(if self.is_large { 16 << 20 } else { 0 });
        let large = Raw::new("DescribeFaceVerify", Effect::ReadOnly).param(
            "P",
            picture,
            ParamLocation::Form,
        );
        let overruns = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for thread in 0..at_once {
                let (describe, large, overruns) = (&describe, &large, &overruns);
                scope.spawn(move || {
                    let driver = self.client::<D>(total);
                    // Staggered, so that they do not all end at the same time.
                    thread::sleep(total / 2 * u32::try_from(thread).unwrap() / 50);
                    for _ in 0..calls / at_once {
                        let started = Instant::now();
                        let failed = if self.is_large {
                            driver.call(large).is_err()
                        } else {
                            driver.call(describe).is_err()
                        };
                        let took = started.elapsed();
                        assert!(failed, "{}", self.name);
                        overruns.lock().unwrap().push(took.saturating_sub(total));
                    }
                });
            }
        });
        let mut overruns = overruns.into_inner().unwrap();
        overruns.sort();
        overruns
    }
}
