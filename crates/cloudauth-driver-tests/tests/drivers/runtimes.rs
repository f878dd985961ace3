//! The async driver in several runtimes, and in none.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::time::Instant;

use cloudauth_hyper::Client;
use cloudauth_net::Options;
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoints, Error};
use cloudauth_sim::conformance::limits;
use tokio::runtime::{Builder, Runtime};

use crate::driver::options;
use crate::mock_server::{MockServer, OK, response};

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn server() -> MockServer {
    MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    })
}

fn options_of(server: &MockServer) -> Options {
    options(limits(), Endpoints::only(server.url.parse().unwrap()))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a duration is measured")]
fn one_client_works_in_runtimes_that_are_driven_in_turn() {
    let server = server();
    let client = Client::new(options_of(&server)).unwrap();
    // None of them is driven while another one has a call.
    let runtimes = [runtime(), runtime(), runtime()];
    let mut worst = Duration::ZERO;
    for _ in 0..3 {
        for runtime in &runtimes {
            let started = Instant::now();
            let opened = runtime.block_on(client.call(&init())).unwrap();
            worst = worst.max(started.elapsed());
            assert_eq!(opened.attempts.len(), 1);
        }
    }
    println!("one client in three runtimes: the slowest of 9 calls took {worst:?}");
    assert_eq!(server.connections(), 3, "each runtime keeps its connection");
    let [first, ..] = runtimes;
    drop(first);
    runtime().block_on(client.call(&init())).unwrap();
}

#[test]
fn tasks_on_several_threads_share_a_client() {
    let server = server();
    let client = Client::new(options_of(&server)).unwrap();
    let threads = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build();
    threads.unwrap().block_on(async {
        let tasks = (0..40).map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.call(&init()).await.map(drop) })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
    });
    assert_eq!(server.requests(), 40);
}

#[test]
fn connections_are_kept_for_the_eight_runtimes_used_last() {
    let server = server();
    let client = Client::new(options_of(&server).idle_timeout(Duration::from_secs(600))).unwrap();
    let runtimes: Vec<_> = (0..9).map(|_| runtime()).collect();
    let call = |at: usize| {
        let called: Result<_, Error> = runtimes[at].block_on(client.call(&init()));
        called.unwrap();
        server.connections()
    };
    let connections: Vec<_> = (0..9).map(call).collect();
    assert_eq!(connections, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(call(8), 9);
    assert_eq!(call(1), 9);
    assert_eq!(call(0), 10);
}

#[test]
fn a_call_outside_of_a_runtime_is_an_error_and_not_a_panic() {
    let server = server();
    let client = Client::new(options_of(&server)).unwrap();
    let open = init();
    let mut call = pin!(client.call(&open));
    let Poll::Ready(result) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("it waits");
    };
    let error = result.unwrap_err();
    assert_eq!(error.attempts().len(), 1, "{error}");
    assert!(!error.may_have_been_carried_out());
    assert!(
        error.to_string().contains("cannot send the request: "),
        "{error}"
    );
    // Nothing was recorded against the endpoint.
    runtime().block_on(client.call(&open)).unwrap();
}
