//! The total time-out holds, whatever an exchange is held up by.
//!
//! `cargo test --release -p cloudauth-net --test drivers how_far -- --ignored --nocapture --test-threads 1`
//! prints by how much it is exceeded, in a few minutes.

use core::time::Duration;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use cloudauth_proto::ops::{DescribeFaceVerify, Raw};
use cloudauth_proto::{Effect, Endpoints, Place, Source, Uri};
use cloudauth_sim::conformance::limits;
use rustls::ServerConnection;

use crate::certificates::Issued;
use crate::faulty::BlackHole;
use crate::scripted::{Connection, OK, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both, options};

both! {
    the_total_time_holds_whatever_holds_a_call_up => holds;
}

const TOTAL: Duration = Duration::from_secs(1);
const BEAT: Duration = Duration::from_millis(20);
const CALLS: usize = 10;

/// What holds a call up: a name, whether over TLS, whether with a large form, what a server does.
type Hindrance = (&'static str, &'static str, bool, fn(Connection));

const HINDRANCES: [Hindrance; 12] = [
    ("TLS: silence", "https", false, |mut it| it.hold()),
    ("TLS: a byte at a time", "https", false, |mut it| {
        it.say("\u{16}\u{3}\u{3}\u{40}\u{0}\u{2}");
        while it.stream.write_all(&[0]).is_ok() {
            thread::sleep(BEAT);
        }
    }),
    ("the request is not read", "http", true, |it| {
        thread::sleep(TOTAL * 8);
        drop(it);
    }),
    ("the request is read slowly", "http", true, |mut it| {
        while matches!(it.stream.read(&mut [0; 40_000]), Ok(n) if n > 0) {
            thread::sleep(BEAT);
        }
    }),
    ("the request is hardly read", "http", true, |mut it| {
        while matches!(it.stream.read(&mut [0; 2_000]), Ok(n) if n > 0) {
            thread::sleep(BEAT);
        }
    }),
    ("no reply", "http", false, |mut it| it.hold()),
    ("interim replies without end", "http", false, |mut it| {
        it.request();
        while it.stream.write_all(b"HTTP/1.1 102 P\r\n\r\n").is_ok() {
            thread::sleep(BEAT);
        }
    }),
    ("headers, a byte at a time", "http", false, |mut it| {
        it.request();
        it.say("HTTP/1.1 200 OK\r\nx: ");
        while it.stream.write_all(b"y").is_ok() {
            thread::sleep(BEAT);
        }
    }),
    ("body, a byte at a time", "http", false, |mut it| {
        it.request();
        it.say("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n");
        while it.stream.write_all(b" ").is_ok() {
            thread::sleep(BEAT);
        }
    }),
    ("HTTP 503, again and again", "http", false, |mut it| {
        while it.request() {
            it.say("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}");
        }
    }),
    ("HTTP 429, again and again", "http", false, |mut it| {
        while it.request() {
            it.say("HTTP/1.1 429 T\r\ncontent-length: 2\r\n\r\n{}");
        }
    }),
    ("resets, again and again", "http", false, |mut it| {
        it.request();
        it.reset();
    }),
];

fn holds<D: Driver>() {
    println!("{}: ms beyond the total time of {TOTAL:?}", D::NAME);
    each_hindrance(|held_up| {
        let calls = if held_up.is_large { 1 } else { CALLS };
        let beyond = held_up.exceeds::<D>(TOTAL, calls, calls);
        let worst = beyond[calls - 1];
        println!(
            "  {:<5} {:<30} median {:>7.2}, worst of {calls} {:>7.2}",
            D::NAME,
            held_up.name,
            millis(beyond[calls / 2]),
            millis(worst)
        );
        // Without optimisation, making a large request takes a while, too.
        let bound = TOTAL * if held_up.is_large { 10 } else { 1 };
        assert!(worst < bound, "{}: {worst:?} too late", held_up.name);
    });
}

