//! Recorded requests of the vendor's Python SDK, unchanged and changed.

use cloudauth_sim::{BEARER_TOKEN, IncomingRequest, Refusal, VerifiedRequest, verify};
use ring::{digest, hmac};

/// The time of the recordings: 2026-11-24T02:16:26Z.
const AT: u64 = 1_795_486_586;

const ACS3: &[u8] = include_bytes!("../vectors/recordings/InitFaceVerify.http");
const ACS3_STS: &[u8] = include_bytes!("../vectors/recordings/auth_sts.http");
const SM3: &[u8] = include_bytes!("../vectors/recordings/sig_sm3.http");
const BEARER: &[u8] = include_bytes!("../vectors/recordings/auth_bearer.http");
const RPC: &[u8] = include_bytes!("../vectors/recordings/sig_v2_rpc_hmac_sha1.http");

fn parse(recording: &[u8]) -> IncomingRequest {
    let end = recording.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = core::str::from_utf8(&recording[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ');
    let (method, target) = (first.next().unwrap(), first.next().unwrap());
    let headers = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    IncomingRequest::new(method, target, headers, &recording[end + 4..])
}

fn secret_of(id: &str) -> Option<String> {
    (id == "LTAI0EXAMPLEKEYID").then(|| "exampleSecret0000000000000000".to_owned())
}

fn check(request: &IncomingRequest) -> Result<VerifiedRequest, Refusal> {
    verify(request, secret_of, AT)
}

fn code(result: Result<VerifiedRequest, Refusal>) -> &'static str {
    result.unwrap_err().code
}

/// The code after changing one header.
fn after(recording: &[u8], name: &str, change: impl Fn(&str) -> String) -> &'static str {
    let mut request = parse(recording);
    let header = request
        .headers
        .iter_mut()
        .find(|(known, _)| known == name)
        .unwrap();
    header.1 = change(&header.1);
    code(check(&request))
}

#[test]
fn a_recorded_acs3_request_is_verified_and_decoded() {
    let verified = check(&parse(ACS3)).unwrap();
    assert_eq!(verified.scheme, "ACS3-HMAC-SHA256");
    assert_eq!(verified.access_key_id, "LTAI0EXAMPLEKEYID");
    assert_eq!(verified.action, "InitFaceVerify");
    assert_eq!(verified.version, "2019-03-07");
    assert_eq!(verified.signed_at_unix, AT);
    assert_eq!(verified.security_token, None);
    let nonce = verified.nonce.as_deref();
    assert_eq!(nonce, Some("fa8e8678d6d73f15976f79c954f72b88"));
    assert_eq!(verified.params["CertName"], "张先生");
    let meta_info = r#"{"bioMetaInfo":"4.1.0:11501568,0","a b":"x+y&z=1~*'()!"}"#;
    assert_eq!(verified.params["MetaInfo"], meta_info);
    // From the form.
    assert_eq!(verified.params["Model"], "LIVENESS");
    assert_eq!(verified.params.len(), 9);
}

#[test]
fn a_recorded_rpc_request_is_verified_and_decodes_to_the_same_parameters() {
    let rpc = check(&parse(RPC)).unwrap();
    assert_eq!(rpc.scheme, "HMAC-SHA1");
    assert_eq!(rpc.action, "InitFaceVerify");
    assert_eq!(rpc.format.as_deref(), Some("json"));
    assert_eq!(rpc.params, check(&parse(ACS3)).unwrap().params);
}

#[test]
fn a_recorded_request_under_sm3_is_verified_and_decodes_to_the_same_parameters() {
    let verified = check(&parse(SM3)).unwrap();
    assert_eq!(verified.scheme, "ACS3-HMAC-SM3");
    assert_eq!(verified.params, check(&parse(ACS3)).unwrap().params);
    // The hash of the other algorithm does not pass.
    let other = after(SM3, "Authorization", |value| value.replace("SM3", "SHA256"));
    assert_eq!(other, "SignatureDoesNotMatch");
}

#[test]
fn an_action_without_authorization_is_a_request_with_a_bearer_token() {
    let recorded = parse(BEARER);
    assert_eq!(code(check(&recorded)), "InvalidBearerToken");

    let mut known = recorded.clone();
    let mut headers = known.headers.iter_mut();
    let token = headers.find(|(name, _)| name == "x-acs-bearer-token");
    BEARER_TOKEN.clone_into(&mut token.unwrap().1);
    let verified = check(&known).unwrap();
    assert_eq!(verified.action, "DescribeFaceVerify");
    assert_eq!(verified.scheme, "BEARERTOKEN");
    let names: Vec<_> = verified.params.keys().collect();
    assert_eq!(names, ["CertifyId", "SceneId"]);

    let mut neither = recorded;
    neither
        .headers
        .retain(|(name, _)| name != "x-acs-bearer-token");
    assert_eq!(code(check(&neither)), "MissingSignature");
}

