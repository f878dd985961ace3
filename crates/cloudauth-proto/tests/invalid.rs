//! The checks of operations before anything is sent: all invalid fields are reported at once.

use cloudauth_proto::ops::{
    CompareFaceVerify, ContrastFaceVerify, DescribeFaceVerify, DescribeMetaStatisticsPageList,
    InitAuthVerify, InitFaceVerify,
};
use cloudauth_proto::verify::{IdentityCard, Model, OuterOrderNo, SceneId};
use cloudauth_proto::{Call, CallOptions, Error, Operation};

fn bad_fields<O: Operation>(operation: &O) -> Vec<&'static str> {
    match Call::new(operation, CallOptions::new()) {
        Ok(_) => Vec::new(),
        Err(Error::Invalid(invalid)) => {
            let error = invalid.to_string();
            let fields: Vec<_> = invalid.fields.iter().map(|p| p.field).collect();
            assert!(fields.iter().all(|field| error.contains(field)), "{error}");
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
        .cert_no("330103199001011230")
        .return_url("https://www.example.com/back")
        .meta_info(r#"{"deviceType":"h5"}"#)
}

#[test]
fn a_complete_operation_is_valid() {
    assert!(bad_fields(&id_pro()).is_empty());
    assert!(bad_fields(&DescribeFaceVerify::new(1, "sha1")).is_empty());
    // The ReturnUrl of an iframe is not a URL.
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
fn the_error_contains_no_value() {
    let operation = id_pro()
        .meta_info("zhang san")
        .callback_url("http://zhang.example");
    let error = Call::new(&operation, CallOptions::new()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("zhang"), "{error}");
}

#[test]
fn the_constructor_for_id_pro_sets_every_required_field() {
    let open = InitFaceVerify::id_pro(
        SceneId(1_000_000_006),
        OuterOrderNo::new("e0c34a77f5ac40a5aa5e6ed20c353888").unwrap(),
        Model::MultiAction,
        IdentityCard {
            name: "张三".into(),
            number: "330103199001011230".into(),
        },
        "https://www.example.com/back",
        r#"{"deviceType":"h5"}"#,
    );
    assert!(bad_fields(&open).is_empty());
    assert_eq!(format!("{open:?}"), format!("{:?}", id_pro()));
}

#[test]
fn required_fields_that_are_not_arguments_of_new_are_named() {
    let list = DescribeMetaStatisticsPageList::new("Id2MetaVerify").current_page(1);
    assert_eq!(bad_fields(&list), ["EndDate", "PageSize", "StartDate"]);
    let read = InitAuthVerify::new(1, "order1", "ID_OCR", "{}");
    assert_eq!(bad_fields(&read), ["CardPageNumber", "CardType"]);
}

#[test]
fn a_plan_with_a_picture_requires_one_and_a_user_id() {
    let open = InitFaceVerify::new(1, "order1", "PV_FV");
    assert_eq!(bad_fields(&open), ["UserId", "FaceContrastPicture"]);
    let open = open.user_id("7");
    let bucket = open.clone().oss_bucket_name("b").oss_object_name("o");
    assert!(bad_fields(&bucket).is_empty());
    assert!(bad_fields(&open.face_contrast_picture("/9j/")).is_empty());
}

#[test]
fn exactly_one_picture_is_required() {
    let contrast = ContrastFaceVerify::new();
    assert_eq!(bad_fields(&contrast), ["FaceContrastPicture"]);
    let contrast = contrast.face_contrast_picture("/9j/");
    assert!(bad_fields(&contrast).is_empty());
    let both = contrast.certify_id("sha1");
    assert_eq!(bad_fields(&both), ["FaceContrastPicture"]);

    let compare = CompareFaceVerify::new().source_certify_id("sha1");
    assert_eq!(bad_fields(&compare), ["TargetFaceContrastPicture"]);
    let compare = compare.target_oss_bucket_name("b");
    assert_eq!(bad_fields(&compare), ["TargetOssObjectName"]);
    assert!(bad_fields(&compare.target_oss_object_name("o")).is_empty());
}

#[test]
fn a_picture_of_one_mebibyte_is_too_large() {
    let of = |bytes: usize| "A".repeat(bytes.div_ceil(3) * 4);
    let contrast = ContrastFaceVerify::new();
    let below = contrast.clone().face_contrast_picture(of((1 << 20) - 4));
    assert!(bad_fields(&below).is_empty());
    let above = contrast.face_contrast_picture(of(1 << 20));
    assert_eq!(bad_fields(&above), ["FaceContrastPicture"]);
}
