//! The API of both regions: gateway, operations and object store, with scripted faults and a log.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::faults::{Fault, Script};
use crate::gateway::verify::{VerifiedRequest, explain_mismatch, named_action, named_parameter};
use crate::gateway::{AUTHORIZE_FILE_UPLOAD, Gateway, wants_xml};
use crate::http::{IncomingRequest, OutgoingResponse, Reaction, Refusal};
use crate::ids::Ids;
use crate::log::{self, LoggedRequest, RequestLog};
use crate::object_store::{self, ObjectStore};
use crate::operations::{OperationResult, Operations};
use crate::region::Region;
use crate::verdict::Verdict;

#[derive(Default)]
pub(super) struct Api {
    pub(super) gateway: Gateway,
    pub(super) operations: Operations,
    pub(super) store: ObjectStore,
    /// The results of operations that a test has added.
    added_operations: BTreeMap<&'static str, Value>,
    pub(super) script: Script,
    pub(super) log: RequestLog,
    /// The number of the last request.
    pub(super) last_request: u64,
    pub(super) ids: Ids,
}

/// A response with its entry for the log.
struct HandledRequest {
    response: OutgoingResponse,
    /// The code in the body.
    code: &'static str,
    /// The scheme of a valid signature.
    scheme: Option<&'static str>,
    /// Details of a refusal, without personal data and secrets.
    detail: Option<String>,
    /// The operation, if it was carried out.
    executed: Option<&'static str>,
}

/// The body of a response with HTTP status 200.
struct Success {
    code: &'static str,
    body: Value,
    executed: Option<&'static str>,
}

impl Api {
    pub(super) fn add_operation(&mut self, action: &'static str, result: Value) {
        self.added_operations.insert(action, result);
    }

    /// Handles a request with the first scripted fault that applies to it.
    pub(super) fn handle(
        &mut self,
        region: Region,
        request: &IncomingRequest,
        now_unix: u64,
    ) -> Reaction {
        let fault = self.script.take(region, &action(request));
        self.handle_with_fault(region, request, fault, now_unix)
    }

    /// Handles a request with this fault, whatever is scripted.
    pub(super) fn handle_with_fault(
        &mut self,
        region: Region,
        request: &IncomingRequest,
        fault: Option<Fault>,
        now_unix: u64,
    ) -> Reaction {
        self.last_request += 1;
        let request_id = self.ids.request_id(self.last_request);
        let mut entry = LoggedRequest {
            region,
            action: log::shortened(&action(request)),
            at_unix: now_unix,
            outcome: fault
                .as_ref()
                .map_or_else(String::new, |fault| format!("fault: {}", fault.name())),
            scheme: None,
            detail: None,
            url_query_names: log::query_names(request),
            request_id: request_id.clone(),
            doubts: Vec::new(),
            group: self.group(request),
            retry_attempts: log::retry_attempts(request),
        };
        let reaction = match fault {
            Some(fault) if !fault.is_carried_out() => {
                let is_exact = matches!(fault, Fault::Custom { .. });
                match fault.reject(region, &request_id, now_unix) {
                    Reaction::Response {
                        status,
                        headers,
                        body,
                    } if !is_exact => {
                        let response = OutgoingResponse {
                            status,
                            headers,
                            body,
                        };
                        in_format(request, response).into_reaction()
                    }
                    reaction @ (Reaction::Response { .. }
                    | Reaction::Refuse
                    | Reaction::Reset
                    | Reaction::Hang
                    | Reaction::Truncate { .. }
                    | Reaction::Trickle { .. }
                    | Reaction::ResponseThenClose { .. }) => reaction,
                }
            }
            fault => {
                let skewed_unix = match fault {
                    Some(Fault::Skew(seconds)) => now_unix.saturating_add_signed(seconds),
                    _ => now_unix,
                };
                let mut handled = self.respond(region, request, &request_id, skewed_unix);
                handled.response = in_format(request, handled.response);
                entry.doubts = self.operations.take_accepted();
                entry.scheme = handled.scheme;
                entry.detail = handled.detail;
                if let Some(action) = handled.executed {
                    self.log.count_execution(action);
                }
                if let Some(fault) = fault {
                    fault.distort(handled.response, now_unix)
                } else {
                    handled.code.clone_into(&mut entry.outcome);
                    handled.response.into_reaction()
                }
            }
        };
        self.log.push(entry);
        reaction
    }

    /// The group of a request: by its order number, or by that of the verification that it names.
    fn group(&self, request: &IncomingRequest) -> String {
        let named = |name| named_parameter(request, name).filter(|value| !value.is_empty());
        if let Some(number) = named("OuterOrderNo") {
            return log::group(&number);
        }
        let certify_id = named("CertifyId");
        let order = certify_id.and_then(|id| self.operations.orders().get(&id));
        order.map_or_else(String::new, |order| log::group(&order.outer_order_no))
    }

