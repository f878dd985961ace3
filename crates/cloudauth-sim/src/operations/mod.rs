//! The operations: parameters in, business reply out.
//!
//! A few have a life of their own ([`face`], [`scenes`], [`search`]); all others are answered from the catalogue
//! ([`plausible`]). Codes are documented unless a comment says otherwise; messages are the simulator's own. All
//! access keys and both regions share one set of orders: whether a certify id made in one region can be read in the
//! other is not documented.

mod face;
mod plausible;
mod scenes;
mod search;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use self::scenes::Scenes;
use crate::catalogue::{Flaw, Operation};
use crate::magic::Magic;
use crate::orders::Orders;
use crate::sm2::KeyPair;
use crate::store::Store;
use crate::verify::Refusal;

pub(crate) type Params = BTreeMap<String, String>;

/// What an operation answers, before the request id is added. The HTTP status is 200 whatever the code is.
pub(crate) struct Business {
    pub(crate) code: &'static str,
    members: Map<String, Value>,
}

impl Business {
    /// Answers in `ResultObject`, as most operations do.
    pub(crate) fn success(result: Value) -> Self {
        let mut business = Self::failure("200", "success");
        business.members.insert("ResultObject".to_owned(), result);
        business
    }

    fn failure(code: &'static str, message: impl Into<String>) -> Self {
        let mut members = Map::new();
        members.insert("Code".to_owned(), code.into());
        members.insert("Message".to_owned(), Value::String(message.into()));
        Self { code, members }
    }

    /// The service's own error, as a scripted fault.
    pub(crate) fn system_error() -> Self {
        Self::failure("500", "system error")
    }

    /// Whether anything was done: an order opened, a check made, a question answered, be it with "not yet".
    pub(crate) fn was_carried_out(&self) -> bool {
        matches!(self.code, "200" | "Success" | "403" | "424")
    }

    /// All of it but the request id.
    pub(crate) fn body(self) -> Value {
        Value::Object(self.members)
    }
}

/// What the operations remember.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) orders: Orders,
    pub(crate) store: Store,
    pub(crate) sm2: KeyPair,
    /// What a `CertifyUrl` and the links to pictures begin with.
    pub(crate) public_url: String,
    scenes: Scenes,
    made: u64,
}

impl Desk {
    /// Answers an operation; `Err` where its reply has no code to refuse with.
    pub(crate) fn answer(
        &mut self,
        operation: Operation,
        params: &Params,
        now_unix: u64,
    ) -> Result<Business, Refusal> {
        let business = match operation.action() {
            // They refuse by themselves: what they need depends on the plan.
            "InitFaceVerify" => self.init_face_verify(params, now_unix),
            "DescribeFaceVerify" => self.describe_face_verify(params, now_unix),
            action => match self.flaw(operation, params) {
                Some(business) if operation.has_code() => business,
                Some(business) => return Err(refusal(&business)),
                None => self.known(operation, action, params, now_unix),
            },
        };
        Ok(business)
    }

    fn known(
        &mut self,
        operation: Operation,
        action: &str,
        params: &Params,
        now_unix: u64,
    ) -> Business {
        let magic = Magic::among(params);
        if let Some(Magic::Refused(code)) = magic {
            return Business::failure(code, "as the magic number demands");
        }
        match action {
            "ContrastFaceVerify" | "LivenessFaceVerify" | "CompareFaceVerify" => {
                self.compare(operation, params, magic, now_unix)
            }
            "DescribeVerifySearchPageList" => self.search(params),
            "CreateAntCloudAuthScene" => self.create_scene(params, now_unix),
            "UpdateAntCloudAuthScene" => self.update_scene(params, now_unix),
            "DeleteAntCloudAuthScene" => self.delete_scene(params),
            "DescribeListAntCloudAuthScenes" => self.list_scenes(params),
            _ => self.plausible(operation, params, now_unix),
        }
    }

    /// What the catalogue has against the parameters; and a file that was never posted is refused with 401
    /// (inferred).
    fn flaw(&self, operation: Operation, params: &Params) -> Option<Business> {
        let lost = || {
            let mut named = operation
                .uploads()
                .filter_map(|field| Some((field, params.get(field)?)))
                .filter(|(_, url)| !url.is_empty());
            let lost = named.find(|(_, url)| self.store.file(url).is_none());
            lost.map(|(field, _)| invalid(field))
        };
        match operation.flaw(params) {
            Some(Flaw::Missing(name)) => Some(empty(name)),
            Some(Flaw::Malformed(name)) => Some(invalid(name)),
            None => lost(),
        }
    }

    /// A number that nothing else made has.
    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }
}

/// The gateway's words for it (documented); that it says them for these operations is inferred.
fn refusal(business: &Business) -> Refusal {
    let code = match business.code {
        "400" => "MissingParameter",
        _ => "InvalidParameter",
    };
    let message = business.members.get("Message").and_then(Value::as_str);
    Refusal::new(400, code, message.unwrap_or_default())
}

fn given<'p>(params: &'p Params, name: &str) -> &'p str {
    params.get(name).map(String::as_str).unwrap_or_default()
}

fn required<'p>(params: &'p Params, name: &str) -> Result<&'p str, Business> {
    Some(given(params, name))
        .filter(|value| !value.is_empty())
        .ok_or_else(|| empty(name))
}

fn empty(name: &str) -> Business {
    Business::failure("400", format!("{name} must not be empty"))
}

fn invalid(name: &str) -> Business {
    Business::failure("401", format!("{name} is invalid"))
}
