//! The simulated service without a network: requests in, reactions out, the time as an argument.

mod api;

use core::fmt;

use serde_json::{Value, json};

use self::api::Api;
use crate::callbacks::{Callback, CallbackFault, CallbackOutcome, CallbackQueue, CallbackRecord};
use crate::credential_services::{CredentialService, CredentialServices};
use crate::faults::{Fault, Script, Times};
use crate::http::{IncomingRequest, Reaction};
use crate::ids::Ids;
use crate::log::{LoggedRequest, RequestLog};
use crate::object_store::links;
use crate::orders::{FinishError, Order, Orders};
use crate::page;
use crate::region::Region;
use crate::shapes::RecordedShape;
use crate::verdict::Verdict;

/// The ID of the access key of every [`World`], as in the vendor's published examples.
pub const ACCESS_KEY_ID: &str = "testid";

/// The secret of that access key.
pub const ACCESS_KEY_SECRET: &str = "testsecret";

/// The service: the API of two regions, the pages behind `CertifyUrl`, the callbacks and the
/// credential services, with scripted faults and a log. It does no I/O and reads no clock.
///
/// Its memory is bounded: it keeps the last 10 000 requests, 1 000 callbacks, 100 000 orders and
/// 1 000 000 nonces. `Debug` shows counts.
pub struct World {
    api: Api,
    credential_services: CredentialServices,
    callbacks: CallbackQueue,
    /// Grows with every request and command that may change what the state file keeps.
    revision: u64,
}

impl World {
    /// A service with the access key [`ACCESS_KEY_ID`] and without orders.
    #[must_use]
    pub fn new() -> Self {
        let mut world = Self {
            api: Api::default(),
            credential_services: CredentialServices::default(),
            callbacks: CallbackQueue::default(),
            revision: 0,
        };
        world.set_public_url("http://simulator.invalid".to_owned());
        world.add_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        world
    }

    // Requests.

    /// Handles a request to a region: to the page if its path is below `/verify/`, to a picture below
    /// `/pictures/`, else to the API.
    ///
    /// Each API request takes the first scripted fault that applies to it.
    pub fn handle(&mut self, region: Region, request: &IncomingRequest, now_unix: u64) -> Reaction {
        if is_for_browsers(request) {
            return self.handle_page(request, now_unix);
        }
        self.revision += 1;
        self.api.handle(region, request, now_unix)
    }

    /// Handles an API request with this fault, whatever is scripted.
    pub(crate) fn handle_with_fault(
        &mut self,
        region: Region,
        request: &IncomingRequest,
        fault: Fault,
        now_unix: u64,
    ) -> Reaction {
        self.api
            .handle_with_fault(region, request, Some(fault), now_unix)
    }

    /// Handles a request to the page behind a `CertifyUrl` or to a picture. It takes no fault and is
    /// not logged.
    pub fn handle_page(&mut self, request: &IncomingRequest, now_unix: u64) -> Reaction {
        self.revision += 1;
        let response = if request.path().starts_with(links::PATH) {
            links::respond(request, now_unix)
        } else {
            let orders = self.api.operations.orders_mut();
            page::respond(request, orders, &mut self.callbacks, now_unix)
        };
        response.into_reaction()
    }

