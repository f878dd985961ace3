//! How connections come about, or do not: addresses, queues that are full, servers at their limit.

use core::time::Duration;
use std::io::Write;
use std::sync::{Arc, Barrier};
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Outcome, Policy};
use cloudauth_sim::conformance::limits;

use crate::faulty::BlackHole;
use crate::scripted::{OK, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both, options};
use crate::transport::timed;

both! {
    an_endpoint_of_ipv6_is_reached => ipv6;
    an_address_that_swallows_packets_ends_with_the_time_to_connect => black_hole;
    a_black_hole_is_left_for_the_next_endpoint => next_endpoint;
    a_connection_beyond_the_server_s_limit_is_an_error_and_no_second_send => beyond_limit;
    calls_beyond_the_connections_that_are_kept_have_their_own => beyond_pool;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

fn ipv6<D: Driver>() {
    let server = Server::on("[::1]:0", |mut connection| {
        connection.request();
        connection.say(&reply(OK));
    });
    server.client::<D>().call(&init()).unwrap();
    assert_eq!(server.requests(), 1);
}

fn patient() -> Policy {
    let mut limits = limits();
    limits.read_timeout = Duration::from_secs(10);
    limits.total_timeout = Duration::from_secs(10);
    limits
}

/// IPv4 and IPv6 alike: it was not sent, and took as long as the limit says.
fn black_hole<D: Driver>() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let hole = BlackHole::new(address);
        let url = format!("http://{}", hole.address);
        let options = options(patient(), Endpoints::only(url.parse().unwrap()));
        let client = D::new(options.max_attempts(1));
        let (error, took) = timed(|| client.call(&init()).unwrap_err());
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(matches!(attempt.outcome, Outcome::NotSent(_)), "{error}");
        assert!(!error.may_have_been_carried_out());
        let limit = patient().connect_timeout;
        assert!(took > limit / 2 && took < limit * 5, "{took:?}");
    }
}

fn next_endpoint<D: Driver>() {
    let hole = BlackHole::new("127.0.0.1:0");
    let server = Server::new(|mut connection| {
        while connection.request() {
            connection.say(&reply(OK));
        }
    });
    let first = format!("http://{}", hole.address).parse().unwrap();
    let endpoints = Endpoints::only(first).then(server.url.parse().unwrap());
    let client = D::new(options(patient(), endpoints));
    let opened = client.call(&init()).unwrap();
    assert_eq!(opened.attempts.len(), 2);
    assert_eq!(server.requests(), 1);
}

/// It accepts, and closes at once. If the request was under way by then, nobody can know that it was
/// not read.
fn beyond_limit<D: Driver>() {
    let server = Server::new(|mut connection| {
        if connection.number > 0 {
            return;
        }
        while connection.request() {
            connection.say(&reply(OK));
        }
    });
    let (within, beyond) = (server.client::<D>(), server.client::<D>());
    within.call(&init()).unwrap();
    let error = beyond.call(&init()).unwrap_err();
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    let was_sent = matches!(attempt.outcome, Outcome::NoReply { status: None, .. });
    let was_not = matches!(attempt.outcome, Outcome::NotSent(_));
    assert!(was_sent || was_not, "{error}");
    assert_eq!(was_sent, error.may_have_been_carried_out());
    // The connection within the limit is as good as before.
    within.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

/// The limit is one for what is kept, not for what is made.
fn beyond_pool<D: Driver>() {
    const CALLS: usize = 8;
    // Nobody is answered before all have asked.
    let all = Arc::new(Barrier::new(CALLS));
    let server = Server::new(move |mut connection| {
        while connection.request() {
            all.wait();
            let _ = connection.stream.write_all(reply(OK).as_bytes());
        }
    });
    let endpoints = Endpoints::only(server.url.parse().unwrap());
    let options = options(patient(), endpoints).max_attempts(1);
    let client = D::new(options.max_idle_connections(2));
    let calls = || {
        thread::scope(|scope| {
            let ask = || scope.spawn(|| client.call(&init()).unwrap());
            let asked: Vec<_> = (0..CALLS).map(|_| ask()).collect();
            for call in asked {
                drop(call.join().unwrap());
            }
        });
    };
    calls();
    assert_eq!((server.requests(), server.connections()), (8, 8));
    calls();
    assert_eq!((server.requests(), server.connections()), (16, 14));
}
