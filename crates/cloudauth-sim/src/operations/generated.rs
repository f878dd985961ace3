//! Results from the catalogue: every documented field, with a plausible value of its type.

use serde_json::{Map, Value, json};

use super::catalogue::{OperationSpec, string};
use super::checks::CheckOutcome;
use super::result::OperationResult;
use super::values;
use crate::dates::{day, timestamp};
use crate::http::Params;
use crate::ids::Ids;
use crate::orders::magic::MagicEffect;

/// A longer value of a parameter is not repeated in the result.
const MAX_ECHO_BYTES: usize = 256;

/// The operations whose `Code` for success is `Success` (documented).
const CODE_IS_SUCCESS: [&str; 4] = [
    "DeleteCustomizeFlowStrategy",
    "DescribeAuthVerify",
    "InitAuthVerify",
    "QueryControlStrategy",
];

/// Added to the numbers of generated certify IDs, so that they differ from those of orders.
const CERTIFY_ID_OFFSET: u64 = 1 << 40;

/// The result of an operation without an implementation of its own. `number` is one that no other
/// generated value has; a list that is filtered by an ID that was never issued is empty.
pub(super) fn result(
    spec: OperationSpec,
    params: &Params,
    magic: Option<MagicEffect>,
    ids: Ids,
    is_empty: bool,
    number: u64,
    now_unix: u64,
) -> OperationResult {
    let generator = Generator {
        action: spec.action(),
        params,
        outcome: CheckOutcome::of(spec.action(), magic),
        ids,
        is_empty,
        now_unix,
        number,
    };
    let mut members = generator.object("", spec.response());
    let code = if CODE_IS_SUCCESS.contains(&spec.action()) {
        "Success"
    } else {
        "200"
    };
    for (name, value) in [("Code", code), ("Message", "success")] {
        if let Some(member) = members.get_mut(name) {
            *member = value.into();
        }
    }
    OperationResult { code, members }
}

/// What the values of one result depend on.
struct Generator<'g> {
    action: &'static str,
    params: &'g Params,
    outcome: CheckOutcome,
    ids: Ids,
    is_empty: bool,
    now_unix: u64,
    number: u64,
}

impl Generator<'_> {
    fn object(&self, path: &str, fields: &[Value]) -> Map<String, Value> {
        let values = fields.iter().map(|field| {
            let name = string(&field["name"]);
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            (name.to_owned(), self.value(&path, name, field))
        });
        values.collect()
    }

    fn value(&self, path: &str, name: &str, field: &Value) -> Value {
        let nested = || {
            let fields = field["fields"].as_array().map(Vec::as_slice);
            fields.unwrap_or_default()
        };
        let documented = values::documented(self.action, path);
        match string(&field["type"]) {
            "struct" => Value::Object(self.object(path, nested())),
            "list" if self.is_empty => Value::Array(Vec::new()),
            "list" => Value::Array(vec![self.value(path, name, &field["item"])]),
            "map" => self.map(name).into(),
            "boolean" => json!(documented != Some("false")),
            "float" => json!(score(name)),
            "integer" => self.integer(path, name).into(),
            _ if field["content"] == "json" => json_string(name).into(),
            _ => self.string(path, name).into(),
        }
    }

    /// A map, which is never empty: some readers cannot tell an empty one from nothing.
    fn map(&self, name: &str) -> Map<String, Value> {
        let scores = values::risk_scores(self.action).iter();
        let mut map: Map<String, Value> = scores
            .map(|(risk, score)| ((*risk).to_owned(), (*score).into()))
            .collect();
        if map.is_empty() {
            map.insert(name.to_owned(), "simulated".into());
        }
        map
    }

    /// The value of the parameter with the same name, so that the result fits the request.
    fn echo(&self, name: &str) -> Option<&str> {
        let name = match name {
            "ItemsPerPage" => "PageSize",
            name => name,
        };
        let value = self.params.get(name)?.as_str();
        (!value.is_empty() && value.len() <= MAX_ECHO_BYTES).then_some(value)
    }

    fn integer(&self, path: &str, name: &str) -> i64 {
        let echo = self.echo(name).and_then(|value| value.parse().ok());
        let documented = values::documented(self.action, path);
        let documented = documented.and_then(|value| value.parse().ok());
        echo.or(documented).unwrap_or_else(|| match name {
            "HttpStatusCode" => 200,
            "Expired" => i64::try_from(self.now_unix.saturating_add(1_800)).unwrap_or(i64::MAX),
            "GmtModified" => i64::try_from(self.now_unix.saturating_mul(1_000)).unwrap_or(i64::MAX),
            "TotalCount" | "TotalPage" | "TotalPages" | "TotalItem" if self.is_empty => 0,
            _ => 1,
        })
    }

    fn string(&self, path: &str, name: &str) -> String {
        if let Some(echo) = self.echo(name) {
            return echo.to_owned();
        }
        if let Some(value) = values::documented(self.action, path) {
            return value.to_owned();
        }
        match name {
            "BizCode" => self.outcome.biz_code.to_owned(),
            // Invented where the operation has no documented list. The one of a verdict is set
            // elsewhere.
            "SubCode" => self.outcome.sub_code.to_owned(),
            "CertifyId" => self.ids.certify_id(CERTIFY_ID_OFFSET + self.number),
            "AuthKey" | "VerifyToken" | "Token" => self.ids.token(self.number),
            "Passed" => "T".to_owned(),
            "Success" => "true".to_owned(),
            "TotalCount" | "TotalPage" | "Count" => "1".to_owned(),
            _ if name.ends_with("Url") => "https://simulated.example.com/file".to_owned(),
            _ if name.ends_with("Rate") || name.ends_with("Proportion") => "50.00%".to_owned(),
            _ if name.ends_with("Time") || name.starts_with("Gmt") => timestamp(self.now_unix),
            _ if name.ends_with("Date") || name.ends_with("Day") => day(self.now_unix),
            _ if name.ends_with("Id") || name.ends_with("Cnt") || name.ends_with("Count") => {
                self.number.to_string()
            }
            _ => "simulated".to_owned(),
        }
    }
}

/// A number where the documents' examples have one: similarities and qualities of up to 100, risks,
/// angles and blur near 0.
fn score(name: &str) -> f64 {
    match name {
        "GuardRiskScore" | "PitchAngle" | "RollAngle" | "YawAngle" => 2.5,
        "Blur" => 0.125,
        _ => 91.204,
    }
}

/// JSON in a string; an empty object except for what clients usually read.
fn json_string(name: &str) -> &'static str {
    match name {
        "CardInfo" | "OcrInfo" | "OcrCardInfo" => r#"{"certName":"simulated"}"#,
        "FaceDetail" => r#"{"verifyScore":91.204,"faceAttack":"F"}"#,
        "VehicleInfo" => r#"{"brand":"simulated","state":"A"}"#,
        _ => "{}",
    }
}
