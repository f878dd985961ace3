//! An operation without a type of its own.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::encode::{ParamLocation, Params};
use crate::http::Method;
use crate::operation::InvalidField;
use crate::operation::{Operation, OperationMetadata};
use crate::policy::Effect;

/// An operation without a type of its own: one that the vendor added lately, or one of another API
/// version.
///
/// By default it is sent with POST as version 2019-03-07, and the reply is the whole response.
///
/// ```
/// use cloudauth_proto::ops::Raw;
/// use cloudauth_proto::Effect;
/// use cloudauth_proto::operation::ParamLocation;
///
/// let query = Raw::new("DescribeSomethingNew", Effect::ReadOnly)
///     .param("SceneId", "1000000006", ParamLocation::Query);
/// ```
///
/// Sending it fails with [`Error::Invalid`](crate::Error::Invalid) if a parameter is set twice or is
/// one that the signature sets, such as `Action`.
///
/// `Debug` shows the names of the parameters and their number of bytes.
#[derive(Clone)]
pub struct Raw {
    metadata: OperationMetadata,
    params: Params,
}

impl Raw {
    /// Creates the operation `action`, without parameters. `effect` decides whether it is sent again
    /// when it may have been carried out already; if in doubt, choose [`Effect::NotIdempotent`].
    #[must_use]
    pub fn new(action: impl Into<Cow<'static, str>>, effect: Effect) -> Self {
        let mut metadata = OperationMetadata::new(action.into(), effect);
        metadata.payload = None;
        let params = Params::new();
        Self { metadata, params }
    }

    /// Sets the version of the API; 2019-03-07 by default.
    #[must_use]
    pub fn version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.metadata.version = version.into();
        self
    }

    /// Sends it with GET instead of POST; all parameters must then be in the query.
    #[must_use]
    pub fn get(mut self) -> Self {
        self.metadata.method = Method::Get;
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub fn param(
        mut self,
        name: impl AsRef<str>,
        value: impl AsRef<str>,
        place: ParamLocation,
    ) -> Self {
        self.params.push(name, value.as_ref(), place);
        self
    }
}

/// Parameters that [`Scheme::sign`](crate::Scheme::sign) adds, under one scheme or the other.
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

    fn metadata(&self) -> OperationMetadata {
        self.metadata.clone()
    }

    fn check(&self) -> Vec<InvalidField> {
        let mut names: Vec<Cow<'_, str>> = self.params.names().collect();
        let mut problems: Vec<InvalidField> = RESERVED
            .iter()
            .filter(|reserved| names.iter().any(|name| name == *reserved))
            .map(|reserved| InvalidField::new(reserved, "is reserved for the signature"))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        if names.len() < all {
            problems.push(InvalidField::new("a parameter", "is set twice"));
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
            .field("metadata", &self.metadata)
            .field("params", &self.params)
            .finish()
    }
}

/// Whole response to a [`Raw`] operation, as JSON.
///
/// `Debug` shows the names of its outer fields only, since their values may describe a person.
#[derive(Clone, PartialEq)]
pub struct RawResponse(Value);

impl RawResponse {
    /// Returns the JSON.
    #[must_use]
    pub fn expose(&self) -> &Value {
        &self.0
    }

    /// Converts it into the JSON.
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