    /// Handles a request to a credential service, with the first scripted fault that applies to it.
    pub fn handle_credential_service(
        &mut self,
        service: CredentialService,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> Reaction {
        let services = &mut self.credential_services;
        let fault = services.take_fault(service, request);
        services.handle(service, request, fault, &mut self.api.gateway, now_unix)
    }

    /// Handles a request to a credential service with this fault, whatever is scripted.
    pub(crate) fn handle_credential_service_with_fault(
        &mut self,
        service: CredentialService,
        request: &IncomingRequest,
        fault: Fault,
        now_unix: u64,
    ) -> Reaction {
        let gateway = &mut self.api.gateway;
        self.credential_services
            .handle(service, request, Some(fault), gateway, now_unix)
    }

    /// Sets the beginning of every `CertifyUrl`, without a slash at the end.
    pub fn set_public_url(&mut self, url: String) {
        self.api.operations.set_public_url(url);
    }

    /// Adds an operation that the simulator does not have, or replaces one.
    ///
    /// It accepts any parameters, and `result` is its `ResultObject`.
    pub fn add_operation(&mut self, action: &'static str, result: Value) {
        self.api.add_operation(action, result);
    }

    // Access keys and encryption.

    /// Adds a permanent access key, or changes its secret.
    pub fn add_key(&mut self, id: &str, secret: &str) {
        self.api.gateway.keys.add(id, secret);
    }

    /// Adds a temporary access key that requires its STS token, or changes its secret and token.
    pub fn add_sts_key(&mut self, id: &str, secret: &str, token: &str) {
        self.api.gateway.keys.add_temporary(id, secret, token, None);
    }

    /// Deactivates an access key: `InvalidAccessKeyId.Inactive`. An unknown ID changes nothing.
    pub fn deactivate_key(&mut self, id: &str) {
        self.api.gateway.keys.deactivate(id);
    }

    /// Replaces the private key that decrypts parameters under `EncryptType=SM2`: 64 lower-case hex
    /// digits. Returns whether it is one.
    ///
    /// By default it is the standard's example, whose public key is
    /// [`SM2_PUBLIC_KEY`](crate::SM2_PUBLIC_KEY).
    pub fn set_sm2_key(&mut self, private: &str) -> bool {
        self.api.operations.set_sm2_key(private)
    }

    /// The public key to encrypt with, uncompressed, in hex.
    #[must_use]
    pub fn sm2_public_key(&self) -> String {
        self.api.operations.sm2_public_key()
    }

    // Rules.

    /// Refuses what the service probably refuses, or accepts it. By default it is accepted, and listed
    /// in [`LoggedRequest::doubts`].
    ///
    /// These are wrong check digits of ID numbers, order numbers with other characters than letters and
    /// digits, scenes that were not created here ([`Self::add_scene`]), and plans, models and other
    /// values that are in no documented list.
    pub fn set_strict(&mut self, is_strict: bool) {
        self.api.operations.set_strict(is_strict);
    }

    /// Adds a scene, as if it was created in the console.
    pub fn add_scene(&mut self, scene_id: i64) {
        self.api.operations.add_scene(scene_id);
    }

    /// Makes a host unreachable for the service: a `CallbackUrl` with it is refused. No name is looked
    /// up, so every other host counts as reachable.
    pub fn add_unreachable_host(&mut self, host: &str) {
        self.api.operations.add_unreachable(host);
    }

    /// Derives all identifiers from now on from this seed. The default is 0, so that two worlds have
    /// the same ones; a [`Simulator`](crate::Simulator) has a random seed.
    pub fn set_seed(&mut self, seed: u64) {
        let ids = Ids { seed };
        self.api.ids = ids;
        self.api.operations.set_ids(ids);
    }

    // Limits.

    /// Enforces the documented rate limits, or does not. By default they are not enforced, so that a
    /// fast test is not throttled.
    pub fn enforce_rate_limits(&mut self, enforce: bool) {
        self.api.gateway.enforce_rate_limits(enforce);
    }

    /// Unlocks all identities that are refused with 417 or 418.
    pub fn unlock_identities(&mut self) {
        self.revision += 1;
        self.api.operations.orders_mut().unlock_identities();
    }

    // Faults.

    /// Appends a fault to the script of a region.
    ///
    /// Each API request takes the first fault that applies to it; requests to pages take none. At most
    /// 1 000 faults wait in a region: another one is dropped.
    pub fn inject(&mut self, region: Region, fault: Fault, times: Times) {
        self.api.script.add(region, None, fault, times);
    }

    /// Appends a fault that applies only to requests for this action.
    pub fn inject_for_action(&mut self, region: Region, action: &str, fault: Fault, times: Times) {
        let action = Some(action.to_owned());
        self.api.script.add(region, action, fault, times);
    }

    /// Clears the faults of both regions.
    pub fn clear_faults(&mut self) {
        for region in Region::ALL {
            self.api.script.clear(region);
        }
    }

    /// Clears the faults of one region.
    pub fn clear_region_faults(&mut self, region: Region) {
        self.api.script.clear(region);
    }

    /// Whether [`Fault::Refuse`] is next in this region, whatever the action.
    #[must_use]
    pub fn refuses_connections(&self, region: Region) -> bool {
        self.api.script.refuses_connections(region)
    }

    /// Takes the first [`Fault::BadTls`] of a region, for a handshake.
    pub(crate) fn take_bad_tls(&mut self, region: Region) -> bool {
        self.api.script.take_bad_tls(region)
    }

    /// The finished and the waiting faults of both regions.
    pub(crate) const fn script(&self) -> &Script {
        &self.api.script
    }

    // Orders.

    /// Finishes a verification as a submission of its page does, with this verdict; a callback may
    /// become due. A magic number's verdict replaces a passing one.
    pub fn finish(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        now_unix: u64,
    ) -> Result<(), FinishError> {
        self.finish_with_callback_faults(certify_id, verdict, &[], now_unix)?;
        Ok(())
    }

    /// Like [`Self::finish`], with faults in the callback. Returns the verdict that counts.
    pub fn finish_with_callback_faults(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) -> Result<Verdict, FinishError> {
        self.revision += 1;
        let orders = self.api.operations.orders_mut();
        let submission = orders.submit(certify_id, verdict, now_unix)?;
        if let Some(target) = submission.callback {
            let verdict = submission.verdict;
            self.callbacks
                .schedule(certify_id, target, verdict, faults, now_unix);
        }
        Ok(submission.verdict)
    }

    /// The number of orders with this `OuterOrderNo`.
    #[must_use]
    pub fn order_count(&self, outer_order_no: &str) -> usize {
        self.api.operations.orders().count(outer_order_no)
    }

    /// The verdict of a verification, if there is one. It stays known here after it was deleted.
    #[must_use]
    pub fn verdict(&self, certify_id: &str) -> Option<Verdict> {
        self.orders().get(certify_id).and_then(Order::verdict)
    }

    pub(crate) const fn orders(&self) -> &Orders {
        self.api.operations.orders()
    }

    /// The beginning of every `CertifyUrl`.
    pub(crate) fn public_url(&self) -> &str {
        self.api.operations.public_url()
    }

    /// The last verdicts, oldest first.
    pub(crate) fn verdicts(&self) -> impl DoubleEndedIterator<Item = &(String, Verdict)> {
        self.api.operations.orders().verdicts()
    }

    /// The files that were uploaded to the object store, oldest first; at most 64.
    pub fn uploaded_files(&self) -> impl Iterator<Item = &[u8]> {
        self.api.store.files()
    }

    /// The shapes of the responses to example parameters of an operation.
    pub(crate) fn example_replies(&mut self, action: &str, status: u16) -> Vec<RecordedShape> {
        let responses = self.api.examples(action, status).into_iter();
        let shapes = responses.map(|response| {
            let names = response.headers.iter().map(|(name, _)| name.as_str());
            // The server adds the length.
            let names = names.chain(["content-length"]);
            RecordedShape::of(action, response.status, names, &response.body)
        });
        shapes.collect()
    }

    // The state file.

    /// What the state file keeps.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut records = vec![json!({ "requests": self.api.last_request })];
        records.extend(self.api.operations.records());
        records.extend(self.callbacks.pending_records());
        records
    }

