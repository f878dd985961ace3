//! The checks of operations before anything is sent: all invalid fields are reported at once.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use cloudauth_proto::operation::{Field, FieldKind, Listed};
use cloudauth_proto::ops::{
    self, BankMetaVerify, CompareFaceVerify, CompareFaces, ContrastFaceVerify, CreateAuthKey,
    CredentialVerify, DescribeFaceVerify, DescribeMetaStatisticsPageList, DetectFaceAttributes,
    Id2MetaVerify, Id3MetaVerifyPRO, InitAuthVerify, InitCardVerify, InitFaceVerify,
    VehicleMetaVerify, Visitor,
};
use cloudauth_proto::verify::{IdentityCard, Model, OuterOrderNo, Picture, SceneId};
use cloudauth_proto::{Call, CallOptions, Effect, Error, Flow, Operation, Scheme, Step};
use common::{generated, is_left_out, now, sample, session};

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
        ["OuterOrderNo", "CertType", "MetaInfo", "CertName", "CertNo"]
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
    operation.outer_order_no = "a".repeat(33);
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

fn card() -> IdentityCard {
    IdentityCard {
        name: "张三".into(),
        number: "330103199001011230".into(),
    }
}

#[test]
fn the_constructors_for_id_pro_set_every_field_that_a_browser_and_an_app_require() {
    let order = || OuterOrderNo::new("e0c34a77f5ac40a5aa5e6ed20c353888").unwrap();
    let (scene, meta_info) = (SceneId(1_000_000_006), r#"{"deviceType":"h5"}"#);
    let back = "https://www.example.com/back";
    let h5 = InitFaceVerify::id_pro_h5(scene, order(), card(), back, meta_info);
    let h5 = h5.model(Model::MultiAction);
    assert!(bad_fields(&h5).is_empty());
    assert_eq!(format!("{h5:?}"), format!("{:?}", id_pro()));

    let app = InitFaceVerify::id_pro_app(scene, order(), card(), meta_info);
    assert!(bad_fields(&app).is_empty());
    assert!(app.return_url.is_none() && app.model.is_none());
}

/// Case F01.
#[test]
fn what_programs_send_from_apps_and_without_a_model_is_accepted() {
    for order_no in [
        "order1",
        "42_1700000000000",
        "verify-7-1700000000000-abcdef12",
    ] {
        let app = InitFaceVerify::new(1_000_000_006, order_no, "ID_PRO")
            .cert_type("IDENTITY_CARD")
            .cert_name("张三")
            .cert_no("330103199001011234")
            .meta_info(r#"{"deviceType":"ios"}"#);
        assert!(bad_fields(&app).is_empty(), "{order_no}");
        assert!(bad_fields(&app.clone().model("LIVENESS")).is_empty());
        assert!(bad_fields(&app.return_url("https://www.example.com/")).is_empty());
    }
}

#[test]
fn what_the_documents_leave_open_is_not_refused() {
    // An empty URL, a model of another plan, an unlisted plan, a person who enters name and number.
    let open = id_pro().callback_url("").model("MULTI_PHOTINUS");
    assert!(bad_fields(&open).is_empty());
    assert!(bad_fields(&InitFaceVerify::new(1, "a b", "NEW_PLAN")).is_empty());
    let entered = InitFaceVerify::new(1, "order1", "ID_PRO")
        .cert_type("IDENTITY_CARD")
        .meta_info("{}");
    assert_eq!(bad_fields(&entered), ["CertName", "CertNo"]);
    assert!(bad_fields(&entered.rarely_characters(true)).is_empty());
}

#[test]
fn a_liveness_check_requires_a_user_id_and_the_device() {
    let open = InitFaceVerify::new(1, "order1", "LR_FR");
    assert_eq!(bad_fields(&open), ["UserId", "MetaInfo"]);
    let empty = open.clone().user_id("").meta_info("");
    assert_eq!(bad_fields(&empty), ["UserId", "MetaInfo"]);
    assert!(bad_fields(&open.user_id("7").meta_info("{}")).is_empty());
}

#[test]
fn a_field_that_another_one_requires_is_named() {
    let bank = |kind: &str| BankMetaVerify::new().product_type(kind);
    assert!(bad_fields(&bank("BANK_CARD_2_META")).is_empty());
    assert_eq!(bad_fields(&bank("BANK_CARD_3_META")), ["IdentifyNum"]);
    assert_eq!(
        bad_fields(&bank("BANK_CARD_4_META")),
        ["IdentifyNum", "Mobile"]
    );
    let vehicle = VehicleMetaVerify::new().verify_meta_type("VEHICLE_3_META");
    assert_eq!(bad_fields(&vehicle), ["IdentifyNum"]);
    let passport = id_pro()
        .cert_type("PASSPORT")
        .mode("3")
        .birthday("19900101");
    assert_eq!(bad_fields(&passport), ["ValidityDate"]);
    let credential = CredentialVerify::new()
        .cred_name("02")
        .product_code("IMAGE_VL_COG");
    assert_eq!(bad_fields(&credential), ["MerchantId", "PromptModel"]);
    let own = CredentialVerify::new().prompt_model("CUSTOM");
    assert_eq!(bad_fields(&own), ["Prompt"]);
    let theirs = CredentialVerify::new().prompt_model("DEFAULT");
    assert_eq!(bad_fields(&theirs), ["MerchantDetail"]);
    assert_eq!(bad_fields(&CreateAuthKey::new()), ["AuthYears"]);
    assert!(bad_fields(&CreateAuthKey::new().test(true)).is_empty());
}

fn problem<O: Operation>(operation: &O) -> String {
    match Call::new(operation, CallOptions::new()) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_description_of_the_device_that_is_no_object_is_refused() {
    let twice = serde_json::to_string(r#"{"deviceType":"h5"}"#).unwrap();
    for (meta_info, told) in [
        (twice.as_str(), "stringified twice"),
        ("[]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ("\"h5\"", "must be a JSON object"),
        ("[object Object]", "must be a JSON object"),
        ("%7B%22deviceType%22%3A%22h5%22%7D", "must be a JSON object"),
        (r#"{"deviceType":"#, "must be a JSON object"),
        ("\u{feff}{}", "must be a JSON object"),
    ] {
        let told_by = [
            problem(&id_pro().meta_info(meta_info)),
            problem(&InitAuthVerify::new(1, "o", "ID_OCR", meta_info)),
            problem(&InitCardVerify::new("o", "IDENTITY_CARD", "1", meta_info)),
        ];
        for error in told_by {
            assert!(
                error.contains("MetaInfo ") && error.contains(told),
                "{error}"
            );
        }
    }
    assert!(bad_fields(&id_pro().meta_info(" {\n\"deviceType\": \"h5\"}\n")).is_empty());
}

/// Every field for a file in base64 refuses what is none, and takes the payload of a data URI.
#[derive(Default)]
struct Pictures(usize);

impl Visitor for Pictures {
    fn operation<O: Listed + Sync>(&mut self) {
        let action = O::METADATA.action;
        for field in O::METADATA.fields {
            if field.kind != FieldKind::Base64 {
                continue;
            }
            self.0 += 1;
            let with = |picture: &str| {
                O::from_texts(|it: &'static Field| {
                    if it.name == field.name {
                        Some(picture.to_owned())
                    } else {
                        (!is_left_out(&action, it)).then(|| sample(&action, it))
                    }
                })
                .unwrap()
            };
            for bad in ["https://www.example.com/face.jpg", "face.jpg", "/9j/4"] {
                assert_eq!(bad_fields(&with(bad)), [field.name], "{action} {bad}");
            }
            let is_url = problem(&with("https://www.example.com/face.jpg"));
            assert!(is_url.contains("not its URL"), "{is_url}");
            for good in ["/9j/", "data:image/jpeg;base64,/9j/", "/9\r\nj/\n"] {
                assert_eq!(with(good).check(), []);
                let mut params = cloudauth_proto::operation::Params::new();
                with(good).encode(&mut params);
                let mut plain = cloudauth_proto::operation::Params::new();
                with("/9j/").encode(&mut plain);
                assert_eq!(format!("{params:?}"), format!("{plain:?}"), "{action}");
            }
        }
    }
}

#[test]
fn a_picture_that_is_a_url_or_no_base64_is_refused_in_every_field_for_one() {
    let mut pictures = Pictures::default();
    ops::visit(&mut pictures);
    assert_eq!(pictures.0, 11);
}

#[test]
fn a_picture_of_the_first_generation_is_a_url_or_marked_as_base64() {
    let faces = CompareFaces::new()
        .source_image_value("/9j/4GZhY2U=")
        .target_image_value("base64:///9j/4GZhY2U=");
    assert_eq!(bad_fields(&faces), ["SourceImageValue"]);
    assert_eq!(
        bad_fields(&DetectFaceAttributes::new("face.jpg")),
        ["MaterialValue"]
    );
    assert!(bad_fields(&DetectFaceAttributes::new("https://h/face.jpg")).is_empty());
}

/// Case F15, and its kind: text that people type, wherever it goes.
#[derive(Default)]
struct Invisible {
    fields: usize,
}

impl Visitor for Invisible {
    fn operation<O: Listed + Sync>(&mut self) {
        let action = O::METADATA.action;
        let names = [
            "CertName",
            "CertNo",
            "UserName",
            "IdentifyNum",
            "IdCardNumber",
            "Mobile",
            "BankCard",
            "VehicleNum",
            "Vin",
        ];
        for field in O::METADATA.fields {
            if !names.contains(&field.name) {
                continue;
            }
            self.fields += 1;
            for hidden in ["\u{feff}1", "张\u{200b}三", "1\u{200e}", "张三\r\n"] {
                let operation = O::from_texts(|it: &'static Field| {
                    if it.name == field.name {
                        Some(hidden.to_owned())
                    } else {
                        (!is_left_out(&action, it)).then(|| sample(&action, it))
                    }
                });
                let operation = operation.unwrap();
                assert_eq!(bad_fields(&operation), [field.name], "{action}");
                assert!(problem(&operation).contains("invisible character"));
            }
        }
    }
}

#[test]
fn a_name_or_a_number_with_a_character_that_nobody_sees_is_refused_by_every_operation() {
    let mut invisible = Invisible::default();
    ops::visit(&mut invisible);
    assert!(invisible.fields > 50, "{}", invisible.fields);
    let error = problem(&id_pro().cert_name("\u{feff}张三"));
    assert_eq!(
        error,
        "InitFaceVerify was not sent: CertName contains the invisible character \
         BYTE ORDER MARK (U+FEFF)"
    );
}

/// Base64 of the byte 04 and 97 more bytes.
fn ciphertext() -> String {
    format!("BA{}", "A".repeat(130))
}

#[test]
fn a_name_in_clear_that_is_said_to_be_encrypted_is_refused_and_the_reverse() {
    let in_clear = id_pro().encrypt_type("SM2");
    assert_eq!(bad_fields(&in_clear), ["CertName", "CertNo"]);
    let encrypted = id_pro().cert_name(ciphertext()).cert_no(ciphertext());
    assert_eq!(bad_fields(&encrypted), ["CertName", "CertNo"]);
    assert_eq!(
        bad_fields(&encrypted.clone().encrypt_type("")),
        ["CertName", "CertNo"]
    );
    assert!(bad_fields(&encrypted.encrypt_type("SM2")).is_empty());
    assert!(bad_fields(&id_pro().encrypt_type("")).is_empty());

    let contrast = ContrastFaceVerify::new()
        .face_contrast_picture("/9j/")
        .cert_name("张三")
        .encrypt_type("SM2");
    assert_eq!(bad_fields(&contrast), ["CertName"]);
    let check = Id3MetaVerifyPRO::new().user_name("张三").param_type("sm2");
    assert_eq!(bad_fields(&check), ["UserName"]);
    let check = Id3MetaVerifyPRO::new().user_name(ciphertext());
    assert_eq!(bad_fields(&check), ["UserName"]);
    assert!(bad_fields(&check.param_type("sm2")).is_empty());
}

/// The error of the first poll, or nothing if the call is sent.
fn first_poll<O: Operation>(operation: &O, scheme: Scheme) -> Option<Error> {
    let mut session = session().scheme(scheme);
    let mut call = Call::new(operation, CallOptions::new()).unwrap();
    match call.poll(&mut session, now()) {
        Step::Send(_) => None,
        Step::Done(Err(error)) => Some(error),
        Step::Abandon(_)
        | Step::Wait(_)
        | Step::Authenticate(_)
        | Step::Read { .. }
        | Step::Run { .. }
        | Step::Provide { .. }
        | Step::Done(_) => panic!("neither sent nor refused"),
    }
}

#[test]
fn a_value_that_no_url_can_carry_is_refused_unless_the_body_carries_it() {
    let of = |bytes: usize| {
        let meta_info = format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes));
        id_pro().meta_info(meta_info)
    };
    assert!(first_poll(&of(60_000), Scheme::Acs3HmacSha256).is_none());
    assert!(first_poll(&of(70_000), Scheme::RpcHmacSha1).is_none());
    let error = first_poll(&of(70_000), Scheme::Acs3HmacSha256).unwrap();
    let Error::Invalid(invalid) = &error else {
        panic!("{error}");
    };
    assert_eq!(invalid.fields.len(), 1);
    assert_eq!(invalid.fields[0].field, "MetaInfo");
    assert!(
        error
            .to_string()
            .contains("only RPC 1.0 sends it in the body")
    );
    // GET requests have no body under either scheme.
    let get = ops::Raw::new("New", Effect::ReadOnly)
        .param(
            "A",
            "x".repeat(70_000),
            cloudauth_proto::operation::ParamLocation::Form,
        )
        .get();
    for scheme in [Scheme::Acs3HmacSha256, Scheme::RpcHmacSha1] {
        let error = first_poll(&get, scheme).unwrap();
        assert!(
            error.to_string().contains("a parameter is too long"),
            "{error}"
        );
    }
}

#[test]
fn all_fields_that_are_missing_or_unreadable_are_named_at_once() {
    let unreadable = ops::DescribeMetaSearchPageList::from_texts(|field| {
        (field.name == "PageSize").then(|| "ten".to_owned())
    });
    let mut fields: Vec<_> = unreadable.unwrap_err().iter().map(|it| it.field).collect();
    fields.sort_unstable();
    let required = ops::DescribeMetaSearchPageList::METADATA.fields.iter();
    let required = required.filter(|field| field.required && field.name != "PageSize");
    assert!(fields.contains(&"PageSize"));
    assert!(required.into_iter().count() > 0);
    let none = ops::Mobile2MetaVerify::from_texts(|_| None).unwrap_err();
    assert_eq!(none.len(), 3);
}

#[test]
fn every_operation_is_valid_with_the_values_of_the_other_tests() {
    struct Valid(usize);

    impl Visitor for Valid {
        fn operation<O: Listed + Sync>(&mut self) {
            assert_eq!(generated::<O>().check(), [], "{}", O::METADATA.action);
            self.0 += 1;
        }
    }

    let mut valid = Valid(0);
    ops::visit(&mut valid);
    assert_eq!(valid.0, 101);
}

#[test]
fn a_picture_from_bytes_is_accepted() {
    let picture = Picture::new(b"\xff\xd8\xff\xe0face").unwrap();
    let contrast = ContrastFaceVerify::new().face_contrast_picture(picture);
    assert!(bad_fields(&contrast).is_empty());
    // A number that is not checked, since not every document has one of this form.
    assert!(bad_fields(&Id2MetaVerify::new().identify_num("AB1234567")).is_empty());
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
    // Each of the four sources, but none that is empty.
    for empty in [
        open.clone().face_contrast_picture(""),
        open.clone().face_contrast_picture_url(""),
        open.clone().certify_id(""),
        open.clone().oss_bucket_name("").oss_object_name(""),
    ] {
        assert_eq!(bad_fields(&empty), ["FaceContrastPicture"]);
    }
    let url = open
        .clone()
        .face_contrast_picture_url("https://b.oss.example/o");
    assert!(bad_fields(&url).is_empty());
    assert!(bad_fields(&open.clone().certify_id("sha1")).is_empty());
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
    let object = CompareFaceVerify::new()
        .source_certify_id("sha1")
        .target_oss_object_name("o");
    assert_eq!(bad_fields(&object), ["TargetOssBucketName"]);
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
