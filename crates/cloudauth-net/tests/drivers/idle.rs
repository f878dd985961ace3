//! Connections that servers forget while they lie idle do no harm, as the drivers forget them sooner.
//!
//! A fifth of the real times: the server forgets after 2 s (the vendor's after 10), the drivers after
//! 1 s (by default after 5), and calls are up to 4 s apart.

use core::time::Duration;
use std::sync::Mutex;
use std::thread;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{CallOptions, Endpoints};
use cloudauth_sim::conformance::limits;

use crate::scripted::{OK, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both, options};

both! {
    a_connection_that_a_server_forgot_is_not_used => forgotten;
}

/// Clients, each of which makes a call, and another one after each of its gaps.
const CLIENTS: u32 = 334;
const GAPS: u32 = 2;
const LONGEST: Duration = Duration::from_secs(4);

/// A server that forgets: to half of its clients it says so, the others find out by a reset.
fn forgetful() -> Server {
    Server::new(|mut connection| {
        let patience = Some(Duration::from_secs(2));
        connection.stream.set_read_timeout(patience).unwrap();
        while connection.request() {
            connection.say(&reply(OK));
        }
        if connection.number % 2 == 0 {
            connection.stream.set_read_timeout(None).unwrap();
            let _ = connection.stream.peek(&mut [0]);
            connection.reset();
        }
    })
}

fn forgotten<D: Driver>() {
    let server = forgetful();
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, failed) = (&server, &failed);
            scope.spawn(move || {
                let mut limits = limits();
                limits.connect_timeout = Duration::from_secs(10);
                limits.read_timeout = Duration::from_secs(10);
                let endpoints = Endpoints::only(server.url.parse().unwrap());
                // A call that has to be sent again counts as failed.
                let options = options(limits, endpoints).max_attempts(1);
                let driver = D::new(options.idle_timeout(Duration::from_secs(1)));
                for call in 0..=GAPS {
                    if call > 0 {
                        // Short ones and long ones in turn, all of them different.
                        let nth = (client * GAPS + call) * 7 % (CLIENTS * GAPS);
                        driver.idle(LONGEST * nth / (CLIENTS * GAPS));
                    }
                    let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
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
    // Connections were kept for short gaps, and given up for long ones.
    let connections = u32::try_from(server.connections()).unwrap();
    assert!(connections > CLIENTS && connections < CLIENTS * (GAPS + 1));
}