    /// Restores one record; `None` if this version does not write it.
    pub(crate) fn restore_record(&mut self, record: &Value) -> Option<()> {
        let mut members = record.as_object()?.iter();
        let (Some((kind, value)), None) = (members.next(), members.next()) else {
            return None;
        };
        match kind.as_str() {
            "requests" => self.api.last_request = value.as_u64()?,
            "callback" => self.callbacks.restore(value)?,
            kind => self.api.operations.restore(kind, value)?,
        }
        self.api.ids = self.orders().ids;
        Some(())
    }

    /// A number that changes whenever what the state file keeps may have changed.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    #[cfg(test)]
    pub(crate) const fn orders_mut(&mut self) -> &mut Orders {
        self.api.operations.orders_mut()
    }

    // The log.

    /// The last API requests, oldest first; at most 10 000.
    #[must_use]
    pub fn requests(&self) -> &[LoggedRequest] {
        self.api.log.last()
    }

    /// How often an operation was carried out: admitted by the gateway and with valid parameters.
    ///
    /// Two for one intended `InitFaceVerify` means that the order was opened twice.
    #[must_use]
    pub fn executions(&self, action: &str) -> usize {
        self.api
            .log
            .executions()
            .get(action)
            .copied()
            .unwrap_or_default()
    }

    /// How often any operation was carried out.
    pub(crate) fn total_executions(&self) -> usize {
        self.api.log.executions().values().sum()
    }

    pub(crate) const fn log(&self) -> &RequestLog {
        &self.api.log
    }

    // Callbacks.

    /// Takes the callbacks that are due. At most 64 are under way at once, and one of each order. A
    /// [`Simulator`](crate::Simulator) takes and sends them by itself.
    pub fn take_due_callbacks(&mut self, now_unix: u64) -> Vec<Callback> {
        self.callbacks.take_due(now_unix)
    }

