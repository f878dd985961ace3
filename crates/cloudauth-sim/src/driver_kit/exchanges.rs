//! One exchange: what is sent, and how a response is read.

use core::error::Error as _;
use core::fmt::Write as _;
use core::time::Duration;
use std::io::Read;
use std::sync::mpsc::channel;
use std::thread;

use cloudauth_proto::operation::ParamLocation;
use cloudauth_proto::ops::{InitFaceVerify, Raw};
use cloudauth_proto::{AttemptOutcome, Effect, Endpoint, Endpoints, Error};

use super::server::{MockConnection, MockServer, OPENED, response};
use super::{Capability, Check, DriverUnderTest, Maker, Problem, Row, Setup, call, ensure};
use crate::{Fault, Region, Simulator, Times};

pub(super) fn rows<D: DriverUnderTest>() -> Vec<Row<D>> {
    vec![
        Row::new("a request is sent as it was signed", &[], as_signed),
        Row::new("no response is to be compressed", &[], uncompressed),
        Row::new("a redirect is not followed", &[], not_redirected),
        Row::new("a response is read in every framing", &[], framings),
        Row::new("a response that is cut off is no response", &[], cut_off),
        Row::new("no more of a body is read than its limit", &[], limited),
        Row::new(
            "a response that comes before the request is sent is read",
            &[Capability::EarlyResponses],
            early,
        ),
        Row::new("no error shows the URL", &[], no_url),
    ]
}

pub(super) fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// A driver with this one endpoint, and one attempt for each call.
pub(super) fn setup(server: &MockServer) -> Result<Setup, Problem> {
    let mut setup = Setup::new(Endpoints::only(server.url().parse()?))?;
    setup.policy.max_attempts = 1;
    Ok(setup)
}

/// The heads of the requests of a call, which has this end.
fn heads<D: DriverUnderTest>(make: &Maker<D>) -> Result<(String, Vec<String>), Problem> {
    let (sender, heads) = channel();
    let server = MockServer::new(move |mut connection| {
        while let Some(head) = connection.read_head() {
            let _ = sender.send(head);
            connection.send(&response(OPENED));
        }
    })?;
    call(&make(setup(&server)?), &init())?;
    let host = server.url().trim_start_matches("http://").to_owned();
    Ok((host, heads.try_iter().collect()))
}

/// The values of a header.
fn values<'h>(head: &'h str, name: &str) -> Vec<&'h str> {
    let lines = head.lines().filter_map(|line| line.split_once(':'));
    let found = lines.filter(|(sent, _)| *sent == name);
    found.map(|(_, value)| value.trim()).collect()
}

fn as_signed<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (host, heads) = heads(make)?;
    let [head] = &heads[..] else {
        return Err(format!("{} requests were sent", heads.len()).into());
    };
    let hosts = values(head, "host");
    ensure(hosts == [&host], || {
        format!("host is {hosts:?}, not {host}")
    })?;
    for name in ["content-length", "authorization", "x-acs-signature-nonce"] {
        let values = values(head, name).len();
        ensure(values == 1, || format!("{values} headers {name}"))?;
    }
    for name in ["expect", "transfer-encoding", "cookie"] {
        let is_absent = values(head, name).is_empty();
        ensure(is_absent, || format!("a header {name} was added"))?;
    }
    // The simulator checks the signature, so the body and the query arrive as they are.
    let simulator = Simulator::start()?;
    let endpoint: Endpoint = simulator.url(Region::Shanghai).parse()?;
    let driver = make(Setup::new(Endpoints::only(endpoint))?);
    let odd = init().auth_id("张三 +&=%~*/?#").crop("");
    call(&driver, &odd)?;
    Ok(())
}

fn uncompressed<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let (_, heads) = heads(make)?;
    for head in &heads {
        let values = values(head, "accept-encoding");
        ensure(values == ["identity"], || {
            format!("accept-encoding is {values:?}")
        })?;
    }
    Ok(())
}

fn not_redirected<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let target = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OPENED));
        }
    })?;
    let location = target.url().to_owned();
    let server = MockServer::new(move |mut connection| {
        while connection.read_request() {
            let location = &location;
            connection.send(&format!(
                "HTTP/1.1 307 Redirect\r\nlocation: {location}/\r\ncontent-length: 0\r\n\r\n"
            ));
        }
    })?;
    let called = call(&make(setup(&server)?), &init());
    ensure(target.connections() == 0, || {
        "the redirect was followed".into()
    })?;
    let is_reported = called.as_ref().is_err_and(|error| {
        error.attempts().iter().any(|attempt| {
            let outcome = &attempt.outcome;
            matches!(outcome, AttemptOutcome::Unreadable { status: 307, .. })
        })
    });
    ensure(is_reported, || {
        format!("the status 307 was not reported: {called:?}")
    })
}

/// Whole responses in the framings of HTTP/1.1; true if the connection ends after it.
fn whole() -> [(&'static str, String, bool); 4] {
    let (start, rest) = OPENED.split_at(20);
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n{:X};a=b\r\n{start}\r\n{:x}\r\n{rest}\r\n0\r\n\
         trailer: 1\r\n\r\n",
        start.len(),
        rest.len()
    );
    [
        ("content-length", response(OPENED), false),
        ("chunks", chunks, false),
        (
            "the end of the connection",
            format!("HTTP/1.1 200 OK\r\n\r\n{OPENED}"),
            true,
        ),
        (
            "content-length, after an interim response",
            format!(
                "HTTP/1.1 103 Early Hints\r\nlink: </>\r\n\r\n{}",
                response(OPENED)
            ),
            false,
        ),
    ]
}

