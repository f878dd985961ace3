//! Operations that are chosen by name are checked, sent and read as the typed ones.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use cloudauth_proto::driver::{Head, Now, Response};
use cloudauth_proto::operation::{Field, FieldKind, Listed, Params, TableOperation};
use cloudauth_proto::ops::{self, DescribeFaceVerify, InitFaceVerify, Visitor};
use cloudauth_proto::{
    Call, CallOptions, CertifyId, Credentials, Effect, Endpoint, Error, Flow, Operation, Session,
    Step,
};

fn table(action: &str, values: &[(&str, &str)]) -> TableOperation {
    let values: BTreeMap<&str, &str> = values.iter().copied().collect();
    TableOperation::new(ops::find(action).unwrap(), |field| {
        values.get(field.name).map(|&value| value.to_owned())
    })
}

/// A valid string for every field.
fn text(field: &Field) -> &'static str {
    match field.kind {
        FieldKind::Int32 | FieldKind::Int64 => "7",
        FieldKind::Boolean => "true",
        FieldKind::Json if field.name.ends_with("List") || field.name == "StrategyObject" => "[]",
        FieldKind::Json => "{}",
        FieldKind::Base64 => "/9j/4GZhY2U=",
        FieldKind::Text | FieldKind::Sensitive | _ => "x",
    }
}

fn encoded(operation: &impl Operation) -> String {
    let mut params = Params::new();
    operation.encode(&mut params);
    format!("{params:?}")
}

/// Compares each typed operation with the same one of the table: with no field, with every field.
struct Comparison(usize);

impl Visitor for Comparison {
    fn operation<O: Listed + Send + Sync + 'static>(&mut self) {
        let metadata = ops::find(&O::METADATA.action).unwrap();
        let by_name = TableOperation::new(metadata, |field| Some(text(field).into()));
        let Ok(typed) = O::from_texts(|field| Some(text(field).into())) else {
            return;
        };
        self.0 += 1;
        let action = &metadata.action;
        assert_eq!(by_name.check(), typed.check(), "{action}");
        assert_eq!(encoded(&by_name), encoded(&typed), "{action}");
        assert_eq!(format!("{by_name:?}"), format!("{typed:?}"), "{action}");
        assert_eq!(
            by_name.metadata().effect,
            typed.metadata().effect,
            "{action}"
        );
        assert_eq!(
            by_name.metadata().unknown_codes,
            typed.metadata().unknown_codes
        );
    }
}

#[test]
fn an_operation_by_name_is_checked_and_encoded_as_the_typed_one() {
    let mut comparison = Comparison(0);
    ops::visit(&mut comparison);
    assert!(comparison.0 > 90, "{}", comparison.0);
}

#[test]
fn rules_of_several_fields_hold_by_name_too() {
    let init = table(
        "InitFaceVerify",
        &[
            ("SceneId", "1"),
            ("ProductCode", "LR_FR"),
            ("OuterOrderNo", "o"),
        ],
    );
    let typed = InitFaceVerify::new(1, "o", "LR_FR");
    assert_eq!(init.check(), typed.check());
    assert!(!init.check().is_empty());
    let plain = table(
        "InitFaceVerify",
        &[
            ("SceneId", "1"),
            ("OuterOrderNo", "o"),
            ("ProductCode", "LR_FR"),
            ("UserId", "7"),
            ("MetaInfo", "{}"),
        ],
    );
    assert_eq!(plain.check(), []);
}

#[test]
fn a_string_that_is_no_value_of_its_field_is_named() {
    let query = table(
        "DescribeFaceVerify",
        &[("SceneId", "one"), ("CertifyId", "sha1")],
    );
    let Err(Error::Invalid(invalid)) = Call::new(&query, CallOptions::new()) else {
        panic!("it is valid");
    };
    let text = invalid.to_string();
    assert!(text.contains("SceneId has an invalid value"), "{text}");
    assert!(ops::find("DescribeFaceVerifier").is_none());
}

#[test]
fn the_fields_decide_the_effect_by_name_too() {
    let action = "ModifyBlackListStrategy";
    let with = |json| {
        table(action, &[("BlackListStrategy", json)])
            .metadata()
            .effect
    };
    assert_eq!(with(r#"{"Id":7,"BizKey":"ip"}"#), Effect::Idempotent);
    assert_eq!(with(r#"{"BizKey":"ip"}"#), Effect::NotIdempotent);
    assert_eq!(with(r#"{"Id":null}"#), Effect::NotIdempotent);
    let with = |json| {
        table("ModifyControlStrategy", &[("ControlStrategyList", json)])
            .metadata()
            .effect
    };
    assert_eq!(with(r#"[{"Id":7},{"Id":8}]"#), Effect::Idempotent);
    assert_eq!(with(r#"[{"Id":7},{}]"#), Effect::NotIdempotent);
}

/// The endpoint that is queried first, and the value of a reply, if that ends the call.
fn first<O: Operation>(operation: &O, body: &str) -> (Endpoint, Option<O::Response>) {
    let credentials = Credentials::access_key("id", "secret").unwrap();
    let mut session = Session::new(credentials, [7; 32]);
    let mut call = Call::new(operation, CallOptions::new()).unwrap();
    let now = Now::default();
    let Step::Send(exchange) = call.poll(&mut session, now) else {
        panic!("nothing is sent");
    };
    let endpoint = exchange.sign().authority.parse().unwrap();
    let response = Response::new(Head::read(200, |_| None), body.into());
    call.report(&mut session, exchange.id(), Ok(response), now);
    let Step::Done(result) = call.poll(&mut session, now) else {
        return (endpoint, None);
    };
    (endpoint, Some(result.unwrap().value))
}

#[test]
fn an_operation_by_name_keeps_its_origin_and_has_its_reply_as_json() {
    let body = r#"{"Code":"200","RequestId":"R","ResultObject":{"Passed":"T","SubCode":"200"}}"#;
    let values = &[("SceneId", "1"), ("CertifyId", "sha1")];
    let by_name = table("DescribeFaceVerify", values);
    assert_eq!(first(&by_name, body).0, Endpoint::SHANGHAI);
    let (asked, value) = first(&by_name.with_origin(Endpoint::BEIJING), body);
    assert_eq!(asked, Endpoint::BEIJING);
    assert_eq!(value.unwrap().expose()["Passed"], "T");
    let id = CertifyId::new("sha1").with_origin(Endpoint::BEIJING);
    assert_eq!(first(&DescribeFaceVerify::new(1, id), body).0, asked);

    // A success without the field that the operation is for is no response of the service.
    let without = r#"{"Code":"200","RequestId":"R","ResultObject":{"SubCode":"200"}}"#;
    assert_eq!(first(&table("DescribeFaceVerify", values), without).1, None);
}
