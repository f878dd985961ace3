//! The service without a network: requests in, reactions out, time as an argument.

use core::fmt;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::callbacks::Callbacks;
use crate::ids;
use crate::log::{Log, Seen, query_names, shortened};
use crate::nonces::Nonces;
use crate::offices::Offices;
use crate::operations::{self, Business};
use crate::orders::{FinishError, Orders};
use crate::page;
use crate::region::Region;
use crate::reply::{Reaction, Reply};
use crate::request::Incoming;
use crate::script::{Fault, Script, Times};
use crate::store::{self, Store};
use crate::verdict::Verdict;
use crate::verify::{Refusal, Verified, named_action, verify};

/// The id of the access key that every [`World`] knows. The vendor's published examples use it too.
pub const ACCESS_KEY_ID: &str = "testid";

/// The secret of that key.
pub const ACCESS_KEY_SECRET: &str = "testsecret";

/// The API version that the simulator speaks.
const VERSION: &str = "2019-03-07";

/// What lets files into the object store, and its version: an operation of another product.
const AUTHORIZE: (&str, &str) = ("AuthorizeFileUpload", "2019-12-19");

/// The service: two regions, their orders, the faults to come and a log. It does no I/O and reads no clock.
///
/// Memory is bounded: the last 10 000 requests, 1 000 callbacks, 100 000 orders and 1 000 000 nonces are
/// remembered. `Debug` shows
/// counts.
pub struct World {
    pub(crate) keys: BTreeMap<String, Key>,
    pub(crate) offices: Offices,
    pub(crate) orders: Orders,
    pub(crate) callbacks: Callbacks,
    store: Store,
    nonces: Nonces,
    script: Script,
    log: Log,
    executions: BTreeMap<&'static str, usize>,
    taught: BTreeMap<&'static str, Value>,
    public_url: String,
    requests: u64,
}

pub(crate) struct Key {
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    /// In seconds since 1970.
    pub(crate) expires: Option<u64>,
}

/// A reply with what the log says about it.
struct Outcome {
    reply: Reply,
    name: &'static str,
    scheme: Option<&'static str>,
}

impl World {
    /// A service that knows the one key [`ACCESS_KEY_ID`].
    #[must_use]
    pub fn new() -> Self {
        let mut world = Self {
            keys: BTreeMap::new(),
            offices: Offices::default(),
            orders: Orders::default(),
            callbacks: Callbacks::default(),
            store: Store::default(),
            nonces: Nonces::default(),
            script: Script::default(),
            log: Log::default(),
            executions: BTreeMap::new(),
            taught: BTreeMap::new(),
            public_url: "http://simulator.invalid".to_owned(),
            requests: 0,
        };
        world.add_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        world
    }

    /// Makes an access key known, or changes its secret.
    pub fn add_key(&mut self, id: &str, secret: &str) {
        let secret = secret.to_owned();
        self.keys.insert(
            id.to_owned(),
            Key {
                secret,
                token: None,
                expires: None,
            },
        );
    }

    /// Makes a temporary key known that only works together with its STS token.
    pub fn add_sts_key(&mut self, id: &str, secret: &str, token: &str) {
        let secret = secret.to_owned();
        let token = Some(token.to_owned());
        let expires = None;
        let key = Key {
            secret,
            token,
            expires,
        };
        self.keys.insert(id.to_owned(), key);
    }

    /// Makes an operation known that the simulator does not have: whatever its parameters, it is
    /// carried out and answered with this as its `ResultObject`.
    pub fn teach(&mut self, action: &'static str, result: Value) {
        self.taught.insert(action, result);
    }

    /// Sets what a `CertifyUrl` begins with; no slash at the end.
    pub fn set_public_url(&mut self, url: String) {
        self.public_url = url;
    }

    /// Appends a fault to those that wait for the requests of a region.
    ///
    /// Each API request takes the first one that is meant for it; requests for pages take none.
    pub fn inject(&mut self, region: Region, fault: Fault, times: Times) {
        self.script.add(region, None, fault, times);
    }

    /// Appends a fault that only meets requests which name this action.
    pub fn inject_on(&mut self, region: Region, action: &str, fault: Fault, times: Times) {
        self.script
            .add(region, Some(action.to_owned()), fault, times);
    }

    /// Forgets the faults of both regions.
    pub fn clear_faults(&mut self) {
        for region in Region::ALL {
            self.script.clear(region);
        }
    }

    /// Forgets the faults of one region.
    pub fn clear_faults_of(&mut self, region: Region) {
        self.script.clear(region);
    }

    /// Whether [`Fault::Refuse`] comes next in this region, whatever is asked.
    #[must_use]
    pub fn refuses(&self, region: Region) -> bool {
        self.script.refuses(region)
    }

