//! The object store, reached as the vendor's SDKs reach it.

use std::io::Write as _;

use cloudauth_sim::{Incoming, Region, Simulator};
use serde_json::Value;

use crate::client::{Answer, Call, Wire, ask};

/// The fields in the order in which the vendor's Python SDK posts them.
fn post(leave: &Value, file: &[u8]) -> Incoming {
    let field = |name: &str| leave[name].as_str().unwrap().to_owned();
    let mut body = Vec::new();
    for (name, value) in [
        ("OSSAccessKeyId", field("AccessKeyId")),
        ("Signature", field("Signature")),
        ("host", field("Endpoint")),
        ("key", field("ObjectKey")),
        ("policy", field("EncodedPolicy")),
        ("success_action_status", "201".to_owned()),
    ] {
        let part =
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: \r\n\r\n",
    );
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let kind = "multipart/form-data; boundary=b".to_owned();
    Incoming::new("POST", "/", vec![("content-type".to_owned(), kind)], body)
}

fn leave(simulator: &Simulator) -> Value {
    let call = Call::new("AuthorizeFileUpload", simulator.now_unix())
        .set("Version", "2019-12-19")
        .set("Product", "Cloudauth");
    ask(&simulator.url(Region::Shanghai), &call.sign())
        .unwrap()
        .json()
}

fn state(simulator: &Simulator) -> Answer {
    let mut wire = Wire::open(simulator.page_url()).unwrap();
    let text = b"GET /admin/state HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    wire.stream.write_all(text).unwrap();
    wire.receive().unwrap()
}

#[test]
fn a_posted_file_is_shown_by_its_hash_and_not_by_its_content() {
    let simulator = Simulator::start().unwrap();
    let file = b"\xff\xd8 a face \r\n--\0";
    let posted = ask(
        &simulator.url(Region::Shanghai),
        &post(&leave(&simulator), file),
    );
    assert_eq!(posted.unwrap().status, 201);
    let shown = state(&simulator);
    let text = shown.text();
    assert!(!text.contains("a face"));
    let files = &shown.json()["files"];
    assert_eq!(files.as_array().unwrap().len(), 1);
    assert_eq!(files[0]["bytes"], file.len());
    let hash = ring::digest::digest(&ring::digest::SHA256, file);
    let hash = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
    assert_eq!(files[0]["sha256"], hash.collect::<String>());
}
