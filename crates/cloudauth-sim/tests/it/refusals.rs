//! Requests that the gateway or the operations refuse.

use cloudauth_sim::{Fault, IncomingRequest, Region, Times, Verdict, World, verify};
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
        ("Format", "YAML", 400, "InvalidParameter"),
        ("Version", "2019-03-08", 404, "InvalidApi.NotFound"),
        ("Action", "DeleteEverything", 404, "InvalidApi.NotFound"),
    ] {
        let call = Call::init(NOW).set(name, value);
        assert_eq!(code(call), refused(status, expected), "{name}");
    }
}

#[test]
fn a_response_under_rpc_is_xml_unless_the_request_names_json() {
    let mut world = World::new();
    for call in [
        Call::init(NOW).without("Format"),
        Call::init(NOW).set("Format", "xml"),
    ] {
        let response = send(&mut world, &call.sign());
        assert_eq!(response.status, 200);
        assert_eq!(
            response.header("content-type"),
            Some("text/xml;charset=utf-8")
        );
        let text = response.text();
        for part in [
            "<?xml version='1.0' encoding='UTF-8'?><InitFaceVerifyResponse>",
            "<Code>200</Code>",
            "<ResultObject>",
            "<CertifyId>sha",
            "</InitFaceVerifyResponse>",
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
    let forged = Call::init(NOW)
        .without("Format")
        .with_key("testid", "guessed");
    let text = send(&mut world, &forged.sign()).text();
    assert!(text.contains("<Error>") && text.contains("<Code>SignatureDoesNotMatch</Code>"));
    // A scripted error too, and not what a test has written itself.
    let unavailable = Fault::Status(503);
    world.inject(Region::Shanghai, unavailable, Times::Once);
    let text = send(&mut world, &Call::init(NOW).without("Format").sign()).text();
    assert!(text.contains("<Code>ServiceUnavailable</Code>"), "{text}");
    let custom = Fault::Custom {
        status: 500,
        body: b"{}".to_vec(),
    };
    world.inject(Region::Shanghai, custom, Times::Once);
    let text = send(&mut world, &Call::init(NOW).without("Format").sign()).text();
    assert_eq!(text, "{}");
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
        .set("ProductCode", "ID_PLUS");
    assert_eq!(code(call), refused(200, "200"));
}

#[test]
fn a_plan_requires_its_own_parameters() {
    let plan = |plan: &str| {
        Call::new("InitFaceVerify", NOW)
            .set("SceneId", "1")
            .set("OuterOrderNo", "a")
            .set("ProductCode", plan)
            .set("UserId", "user1")
            .set("MetaInfo", "{}")
            .set("FaceContrastPicture", "/9j/4AAQSkZJRg==")
    };
    for (name, parameters) in [
        ("LR_FR", ["UserId", "MetaInfo"].as_slice()),
        ("PV_FV", &["UserId", "FaceContrastPicture"]),
    ] {
        assert_eq!(code(plan(name)), refused(200, "200"));
        for parameter in parameters {
            let without = plan(name).without(parameter);
            assert_eq!(code(without), refused(200, "400"), "{name} {parameter}");
        }
    }
}

#[test]
fn a_check_without_data_finds_no_match() {
    let complete = || {
        Call::new("Id2MetaVerify", NOW)
            .set("ParamType", "normal")
            .set("UserName", "张三")
            .set("IdentifyNum", "330103199001011230")
    };
    assert_eq!(code(complete()), refused(200, "200"));
    for name in ["ParamType", "UserName", "IdentifyNum"] {
        assert_eq!(
            code(complete().without(name)),
            refused(200, "400"),
            "{name}"
        );
    }
    assert_eq!(
        code(complete().set("IdentifyNum", "nonsense")),
        refused(200, "401")
    );
    let hashed = complete().set("ParamType", "md5");
    assert_eq!(
        code(hashed),
        refused(200, "401"),
        "the number is not hashed"
    );

    for action in [
        "ContrastFaceVerify",
        "LivenessFaceVerify",
        "CompareFaceVerify",
    ] {
        let call = Call::new(action, NOW);
        assert_eq!(code(call), refused(200, "400"), "{action}");
    }
    let faces = || {
        Call::new("CompareFaces", NOW)
            .set("SourceImageType", "FacePic")
            .set("TargetImageType", "FacePic")
            .set("SourceImageValue", "/9j/")
            .set("TargetImageValue", "/9j/")
    };
    let missing = refused(400, "InvalidParam.ParamsMissing");
    assert_eq!(code(faces().without("SourceImageValue")), missing);
    let no_type = refused(400, "InvalidParam.ImageTypeEmpty");
    assert_eq!(code(faces().without("TargetImageType")), no_type);
    assert_eq!(send(&mut World::new(), &faces().sign()).status, 200);
}

#[test]
fn an_id_that_was_never_issued_is_refused_everywhere() {
    let call = |action: &str, name: &str| {
        Call::new(action, NOW)
            .set("SceneId", "1")
            .set("ServiceCode", "antcloudauth")
            .set("ValidDay", "1")
            .set(name, "sha0")
    };
    for (action, name, expected) in [
        ("DescribeFaceVerify", "CertifyId", "406"),
        ("DescribeCardVerify", "CertifyId", "406"),
        ("DescribeAuthVerify", "CertifyId", "406"),
        ("DeleteFaceVerifyResult", "CertifyId", "406"),
        ("InsertWhiteListSetting", "CertifyId", "406"),
        ("ContrastFaceVerify", "CertifyId", "423"),
        ("LivenessFaceVerify", "CertifyId", "423"),
    ] {
        assert_eq!(code(call(action, name)), refused(200, expected), "{action}");
    }
    let compared = call("CompareFaceVerify", "SourceCertifyId").set("TargetCertifyId", "sha0");
    assert_eq!(code(compared), refused(200, "423"));
    let pictured = Call::init(NOW).set("CertifyId", "sha0");
    assert_eq!(code(pictured), refused(200, "423"));

    // A filter finds nothing.
    let list = call("DescribeListFaceVerifyInfos", "CertifyId").sign();
    let found = send(&mut World::new(), &list).json();
    assert_eq!(found["FaceVerifyInfos"].as_array().map(Vec::len), Some(0));
    assert_eq!(found["TotalCount"], 0);

    // An ID that was issued is known.
    let mut world = World::new();
    let init = Call::new("InitCardVerify", NOW);
    let init = [
        "MerchantBizId",
        "CardType",
        "Model",
        "CardPageNumber",
        "PictureSave",
    ]
    .iter()
    .fold(init, |call, name| call.set(name, "1"));
    let init = init.set("MetaInfo", "{}").set("VerifyMeta", "{}");
    let opened = send(&mut world, &init.sign()).json();
    let id = opened["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let described = Call::new("DescribeCardVerify", NOW).set("CertifyId", &id);
    assert_eq!(send(&mut world, &described.sign()).code(), "200");
}

#[test]
fn a_latin_name_is_refused_for_an_id_card() {
    let named = |name: &str| code(Call::init(NOW).set("CertName", name));
    assert_eq!(named("Zhang San"), refused(200, "401"));
    assert_eq!(named("阿卜杜拉·买买提"), refused(200, "200"));
    let passport = Call::init(NOW)
        .set("CertType", "PASSPORT")
        .set("CertName", "ZHANG SAN");
    assert_eq!(
        code(passport.set("CertNo", "E12345678")),
        refused(200, "200")
    );
}

#[test]
fn what_is_only_likely_is_accepted_and_listed_or_refused_if_strict() {
    for (name, value, expected) in [
        ("CertNo", "330103199001011231", "401"),
        ("OuterOrderNo", "order_1", "401"),
        ("OuterOrderNo", "order-1", "401"),
        ("SceneId", "5", "404"),
        ("ProductCode", "PLAN_B", "401"),
        ("Model", "WINK", "401"),
    ] {
        let call = || Call::init(NOW).set(name, value).sign();
        let strict = |is_strict| {
            let mut world = World::new();
            world.set_strict(is_strict);
            world.add_scene(1_000_000_006);
            world
        };
        let mut world = strict(false);
        assert_eq!(send(&mut world, &call()).code(), "200", "{name}");
        assert_eq!(
            world.requests()[0].doubts.len(),
            1,
            "{:?}",
            world.requests()
        );
        let mut world = strict(true);
        assert_eq!(send(&mut world, &call()).code(), expected, "{name}");
        assert!(world.requests()[0].doubts.is_empty());
        let good = Call::init(NOW).set("CertNo", "11010519491231002X").sign();
        assert_eq!(send(&mut world, &good).code(), "200");
    }
}

#[test]
fn a_callback_url_is_unreachable_only_by_option() {
    let mut world = World::new();
    let call = |host: &str| {
        let url = format!("https://{host}/called?a=1");
        Call::init(NOW).set("CallbackUrl", &url).sign()
    };
    assert_eq!(
        send(&mut world, &call("no-such-host.invalid")).code(),
        "200"
    );
    world.add_unreachable_host("Shop.example");
    assert_eq!(send(&mut world, &call("shop.example:8443")).code(), "401");
    assert_eq!(send(&mut world, &call("other.example")).code(), "200");
    let init = [
        "SceneId",
        "OuterOrderNo",
        "ProductCode",
        "CardType",
        "CardPageNumber",
    ]
    .iter()
    .fold(Call::new("InitAuthVerify", NOW), |call, name| {
        call.set(name, "1")
    });
    let init = init
        .set("MetaInfo", "{}")
        .set("CallbackUrl", "https://shop.example/");
    assert_eq!(send(&mut world, &init.sign()).code(), "400");
}

#[test]
fn a_verdict_is_deleted_once_and_only_after_a_query_if_so_requested() {
    let mut world = World::new();
    let opened = send(&mut world, &Call::init(NOW).sign()).json();
    let id = opened["ResultObject"]["CertifyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let delete = |after: &str| {
        Call::new("DeleteFaceVerifyResult", NOW)
            .set("CertifyId", &id)
            .set("DeleteAfterQuery", after)
    };
    let early = send(&mut world, &delete("N").sign());
    assert_eq!(early.code(), "424", "there is no verdict");
    world.finish(&id, Verdict::Passed, NOW).unwrap();
    let mut call = |call: Call| {
        let body = send(&mut world, &call.sign()).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let result = &body["ResultObject"];
        [
            text(&body["Code"]),
            text(&result["DeleteResult"]),
            text(&result["FailReason"]),
        ]
    };
    assert_eq!(call(delete("Y")), ["200", "N", "NEED_QUERY_VERIFY_RESULT"]);
    assert_eq!(call(Call::describe(&id, NOW))[0], "200");
    assert_eq!(call(delete("Y")), ["200", "Y", ""]);
    assert_eq!(
        call(Call::describe(&id, NOW))[0],
        "424",
        "it has its effect"
    );
    assert_eq!(call(delete("Y")), ["200", "N", "NOT_DELETE_REPEATEDLY"]);
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
