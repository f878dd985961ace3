//! Pictures fetched by both drivers, from a scripted store.

use std::io::{Read, Write};
use std::net::Shutdown;

use cloudauth_net::FetchError;
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::verify::{Fetch, Unfetched, Watch};
use cloudauth_proto::{Endpoint, Error, Policy};
use cloudauth_sim::{Fault, Region, Simulator, Times};

use crate::subjects::{Async, Blocking, Driver, both, endpoints, options};
use crate::transport::server;

both! {
    a_picture_is_written_whole => whole;
    nothing_is_written_of_what_is_not_right => nothing;
    a_redirect_is_not_followed => redirect;
    a_picture_that_breaks_off_is_asked_for_again_and_not_written => again;
}

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a face";

/// A store that answers every request with this.
fn store(reply: Vec<u8>) -> Endpoint {
    let address = server(move |mut connection| {
        let mut request = [0; 4096];
        let read = connection.read(&mut request).unwrap_or(0);
        if request[..read].starts_with(b"GET /face.jpg?Signature=s ") {
            let _ = connection.write_all(&reply);
            // Closed at once, a connection may be reset before all of it is read.
            let _ = connection.shutdown(Shutdown::Write);
            let _ = connection.read_to_end(&mut Vec::new());
        }
    });
    format!("http://{address}").parse().unwrap()
}

fn reply(status: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// Fetches the picture of a verdict from a store; what was written, and what came of it.
fn fetch<D: Driver>(store: Endpoint) -> (Vec<u8>, Result<&'static str, FetchError>) {
    let simulator = Simulator::start().unwrap();
    let driver = D::new(options(Policy::default(), endpoints(&simulator)));
    let link = "http://127.0.0.1/face.jpg?Signature=s";
    let material = format!(r#"{{\"facialPictureFront\":{{\"pictureUrl\":\"{link}\"}}}}"#);
    let body =
        format!(r#"{{"Code":"200","ResultObject":{{"Passed":"T","MaterialInfo":"{material}"}}}}"#);
    let body = body.into();
    let fault = Fault::Custom { status: 200, body };
    simulator
        .world()
        .inject(Region::Shanghai, fault, Times::Once);
    let watch = Watch::once(DescribeFaceVerify::new(7, "sha1"));
    let verified = driver.run(watch).unwrap().unwrap();
    let face = verified.evidence().unwrap().remove(0);
    let mut written = Vec::new();
    let fetch = Fetch::new(face).store(store).limit(1 << 20);
    let result = driver.fetch(fetch, &mut written);
    (written, result)
}

fn whole<D: Driver>() {
    let large = [JPEG, &vec![7; 1 << 19]].concat();
    for picture in [JPEG, &large] {
        let (written, result) = fetch::<D>(store(reply("200 OK", picture)));
        assert_eq!(result.unwrap(), "image/jpeg");
        assert!(written == picture);
    }
}

#[track_caller]
fn unfetched(fetched: (Vec<u8>, Result<&'static str, FetchError>)) -> Unfetched {
    assert!(fetched.0.is_empty());
    match fetched.1 {
        Err(FetchError::Fetch(Error::Evidence(error))) => error.reason,
        other => panic!("{other:?}"),
    }
}

fn nothing<D: Driver>() {
    let page = store(reply("200 OK", b"<html>"));
    assert_eq!(unfetched(fetch::<D>(page)), Unfetched::OtherKind);
    let large = store(reply("200 OK", &[JPEG, &vec![7; 1 << 21]].concat()));
    let limit = 1 << 20;
    assert_eq!(unfetched(fetch::<D>(large)), Unfetched::TooLarge { limit });
    let over = store(reply(
        "403 Forbidden",
        b"<Error><Code>AccessDenied</Code></Error>",
    ));
    assert_eq!(unfetched(fetch::<D>(over)), Unfetched::NoAnswer);
}

fn redirect<D: Driver>() {
    let elsewhere = store(reply("200 OK", JPEG));
    let location = format!("302 Found\r\nlocation: {elsewhere}/face.jpg?Signature=s");
    let (written, result) = fetch::<D>(store(reply(&location, b"")));
    let error = result.unwrap_err().to_string();
    assert!(written.is_empty() && error.contains("HTTP 302"), "{error}");
}

fn again<D: Driver>() {
    let mut short = reply("200 OK", &[JPEG, b"more"].concat());
    short.truncate(short.len() - 4);
    let (written, result) = fetch::<D>(store(short));
    let Err(FetchError::Fetch(error)) = result else {
        panic!("{result:?}");
    };
    assert!(written.is_empty());
    assert_eq!(error.attempts().len(), Policy::default().max_attempts);
}
