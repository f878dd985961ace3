//! Answers from the catalogue: every documented field is there, with a plausible value of its type.

use serde_json::{Map, Value, json};

use super::{Business, Desk, Params};
use crate::catalogue::{Operation, text};
use crate::ids::certify_id;
use crate::magic::Magic;
use crate::time::timestamp;

/// A value longer than this is not repeated.
const LONGEST_ECHO: usize = 256;

/// The operations whose `Code` for success is a word (documented).
const IN_WORDS: [&str; 4] = [
    "DeleteCustomizeFlowStrategy",
    "DescribeAuthVerify",
    "InitAuthVerify",
    "QueryControlStrategy",
];

/// Certify ids of answers without an order are those of turns that orders do not get to.
const APART: u64 = 1 << 40;

/// What all values of an answer have in common.
struct Hand<'h> {
    params: &'h Params,
    magic: Option<Magic>,
    now_unix: u64,
    turn: u64,
}

impl Desk {
    pub(super) fn plausible(
        &mut self,
        operation: Operation,
        params: &Params,
        now_unix: u64,
    ) -> Business {
        let hand = Hand {
            params,
            magic: Magic::among(params),
            now_unix,
            turn: self.next(),
        };
        let mut members = hand.object(operation.response());
        let code = if IN_WORDS.contains(&operation.action()) {
            "Success"
        } else {
            "200"
        };
        for (name, value) in [("Code", code), ("Message", "success")] {
            if let Some(member) = members.get_mut(name) {
                *member = value.into();
            }
        }
        Business { code, members }
    }
}

impl Hand<'_> {
    fn object(&self, fields: &[Value]) -> Map<String, Value> {
        let values = fields.iter().map(|field| {
            let name = text(&field["name"]);
            (name.to_owned(), self.value(name, field))
        });
        values.collect()
    }

    fn value(&self, name: &str, field: &Value) -> Value {
        let nested = || {
            let fields = field["fields"].as_array().map(Vec::as_slice);
            fields.unwrap_or_default()
        };
        match text(&field["type"]) {
            "struct" => Value::Object(self.object(nested())),
            "list" => Value::Array(vec![self.value(name, &field["item"])]),
            "map" => json!({}),
            "boolean" => json!(true),
            "float" => json!(91.204),
            "integer" => self.integer(name).into(),
            _ if field["content"] == "json" => json(name).into(),
            _ => self.text(name).into(),
        }
    }

    /// What was asked with, so that answers fit questions.
    fn echo(&self, name: &str) -> Option<&str> {
        let name = match name {
            "ItemsPerPage" => "PageSize",
            name => name,
        };
        let value = self.params.get(name)?.as_str();
        (!value.is_empty() && value.len() <= LONGEST_ECHO).then_some(value)
    }

    fn integer(&self, name: &str) -> i64 {
        let echo = self.echo(name).and_then(|value| value.parse().ok());
        echo.unwrap_or_else(|| match name {
            "HttpStatusCode" => 200,
            "Expired" => i64::try_from(self.now_unix + 1_800).unwrap_or(i64::MAX),
            "GmtModified" => i64::try_from(self.now_unix * 1_000).unwrap_or(i64::MAX),
            _ => 1,
        })
    }

    fn text(&self, name: &str) -> String {
        if let Some(echo) = self.echo(name) {
            return echo.to_owned();
        }
        let date = || {
            let mut date = timestamp(self.now_unix);
            date.truncate(10);
            date
        };
        match name {
            "CertifyId" => certify_id(APART + self.turn),
            "AuthKey" | "VerifyToken" | "Token" => format!("simulated-token-{}", self.turn),
            "Passed" => "T".to_owned(),
            "Success" => "true".to_owned(),
            "BizCode" => self.biz_code().to_owned(),
            // Made up. The one of a verdict is set elsewhere.
            "SubCode" => "101".to_owned(),
            "IspName" => "CMCC".to_owned(),
            "ErrorCode" | "FailReason" | "RiskTag" | "RiskTags" => String::new(),
            "Result" => "0".to_owned(),
            "TotalCount" | "TotalPage" | "Count" => "1".to_owned(),
            _ if name.ends_with("Url") => "https://simulated.example.com/file".to_owned(),
            _ if name.ends_with("Rate") || name.ends_with("Proportion") => "50.00%".to_owned(),
            _ if name.ends_with("Time") || name.starts_with("Gmt") => timestamp(self.now_unix),
            _ if name.ends_with("Date") || name.ends_with("Day") => date(),
            _ if name.ends_with("Id") || name.ends_with("Cnt") || name.ends_with("Count") => {
                self.turn.to_string()
            }
            _ => "simulated".to_owned(),
        }
    }

    /// 1 they belong together, 2 they do not, 3 no record: our reading, the metadata has no list. A magic number for `SubCode` 201 gives 2, one for 202 or
    /// 203 gives 3.
    fn biz_code(&self) -> &'static str {
        match self.magic {
            Some(Magic::Verdict(verdict)) => match verdict.sub_code() {
                "202" | "203" => "3",
                _ if verdict.passed() => "1",
                _ => "2",
            },
            _ => "1",
        }
    }
}

/// JSON in a text: empty but for what everybody looks at.
fn json(name: &str) -> &'static str {
    match name {
        "CardInfo" | "OcrInfo" | "OcrCardInfo" => r#"{"certName":"simulated"}"#,
        "FaceDetail" => r#"{"verifyScore":912.04,"faceAttack":"F"}"#,
        "VehicleInfo" => r#"{"brand":"simulated","state":"A"}"#,
        _ => "{}",
    }
}
