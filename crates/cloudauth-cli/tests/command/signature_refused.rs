//! `describe` behind a proxy that changes requests, and with a wrong secret or clock: the error names
//! the first difference between what was signed and what arrived.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::SystemTime;

use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, IncomingRequest, Reaction, Region, Simulator, World,
};
use serde_json::Value;

use crate::process::run_with;

const NO_MATCH: &str = "SignatureDoesNotMatch";

/// Runs `describe`, which is refused; returns the first line on stderr.
#[track_caller]
fn refused(url: &str, secret: &str, options: &[&str]) -> String {
    let args = ["describe", "--endpoint", url, "--scene-id", "1"];
    let args = [&args[..], &["--certify-id", "sha1"], options].concat();
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret),
    ];
    let result = run_with(&args, "", &vars);
    let stderr = result.stderr;
    assert_eq!((result.status, result.stdout.as_str()), (5, ""), "{stderr}");
    let mut lines = stderr.lines();
    let error = lines.next().unwrap().to_owned();
    assert_eq!(lines.next(), None, "{stderr}");
    assert!(!stderr.contains(secret), "{stderr}");
    error
}

/// Compares an error message, but for its request ID.
#[track_caller]
fn assert_message(message: &str, code: &str, url: &str, mismatch: &str) {
    let start = format!("DescribeFaceVerify was refused: {code}: ");
    assert!(message.starts_with(&start), "{message}");
    let place = format!(" (HTTP 400, {url}, request ID ");
    assert!(message.contains(&place), "{message}");
    let (_, actual) = message.split_once("); ").unwrap();
    assert_eq!(actual, mismatch);
}

/// Compares the error as a line and as JSON.
#[track_caller]
fn assert_refused(url: &str, secret: &str, scheme: &str, mismatch: &str) {
    let line = refused(url, secret, &["--scheme", scheme]);
    let message = line.strip_prefix("error: ").unwrap();
    assert_message(message, NO_MATCH, url, mismatch);
    let json = refused(url, secret, &["--scheme", scheme, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["Code"], NO_MATCH);
    assert_eq!(json["mismatch"], mismatch);
    assert_eq!(json["may_have_been_carried_out"], false);
    let message = json["error"].as_str().unwrap();
    let request_id = json["RequestId"].as_str().unwrap();
    assert!(message.contains(request_id), "{message}");
    assert_message(message, NO_MATCH, url, mismatch);
}

#[test]
fn a_wrong_secret_is_reported() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    for scheme in ["acs3", "rpc"] {
        let mismatch = "the service signed the same string, so the access key secret is wrong";
        assert_refused(&url, "another", scheme, mismatch);
    }
}

#[test]
fn a_header_changed_by_a_proxy_is_named() {
    let url = service(0, |request| {
        let mut headers = request.headers.iter_mut();
        let version = headers.find(|(name, _)| name == "x-acs-version").unwrap();
        version.1 = "2019-03-08".into();
    });
    let mismatch = "header x-acs-version was changed in transit";
    assert_refused(&url, ACCESS_KEY_SECRET, "acs3", mismatch);
}

#[test]
fn a_parameter_changed_by_a_proxy_is_named() {
    let url = service(0, |request| {
        request.target = request.target.replace("sha1", "sha2");
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = body.replace("sha1", "sha2").into_bytes();
    });
    for scheme in ["acs3", "rpc"] {
        let mismatch = "parameter CertifyId was changed in transit";
        assert_refused(&url, ACCESS_KEY_SECRET, scheme, mismatch);
    }
}

#[test]
fn a_wrong_clock_is_reported_with_both_times() {
    // Too far off to be corrected.
    let url = service(30 * 24 * 3_600, |_| {});
    for scheme in ["acs3", "rpc"] {
        let line = refused(&url, ACCESS_KEY_SECRET, &["--scheme", scheme]);
        let (_, times) = line
            .split_once("); the local clock is wrong: it showed ")
            .unwrap();
        let (ours, theirs) = times
            .split_once(" when the service's clock showed ")
            .unwrap();
        assert!(line.contains("InvalidTimeStamp.Expired"), "{line}");
        assert_eq!(
            (ours.len(), theirs.len()),
            ("2019-03-07T12:00:00Z".len(), 20)
        );
        assert!(ours < theirs, "{line}");
        let json = refused(&url, ACCESS_KEY_SECRET, &["--scheme", scheme, "--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        let mismatch = json["mismatch"].as_str().unwrap();
        assert!(
            mismatch.starts_with("the local clock is wrong: it showed "),
            "{mismatch}"
        );
    }
}

/// Serves the simulated service behind a proxy that applies `change` to each request. The service's
/// clock is `ahead` seconds ahead. Returns the URL.
fn service(ahead: u64, change: fn(&mut IncomingRequest)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // The thread ends with the test process.
    thread::spawn(move || {
        let mut world = World::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = read(&stream);
            change(&mut request);
            let reaction = world.handle(Region::Shanghai, &request, now() + ahead);
            let Reaction::Response {
                status,
                headers,
                body,
            } = reaction
            else {
                unreachable!("no fault is scripted")
            };
            let headers = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}\r\n"));
            let headers: String = headers.collect();
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
            );
            stream
                .write_all(&[head.as_bytes(), &body].concat())
                .unwrap();
        }
    });
    url
}

fn read(stream: &TcpStream) -> IncomingRequest {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let request_line = line();
    let mut headers = Vec::new();
    while let Some((name, value)) = line().split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let mut parts = request_line.split(' ');
    IncomingRequest::new(parts.next().unwrap(), parts.next().unwrap(), headers, body)
}

#[expect(clippy::disallowed_methods, reason = "the command uses the same clock")]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}
