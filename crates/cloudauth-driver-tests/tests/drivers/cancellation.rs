//! Cancellation of calls by dropping their future, at every point: nothing is left running, nothing is
//! carried out twice, and the client can still be used.

use core::future::poll_fn;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use cloudauth_hyper::Client;
use cloudauth_proto::credentials::Uri;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Source};
use cloudauth_sim::conformance::limits;
use cloudauth_sim::{Fault, Region, Simulator, Times};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::certificates::IssuedCertificate;
use crate::driver::{endpoints, options};
use crate::fault_injection::{Behaviour, BlackHole, FaultKind, FaultServer, Point};
use crate::mock_server::{MockServer, OK, response};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// Polls a future at most `polls` times, then drops it. Returns its output if it was ready by then.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Waits until the runtime has no tasks left.
async fn wait_until_idle(runtime: &Runtime) {
    for _ in 0..200 {
        if runtime.metrics().num_alive_tasks() == 0 {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{} tasks are left", runtime.metrics().num_alive_tasks());
}

#[test]
fn a_call_can_be_dropped_at_every_poll() {
    let faults = [
        None,
        Some(Fault::Refuse),
        Some(Fault::Reset),
        Some(Fault::Hang),
        Some(Fault::Truncate),
        Some(Fault::Status(503)),
    ];
    for fault in faults {
        let mut drops = 0;
        for polls in 0.. {
            let simulator = Simulator::start().unwrap();
            if let Some(fault) = &fault {
                simulator.inject(Region::Shanghai, fault.clone(), Times::Always);
            }
            let runtime = runtime();
            let is_done = runtime.block_on(async {
                let mut limits = limits();
                limits.read_timeout = Duration::from_millis(400);
                let client = Client::new(options(limits, endpoints(&simulator))).unwrap();
                let done = polled(client.call(&init()), polls).await;
                // The client can still be used.
                simulator.restore(Region::Shanghai).unwrap();
                client.call(&init()).await.unwrap();
                drop(client);
                wait_until_idle(&runtime).await;
                done.is_some()
            });
            // At most twice for the dropped call, once for the other.
            assert!(simulator.world().executions("InitFaceVerify") <= 3);
            if is_done {
                break;
            }
            drops += 1;
        }
        assert!(drops >= 2, "{fault:?}: no call was dropped before it ended");
    }
}

/// A hundred calls at once, stalled and dropped at each point of the exchange.
#[test]
fn a_dropped_call_closes_its_socket() {
    let hole = Arc::new(BlackHole::new("127.0.0.1:0"));
    let issued = IssuedCertificate::valid();
    let mut dropped = 0;
    for tls in [None, Some(issued.server_config())] {
        for point in Point::ALL {
            if point == Point::Responded || (point == Point::ClientHello && tls.is_none()) {
                continue;
            }
            let endpoint = FaultServer::new(tls.clone(), Arc::clone(&hole));
            let url = endpoint.set_behaviour(Behaviour::Fault(point, FaultKind::Stall), false);
            let mut limits = limits();
            limits.connect_timeout = Duration::from_secs(60);
            limits.read_timeout = Duration::from_secs(60);
            limits.total_timeout = Duration::from_secs(60);
            let options = options(limits, Endpoints::only(url.parse().unwrap()));
            let client = Client::new(options.root_certificates(issued.root.pem())).unwrap();
            let client = Arc::new(client);
            let runtime = runtime();
            runtime.block_on(async {
                let calls: Vec<_> = (0..100)
                    .map(|_| {
                        let client = Arc::clone(&client);
                        tokio::spawn(async move { client.call(&init()).await.map(drop) })
                    })
                    .collect();
                while endpoint.open() < 100 {
                    sleep(Duration::from_millis(5)).await;
                }
                // So that the last of them reaches the point, too.
                sleep(Duration::from_millis(50)).await;
                for call in calls {
                    call.abort();
                    assert!(call.await.unwrap_err().is_cancelled(), "{point:?}");
                    dropped += 1;
                }
                wait_until_idle(&runtime).await;
                for _ in 0..1_000 {
                    if endpoint.open() == 0 {
                        break;
                    }
                    sleep(Duration::from_millis(5)).await;
                }
            });
            assert_eq!(endpoint.open(), 0, "{point:?}: sockets are still open");
            drop(client);
        }
    }
    println!("{dropped} calls dropped: 0 sockets and 0 tasks left (goal 0)");
}

/// A service, and a credential service that takes a while to respond.
fn slow_credentials(takes: Duration) -> (MockServer, MockServer) {
    let service = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    let credential_service = MockServer::new(move |mut connection| {
        connection.read_request();
        thread::sleep(takes);
        connection.send(&response(
            r#"{"Code":"Success","AccessKeyId":"id","AccessKeySecret":"s","SecurityToken":"t",
            "Expiration":"2099-01-01T00:00:00Z"}"#,
        ));
        connection.hold_open();
    });
    (service, credential_service)
}

fn client_of(servers: &(MockServer, MockServer), total: Duration) -> Client {
    let (service, credential_service) = servers;
    let source = Uri::new(&format!("{}/credentials", credential_service.url)).unwrap();
    let mut limits = limits();
    limits.connect_timeout = Duration::from_secs(60);
    limits.read_timeout = Duration::from_secs(60);
    limits.total_timeout = total;
    let options = options(limits, Endpoints::only(service.url.parse().unwrap()));
    Client::new(options.credentials(Source::Uri(source))).unwrap()
}

/// Every call has 500 ms, and the issuer takes 600 ms.
#[test]
fn a_refresh_goes_on_without_the_call_that_began_it() {
    for is_dropped in [false, true] {
        let servers = slow_credentials(Duration::from_millis(600));
        let client = client_of(&servers, Duration::from_millis(500));
        let runtime = runtime();
        runtime.block_on(async {
            let open = init();
            let first = client.call(&open);
            if is_dropped {
                assert!(timeout(Duration::from_millis(100), first).await.is_err());
            } else {
                first.await.unwrap_err();
            }
            let mut failed = 1;
            while client.call(&open).await.is_err() {
                failed += 1;
                assert!(failed < 20);
            }
            println!("the issuer takes 600 ms: {failed} calls of 500 ms failed");
            assert_eq!(servers.1.requests(), 1);
            drop(client);
            wait_until_idle(&runtime).await;
        });
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a duration is measured")]
fn a_refresh_ends_with_its_client_and_its_clones() {
    let servers = slow_credentials(Duration::from_secs(5));
    let client = client_of(&servers, Duration::from_millis(100));
    let runtime = runtime();
    runtime.block_on(async {
        let open = init();
        for _ in 0..20 {
            client.call(&open).await.unwrap_err();
        }
        assert_eq!((servers.0.requests(), servers.1.requests()), (0, 1));
        assert!(runtime.metrics().num_alive_tasks() > 0);
        let clone = client.clone();
        drop(client);
        yield_now().await;
        assert!(runtime.metrics().num_alive_tasks() > 0);
        let started = Instant::now();
        drop(clone);
        wait_until_idle(&runtime).await;
        println!("a refresh ended {:?} after its client", started.elapsed());
    });
}

/// The next call refreshes the credentials itself.
#[test]
#[expect(clippy::disallowed_methods, reason = "a duration is measured")]
fn a_dropped_refresh_does_not_block_other_calls() {
    let service = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    // The first request gets no response.
    let credential_service = MockServer::new(|mut connection| {
        connection.read_request();
        if connection.number > 0 {
            connection.send(&response(
                r#"{"Code":"Success","AccessKeyId":"id","AccessKeySecret":"s","SecurityToken":"t",
                "Expiration":"2099-01-01T00:00:00Z"}"#,
            ));
        }
        connection.hold_open();
    });
    let source = Uri::new(&format!("{}/credentials", credential_service.url)).unwrap();
    let mut limits = limits();
    limits.total_timeout = Duration::from_secs(30);
    let options = options(limits, Endpoints::only(service.url.parse().unwrap()));
    let client = Client::new(options.credentials(Source::Uri(source))).unwrap();
    runtime().block_on(async {
        let open = init();
        {
            let mut first = pin!(client.call(&open));
            let requested = async {
                while credential_service.requests() == 0 {
                    sleep(Duration::from_millis(5)).await;
                }
            };
            tokio::select! {
                _ = &mut first => panic!("the call ended"),
                () = requested => {}
            }
        }
        let started = Instant::now();
        client.call(&open).await.unwrap();
        let waited = started.elapsed();
        println!("after a dropped refresh the next call took {waited:?}");
        assert!(waited < Duration::from_secs(15), "{waited:?}");
        assert_eq!(credential_service.requests(), 2);
    });
}
