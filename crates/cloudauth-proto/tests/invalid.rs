//! What is wrong with an operation is found before anything is sent, all of it at once.

use cloudauth_proto::ops::{DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{Call, CallOptions, Error, Operation};

fn bad_fields<O: Operation>(operation: &O) -> Vec<&'static str> {
    match Call::new(operation, CallOptions::new()) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(invalid)) => {
            let told = invalid.to_string();
            let fields: Vec<_> = invalid.problems.iter().map(|p| p.field).collect();
            assert!(fields.iter().all(|field| told.contains(field)), "{told}");
            fields
        }
        Err(other) => panic!("{other}"),
    }
}

fn id_pro() -> InitFaceVerify {
    InitFaceVerify::new(1_000_000_006, "e0c34a77f5ac40a5aa5e6ed20c353888", "ID_PRO")
        .model("MULTI_ACTION")
        .cert_type("IDENTITY_CARD")
        .cert_name("张三")
        .cert_no("330103199001011234")
        .return_url("https://www.example.com/back")
        .meta_info(r#"{"deviceType":"h5"}"#)
}

#[test]
fn a_complete_operation_is_not_complained_about() {
    assert!(bad_fields(&id_pro()).is_empty());
    assert!(bad_fields(&DescribeFaceVerify::new(1, "sha1")).is_empty());
    // The iframe's ReturnUrl is no URL.
    assert!(bad_fields(&id_pro().return_url("iframe")).is_empty());
}

#[test]
fn every_missing_field_is_named() {
    let bare = InitFaceVerify::new(1, "", "ID_PRO").cert_no("");
    assert_eq!(
        bad_fields(&bare),
        [
            "OuterOrderNo",
            "Model",
            "CertType",
            "CertName",
            "CertNo",
            "ReturnUrl",
            "MetaInfo"
        ]
    );
    assert_eq!(bad_fields(&DescribeFaceVerify::new(1, "")), ["CertifyId"]);
}

#[test]
fn every_malformed_field_is_named() {
    let mut operation = id_pro()
        .auth_id("a".repeat(65))
        .callback_url("http://www.example.com/called")
        .meta_info("not json")
        .voluntary_customized_content("[")
        .oss_bucket_name("bucket")
        .face_contrast_picture_url("https://www.example.com/face.jpg");
    operation.outer_order_no = "a b".into();
    assert_eq!(
        bad_fields(&operation),
        [
            "AuthId",
            "OuterOrderNo",
            "CallbackUrl",
            "MetaInfo",
            "VoluntaryCustomizedContent",
            "FaceContrastPicture",
            "OssObjectName"
        ]
    );
    operation.outer_order_no = "a".repeat(33);
    assert!(bad_fields(&operation).contains(&"OuterOrderNo"));
}

#[test]
fn lengths_are_counted_in_characters() {
    assert!(bad_fields(&id_pro().auth_id("张".repeat(64))).is_empty());
    assert_eq!(bad_fields(&id_pro().auth_id("张".repeat(65))), ["AuthId"]);
}

#[test]
fn the_complaint_does_not_repeat_the_value() {
    let operation = id_pro()
        .meta_info("zhang san")
        .callback_url("http://zhang.example");
    let error = Call::new(&operation, CallOptions::new()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("zhang"), "{error}");
}
