//! Connecting: IPv6, addresses that drop packets, servers at their connection limit.

use core::time::Duration;
use std::sync::{Arc, Barrier};
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoints, Policy};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::fault_injection::BlackHole;
use crate::mock_server::{MockServer, OK, response};
use crate::transport::timed;

both! {
    an_ipv6_endpoint_is_reached => ipv6;
    an_address_that_drops_packets_ends_with_the_connect_timeout => black_hole;
    a_call_fails_over_from_an_address_that_drops_packets => next_endpoint;
    a_connection_over_the_server_s_limit_is_an_error_without_a_second_request => over_limit;
    calls_over_the_idle_limit_open_connections_of_their_own => over_pool;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn ipv6<D: Driver>() {
    let server = MockServer::on("[::1]:0", |mut connection| {
        connection.read_request();
        connection.send(&response(OK));
    });
    server.client::<D>().call(&init()).unwrap();
    assert_eq!(server.requests(), 1);
}

fn long_timeouts() -> Policy {
    let mut limits = limits();
    limits.read_timeout = Duration::from_secs(10);
    limits.total_timeout = Duration::from_secs(10);
    limits
}

/// With IPv4 and with IPv6 nothing was sent, and the call took as long as the connect timeout.
fn black_hole<D: Driver>() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let hole = BlackHole::new(address);
        let url = format!("http://{}", hole.address);
        let options = options(long_timeouts(), Endpoints::only(url.parse().unwrap()));
        let client = D::new(options.max_attempts(1));
        let (error, took) = timed(|| client.call(&init()).unwrap_err());
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(
            matches!(attempt.outcome, AttemptOutcome::NotSent(_)),
            "{error}"
        );
        assert!(!error.may_have_been_carried_out());
        let limit = long_timeouts().connect_timeout;
        assert!(took > limit / 2 && took < limit * 5, "{took:?}");
    }
}

fn next_endpoint<D: Driver>() {
    let hole = BlackHole::new("127.0.0.1:0");
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    let first = format!("http://{}", hole.address).parse().unwrap();
    let endpoints = Endpoints::only(first).then(server.url.parse().unwrap());
    let client = D::new(options(long_timeouts(), endpoints));
    let opened = client.call(&init()).unwrap();
    assert_eq!(opened.attempts.len(), 2);
    assert_eq!(server.requests(), 1);
}

/// The server accepts further connections and closes them at once. If a part of the request was already
/// sent, the client cannot know that it was not read.
fn over_limit<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        if connection.number > 0 {
            return;
        }
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    let (within, over) = (server.client::<D>(), server.client::<D>());
    within.call(&init()).unwrap();
    let error = over.call(&init()).unwrap_err();
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    let was_sent = matches!(
        attempt.outcome,
        AttemptOutcome::NoResponse { status: None, .. }
    );
    let was_not = matches!(attempt.outcome, AttemptOutcome::NotSent(_));
    assert!(was_sent || was_not, "{error}");
    assert_eq!(was_sent, error.may_have_been_carried_out());
    // The connection within the limit still works.
    within.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

/// The limit is for idle connections, not for connections in use.
fn over_pool<D: Driver>() {
    const CALLS: usize = 8;
    // No request gets a response before all have been sent.
    let all = Arc::new(Barrier::new(CALLS));
    let server = MockServer::new(move |mut connection| {
        while connection.read_request() {
            all.wait();
            connection.send(&response(OK));
        }
    });
    let endpoints = Endpoints::only(server.url.parse().unwrap());
    let options = options(long_timeouts(), endpoints).max_attempts(1);
    let client = D::new(options.max_idle_connections(2));
    let calls = || {
        thread::scope(|scope| {
            let start = || scope.spawn(|| client.call(&init()).unwrap());
            let started: Vec<_> = (0..CALLS).map(|_| start()).collect();
            for call in started {
                drop(call.join().unwrap());
            }
        });
    };
    calls();
    assert_eq!((server.requests(), server.connections()), (8, 8));
    calls();
    assert_eq!((server.requests(), server.connections()), (16, 14));
}
