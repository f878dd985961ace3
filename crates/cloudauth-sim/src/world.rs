//! The service without a network: requests in, reactions out, time as an argument.

use core::fmt;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::callbacks::Callbacks;
use crate::catalogue::Operation;
use crate::fault::{Fault, Times};
use crate::gateway::{AUTHORIZE, Gateway, Key, no_such_api};
use crate::ids;
use crate::log::{Log, Seen, detail, query_names, shortened};
use crate::offices::Offices;
use crate::operations::{Business, Desk};
use crate::orders::FinishError;
use crate::page;
use crate::pictures;
use crate::region::Region;
use crate::reply::{Reaction, Reply};
use crate::request::Incoming;
use crate::script::Script;
use crate::sm2::KeyPair;
use crate::store;
use crate::verdict::Verdict;
use crate::verify::{Refusal, Verified, difference, named_action};

/// The id of the access key that every [`World`] knows. The vendor's published examples use it too.
pub const ACCESS_KEY_ID: &str = "testid";

/// The secret of that key.
pub const ACCESS_KEY_SECRET: &str = "testsecret";

/// The service: two regions, their orders, the faults to come and a log. It does no I/O and reads no clock.
///
/// Memory is bounded: the last 10 000 requests, 1 000 callbacks, 100 000 orders and 1 000 000 nonces are
/// remembered. `Debug` shows counts.
pub struct World {
    pub(crate) gateway: Gateway,
    pub(crate) offices: Offices,
    pub(crate) desk: Desk,
    pub(crate) callbacks: Callbacks,
    script: Script,
    log: Log,
    executions: BTreeMap<&'static str, usize>,
    taught: BTreeMap<&'static str, Value>,
    requests: u64,
}

/// A reply with what the log says about it.
struct Outcome {
    reply: Reply,
    name: &'static str,
    scheme: Option<&'static str>,
    /// More about a refusal, without persons and secrets.
    detail: Option<String>,
}

impl World {
    /// A service that knows the one key [`ACCESS_KEY_ID`].
    #[must_use]
    pub fn new() -> Self {
        let mut world = Self {
            gateway: Gateway::default(),
            offices: Offices::default(),
            desk: Desk::default(),
            callbacks: Callbacks::default(),
            script: Script::default(),
            log: Log::default(),
            executions: BTreeMap::new(),
            taught: BTreeMap::new(),
            requests: 0,
        };
        world.set_public_url("http://simulator.invalid".to_owned());
        world.add_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        world
    }

    /// Makes an access key known, or changes its secret.
    pub fn add_key(&mut self, id: &str, secret: &str) {
        let key = Key::new(secret.to_owned());
        self.gateway.keys.insert(id.to_owned(), key);
    }

    /// Makes a temporary key known that only works together with its STS token.
    pub fn add_sts_key(&mut self, id: &str, secret: &str, token: &str) {
        let mut key = Key::new(secret.to_owned());
        key.token = Some(token.to_owned());
        self.gateway.keys.insert(id.to_owned(), key);
    }

    /// Switches an access key off: `InvalidAccessKeyId.Inactive`. Nothing happens to an unknown one.
    pub fn switch_off_key(&mut self, id: &str) {
        if let Some(key) = self.gateway.keys.get_mut(id) {
            key.is_active = false;
        }
    }

    /// Keeps the documented limits of queries per second, or does not. Default: it does not, so that a fast test is
    /// not throttled.
    pub fn keep_limits(&mut self, are_kept: bool) {
        self.gateway.limits.keep(are_kept);
    }

    /// Replaces the private key that `EncryptType=SM2` is decrypted with: 64 lower-case hex digits. Says whether it
    /// is one. Default: the example of the standard, whose public key is [`SM2_PUBLIC_KEY`](crate::SM2_PUBLIC_KEY).
    pub fn set_sm2_key(&mut self, private: &str) -> bool {
        let pair = KeyPair::from_hex(private);
        pair.map(|pair| self.desk.sm2 = pair).is_some()
    }

