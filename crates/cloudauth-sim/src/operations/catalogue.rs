//! The catalogue: the parameters and the response of every operation.
//!
//! A new operation needs an entry in `catalogue.json` and no code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::http::{Params, params};

/// Names, types and positions of all parameters and response fields, in JSON.
///
/// They are taken from the vendor's published SDK packages and API metadata. `effect` is our own
/// classification.
pub const CATALOGUE: &str = include_str!("catalogue.json");

static PARSED: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(CATALOGUE).unwrap_or_default());

static BY_ACTION: LazyLock<BTreeMap<&'static str, OperationSpec>> = LazyLock::new(|| {
    let all = PARSED.iter().map(OperationSpec);
    all.map(|spec| (spec.action(), spec)).collect()
});

/// The catalogue's entry for one operation.
#[derive(Clone, Copy)]
pub(super) struct OperationSpec(&'static Value);

/// A parameter that does not fit the catalogue.
pub(super) enum ParameterError {
    Missing(&'static str),
    Malformed(&'static str),
}

impl OperationSpec {
    pub(super) fn find(action: &str) -> Option<Self> {
        BY_ACTION.get(action).copied()
    }

    pub(super) fn action(self) -> &'static str {
        string(&self.0["action"])
    }

    pub(super) fn request(self) -> &'static [Value] {
        list(&self.0["request"])
    }

    pub(super) fn response(self) -> &'static [Value] {
        list(&self.0["response"])
    }

    /// The parameters that take the URL of an uploaded file.
    pub(super) fn upload_fields(self) -> impl Iterator<Item = &'static str> {
        list(&self.0["upload_fields"]).iter().map(string)
    }

    pub(super) fn has_parameter(self, name: &str) -> bool {
        self.request().iter().any(|field| field["name"] == name)
    }

    /// Whether the response has a field of this name anywhere.
    pub(super) fn has_response_field(self, name: &str) -> bool {
        has_field(self.response(), name)
    }

    /// Whether the response has a `Code`. Without one, only the gateway can refuse.
    pub(super) fn has_code(self) -> bool {
        self.response().iter().any(|field| field["name"] == "Code")
    }

    /// The first parameter that is missing or malformed.
    ///
    /// Values are not compared with the documented enumerations: the service may have more than the
    /// metadata. Parameters that the catalogue does not have are ignored, as the service ignores those
    /// of a newer SDK (our guess).
    pub(super) fn parameter_error(self, params: &Params) -> Option<ParameterError> {
        self.request().iter().find_map(|field| {
            let name = string(&field["name"]);
            let value = params::value(params, name);
            if value.is_empty() {
                return (field["required"] == true).then_some(ParameterError::Missing(name));
            }
            (!fits(field, value)).then_some(ParameterError::Malformed(name))
        })
    }
}

fn fits(field: &Value, value: &str) -> bool {
    let has_length = field["max_length"]
        .as_u64()
        .is_none_or(|max| value.chars().count() as u64 <= max);
    let has_type = match string(&field["type"]) {
        "integer" if field["width"] == "int64" => value.parse::<i64>().is_ok(),
        "integer" => value.parse::<i32>().is_ok(),
        "boolean" => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        "list" | "struct" => serde_json::from_str::<Value>(value).is_ok(),
        _ => true,
    };
    has_length && has_type
}

fn has_field(fields: &'static [Value], name: &str) -> bool {
    fields.iter().any(|field| {
        field["name"] == name
            || has_field(list(&field["fields"]), name)
            || has_field(list(&field["item"]["fields"]), name)
    })
}

fn list(value: &'static Value) -> &'static [Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The string in a value; empty if it is not a string.
pub(super) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_every_operation_once() {
        assert_eq!(PARSED.len(), 101);
        assert_eq!(BY_ACTION.len(), 101);
    }

    fn error(action: &str, params: &[(&str, &str)]) -> Option<ParameterError> {
        let pairs = params.iter();
        let params = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        OperationSpec::find(action)?.parameter_error(&params.collect())
    }

    #[test]
    fn the_missing_or_malformed_parameter_is_named() {
        assert!(matches!(
            error("DeleteAntCloudAuthScene", &[("SceneId", "")]),
            Some(ParameterError::Missing("SceneId"))
        ));
        for (action, name, value) in [
            ("DeleteAntCloudAuthScene", "SceneId", "9223372036854775808"),
            ("DescribeListFaceVerifyInfos", "PageSize", "2147483648"),
            ("CreateAuthKey", "Test", "yes"),
            ("ModifyControlStrategy", "ControlStrategyList", "[1"),
            (
                "AIGCFaceVerify",
                "OuterOrderNo",
                "123456789012345678901234567890123",
            ),
        ] {
            let found = error(action, &[(name, value)]);
            assert!(
                matches!(found, Some(ParameterError::Malformed(found)) if found == name),
                "{action}: {name}"
            );
        }
        let unknown = [("SceneId", "1"), ("NewField", "?")];
        assert!(error("DeleteAntCloudAuthScene", &unknown).is_none());
    }
}
