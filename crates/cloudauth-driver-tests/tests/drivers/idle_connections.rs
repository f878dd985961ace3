//! Servers that close idle connections cause no failures, because the drivers close them sooner.
//!
//! All times are a fifth of the real ones: the server closes idle connections after 2 s (the vendor's after
//! 10), the drivers after 1 s (by default after 5), and calls are up to 4 s apart.

use core::time::Duration;
use std::sync::Mutex;
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{CallOptions, Endpoints};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockServer, OK, response};

both! {
    a_connection_that_a_server_has_closed_is_not_reused => closed;
}

/// Clients, each of which makes a call and another one after each of its gaps.
const CLIENTS: u32 = 334;
const GAPS: u32 = 2;
const LONGEST: Duration = Duration::from_secs(4);

/// A server that abandons idle connections: it closes half of them, and resets the others on the next
/// request.
fn server_with_idle_timeout() -> MockServer {
    MockServer::new(|mut connection| {
        let idle_timeout = Some(Duration::from_secs(2));
        connection.stream.set_read_timeout(idle_timeout).unwrap();
        while connection.read_request() {
            connection.send(&response(OK));
        }
        if connection.number % 2 == 0 {
            connection.stream.set_read_timeout(None).unwrap();
            let _ = connection.stream.peek(&mut [0]);
            connection.reset();
        }
    })
}

fn closed<D: Driver>() {
    let server = server_with_idle_timeout();
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, failed) = (&server, &failed);
            scope.spawn(move || {
                let mut limits = limits();
                limits.connect_timeout = Duration::from_secs(10);
                limits.read_timeout = Duration::from_secs(10);
                let endpoints = Endpoints::only(server.url.parse().unwrap());
                // A call that needs a second attempt counts as failed.
                let options = options(limits, endpoints).max_attempts(1);
                let driver = D::new(options.idle_timeout(Duration::from_secs(1)));
                for call in 0..=GAPS {
                    if call > 0 {
                        // All different, short and long ones mixed.
                        let nth = (client * GAPS + call) * 7 % (CLIENTS * GAPS);
                        driver.idle(LONGEST * nth / (CLIENTS * GAPS));
                    }
                    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
                        .user_id("7")
                        .meta_info("{}");
                    if let Err(error) = driver.call_with(&open, CallOptions::new()) {
                        failed.lock().unwrap().push(error.to_string());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!(
        "{}: {} calls up to {LONGEST:?} apart, on {} connections: {} failed (goal 0)",
        D::NAME,
        CLIENTS * (GAPS + 1),
        server.connections(),
        failed.len()
    );
    assert!(failed.is_empty(), "{} failed: {}", failed.len(), failed[0]);
    // Connections were reused after short gaps, and replaced after long ones.
    let connections = u32::try_from(server.connections()).unwrap();
    assert!(connections > CLIENTS && connections < CLIENTS * (GAPS + 1));
}
