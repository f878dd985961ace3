//! Requests that the gateway or the operations refuse.

use cloudauth_sim::{IncomingRequest, Region, World, verify};
use serde_json::Value;

use crate::client::{Call, NOW, Response, expect_response};

fn send(world: &mut World, request: &IncomingRequest) -> Response {
    expect_response(world.handle(Region::Shanghai, request, NOW))
}

fn code(call: Call) -> (u16, String) {
    let response = send(&mut World::new(), &call.sign());
    (response.status, response.code())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn a_missing_common_parameter_is_named() {
    for name in [
        "Action",
        "Version",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
    ] {
        let expected = refused(400, &format!("Missing{name}"));
        assert_eq!(code(Call::init(NOW).without(name)), expected);
    }
    let no_key = Call::init(NOW).with_key("", "");
    assert_eq!(code(no_key), refused(400, "MissingAccessKeyId"));
    let mut request = Call::init(NOW).sign();
    request
        .target
        .truncate(request.target.find("&Signature=").unwrap());
    let response = send(&mut World::new(), &request);
    assert_eq!(response.code(), "MissingSignature");
}

#[test]
fn common_parameters_are_checked() {
    for (name, value, status, expected) in [
        (
            "SignatureMethod",
            "HMAC-SHA256",
            400,
            "InvalidSignatureMethod",
        ),
        ("SignatureVersion", "2.0", 400, "InvalidParameter"),
        ("Timestamp", "now", 400, "InvalidTimeStamp.Format"),
        ("Format", "XML", 400, "InvalidParameter"),
        ("Version", "2019-03-08", 404, "InvalidApi.NotFound"),
        ("Action", "DeleteEverything", 404, "InvalidApi.NotFound"),
    ] {
        let call = Call::init(NOW).set(name, value);
        assert_eq!(code(call), refused(status, expected), "{name}");
    }
    // XML is the documented default.
    let no_format = Call::init(NOW).without("Format");
    assert_eq!(code(no_format), refused(400, "InvalidParameter"));
}

/// Most of them are the current time in another form.
#[test]
fn a_malformed_timestamp_is_refused() {
    let good = "2023-11-14T22:13:20Z";
    assert_eq!(
        code(Call::init(NOW).set("Timestamp", good)),
        refused(200, "200")
    );
    for timestamp in [
        "2023-02-31T22:13:20Z",
        "2023-11-31T22:13:20Z",
        "2023-11-14t22:13:20Z",
        "2023-11-14T22:13:20z",
        "2023-11-14 22:13:20Z",
        "2023-11-14T22:13:20",
        "2023-11-14T22:13:20+00:00",
        "2023-11-15T06:13:20+08:00",
        "2023-11-14T22:13:20.0Z",
        "2023-11-14T22:13:20.000Z",
        "2023-11-14T22:13:20Z ",
        "2023-11-14T22:13:20Zx",
        " 2023-11-14T22:13:20Z",
        "+2023-11-14T22:13:20Z",
        "2023-11-14T22:13:60Z",
        "2023-11-14T22:3:20Z",
        "2023-1-14T22:13:20Z",
        "1700000000",
    ] {
        let call = Call::init(NOW).set("Timestamp", timestamp);
        let expected = refused(400, "InvalidTimeStamp.Format");
        assert_eq!(code(call), expected, "{timestamp}");
    }
}

#[test]
fn a_parameter_that_occurs_twice_is_refused() {
    let request = Call::init(NOW).sign();
    let form = "application/x-www-form-urlencoded";
    let mut in_the_query = request.clone();
    in_the_query.target += "&SceneId=1000000006";
    let mut in_the_form = request;
    in_the_form
        .headers
        .push(("content-type".into(), form.into()));
    in_the_form.body = b"SceneId=1000000006".to_vec();
    for request in [in_the_query, in_the_form] {
        let response = send(&mut World::new(), &request);
        assert_eq!(response.code(), "InvalidParameter");
    }
}

#[test]
fn a_body_that_the_rpc_signature_does_not_cover_is_refused() {
    let mut request = Call::init(NOW).sign();
    request.body = b"Model=LIVENESS".to_vec();
    let response = send(&mut World::new(), &request);
    assert_eq!(response.code(), "InvalidParameter");
}

#[test]
fn only_get_and_post_are_accepted() {
    let mut call = Call::init(NOW);
    call.method = "GET";
    assert_eq!(code(call), refused(200, "200"));
    let mut call = Call::init(NOW);
    call.method = "PUT";
    assert_eq!(code(call), refused(400, "UnsupportedHTTPMethod"));
}

#[test]
fn a_refusal_has_the_gateways_envelope() {
    let response = send(&mut World::new(), &Call::new("Nothing", NOW).sign());
    let body = response.json();
    assert_eq!(body["HostId"], "cloudauth.cn-shanghai.aliyuncs.com");
    let id = body["RequestId"].as_str().unwrap();
    assert_eq!(response.header("x-acs-request-id"), Some(id));
    assert_eq!(
        response.header("date"),
        Some("Tue, 14 Nov 2023 22:13:20 GMT")
    );
    for field in ["Message", "Recommend"] {
        assert!(body[field].is_string());
    }
}

#[test]
fn a_reused_nonce_is_refused() {
    let mut world = World::new();
    let request = Call::init(NOW).sign();
    assert_eq!(send(&mut world, &request).code(), "200");
    assert_eq!(send(&mut world, &request).code(), "SignatureNonceUsed");
    let elsewhere = expect_response(world.handle(Region::Beijing, &request, NOW));
    assert_eq!(elsewhere.code(), "SignatureNonceUsed");
    assert_eq!(world.executions("InitFaceVerify"), 1);
}

#[test]
fn a_refused_signature_does_not_use_up_its_nonce() {
    let mut world = World::new();
    let nonce = |call: Call| call.set("SignatureNonce", "the same");
    let forged = nonce(Call::init(NOW)).with_key("testid", "guessed");
    assert_eq!(
        send(&mut world, &forged.sign()).code(),
        "SignatureDoesNotMatch"
    );
    assert_eq!(
        send(&mut world, &nonce(Call::init(NOW)).sign()).code(),
        "200"
    );
}

#[test]
fn a_temporary_key_requires_its_token() {
    let mut world = World::new();
    world.add_sts_key("STS.id", "secret", "token+/=");
    let call = || Call::init(NOW).with_key("STS.id", "secret");
    let mut code = |call: Call| send(&mut world, &call.sign()).code();
    assert_eq!(code(call()), "MissingSecurityToken");
    let mismatch = "InvalidSecurityToken.MismatchWithAccessKey";
    assert_eq!(code(call().set("SecurityToken", "another")), mismatch);
    assert_eq!(code(call().set("SecurityToken", "token+/=")), "200");
    assert_eq!(
        code(Call::init(NOW).set("SecurityToken", "token+/=")),
        mismatch
    );
}

#[test]
fn an_added_key_is_accepted() {
    let mut world = World::new();
    let request = Call::init(NOW).with_key("other", "its secret").sign();
    assert_eq!(
        send(&mut world, &request).code(),
        "InvalidAccessKeyId.NotFound"
    );
    world.add_key("other", "its secret");
    assert_eq!(send(&mut world, &request).code(), "200");
}

#[test]
fn a_missing_parameter_of_an_operation_is_code_400_with_http_status_200() {
    for name in [
        "SceneId",
        "OuterOrderNo",
        "ProductCode",
        "CertType",
        "CertName",
        "CertNo",
        "MetaInfo",
    ] {
        let empty = Call::init(NOW).set(name, "");
        assert_eq!(code(empty), refused(200, "400"), "{name}");
        let absent = Call::init(NOW).without(name);
        assert_eq!(code(absent), refused(200, "400"), "{name}");
    }
    // Model has a default, and apps have no page to return to.
    for name in ["Model", "ReturnUrl"] {
        assert_eq!(code(Call::init(NOW).without(name)), refused(200, "200"));
    }
    for name in ["SceneId", "CertifyId"] {
        let call = Call::describe("sha0", NOW).without(name);
        assert_eq!(code(call), refused(200, "400"), "{name}");
    }
}

#[test]
fn a_malformed_parameter_of_an_operation_is_code_401_with_http_status_200() {
    for (name, value) in [
        ("OuterOrderNo", "123456789012345678901234567890123"),
        ("CertNo", "33010319900101123"),
        ("CallbackUrl", "http://shop.example/callback"),
        ("MetaInfo", "{"),
        ("MetaInfo", "[]"),
        ("SceneId", "one"),
        ("SceneId", "9223372036854775808"),
    ] {
        let mut world = World::new();
        let response = send(&mut world, &Call::init(NOW).set(name, value).sign());
        assert_eq!(response.code(), "401", "{name}");
        assert_eq!(response.json()["ResultObject"], Value::Null);
        assert_eq!(world.executions("InitFaceVerify"), 0);
    }
    for (name, value) in [
        ("OuterOrderNo", "12345678901234567890123456789012"),
        ("CallbackUrl", "https://shop.example/callback"),
        ("EncryptType", ""),
    ] {
        let call = Call::init(NOW).set(name, value);
        assert_eq!(code(call), refused(200, "200"), "{name}");
    }
    let ciphertext = Call::init(NOW)
        .set("EncryptType", "SM2")
        .set("CertNo", "BKQ=");
    assert_eq!(code(ciphertext), refused(200, "501"));
}

#[test]
fn other_plans_require_no_name_and_no_id_number() {
    let call = Call::new("InitFaceVerify", NOW)
        .set("SceneId", "1")
        .set("OuterOrderNo", "a")
        .set("ProductCode", "LR_FR")
        .set("UserId", "7")
        .set("MetaInfo", "{}");
    assert_eq!(code(call), refused(200, "200"));
}

#[test]
fn malformed_requests_are_refused_without_a_panic() {
    let authorization = |value: &str| vec![("Authorization".to_owned(), value.to_owned())];
    let form = "application/x-www-form-urlencoded";
    let form = || vec![("content-type".to_owned(), form.to_owned())];
    let many = (0..10_000).map(|n| (format!("x-acs-{n}"), "v".to_owned()));
    let mut many: Vec<_> = many.collect();
    many.extend(authorization(
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b",
    ));
    let requests = [
        IncomingRequest::new("", "", Vec::new(), *b""),
        IncomingRequest::new("GET", "/", Vec::new(), *b""),
        IncomingRequest::new("GET", "*", Vec::new(), *b""),
        IncomingRequest::new("POST", "/?%", Vec::new(), *b""),
        IncomingRequest::new("POST", "/?Action=%ff%fe", Vec::new(), *b""),
        IncomingRequest::new("POST", "/?a=1&a=2", Vec::new(), *b""),
        IncomingRequest::new("POST", "/?=&=", Vec::new(), *b""),
        IncomingRequest::new("POST", "/", form(), [0xff, 0xfe]),
        IncomingRequest::new("POST", "/", form(), *b"%zz"),
        IncomingRequest::new("POST", "/", Vec::new(), *b"not a form"),
        IncomingRequest::new("POST", "/", authorization("ACS3-HMAC-SHA256 ,,=,=="), *b""),
        IncomingRequest::new("POST", "/", authorization("Basic dGVzdA=="), *b""),
        IncomingRequest::new("POST", "/", many, *b""),
        IncomingRequest::new(
            "POST",
            format!("/?{}", "a&".repeat(100_000)),
            Vec::new(),
            *b"",
        ),
    ];
    let mut world = World::new();
    for (at, request) in requests.iter().enumerate() {
        let refusal = verify(request, |_| Some("secret".into()), NOW).unwrap_err();
        assert!((400..500).contains(&refusal.status), "{at}");
        let response = send(&mut world, request);
        assert_eq!(response.status, refusal.status, "{at}");
        assert_eq!(response.code(), refusal.code, "{at}");
    }
}

#[test]
fn the_log_has_outcomes_and_no_personal_data() {
    let mut world = World::new();
    send(&mut world, &Call::init(NOW).sign());
    send(
        &mut world,
        &Call::init(NOW).with_key("testid", "guessed").sign(),
    );
    let outcomes: Vec<&str> = world
        .requests()
        .iter()
        .map(|r| r.outcome.as_str())
        .collect();
    assert_eq!(outcomes, ["200", "SignatureDoesNotMatch"]);
    let first = &world.requests()[0];
    assert_eq!(first.action, "InitFaceVerify");
    assert_eq!(first.scheme, Some("HMAC-SHA1"));
    assert_eq!((first.region, first.at_unix), (Region::Shanghai, NOW));
    assert!(first.url_query_names.iter().any(|name| name == "CertNo"));
    assert_eq!(world.requests()[1].scheme, None);
    let shown = format!("{:?} {world:?}", world.requests());
    for secret in ["330103", "张三", "testsecret", "deviceType"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