    /// The public key to encrypt with, uncompressed, in hex.
    #[must_use]
    pub fn sm2_public_key(&self) -> String {
        self.desk.sm2.public()
    }

    /// Forgets who gets 417 or 418.
    pub fn unlock_identities(&mut self) {
        self.desk.orders.unlock();
    }

    /// Makes an operation known that the simulator does not have: whatever its parameters, it is
    /// carried out and answered with this as its `ResultObject`. One that it has is replaced.
    pub fn teach(&mut self, action: &'static str, result: Value) {
        self.taught.insert(action, result);
    }

    /// Sets what a `CertifyUrl` begins with; no slash at the end.
    pub fn set_public_url(&mut self, url: String) {
        self.desk.public_url = url;
    }

    /// Appends a fault to those that wait for the requests of a region.
    ///
    /// Each API request takes the first one that is meant for it; requests for pages take none. More than 1 000 do
    /// not wait in a region: one more is dropped.
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

    /// Whether a handshake over TLS meets [`Fault::BadTls`] now.
    pub(crate) fn takes_bad_tls(&mut self, region: Region) -> bool {
        self.script.take_bad_tls(region)
    }

    pub(crate) fn script_has_room(&self, region: Region) -> bool {
        self.script.has_room(region)
    }

    /// The faults of both regions, with those that are over first.
    pub(crate) const fn script(&self) -> &Script {
        &self.script
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

    /// How often each operation was carried out.
    pub(crate) const fn all_executions(&self) -> &BTreeMap<&'static str, usize> {
        &self.executions
    }

    /// The last verdicts, oldest first.
    pub(crate) fn verdicts(&self) -> impl DoubleEndedIterator<Item = &(String, Verdict)> {
        self.desk.orders.verdicts()
    }

    /// How many requests each region had, and all that were refused or answered there.
    pub(crate) const fn log(&self) -> &Log {
        &self.log
    }

    /// How often any operation was carried out.
    pub(crate) fn executed(&self) -> usize {
        self.executions.values().sum()
    }

    /// How many remembered orders have this `OuterOrderNo`.
    #[must_use]
    pub fn orders_named(&self, order_no: &str) -> usize {
        self.desk.orders.named(order_no)
    }

    /// The files that were posted to the object store, oldest first; at most 64.
    pub fn files(&self) -> impl Iterator<Item = &[u8]> {
        self.desk.store.files()
    }

    /// The last API requests, oldest first; at most 10 000.
    #[must_use]
    pub fn requests(&self) -> &[Seen] {
        self.log.last()
    }

    /// Does what submitting the page does, with this verdict: there may be a callback to send. A magic number turns
    /// passing into its own verdict.
    pub fn finish(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        now_unix: u64,
    ) -> Result<(), FinishError> {
        self.finish_with(certify_id, verdict, &[], now_unix)?;
        Ok(())
    }