#[test]
fn an_empty_token_is_none_under_both_schemes() {
    let mut acs3 = acs3_with("x-acs-security-token", "");
    assert_eq!(check(&acs3).unwrap().security_token, None);
    acs3 = acs3_with("x-acs-security-token", "t");
    let token = check(&acs3).unwrap().security_token;
    assert_eq!(token.as_deref(), Some("t"));

    let now = crate::client::NOW;
    let call = crate::client::Call::new("DescribeOssStatus", now).set("SecurityToken", "");
    let mut world = cloudauth_sim::World::new();
    let region = cloudauth_sim::Region::Shanghai;
    let response = crate::client::expect_response(world.handle(region, &call.sign(), now));
    assert_eq!(response.status, 200, "{}", response.text());
}

#[test]
fn a_recorded_request_with_a_token_is_verified() {
    let verified = check(&parse(ACS3_STS)).unwrap();
    let token = verified.security_token.as_deref();
    assert_eq!(token, Some("CAISTOKEN+/=example"));
}

#[test]
fn every_flipped_bit_of_the_signed_bytes_is_refused() {
    for recording in [ACS3, ACS3_STS, SM3, RPC] {
        let original = check(&parse(recording)).unwrap();
        let end = recording.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = core::str::from_utf8(&recording[..end]).unwrap();
        let unsigned: Vec<&str> = if original.scheme == "HMAC-SHA1" {
            head.split("\r\n").skip(1).collect()
        } else {
            vec![
                "Accept-Encoding: identity",
                "Content-Length: 14",
                "Content-Length: 0",
            ]
        };
        let request = parse(recording);

        let mut checked = 0;
        let mut refuse = |changed: IncomingRequest| {
            // Some changes have the same meaning: `+` for `%20`, the case of a hex digit.
            if let Ok(verified) = check(&changed) {
                assert_eq!(verified, original);
            }
            checked += 1;
        };
        for (at, bit) in (0..request.target.len()).flat_map(|at| (0..7).map(move |bit| (at, bit))) {
            let mut bytes = request.target.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let mut changed = request.clone();
            changed.target = String::from_utf8(bytes).unwrap();
            refuse(changed);
        }
        for (at, bit) in (0..request.body.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut changed = request.clone();
            changed.body[at] ^= 1 << bit;
            assert!(check(&changed).is_err(), "body byte {at}, bit {bit}");
        }
        for (index, (name, value)) in request.headers.iter().enumerate() {
            if unsigned.contains(&format!("{name}: {value}").as_str()) {
                continue;
            }
            for (at, bit) in (0..value.len()).flat_map(|at| (0..7).map(move |bit| (at, bit))) {
                let mut bytes = value.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let mut changed = request.clone();
                changed.headers[index].1 = String::from_utf8(bytes).unwrap();
                let same = changed.headers[index].1.trim() == value;
                assert!(
                    same || check(&changed).is_err(),
                    "{name} byte {at}, bit {bit}"
                );
            }
        }
        assert!(checked > 100);
    }
}

#[test]
fn the_message_about_a_mismatch_has_the_server_s_string_to_sign() {
    let mut request = parse(ACS3);
    request.body = b"Model=MOVE_ACTION".to_vec();
    let refusal = check(&request).unwrap_err();
    assert_eq!(
        (refusal.status, refusal.code),
        (400, "SignatureDoesNotMatch")
    );
    let message = &refusal.message;
    assert!(message.contains("server StringToSign is [ACS3-HMAC-SHA256\n"));
    assert!(message.contains("server CanonicalRequest is [POST\n/\nCertName="));
    assert!(
        !format!("{refusal:?} {refusal}").contains("330103"),
        "Debug shows no personal data"
    );

    let mut request = parse(RPC);
    request.target = request.target.replace("ID_PRO", "ID_PLUS");
    let message = check(&request).unwrap_err().message;
    assert!(message.contains("server string to sign is:POST&%2F&AccessKeyId%3D"));
}

#[test]
fn a_timestamp_more_than_fifteen_minutes_away_is_refused() {
    for recording in [ACS3, RPC] {
        let request = parse(recording);
        for near in [AT - 900, AT + 900] {
            assert!(verify(&request, secret_of, near).is_ok());
        }
        for far in [0, AT - 901, AT + 901, u64::MAX] {
            let result = verify(&request, secret_of, far);
            assert_eq!(code(result), "InvalidTimeStamp.Expired");
        }
    }
    for malformed in [
        "yesterday",
        "2026-11-31T02:16:26Z",
        "2026-11-24t02:16:26Z",
        "2026-11-24T02:16:26z",
        "2026-11-24T02:16:26+00:00",
        "2026-11-24T02:16:26.5Z",
        "2026-11-24T2:16:26Z",
    ] {
        let code = after(ACS3, "x-acs-date", |_| malformed.into());
        assert_eq!(code, "InvalidTimeStamp.Format", "{malformed}");
    }
}

#[test]
fn an_unknown_key_is_not_found() {
    for recording in [ACS3, RPC] {
        let refusal = verify(&parse(recording), |_| None, AT).unwrap_err();
        assert_eq!(
            (refusal.status, refusal.code),
            (404, "InvalidAccessKeyId.NotFound")
        );
        let wrong_secret = verify(&parse(recording), |_| Some("other".into()), AT);
        assert_eq!(code(wrong_secret), "SignatureDoesNotMatch");
    }
}

