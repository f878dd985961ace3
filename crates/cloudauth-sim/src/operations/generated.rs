//! Results from the catalogue: every documented field, with a plausible value of its type.

use serde_json::{Map, Value, json};

use super::catalogue::{OperationSpec, string};
use super::result::OperationResult;
use crate::dates::{day, timestamp};
use crate::http::Params;
use crate::ids::certify_id;
use crate::orders::magic::MagicEffect;
use crate::verdict::Verdict;

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
/// generated value has.
pub(super) fn result(
    spec: OperationSpec,
    params: &Params,
    number: u64,
    now_unix: u64,
) -> OperationResult {
    let generator = Generator {
        params,
        magic: MagicEffect::among(params),
        now_unix,
        number,
    };
    let mut members = generator.object(spec.response());
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
    params: &'g Params,
    magic: Option<MagicEffect>,
    now_unix: u64,
    number: u64,
}

impl Generator<'_> {
    fn object(&self, fields: &[Value]) -> Map<String, Value> {
        let values = fields.iter().map(|field| {
            let name = string(&field["name"]);
            (name.to_owned(), self.value(name, field))
        });
        values.collect()
    }

    fn value(&self, name: &str, field: &Value) -> Value {
        let nested = || {
            let fields = field["fields"].as_array().map(Vec::as_slice);
            fields.unwrap_or_default()
        };
        match string(&field["type"]) {
            "struct" => Value::Object(self.object(nested())),
            "list" => Value::Array(vec![self.value(name, &field["item"])]),
            "map" => json!({}),
            "boolean" => json!(true),
            "float" => json!(91.204),
            "integer" => self.integer(name).into(),
            _ if field["content"] == "json" => json_string(name).into(),
            _ => self.string(name).into(),
        }
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

    fn integer(&self, name: &str) -> i64 {
        let echo = self.echo(name).and_then(|value| value.parse().ok());
        echo.unwrap_or_else(|| match name {
            "HttpStatusCode" => 200,
            "Expired" => i64::try_from(self.now_unix.saturating_add(1_800)).unwrap_or(i64::MAX),
            "GmtModified" => i64::try_from(self.now_unix.saturating_mul(1_000)).unwrap_or(i64::MAX),
            _ => 1,
        })
    }

    fn string(&self, name: &str) -> String {
        if let Some(echo) = self.echo(name) {
            return echo.to_owned();
        }
        match name {
            "CertifyId" => certify_id(CERTIFY_ID_OFFSET + self.number),
            "AuthKey" | "VerifyToken" | "Token" => format!("simulated-token-{}", self.number),
            "Passed" => "T".to_owned(),
            "Success" => "true".to_owned(),
            "BizCode" => self.biz_code().to_owned(),
            // Invented. The one of a verdict is set elsewhere.
            "SubCode" => "101".to_owned(),
            "IspName" => "CMCC".to_owned(),
            "ErrorCode" | "FailReason" | "RiskTag" | "RiskTags" => String::new(),
            "Result" => "0".to_owned(),
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

    /// 1 for a match, 2 for a mismatch, 3 for no record: our interpretation, the metadata has no
    /// enumeration. The magic number of `SubCode` 201 results in 2, those of 202 and 203 in 3.
    fn biz_code(&self) -> &'static str {
        match self.magic {
            Some(MagicEffect::Verdict(Verdict::IdentityNotFound | Verdict::PhotoNotFound)) => "3",
            Some(MagicEffect::Verdict(verdict)) if !verdict.passed() => "2",
            _ => "1",
        }
    }
}

/// JSON in a string; an empty object except for what clients usually read.
fn json_string(name: &str) -> &'static str {
    match name {
        "CardInfo" | "OcrInfo" | "OcrCardInfo" => r#"{"certName":"simulated"}"#,
        "FaceDetail" => r#"{"verifyScore":912.04,"faceAttack":"F"}"#,
        "VehicleInfo" => r#"{"brand":"simulated","state":"A"}"#,
        _ => "{}",
    }
}
