//! The two operations of the security token service (STS) that assume a role.
//!
//! Both are sent as forms, so that neither a token nor a policy is ever in a URL; the vendor's Python
//! SDK sends them as queries (recorded).

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use zeroize::Zeroize;

use super::response::IssuedCredentials;
use crate::credentials::{Oidc, Role, SourceError};
use crate::encode::{ParamLocation, Params};
use crate::error::{Attempt, AttemptOutcome, Error, innermost};
use crate::operation::{InvalidField, Operation, OperationMetadata};
use crate::policy::Effect;
use crate::secret::Secret;

const VERSION: &str = "2015-04-01";

/// Assumes a role with an access key, which signs the request.
pub(super) struct AssumeRoleRequest(pub(super) Role);

/// Assumes a role with an OIDC token. The request is not signed.
pub(super) struct AssumeRoleWithOidcRequest {
    pub(super) oidc: Box<Oidc>,
    pub(super) token: Secret,
}

impl Operation for AssumeRoleRequest {
    type Response = IssuedCredentials;

    fn metadata(&self) -> OperationMetadata {
        metadata("AssumeRole")
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        role(&self.0, params);
        if let Some(id) = &self.0.external_id {
            params.push("ExternalId", id, ParamLocation::Form);
        }
    }
}

impl Operation for AssumeRoleWithOidcRequest {
    type Response = IssuedCredentials;

    fn metadata(&self) -> OperationMetadata {
        metadata("AssumeRoleWithOIDC")
    }

    fn check(&self) -> Vec<InvalidField> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        role(&self.oidc.role, params);
        params.push(
            "OIDCProviderArn",
            &self.oidc.provider_arn,
            ParamLocation::Form,
        );
        params.push_secret("OIDCToken", &self.token, ParamLocation::Form);
    }
}

fn metadata(action: &'static str) -> OperationMetadata {
    let mut metadata = OperationMetadata::new(action.into(), Effect::ReadOnly);
    metadata.version = VERSION.into();
    metadata.payload = Some("Credentials");
    metadata
}

fn role(role: &Role, params: &mut Params) {
    params.push("RoleArn", &role.arn, ParamLocation::Form);
    params.push("RoleSessionName", &role.session_name, ParamLocation::Form);
    params.push(
        "DurationSeconds",
        &role.seconds.to_string(),
        ParamLocation::Form,
    );
    if let Some(policy) = &role.policy {
        params.push("Policy", policy, ParamLocation::Form);
    }
}

/// The reason for the failure of a call, as that of its source.
pub(super) fn reason(error: Error) -> SourceError {
    let reason = reason_of(error.attempts());
    match error {
        Error::Decode(mut error) => {
            error.raw.zeroize();
            SourceError::Decode(error.kind)
        }
        Error::Invalid(_)
        | Error::Service(_)
        | Error::Credentials(_)
        | Error::Exhausted(_)
        | Error::Uncertain(_)
        | Error::Upload(_)
        | Error::Evidence(_)
        | Error::BilledLimit(_)
        | Error::Finished => reason,
    }
}

/// The reason why there is no response, which is that of the last attempt.
pub(super) fn reason_of(attempts: &[Attempt]) -> SourceError {
    let cause = |cause| innermost(cause).to_string();
    match attempts.last().map(|attempt| &attempt.outcome) {
        Some(AttemptOutcome::NotSent(error)) => SourceError::CannotConnect {
            cause: cause(&**error),
        },
        Some(AttemptOutcome::NoResponse { cause: error, .. }) => SourceError::NoResponse {
            cause: Some(cause(&**error)),
        },
        Some(AttemptOutcome::TimedOut | AttemptOutcome::Superseded) => {
            SourceError::NoResponse { cause: None }
        }
        Some(AttemptOutcome::Response { status, code }) => SourceError::Refused {
            status: *status,
            code: code.clone(),
        },
        Some(AttemptOutcome::Unreadable { status, .. }) => SourceError::Refused {
            status: *status,
            code: None,
        },
        None => SourceError::TimedOut,
    }
}