fn framings<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    for (name, sent, ends) in whole() {
        let server = MockServer::new(move |mut connection| {
            while connection.read_request() {
                connection.send(&sent);
                if ends {
                    return;
                }
            }
        })?;
        let called = call(&make(setup(&server)?), &init());
        ensure(called.is_ok(), || format!("framed by {name}: {called:?}"))?;
    }
    Ok(())
}

fn cut_off<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    // Whole JSON: only the framing shows that something is missing.
    let length = OPENED.len();
    for sent in [
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{OPENED}",
            length + 8
        ),
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{length:x}\r\n{OPENED}\r\n"),
    ] {
        for is_reset in [false, true] {
            let sent = sent.clone();
            let server = MockServer::new(move |mut connection| {
                connection.read_request();
                connection.send(&sent);
                if is_reset {
                    // A reset that arrives before the response is read can discard it.
                    thread::sleep(Duration::from_millis(100));
                    connection.reset();
                }
            })?;
            let called = call(&make(setup(&server)?), &init());
            let outcome = called
                .as_ref()
                .err()
                .and_then(|error| error.attempts().first());
            let is_known = outcome.is_some_and(|attempt| {
                let outcome = &attempt.outcome;
                matches!(
                    outcome,
                    AttemptOutcome::NoResponse {
                        status: Some(200),
                        ..
                    }
                )
            });
            ensure(is_known, || {
                format!("cut off, reset {is_reset}: {called:?}")
            })?;
        }
    }
    Ok(())
}

fn limited<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    // Without an end: a driver that reads on has no response.
    let server = MockServer::new(|mut connection: MockConnection| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\n\r\n");
        connection.send(&" ".repeat(60_000));
        thread::sleep(Duration::from_secs(3));
    })?;
    let mut setup = setup(&server)?;
    setup.policy.read_timeout = Duration::from_secs(2);
    let called = call(&make(setup), &init());
    let attempts = called
        .as_ref()
        .err()
        .map(Error::attempts)
        .unwrap_or_default();
    let is_known = attempts.iter().any(|attempt| {
        matches!(
            attempt.outcome,
            AttemptOutcome::Response { status: 200, .. }
        )
    });
    ensure(is_known, || {
        format!("more than the limit of 50 000 bytes: {called:?}")
    })
}

fn early<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    for stays in [false, true] {
        let server = MockServer::new(move |mut connection: MockConnection| {
            let _ = connection.stream.set_nodelay(true);
            let _ = connection.stream.read_exact(&mut [0; 10_000]);
            let body = r#"{"Code":"InvalidParameter","Message":"m","RequestId":"R"}"#;
            let length = body.len();
            connection.send(&format!(
                "HTTP/1.1 413 Too Large\r\ncontent-length: {length}\r\n\r\n{body}"
            ));
            if stays {
                thread::sleep(Duration::from_secs(4));
            }
        })?;
        let mut setup = setup(&server)?;
        setup.policy.read_timeout = Duration::from_secs(3);
        let large = "A".repeat(20_000_000);
        let paid = Raw::new("Id2MetaVerify", Effect::NotIdempotent);
        let paid = paid.param("Picture", large, ParamLocation::Form);
        let called = call(&make(setup), &paid);
        let is_known = matches!(&called, Err(Error::Service(fault)) if fault.status == 413);
        let then = if stays {
            "silence"
        } else {
            "the end of the connection"
        };
        ensure(is_known, || {
            format!("the status 413, then {then}: {called:?}")
        })?;
    }
    Ok(())
}

/// Part of the query of a URL, which belongs to a person.
const CANARY: &str = "Canary7Person";

fn no_url<D: DriverUnderTest>(make: &Maker<D>) -> Check {
    let simulator = Simulator::start()?;
    let endpoint: Endpoint = simulator.url(Region::Shanghai).parse()?;
    let query = Raw::new("DescribeSomething", Effect::NotIdempotent).get();
    let query = query.param("Name", CANARY, ParamLocation::Query);
    let unknown = Endpoint::plain_http("host.invalid")?;
    let faults = [
        (endpoint.clone(), Some(Fault::Refuse)),
        (endpoint.clone(), Some(Fault::Reset)),
        (endpoint.clone(), Some(Fault::Hang)),
        (endpoint.clone(), Some(Fault::Truncate)),
        (
            endpoint,
            Some(Fault::Custom {
                status: 302,
                body: Vec::new(),
            }),
        ),
        (unknown, None),
    ];
    for (endpoint, fault) in faults {
        if let Some(fault) = &fault {
            simulator.inject(Region::Shanghai, fault.clone(), Times::Once);
        }
        let mut setup = Setup::new(Endpoints::only(endpoint))?;
        setup.policy.max_attempts = 1;
        let Err(error) = call(&make(setup), &query) else {
            return Err(format!("the call succeeded in spite of {fault:?}").into());
        };
        let mut shown = format!("{error} {error:?}");
        let mut source = error.source();
        while let Some(cause) = source {
            write!(shown, " {cause} {cause:?}")?;
            source = cause.source();
        }
        let is_shown = shown.contains(CANARY);
        ensure(!is_shown, || {
            format!("{fault:?}: the error holds the query")
        })?;
    }
    Ok(())
}
