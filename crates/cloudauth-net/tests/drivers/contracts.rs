//! What a connection does to an exchange, with servers that are scripts: what the driver reports of
//! it, and how often the request is really sent.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::thread;

use cloudauth_proto::ops::{InitFaceVerify, Raw};
use cloudauth_proto::{Effect, Error, Outcome, Place};

use crate::scripted::{OK, Server, reply};
use crate::subjects::{Async, Blocking, Driver, both};

both! {
    a_connection_that_the_server_closed_while_idle_is_replaced => stale;
    a_connection_that_closes_on_the_next_request_is_a_failure_not_a_second_send => closes_on_reuse;
    a_reset_before_the_request_is_read_is_no_reply => reset_at_once;
    a_reset_amid_a_large_request_is_no_reply => reset_amid;
    a_reset_after_the_request_is_no_reply => reset_after;
    an_end_before_the_reply_is_no_reply => end_before;
    an_end_amid_the_headers_is_no_reply => end_in_headers;
    an_end_amid_the_body_is_no_whole_reply => end_in_body;
    an_end_amid_a_chunk_is_no_whole_reply => end_in_chunk;
    a_reply_ahead_of_the_request_s_end_is_taken => early_reply;
    interim_replies_are_passed_over => interim;
    interim_replies_without_end_end_with_the_time_to_read => endless_interim;
    a_protocol_that_was_not_asked_for_is_not_taken_for_a_reply => switching;
    headers_that_trickle_end_with_the_time_to_read => trickling_headers;
    a_reply_of_old_http_is_taken_and_its_connection_not_kept => old_http;
    too_many_headers_are_refused => many_headers;
    a_header_without_end_is_refused => endless_header;
    a_reply_of_two_lengths_is_not_misread => two_lengths;
    a_connection_that_is_not_kept_is_not_used_again => not_kept;
    a_second_reply_is_not_taken_for_the_next_call_s => second_reply;
    a_server_that_never_reads_ends_with_the_time_to_read => never_reads;
    what_is_no_http_is_no_reply => no_http;
}

fn init() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
}

/// More than any socket's buffers hold.
fn large() -> Raw {
    Raw::new("InitFaceVerify", Effect::Open).param("Picture", "A".repeat(16 << 20), Place::Form)
}

/// The one attempt of a call that got no whole reply; `status` if its headers came.
#[track_caller]
fn no_reply(error: &Error, status: Option<u16>) {
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    assert!(
        matches!(attempt.outcome, Outcome::NoReply { status: had, .. } if had == status),
        "{error}"
    );
}