    /// The responses of an operation to example parameters: of its success and its failure with HTTP
    /// status 200, the gateway's error with any other. None for an unknown operation.
    pub(super) fn examples(&mut self, action: &str, status: u16) -> Vec<OutgoingResponse> {
        const NOW: u64 = 1_700_000_000;
        let Some(opening) = Operations::example("InitFaceVerify", "") else {
            return Vec::new();
        };
        let request_id = self.ids.request_id(0);
        let opened = self
            .operations
            .call("InitFaceVerify", &opening, &self.store, NOW);
        let opened = opened.map_or(Value::Null, |(_, result)| result.body());
        let certify_id = opened["ResultObject"]["CertifyId"]
            .as_str()
            .unwrap_or_default();
        let Some(params) = Operations::example(action, certify_id) else {
            return Vec::new();
        };
        if status != 200 {
            let message = "an example";
            let refusal = Refusal::new(status, "InvalidParameter", message);
            let region = Region::Shanghai;
            let response = OutgoingResponse::gateway_error(region, &refusal, &request_id, NOW);
            return vec![response];
        }
        // Fails only if the verification was not opened.
        let orders = self.operations.orders_mut();
        let _ = orders.submit(certify_id, Verdict::Passed, NOW);
        let called = self.operations.call(action, &params, &self.store, NOW);
        let succeeded = called.ok().map(|(_, result)| {
            let mut body = result.body();
            body["RequestId"] = request_id.clone().into();
            body
        });
        let failure = json!({ "Code": "500", "Message": "system error", "RequestId": request_id });
        let bodies = succeeded.into_iter().chain([failure]);
        bodies
            .map(|body| OutgoingResponse::json(200, &request_id, NOW, &body))
            .collect()
    }

    fn respond(
        &mut self,
        region: Region,
        request: &IncomingRequest,
        request_id: &str,
        now_unix: u64,
    ) -> HandledRequest {
        if object_store::is_upload(request) {
            let (response, code) = self.store.upload(request, now_unix);
            return HandledRequest {
                response,
                code,
                scheme: None,
                detail: None,
                executed: (code == "201").then_some(object_store::POST_OBJECT),
            };
        }
        let refused = |refusal: &Refusal, scheme, detail| HandledRequest {
            response: OutgoingResponse::gateway_error(region, refusal, request_id, now_unix),
            code: refusal.code,
            scheme,
            detail: Some(detail),
            executed: None,
        };
        let verified = match self.gateway.verify(request, now_unix) {
            Ok(verified) => verified,
            Err(refusal) => {
                let detail = match refusal.code {
                    // Its message repeats every parameter.
                    "SignatureDoesNotMatch" => {
                        explain_mismatch(request, |id| self.gateway.keys.secret_of(id))
                    }
                    _ => refusal.message.clone(),
                };
                return refused(&refusal, None, log::detail(&detail));
            }
        };
        let scheme = Some(verified.scheme);
        match self.call(request, &verified, now_unix) {
            Ok(mut success) => {
                // The simulator's own message, which has names of parameters and no values.
                let detail = success.body["Message"].as_str().map(log::detail);
                let detail = detail.filter(|_| !matches!(success.code, "200" | "Success"));
                success.body["RequestId"] = request_id.into();
                HandledRequest {
                    response: OutgoingResponse::json(200, request_id, now_unix, &success.body),
                    code: success.code,
                    scheme,
                    detail,
                    executed: success.executed,
                }
            }
            Err(refusal) => refused(&refusal, scheme, log::detail(&refusal.message)),
        }
    }

    /// Carries out the operation of a request with a valid signature.
    fn call(
        &mut self,
        request: &IncomingRequest,
        verified: &VerifiedRequest,
        now_unix: u64,
    ) -> Result<Success, Refusal> {
        self.gateway.admit(request, verified, now_unix)?;
        let action = verified.action.as_str();
        if action == AUTHORIZE_FILE_UPLOAD {
            return Ok(Success {
                code: "200",
                body: self.store.grant_upload(now_unix),
                executed: Some(AUTHORIZE_FILE_UPLOAD),
            });
        }
        let added = self.added_operations.get_key_value(action);
        let (action, result) = match added {
            Some((action, result)) => (*action, OperationResult::success(result.clone())),
            None => self
                .operations
                .call(action, &verified.params, &self.store, now_unix)?,
        };
        let executed = result.was_carried_out().then_some(action);
        Ok(Success {
            code: result.code,
            body: result.body(),
            executed,
        })
    }
}

/// The response in the format that the request names.
fn in_format(request: &IncomingRequest, response: OutgoingResponse) -> OutgoingResponse {
    if object_store::is_upload(request) || !wants_xml(request) {
        return response;
    }
    if response.status == 200 {
        return response.into_xml(&format!("{}Response", log::shortened(&action(request))));
    }
    response.into_xml("Error")
}

/// The action of a request to the API or the object store, whether or not its signature is valid.
fn action(request: &IncomingRequest) -> String {
    if object_store::is_upload(request) {
        object_store::POST_OBJECT.to_owned()
    } else {
        named_action(request)
    }
}
