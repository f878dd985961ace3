//! What the gateway and the operations turn away.

use cloudauth_sim::{Incoming, Region, World, verify};
use serde_json::Value;

use crate::client::{Answer, Call, NOW, answered};

fn ask(world: &mut World, request: &Incoming) -> Answer {
    answered(world.handle(Region::Shanghai, request, NOW))
}

fn code(call: Call) -> (u16, String) {
    let answer = ask(&mut World::new(), &call.sign());
    (answer.status, answer.code())
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
    let answer = ask(&mut World::new(), &request);
    assert_eq!(answer.code(), "MissingSignature");
}

#[test]
fn common_parameters_have_their_values() {
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
        let answer = ask(&mut World::new(), &request);
        assert_eq!(answer.code(), "InvalidParameter");
    }
}

#[test]
fn an_rpc_body_that_no_signature_covers_is_refused() {
    let mut request = Call::init(NOW).sign();
    request.body = b"Model=LIVENESS".to_vec();
    let answer = ask(&mut World::new(), &request);
    assert_eq!(answer.code(), "InvalidParameter");
}

#[test]
fn get_and_post_are_the_methods() {
    let mut call = Call::init(NOW);
    call.method = "GET";
    assert_eq!(code(call), refused(200, "200"));
    let mut call = Call::init(NOW);
    call.method = "PUT";
    assert_eq!(code(call), refused(400, "UnsupportedHTTPMethod"));
}

#[test]
fn a_fault_has_the_gateways_envelope() {
    let answer = ask(&mut World::new(), &Call::new("Nothing", NOW).sign());
    let body = answer.json();
    assert_eq!(body["HostId"], "cloudauth.cn-shanghai.aliyuncs.com");
    let id = body["RequestId"].as_str().unwrap();
    assert_eq!(answer.header("x-acs-request-id"), Some(id));
    assert_eq!(answer.header("date"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    for field in ["Message", "Recommend"] {
        assert!(body[field].is_string());
    }
}

#[test]
fn a_reused_nonce_is_refused() {
    let mut world = World::new();
    let request = Call::init(NOW).sign();
    assert_eq!(ask(&mut world, &request).code(), "200");
    assert_eq!(ask(&mut world, &request).code(), "SignatureNonceUsed");
    let elsewhere = answered(world.handle(Region::Beijing, &request, NOW));
    assert_eq!(elsewhere.code(), "SignatureNonceUsed");
    assert_eq!(world.executions("InitFaceVerify"), 1);
}

#[test]
fn a_refused_signature_uses_no_nonce_up() {
    let mut world = World::new();
    let nonce = |call: Call| call.set("SignatureNonce", "the same");
    let forged = nonce(Call::init(NOW)).with_key("testid", "guessed");
    assert_eq!(
        ask(&mut world, &forged.sign()).code(),
        "SignatureDoesNotMatch"
    );
    assert_eq!(
        ask(&mut world, &nonce(Call::init(NOW)).sign()).code(),
        "200"
    );
}

#[test]
fn a_temporary_key_needs_its_token() {
    let mut world = World::new();
    world.add_sts_key("STS.id", "secret", "token+/=");
    let call = || Call::init(NOW).with_key("STS.id", "secret");
    let mut code = |call: Call| ask(&mut world, &call.sign()).code();
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
fn a_key_that_was_added_works() {
    let mut world = World::new();
    let request = Call::init(NOW).with_key("other", "its secret").sign();
    assert_eq!(
        ask(&mut world, &request).code(),
        "InvalidAccessKeyId.NotFound"
    );
    world.add_key("other", "its secret");
    assert_eq!(ask(&mut world, &request).code(), "200");
}

#[test]
fn a_missing_parameter_of_an_operation_is_a_400_inside_a_200() {
    for name in [
        "SceneId",
        "OuterOrderNo",
        "ProductCode",
        "CertType",
        "CertName",
        "CertNo",
        "ReturnUrl",
        "MetaInfo",
    ] {
        let empty = Call::init(NOW).set(name, "");
        assert_eq!(code(empty), refused(200, "400"), "{name}");
        let absent = Call::init(NOW).without(name);
        assert_eq!(code(absent), refused(200, "400"), "{name}");
    }
    assert_eq!(code(Call::init(NOW).without("Model")), refused(200, "200"));
    for name in ["SceneId", "CertifyId"] {
        let call = Call::describe("sha0", NOW).without(name);
        assert_eq!(code(call), refused(200, "400"), "{name}");
    }
}

#[test]
fn a_malformed_parameter_of_an_operation_is_a_401_inside_a_200() {
    for (name, value) in [
        ("OuterOrderNo", "123456789012345678901234567890123"),
        ("CertNo", "33010319900101123"),
        ("CallbackUrl", "http://shop.example/callback"),
        ("MetaInfo", "{"),
        ("SceneId", "one"),
        ("SceneId", "9223372036854775808"),
    ] {
        let mut world = World::new();
        let answer = ask(&mut world, &Call::init(NOW).set(name, value).sign());
        assert_eq!(answer.code(), "401", "{name}");
        assert_eq!(answer.json()["ResultObject"], Value::Null);
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
fn other_plans_do_not_need_a_person() {
    let call = Call::new("InitFaceVerify", NOW)
        .set("SceneId", "1")
        .set("OuterOrderNo", "a")
        .set("ProductCode", "LR_FR");
    assert_eq!(code(call), refused(200, "200"));
}

#[test]
fn junk_is_refused_and_nothing_panics() {
    let authorization = |value: &str| vec![("Authorization".to_owned(), value.to_owned())];
    let form = "application/x-www-form-urlencoded";
    let form = || vec![("content-type".to_owned(), form.to_owned())];
    let many = (0..10_000).map(|n| (format!("x-acs-{n}"), "v".to_owned()));
    let mut many: Vec<_> = many.collect();
    many.extend(authorization(
        "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b",
    ));
    let requests = [
        Incoming::new("", "", Vec::new(), *b""),
        Incoming::new("GET", "/", Vec::new(), *b""),
        Incoming::new("GET", "*", Vec::new(), *b""),
        Incoming::new("POST", "/?%", Vec::new(), *b""),
        Incoming::new("POST", "/?Action=%ff%fe", Vec::new(), *b""),
        Incoming::new("POST", "/?a=1&a=2", Vec::new(), *b""),
        Incoming::new("POST", "/?=&=", Vec::new(), *b""),
        Incoming::new("POST", "/", form(), [0xff, 0xfe]),
        Incoming::new("POST", "/", form(), *b"%zz"),
        Incoming::new("POST", "/", Vec::new(), *b"not a form"),
        Incoming::new("POST", "/", authorization("ACS3-HMAC-SHA256 ,,=,=="), *b""),
        Incoming::new("POST", "/", authorization("Basic dGVzdA=="), *b""),
        Incoming::new("POST", "/", many, *b""),
        Incoming::new(
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
        let answer = ask(&mut world, request);
        assert_eq!(answer.status, refusal.status, "{at}");
        assert_eq!(answer.code(), refusal.code, "{at}");
    }
}

#[test]
fn the_log_names_what_happened_and_nobody() {
    let mut world = World::new();
    ask(&mut world, &Call::init(NOW).sign());
    ask(
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
