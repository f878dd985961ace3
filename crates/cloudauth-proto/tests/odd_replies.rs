//! Replies as gateways, portals and programs in the way write them: what is read of each, and what is
//! named as unreadable.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test"
)]

mod common;

use core::fmt::Debug;

use cloudauth_proto::credentials::{
    AssumeRole, Credentials, CredentialsError, EcsRole, Environment, Oidc, Role, Settings,
    SourceError, Uri,
};
use cloudauth_proto::driver::{Exchange, Head, Refresh, Response};
use cloudauth_proto::error::{DecodeErrorKind, ServiceError};
use cloudauth_proto::ops::{
    DescribeFaceVerify, DescribeFaceVerifyResponse, Id2MetaVerify, InitFaceVerify,
};
use cloudauth_proto::verify::{FacePicture, MaterialInfo, Passed, parse_json};
use cloudauth_proto::{
    AttemptOutcome, Call, CallOptions, Endpoint, Error, Flow, Reply, Scheme, Sensitive, Session,
    Source, Step, WhoAmI,
};
use common::{now, session};

/// A response: its HTTP status, its headers and its body.
type Canned<'b> = (u16, &'b [(&'b str, &'b str)], &'b [u8]);

/// Runs a flow whose requests have these responses, the last one for all that follow. Returns the number
/// of requests, too.
fn run<F: Flow<Output: Debug>>(
    flow: &mut F,
    session: &mut Session,
    responses: &[Canned<'_>],
) -> (usize, Result<F::Output, Error>) {
    let (mut now, mut sent) = (now(), 0);
    loop {
        match flow.poll(session, now) {
            Step::Send(exchange) => {
                let (status, headers, body) = responses[sent.min(responses.len() - 1)];
                sent += 1;
                let owned =
                    |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
                let head = Head::new(status, headers.iter().map(owned).collect());
                let response = Response::new(head, body.to_vec());
                flow.report(session, exchange.id(), Ok(response), now);
            }
            Step::Wait(until) => now.mono = until,
            Step::Read { .. } => flow.supply(Ok(b"token".to_vec())),
            Step::Done(result) => return (sent, result),
            step => panic!("{step:?}"),
        }
    }
}

fn describe() -> Call<DescribeFaceVerify> {
    Call::new(&DescribeFaceVerify::new(1, "sha1"), CallOptions::new()).unwrap()
}

/// What a query returns whose responses all have this body.
fn described(body: &[u8]) -> Result<Reply<DescribeFaceVerifyResponse>, Error> {
    run(&mut describe(), &mut session(), &[(200, &[], body)]).1
}

fn refused(error: Error) -> Box<ServiceError> {
    match error {
        Error::Service(refusal) => refusal,
        error => panic!("{error}"),
    }
}

fn in_xml(code: &str, message: &str) -> Vec<u8> {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>A1B2</RequestId>\
         <HostId>cloudauth.aliyuncs.com</HostId><Code>{code}</Code>\
         <Message>{message}</Message></Error>"
    )
    .into()
}

#[test]
fn a_refusal_in_xml_has_its_code_message_and_request_id() {
    let body = in_xml("Forbidden.RAM", "not &lt;allowed&gt; &amp;lt;");
    let (sent, result) = run(&mut describe(), &mut session(), &[(403, &[], &body)]);
    let error = result.unwrap_err();
    assert_eq!((sent, error.request_id()), (1, Some("A1B2")));
    let refusal = refused(error);
    assert_eq!(refusal.code.as_deref(), Some("Forbidden.RAM"));
    assert_eq!(refusal.message.expose(), "not <allowed> &lt;");
}

#[test]
fn bytes_that_are_not_utf8_do_not_cost_the_code_of_a_refusal_in_xml() {
    let mut body = b"\xef\xbb\xbf\n".to_vec();
    body.extend(in_xml("Forbidden.RAM", "\u{1}"));
    let at = body.iter().position(|byte| *byte == 1).unwrap();
    body[at] = 0xb3;
    let (_, result) = run(&mut describe(), &mut session(), &[(403, &[], &body)]);
    assert_eq!(
        refused(result.unwrap_err()).code.as_deref(),
        Some("Forbidden.RAM")
    );
}

