//! Operations with generated values, and the configuration of property tests.

#![allow(dead_code, reason = "each test file uses a part of it")]

use core::time::Duration;

use cloudauth_proto::driver::{MonoTime, Now};
use cloudauth_proto::operation::{Field, FieldKind, Listed};
use cloudauth_proto::{Credentials, Session, UnixTime};
use proptest::test_runner::{Config, RngSeed, contextualize_config};

/// Configuration of all property tests. The seed is fixed, so that every run has the same cases.
///
/// The environment overrides it for a longer search: `PROPTEST_CASES=1000000 PROPTEST_RNG_SEED=1`.
pub(crate) fn properties() -> Config {
    contextualize_config(Config {
        cases: 512,
        rng_seed: RngSeed::Fixed(20_190_307),
        max_global_rejects: u32::MAX,
        ..Config::default()
    })
}

/// Fields of a response that are read before the reply.
pub(crate) const ENVELOPE: [&str; 3] = ["Code", "Message", "RequestId"];

/// A value for a field, different for each field. It contains characters that are percent-encoded
/// where the field allows them.
pub(crate) fn sample(action: &str, field: &Field) -> String {
    let hash = action.bytes().chain(field.name.bytes());
    let hash = hash.fold(7_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    match (field.kind, field.name) {
        (FieldKind::Int32, _) => (hash % 1_000_000).to_string(),
        (FieldKind::Int64, _) => (u64::from(hash) * 1_000_003).to_string(),
        (FieldKind::Boolean, _) => (hash % 2 == 0).to_string(),
        (FieldKind::Json, "Ids") => format!("[{},{}]", hash, hash % 7),
        (FieldKind::Json, "MerchantDetail") => {
            format!(r#"[{{"Key":"值/\"q","Value":"v {hash}"}}]"#)
        }
        (FieldKind::Json, "BlackListStrategy") => {
            format!(r#"{{"BizContent":"张 {hash}","BizKey":"k","Id":{hash}}}"#)
        }
        (FieldKind::Json, "ControlStrategyList") => {
            format!(r#"[{{"ApiName":"a{hash}","Threshold":2.5}}]"#)
        }
        (FieldKind::Json, _) => format!(r#"[{{"ApiName":"a{hash}","Status":"s","Threshold":3}}]"#),
        (_, "OuterOrderNo" | "MerchantBizId") => format!("order{hash}"),
        (_, "CallbackUrl") => format!("https://www.example.com/{hash}?a=b c&d=é"),
        (FieldKind::Base64, _) => format!("/9j/{hash:012x}A+=="),
        (_, "SourceImageValue" | "TargetImageValue" | "MaterialValue") => {
            format!("https://www.example.com/{hash}?a=b c&d=é")
        }
        (_, "MetaInfo" | "VoluntaryCustomizedContent") => format!(r#"{{"k+":"张 {hash}"}}"#),
        (_, name) if field.max.is_some_and(|max| max < 60) => format!("{}{hash}", &name[..3]),
        (_, name) => format!("{name} 张三+/=~*&% {hash}"),
    }
}

/// Fields that are alternatives to a picture in base64, which [`generated`] sets.
const OTHER_PICTURES: &[&str] = &[
    "CertifyId",
    "FaceContrastPictureUrl",
    "OssBucketName",
    "OssObjectName",
    "FaceContrastFile",
    "SourceCertifyId",
    "SourceFaceContrastPictureUrl",
    "SourceOssBucketName",
    "SourceOssObjectName",
    "TargetCertifyId",
    "TargetFaceContrastPictureUrl",
    "TargetOssBucketName",
    "TargetOssObjectName",
];

/// Whether [`generated`] leaves a field unset, since more than one kind of picture is refused.
pub(crate) fn is_left_out(action: &str, field: &Field) -> bool {
    matches!(
        action,
        "InitFaceVerify" | "ContrastFaceVerify" | "CompareFaceVerify"
    ) && OTHER_PICTURES.contains(&field.name)
}

/// An operation with every field set that can be set together with the others.
pub(crate) fn generated<O: Listed>() -> O {
    let action = O::METADATA.action;
    O::from_texts(|field| (!is_left_out(&action, field)).then(|| sample(&action, field))).unwrap()
}

pub(crate) fn session() -> Session {
    let credentials = Credentials::access_key("testid", "testsecret").unwrap();
    Session::new(credentials, [1; 32])
}

pub(crate) fn now() -> Now {
    Now {
        mono: MonoTime::new(Duration::ZERO),
        unix: UnixTime::from_seconds(1_800_000_000),
    }
}
