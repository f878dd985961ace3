//! Replies of every operation: all fields are read, and missing ones are tolerated. `--nocapture`
//! prints the counts.

use cloudauth_proto::Reply;
use cloudauth_proto::operation::{Listed, Shape};
use cloudauth_proto::ops::{self, Visitor};
use serde_json::{Map, Value, json};

use crate::common::{ENVELOPE, generated};
use crate::operations_by_action;

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
    // An enumeration shows strings that it does not list like this.
    let shown = shown
        .replace("Other(Unlisted(\"", "\"")
        .replace("\"))", "\"");
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
    let reply = Reply::from_json(&generated::<O>(), &body.to_string()).unwrap();
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
    let catalogue = operations_by_action();
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
            let result = Reply::from_json(&generated::<O>(), &body.to_string());
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

/// A value that a field of this shape cannot be read from. None if there is no such value.
fn odd(shape: &Shape) -> Option<Value> {
    Some(match shape {
        Shape::Text => json!({ "odd": [1] }),
        // Some of its characters were lost.
        Shape::Sensitive => "odd \u{fffd}".into(),
        Shape::Integer | Shape::Number | Shape::Boolean => "odd".into(),
        Shape::Map | Shape::List(_) | Shape::Object(_) => 7.into(),
        _ => return None,
    })
}

#[derive(Default)]
struct OneOddField {
    fields: usize,
}

impl Visitor for OneOddField {
    fn operation<O: Listed + Sync>(&mut self) {
        let info = O::METADATA;
        let Shape::Object(fields) = info.response else {
            panic!("not an object");
        };
        for (position, (odd_name, odd_shape)) in fields.iter().enumerate() {
            let Some(odd) = odd(odd_shape) else { continue };
            let (mut object, mut shown) = (Map::new(), Vec::new());
            for (other, (name, shape)) in fields.iter().enumerate() {
                let (value, debug) = filled(shape, name, Variant::AsDocumented);
                if other == position {
                    object.insert((*name).to_owned(), odd.clone());
                } else {
                    object.insert((*name).to_owned(), value);
                    shown.push(format!("{name}: {debug}"));
                }
            }
            shown.push(format!("unreadable: [{odd_name:?}]"));
            let mut body = match info.payload {
                Some(payload) => json!({ payload: object }),
                None => object.into(),
            };
            body["Code"] = "200".into();
            body["RequestId"] = "R".into();
            let result = Reply::from_json(&generated::<O>(), &body.to_string());
            if info.result_field == Some(odd_name) {
                let error = result.unwrap_err().to_string();
                assert!(
                    error.contains(&format!("missing field `{odd_name}`")),
                    "{error}"
                );
                continue;
            }
            let reply = result.unwrap();
            assert_eq!(reply.request_id.as_deref(), Some("R"));
            let shown = format!("{{ {} }}", shown.join(", "));
            let read = without_names(&format!("{:?}", reply.value));
            assert_eq!(read, without_names(&shown), "{} {odd_name}", info.action);
            self.fields += 1;
        }
    }
}

#[test]
fn one_unreadable_field_of_any_reply_costs_nothing_but_itself() {
    let mut visitor = OneOddField::default();
    ops::visit(&mut visitor);
    println!("fields that were made unreadable: {}", visitor.fields);
    assert!(visitor.fields > 300, "{}", visitor.fields);
}

/// Replies with lists, each of which has one item that cannot be read.
#[derive(Default)]
struct OddItems {
    lists: usize,
}

impl Visitor for OddItems {
    fn operation<O: Listed + Sync>(&mut self) {
        let info = O::METADATA;
        let Shape::Object(fields) = info.response else {
            panic!("not an object");
        };
        for (name, shape) in fields {
            let Shape::List(item) = shape else { continue };
            let (value, debug) = filled(item, name, Variant::AsDocumented);
            let list = json!({ *name: [odd(item).unwrap(), value] });
            let body = match info.payload {
                Some(payload) => json!({ payload: list }),
                None => list,
            };
            let reply = Reply::from_json(&generated::<O>(), &body.to_string()).unwrap();
            let shown = format!("{{ {name}: [{debug}], unreadable: [{name:?}] }}");
            let read = without_names(&format!("{:?}", reply.value));
            assert_eq!(read, without_names(&shown), "{}", info.action);
            self.lists += 1;
        }
    }
}

#[test]
fn one_unreadable_item_of_a_list_costs_nothing_but_itself() {
    let mut visitor = OddItems::default();
    ops::visit(&mut visitor);
    println!("lists with an unreadable item: {}", visitor.lists);
    assert!(visitor.lists > 20, "{}", visitor.lists);
}
