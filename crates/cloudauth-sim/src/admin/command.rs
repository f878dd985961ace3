//! The commands of the admin interface, parsed from JSON.

use serde_json::{Map, Value};

use super::describe;
use crate::faults::{Fault, Times};
use crate::http::percent;
use crate::region::Region;
use crate::verdict::Verdict;

/// The largest size of [`Fault::Oversize`].
const MAX_RESPONSE_BYTES: i64 = 64 * 1024 * 1024;

/// A command of the admin interface.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AdminCommand {
    /// Injects a fault in one region or in both.
    Inject {
        regions: Vec<Region>,
        action: Option<String>,
        fault: Fault,
        times: Times,
    },
    /// Clears the faults of these regions and opens their ports.
    Restore { regions: Vec<Region> },
    /// Moves the clock, forward or back.
    MoveClock { seconds: i64 },
    /// Finishes a verification.
    Finish {
        certify_id: String,
        verdict: Verdict,
    },
    /// Enforces the documented rate limits, or stops that.
    EnforceRateLimits { enforce: bool },
    /// Unlocks all identities.
    UnlockIdentities,
}

/// The largest distance that the clock moves, and that a region's clock is wrong by: 100 years.
const MAX_SECONDS: i64 = 100 * 365 * 86_400;

type Parsed = Result<AdminCommand, String>;

impl AdminCommand {
    /// Parses the query of `DELETE /admin/faults?region=cn-beijing`.
    pub(super) fn restore(query: &str) -> Parsed {
        let pairs = percent::pairs(query).ok_or("the query must be percent-encoded UTF-8")?;
        if let Some((unknown, _)) = pairs.iter().find(|(name, _)| name != "region") {
            return Err(unknown_key(unknown, &["region"]));
        }
        let region = pairs.iter().find(|(name, _)| name == "region");
        let regions = regions(region.map(|(_, region)| region.as_str()))?;
        Ok(Self::Restore { regions })
    }

    /// Parses the body of a `POST` to a path below the admin interface; `None` for an unknown path.
    pub(super) fn parse(path: &str, body: &[u8]) -> Option<Parsed> {
        let parse: fn(&Fields) -> Parsed = match path {
            "/faults" => inject,
            "/clock" => |fields| {
                let seconds = fields.seconds("move_seconds")?;
                Ok(Self::MoveClock { seconds })
            },
            "/finish" => finish,
            "/limits" => |fields| {
                let enforce = fields.0.get("enforce").and_then(Value::as_bool);
                let enforce = enforce.ok_or("enforce must be true or false")?;
                Ok(Self::EnforceRateLimits { enforce })
            },
            "/unlock" => |_| Ok(Self::UnlockIdentities),
            _ => return None,
        };
        let keys = describe::keys_of(path);
        Some(match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => {
                let mut names = fields.keys();
                match names.find(|name| !keys.contains(&name.as_str())) {
                    Some(unknown) => Err(unknown_key(unknown, &keys)),
                    None => parse(&Fields(fields)),
                }
            }
            _ => Err("the body must be a JSON object".to_owned()),
        })
    }
}

/// The message about a key that a command does not have.
fn unknown_key(unknown: &str, keys: &[&str]) -> String {
    let unknown: String = unknown.chars().take(32).collect();
    let keys = if keys.is_empty() {
        "none".to_owned()
    } else {
        keys.join(", ")
    };
    format!("unknown key {unknown:?}; there are: {keys}")
}

/// The fields of a command's JSON object.
struct Fields(Map<String, Value>);