/// The vendor's Python SDK, async, sends empty bodies with a type that its HTTP library adds.
#[test]
fn the_type_of_an_empty_body_need_not_be_signed() {
    let typed = |recording| {
        let mut request = parse(recording);
        let name = "Content-Type".to_owned();
        request
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case("content-type"));
        request
            .headers
            .push((name, "application/octet-stream".into()));
        request
    };
    assert!(check(&typed(ACS3_STS)).is_ok());
    let mut unsigned = typed(ACS3_STS);
    unsigned.body = b"Model=LIVENESS".to_vec();
    assert_eq!(code(check(&unsigned)), "IncompleteSignature");
}

#[test]
fn relevant_headers_must_be_signed() {
    for name in [
        "host",
        "x-acs-action",
        "x-acs-date",
        "content-type",
        "x-acs-version",
    ] {
        let without = |value: &str| value.replacen(&format!("{name};"), "", 1);
        let code = after(ACS3, "Authorization", |value| {
            without(value).replacen(
                ";x-acs-version",
                if name == "x-acs-version" {
                    ""
                } else {
                    ";x-acs-version"
                },
                1,
            )
        });
        assert_eq!(code, "IncompleteSignature", "{name}");
    }
    let mut request = parse(ACS3);
    request
        .headers
        .push(("X-Acs-Security-Token".into(), "added".into()));
    assert_eq!(code(check(&request)), "IncompleteSignature");

    // Named as signed, but absent.
    let mut request = parse(ACS3);
    request.headers.retain(|(name, _)| name != "accept");
    assert_eq!(code(check(&request)), "IncompleteSignature");
}

#[test]
fn a_malformed_authorization_is_refused() {
    for (value, expected) in [
        ("ACS3-HMAC-SHA256", "IncompleteSignature"),
        (
            "ACS3-HMAC-SHA256 Credential=a,Credential=b",
            "IncompleteSignature",
        ),
        (
            "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=,Signature=",
            "IncompleteSignature",
        ),
        (
            "ACS3-RSA-SHA256 Credential=a,SignedHeaders=host,Signature=00",
            "InvalidSignatureMethod",
        ),
        ("ACS3-", "InvalidSignatureMethod"),
    ] {
        assert_eq!(
            after(ACS3, "Authorization", |_| value.into()),
            expected,
            "{value}"
        );
    }
    let mut request = parse(ACS3);
    let again = ("authorization".into(), "ACS3-HMAC-SHA256".into());
    request.headers.push(again);
    assert_eq!(code(check(&request)), "IncompleteSignature");
    let upper_case = |value: &str| {
        let (before, signature) = value.rsplit_once('=').unwrap();
        format!("{before}={}", signature.to_uppercase())
    };
    assert_eq!(
        after(ACS3, "Authorization", upper_case),
        "SignatureDoesNotMatch"
    );
}

/// A correctly signed request that states `stated` as the hash of its body.
fn acs3_with_hash(stated: &str) -> IncomingRequest {
    acs3_with("x-acs-content-sha256", stated)
}

/// A correctly signed request with this header.
fn acs3_with(name: &str, value: &str) -> IncomingRequest {
    let body = "Model=LIVENESS";
    let hash = hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
    let mut headers = std::collections::BTreeMap::from([
        ("host", "h"),
        ("x-acs-action", "InitFaceVerify"),
        ("x-acs-content-sha256", &*hash),
        ("x-acs-date", "2026-11-24T02:16:26Z"),
        ("x-acs-version", "2019-03-07"),
    ]);
    headers.insert(name, value);
    let names: Vec<_> = headers.keys().copied().collect();
    let signed = names.join(";");
    let lines: Vec<String> = headers.iter().map(|(k, v)| format!("{k}:{v}\n")).collect();
    let canonical = format!("POST\n/\n\n{}\n{signed}\n{hash}", lines.concat());
    let hash = hex(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref());
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"exampleSecret0000000000000000");
    let tag = hmac::sign(&key, format!("ACS3-HMAC-SHA256\n{hash}").as_bytes());
    let authorization = format!(
        "ACS3-HMAC-SHA256 Credential=LTAI0EXAMPLEKEYID,SignedHeaders={signed},Signature={}",
        hex(tag.as_ref())
    );
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut headers: Vec<_> = headers.into_iter().map(owned).collect();
    headers.push(("authorization".to_owned(), authorization));
    IncomingRequest::new("POST", "/", headers, body)
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[test]
fn a_stated_body_hash_must_match_the_body() {
    let hash = hex(digest::digest(&digest::SHA256, b"Model=LIVENESS").as_ref());
    let verified = check(&acs3_with_hash(&hash)).unwrap();
    assert_eq!(verified.nonce, None, "optional according to the ACS3 page");
    assert!(
        verified.params.is_empty(),
        "the body is not declared as a form"
    );

    let empty = hex(digest::digest(&digest::SHA256, b"").as_ref());
    let result = check(&acs3_with_hash(&empty));
    assert_eq!(code(result), "SignatureDoesNotMatch");
}
