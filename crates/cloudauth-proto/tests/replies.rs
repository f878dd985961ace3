//! Replies of every operation: all fields are read, and missing ones are tolerated. `--nocapture`
//! prints the counts.
#![expect(clippy::unwrap_used, reason = "a test")]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "only some variants matter here"
)]

mod common;

use cloudauth_proto::operation::{Listed, Shape};
use cloudauth_proto::ops::{self, Visitor};
use common::{ENVELOPE, catalogue, generated, reply_to};
use serde_json::{Map, Value, json};

/// A reply in which the value of each string is the name of its field, and its expected `Debug`.
fn filled(shape: &Shape, name: &str, variant: Variant) -> (Value, String) {
    let redacted = |text: &str| format!("[redacted; {} bytes]", text.len());
    let number = i64::try_from(name.len()).unwrap();
    match shape {
        Shape::Text => (name.into(), format!("{name:?}")),
        Shape::Sensitive => (name.into(), redacted(name)),
        Shape::Integer => (variant.of(number.into()), number.to_string()),
        Shape::Number => {
            let half = f64::from(u8::try_from(name.len()).unwrap()) + 0.5;
            (variant.of(half.into()), format!("{half:?}"))
        }
        Shape::Boolean => (variant.of(true.into()), "true".into()),
        Shape::Map => (json!({ name: name }), format!("{{{name:?}: {name:?}}}")),
        Shape::Any => {
            let value = json!({ name: 1 });
            (value.clone(), format!("{value:?}"))
        }
        Shape::List(item) => {
            let (value, shown) = filled(item, name, variant);
            (json!([value]), format!("[{shown}]"))
        }
        Shape::Object(fields) => {
            let mut object = Map::new();
            let mut shown = Vec::new();
            for (name, shape) in *fields {
                let (value, debug) = filled(shape, name, variant);
                object.insert((*name).to_owned(), value);
                shown.push(format!("{name}: {debug}"));
            }
            object.insert("Unknown".into(), json!({ "New": [1, { "New": null }] }));
            (Value::Object(object), format!("{{ {} }}", shown.join(", ")))
        }
        other => panic!("{other:?}"),
    }
}

/// The JSON type of numbers and booleans.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    AsDocumented,
    AsString,
}

impl Variant {
    fn of(self, value: Value) -> Value {
        match self {
            Self::AsDocumented => value,
            Self::AsString => value.to_string().into(),
        }
    }
}

/// Removes the names of structs and the origin of a `CertifyId` from the output of `Debug`.
fn without_names(shown: &str) -> String {
    let shown = shown.replace(
        r#"CertifyId { id: "CertifyId", origin: Some(Endpoint { scheme: Https, authority: "cloudauth.cn-shanghai.aliyuncs.com" }) }"#,
        r#""CertifyId""#,
    );
    let mut kept = String::new();
    for part in shown.split_inclusive(" {") {
        match part.strip_suffix(" {") {
            Some(start) if start.ends_with(':') => kept.push_str(part),
            Some(start) => {
                let name = start.rfind(|c: char| !c.is_ascii_alphanumeric());
                kept.push_str(&start[..name.map_or(0, |at| at + 1)]);
                kept.push('{');
            }
            None => kept.push_str(part),
        }
    }
    kept
}

fn count(shape: &Shape) -> usize {
    match shape {
        Shape::Object(fields) => fields.iter().map(|(_, shape)| 1 + count(shape)).sum(),
        Shape::List(item) => count(item),
        _ => 0,
    }
}

#[derive(Default)]
struct Replies {
    read: usize,
}

/// Reads a reply with all fields; returns their number.
fn read<O: Listed>(variant: Variant) -> usize {
    let info = O::METADATA;
    let (value, shown) = filled(&info.response, "", variant);
    let mut body = match info.payload {
        Some(payload) => json!({ payload: value }),
        None => value,
    };
    body["Code"] = "200".into();
    body["Message"] = "Message".into();
    body["RequestId"] = "RequestId".into();
    let reply = reply_to(&generated::<O>(), &body.to_string()).unwrap();
    assert_eq!(reply.request_id.as_deref(), Some("RequestId"));
    let read = without_names(&format!("{:?}", reply.value));
    let shown = if shown == "{  }" {
        "Done".into()
    } else {
        without_names(&shown)
    };
    assert_eq!(read, shown, "{}", info.action);
    count(&info.response)
}

impl Visitor for Replies {
    fn operation<O: Listed + Sync>(&mut self) {
        self.read += read::<O>(Variant::AsDocumented);
        assert_eq!(read::<O>(Variant::AsString), count(&O::METADATA.response));
    }
}

#[test]
fn every_field_of_every_reply_is_read() {
    fn of(fields: &Value) -> usize {
        let fields = fields.as_array().into_iter().flatten();
        fields
            .map(|field| 1 + of(&field["fields"]) + of(&field["item"]["fields"]))
            .sum()
    }
    let mut replies = Replies::default();
    ops::visit(&mut replies);
    let catalogue = catalogue();
    let all: usize = catalogue.values().map(|it| of(&it["response"])).sum();
    let envelope: usize = catalogue
        .values()
        .flat_map(|it| it["response"].as_array().unwrap())
        .filter(|field| ENVELOPE.contains(&field["name"].as_str().unwrap()))
        .count();
    let payloads: usize = ops::ALL
        .iter()
        .filter(|info| info.payload.is_some())
        .count();
    let read = replies.read + payloads;
    println!(
        "reply fields: {read} of {}, and {envelope} of the envelope",
        all - envelope
    );
    assert_eq!(read, all - envelope);
}

struct Empty;

impl Visitor for Empty {
    fn operation<O: Listed + Sync>(&mut self) {
        let info = O::METADATA;
        // The ID of an opened verification and the verdict are required.
        let is_required = info.result_field.is_some();
        let Shape::Object(fields) = info.response else {
            panic!("not an object");
        };
        let nulls: Map<_, _> = fields
            .iter()
            .map(|(name, _)| ((*name).into(), Value::Null))
            .collect();
        let nulls = Value::Object(nulls);
        let bodies = match info.payload {
            Some(payload) => [
                json!({}),
                json!({ payload: null }),
                json!({ payload: nulls }),
            ],
            None => [json!({}), json!({ "New": 1 }), nulls],
        };
        for body in bodies {
            let result = reply_to(&generated::<O>(), &body.to_string());
            assert_eq!(
                result.is_err(),
                is_required,
                "{} {body} {result:?}",
                info.action
            );
        }
    }
}

#[test]
fn missing_and_null_fields_are_accepted_except_for_what_the_operation_is_for() {
    ops::visit(&mut Empty);
}
