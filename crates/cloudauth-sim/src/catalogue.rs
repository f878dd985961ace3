//! The catalogue: what every operation takes and answers. A new operation needs an entry there and no code here.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::operations::Params;

/// Names, types and places of every parameter and reply as in the vendor's published SDK packages and API metadata,
/// in JSON. `effect` is our own reading.
pub const CATALOGUE: &str = include_str!("catalogue.json");

static PARSED: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(CATALOGUE).unwrap_or_default());

static BY_NAME: LazyLock<BTreeMap<&'static str, Operation>> = LazyLock::new(|| {
    let all = PARSED.iter().map(Operation);
    all.map(|operation| (operation.action(), operation))
        .collect()
});

/// One operation.
#[derive(Clone, Copy)]
pub(crate) struct Operation(&'static Value);

/// What is wrong with a parameter.
pub(crate) enum Flaw {
    Missing(&'static str),
    Malformed(&'static str),
}

impl Operation {
    pub(crate) fn named(action: &str) -> Option<Self> {
        BY_NAME.get(action).copied()
    }

    pub(crate) fn action(self) -> &'static str {
        text(&self.0["action"])
    }

    pub(crate) fn request(self) -> &'static [Value] {
        list(&self.0["request"])
    }

    pub(crate) fn response(self) -> &'static [Value] {
        list(&self.0["response"])
    }

    /// The parameters that a file can be posted for.
    pub(crate) fn uploads(self) -> impl Iterator<Item = &'static str> {
        list(&self.0["upload_fields"]).iter().map(text)
    }

    /// Whether its reply has a `Code`; without one, only the gateway can refuse.
    pub(crate) fn has_code(self) -> bool {
        self.response().iter().any(|part| part["name"] == "Code")
    }

    /// The first parameter that is missing or malformed.
    ///
    /// Lists of values are not held against a request: the service may know more than the metadata. Parameters that
    /// the catalogue does not have are passed over, as the service does with those of a newer SDK (our guess).
    pub(crate) fn flaw(self, params: &Params) -> Option<Flaw> {
        self.request().iter().find_map(|field| {
            let name = text(&field["name"]);
            let value = params.get(name).map(String::as_str).unwrap_or_default();
            if value.is_empty() {
                return (field["required"] == true).then_some(Flaw::Missing(name));
            }
            (!fits(field, value)).then_some(Flaw::Malformed(name))
        })
    }
}

fn fits(field: &Value, value: &str) -> bool {
    let is_short = field["max_length"]
        .as_u64()
        .is_none_or(|max| value.chars().count() as u64 <= max);
    let is_of_type = match text(&field["type"]) {
        "integer" if field["width"] == "int64" => value.parse::<i64>().is_ok(),
        "integer" => value.parse::<i32>().is_ok(),
        "boolean" => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        "list" | "struct" => serde_json::from_str::<Value>(value).is_ok(),
        _ => true,
    };
    is_short && is_of_type
}

fn list(value: &'static Value) -> &'static [Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_has_every_operation_once() {
        assert_eq!(PARSED.len(), 101);
        assert_eq!(BY_NAME.len(), 101);
    }

    fn flaw(action: &str, params: &[(&str, &str)]) -> Option<Flaw> {
        let pairs = params.iter();
        let params = pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Operation::named(action)?.flaw(&params.collect())
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        assert!(matches!(
            flaw("DeleteAntCloudAuthScene", &[("SceneId", "")]),
            Some(Flaw::Missing("SceneId"))
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
            let found = flaw(action, &[(name, value)]);
            assert!(
                matches!(found, Some(Flaw::Malformed(found)) if found == name),
                "{action}: {name}"
            );
        }
        let unknown = [("SceneId", "1"), ("NewField", "?")];
        assert!(flaw("DeleteAntCloudAuthScene", &unknown).is_none());
    }
}