impl Fields {
    fn optional_string(&self, name: &str) -> Result<Option<&str>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} must be a string")),
        }
    }

    fn string(&self, name: &str) -> Result<&str, String> {
        self.optional_string(name)?
            .ok_or_else(|| format!("{name} is missing"))
    }

    fn integer(&self, name: &str) -> Result<i64, String> {
        let value = self.0.get(name).and_then(Value::as_i64);
        value.ok_or_else(|| format!("{name} must be an integer"))
    }

    fn seconds(&self, name: &str) -> Result<i64, String> {
        let seconds = self.integer(name)?;
        if seconds.unsigned_abs() > MAX_SECONDS.unsigned_abs() {
            return Err(format!(
                "{name} must be between -{MAX_SECONDS} and {MAX_SECONDS}"
            ));
        }
        Ok(seconds)
    }

    fn status(&self) -> Result<u16, String> {
        let status = self.integer("status")?;
        u16::try_from(status)
            .ok()
            .filter(|status| (200..600).contains(status))
            .ok_or_else(|| "status must be between 200 and 599".to_owned())
    }
}

fn regions(id: Option<&str>) -> Result<Vec<Region>, String> {
    match id {
        None => Ok(Region::ALL.to_vec()),
        Some(id) => {
            let region = Region::ALL.into_iter().find(|region| region.id() == id);
            let region = region.ok_or("region must be cn-shanghai or cn-beijing")?;
            Ok(vec![region])
        }
    }
}

/// Parses an object like `{"fault": "status", "status": 503, "region": "cn-beijing",
/// "action": "InitFaceVerify", "times": 2}`. Without `region` the fault applies to both, without
/// `action` to every one; `times` is a number, 1 by default, or `"always"`.
fn inject(fields: &Fields) -> Parsed {
    let fault = match fields.string("fault")? {
        "refuse" => Fault::Refuse,
        "reset" => Fault::Reset,
        "hang" => Fault::Hang,
        "trickle" => Fault::Trickle,
        "status" => Fault::Status(fields.status()?),
        "code_500" => Fault::Code500,
        "throttle" => Fault::Throttle,
        "gateway" => Fault::Gateway {
            status: fields.status()?,
            code: fields.string("code")?.to_owned(),
        },
        "garbage" => Fault::Garbage,
        "wrong_type" => Fault::WrongType,
        "empty" => Fault::Empty,
        "truncate" => Fault::Truncate,
        "oversize" => match fields.integer("bytes")? {
            bytes @ 0..=MAX_RESPONSE_BYTES => {
                Fault::Oversize(usize::try_from(bytes).unwrap_or_default())
            }
            _ => return Err(format!("bytes must be between 0 and {MAX_RESPONSE_BYTES}")),
        },
        "skew" => Fault::Skew(fields.seconds("seconds")?),
        "close" => Fault::Close,
        "bad_tls" => Fault::BadTls,
        "custom" => Fault::Custom {
            status: fields.status()?,
            body: fields.string("body")?.as_bytes().to_vec(),
        },
        _ => {
            let kinds = describe::FAULTS.join(", ");
            return Err(format!("fault is unknown; there are: {kinds}"));
        }
    };
    let times = match fields.0.get("times") {
        None => Times::Once,
        Some(Value::String(always)) if always == "always" => Times::Always,
        Some(number) => {
            let number = number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok());
            Times::N(number.ok_or("times must be a number or \"always\"")?)
        }
    };
    let action = fields.optional_string("action")?.map(str::to_owned);
    Ok(AdminCommand::Inject {
        regions: regions(fields.optional_string("region")?)?,
        action,
        fault,
        times,
    })
}

fn finish(fields: &Fields) -> Parsed {
    let verdict = Verdict::from_sub_code(fields.optional_string("sub_code")?.unwrap_or("200"));
    Ok(AdminCommand::Finish {
        certify_id: fields.string("certify_id")?.to_owned(),
        verdict: verdict.ok_or("sub_code is unknown to the simulator")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_java_sample_is_run_with_the_faults_of_the_drivers_tests() {
        let file = include_str!("../../conformance/sample_faults.json");
        let orders: Vec<Value> = serde_json::from_str(file).unwrap();
        let faults = orders.iter().map(|order| {
            let parsed = AdminCommand::parse("/faults", order.to_string().as_bytes());
            let Some(Ok(AdminCommand::Inject { fault, .. })) = parsed else {
                panic!("{order}");
            };
            fault
        });
        assert_eq!(faults.collect::<Vec<_>>(), Fault::of_the_vendor_sample());
    }
}
