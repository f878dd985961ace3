//! The security token service: the two operations that give a role's credentials.
//!
//! Both are sent as forms, so that neither a token nor a policy is ever in a URL; the vendor's Python
//! SDK sends them as queries.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::error::Reason;
use super::reply::Keys;
use super::source::{Oidc, Role};
use crate::endpoint::Endpoint;
use crate::error::{Error, Outcome, Problem};
use crate::flow::{JSON, Plain};
use crate::operation::{Operation, Terms};
use crate::policy::Effect;
use crate::secret::Secret;
use crate::sign::{Draft, Stamp, text_of};
use crate::wire::http::Method;
use crate::wire::params::{Params, Place};

const VERSION: &str = "2015-04-01";
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Signed by whoever may assume the role.
pub(super) struct AssumeRole(pub(super) Role);

/// Not signed: the token says who asks.
pub(super) struct AssumeRoleWithOidc {
    pub(super) oidc: Box<Oidc>,
    pub(super) token: Secret,
}

impl Operation for AssumeRole {
    type Response = Keys;

    fn terms(&self) -> Terms {
        terms("AssumeRole")
    }

    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        role(&self.0, params);
        if let Some(id) = &self.0.external_id {
            params.push("ExternalId", id, Place::Form);
        }
    }
}

impl Operation for AssumeRoleWithOidc {
    type Response = Keys;

    fn terms(&self) -> Terms {
        terms("AssumeRoleWithOIDC")
    }

    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    fn encode(&self, params: &mut Params) {
        role(&self.oidc.role, params);
        params.push("OIDCProviderArn", &self.oidc.provider_arn, Place::Form);
        params.push("OIDCToken", self.token.expose(), Place::Form);
    }
}

fn terms(action: &'static str) -> Terms {
    let mut terms = Terms::new(action.into(), Effect::Query);
    terms.version = VERSION.into();
    terms.payload = Some("Credentials");
    terms
}

fn role(role: &Role, params: &mut Params) {
    params.push("RoleArn", &role.arn, Place::Form);
    params.push("RoleSessionName", &role.session_name, Place::Form);
    params.push("DurationSeconds", &role.seconds.to_string(), Place::Form);
    if let Some(policy) = &role.policy {
        params.push("Policy", policy, Place::Form);
    }
}

/// The request for an operation that nobody signs: what names it travels in the query, as in the
/// vendor's SDKs, the rest in the form.
pub(crate) fn anonymous(draft: &Draft<'_>, stamp: &Stamp) -> Plain {
    let mut query = Params::new();
    for (name, value) in [
        ("Action", draft.action),
        ("Format", "JSON"),
        ("SignatureNonce", stamp.nonce.as_str()),
        ("Timestamp", &stamp.at.to_string()),
        ("Version", draft.version),
    ] {
        query.push(name, value, Place::Query);
    }
    let target = [b"/?", query.text(Place::Query)].concat();
    let form = draft.params.text(Place::Form).to_vec();
    Plain {
        method: Method::Post,
        endpoint: Endpoint::clone(draft.endpoint),
        target: text_of(target),
        headers: vec![("content-type", Secret::new(FORM))],
        body: Secret::new(text_of(form)),
        accept: JSON,
        direct: false,
    }
}

/// What a call that failed says of the source.
pub(super) fn reason(error: Error) -> Reason {
    let last = error.attempts().last().map(|attempt| &attempt.outcome);
    let met = match last {
        Some(Outcome::NotSent(_)) => Reason::NoConnection,
        Some(Outcome::NoReply { .. } | Outcome::Overdue | Outcome::Overtaken) => Reason::NoReply,
        Some(Outcome::Answered { status, code }) => Reason::Refused {
            status: *status,
            code: code.clone(),
        },
        None => Reason::OutOfTime,
    };
    match error {
        Error::Decode(error) => Reason::Unreadable(error.reason),
        Error::Invalid(_)
        | Error::Service(_)
        | Error::Credentials(_)
        | Error::Exhausted(_)
        | Error::Uncertain(_)
        | Error::Upload(_)
        | Error::Evidence(_)
        | Error::Finished => met,
    }
}
