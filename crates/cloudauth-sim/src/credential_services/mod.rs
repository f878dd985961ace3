//! The services that issue credentials: STS, the metadata service, a credentials URI, and the two
//! logins of the vendor's CLI.
//!
//! What they issue are access keys of the same world, which expire on its clock.

mod issuer;
mod logins;
mod metadata;
mod sts;

use core::fmt;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::issuer::Issuer;
pub use self::logins::{OAUTH_TOKEN, SSO_TOKEN};
pub use self::metadata::INSTANCE_ROLE;
use self::metadata::MetadataService;
pub use self::sts::OIDC_TOKEN;
use crate::faults::{Fault, Script, Times};
use crate::gateway::Gateway;
use crate::gateway::verify::named_action;
use crate::http::{IncomingRequest, OutgoingResponse, Reaction, Refusal, THROTTLED};
use crate::region::Region;

/// The path of the simulated credentials URI.
pub const CREDENTIALS_PATH: &str = "/credentials-uri";

/// Stands for the request ID, which no client of these services reads.
const NO_REQUEST_ID: &str = "-";

/// A service that issues credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CredentialService {
    /// The security token service.
    Sts,
    /// The metadata service of an ECS instance.
    Metadata,
    /// A credentials URI.
    Uri,
    /// CloudSSO.
    CloudSso,
    /// The exchange of a browser login's token.
    OAuth,
}

impl CredentialService {
    /// The credential service that a request is for; `None` if it is for another service.
    #[must_use]
    pub fn of(request: &IncomingRequest) -> Option<Self> {
        match request.path() {
            "/" if is_for_sts(&named_action(request)) => Some(Self::Sts),
            CREDENTIALS_PATH => Some(Self::Uri),
            "/cloud-credentials" => Some(Self::CloudSso),
            "/v1/exchange" => Some(Self::OAuth),
            path if path.starts_with("/latest/") => Some(Self::Metadata),
            _ => None,
        }
    }

    /// Its number in hashes of traces.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Sts => 0,
            Self::Metadata => 1,
            Self::Uri => 2,
            Self::CloudSso => 3,
            Self::OAuth => 4,
        }
    }
}

impl fmt::Display for CredentialService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sts => "STS",
            Self::Metadata => "metadata",
            Self::Uri => "credentials URI",
            Self::CloudSso => "CloudSSO",
            Self::OAuth => "OAuth",
        })
    }
}

/// The state of all credential services.
#[derive(Default)]
pub(crate) struct CredentialServices {
    issuer: Issuer,
    metadata: MetadataService,
    request_counts: BTreeMap<CredentialService, usize>,
    script: Script<CredentialService>,
}

impl CredentialServices {
    /// Sets the lifetime of all credentials issued from now on.
    pub(crate) fn set_lifetime(&mut self, seconds: u64) {
        self.issuer.set_lifetime(seconds);
    }

    pub(crate) fn set_metadata_versions(&mut self, v1: bool, v2: bool) {
        self.metadata.set_versions(v1, v2);
    }

    pub(crate) fn omit_metadata_date(&mut self) {
        self.metadata.omit_date();
    }

    pub(crate) fn invalidate_metadata_tokens(&mut self) {
        self.metadata.invalidate_tokens();
    }

    pub(crate) fn inject(&mut self, service: CredentialService, fault: Fault, times: Times) {
        self.script.add(service, None, fault, times);
    }

    pub(crate) fn clear_faults(&mut self, service: CredentialService) {
        self.script.clear(service);
    }

    pub(crate) fn request_count(&self, service: CredentialService) -> usize {
        self.request_counts
            .get(&service)
            .copied()
            .unwrap_or_default()
    }

    /// The number of credentials that were issued.
    pub(crate) const fn issued(&self) -> u64 {
        self.issuer.issued()
    }

    /// Takes the scripted fault for a request.
    pub(crate) fn take_fault(
        &mut self,
        service: CredentialService,
        request: &IncomingRequest,
    ) -> Option<Fault> {
        self.script.take(service, &named_action(request))
    }

    /// Handles a request, with this fault if there is one.
    pub(crate) fn handle(
        &mut self,
        service: CredentialService,
        request: &IncomingRequest,
        fault: Option<Fault>,
        gateway: &mut Gateway,
        now_unix: u64,
    ) -> Reaction {
        *self.request_counts.entry(service).or_default() += 1;
        let error = |status, code: &str| {
            let body = json!({"Code": code});
            OutgoingResponse::json(status, NO_REQUEST_ID, now_unix, &body).into_reaction()
        };
        match fault {
            None => self
                .respond(service, request, gateway, now_unix)
                .into_reaction(),
            Some(Fault::Skew(seconds)) => {
                let now_unix = now_unix.saturating_add_signed(seconds);
                self.respond(service, request, gateway, now_unix)
                    .into_reaction()
            }
            Some(Fault::Status(status)) => error(status, Fault::gateway_code(status)),
            Some(Fault::Gateway { status, code }) => error(status, &code),
            Some(Fault::Throttle) => error(400, THROTTLED),
            Some(Fault::Code500) => error(200, "InternalError"),
            Some(Fault::Custom { status, body }) => {
                OutgoingResponse::new(status, "application/json", now_unix, body).into_reaction()
            }
            Some(
                fault @ (Fault::Truncate
                | Fault::Oversize(_)
                | Fault::Trickle
                | Fault::WrongType
                | Fault::Close),
            ) => {
                let response = self.respond(service, request, gateway, now_unix);
                fault.distort(response, now_unix)
            }
            // No part of a response would arrive, so no credentials are issued.
            Some(fault) => {
                let empty = OutgoingResponse::new(200, "text/plain", now_unix, Vec::new());
                fault.distort(empty, now_unix)
            }
        }
    }

    fn respond(
        &mut self,
        service: CredentialService,
        request: &IncomingRequest,
        gateway: &mut Gateway,
        now_unix: u64,
    ) -> OutgoingResponse {
        let issuer = &mut self.issuer;
        let keys = &mut gateway.keys;
        let result = match service {
            CredentialService::Sts => sts::respond(request, gateway, issuer, now_unix),
            CredentialService::Metadata => self.metadata.handle(request, keys, issuer, now_unix),
            CredentialService::Uri => logins::credentials_uri(request, keys, issuer, now_unix),
            CredentialService::CloudSso => logins::cloud_sso(request, keys, issuer, now_unix),
            CredentialService::OAuth => logins::oauth(request, keys, issuer, now_unix),
        };
        result.unwrap_or_else(|refusal| {
            let region = Region::Shanghai;
            OutgoingResponse::gateway_error(region, &refusal, NO_REQUEST_ID, now_unix)
        })
    }

    /// The output of an external program that prints credentials.
    pub(crate) fn external_program_output(
        &mut self,
        gateway: &mut Gateway,
        now_unix: u64,
    ) -> Vec<u8> {
        logins::external_program_output(&mut gateway.keys, &mut self.issuer, now_unix)
    }
}

fn is_for_sts(action: &str) -> bool {
    action.starts_with("AssumeRole") || action == "GetCallerIdentity"
}

fn json_response(now_unix: u64, body: &Value) -> OutgoingResponse {
    OutgoingResponse::json(200, NO_REQUEST_ID, now_unix, body)
}

fn refusal(status: u16, code: &'static str) -> Refusal {
    Refusal::new(status, code, "Refused by the simulator.")
}
