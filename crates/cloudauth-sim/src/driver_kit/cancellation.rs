//! Calls that are dropped before their end.

use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::channel;

use cloudauth_proto::{Endpoint, Endpoints};

use super::deadlines::timed;
use super::exchanges::{init, setup};
use super::server::{MockServer, OPENED, response};
use super::{Capability, Check, DriverUnderTest, KitCall, Maker, Row, Setup, call, ensure};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    let cancellation = &[Capability::Cancellation];
    vec![
        Row::new(
            "a call that is dropped closes its connection",
            cancellation,
            closed,
        ),
        Row::new("a probe that is dropped is released", cancellation, probe),
        Row::new(
            "a refresh that is dropped is released",
            &[Capability::Cancellation, Capability::Refresh],
            refresh,
        ),
    ]
}

/// Calls an operation, and drops that after 200 ms.
fn drop_call(driver: &impl DriverUnderTest) -> Check {
    let operation = init();
    let call = KitCall::new(&operation, None)?;
    let ended = driver.run_for(call, Duration::from_millis(200));
    ensure(ended.is_none(), || "the call was not dropped".into())
}

fn closed<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (ended, wait) = channel();
    let server = MockServer::new(move |mut connection| {
        connection.read_request();
        connection.hold_open();
        let _ = ended.send(());
    })?;
    let mut setup = setup(&server)?;
    setup.policy.read_timeout = Duration::from_secs(4);
    let driver = make(setup);
    drop_call(&driver)?;
    driver.idle(Duration::from_millis(100));
    let has_ended = wait.recv_timeout(Duration::from_secs(1)).is_ok();
    ensure(has_ended, || {
        "its connection is still open after a second".into()
    })?;
    let requests = server.requests();
    ensure(requests == 1, || format!("{requests} requests were sent"))
}

/// What the first endpoint does.
const FAILS: u8 = 0;
const IS_SILENT: u8 = 1;
const WORKS: u8 = 2;

/// The first endpoint fails, until its circuit breaker opens; 5 s later a call probes it, and is dropped.
fn probe<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let mode = Arc::new(AtomicU8::new(FAILS));
    let read = Arc::clone(&mode);
    let first = MockServer::new(move |mut connection| {
        while connection.read_request() {
            match read.load(Ordering::SeqCst) {
                FAILS => connection.send("HTTP/1.1 503 S\r\ncontent-length: 2\r\n\r\n{}"),
                IS_SILENT => return connection.hold_open(),
                _ => connection.send(&response(OPENED)),
            }
        }
    })?;
    let second = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OPENED));
        }
    })?;
    let probed: Endpoint = first.url().parse()?;
    let mut setup = Setup::new(Endpoints::only(probed.clone()).then(second.url().parse()?))?;
    setup.policy.read_timeout = Duration::from_secs(8);
    setup.policy.total_timeout = Duration::from_secs(16);
    let driver = make(setup);
    for _ in 0..5 {
        call(&driver, &init())?;
    }
    driver.idle(Duration::from_millis(5_100));
    mode.store(IS_SILENT, Ordering::SeqCst);
    drop_call(&driver)?;
    mode.store(WORKS, Ordering::SeqCst);
    let attempts = call(&driver, &init())?.attempts;
    let next = attempts.first().map(|attempt| &attempt.endpoint);
    ensure(next == Some(&probed), || {
        "the endpoint is still taken for probed".into()
    })
}

/// The first request for credentials gets no response. If its refresh was dropped with the call, which shows
/// in the end of its connection, the next call begins another one at once.
fn refresh<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (service, _heads) = super::credentials::service()?;
    let (ended, wait) = channel();
    let issuer = MockServer::new(move |mut connection| {
        connection.read_request();
        if connection.number == 0 {
            connection.hold_open();
            let _ = ended.send(());
        } else {
            connection.send(&response(super::credentials::ISSUED));
        }
    })?;
    let mut setup = setup(&service)?;
    setup.fetch_credentials(format!("{}/credentials", issuer.url()))?;
    setup.policy.read_timeout = Duration::from_secs(4);
    setup.policy.total_timeout = Duration::from_secs(20);
    let driver = make(setup);
    drop_call(&driver)?;
    if wait.recv_timeout(Duration::from_millis(500)).is_err() {
        // It goes on beside the calls.
        return Ok(());
    }
    let (called, took) = timed(|| call(&driver, &init()));
    called?;
    ensure(took < Duration::from_secs(1), || {
        format!("the next call waited {took:?} for a refresh that was dropped")
    })
}
