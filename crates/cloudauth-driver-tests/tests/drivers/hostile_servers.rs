//! What a server cannot make a client do: follow redirects, exhaust its memory, decompress, use old TLS.
//!
//! Endless and too many headers are in `connection_faults`, certificates in `certificates`.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{Read, Write};
use std::sync::Arc;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{AttemptOutcome, Endpoint, Endpoints, Error};
use cloudauth_sim::conformance::limits;

use crate::driver::{Async, Blocking, Driver, both, options};
use crate::mock_server::{MockServer, OK, response};

both! {
    redirects_are_not_followed => redirects;
    an_endless_body_is_read_only_up_to_the_limit => endless;
    compression_is_neither_requested_nor_decoded => gzip;
    old_tls_versions_are_refused_before_the_request_is_sent => old_tls;
    plain_http_to_a_public_host_is_not_an_endpoint => plain_http;
}

/// The CRC-32 of [`OK`], for the gzip trailer.
const CRC_OF_OK: u32 = 0x0bf5_64c9;

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// To the same host, to another one, and from http to https.
fn redirects<D: Driver>() {
    let target = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
        }
    });
    for status in [301, 302, 303, 307, 308] {
        let tls = target.url.replace("http:", "https:");
        for to in ["/", &*target.url, &tls] {
            let moved =
                format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            let server = MockServer::new(move |mut connection| {
                while connection.read_request() {
                    connection.send(&moved);
                }
            });
            let error = server.client::<D>().call(&init()).unwrap_err();
            let message = error.to_string();
            assert!(message.contains(&status.to_string()), "{message}");
            assert_eq!(
                (server.requests(), server.connections()),
                (1, 1),
                "{message}"
            );
        }
    }
    assert_eq!(target.connections(), 0);
}

/// The server can write no more than the limit and what socket buffers hold.
fn endless<D: Driver>() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let written = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&written);
        let server = MockServer::new(move |mut connection| {
            connection.read_request();
            connection.send(head);
            while connection.stream.write_all(&[b' '; 16_384]).is_ok() {
                counted.fetch_add(16_384, Ordering::SeqCst);
            }
        });
        let error = server.client::<D>().call(&init()).unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error}");
        assert!(error.to_string().contains("exceeds 50000 bytes"), "{error}");
        let written = written.load(Ordering::SeqCst);
        assert!(written < 32 << 20, "{written} bytes were written");
    }
}

/// The body is taken as it is, which is not JSON. Decompressed, it would open a verification.
fn gzip<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        let mut head = vec![0; 8_192];
        let read = connection.stream.read(&mut head).unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
        let accepted = head.lines().find(|it| it.starts_with("accept-encoding:"));
        if accepted.is_some_and(|accepted| accepted.contains("gzip")) {
            return;
        }
        // One stored block, which is valid gzip without compression.
        let length = u16::try_from(OK.len()).unwrap();
        let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01".to_vec();
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(OK.bytes());
        gzip.extend(CRC_OF_OK.to_le_bytes());
        gzip.extend(u32::from(length).to_le_bytes());
        connection.send(&format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            gzip.len()
        ));
        let _ = connection.stream.write_all(&gzip);
        connection.hold_open();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
}

/// A server that selects TLS 1.0, and one that selects 1.1.
fn old_tls<D: Driver>() {
    for minor in [1, 2] {
        let server = MockServer::new(move |mut connection| {
            let _ = connection.stream.read(&mut [0; 4_096]);
            // A ServerHello: no session ID, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
            let mut hello = vec![0x16, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
            hello.extend([7; 32]);
            hello.extend([0, 0, 0x2f, 0]);
            let _ = connection.stream.write_all(&hello);
            connection.hold_open();
        });
        let url = server.url.replace("http:", "https:");
        let options = options(limits(), Endpoints::only(url.parse().unwrap()));
        let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(
            matches!(attempt.outcome, AttemptOutcome::NotSent(_)),
            "{error}"
        );
        let message = error.to_string();
        assert!(message.contains("peer is incompatible"), "{message}");
    }
}

fn plain_http<D: Driver>() {
    for url in [
        "http://cloudauth.cn-shanghai.aliyuncs.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
    ] {
        let message = url.parse::<Endpoint>().unwrap_err().to_string();
        assert!(message.contains("http"), "{message}");
    }
    // `plain_http` accepts any host.
    let endpoint = Endpoint::plain_http("cloudauth.invalid").unwrap();
    let options = options(limits(), Endpoints::only(endpoint));
    let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
    assert!(!error.may_have_been_carried_out(), "{error}");
}
