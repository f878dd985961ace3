//! A process without file descriptors. The limit is that of the process, so this test has one of its own.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::fs::File;

use cloudauth_net::{Options, Proxies};
use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Credentials, Endpoints, Error};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::runtime::Builder;

fn options() -> Options {
    let endpoints = Endpoints::only("http://127.0.0.1:9".parse().unwrap());
    let endpoints = endpoints.then("http://127.0.0.1:10".parse().unwrap());
    Options::new()
        .credentials(Credentials::access_key("id", "secret").unwrap())
        .endpoints(endpoints)
        .proxies(Proxies::none())
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// Calls while no file can be opened.
fn call(call: impl FnOnce() -> Error) -> Error {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(200);
    setrlimit(Resource::Nofile, limit).unwrap();
    let held: Vec<_> = core::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(held.len() < 200);
    call()
}

#[track_caller]
fn assert_tried_once(error: &Error) {
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    let is_sent = !matches!(attempt.outcome, AttemptOutcome::NotSent(_));
    assert!(!is_sent, "{error}");
    assert!(error.to_string().contains("oo many open files"), "{error}");
}

#[test]
fn both_drivers_try_once_when_there_are_no_file_descriptors() {
    let client = cloudauth_ureq::Client::new(options()).unwrap();
    assert_tried_once(&call(|| client.call(&init()).unwrap_err()));
    let client = cloudauth_hyper::Client::new(options()).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let open = init();
    assert_tried_once(&call(|| runtime.block_on(client.call(&open)).unwrap_err()));
}
