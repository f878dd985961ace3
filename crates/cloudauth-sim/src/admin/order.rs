//! What the admin endpoint can be told, as JSON.

use serde_json::{Map, Value};

use crate::fault::{Fault, Times};
use crate::percent;
use crate::region::Region;
use crate::verdict::Verdict;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A fault, in one region or in both.
    Inject {
        regions: Vec<Region>,
        action: Option<String>,
        fault: Fault,
        times: Times,
    },
    /// No more faults, and open ports.
    Heal { regions: Vec<Region> },
    /// The clock is moved by so many seconds.
    MoveClock { seconds: i64 },
    /// A verification ends.
    Finish {
        certify_id: String,
        verdict: Verdict,
    },
    /// The limits of queries are kept, or not.
    KeepLimits { are_kept: bool },
    /// Nobody is locked out any more.
    Unlock,
}

type Read = Result<Order, String>;

impl Order {
    /// `DELETE /admin/faults?region=cn-beijing`.
    pub(super) fn healing(query: &str) -> Read {
        let pairs = percent::pairs(query).ok_or("the query is not percent-encoded UTF-8")?;
        let named = pairs.iter().find(|(name, _)| name == "region");
        let regions = regions(named.map(|(_, region)| region.as_str()))?;
        Ok(Self::Heal { regions })
    }

    /// What is posted to a path below the admin endpoint; `None` if there is no such path.
    pub(super) fn read(path: &str, body: &[u8]) -> Option<Read> {
        let read: fn(&Members) -> Read = match path {
            "/faults" => inject,
            "/clock" => |members| {
                let seconds = members.integer("move")?;
                Ok(Self::MoveClock { seconds })
            },
            "/finish" => finish,
            "/limits" => |members| {
                let are_kept = members.0.get("keep").and_then(Value::as_bool);
                let are_kept = are_kept.ok_or("keep must be true or false")?;
                Ok(Self::KeepLimits { are_kept })
            },
            "/unlock" => |_| Ok(Self::Unlock),
            _ => return None,
        };
        Some(match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => read(&Members(members)),
            _ => Err("the body must be a JSON object".to_owned()),
        })
    }
}

struct Members(Map<String, Value>);

impl Members {
    fn text(&self, name: &str) -> Result<Option<&str>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} must be a text")),
        }
    }

    fn needed(&self, name: &str) -> Result<&str, String> {
        self.text(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    fn integer(&self, name: &str) -> Result<i64, String> {
        let value = self.0.get(name).and_then(Value::as_i64);
        value.ok_or_else(|| format!("{name} must be an integer"))
    }

    fn status(&self) -> Result<u16, String> {
        let status = self.integer("status")?;
        u16::try_from(status)
            .ok()
            .filter(|status| (200..600).contains(status))
            .ok_or_else(|| "status must be between 200 and 599".to_owned())
    }
}

fn regions(named: Option<&str>) -> Result<Vec<Region>, String> {
    match named {
        None => Ok(Region::ALL.to_vec()),
        Some(name) => {
            let region = Region::ALL.into_iter().find(|region| region.id() == name);
            let region = region.ok_or("region must be cn-shanghai or cn-beijing")?;
            Ok(vec![region])
        }
    }
}

/// More than this and a filled reply is refused.
const LARGEST_REPLY: i64 = 64 * 1024 * 1024;

/// `{"fault": "status", "status": 503, "region": "cn-beijing", "action": "InitFaceVerify", "times": 2}`. Without a
/// region it meets both; without an action, every one; `times` is 1, a number or `"always"`.
fn inject(members: &Members) -> Read {
    let fault = match members.needed("fault")? {
        "refuse" => Fault::Refuse,
        "reset" => Fault::Reset,
        "hang" => Fault::Hang,
        "trickle" => Fault::Trickle,
        "status" => Fault::Status(members.status()?),
        "code 500" => Fault::Code500,
        "throttle" => Fault::Throttle,
        "gateway" => Fault::Gateway {
            status: members.status()?,
            code: members.needed("code")?.to_owned(),
        },
        "garbage" => Fault::Garbage,
        "wrong type" => Fault::WrongType,
        "empty" => Fault::Empty,
        "truncate" => Fault::Truncate,
        "oversize" => match members.integer("bytes")? {
            bytes @ 0..=LARGEST_REPLY => {
                Fault::Oversize(usize::try_from(bytes).unwrap_or_default())
            }
            _ => return Err(format!("bytes must be between 0 and {LARGEST_REPLY}")),
        },
        "skew" => Fault::Skew(members.integer("seconds")?),
        "close" => Fault::Close,
        "bad tls" => Fault::BadTls,
        "custom" => Fault::Custom {
            status: members.status()?,
            body: members.needed("body")?.as_bytes().to_vec(),
        },
        _ => return Err("there is no such fault".to_owned()),
    };
    let times = match members.0.get("times") {
        None => Times::Once,
        Some(Value::String(word)) if word == "always" => Times::Always,
        Some(number) => {
            let number = number
                .as_u64()
                .and_then(|number| u32::try_from(number).ok());
            Times::N(number.ok_or("times must be a number or \"always\"")?)
        }
    };
    let action = members.text("action")?.map(str::to_owned);
    Ok(Order::Inject {
        regions: regions(members.text("region")?)?,
        action,
        fault,
        times,
    })
}

fn finish(members: &Members) -> Read {
    let verdict = Verdict::from_sub_code(members.needed("subCode")?);
    Ok(Order::Finish {
        certify_id: members.needed("certifyId")?.to_owned(),
        verdict: verdict.ok_or("subCode is not one that the simulator knows")?,
    })
}
