//! The object store, with uploads in the form of the vendor's SDKs.

use std::io::Write as _;

use cloudauth_sim::{IncomingRequest, Region, Simulator};
use serde_json::Value;

use crate::client::{Call, Connection, Response, send};

/// An upload, with the fields in the order of the vendor's Python SDK.
fn upload(grant: &Value, file: &[u8]) -> IncomingRequest {
    upload_with_fields_after(0, grant, file)
}

/// An upload whose last `after` fields follow the file.
fn upload_with_fields_after(after: usize, grant: &Value, file: &[u8]) -> IncomingRequest {
    let field = |name: &str| grant[name].as_str().unwrap().to_owned();
    let fields = [
        ("OSSAccessKeyId", field("AccessKeyId")),
        ("Signature", field("Signature")),
        ("host", field("Endpoint")),
        ("key", field("ObjectKey")),
        ("policy", field("EncodedPolicy")),
        ("success_action_status", "201".to_owned()),
    ];
    let parts = fields.map(|(name, value)| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    });
    let (before, after) = parts.split_at(parts.len() - after);
    let mut body = before.concat().into_bytes();
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: \r\n\r\n",
    );
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n");
    body.extend_from_slice(after.concat().as_bytes());
    body.extend_from_slice(b"--b--\r\n");
    let kind = "multipart/form-data; boundary=b".to_owned();
    IncomingRequest::new("POST", "/", vec![("content-type".to_owned(), kind)], body)
}

fn grant(simulator: &Simulator) -> Value {
    let call = Call::new("AuthorizeFileUpload", simulator.now_unix())
        .set("Version", "2019-12-19")
        .set("Product", "Cloudauth");
    send(&simulator.url(Region::Shanghai), &call.sign())
        .unwrap()
        .json()
}

fn state(simulator: &Simulator) -> Response {
    let mut connection = Connection::open(simulator.page_url()).unwrap();
    let text = b"GET /admin/state HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
    connection.stream.write_all(text).unwrap();
    connection.receive().unwrap()
}

#[test]
fn form_fields_count_wherever_the_file_is() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    for after in 0..=6 {
        let upload = upload_with_fields_after(after, &grant(&simulator), b"a face");
        assert_eq!(send(&url, &upload).unwrap().status, 201, "{after}");
    }
    // A file that is sent twice, or not at all.
    let upload = upload(&grant(&simulator), b"a face");
    let text = String::from_utf8(upload.body.clone()).unwrap();
    for body in [
        text.replace("name=\"policy\"", "name=\"file\""),
        text.replace("name=\"file\"", "name=\"other\""),
    ] {
        let changed = IncomingRequest {
            body: body.into(),
            ..upload.clone()
        };
        assert_eq!(send(&url, &changed).unwrap().status, 400);
    }
}

#[test]
fn an_uploaded_file_is_listed_by_its_hash_without_its_content() {
    let simulator = Simulator::start().unwrap();
    let file = b"\xff\xd8 a face \r\n--\0";
    let uploaded = send(
        &simulator.url(Region::Shanghai),
        &upload(&grant(&simulator), file),
    );
    assert_eq!(uploaded.unwrap().status, 201);
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
