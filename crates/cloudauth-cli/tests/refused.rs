//! A refused signature as a user of the command meets it: the first difference, in one line or as
//! JSON, and status 1.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::SystemTime;

use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Incoming, Reaction, Region, Simulator, World,
};
use serde_json::Value;

/// What `describe` writes to stderr; it fails, and prints nothing.
fn refused(url: &str, secret: &str, more: &[&str]) -> String {
    let ran = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
        .args(["describe", "--endpoint", url, "--scene-id", "1"])
        .args(["--certify-id", "sha1"])
        .args(more)
        .env_clear()
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)
        .output()
        .unwrap();
    let told = String::from_utf8(ran.stderr).unwrap();
    assert_eq!((ran.status.code(), ran.stdout), (Some(1), vec![]), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(!told.contains(secret), "{told}");
    told.trim_end().to_owned()
}

/// The line without what is new each time.
#[track_caller]
fn has(told: &str, code: &str, url: &str, clause: &str) {
    let begin =
        format!("error: DescribeFaceVerify was refused: {code} (HTTP 400, {url}, request id ");
    assert!(told.starts_with(&begin), "{told}");
    let (_, found) = told.split_once("); ").unwrap();
    assert_eq!(found, clause);
}

/// Both forms of what is told of the signature.
#[track_caller]
fn is_told(url: &str, secret: &str, scheme: &str, code: &str, clause: &str) {
    let line = refused(url, secret, &["--scheme", scheme]);
    has(&line, code, url, clause);
    let json = refused(url, secret, &["--scheme", scheme, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["Code"], &json["Mismatch"]),
        (&code.into(), &clause.into())
    );
    assert_eq!(json["MayHaveBeenCarriedOut"], false);
    let text = json["Error"].as_str().unwrap();
    assert!(text.contains(json["RequestId"].as_str().unwrap()), "{text}");
    has(&format!("error: {text}"), code, url, clause);
}

const NO_MATCH: &str = "SignatureDoesNotMatch";

#[test]
fn a_wrong_key_is_told() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    for scheme in ["acs3", "rpc"] {
        let clause = "the service signed the same text: the secret is wrong";
        is_told(&url, "another", scheme, NO_MATCH, clause);
    }
}

#[test]
fn a_header_that_a_proxy_altered_is_named() {
    let url = service(0, |request| {
        let mut headers = request.headers.iter_mut();
        let version = headers.find(|(name, _)| name == "x-acs-version").unwrap();
        version.1 = "2019-03-08".into();
    });
    let clause = "the header x-acs-version was changed on the way";
    is_told(&url, ACCESS_KEY_SECRET, "acs3", NO_MATCH, clause);
}

#[test]
fn a_parameter_that_a_proxy_altered_is_named() {
    let url = service(0, |request| {
        request.target = request.target.replace("sha1", "sha2");
        let body = String::from_utf8(request.body.clone()).unwrap();
        request.body = body.replace("sha1", "sha2").into_bytes();
    });
    for scheme in ["acs3", "rpc"] {
        let clause = "the parameter CertifyId arrived changed";
        is_told(&url, ACCESS_KEY_SECRET, scheme, NO_MATCH, clause);
    }
}

#[test]
fn a_skewed_clock_is_told_with_both_times() {
    // Further away than what is corrected without a word.
    let url = service(30 * 24 * 3_600, |_| {});
    for scheme in ["acs3", "rpc"] {
        let told = refused(&url, ACCESS_KEY_SECRET, &["--scheme", scheme]);
        let (_, clause) = told.split_once("); the clock is wrong: it said ").unwrap();
        let (ours, theirs) = clause.split_once(" when the service's said ").unwrap();
        assert!(told.contains("InvalidTimeStamp.Expired"), "{told}");
        assert_eq!(
            (ours.len(), theirs.len()),
            ("2019-03-07T12:00:00Z".len(), 20)
        );
        assert!(ours < theirs, "{told}");
        let json = refused(&url, ACCESS_KEY_SECRET, &["--scheme", scheme, "--json"]);
        let json: Value = serde_json::from_str(&json).unwrap();
        let mismatch = json["Mismatch"].as_str().unwrap();
        assert!(
            mismatch.starts_with("the clock is wrong: it said "),
            "{mismatch}"
        );
    }
}

/// The simulated service behind something that changes requests. Its clock is so many seconds ahead.
fn service(ahead: u64, change: fn(&mut Incoming)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // It ends with the test.
    thread::spawn(move || {
        let mut world = World::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = read(&stream);
            change(&mut request);
            let reaction = world.handle(Region::Shanghai, &request, now() + ahead);
            let Reaction::Answer {
                status,
                headers,
                body,
            } = reaction
            else {
                unreachable!("nothing is scripted")
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

fn read(stream: &TcpStream) -> Incoming {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    let first = line();
    let mut headers = Vec::new();
    while let Some((name, value)) = line().split_once(": ") {
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split(' ');
    Incoming::new(words.next().unwrap(), words.next().unwrap(), headers, body)
}

#[expect(clippy::disallowed_methods, reason = "the command has the same clock")]
fn now() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap().as_secs()
}