    /// How often an operation was carried out: past the gateway and with acceptable parameters.
    ///
    /// Two for one wanted `InitFaceVerify` is an order opened twice.
    #[must_use]
    pub fn executions(&self, action: &str) -> usize {
        self.executions.get(action).copied().unwrap_or_default()
    }

    /// How often any operation was carried out.
    pub(crate) fn executed(&self) -> usize {
        self.executions.values().sum()
    }

    /// How many remembered orders have this `OuterOrderNo`.
    #[must_use]
    pub fn orders_named(&self, order_no: &str) -> usize {
        self.orders.named(order_no)
    }

    /// The files that were posted to the object store, oldest first; at most 64.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.store.files()
    }

    /// The last API requests, oldest first; at most 10 000.
    #[must_use]
    pub fn requests(&self) -> &[Seen] {
        self.log.last()
    }

    /// Does what submitting the page does, with this verdict: there may be a callback to send.
    pub fn finish(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        now_unix: u64,
    ) -> Result<(), FinishError> {
        self.finish_with(certify_id, verdict, &[], now_unix)
    }

    /// Lets a request happen: to the page below `/verify/` of any region, else to the API.
    pub fn handle(&mut self, region: Region, request: &Incoming, now_unix: u64) -> Reaction {
        if request.path().starts_with(page::PATH) {
            return self.page(request, now_unix);
        }
        let action = named(request);
        let fault = self.script.take(region, &action);
        self.react(region, request, &action, fault, now_unix)
    }

    /// Lets an API request happen that meets this fault, whatever is scripted.
    pub(crate) fn meet(
        &mut self,
        region: Region,
        request: &Incoming,
        fault: Fault,
        now_unix: u64,
    ) -> Reaction {
        self.react(region, request, &named(request), Some(fault), now_unix)
    }

    fn react(
        &mut self,
        region: Region,
        request: &Incoming,
        action: &str,
        fault: Option<Fault>,
        now_unix: u64,
    ) -> Reaction {
        self.requests += 1;
        let request_id = ids::request_id(self.requests);
        let name = fault.as_ref().map(Fault::name);
        let mut scheme = None;
        let mut outcome = String::new();
        let mut carry_out = |world: &mut Self| {
            let done = world.serve(region, request, &request_id, now_unix);
            scheme = done.scheme;
            done.name.clone_into(&mut outcome);
            done.reply
        };
        let reaction = match fault {
            None => carry_out(self).answer(),
            Some(Fault::Refuse) => Reaction::Refuse,
            Some(Fault::Reset) => {
                carry_out(self);
                Reaction::Reset
            }
            Some(Fault::Hang) => {
                carry_out(self);
                Reaction::Hang
            }
            Some(Fault::Truncate) => carry_out(self).truncated(),
            Some(Fault::Garbage) => {
                carry_out(self);
                let body = b"<html><body><h1>It works!</h1></body></html>".to_vec();
                Reply::new(200, "text/html", now_unix, body).answer()
            }
            Some(Fault::Empty) => {
                carry_out(self);
                Reply::new(200, "application/json;charset=utf-8", now_unix, Vec::new()).answer()
            }
            Some(Fault::Oversize(bytes)) => carry_out(self).padded(bytes).answer(),
            Some(Fault::Status(status)) => {
                let refusal =
                    Refusal::new(status, Fault::gateway_code(status), "A scripted fault.");
                Reply::fault(region, &refusal, &request_id, now_unix).answer()
            }
            Some(Fault::Code500) => {
                let body = Business::system_error().body(&request_id);
                Reply::json(200, &request_id, now_unix, &body).answer()
            }
            Some(Fault::Custom { status, body }) => {
                Reply::new(status, "application/json;charset=utf-8", now_unix, body).answer()
            }
        };
        self.log.push(Seen {
            region,
            action: shortened(action),
            at_unix: now_unix,
            outcome: name.map_or(outcome, |name| format!("fault: {name}")),
            scheme,
            url_query_names: query_names(request),
        });
        reaction
    }

    /// The page behind a `CertifyUrl`, without the API around it.
    pub fn page(&mut self, request: &Incoming, now_unix: u64) -> Reaction {
        self.visit_page(request, now_unix).answer()
    }

    fn serve(
        &mut self,
        region: Region,
        request: &Incoming,
        request_id: &str,
        now_unix: u64,
    ) -> Outcome {
        let refused = |refusal: &Refusal, scheme| Outcome {
            reply: Reply::fault(region, refusal, request_id, now_unix),
            name: refusal.code,
            scheme,
        };
        if store::is_post(request) {
            let (reply, name) = self.store.post(request, now_unix);
            if name == "201" {
                *self.executions.entry(store::POST).or_default() += 1;
            }
            return Outcome {
                reply,
                name,
                scheme: None,
            };
        }
        let secret_of = |id: &str| self.keys.get(id).map(|key| key.secret.clone());
        let verified = match verify(request, secret_of, now_unix) {
            Ok(verified) => verified,
            Err(refusal) => return refused(&refusal, None),
        };
        if let Err(refusal) = self.admit(request, &verified, now_unix) {
            return refused(&refusal, Some(verified.scheme));
        }
        if verified.action == AUTHORIZE.0 {
            *self.executions.entry(AUTHORIZE.0).or_default() += 1;
            let mut body = self.store.authorize(now_unix);
            body["RequestId"] = request_id.into();
            return Outcome {
                reply: Reply::json(200, request_id, now_unix, &body),
                name: "200",
                scheme: Some(verified.scheme),
            };
        }
        let (action, business) = match verified.action.as_str() {
            "InitFaceVerify" => (
                "InitFaceVerify",
                operations::init_face_verify(
                    &verified.params,
                    &mut self.orders,
                    &self.public_url,
                    now_unix,
                ),
            ),
            "DescribeFaceVerify" => (
                "DescribeFaceVerify",
                operations::describe_face_verify(&verified.params, &self.orders),
            ),
            other => {
                let taught = self.taught.get_key_value(other);
                let taught =
                    taught.map(|(action, result)| (*action, Business::success(result.clone())));
                let known = || operations::with_files(other, &verified.params, &self.store);
                match taught.or_else(known) {
                    Some(answered) => answered,
                    None => return refused(&no_such_api(), Some(verified.scheme)),
                }
            }
        };
        if business.was_carried_out() {
            *self.executions.entry(action).or_default() += 1;
        }
        Outcome {
            reply: Reply::json(200, request_id, now_unix, &business.body(request_id)),
            name: business.code,
            scheme: Some(verified.scheme),
        }
    }

    /// The checks of the gateway that need memory or a table.
    ///
    /// The codes about tokens are in the vendor's list of common errors, seen in other products' clients.
    fn admit(
        &mut self,
        request: &Incoming,
        verified: &Verified,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        self.admit_caller(verified, now_unix)?;
        let version = match verified.action.as_str() {
            action if action == AUTHORIZE.0 => AUTHORIZE.1,
            _ => VERSION,
        };
        if request.path() != "/" || verified.version != version {
            return Err(no_such_api());
        }
        let xml = match &verified.format {
            Some(format) => !format.eq_ignore_ascii_case("json"),
            // Under RPC 1.0 the service answers XML unless told otherwise (documented).
            None => verified.scheme == "HMAC-SHA1",
        };
        if xml {
            let message = "The simulator answers JSON only: send Format=JSON.";
            return Err(Refusal::new(400, "InvalidParameter", message));
        }
        Ok(())
    }

    /// Whether the key is good, with its token, and the nonce is new.
    pub(crate) fn admit_caller(
        &mut self,
        verified: &Verified,
        now_unix: u64,
    ) -> Result<(), Refusal> {
        let key = self.keys.get(&verified.access_key_id);
        let token = key.and_then(|key| key.token.as_ref());
        if verified.security_token.as_ref() != token {
            return Err(if verified.security_token.is_none() {
                let message = "The key is a temporary one and needs its token.";
                Refusal::new(400, "MissingSecurityToken", message)
            } else {
                let message = "The token does not belong to the key.";
                Refusal::new(400, "InvalidSecurityToken.MismatchWithAccessKey", message)
            });
        }
        if key.is_some_and(|key| key.expires.is_some_and(|expires| expires <= now_unix)) {
            let message = "The token is out of date.";
            return Err(Refusal::new(400, "InvalidSecurityToken.Expired", message));
        }
        if let Some(nonce) = &verified.nonce {
            let id = &verified.access_key_id;
            if !self
                .nonces
                .insert(id, nonce, verified.signed_at_unix, now_unix)
            {
                let message = "The nonce was used before.";
                return Err(Refusal::new(400, "SignatureNonceUsed", message));
            }
        }
        Ok(())
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("keys", &self.keys.len())
            .field("orders", &self.orders.len())
            .field("requests", &self.requests)
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}

/// What a request asks for, verified or not.
fn named(request: &Incoming) -> String {
    if store::is_post(request) {
        store::POST.to_owned()
    } else {
        named_action(request)
    }
}

fn no_such_api() -> Refusal {
    let message = "There is no such operation in this version.";
    Refusal::new(404, "InvalidApi.NotFound", message)
}
