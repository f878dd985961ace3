//! Pictures of a verdict, fetched from a mock object store.

use std::io::{Read, Write};
use std::net::Shutdown;

use cloudauth_net::{FetchError, Options};
use cloudauth_proto::error::EvidenceErrorKind;
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::{FetchEvidence, PollVerdict};
use cloudauth_proto::{Endpoint, Error, Policy};
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::driver::{Async, Blocking, Driver, both, endpoints, options};
use crate::transport::server;

both! {
    a_picture_is_fetched_and_written => whole;
    an_unacceptable_response_is_an_error_and_nothing_is_written => nothing;
    redirects_are_not_followed => redirect;
    a_truncated_picture_is_requested_again_and_not_written => again;
}

pub(crate) const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face\xff\xd9";

/// Starts a store that responds to every request with this.
fn store(response: Vec<u8>) -> Endpoint {
    let address = server(move |mut connection| {
        let mut request = [0; 4096];
        let read = connection.read(&mut request).unwrap_or(0);
        if request[..read].starts_with(b"GET /face.jpg?Signature=s ") {
            let _ = connection.write_all(&response);
            // If it were closed at once, the connection could be reset before the client has read all.
            let _ = connection.shutdown(Shutdown::Write);
            let _ = connection.read_to_end(&mut Vec::new());
        }
    });
    format!("http://{address}").parse().unwrap()
}

fn response(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Fetches the picture of a verdict from a store. Returns what was written, and the result.
fn fetch<D: Driver>(store: Endpoint) -> (Vec<u8>, Result<&'static str, FetchError>) {
    fetch_with::<D>(store, |options| options)
}

/// Fetches the picture of a verdict from a store, with these changes to the options.
pub(crate) fn fetch_with<D: Driver>(
    store: Endpoint,
    change: impl FnOnce(Options) -> Options,
) -> (Vec<u8>, Result<&'static str, FetchError>) {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(change(options(Policy::default(), endpoints(&simulator))));
    let link = "http://127.0.0.1/face.jpg?Signature=s";
    let material = format!(r#"{{\"facialPictureFront\":{{\"pictureUrl\":\"{link}\"}}}}"#);
    let body =
        format!(r#"{{"Code":"200","ResultObject":{{"Passed":"T","MaterialInfo":"{material}"}}}}"#);
    let body = body.into();
    let fault = Fault::Custom { status: 200, body };
    simulator
        .world()
        .inject(Region::Shanghai, fault, Times::Once);
    let poll = PollVerdict::once(DescribeFaceVerify::new(7, "sha1"));
    let verdict = driver.run(poll).unwrap().unwrap();
    let face = verdict.reply().evidence().unwrap().remove(0);
    let mut written = Vec::new();
    let fetch = FetchEvidence::new(face).store(store).limit(1 << 20);
    let result = driver.fetch(fetch, &mut written);
    (written, result)
}

fn whole<D: Driver>() {
    let large = [JPEG, &vec![7; 1 << 19]].concat();
    for picture in [JPEG, &large] {
        let (written, result) = fetch::<D>(store(response("200 OK", picture)));
        assert_eq!(result.unwrap(), "image/jpeg");
        assert!(written == picture);
    }
}

#[track_caller]
fn error_kind(fetched: (Vec<u8>, Result<&'static str, FetchError>)) -> EvidenceErrorKind {
    assert!(fetched.0.is_empty());
    match fetched.1 {
        Err(FetchError::Fetch(Error::Evidence(error))) => error.kind,
        other => panic!("{other:?}"),
    }
}

fn nothing<D: Driver>() {
    let page = store(response("200 OK", b"<html>"));
    assert_eq!(
        error_kind(fetch::<D>(page)),
        EvidenceErrorKind::UnexpectedType
    );
    let large = store(response("200 OK", &[JPEG, &vec![7; 1 << 21]].concat()));
    let limit = 1 << 20;
    assert_eq!(
        error_kind(fetch::<D>(large)),
        EvidenceErrorKind::TooLarge { limit }
    );
    let expired = store(response(
        "403 Forbidden",
        b"<Error><Code>AccessDenied</Code></Error>",
    ));
    assert_eq!(
        error_kind(fetch::<D>(expired)),
        EvidenceErrorKind::NotReturned
    );
}

fn redirect<D: Driver>() {
    let target = store(response("200 OK", JPEG));
    let location = format!("302 Found\r\nlocation: {target}/face.jpg?Signature=s");
    let (written, result) = fetch::<D>(store(response(&location, b"")));
    let error = result.unwrap_err().to_string();
    assert!(written.is_empty() && error.contains("HTTP 302"), "{error}");
}

fn again<D: Driver>() {
    let mut short = response("200 OK", &[JPEG, b"more"].concat());
    short.truncate(short.len() - 4);
    let (written, result) = fetch::<D>(store(short));
    let Err(FetchError::Fetch(error)) = result else {
        panic!("{result:?}");
    };
    assert!(written.is_empty());
    assert_eq!(error.attempts().len(), Policy::default().max_attempts);
}
