//! Faults of connections and responses, with mock servers: what the driver reports, and how often the
//! request is sent.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

use cloudauth_proto::error::DecodeErrorKind;
use cloudauth_proto::operation::ParamLocation;
use cloudauth_proto::ops::{InitFaceVerify, Raw};
use cloudauth_proto::{AttemptOutcome, Effect, Error};

use crate::driver::{Async, Blocking, Driver, both};
use crate::mock_server::{MockServer, OK, response};

both! {
    a_connection_closed_by_the_server_while_idle_is_replaced => stale;
    a_connection_closed_on_reuse_is_a_failure_without_a_second_request => closes_on_reuse;
    a_reset_before_the_request_is_read_means_no_response => reset_at_once;
    a_reset_within_a_large_request_means_no_response => reset_within;
    a_reset_after_the_request_means_no_response => reset_after;
    a_connection_closed_before_the_response_means_no_response => end_before;
    a_connection_closed_within_the_headers_means_no_response => end_in_headers;
    a_connection_closed_within_the_body_means_an_incomplete_response => end_in_body;
    a_connection_closed_within_a_chunk_means_an_incomplete_response => end_in_chunk;
    a_response_before_the_end_of_the_request_is_accepted => early_response;
    interim_responses_are_skipped => interim;
    endless_interim_responses_end_with_the_read_timeout => endless_interim;
    a_protocol_upgrade_that_was_not_requested_is_not_a_response => switching;
    trickling_headers_end_with_the_read_timeout => trickling_headers;
    an_http_1_0_response_is_accepted_and_its_connection_closed => http_1_0;
    too_many_headers_are_refused => many_headers;
    an_endless_header_is_refused => endless_header;
    a_response_with_two_lengths_is_not_misread => two_lengths;
    a_connection_with_connection_close_is_not_reused => not_kept;
    an_unsolicited_second_response_is_not_used_for_the_next_call => second_response;
    a_server_that_never_reads_ends_with_the_read_timeout => never_reads;
    a_response_that_is_not_http_means_no_response => not_http;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
        .user_id("7")
        .meta_info("{}")
}

/// Larger than the socket buffers of both sides.
fn large() -> Raw {
    Raw::new("InitFaceVerify", Effect::OpensVerification).param(
        "Picture",
        "A".repeat(16 << 20),
        ParamLocation::Form,
    )
}

/// Asserts that the only attempt got no complete response; `status` is set if its headers arrived.
#[track_caller]
fn assert_no_response(error: &Error, status: Option<u16>) {
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    assert!(
        matches!(attempt.outcome, AttemptOutcome::NoResponse { status: had, .. } if had == status),
        "{error}"
    );
}

fn stale<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            connection.send(&response(OK));
            thread::sleep(Duration::from_millis(50));
            let _ = connection.stream.shutdown(Shutdown::Both);
        }
    });
    let client = server.client::<D>();
    for _ in 0..3 {
        let opened = client.call(&init()).unwrap();
        assert_eq!(opened.attempts.len(), 1);
        client.idle(Duration::from_millis(150));
    }
    assert_eq!((server.requests(), server.connections()), (3, 3));
}

fn closes_on_reuse<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        if connection.read_request() {
            connection.send(&response(OK));
            connection.read_request();
        }
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    let error = client.call(&init()).unwrap_err();
    assert_no_response(&error, None);
    assert_eq!((server.requests(), server.connections()), (2, 1));
}

fn reset_at_once<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        // Without this, the reset may reach the client while it is still connecting.
        let _ = connection.stream.read(&mut [0]);
        connection.reset();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, None);
    assert_eq!((server.requests(), server.connections()), (0, 1));
}

fn reset_within<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        let _ = connection.stream.read_exact(&mut [0; 10_000]);
        connection.reset();
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    assert_no_response(&error, None);
    assert_eq!((server.requests(), server.connections()), (0, 1));
}

fn reset_after<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.reset();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, None);
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

