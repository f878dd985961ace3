//! Responses that arrive while the request is still being sent.
#![cfg(target_os = "linux")]

use core::time::Duration;
use std::io::{Read, Write};
use std::thread;

use cloudauth_proto::operation::ParamLocation;
use cloudauth_proto::ops::Raw;
use cloudauth_proto::{Effect, Endpoints, Error, Policy, Scheme};
use rustls::{ServerConnection, StreamOwned};

use crate::certificates::IssuedCertificate;
use crate::driver::{Async, Blocking, Driver, options};
use crate::transport::{server, timed};

const READ_TIMEOUT: Duration = Duration::from_secs(3);

/// What a server does after it has responded to the beginning of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It closes the connection, which is a reset, as it has not read everything.
    Close,
    /// It neither reads nor closes the connection.
    Silence,
}

fn respond(stream: &mut (impl Read + Write), status: u16) {
    let _ = stream.read_exact(&mut [0; 10_000]);
    let body = r#"{"Code":"InvalidParameter","Message":"refused","RequestId":"R"}"#;
    let length = body.len();
    let response = format!("HTTP/1.1 {status} Refused\r\ncontent-length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(response.as_bytes());
    let _ = stream.flush();
}

/// Each case whose result is not the response.
fn lost<D: Driver>() -> Vec<String> {
    let mut lost = Vec::new();
    for is_tls in [false, true] {
        for (status, size) in [(413, 1_400_000), (400, 20_000_000)] {
            for then in [Then::Close, Then::Silence] {
                let issued = IssuedCertificate::valid();
                let tls = issued.server_config();
                let address = server(move |mut tcp| {
                    // Otherwise the response waits for an acknowledgement, and the reset discards it.
                    tcp.set_nodelay(true).unwrap();
                    let tcp = if is_tls {
                        let connection = ServerConnection::new(tls.clone()).unwrap();
                        let mut stream = StreamOwned::new(connection, tcp);
                        respond(&mut stream, status);
                        stream.sock
                    } else {
                        respond(&mut tcp, status);
                        tcp
                    };
                    if then == Then::Silence {
                        thread::sleep(READ_TIMEOUT * 2);
                    }
                    drop(tcp);
                });
                let scheme = if is_tls { "https" } else { "http" };
                let url = format!("{scheme}://{address}");
                let mut limits = Policy::default();
                limits.read_timeout = READ_TIMEOUT;
                let options = options(limits, Endpoints::only(url.parse().unwrap()))
                    .scheme(Scheme::RpcHmacSha1)
                    .root_certificates(issued.root.pem());
                let client = D::new(options);
                let paid = Raw::new("Id2MetaVerify", Effect::NotIdempotent).param(
                    "Picture",
                    "A".repeat(size),
                    ParamLocation::Form,
                );
                let (called, took) = timed(|| client.call(&paid));
                println!("{} {scheme} {status} {size} {then:?}: {took:?}", D::NAME);
                match called {
                    Err(Error::Service(error)) if error.status == status => {}
                    other => lost.push(format!("{scheme} {status} {size} {then:?}: {other:?}")),
                }
            }
        }
    }
    lost
}

#[test]
fn ureq_reads_the_response_to_a_request_that_could_not_be_sent_to_its_end() {
    let lost = lost::<Blocking>();
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn hyper_reads_the_response_to_a_request_that_could_not_be_sent_to_its_end() {
    let lost = lost::<Async>();
    assert!(lost.is_empty(), "{lost:#?}");
}
