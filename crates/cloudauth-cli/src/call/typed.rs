//! The typed reply as JSON.

use cloudauth_proto::operation::Shape;
use serde_json::{Map, Value, json};

/// The fields of the operation's table, under the service's names and in the types of the table, from a
/// response that was decoded before. Fields that are missing, `null` or not in the table are left out.
pub(super) fn reply(raw: &[u8], payload: Option<&str>, shape: Shape) -> Value {
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    let body: Value = serde_json::from_slice(raw).unwrap_or_default();
    let payload = match payload {
        Some(field) => body.get(field).unwrap_or(&Value::Null),
        None => &body,
    };
    value(payload, shape).unwrap_or_else(|| json!({}))
}

fn value(from: &Value, shape: Shape) -> Option<Value> {
    if from.is_null() {
        return None;
    }
    match shape {
        Shape::Object(fields) => {
            let read = |(name, shape): &(&str, Shape)| {
                Some(((*name).to_owned(), value(from.get(*name)?, *shape)?))
            };
            Some(Value::Object(fields.iter().filter_map(read).collect()))
        }
        Shape::List(items) => {
            let items = from
                .as_array()?
                .iter()
                .filter_map(|item| value(item, *items));
            Some(items.collect())
        }
        Shape::Map => {
            let texts = from.as_object()?.iter();
            let texts =
                texts.filter_map(|(name, it)| Some((name.clone(), value(it, Shape::Text)?)));
            Some(Value::Object(texts.collect::<Map<String, Value>>()))
        }
        Shape::Integer => number(from, |text| text.parse::<i64>().ok().map(Value::from)),
        Shape::Number => number(from, |text| text.parse::<f64>().ok().map(Value::from)),
        Shape::Boolean => match scalar(from).to_ascii_lowercase().trim() {
            "true" | "1" => Some(Value::Bool(true)),
            "false" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        Shape::Any => Some(from.clone()),
        Shape::Text | Shape::Sensitive | _ => Some(scalar(from).into()),
    }
}

fn number(from: &Value, parse: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    parse(scalar(from).trim())
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_types_of_the_table_whichever_json_type_they_arrived_in() {
        const ITEM: Shape = Shape::Object(&[("Id", Shape::Text), ("N", Shape::Integer)]);
        let shape = Shape::Object(&[
            ("A", Shape::Text),
            ("B", Shape::Boolean),
            ("F", Shape::Number),
            ("L", Shape::List(&ITEM)),
            ("M", Shape::Map),
            ("X", Shape::Integer),
        ]);
        let raw = br#"{"R": {"A": 7, "B": "TRUE", "F": "1.5", "Other": 1, "X": "",
            "L": [{"Id": "a", "N": "2"}, null], "M": {"k": 1}}}"#;
        let expected = json!({
            "A": "7", "B": true, "F": 1.5, "L": [{"Id": "a", "N": 2}], "M": {"k": "1"},
        });
        assert_eq!(reply(raw, Some("R"), shape), expected);
        assert_eq!(reply(b"{}", Some("R"), shape), json!({}));
        assert_eq!(
            reply(b"\xef\xbb\xbf{\"A\": true}", None, shape),
            json!({"A": "true"})
        );
    }
}
