//! Shapes of replies, without a value in them: what a real account can record, and what is compared
//! with the simulator.
//!
//! A recording is a file of lines, each a JSON object about one reply:
//!
//! ```json
//! {"format":1,"action":"DescribeFaceVerify","status":200,"headers":["content-type","date"],"shape":{"Code":"string","ResultObject":{"Passed":"string"}}}
//! ```
//!
//! * `format`: 1.
//! * `action`: the operation; `status`: the HTTP status.
//! * `headers`: the names of the response's headers in lower case, sorted, each once.
//! * `shape`: an object has the shapes of its members by name, a list has one item, the shape of all
//!   its items (none if it is empty), and every other value is `"string"`, `"number"`, `"boolean"` or
//!   `"null"`. Items that differ in kind are joined, for example `"number|string"`. A body that is not
//!   JSON is `"empty"`, `"xml"` or `"text"`.
//!
//! No value of a reply is in it, and a name that is none (a map may have a person's data as its keys)
//! is written as `"?"`.

mod compare;

use serde_json::{Map, Value, json};

pub use self::compare::{Difference, compare};

/// The only format.
const FORMAT: u64 = 1;

/// A longer name is not taken for one.
const MAX_NAME_BYTES: usize = 64;

/// The shape of one reply.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedShape {
    /// The operation.
    pub action: String,
    /// The HTTP status.
    pub status: u16,
    /// The names of the headers in lower case, sorted, each once.
    pub headers: Vec<String>,
    /// The shape of the body.
    pub shape: Value,
}

impl RecordedShape {
    /// The shape of a reply. Of the headers only the names are kept, of the body no value.
    pub fn of<'h>(
        action: &str,
        status: u16,
        header_names: impl IntoIterator<Item = &'h str>,
        body: &[u8],
    ) -> Self {
        let mut headers: Vec<_> = header_names
            .into_iter()
            .map(|name| self::name(&name.to_ascii_lowercase()))
            .collect();
        headers.sort();
        headers.dedup();
        Self {
            action: name(action),
            status,
            headers,
            shape: body_shape(body),
        }
    }

    /// The line of a recording, without a line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        json!({
            "format": FORMAT,
            "action": self.action,
            "status": self.status,
            "headers": self.headers,
            "shape": self.shape,
        })
        .to_string()
    }

    /// Parses a line of a recording.
    ///
    /// # Errors
    ///
    /// What is wrong with the line, without its contents.
    pub fn parse(line: &str) -> Result<Self, &'static str> {
        let parsed: Value = serde_json::from_str(line).map_err(|_| "it is not JSON")?;
        if parsed["format"] != FORMAT {
            return Err("its format is not 1");
        }
        let action = parsed["action"].as_str().ok_or("action is not a string")?;
        let status = parsed["status"].as_u64();
        let status = status.and_then(|status| u16::try_from(status).ok());
        let headers = parsed["headers"]
            .as_array()
            .ok_or("headers is not a list")?;
        let headers = headers.iter().map(|name| name.as_str().map(str::to_owned));
        let headers = headers.collect::<Option<_>>();
        Ok(Self {
            action: action.to_owned(),
            status: status.ok_or("status is not an HTTP status")?,
            headers: headers.ok_or("a header is not a string")?,
            shape: checked(&parsed["shape"]).ok_or("shape has something else than kinds")?,
        })
    }
}

/// A shape, if it has names and kinds only.
fn checked(shape: &Value) -> Option<Value> {
    match shape {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (key, member) in members {
                kept.insert(name(key), checked(member)?);
            }
            Some(Value::Object(kept))
        }
        Value::Array(items) if items.len() <= 1 => {
            let items = items.iter().map(checked).collect::<Option<_>>();
            Some(Value::Array(items?))
        }
        Value::String(kinds) => {
            let known = [
                "string", "number", "boolean", "null", "object", "list", "empty", "xml", "text",
            ];
            let are_kinds = kinds.split('|').all(|kind| known.contains(&kind));
            are_kinds.then(|| shape.clone())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

fn body_shape(body: &[u8]) -> Value {
    if let Ok(parsed) = serde_json::from_slice(body) {
        return shape(&parsed);
    }
    let mut visible = body.iter().filter(|byte| !byte.is_ascii_whitespace());
    match visible.next() {
        None => "empty".into(),
        Some(b'<') => "xml".into(),
        Some(_) => "text".into(),
    }
}

/// The shape of a JSON value.
#[must_use]
pub fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(_) => "string".into(),
        Value::Array(items) => {
            let joined = items
                .iter()
                .map(shape)
                .reduce(|one, other| join(&one, &other));
            Value::Array(joined.into_iter().collect())
        }
        Value::Object(members) => {
            let mut shapes = Map::new();
            for (key, member) in members {
                let (key, member) = (name(key), shape(member));
                let member = match shapes.get(&key) {
                    Some(known) => join(known, &member),
                    None => member,
                };
                shapes.insert(key, member);
            }
            Value::Object(shapes)
        }
    }
}

