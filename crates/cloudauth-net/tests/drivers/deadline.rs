//! The total time-out holds, whatever an exchange is held up by.
//!
//! `cargo test --release -p cloudauth-net --test drivers deadline -- --nocapture` prints by how much it
//! is exceeded.

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

const HINDRANCES: [Hindrance; 11] = [
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
    for (name, scheme, is_large, serve) in HINDRANCES {
        let server = Server::new(serve);
        let url = server.url.replace("http:", &format!("{scheme}:"));
        exceeds::<D>(name, &url, is_large, None, None);
    }
    let issued = Issued::good();
    let config = issued.server_config();
    let slow = Server::new(move |mut it| {
        thread::sleep(TOTAL * 4 / 5);
        let mut tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        while tls.is_handshaking() && tls.complete_io(&mut it.stream).is_ok() {}
        it.hold();
    });
    let url = slow.url.replace("http:", "https:");
    let root = Some(issued.root.pem());
    exceeds::<D>("TLS at last, and no reply", &url, false, root, None);
    let hole = BlackHole::new("127.0.0.1:0");
    exceeds::<D>(
        "no connection",
        &format!("http://{}", hole.address),
        false,
        None,
        None,
    );
    let answers = Server::new(|mut it| {
        while it.request() {
            it.say(&reply(OK));
        }
    });
    let silent = Server::new(|mut it| it.hold());
    let source = Uri::new(&format!("{}/credentials", silent.url)).unwrap();
    exceeds::<D>(
        "no credentials",
        &answers.url,
        false,
        None,
        Some(Source::Uri(source)),
    );
}

/// The worst of some calls at once.
#[expect(clippy::disallowed_methods, reason = "a time-out is measured")]
fn exceeds<D: Driver>(
    name: &str,
    url: &str,
    is_large: bool,
    root: Option<String>,
    source: Option<Source>,
) {
    let describe = DescribeFaceVerify::new(1_000_000_006, "sha1");
    // More than any socket's buffers hold.
    let picture = "A".repeat(if is_large { 16 << 20 } else { 0 });
    let large = Raw::new("DescribeFaceVerify", Effect::Query).param("P", picture, Place::Form);
    let beyond = Mutex::new(Vec::new());
    let driver = {
        let mut limits = limits();
        // Only the total time is to end anything.
        limits.connect_timeout = TOTAL * 20;
        limits.read_timeout = TOTAL * 20;
        limits.total_timeout = TOTAL;
        let endpoints = Endpoints::only(url.parse().unwrap());
        let mut options = options(limits, endpoints).max_attempts(1_000);
        if let Some(root) = root {
            options = options.root_certificates(root);
        }
        if let Some(source) = source {
            options = options.credentials(source);
        }
        D::new(options)
    };
    thread::scope(|scope| {
        for _ in 0..if is_large { 1 } else { CALLS } {
            scope.spawn(|| {
                let started = Instant::now();
                let failed = if is_large {
                    driver.call(&large).is_err()
                } else {
                    driver.call(&describe).is_err()
                };
                let took = started.elapsed();
                assert!(failed, "{name}");
                beyond.lock().unwrap().push(took.saturating_sub(TOTAL));
            });
        }
    });
    let mut beyond = beyond.into_inner().unwrap();
    beyond.sort();
    let worst = beyond[beyond.len() - 1];
    println!(
        "  {:<5} {name:<30} median {:>7.2}, worst of {} {:>7.2}",
        D::NAME,
        beyond[beyond.len() / 2].as_secs_f64() * 1e3,
        beyond.len(),
        worst.as_secs_f64() * 1e3
    );
    // Without optimisation, making a large request takes a while, too.
    let bound = if is_large { TOTAL * 10 } else { TOTAL * 3 / 5 };
    assert!(worst < bound, "{name}: {worst:?} too late");
}