    /// Lets a request happen: to the page below `/verify/` of any region, else to the API.
    pub fn handle(&mut self, region: Region, request: &Incoming, now_unix: u64) -> Reaction {
        if is_for_browsers(request) {
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
        let mut detail = None;
        let mut carry_out = |world: &mut Self, now_unix| {
            let done = world.serve(region, request, &request_id, now_unix);
            scheme = done.scheme;
            detail = done.detail;
            done.name.clone_into(&mut outcome);
            done.reply
        };
        let reaction = match fault {
            None => carry_out(self, now_unix).answer(),
            Some(Fault::Skew(seconds)) => {
                carry_out(self, now_unix.saturating_add_signed(seconds)).answer()
            }
            Some(fault) if fault.lets_through() => {
                let reply = carry_out(self, now_unix);
                fault.spoil(reply, now_unix)
            }
            Some(fault) => fault.instead(region, &request_id, now_unix),
        };
        self.log.push(Seen {
            region,
            action: shortened(action),
            at_unix: now_unix,
            outcome: name.map_or(outcome, |name| format!("fault: {name}")),
            scheme,
            detail,
            url_query_names: query_names(request),
        });
        reaction
    }

    /// The page behind a `CertifyUrl` and the links to pictures, without the API around them.
    pub fn page(&mut self, request: &Incoming, now_unix: u64) -> Reaction {
        if request.path().starts_with(pictures::PATH) {
            return pictures::serve(request, now_unix).answer();
        }
        self.visit_page(request, now_unix).answer()
    }

    fn serve(
        &mut self,
        region: Region,
        request: &Incoming,
        request_id: &str,
        now_unix: u64,
    ) -> Outcome {
        if store::is_post(request) {
            let (reply, name) = self.desk.store.post(request, now_unix);
            if name == "201" {
                self.count(store::POST);
            }
            return Outcome {
                reply,
                name,
                scheme: None,
                detail: None,
            };
        }
        let refused = |refusal: &Refusal, scheme, detail| Outcome {
            reply: Reply::fault(region, refusal, request_id, now_unix),
            name: refusal.code,
            scheme,
            detail,
        };
        let verified = match self.gateway.verify(request, now_unix) {
            Ok(verified) => verified,
            Err(refusal) => {
                let detail = match refusal.code {
                    // Its message repeats every parameter.
                    "SignatureDoesNotMatch" => difference(request, |id| self.gateway.secret_of(id)),
                    _ => detail(&refusal.message),
                };
                return refused(&refusal, None, Some(detail));
            }
        };
        let scheme = Some(verified.scheme);
        match self.carry_out(request, &verified, now_unix) {
            Ok((code, mut body)) => {
                // The simulator's own words: names of parameters, no values.
                let detail = body["Message"].as_str().map(detail);
                let detail = detail.filter(|_| !matches!(code, "200" | "Success"));
                body["RequestId"] = request_id.into();
                Outcome {
                    reply: Reply::json(200, request_id, now_unix, &body),
                    name: code,
                    scheme,
                    detail,
                }
            }
            Err(refusal) => refused(&refusal, scheme, Some(detail(&refusal.message))),
        }
    }

    /// The code and the body of the answer to a request with a good signature.
    fn carry_out(
        &mut self,
        request: &Incoming,
        verified: &Verified,
        now_unix: u64,
    ) -> Result<(&'static str, Value), Refusal> {
        self.gateway.admit(request, verified, now_unix)?;
        if verified.action == AUTHORIZE.0 {
            self.count(AUTHORIZE.0);
            return Ok(("200", self.desk.store.authorize(now_unix)));
        }
        let taught = self.taught.get_key_value(verified.action.as_str());
        let (action, business) = if let Some((action, result)) = taught {
            (*action, Business::success(result.clone()))
        } else {
            let operation = Operation::named(&verified.action).ok_or_else(no_such_api)?;
            let answer = self.desk.answer(operation, &verified.params, now_unix);
            (operation.action(), answer?)
        };
        if business.was_carried_out() {
            self.count(action);
        }
        Ok((business.code, business.body()))
    }

    fn count(&mut self, action: &'static str) {
        *self.executions.entry(action).or_default() += 1;
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
            .field("keys", &self.gateway.keys.len())
            .field("orders", &self.desk.orders.len())
            .field("requests", &self.requests)
            .field("script", &self.script)
            .finish_non_exhaustive()
    }
}

/// Whether a request is for a page or a picture, not for the API.
pub(crate) fn is_for_browsers(request: &Incoming) -> bool {
    let path = request.path();
    path.starts_with(page::PATH) || path.starts_with(pictures::PATH)
}

/// What a request asks for, verified or not.
fn named(request: &Incoming) -> String {
    if store::is_post(request) {
        store::POST.to_owned()
    } else {
        named_action(request)
    }
}