/// A server reads a request, sends this and closes the connection.
#[track_caller]
fn ends_after<D: Driver>(sent: &'static str, status: Option<u16>) {
    let server = MockServer::new(move |mut connection| {
        connection.read_request();
        connection.send(sent);
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, status);
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

fn end_before<D: Driver>() {
    ends_after::<D>("", None);
}

fn end_in_headers<D: Driver>() {
    ends_after::<D>("HTTP/1.1 200 OK\r\ncontent-le", None);
}

fn end_in_body<D: Driver>() {
    ends_after::<D>(
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"Code\":",
        Some(200),
    );
}

fn end_in_chunk<D: Driver>() {
    let sent =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"Code\":\r\n20\r\n\"200";
    ends_after::<D>(sent, Some(200));
}

fn not_http<D: Driver>() {
    ends_after::<D>("220 mail.example ESMTP\r\n\r\n", None);
}

fn early_response<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        let _ = connection.stream.read_exact(&mut [0; 1_000]);
        let body = r#"{"Code":"Forbidden.RAM","RequestId":"R"}"#;
        let head = format!(
            "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.send(&(head + body));
        connection.hold_open();
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Forbidden.RAM: the account or RAM user lacks permission (HTTP 403"),
        "{error}"
    );
}

fn interim<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        connection.send("HTTP/1.1 102 Processing\r\n\r\n");
        connection.send(&response(OK));
        connection.hold_open();
    });
    server.client::<D>().call(&init()).unwrap();
    assert_eq!(server.requests(), 1);
}

/// Asserts that the only attempt ended with the read timeout, before the headers were complete.
#[track_caller]
fn assert_read_timeout<D: Driver>(server: &MockServer) {
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, None);
    assert!(
        error
            .to_string()
            .contains("timed out while waiting for the response"),
        "{error}"
    );
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

fn endless_interim<D: Driver>() {
    assert_read_timeout::<D>(&MockServer::new(|mut connection| {
        connection.read_request();
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        while connection.stream.write_all(interim).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    }));
}

fn trickling_headers<D: Driver>() {
    assert_read_timeout::<D>(&MockServer::new(|mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nx: ");
        while connection.stream.write_all(b"y").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    }));
}

/// What follows `101` on the connection is no longer HTTP, so it must not be read as a response.
fn switching<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n");
        connection.send(&response(OK));
        connection.hold_open();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    let switched = AttemptOutcome::Unreadable {
        status: 101,
        reason: DecodeErrorKind::Empty,
    };
    assert_eq!(
        format!("{:?}", attempt.outcome),
        format!("{switched:?}"),
        "{error}"
    );
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

fn http_1_0<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.send(&response(OK).replace("HTTP/1.1", "HTTP/1.0"));
        connection.hold_open();
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    client.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

fn many_headers<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\n");
        connection.send(&"x: y\r\n".repeat(1_000_000));
        connection.send("content-length: 0\r\n\r\n");
        connection.hold_open();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, None);
}

/// The server can write no more than the limit and what socket buffers hold.
fn endless_header<D: Driver>() {
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let server = MockServer::new(move |mut connection| {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nx: ");
        while connection.stream.write_all(&[b'y'; 8_192]).is_ok() {
            counted.fetch_add(8_192, Ordering::SeqCst);
        }
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    assert_no_response(&error, None);
    // It is refused for its size, not for the time that it takes.
    assert!(!error.to_string().contains("timed out"), "{error}");
    let written = written.load(Ordering::SeqCst);
    assert!(written < 32 << 20, "{written} bytes were written");
}

/// `transfer-encoding` overrides `content-length` (RFC 9112, section 6.3), or the response is an error. The
/// length must not cut the body short, and the rest must not be read as another response.
fn two_lengths<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            let (size, end) = (OK.len(), "0\r\n\r\n");
            connection.send(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n\
                 {size:x}\r\n{OK}\r\n{end}"
            ));
        }
    });
    let client = server.client::<D>();
    for _ in 0..2 {
        match client.call(&init()) {
            Ok(opened) => assert_eq!(opened.value.certify_id.as_str(), "sha1"),
            Err(error) => assert_no_response(&error, None),
        }
    }
}

fn not_kept<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        while connection.read_request() {
            let response = response(OK);
            connection.send(&response.replacen("\r\n", "\r\nconnection: close\r\n", 1));
        }
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    client.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

fn second_response<D: Driver>() {
    let server = MockServer::new(|mut connection| {
        let forged = OK.replace("sha1", "forged");
        let is_first = connection.number % 2 == 0;
        while connection.read_request() {
            connection.send(&if is_first {
                response(OK) + &response(&forged)
            } else {
                response(OK)
            });
        }
    });
    for idle in [0, 20] {
        let client = server.client::<D>();
        for call in 0..3 {
            match client.call(&init()) {
                Ok(opened) => assert_eq!(opened.value.certify_id.as_str(), "sha1"),
                // The unsolicited response may break its connection.
                Err(error) => assert!(call > 0, "{error}"),
            }
            client.idle(Duration::from_millis(idle));
        }
    }
}

fn never_reads<D: Driver>() {
    let server = MockServer::new(|connection| {
        thread::sleep(Duration::from_secs(5));
        drop(connection);
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    assert_no_response(&error, None);
    assert!(
        error
            .to_string()
            .contains("timed out while waiting for the response"),
        "{error}"
    );
    assert!(error.may_have_been_carried_out());
}
