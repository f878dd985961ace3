//! Operations made from generated texts, and answers to them.

#![allow(dead_code, reason = "each test uses its own part")]

use core::time::Duration;
use std::collections::BTreeMap;

use cloudauth_proto::{
    Call, CallOptions, Credentials, Error, Field, Flow, Head, Kind, Listed, MonoTime, Now,
    Operation, Reply, Response, Session, Step, UnixTime,
};
use cloudauth_sim::CATALOGUE;
use serde_json::Value;

/// The simulator's copy, by action.
pub(crate) fn catalogue() -> BTreeMap<String, Value> {
    let all: Vec<Value> = serde_json::from_str(CATALOGUE).unwrap();
    let name = |operation: &Value| operation["action"].as_str().unwrap().to_owned();
    all.into_iter().map(|one| (name(&one), one)).collect()
}

/// A text for a field, different for each; with what percent-encoding minds, where that fits.
pub(crate) fn text(action: &str, field: &Field) -> String {
    let hash = action.bytes().chain(field.name.bytes());
    let hash = hash.fold(7_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    match (field.kind, field.name) {
        (Kind::Int32, _) => (hash % 1_000_000).to_string(),
        (Kind::Int64, _) => (u64::from(hash) * 1_000_003).to_string(),
        (Kind::Boolean, _) => (hash % 2 == 0).to_string(),
        (Kind::Json, "Ids") => format!("[{},{}]", hash, hash % 7),
        (Kind::Json, "MerchantDetail") => {
            format!(r#"[{{"Key":"值/\"q","Value":"v {hash}"}}]"#)
        }
        (Kind::Json, "BlackListStrategy") => {
            format!(r#"{{"BizContent":"张 {hash}","BizKey":"k","Id":{hash}}}"#)
        }
        (Kind::Json, "ControlStrategyList") => {
            format!(r#"[{{"ApiName":"a{hash}","Threshold":2.5}}]"#)
        }
        (Kind::Json, _) => format!(r#"[{{"ApiName":"a{hash}","Status":"s","Threshold":3}}]"#),
        (_, "OuterOrderNo" | "MerchantBizId") => format!("order{hash}"),
        (_, "CallbackUrl") => format!("https://www.example.com/{hash}?a=b c&d=é"),
        (_, "MetaInfo" | "VoluntaryCustomizedContent") => format!(r#"{{"k+":"张 {hash}"}}"#),
        (_, name) if field.max.is_some_and(|max| max < 60) => format!("{}{hash}", &name[..3]),
        (_, name) => format!("{name} 张三+/=~*&% {hash}"),
    }
}

/// The ways to give one picture, of which one is filled.
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

/// Whether [`generated`] leaves a field out: more than one picture would be refused.
pub(crate) fn is_left_out(action: &str, field: &Field) -> bool {
    matches!(
        action,
        "InitFaceVerify" | "ContrastFaceVerify" | "CompareFaceVerify"
    ) && OTHER_PICTURES.contains(&field.name)
}

/// An operation with every field filled that may be filled together.
pub(crate) fn generated<O: Listed>() -> O {
    let action = O::INFO.action;
    O::from_texts(|field| (!is_left_out(action, field)).then(|| text(action, field))).unwrap()
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

/// What comes of an operation that is answered with this body.
pub(crate) fn answer<O: Operation>(operation: &O, body: &str) -> Result<Reply<O::Response>, Error> {
    let mut session = session();
    let mut call = Call::new(operation, CallOptions::new())?;
    let Step::Send(exchange) = call.poll(&mut session, now()) else {
        panic!("does not send");
    };
    let response = Response::new(Head::new(200, Vec::new()), body.into());
    call.report(&mut session, exchange.id(), Ok(response), now());
    let Step::Done(reply) = call.poll(&mut session, now()) else {
        panic!("is not done");
    };
    reply
}
