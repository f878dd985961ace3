//! An operation that is in no table.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::Problem;
use crate::operation::{Operation, Terms};
use crate::policy::Effect;
use crate::wire::http::Method;
use crate::wire::params::{Params, Place};

/// An operation that is in no table: a new one, or one of another version.
///
/// ```
/// use cloudauth_proto::ops::Raw;
/// use cloudauth_proto::{Effect, Place};
///
/// let asked = Raw::new("DescribeSomethingNew", Effect::Query)
///     .param("SceneId", "1000000006", Place::Query);
/// ```
///
/// `Debug` names the parameters and says how many bytes they take.
#[derive(Clone)]
pub struct Raw {
    terms: Terms,
    params: Params,
}

impl Raw {
    /// Asks for `action`. What doing it twice would do decides whether it is sent again on doubt:
    /// [`Effect::Once`] is the careful choice.
    #[must_use]
    pub fn new(action: impl Into<Cow<'static, str>>, effect: Effect) -> Self {
        let mut terms = Terms::new(action.into(), effect);
        terms.payload = None;
        let params = Params::new();
        Self { terms, params }
    }

    /// Of this version of the API.
    #[must_use]
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.terms.version = version.into();
        self
    }

    /// With GET instead of POST; all parameters must then be in the query.
    #[must_use]
    pub fn get(mut self) -> Self {
        self.terms.method = Method::Get;
        self
    }

    /// With one more parameter.
    #[must_use]
    pub fn param(mut self, name: impl AsRef<str>, value: impl AsRef<str>, place: Place) -> Self {
        self.params.push(name, value.as_ref(), place);
        self
    }
}

/// What [`Scheme::sign`](crate::Scheme::sign) puts there itself, under one scheme or the other.
const RESERVED: &[&str] = &[
    "AccessKeyId",
    "Action",
    "Format",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

impl Operation for Raw {
    type Response = RawResponse;

    fn terms(&self) -> Terms {
        self.terms.clone()
    }

    fn check(&self) -> Vec<Problem> {
        let mut names: Vec<Cow<'_, str>> = self.params.names().collect();
        let mut problems: Vec<Problem> = RESERVED
            .iter()
            .filter(|reserved| names.iter().any(|name| name == *reserved))
            .map(|reserved| Problem::new(reserved, "is a parameter of the signature's own"))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() < all {
            problems.push(Problem::new("a parameter", "is given twice"));
        }
        problems
    }

    fn encode(&self, params: &mut Params) {
        *params = self.params.clone();
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("terms", &self.terms)
            .field("params", &self.params)
            .finish()
    }
}

/// The whole reply to a [`Raw`] operation.
///
/// `Debug` names its outer fields: what is in them may be a person.
#[derive(Clone, PartialEq)]
pub struct RawResponse(Value);

impl RawResponse {
    /// The reply.
    #[must_use]
    pub fn expose(&self) -> &Value {
        &self.0
    }

    /// The reply, taken out.
    #[must_use]
    pub fn into_inner(self) -> Value {
        self.0
    }
}

impl<'de> Deserialize<'de> for RawResponse {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(Self)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self
            .0
            .as_object()
            .into_iter()
            .flatten()
            .map(|(n, _)| n)
            .collect();
        write!(f, "RawResponse({names:?})")
    }
}
