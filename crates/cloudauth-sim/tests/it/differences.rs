//! What the simulator says about a signature that it refuses: the first line that differs.

use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::sign::{Draft, Stamp};
use cloudauth_proto::{Credentials, Endpoint, Entropy, Operation as _, Params, Scheme, UnixTime};
use cloudauth_sim::{Incoming, Region, World};

use crate::client::{Call, NOW};

/// A good request, as the client signs it under ACS3, with a space and a star in its query.
fn signed(secret: &str) -> Incoming {
    let operation = DescribeFaceVerify::new(1, "sha0 *~");
    let mut params = Params::new();
    operation.encode(&mut params);
    let terms = operation.terms();
    let endpoint = Endpoint::SHANGHAI;
    let draft = Draft::new(
        terms.method,
        &terms.action,
        &terms.version,
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
    Incoming::new(
        request.method.as_str(),
        &*request.target,
        headers,
        [shared, own].concat(),
    )
}

fn detail(request: &Incoming) -> (String, String) {
    let mut world = World::new();
    world.handle(Region::Shanghai, request, NOW);
    let seen = &world.requests()[0];
    (
        seen.outcome.clone(),
        seen.detail.clone().unwrap_or_default(),
    )
}

#[track_caller]
fn assert_says(request: &Incoming, expected: &str) {
    let (outcome, said) = detail(request);
    assert_eq!(outcome, "SignatureDoesNotMatch");
    assert!(said.starts_with(expected), "{said}");
}

fn changed(change: impl FnOnce(&mut Incoming)) -> Incoming {
    let mut request = signed("testsecret");
    change(&mut request);
    request
}

fn set(request: &mut Incoming, name: &str, value: &str) {
    for (known, old) in &mut request.headers {
        if known == name {
            value.clone_into(old);
        }
    }
}

#[test]
fn a_good_request_has_nothing_to_explain() {
    assert_eq!(detail(&signed("testsecret")).0, "406");
}

#[test]
fn the_line_that_was_changed_on_the_way_is_named() {
    assert_says(
        &changed(|it| it.method = "GET".into()),
        "line 1, the method: POST was signed",
    );
    let path = changed(|it| it.target = it.target.replacen("/?", "/api?", 1));
    assert_says(&path, "line 2, the path: \"/\" was signed, \"/api\" came");
    let host = changed(|it| set(it, "host", "proxy.example"));
    assert_says(
        &host,
        "line 4, the header host: \"cloudauth.cn-shanghai.aliyuncs.com\" was signed",
    );
    let port = changed(|it| set(it, "host", "cloudauth.cn-shanghai.aliyuncs.com:443"));
    assert_says(&port, "line 4, the header host: ");
    let body = changed(|it| it.body = b"more".to_vec());
    assert_says(&body, "the last line, the hash of the body");
}

#[test]
fn a_wrong_secret_and_a_changed_value_cannot_be_told_apart() {
    assert_says(&signed("another"), "no usual mistake explains it");
    let value = changed(|it| it.target = it.target.replace("sha0", "sha1"));
    assert_says(&value, "no usual mistake explains it");
    assert_says(
        &signed("testsecret&"),
        "no line: the secret was used with an & at its end",
    );
}

#[test]
fn the_older_signature_has_its_own_mistakes() {
    let call = Call::init(NOW);
    let mut request = call.sign();
    request.method = "GET".into();
    assert_says(&request, "the method: POST was signed");
    let bare = Call::init(NOW).with_key("testid", "testsecre");
    assert_says(
        &bare.sign(),
        "no parameter: the secret was used without its last character",
    );
    let form = Call::init(NOW).sign();
    let added = Incoming {
        headers: vec![(
            "content-type".into(),
            "application/x-www-form-urlencoded".into(),
        )],
        body: b"Crop=T".to_vec(),
        ..form
    };
    assert_says(
        &added,
        "the parameters: the client leaves those of the form out",
    );
}
