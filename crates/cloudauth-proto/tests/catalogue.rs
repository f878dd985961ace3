//! The table of operations against the catalogue: names, places, lengths and effects as in the
//! vendor's SDK packages and API metadata, both ways.

#![expect(clippy::unwrap_used, reason = "a test")]

use core::time::Duration;
use std::collections::BTreeMap;

use cloudauth_proto::ops::{self, DescribeFaceVerify, InitFaceVerify};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Field, Flow, Head, MonoTime, Now, Operation, Place, Reply,
    Response, Session, Step, UnixTime,
};
use serde_json::{Map, Value};

const CATALOGUE: &str = include_str!("vectors/catalogue.json");

fn catalogue() -> BTreeMap<String, Value> {
    let all: Vec<Value> = serde_json::from_str(CATALOGUE).unwrap();
    let name = |operation: &Value| operation["action"].as_str().unwrap().to_owned();
    all.into_iter().map(|one| (name(&one), one)).collect()
}

#[test]
fn the_table_has_the_catalogue_s_operations_with_their_effects() {
    let catalogue = catalogue();
    let names: Vec<_> = ops::ALL.iter().map(|info| info.action).collect();
    assert_eq!(names, catalogue.keys().collect::<Vec<_>>());
    for info in ops::ALL {
        assert_eq!(
            format!("{:?}", info.effect),
            catalogue[info.action]["effect"]
        );
        assert_eq!(catalogue[info.action]["method"], "POST");
    }
}

#[test]
fn every_field_travels_where_the_catalogue_says() {
    let mut checked = 0;
    for info in ops::ALL {
        let mut ours: BTreeMap<&str, &Field> = info
            .fields
            .iter()
            .map(|field| (field.name, field))
            .collect();
        assert_eq!(ours.len(), info.fields.len(), "a name is listed twice");
        let operation = &catalogue()[info.action];
        for field in operation["request"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let found = ours.remove(name).unwrap_or_else(|| panic!("{name}"));
            let place = match field["in"].as_str().unwrap() {
                "query" => Place::Query,
                "body" => Place::Form,
                other => panic!("{other}"),
            };
            assert_eq!(found.place, place, "{name}");
            let max = field["max_length"]
                .as_u64()
                .map(|max| max.try_into().unwrap());
            assert_eq!(found.max, max, "{name}");
            checked += 1;
        }
        assert!(ours.is_empty(), "not in the catalogue: {ours:?}");
    }
    assert_eq!(checked, 43);
}

/// The catalogue's reply, each text holding its own name.
fn filled(fields: &Value) -> Value {
    let fields = fields.as_array().unwrap().iter();
    let filled = fields.map(|field| {
        let name = field["name"].as_str().unwrap();
        let value = match field["type"].as_str().unwrap() {
            "string" => Value::from(if name == "Code" { "200" } else { name }),
            "struct" => filled(&field["fields"]),
            other => panic!("{other}"),
        };
        (name.to_owned(), value)
    });
    Value::Object(filled.collect::<Map<_, _>>())
}

fn answer<O: Operation>(operation: &O) -> Reply<O::Response> {
    let body = filled(&catalogue()[O::ACTION]["response"]).to_string();
    let credentials = Credentials::access_key("testid", "testsecret").unwrap();
    let (mut call, mut session) = (
        Call::new(operation, CallOptions::new()).unwrap(),
        Session::new(credentials, [1; 32]),
    );
    let now = Now {
        mono: MonoTime::new(Duration::ZERO),
        unix: UnixTime::from_seconds(1_800_000_000),
    };
    let Step::Send(exchange) = call.poll(&mut session, now) else {
        panic!("does not send");
    };
    let response = Response::new(Head::new(200, Vec::new()), body.into());
    call.report(&mut session, exchange.id(), Ok(response), now);
    let Step::Done(reply) = call.poll(&mut session, now) else {
        panic!("is not done");
    };
    reply.unwrap()
}

#[test]
fn every_field_of_a_reply_is_read() {
    let opened = answer(&InitFaceVerify::new(1, "order1", "LR_FR"));
    assert_eq!(opened.request_id.as_deref(), Some("RequestId"));
    assert_eq!(opened.value.certify_id.as_str(), "CertifyId");
    assert_eq!(opened.value.certify_url.unwrap().expose(), "CertifyUrl");

    let verdict = answer(&DescribeFaceVerify::new(1, "sha1")).value;
    let public = [
        (verdict.degrade_info, "DegradeInfo"),
        (verdict.device_risk, "DeviceRisk"),
        (verdict.passed, "Passed"),
        (verdict.sub_code, "SubCode"),
        (verdict.success, "Success"),
    ];
    let sensitive = [
        (verdict.device_token, "DeviceToken"),
        (verdict.identity_info, "IdentityInfo"),
        (verdict.material_info, "MaterialInfo"),
        (verdict.user_info, "UserInfo"),
    ];
    for (value, name) in &public {
        assert_eq!(value.as_deref(), Some(*name));
    }
    for (value, name) in &sensitive {
        assert_eq!(value.as_ref().unwrap().expose(), *name);
    }
    let fields = catalogue()["DescribeFaceVerify"]["response"][3]["fields"].clone();
    assert_eq!(
        fields.as_array().unwrap().len(),
        public.len() + sensitive.len()
    );
}