#[test]
#[ignore = "figures, and no bound that a busy machine could keep to"]
fn how_far_with_ureq() {
    how_far::<Blocking>(50);
}

#[test]
#[ignore = "figures, and no bound that a busy machine could keep to"]
fn how_far_with_hyper() {
    how_far::<Async>(10);
}

fn how_far<D: Driver>(goal: u32) {
    for (total, calls, at_once) in [
        (Duration::from_millis(300), 1_000, 25),
        (Duration::from_secs(5), 100, 50),
    ] {
        println!(
            "{}: ms beyond the total time of {total:?} (goal: p99.9 {goal})\n  {:<30} {:>6} {:>8} {:>8} {:>8} {:>8}",
            D::NAME,
            "",
            "calls",
            "median",
            "p99",
            "p99.9",
            "worst",
        );
        each_hindrance(|held_up| {
            // A large request keeps a processor busy for a while.
            let (calls, at_once) = if held_up.is_large {
                (calls / 25, 1)
            } else {
                (calls, at_once)
            };
            let beyond = held_up.exceeds::<D>(total, calls, at_once);
            let at = |share: usize| millis(beyond[(calls * share / 1_000).min(calls - 1)]);
            println!(
                "  {:<30} {calls:>6} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
                held_up.name,
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

/// Where calls are held up.
struct HeldUp {
    name: &'static str,
    url: String,
    is_large: bool,
    root: Option<String>,
    source: Option<Source>,
}

fn each_hindrance(mut measure: impl FnMut(HeldUp)) {
    let small = |name, url: &str| HeldUp {
        name,
        url: url.to_owned(),
        is_large: false,
        root: None,
        source: None,
    };
    for (name, scheme, is_large, serve) in HINDRANCES {
        let server = Server::new(serve);
        let url = server.url.replace("http:", &format!("{scheme}:"));
        measure(HeldUp {
            is_large,
            ..small(name, &url)
        });
    }
    let issued = Issued::good();
    let config = issued.server_config();
    let slow = Server::new(move |mut it| {
        thread::sleep(TOTAL / 5);
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut it.stream).is_ok() {}
        it.hold();
    });
    let url = slow.url.replace("http:", "https:");
    measure(HeldUp {
        root: Some(issued.root.pem()),
        ..small("TLS at last, and no reply", &url)
    });
    let hole = BlackHole::new("127.0.0.1:0");
    let url = format!("http://{}", hole.address);
    measure(small("no connection", &url));
    let answers = Server::new(|mut it| {
        while it.request() {
            it.say(&reply(OK));
        }
    });
    let silent = Server::new(|mut it| it.hold());
    let source = Uri::new(&format!("{}/credentials", silent.url)).unwrap();
    measure(HeldUp {
        source: Some(Source::Uri(source)),
        ..small("no credentials", &answers.url)
    });
}

impl HeldUp {
    fn client<D: Driver>(&self, total: Duration) -> D {
        let mut limits = limits();
        // Only the total time is to end anything.
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

    /// By how much so many calls exceed the total time, in order; each thread has a client of its own.
    #[expect(clippy::disallowed_methods, reason = "a time-out is measured")]
    fn exceeds<D: Driver>(&self, total: Duration, calls: usize, at_once: usize) -> Vec<Duration> {
        let describe = DescribeFaceVerify::new(1_000_000_006, "sha1");
        // More than any socket's buffers hold.
        let picture = "A".repeat(if self.is_large { 16 << 20 } else { 0 });
        let large = Raw::new("DescribeFaceVerify", Effect::Query).param("P", picture, Place::Form);
        let beyond = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for thread in 0..at_once {
                let (describe, large, beyond) = (&describe, &large, &beyond);
                scope.spawn(move || {
                    let driver = self.client::<D>(total);
                    // They do not all end at the same time.
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
                        beyond.lock().unwrap().push(took.saturating_sub(total));
                    }
                });
            }
        });
        let mut beyond = beyond.into_inner().unwrap();
        beyond.sort();
        beyond
    }
}
