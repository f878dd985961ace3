//! The simulator's replies beside a recording.

use core::fmt;

use serde_json::Value;

use super::{RecordedShape, kinds};
use crate::world::World;

/// One difference between a recorded reply and the simulator's.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The operation.
    pub action: String,
    /// Where: a path like `ResultObject.Passed`, or the name of a header.
    pub place: String,
    /// What the recording has there; `None` if nothing.
    pub recorded: Option<String>,
    /// What the simulator has there; `None` if nothing.
    pub simulated: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(
            f,
            "{}: {}: recorded {}, simulated {}",
            self.action,
            self.place,
            shown(&self.recorded),
            shown(&self.simulated)
        )
    }
}

/// The differences between a recorded reply and the simulator's for the same operation.
///
/// The simulator has a reply of success and one of failure for each operation: the one with fewer
/// differences counts. A list that is empty on one side is no difference.
#[must_use]
pub fn compare(recorded: &RecordedShape) -> Vec<Difference> {
    let replies = World::new().example_replies(&recorded.action, recorded.status);
    let differences = replies.iter().map(|simulated| between(recorded, simulated));
    let fewest = differences.min_by_key(Vec::len);
    fewest.unwrap_or_else(|| {
        vec![Difference {
            action: recorded.action.clone(),
            place: "the operation".to_owned(),
            recorded: Some(recorded.status.to_string()),
            simulated: None,
        }]
    })
}

fn between(recorded: &RecordedShape, simulated: &RecordedShape) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut add = |place: String, recorded_has: Option<String>, simulated_has: Option<String>| {
        found.push(Difference {
            action: recorded.action.clone(),
            place,
            recorded: recorded_has,
            simulated: simulated_has,
        });
    };
    if recorded.status != simulated.status {
        let statuses = [recorded.status, simulated.status].map(|it| Some(it.to_string()));
        let [one, other] = statuses;
        add("the HTTP status".to_owned(), one, other);
    }
    let header = || Some("a header".to_owned());
    for name in recorded
        .headers
        .iter()
        .filter(|name| !simulated.headers.contains(name))
    {
        add(name.clone(), header(), None);
    }
    for name in simulated
        .headers
        .iter()
        .filter(|name| !recorded.headers.contains(name))
    {
        add(name.clone(), None, header());
    }
    differences("", &recorded.shape, &simulated.shape, &mut add);
    found
}

fn differences(
    path: &str,
    recorded: &Value,
    simulated: &Value,
    add: &mut impl FnMut(String, Option<String>, Option<String>),
) {
    let shown = |shape: &Value| Some(kinds(shape).join("|"));
    match (recorded, simulated) {
        (Value::Object(one), Value::Object(other)) => {
            let inside = |name: &str| {
                if path.is_empty() {
                    name.to_owned()
                } else {
                    format!("{path}.{name}")
                }
            };
            for (name, member) in one {
                match other.get(name) {
                    Some(known) => differences(&inside(name), member, known, add),
                    None => add(inside(name), shown(member), None),
                }
            }
            for (name, member) in other.iter().filter(|(name, _)| !one.contains_key(*name)) {
                add(inside(name), None, shown(member));
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            if let (Some(one), Some(other)) = (one.first(), other.first()) {
                differences(&format!("{path}[]"), one, other, add);
            }
        }
        _ if recorded == simulated => {}
        _ => {
            let place = if path.is_empty() { "the body" } else { path };
            add(place.to_owned(), shown(recorded), shown(simulated));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(action: &str, status: u16, body: &str) -> RecordedShape {
        let headers = World::new().example_replies(action, status)[0]
            .headers
            .clone();
        let names: Vec<_> = headers.iter().map(String::as_str).collect();
        RecordedShape::of(action, status, names, body.as_bytes())
    }

    fn places(recorded: &RecordedShape) -> Vec<String> {
        let differences = compare(recorded).into_iter();
        differences.map(|it| it.to_string()).collect()
    }

    #[test]
    fn a_reply_as_the_simulator_s_has_no_difference() {
        let good = r#"{"Code":"200","Message":"m","RequestId":"r","ResultObject":
            {"CertifyId":"c","CertifyUrl":"u"}}"#;
        assert_eq!(compare(&recorded("InitFaceVerify", 200, good)), []);
        let failed = r#"{"Code":"401","Message":"m","RequestId":"r"}"#;
        assert_eq!(compare(&recorded("InitFaceVerify", 200, failed)), []);
        let refused = r#"{"Code":"a","Message":"m","RequestId":"r","HostId":"h","Recommend":"r"}"#;
        assert_eq!(compare(&recorded("InitFaceVerify", 403, refused)), []);
    }

    #[test]
    fn every_difference_is_listed_by_its_place() {
        let other = r#"{"Code":200,"Message":"m","RequestId":"r","New":{},"ResultObject":
            {"CertifyId":"c"}}"#;
        let mut recorded = recorded("InitFaceVerify", 200, other);
        recorded.headers.retain(|name| name != "date");
        recorded.headers.push("etag".to_owned());
        assert_eq!(
            places(&recorded),
            [
                "InitFaceVerify: etag: recorded a header, simulated nothing",
                "InitFaceVerify: date: recorded nothing, simulated a header",
                "InitFaceVerify: Code: recorded number, simulated string",
                "InitFaceVerify: New: recorded object, simulated nothing",
                "InitFaceVerify: ResultObject.CertifyUrl: recorded nothing, simulated string",
            ]
        );
    }

    #[test]
    fn an_operation_that_is_not_simulated_is_a_difference() {
        let recorded = RecordedShape::of("NewOperation", 200, [], b"{}");
        assert_eq!(compare(&recorded).len(), 1);
    }

    #[test]
    fn every_operation_of_the_catalogue_has_an_example_of_success() {
        let operations: Vec<Value> = serde_json::from_str(crate::CATALOGUE).unwrap();
        for operation in &operations {
            let action = operation["action"].as_str().unwrap();
            let replies = World::new().example_replies(action, 200);
            let documented = operation["response"].as_array().unwrap();
            for field in documented
                .iter()
                .filter(|field| field["name"] != "DegradeInfo")
            {
                let name = field["name"].as_str().unwrap();
                assert!(replies[0].shape.get(name).is_some(), "{action} {name}");
            }
        }
    }
}