#[test]
fn throttling_in_xml_is_retried_like_throttling_in_json() {
    let json = br#"{"Code":"Throttling.User","RequestId":"A1B2"}"#;
    for body in [&in_xml("Throttling.User", "m")[..], json] {
        let (sent, result) = run(&mut describe(), &mut session(), &[(400, &[], body)]);
        let error = result.unwrap_err();
        assert_eq!((sent, error.attempts().len()), (4, 4));
        assert_eq!(error.request_id(), Some("A1B2"));
    }
}

const DONE: &[u8] = br#"{"Code":"200","RequestId":"R1","ResultObject":{"Passed":"T"}}"#;

#[test]
fn a_time_stamp_refused_in_xml_corrects_the_clock() {
    let body = in_xml("InvalidTimeStamp.Expired", "m");
    let date = [("date", "Fri, 15 Jan 2027 09:00:00 GMT")];
    let (mut session, responses) = (session(), [(400, &date[..], &body[..]), (200, &[], DONE)]);
    let (sent, result) = run(&mut describe(), &mut session, &responses);
    assert_eq!(
        (sent, result.unwrap().request_id.as_deref()),
        (2, Some("R1"))
    );
    let Step::Send(exchange) = describe().poll(&mut session, now()) else {
        panic!("the call sends nothing");
    };
    let request = exchange.sign();
    let mut headers = request.headers.iter();
    let (_, date) = headers.find(|(name, _)| *name == "x-acs-date").unwrap();
    assert_eq!(date, "2027-01-15T09:00:00Z");
}

#[test]
fn a_signature_refused_in_xml_is_explained() {
    let body = in_xml(
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. server string to sign is:\
         ACS3-HMAC-SHA256\n&quot;0&quot;",
    );
    let (_, result) = run(&mut describe(), &mut session(), &[(400, &[], &body)]);
    assert!(refused(result.unwrap_err()).mismatch.is_some());
}

/// Credentials from STS, the metadata service and a URI.
fn sources() -> [Source; 4] {
    let settings = Settings::new(&Environment::default());
    let key = Source::Static(Credentials::access_key("id", "secret").unwrap());
    let sts: Endpoint = "https://sts.aliyuncs.com".parse().unwrap();
    let role = || Role::new("acs:ram::1:role/r", "s");
    [
        Source::AssumeRole(Box::new(AssumeRole::new(key, role(), sts.clone()))),
        Source::Oidc(Box::new(Oidc::new(
            "/token",
            "acs:ram::1:oidc/p",
            role(),
            sts,
        ))),
        Source::EcsRole(EcsRole::new(Some("r".to_owned()), &settings).unwrap()),
        Source::Uri(Uri::new("https://issuer.example/").unwrap()),
    ]
}

#[test]
fn the_code_of_a_refusal_of_credentials_in_xml_is_known() {
    for source in sources() {
        let mut session = Session::new(source, [3; 32]);
        let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, now()) else {
            panic!("no refresh is due");
        };
        let body = in_xml("NoPermission", "m");
        let mut refresh = Refresh::inline(ticket);
        let (_, result) = run(&mut refresh, &mut session, &[(403, &[], &body)]);
        let Err(Error::Credentials(error)) = result else {
            panic!("{result:?}");
        };
        let CredentialsError::Failed { source, .. } = *error else {
            panic!("{error}");
        };
        let code = Some("NoPermission".to_owned());
        let status = 403;
        assert_eq!(source.reason, SourceError::Refused { status, code });
    }
}

#[test]
fn a_read_that_got_a_page_of_a_portal_is_repeated_at_the_other_region() {
    let page = b"<html><body>Please log in to the network</body></html>";
    let pages = [(200, &[] as &[_], &page[..]), (200, &[], DONE)];
    let (sent, result) = run(&mut describe(), &mut session(), &pages);
    let reply = result.unwrap();
    assert_eq!((sent, reply.endpoint), (2, Endpoint::BEIJING));
    let AttemptOutcome::Unreadable { status, reason } = &reply.attempts[0].outcome else {
        panic!("{:?}", reply.attempts);
    };
    assert_eq!((*status, reason), (200, &DecodeErrorKind::Html));
    // It is final if both say so, and the error says what it was.
    let error = described(page).unwrap_err();
    assert!(error.to_string().contains("is HTML"), "{error}");
    assert_eq!(error.attempts().len(), 2);
}

