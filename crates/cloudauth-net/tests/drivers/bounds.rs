//! What servers may not do to a client: lead it elsewhere, fill its memory, speak old TLS.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::io::{Read, Write};
use std::sync::Arc;

use cloudauth_proto::ops::InitFaceVerify;
use cloudauth_proto::{Endpoint, Endpoints, Error, Outcome};
use cloudauth_sim::conformance::limits;

use crate::scripted::{OK, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both, options};

both! {
    no_redirect_is_followed => redirects;
    a_reply_without_end_is_read_to_the_limit_and_no_further => endless;
    no_compression_is_asked_for_and_none_is_undone => gzip;
    old_tls_is_refused_before_anything_is_sent => old_tls;
    plain_http_to_a_public_host_is_not_an_endpoint => plain_http;
}

/// The checksum that ends a gzip of it.
const CRC_OF_OK: u32 = 0x0bf5_64c9;

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

/// To the same host, to another one, and from plain http to TLS and the other way round.
fn redirects<D: Driver>() {
    let elsewhere = Server::new(|mut connection| {
        while connection.request() {
            connection.say(&reply(OK));
        }
    });
    for status in [301, 302, 303, 307, 308] {
        let tls = elsewhere.url.replace("http:", "https:");
        for to in ["/", &*elsewhere.url, &tls] {
            let moved =
                format!("HTTP/1.1 {status} Moved\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
            let server = Server::new(move |mut connection| {
                while connection.request() {
                    connection.say(&moved);
                }
            });
            let error = server.client::<D>().call(&init()).unwrap_err();
            let told = error.to_string();
            assert!(told.contains(&status.to_string()), "{told}");
            assert_eq!((server.requests(), server.connections()), (1, 1), "{told}");
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

/// What is on its way is as much as the sockets hold.
fn endless<D: Driver>() {
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 1000000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
    ] {
        let written = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&written);
        let server = Server::new(move |mut connection| {
            connection.request();
            connection.say(head);
            while connection.stream.write_all(&[b' '; 16_384]).is_ok() {
                counted.fetch_add(16_384, Ordering::SeqCst);
            }
        });
        let error = server.client::<D>().call(&init()).unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error}");
        assert!(
            error.to_string().contains("larger than 50000 bytes"),
            "{error}"
        );
        let written = written.load(Ordering::SeqCst);
        assert!(written < 32 << 20, "{written} bytes were taken");
    }
}

/// It was not asked for, and is read as it is: no JSON. Unpacked it would open a verification.
fn gzip<D: Driver>() {
    let server = Server::new(|mut connection| {
        let mut head = vec![0; 8_192];
        let read = connection.stream.read(&mut head).unwrap_or(0);
        let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
        let asked = head.lines().find(|it| it.starts_with("accept-encoding:"));
        if asked.is_some_and(|asked| asked.contains("gzip")) {
            return;
        }
        // As it is, in one block: gzip does without compression, too.
        let length = u16::try_from(OK.len()).unwrap();
        let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01".to_vec();
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
        gzip.extend(OK.bytes());
        gzip.extend(CRC_OF_OK.to_le_bytes());
        gzip.extend(u32::from(length).to_le_bytes());
        connection.say(&format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            gzip.len()
        ));
        let _ = connection.stream.write_all(&gzip);
        connection.hold();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert!(matches!(error, Error::Decode(_)), "{error}");
}

/// A server that chooses TLS 1.1, and one that chooses 1.0.
fn old_tls<D: Driver>() {
    for minor in [1, 2] {
        let server = Server::new(move |mut connection| {
            let _ = connection.stream.read(&mut [0; 4_096]);
            // A ServerHello: no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
            let mut hello = vec![0x16, 3, minor, 0, 42, 2, 0, 0, 38, 3, minor];
            hello.extend([7; 32]);
            hello.extend([0, 0, 0x2f, 0]);
            let _ = connection.stream.write_all(&hello);
            connection.hold();
        });
        let url = server.url.replace("http:", "https:");
        let options = options(limits(), Endpoints::only(url.parse().unwrap()));
        let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
        let [attempt] = error.attempts() else {
            panic!("{error}");
        };
        assert!(matches!(attempt.outcome, Outcome::NotSent(_)), "{error}");
        let told = error.to_string();
        assert!(told.contains("peer is incompatible"), "{told}");
    }
}

fn plain_http<D: Driver>() {
    for url in [
        "http://cloudauth.cn-shanghai.aliyuncs.com",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
    ] {
        let refused = url.parse::<Endpoint>().unwrap_err().to_string();
        assert!(refused.contains("http"), "{refused}");
    }
    // Said by name it is one, and that is the caller's word.
    let said = Endpoint::plain_http("cloudauth.invalid").unwrap();
    let options = options(limits(), Endpoints::only(said));
    let error = D::new(options.max_attempts(1)).call(&init()).unwrap_err();
    assert!(!error.may_have_been_carried_out(), "{error}");
}

// Endless headers, and too many of them, are in `contracts`; certificates in `certificates`.