fn stale<D: Driver>() {
    let server = Server::new(|mut connection| {
        while connection.request() {
            connection.say(&reply(OK));
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
    let server = Server::new(|mut connection| {
        if connection.request() {
            connection.say(&reply(OK));
            connection.request();
        }
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    let error = client.call(&init()).unwrap_err();
    no_reply(&error, None);
    assert_eq!((server.requests(), server.connections()), (2, 1));
}

fn reset_at_once<D: Driver>() {
    let server = Server::new(|mut connection| {
        // Something has to be there, or the reset may overtake the client's connect.
        let _ = connection.stream.read(&mut [0]);
        connection.reset();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, None);
    assert_eq!((server.requests(), server.connections()), (0, 1));
}

fn reset_amid<D: Driver>() {
    let server = Server::new(|mut connection| {
        let _ = connection.stream.read_exact(&mut [0; 10_000]);
        connection.reset();
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    no_reply(&error, None);
    assert_eq!((server.requests(), server.connections()), (0, 1));
}

fn reset_after<D: Driver>() {
    let server = Server::new(|mut connection| {
        connection.request();
        connection.reset();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, None);
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

/// A server that reads a request, says this and closes; what the one attempt met.
#[track_caller]
fn ends_after<D: Driver>(said: &'static str, status: Option<u16>) {
    let server = Server::new(move |mut connection| {
        connection.request();
        connection.say(said);
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, status);
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
    let said =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"Code\":\r\n20\r\n\"200";
    ends_after::<D>(said, Some(200));
}

fn no_http<D: Driver>() {
    ends_after::<D>("220 mail.example ESMTP\r\n\r\n", None);
}

fn early_reply<D: Driver>() {
    let server = Server::new(|mut connection| {
        let _ = connection.stream.read_exact(&mut [0; 1_000]);
        let body = r#"{"Code":"Forbidden.RAM","RequestId":"R"}"#;
        let head = format!(
            "HTTP/1.1 403 Forbidden\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.say(&(head + body));
        connection.hold();
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    assert!(
        error.to_string().contains("Forbidden.RAM (HTTP 403"),
        "{error}"
    );
}

fn interim<D: Driver>() {
    let server = Server::new(|mut connection| {
        connection.request();
        connection.say("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
        connection.say("HTTP/1.1 102 Processing\r\n\r\n");
        connection.say(&reply(OK));
        connection.hold();
    });
    server.client::<D>().call(&init()).unwrap();
    assert_eq!(server.requests(), 1);
}

/// The one attempt ended with the time to read, and headers had not come.
#[track_caller]
fn no_reply_in_time<D: Driver>(server: &Server) {
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, None);
    assert!(error.to_string().contains("no reply in time"), "{error}");
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

fn endless_interim<D: Driver>() {
    no_reply_in_time::<D>(&Server::new(|mut connection| {
        connection.request();
        let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
        while connection.stream.write_all(interim).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    }));
}

fn trickling_headers<D: Driver>() {
    no_reply_in_time::<D>(&Server::new(|mut connection| {
        connection.request();
        connection.say("HTTP/1.1 200 OK\r\nx: ");
        while connection.stream.write_all(b"y").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    }));
}

/// What follows on the connection is not HTTP any more; nothing may take it for a reply.
fn switching<D: Driver>() {
    let server = Server::new(|mut connection| {
        connection.request();
        connection.say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n");
        connection.say(&reply(OK));
        connection.hold();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    let [attempt] = error.attempts() else {
        panic!("{error}");
    };
    let switched = Outcome::Answered {
        status: 101,
        code: None,
    };
    assert_eq!(
        format!("{:?}", attempt.outcome),
        format!("{switched:?}"),
        "{error}"
    );
    assert_eq!((server.requests(), server.connections()), (1, 1));
}

fn old_http<D: Driver>() {
    let server = Server::new(|mut connection| {
        connection.request();
        connection.say(&reply(OK).replace("HTTP/1.1", "HTTP/1.0"));
        connection.hold();
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    client.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

fn many_headers<D: Driver>() {
    let server = Server::new(|mut connection| {
        connection.request();
        connection.say("HTTP/1.1 200 OK\r\n");
        connection.say(&"x: y\r\n".repeat(1_000_000));
        connection.say("content-length: 0\r\n\r\n");
        connection.hold();
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, None);
}

/// What is on its way is as much as the sockets hold.
fn endless_header<D: Driver>() {
    let written = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&written);
    let server = Server::new(move |mut connection| {
        connection.request();
        connection.say("HTTP/1.1 200 OK\r\nx: ");
        while connection.stream.write_all(&[b'y'; 8_192]).is_ok() {
            counted.fetch_add(8_192, Ordering::SeqCst);
        }
    });
    let error = server.client::<D>().call(&init()).unwrap_err();
    no_reply(&error, None);
    // It is refused for what it is, not for the time that it takes.
    assert!(!error.to_string().contains("in time"), "{error}");
    let written = written.load(Ordering::SeqCst);
    assert!(written < 32 << 20, "{written} bytes were taken");
}

/// Chunks win over a length (RFC 9112, section 6.3), or it is an error: but the length must not cut
/// the reply short, and what follows must not be taken for another reply.
fn two_lengths<D: Driver>() {
    let server = Server::new(|mut connection| {
        while connection.request() {
            let (size, end) = (OK.len(), "0\r\n\r\n");
            connection.say(&format!(
                "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n\
                 {size:x}\r\n{OK}\r\n{end}"
            ));
        }
    });
    let client = server.client::<D>();
    for _ in 0..2 {
        match client.call(&init()) {
            Ok(opened) => assert_eq!(opened.value.certify_id.as_str(), "sha1"),
            Err(error) => no_reply(&error, None),
        }
    }
}

fn not_kept<D: Driver>() {
    let server = Server::new(|mut connection| {
        while connection.request() {
            let kept = reply(OK);
            connection.say(&kept.replacen("\r\n", "\r\nconnection: close\r\n", 1));
        }
    });
    let client = server.client::<D>();
    client.call(&init()).unwrap();
    client.call(&init()).unwrap();
    assert_eq!((server.requests(), server.connections()), (2, 2));
}

fn second_reply<D: Driver>() {
    let server = Server::new(|mut connection| {
        let forged = OK.replace("sha1", "forged");
        let is_first = connection.number % 2 == 0;
        while connection.request() {
            connection.say(&if is_first {
                reply(OK) + &reply(&forged)
            } else {
                reply(OK)
            });
        }
    });
    for idle in [0, 20] {
        let client = server.client::<D>();
        for call in 0..3 {
            match client.call(&init()) {
                Ok(opened) => assert_eq!(opened.value.certify_id.as_str(), "sha1"),
                // What came uninvited may break the connection that it came on.
                Err(error) => assert!(call > 0, "{error}"),
            }
            client.idle(Duration::from_millis(idle));
        }
    }
}

fn never_reads<D: Driver>() {
    let server = Server::new(|connection| {
        thread::sleep(Duration::from_secs(5));
        drop(connection);
    });
    let error = server.client::<D>().call(&large()).unwrap_err();
    no_reply(&error, None);
    assert!(error.to_string().contains("no reply in time"), "{error}");
    assert!(error.may_have_been_carried_out());
}
