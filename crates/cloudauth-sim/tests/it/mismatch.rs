//! The explanation of a signature mismatch: the first line that differs.

use cloudauth_proto::operation::Params;
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Operation as _, Scheme, UnixTime};
use cloudauth_sim::{IncomingRequest, Region, World};

use crate::client::{Call, NOW};

/// A valid ACS3 request by the client, with a space and a star in its query.
fn signed(secret: &str) -> IncomingRequest {
    let operation = DescribeFaceVerify::new(1, "sha0 *~");
    let mut params = Params::new();
    operation.encode(&mut params);
    let terms = operation.metadata();
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        terms.method,
        terms.action.clone(),
        terms.version.clone(),
        &endpoint,
        &params,
    )
    .unwrap();
    let stamp = Stamp {
        at: UnixTime::from_seconds(NOW),
        nonce: Entropy::from_seed([1; 32]).nonce(),
        retry: None,
    };
    let credentials = Credentials::access_key("testid", secret).unwrap();
    let request = Scheme::Acs3HmacSha256.sign(&draft, &credentials, &stamp);
    let headers = request.headers.iter();
    let mut headers: Vec<(String, String)> = headers
        .map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()))
        .collect();
    if !headers.iter().any(|(name, _)| name == "host") {
        headers.push(("host".into(), request.authority.to_string()));
    }
    let (shared, own) = request.body.parts();
    IncomingRequest::new(
        request.method.as_str(),
        &*request.target,
        headers,
        [shared, own].concat(),
    )
}

fn detail(request: &IncomingRequest) -> (String, String) {
    let mut world = World::new();
    world.handle(Region::Shanghai, request, NOW);
    let logged = &world.requests()[0];
    (
        logged.outcome.clone(),
        logged.detail.clone().unwrap_or_default(),
    )
}

#[track_caller]
fn assert_detail(request: &IncomingRequest, expected: &str) {
    let (outcome, detail) = detail(request);
    assert_eq!(outcome, "SignatureDoesNotMatch");
    assert!(detail.starts_with(expected), "{detail}");
}

fn changed(change: impl FnOnce(&mut IncomingRequest)) -> IncomingRequest {
    let mut request = signed("testsecret");
    change(&mut request);
    request
}

fn set(request: &mut IncomingRequest, name: &str, value: &str) {
    for (known, old) in &mut request.headers {
        if known == name {
            value.clone_into(old);
        }
    }
}

#[test]
fn a_valid_signature_has_no_mismatch() {
    assert_eq!(detail(&signed("testsecret")).0, "406");
}

#[test]
fn the_line_that_was_changed_in_transit_is_named() {
    assert_detail(
        &changed(|it| it.method = "GET".into()),
        "line 1, the method: signed POST, received GET",
    );
    let path = changed(|it| it.target = it.target.replacen("/?", "/api?", 1));
    assert_detail(&path, "line 2, the path: signed \"/\", received \"/api\"");
    let host = changed(|it| set(it, "host", "proxy.example"));
    assert_detail(
        &host,
        "line 4, the header host: signed \"cloudauth.cn-shanghai.aliyuncs.com\", received",
    );
    let port = changed(|it| set(it, "host", "cloudauth.cn-shanghai.aliyuncs.com:443"));
    assert_detail(&port, "line 4, the header host: ");
    let body = changed(|it| it.body = b"more".to_vec());
    assert_detail(&body, "the last line, the hash of the body");
}

#[test]
fn a_wrong_secret_and_a_changed_value_have_the_same_explanation() {
    assert_detail(&signed("another"), "no common mistake explains it");
    let value = changed(|it| it.target = it.target.replace("sha0", "sha1"));
    assert_detail(&value, "no common mistake explains it");
    assert_detail(
        &signed("testsecret&"),
        "no line: the secret was used with an & at its end",
    );
}

#[test]
fn mistakes_with_the_rpc_signature_are_named() {
    let call = Call::init(NOW);
    let mut request = call.sign();
    request.method = "GET".into();
    assert_detail(&request, "the method: signed POST, received GET");
    let bare = Call::init(NOW).with_key("testid", "testsecre");
    assert_detail(
        &bare.sign(),
        "no parameter: the secret was used without its last character",
    );
    let form = Call::init(NOW).sign();
    let added = IncomingRequest {
        headers: vec![(
            "content-type".into(),
            "application/x-www-form-urlencoded".into(),
        )],
        body: b"Crop=T".to_vec(),
        ..form
    };
    assert_detail(
        &added,
        "the parameters: the client leaves out those of the form",
    );
}