/// Something useless beside the five values of a reply to [`DescribeFaceVerify`]: a field of the body, a
/// field of the payload.
const USELESS: &[(&[u8], &[u8])] = &[
    (br#""Message":"\ud842""#, br#""DeviceRisk":"\udc00\ud842""#),
    (br#""Message":"\u00""#, br#""DeviceRisk":"\x""#),
    (
        b"\"Message\":\"\xb3\xc9\xb9\xa6\"",
        b"\"UserInfo\":\"\xd5\xc5\"",
    ),
    // GBK with a second byte like a backslash, at the end of strings.
    (b"\"Message\":\"\x95\x5c\"", b"\"UserInfo\":\"\x81\x5c\""),
    (b"\"Message\":\"a\nb\x00\"", b"\"UserInfo\":\"\t\""),
    (b"\"Message\":\"\xe5\xbc\"", b"\"\xff\":\"\xff\""),
    (
        br#""Message":{"a":[1]}"#,
        br#""MaterialInfo":{"faceAttack":"F"}"#,
    ),
    (br#""Message":[{}]"#, br#""MaterialInfo":[{"a":1}]"#),
    (br#""Message":NaN"#, br#""MaterialInfo":undefined"#),
    (br#""Message":1e999"#, br#""DeviceToken":-1e999"#),
    (br#""Message":null"#, br#""DeviceRisk":{},"Success":[]"#),
    (
        br#""Message":"m","message":"n""#,
        br#""UserInfo":"","UserInfo":"{}""#,
    ),
    (br#""code":"200""#, br#""Passed":"T""#),
    (br#""Code":200"#, br#""SubCode":200"#),
    (br#""requestId":"""#, br#""SubCode":"""#),
    (br#""ResultObject":"""#, br#""SubCode":null"#),
    (br#""ResultObject":null"#, br#""New":{"Passed":"F"}"#),
    (br#""New":"\ud800""#, br#""New\ud800":1"#),
];

#[test]
fn whatever_stands_beside_the_verdict_does_not_cost_it() {
    for (outer, inner) in USELESS {
        for (outer, inner) in [(*outer, *inner), (*outer, b"\"A\":0"), (b"\"A\":0", *inner)] {
            for mark in [&b""[..], b"\xef\xbb\xbf"] {
                let body = [
                    mark,
                    b"{",
                    outer,
                    br#","Code":"200","ResultObject":{"SubCode":"200","#,
                    inner,
                    br#","Passed":"T"},"RequestId":"R1"}"#,
                ]
                .concat();
                let shown = String::from_utf8_lossy(&body);
                let reply = described(&body).unwrap_or_else(|error| panic!("{error}: {shown}"));
                assert!(reply.value.has_passed(), "{shown}");
                assert_eq!(reply.value.sub_code.as_deref(), Some("200"), "{shown}");
                assert_eq!(reply.request_id.as_deref(), Some("R1"), "{shown}");
            }
        }
    }
}

#[test]
fn whatever_stands_beside_the_code_of_a_refusal_does_not_cost_it() {
    for (outer, _) in USELESS {
        let same_code = [&b"\"code\""[..], b"\"Code\""];
        if same_code.iter().any(|name| outer.starts_with(name)) {
            continue;
        }
        let refusal = br#","Code":"401","RequestId":"R1"}"#;
        let body = [b"{", *outer, refusal].concat();
        let error = described(&body).unwrap_err();
        assert_eq!(error.request_id(), Some("R1"));
        assert_eq!(refused(error).code.as_deref(), Some("401"));
    }
}

#[test]
fn whatever_stands_beside_the_id_of_an_opened_verification_does_not_cost_it() {
    for (outer, inner) in USELESS {
        let opened = br#","CertifyId":"sha1"},"RequestId":"R1"}"#;
        let body = [b"{", *outer, br#","ResultObject":{"#, *inner, opened].concat();
        let mut init = Call::new(
            &InitFaceVerify::new(1, "o1", "LR_FR")
                .user_id("7")
                .meta_info("{}"),
            CallOptions::new(),
        );
        let init = init.as_mut().unwrap();
        let (_, result) = run(init, &mut session(), &[(200, &[], &body)]);
        let reply = result.unwrap();
        assert_eq!(reply.value.certify_id.as_str(), "sha1");
        assert_eq!(reply.request_id.as_deref(), Some("R1"));
    }
}

#[test]
fn values_that_are_nested_too_deep_do_not_cost_the_others() {
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let body = format!(
        r#"{{"Message":{deep},"ResultObject":{{"MaterialInfo":{deep},"Passed":"T","New":{deep}}},
        "RequestId":"R1"}}"#
    );
    let reply = described(body.as_bytes()).unwrap();
    assert!(reply.value.has_passed());
    assert_eq!(reply.request_id.as_deref(), Some("R1"));
    let raw = cloudauth_proto::ops::Raw::new("New", cloudauth_proto::Effect::ReadOnly);
    let reply = Reply::from_json(&raw, &body).unwrap();
    assert_eq!(reply.value.expose()["ResultObject"]["Passed"], "T");
}

#[test]
fn what_cannot_be_read_is_absent_and_named() {
    for (inner, unreadable) in [
        (&br#""DeviceRisk":"VPN\ud842""#[..], "DeviceRisk"),
        (br#""DeviceRisk":["VPN"]"#, "DeviceRisk"),
        (b"\"DeviceToken\":\"\xb3\xc9\"", "DeviceToken"),
        (br#""DeviceRisk":"VPN","DeviceRisk":"ROOT""#, "DeviceRisk"),
        (br#""SubCode":["200"]"#, "SubCode"),
    ] {
        let body = [br#"{"ResultObject":{"Passed":"F","#, inner, b"}}"].concat();
        let value = described(&body).unwrap().value;
        assert_eq!(value.unreadable, [unreadable]);
        assert_eq!(value.passed, Some(Passed::No));
        assert!(value.device_risk.is_none() && value.device_token.is_none());
        assert!(value.sub_code.is_none());
        assert!(format!("{value:?}").contains("unreadable"));
    }
}

#[test]
fn json_instead_of_a_string_that_holds_json_is_read_and_the_reverse() {
    for body in [
        r#"{"ResultObject":{"Passed":"T","MaterialInfo":{"facialPictureFront":{"verifyScore":9}}}}"#,
        r#"{"ResultObject":{"Passed":"T","MaterialInfo":"{\"facialPictureFront\":{\"verifyScore\":\"9\"}}"}}"#,
        r#"{"ResultObject":{"Passed":"T","MaterialInfo":"{\"facialPictureFront\":\"{\\\"verifyScore\\\":9}\"}"}}"#,
        r#"{"ResultObject":{"Passed":"T","MaterialInfo":"\ufeff {\"facialPictureFront\":{\"verifyScore\":9,\"gender\":\"\ud800\"}}"}}"#,
        r#"{"ResultObject":"{\"Passed\":\"T\",\"MaterialInfo\":{\"facialPictureFront\":{\"verifyScore\":9}}}"}"#,
        r#"{"ResultObject":"\ufeff{\"Passed\":\"T\",\"DeviceRisk\":\"\\ud800\",\"MaterialInfo\":{\"facialPictureFront\":{\"verifyScore\":9}}}"}"#,
    ] {
        let reply = described(body.as_bytes()).unwrap();
        assert!(reply.value.has_passed());
        assert_eq!(reply.value.details().verify_score(), Some(9.0), "{body}");
    }
}

#[test]
fn one_odd_field_of_the_details_does_not_cost_the_others() {
    let parsed = |odd: &str| {
        let text = format!(r#"{{"faceAttack":"F",{odd},"faceGender":"M"}}"#);
        parse_json::<MaterialInfo>(&Sensitive::new(text))
            .unwrap()
            .unwrap()
    };
    for (odd, unreadable) in [
        (r#""ocrIdCardInfo":"""#, &[][..]),
        (r#""ocrIdCardInfo":"null""#, &[]),
        (r#""ocrIdCardInfo":"张三""#, &["ocrIdCardInfo"]),
        (r#""ocrIdCardInfo":[]"#, &["ocrIdCardInfo"]),
        (r#""faceAge":"""#, &[]),
        (r#""faceAge":"25岁""#, &["faceAge"]),
        (r#""faceAge":25岁"#, &["faceAge"]),
        (r#""faceAge":1e999"#, &["faceAge"]),
        (r#""faceAge":null"#, &[]),
        (r#""faceAge":25.5"#, &["faceAge"]),
        (r#""faceAge":{"years":25}"#, &["faceAge"]),
        (r#""faceAge":true"#, &["faceAge"]),
        (r#""facialPictureFront":7"#, &["facialPictureFront"]),
        (r#""guardRiskScore":"high""#, &["guardRiskScore"]),
        (r#""faceOcclusion":["T"]"#, &["faceOcclusion"]),
        (
            r#""procedurePriorityResult":"url","ProcedurePriorityResult":"keep""#,
            &["procedurePriorityResult"],
        ),
        (
            r#""procedurePriorityResult":"url","ProcedurePriorityResult":"url""#,
            &[],
        ),
        (
            r#""procedurePriorityResult":"","ProcedurePriorityResult":"url""#,
            &[],
        ),
    ] {
        let material = parsed(odd);
        assert_eq!(material.unreadable, unreadable, "{odd}");
        assert_eq!(material.face_attack.unwrap().as_str(), "F", "{odd}");
        let gender = material.face_gender.as_ref().map(Sensitive::expose);
        assert_eq!(gender, Some("M"), "{odd}");
        assert!(material.face_age.is_none() && material.ocr_id_card_info.is_none());
        let is_named = unreadable.contains(&"procedurePriorityResult");
        let is_read = material.procedure_priority_result.as_deref() == Some("url");
        assert_eq!(is_read, odd.contains("\"url\"") && !is_named, "{odd}");
    }
    let odd = r#""facialPictureFront":{"verifyScore":9,"qualityScore":{},"pictureUrl":"\ud800"}"#;
    let FacePicture {
        verify_score,
        quality_score,
        picture_url,
        unreadable,
        ..
    } = parsed(odd).facial_picture_front.unwrap();
    assert_eq!((verify_score, quality_score), (Some(9.0), None));
    assert_eq!(picture_url, None);
    assert_eq!(unreadable, ["qualityScore", "pictureUrl"]);
}

#[test]
fn contradictory_values_of_the_verdict_are_an_error() {
    for (body, field) in [
        (&br#"{"Code":"200","Code":"401"}"#[..], "Code"),
        (br#"{"Code":"200","code":"401"}"#, "Code"),
        (br#"{"ResultObject":{"Passed":"T","Passed":"F"}}"#, "Passed"),
        (
            br#"{"ResultObject":{"Passed":"T","Passed":["T"]}}"#,
            "Passed",
        ),
        (br#"{"ResultObject":{"Passed":{},"Passed":"T"}}"#, "Passed"),
        (
            br#"{"ResultObject":{"Passed":"T","SubCode":"200","SubCode":"201"}}"#,
            "SubCode",
        ),
        (
            br#"{"ResultObject":{"Passed":"T"},"ResultObject":{"Passed":"F"}}"#,
            "ResultObject",
        ),
        (
            br#"{"ResultObject":{"Passed":"T"},"ResultObject":"{\"Passed\":\"F\"}"}"#,
            "ResultObject",
        ),
        (
            b"{\"ResultObject\":{\"Passed\":\"T\",\"Passed\":\"F\",\"New\":\"\xff\"}}",
            "Passed",
        ),
        (
            br#"{"ResultObject":"{\"Passed\":\"T\",\"Passed\":\"F\"}"}"#,
            "Passed",
        ),
    ] {
        let error = described(body).unwrap_err();
        // The service itself says so, and the other region would say the same.
        assert_eq!(error.attempts().len(), 1, "{error}");
        let Error::Decode(error) = error else {
            panic!("{error}");
        };
        assert_eq!(error.kind, DecodeErrorKind::Contradictory(field.into()));
    }
    let body = br#"{"Code":"200","ResultObject":{"BizCode":"1","BizCode":"2"}}"#;
    let mut check = Call::new(&Id2MetaVerify::new(), CallOptions::new());
    let (sent, result) = run(check.as_mut().unwrap(), &mut session(), &[(200, &[], body)]);
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Decode(_)) && sent == 1, "{error}");
    assert!(
        error
            .to_string()
            .contains("contradictory values of `BizCode`"),
        "{error}"
    );
}

#[test]
fn values_that_occur_twice_and_agree_are_read() {
    for body in [
        r#"{"Code":"200","code":"200","ResultObject":{"Passed":"T","Passed":"T"}}"#,
        r#"{"Code":"","code":"200","ResultObject":{"Passed":"","Passed":"T"}}"#,
        r#"{"ResultObject":{"Passed":"T"},"ResultObject":{"Passed":"T"}}"#,
        r#"{"ResultObject":"","ResultObject":{"Passed":"T"},"ResultObject":null}"#,
    ] {
        assert!(
            described(body.as_bytes()).unwrap().value.has_passed(),
            "{body}"
        );
    }
    let body =
        br#"{"Code":"Throttling.User","code":"Throttling.User","Message":"m","message":"m"}"#;
    let (sent, _) = run(&mut describe(), &mut session(), &[(400, &[], body)]);
    assert_eq!(sent, 4, "not seen as throttling");
}

#[test]
fn a_verdict_that_cannot_be_read_is_queried_at_the_other_region() {
    for passed in [
        r#"{"a":"T"}"#,
        r#"["T"]"#,
        r#""T\ud800""#,
        "T",
        "null",
        r#""""#,
    ] {
        let body = format!(r#"{{"Code":"200","ResultObject":{{"Passed":{passed}}}}}"#);
        let responses = [(200, &[] as &[_], body.as_bytes()), (200, &[], DONE)];
        let (sent, result) = run(&mut describe(), &mut session(), &responses);
        assert!(result.unwrap().value.has_passed());
        assert_eq!(sent, 2, "{passed}");
        let error = described(body.as_bytes()).unwrap_err().to_string();
        assert!(error.contains("missing field `Passed`"), "{error}");
    }
}

#[test]
fn a_code_that_cannot_be_read_is_not_a_success() {
    for code in [r#"{"a":"200"}"#, r#"["200"]"#] {
        let body = format!(r#"{{"Code":{code},"ResultObject":{{"Passed":"T"}}}}"#);
        let error = described(body.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Decode(_)), "{error}");
    }
    for (code, read) in [(r#""200\ud800""#, "200?"), ("2OO", "?")] {
        let body = format!(r#"{{"Code":{code},"ResultObject":{{"Passed":"T"}}}}"#);
        let refusal = refused(described(body.as_bytes()).unwrap_err());
        assert_eq!(refusal.code.as_deref(), Some(read));
    }
    // Names without quotes are no JSON; the code must not be taken for a missing one.
    for code in [r#"Code:"401""#, r#" Code : "401""#] {
        for body in [
            format!(r#"{{{code},"ResultObject":{{"Passed":"T"}}}}"#),
            format!(r#"{{"ResultObject":{{"Passed":"T"}},{code}}}"#),
        ] {
            let error = described(body.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("not JSON"), "{error}");
        }
    }
}

#[test]
fn a_reply_to_a_raw_operation_is_repaired_too() {
    let raw = cloudauth_proto::ops::Raw::new("New", cloudauth_proto::Effect::ReadOnly);
    let body = r#"{"Code":"200","RequestId":"R1","Name":"\ud842","Age":25岁,"List":[1]}"#;
    let reply = Reply::from_json(&raw, body).unwrap();
    assert_eq!(reply.request_id.as_deref(), Some("R1"));
    let json = reply.value.expose();
    assert_eq!(json["Name"], "\u{fffd}");
    assert_eq!(
        (&json["Code"], &json["List"][0]),
        (&"200".into(), &1.into())
    );
    assert_eq!(json["Age"], "\u{fffd}");
}

/// The value of `accept-encoding` in a request.
fn accept_encoding(exchange: &Exchange) -> Vec<String> {
    let request = exchange.sign();
    let headers = request.headers.iter();
    let found = headers.filter(|(name, _)| *name == "accept-encoding");
    found.map(|(_, value)| value.to_string()).collect()
}

#[test]
fn no_response_is_to_be_compressed_and_no_signature_covers_that() {
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let mut session = session().scheme(scheme);
        let Step::Send(exchange) = describe().poll(&mut session, now()) else {
            panic!("the call sends nothing");
        };
        assert_eq!(accept_encoding(&exchange), ["identity"]);
        let request = exchange.sign();
        let mut headers = request.headers.iter();
        let signature = headers.find(|(name, _)| *name == "authorization");
        assert!(signature.is_none_or(|(_, value)| !value.contains("accept-encoding")));
    }
    for source in sources() {
        let mut session = Session::new(source, [3; 32]);
        let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, now()) else {
            panic!("no refresh is due");
        };
        let mut refresh = Refresh::inline(ticket);
        let mut step = refresh.poll(&mut session, now());
        if matches!(step, Step::Read { .. }) {
            refresh.supply(Ok(b"token".to_vec()));
            step = refresh.poll(&mut session, now());
        }
        let Step::Send(exchange) = step else {
            panic!("the refresh sends nothing");
        };
        assert_eq!(accept_encoding(&exchange), ["identity"]);
    }
}