    /// Records the outcome of a callback. After any outcome but a
    /// [`Response`](CallbackOutcome::Response) of 200 it is sent again, as often as set with
    /// [`Self::set_callback_retries`].
    pub fn record_callback_outcome(
        &mut self,
        callback: &Callback,
        outcome: CallbackOutcome,
        now_unix: u64,
    ) {
        self.revision += 1;
        self.callbacks.record_outcome(callback, outcome, now_unix);
    }

    /// The outcomes of the last callbacks, oldest first; at most 1 000. Each attempt has one.
    #[must_use = "this has no effect"]
    pub fn callbacks(&self) -> impl DoubleEndedIterator<Item = &CallbackRecord> {
        self.callbacks.records()
    }

    /// The number of orders with a callback that is still to be sent or without an outcome.
    #[must_use]
    pub fn pending_callbacks(&self) -> usize {
        self.callbacks.pending()
    }

    /// Sets after how many seconds a callback is sent again that had no response of 200, one number for
    /// each retry.
    ///
    /// The default is one retry after two seconds: two callbacks within three seconds are documented.
    pub fn set_callback_retries(&mut self, after_seconds: Vec<u64>) {
        self.callbacks.set_retries(after_seconds);
    }

    /// Sends the callbacks for a host to another origin, as a reverse proxy does:
    /// `https://shop.example/called` can be sent to `http://127.0.0.1:3000/called`. Without a route,
    /// only callbacks to this machine are sent.
    ///
    /// `origin` is `http://` or `https://` with a host and, unless it is the scheme's default, a port.
    pub fn route_callbacks(&mut self, host: &str, origin: &str) {
        self.callbacks.add_route(host, origin);
    }

    /// Sends callbacks only to hosts with a route, or to this machine too, which is the default. An
    /// exposed [`Simulator`](crate::Simulator) sends them to hosts with a route only.
    pub fn call_back_to_routes_only(&mut self, routes_only: bool) {
        self.callbacks.set_routes_only(routes_only);
    }

    // Credential services.

    /// Sets the lifetime of all credentials issued from now on, in seconds. By default it is the
    /// requested one with STS, and 3 600 elsewhere.
    pub fn set_credential_lifetime(&mut self, seconds: u64) {
        self.credential_services.set_lifetime(seconds);
    }

    /// Omits the header `Date` from responses of the metadata service, by which a client with a wrong clock
    /// would know when its credentials expire.
    pub fn omit_metadata_date(&mut self) {
        self.credential_services.omit_metadata_date();
    }

    /// Sets the versions that the metadata service supports. By default it supports both.
    pub fn set_metadata_versions(&mut self, v1: bool, v2: bool) {
        self.credential_services.set_metadata_versions(v1, v2);
    }

    /// Invalidates all tokens of the metadata service, as its restart does.
    pub fn invalidate_metadata_tokens(&mut self) {
        self.credential_services.invalidate_metadata_tokens();
    }

    /// Appends a fault to the script of a credential service.
    pub fn inject_at_credential_service(
        &mut self,
        service: CredentialService,
        fault: Fault,
        times: Times,
    ) {
        self.credential_services.inject(service, fault, times);
    }

    /// Clears the faults of a credential service.
    pub fn clear_credential_service_faults(&mut self, service: CredentialService) {
        self.credential_services.clear_faults(service);
    }

    /// The number of requests to a credential service.
    #[must_use]
    pub fn request_count(&self, service: CredentialService) -> usize {
        self.credential_services.request_count(service)
    }

    /// The number of credentials that were issued.
    #[must_use]
    pub fn issued_credentials(&self) -> u64 {
        self.credential_services.issued()
    }

    /// Makes all temporary access keys expire at once.
    pub fn revoke_issued_credentials(&mut self) {
        self.api.gateway.keys.expire_temporary();
    }

    /// Issues credentials in the form that an external program prints.
    pub(crate) fn external_program_output(&mut self, now_unix: u64) -> Vec<u8> {
        let gateway = &mut self.api.gateway;
        self.credential_services
            .external_program_output(gateway, now_unix)
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
            .field("keys", &self.api.gateway.keys.len())
            .field("orders", &self.api.operations.orders().len())
            .field("requests", &self.api.last_request)
            .field("script", &self.api.script)
            .finish_non_exhaustive()
    }
}

/// Whether a request is for a page or a picture, not for the API.
pub(crate) fn is_for_browsers(request: &IncomingRequest) -> bool {
    let path = request.path();
    path.starts_with(page::PATH) || path.starts_with(links::PATH)
}
