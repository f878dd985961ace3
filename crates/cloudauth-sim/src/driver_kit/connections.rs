//! Connections: those that are kept, and TLS.

use core::time::Duration;
use std::thread;

use cloudauth_proto::operation::ParamLocation;
use cloudauth_proto::ops::Raw;
use cloudauth_proto::{AttemptOutcome, Effect, Endpoint, Endpoints, Error};

use super::exchanges::{init, setup};
use super::server::{MockServer, OPENED, response};
use super::{Capability, Check, DriverUnderTest, Maker, Row, Setup, call, ensure};
use crate::{Region, Simulator};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    let tls = &[Capability::Tls];
    vec![
        Row::new("a request is sent once", &[], once),
        Row::new(
            "an idle connection that was closed is replaced",
            &[],
            replaced,
        ),
        Row::new("a late response is not that of the next request", &[], late),
        Row::new("a certificate of a trusted root is accepted", tls, trusted),
        Row::new(
            "a certificate of an unknown root is refused",
            tls,
            untrusted,
        ),
    ]
}

/// A paid operation.
fn paid() -> Raw {
    let paid = Raw::new("Id2MetaVerify", Effect::NotIdempotent);
    paid.param("IdentifyNum", "7", ParamLocation::Form)
}

/// On a connection that was used before and on a new one, the server reads a request and closes the
/// connection.
fn once<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    for was_used in [false, true] {
        let server = MockServer::new(move |mut connection| {
            let is_first = connection.number == 0;
            if was_used && is_first && connection.read_request() {
                connection.send(&response(OPENED));
            }
            connection.read_request();
        })?;
        let driver = make(setup(&server)?);
        let expected = if was_used {
            call(&driver, &paid())?;
            2
        } else {
            1
        };
        let called = call(&driver, &paid());
        driver.idle(Duration::from_millis(100));
        let requests = server.requests();
        ensure(requests == expected, || {
            format!("{requests} requests were sent for {expected} calls")
        })?;
        let is_uncertain = matches!(called, Err(Error::Uncertain(_)));
        ensure(is_uncertain, || {
            format!("whether it was sent is unknown: {called:?}")
        })?;
    }
    Ok(())
}

fn replaced<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let server = MockServer::new(|mut connection| {
        if connection.read_request() {
            connection.send(&response(OPENED));
        }
    })?;
    let driver = make(setup(&server)?);
    for _ in 0..3 {
        let called = call(&driver, &paid());
        ensure(called.is_ok(), || {
            format!("the connection was idle: {called:?}")
        })?;
        driver.idle(Duration::from_millis(50));
    }
    Ok(())
}

/// The first request gets its response when its call has ended.
fn late<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let server = MockServer::new(|mut connection| {
        let mut is_late = connection.number == 0;
        while connection.read_request() {
            let body = if is_late {
                // Longer than connecting and reading may take together.
                thread::sleep(Duration::from_secs(1));
                OPENED.replace("sha1", "late")
            } else {
                OPENED.to_owned()
            };
            is_late = false;
            connection.send(&response(&body));
        }
    })?;
    let driver = make(setup(&server)?);
    let first = call(&driver, &init());
    ensure(first.is_err(), || {
        "the time-outs are 400 ms each, the response took 1 s".into()
    })?;
    driver.idle(Duration::from_millis(800));
    let opened = call(&driver, &init())?;
    let id = opened.value.certify_id;
    ensure(id.as_str() == "sha1", || {
        format!("the response is that of another request: {id}")
    })
}

fn tls(simulator: &Simulator) -> Result<Setup, super::Problem> {
    let endpoint: Endpoint = simulator.tls_url(Region::Shanghai).parse()?;
    let mut setup = Setup::new(Endpoints::only(endpoint))?;
    setup.policy.max_attempts = 1;
    Ok(setup)
}

fn trusted<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let simulator = Simulator::start()?;
    let mut setup = tls(&simulator)?;
    setup.root_certificate = Some(simulator.ca_pem().to_owned());
    let driver = make(setup);
    for _ in 0..2 {
        call(&driver, &init())?;
    }
    Ok(())
}

fn untrusted<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let simulator = Simulator::start()?;
    let called = call(&make(tls(&simulator)?), &init());
    let attempts = called
        .as_ref()
        .err()
        .map(Error::attempts)
        .unwrap_or_default();
    let [attempt] = attempts else {
        return Err(format!("{called:?}").into());
    };
    let is_not_sent = matches!(attempt.outcome, AttemptOutcome::NotSent(_));
    ensure(is_not_sent, || {
        format!("it was certainly not sent: {called:?}")
    })?;
    let requests = simulator.world().requests().len();
    ensure(requests == 0, || "a request was sent to it".into())
}
