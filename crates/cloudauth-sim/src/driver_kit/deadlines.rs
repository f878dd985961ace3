//! Deadlines: the time-outs of an exchange, and that of a call.

use core::time::Duration;
use std::io::Write;
use std::thread;
use std::time::Instant;

use cloudauth_proto::{AttemptOutcome, Endpoints, Error};

use super::exchanges::{init, setup};
use super::server::{MockConnection, MockServer};
use super::{Capability, Check, DriverUnderTest, Maker, Row, Setup, call, ensure};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    let connect = &[
        Capability::Tls,
        Capability::NotSent,
        Capability::ConnectTimeout,
    ];
    vec![
        Row::new("the total timeout ends a call", &[], total),
        Row::new(
            "a trickling response ends with the read timeout",
            &[],
            trickle,
        ),
        Row::new(
            "connecting ends with the connect timeout",
            connect,
            connecting,
        ),
    ]
}

/// How long something takes.
#[expect(clippy::disallowed_methods, reason = "a driver runs in real time")]
pub(super) fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (act(), started.elapsed())
}

/// Is silent for a few seconds, which is longer than every timeout of a row.
fn silent(connection: MockConnection) {
    thread::sleep(Duration::from_secs(5));
    drop(connection);
}

fn total<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (first, second) = (MockServer::new(silent)?, MockServer::new(silent)?);
    let endpoints = Endpoints::only(first.url().parse()?).then(second.url().parse()?);
    let mut setup = Setup::new(endpoints)?;
    setup.policy.read_timeout = Duration::from_secs(3);
    setup.policy.total_timeout = Duration::from_millis(700);
    let driver = make(setup);
    let (called, took) = timed(|| call(&driver, &init()));
    ensure(called.is_err(), || "silence is a success".into())?;
    ensure(took < Duration::from_millis(1_400), || {
        format!("the total timeout is 700 ms, the call took {took:?}")
    })
}

fn trickle<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
        for _ in 0..100 {
            if connection.stream.write_all(b" ").is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    })?;
    let driver = make(setup(&server)?);
    let (called, took) = timed(|| call(&driver, &init()));
    let attempts = called
        .as_ref()
        .err()
        .map(Error::attempts)
        .unwrap_or_default();
    let is_known = attempts.iter().any(|attempt| {
        matches!(
            attempt.outcome,
            AttemptOutcome::NoResponse {
                status: Some(200),
                ..
            }
        )
    });
    ensure(is_known, || {
        format!("it broke off after its head: {called:?}")
    })?;
    ensure(took < Duration::from_millis(1_200), || {
        format!("the read timeout is 400 ms, the call took {took:?}")
    })
}

/// The TLS handshake is a part of connecting.
fn connecting<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let server = MockServer::new(silent)?;
    let endpoint = server.url().replace("http:", "https:");
    let mut setup = Setup::new(Endpoints::only(endpoint.parse()?))?;
    setup.policy.max_attempts = 1;
    setup.policy.read_timeout = Duration::from_secs(4);
    let driver = make(setup);
    let (called, took) = timed(|| call(&driver, &init()));
    let attempts = called
        .as_ref()
        .err()
        .map(Error::attempts)
        .unwrap_or_default();
    let is_known = attempts
        .iter()
        .any(|it| matches!(it.outcome, AttemptOutcome::NotSent(_)));
    ensure(is_known, || format!("nothing was sent: {called:?}"))?;
    ensure(took < Duration::from_millis(1_500), || {
        format!("the connect timeout is 400 ms, the call took {took:?}")
    })
}