/// The shape of two values of one list.
fn join(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut joined = one.clone();
            for (key, member) in other {
                let member = one
                    .get(key)
                    .map_or_else(|| member.clone(), |it| join(it, member));
                joined.insert(key.clone(), member);
            }
            Value::Object(joined)
        }
        (Value::Array(one), Value::Array(other)) => {
            let items = one.iter().chain(other).cloned();
            Value::Array(
                items
                    .reduce(|one, other| join(&one, &other))
                    .into_iter()
                    .collect(),
            )
        }
        _ if one == other => one.clone(),
        _ => {
            let mut kinds: Vec<_> = [one, other].into_iter().flat_map(kinds).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.join("|").into()
        }
    }
}

/// The kinds of a shape, the outermost only.
fn kinds(shape: &Value) -> Vec<&str> {
    match shape {
        Value::Object(_) => vec!["object"],
        Value::Array(_) => vec!["list"],
        Value::String(kinds) => kinds.split('|').collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => vec!["null"],
    }
}

/// A name of a member, a header or an operation; `?` for anything that may be data.
fn name(text: &str) -> String {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let mut bytes = text.bytes();
    let starts = bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    // A long number is data whatever it begins with.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if starts && digits < 6 && text.len() <= MAX_NAME_BYTES && text.bytes().all(is_name) {
        text.to_owned()
    } else {
        "?".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_names_and_kinds_and_no_value() {
        let body = json!({
            "Code": "200",
            "Score": 91.5,
            "Passed": true,
            "Nothing": null,
            "Items": [{"A": 1}, {"A": "SENTINEL", "B": []}],
            "None": [],
            "330103199001011230": "SENTINEL",
            "张三": {"SENTINEL name": 1},
        });
        let recorded = RecordedShape::of(
            "InitFaceVerify",
            200,
            ["Date", "date", "X-Acs-Request-Id"],
            body.to_string().as_bytes(),
        );
        let line = recorded.to_line();
        for value in ["SENTINEL", "330103", "张三", "91.5"] {
            assert!(!line.contains(value), "{line}");
        }
        assert_eq!(recorded.headers, ["date", "x-acs-request-id"]);
        let shape = &recorded.shape;
        assert_eq!(shape["Items"], json!([{"A": "number|string", "B": []}]));
        assert_eq!(shape["Nothing"], "null");
        assert_eq!(shape["None"], json!([]));
        assert_eq!(RecordedShape::parse(&line), Ok(recorded));
    }

    #[test]
    fn bodies_that_are_not_json_have_a_kind() {
        let kind = |body: &[u8]| RecordedShape::of("A", 502, [], body).shape;
        assert_eq!(kind(b" \n"), "empty");
        assert_eq!(kind(b"<html>"), "xml");
        assert_eq!(kind("张三".as_bytes()), "text");
    }

    #[test]
    fn a_line_with_something_else_is_refused() {
        for line in [
            "",
            "{",
            "{}",
            r#"{"format":2,"action":"A","status":200,"headers":[],"shape":{}}"#,
            r#"{"format":1,"action":1,"status":200,"headers":[],"shape":{}}"#,
            r#"{"format":1,"action":"A","status":99999,"headers":[],"shape":{}}"#,
            r#"{"format":1,"action":"A","status":200,"headers":[1],"shape":{}}"#,
            r#"{"format":1,"action":"A","status":200,"headers":[],"shape":{"Code":"200"}}"#,
            r#"{"format":1,"action":"A","status":200,"headers":[],"shape":{"Code":1}}"#,
            r#"{"format":1,"action":"A","status":200,"headers":[]}"#,
        ] {
            assert!(RecordedShape::parse(line).is_err(), "{line}");
        }
    }
}
