//! The details of a verdict, decoded from replies as the service writes them.
#![expect(clippy::unwrap_used, reason = "a test")]

use cloudauth_proto::codes::{self, Responsible, RetryAdvice};
use cloudauth_proto::ops::{DescribeFaceVerify, DescribeFaceVerifyResponse};
use cloudauth_proto::verify::{OcrIdCard, ProcedurePriority, TrueFalse, VehicleInfo, parse_json};
use cloudauth_proto::{Error, Reply, Sensitive};
use serde_json::{Value, json};

fn response(result: &Value) -> DescribeFaceVerifyResponse {
    let body = json!({ "Code": "200", "RequestId": "R", "ResultObject": result });
    let query = DescribeFaceVerify::new(1, "sha1");
    Reply::from_json(&query, &body.to_string()).unwrap().value
}

fn passed() -> Value {
    let material = json!({
        "faceAttack": "F",
        "faceOcclusion": "T",
        "faceAge": 28,
        "facialPictureFront": {
            "faceAttackScore": 0.01,
            "qualityScore": "88.3",
            "verifyScore": 76.6,
            "ossBucketName": "bucket",
            "ossObjectName": "verify/face.jpeg",
            "pictureUrl": "http://bucket.example/face.jpeg",
            "procedurePriorityResult": "Keep",
        },
        "somethingNew": [1],
    });
    json!({
        "Passed": "T",
        "SubCode": "200",
        "Success": "True",
        "IdentityInfo": "null",
        "DeviceToken": "McozS1",
        "DeviceRisk": "ROOT, VPN,,NewLabel",
        "MaterialInfo": material.to_string(),
        "UserInfo": "",
    })
}

#[test]
fn a_passed_verification_is_decoded() {
    let response = response(&passed());
    let details = response.details();
    assert!(response.has_passed());
    assert_eq!(details.reason.unwrap().english, "passed");
    assert_eq!(details.device_risks, ["ROOT", "VPN", "NewLabel"]);
    assert_eq!(details.identity, None);
    assert_eq!(details.device_token.map(Sensitive::expose), Some("McozS1"));
    assert!(details.user.is_none());
    assert_eq!(details.verify_score(), Some(76.6));
    assert_eq!(details.threshold(), Some(76.5));
    let material = details.material.as_ref().unwrap();
    assert_eq!(material.face_attack, Some(TrueFalse::False));
    assert_eq!(material.face_occlusion, Some(TrueFalse::True));
    assert_eq!(material.procedure_priority(), Some(ProcedurePriority::Keep));
    let picture = material.facial_picture_front.as_ref().unwrap();
    assert_eq!(picture.quality_score, Some(88.3));
    assert_eq!(
        picture.oss_object_name.as_ref().unwrap().expose(),
        "verify/face.jpeg"
    );
    // The video may be missing although it was requested.
    assert!(picture.verify_video_url.is_none());
    let shown = format!("{details:?}");
    for secret in ["face.jpeg", "McozS1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn the_verdict_comes_from_passed_alone() {
    for (passed, sub_code, has_passed) in
        [("T", "201", true), ("F", "200", false), ("t", "200", false)]
    {
        let result = json!({ "Passed": passed, "SubCode": sub_code });
        let response = response(&result);
        assert_eq!(response.has_passed(), has_passed, "{result}");
    }
}

#[test]
fn a_response_without_a_verdict_is_an_error() {
    let query = DescribeFaceVerify::new(1, "sha1");
    for result in [json!({ "SubCode": "200" }), json!({ "Passed": "" })] {
        let body = json!({ "Code": "200", "ResultObject": result });
        let error = Reply::from_json(&query, &body.to_string()).unwrap_err();
        assert!(
            error.to_string().contains("missing field `Passed`"),
            "{error}"
        );
    }
}

#[test]
fn a_threshold_is_reached_by_an_equal_score() {
    let threshold = |score: Value| {
        let material = json!({ "facialPictureFront": { "verifyScore": score } });
        let response = response(&json!({ "Passed": "F", "MaterialInfo": material.to_string() }));
        response.details().threshold()
    };
    for (score, reached) in [
        (69.9, None),
        (70.0, Some(70.0)),
        (71.5, Some(71.5)),
        (74.99, Some(71.5)),
        (75.0, Some(75.0)),
        (80.0, Some(80.0)),
        (100.0, Some(80.0)),
    ] {
        assert_eq!(threshold(score.into()), reached, "{score}");
    }
    assert_eq!(threshold(Value::Null), None);
}

#[test]
fn missing_details_are_not_an_error() {
    for result in [
        json!({ "Passed": "F" }),
        json!({ "Passed": "F", "MaterialInfo": "" }),
        json!({ "Passed": "F", "MaterialInfo": "null" }),
    ] {
        let response = response(&result);
        let details = response.details();
        assert!(details.material.is_none() && details.sub_code.is_none());
        assert!(details.device_risks.is_empty());
    }
}

#[test]
fn malformed_json_costs_nothing_but_itself() {
    let user = json!({ "name": "𠮷" }).to_string();
    let malformed = json!({ "Passed": "T", "MaterialInfo": "{张三", "UserInfo": user });
    let response = response(&malformed);
    let details = response.details();
    assert!(response.has_passed() && details.user.is_some());
    assert!(details.material.is_none());
    assert_eq!(details.unreadable, ["MaterialInfo"]);
    assert!(!format!("{details:?}").contains("张三"));
}

#[test]
fn a_name_with_a_rare_character_has_both_encodings() {
    let user = json!({ "name": "𠮷", "verifyName": "吉", "number": "1" }).to_string();
    let response = response(&json!({ "Passed": "T", "UserInfo": user }));
    let user = response.details().user.unwrap();
    assert_eq!(user.verify_name.unwrap().expose(), "吉");
}

#[test]
fn other_strings_that_hold_json_are_decoded() {
    let card: OcrIdCard = parse_json(&r#"{"birthDate":"19901226","certName":"张三"}"#.into())
        .unwrap()
        .unwrap();
    assert_eq!(card.birth.unwrap().expose(), "19901226");
    let vehicle: VehicleInfo = parse_json(&r#"{"high":1500,"type":"K33"}"#.into())
        .unwrap()
        .unwrap();
    assert_eq!(
        (vehicle.high, vehicle.kind.as_deref()),
        (Some(1500.0), Some("K33"))
    );
    let any: Value = parse_json(&r#"{"new":1}"#.into()).unwrap().unwrap();
    assert_eq!(any["new"], 1);
}

#[test]
fn the_error_of_a_refusal_has_the_meaning_of_its_code() {
    let refused = |code: &str| {
        let query = DescribeFaceVerify::new(1, "sha1");
        let body = json!({ "Code": code, "Message": "m" }).to_string();
        let error = Reply::from_json(&query, &body).unwrap_err();
        let Error::Service(fault) = error else {
            panic!("{error}");
        };
        fault.meaning()
    };
    let not_yet = refused("424").unwrap();
    assert_eq!(
        (not_yet.responsible, not_yet.retry),
        (Responsible::Person, RetryAdvice::Later)
    );
    assert_eq!(
        refused("MissingSceneId").unwrap().responsible,
        Responsible::Caller
    );
    assert_eq!(refused("999"), None);
    assert_eq!(
        codes::sub_code("207").unwrap().confidence,
        codes::Confidence::Likely
    );
}
