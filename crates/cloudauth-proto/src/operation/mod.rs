//! Operations: the trait, its metadata, and the macro that implements both from a table.

mod encoded;
mod invalid;
mod macros;
mod table;
mod value;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

use serde::de::DeserializeOwned;

pub use encoded::Base64;
pub use invalid::{InvalidField, InvalidOperation};
pub(crate) use macros::{
    Row, check, encode, field, operations, read_field, require, show, show_field,
};
pub use table::TableOperation;
pub use value::Json;
pub(crate) use value::{Digits, Value};

use crate::codes::{self, Charge};
pub use crate::decode::{Shape, Unlisted};
use crate::encode::PlainName;
pub use crate::encode::{ParamLocation, Params};
use crate::endpoint::Endpoint;
use crate::http::Method;
use crate::policy::Effect;
pub use crate::privacy::is_private;

/// An operation of the service: its parameters, and the type of its reply.
///
/// Implemented by every operation in [`ops`](crate::ops). An operation that is not listed there is
/// sent as [`Raw`](crate::ops::Raw), or as a type of the caller's own that implements this trait.
pub trait Operation {
    /// Type of the reply.
    type Response: DeserializeOwned + Send;

    /// Returns the name of the operation and the properties that decide how it is sent.
    fn metadata(&self) -> OperationMetadata;

    /// Returns the endpoint that opened the verification of this request, its origin, if it is known.
    /// It is tried first. `None` by default.
    fn origin(&self) -> Option<&Endpoint> {
        None
    }

    /// Stores in a reply which endpoint it came from. Does nothing by default.
    fn set_origin(response: &mut Self::Response, endpoint: &Endpoint) {
        let _ = (response, endpoint);
    }

    /// Returns every field that is missing or malformed. The operation is sent only if there is none.
    fn check(&self) -> Vec<InvalidField>;

    /// Writes the parameters to `params`.
    fn encode(&self, params: &mut Params);
}

/// Name, version, method, effect, fields and reply of an operation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperationMetadata {
    /// Name of the operation, sent as `Action`.
    pub action: Cow<'static, str>,
    /// Version of the API, sent as `Version`.
    pub version: Cow<'static, str>,
    /// HTTP method.
    pub method: Method,
    /// Effect of carrying out the operation twice, which decides what is retried.
    pub effect: Effect,
    /// Field of the response that holds the reply; `None` if the whole response is the reply.
    pub payload: Option<&'static str>,
    /// Whether a `Code` other than a success code means that the operation was refused.
    pub has_result_code: bool,
    /// Codes for an ID that is unknown at an endpoint, or not known yet. They do not end a call before
    /// the [origin](Operation::origin) has responded.
    pub unknown_codes: &'static [&'static str],
    /// Field of the reply that the operation is for. A success without it is no response of the service.
    /// `None` if there is no such field.
    pub result_field: Option<&'static str>,
    /// Name of the operation that can confirm whether this one was carried out, if there is one.
    pub confirmed_by: Option<&'static str>,
    /// Fields of the request; those that [`new`] takes come last. Empty for operations that are not in
    /// [`ops`](crate::ops).
    ///
    /// [`new`]: crate::ops::DescribeFaceVerify::new
    pub fields: &'static [Field],
    /// Shape of the reply.
    pub response: Shape,
    /// Checks that involve several fields.
    pub(crate) rules: Option<RowCheck>,
    /// Effect of a call, where its fields decide it.
    pub(crate) repeating: Option<RowEffect>,
}

pub(crate) type RowCheck = fn(&dyn Row, &mut Vec<InvalidField>);
pub(crate) type RowEffect = fn(&dyn Row) -> Effect;

/// Version of the API that [`ops`](crate::ops) covers.
const VERSION: &str = "2019-03-07";

impl OperationMetadata {
    /// Creates the metadata of an operation with the defaults of this API: version 2019-03-07, POST,
    /// the reply in `ResultObject`, refused by `Code`, no listed fields.
    #[must_use]
    pub const fn new(action: Cow<'static, str>, effect: Effect) -> Self {
        Self {
            action,
            version: Cow::Borrowed(VERSION),
            method: Method::Post,
            effect,
            payload: Some("ResultObject"),
            has_result_code: true,
            unknown_codes: &[],
            result_field: None,
            confirmed_by: None,
            fields: &[],
            response: Shape::Any,
            rules: None,
            repeating: None,
        }
    }

    /// Creates the metadata of a row of a table.
    pub(crate) const fn of_row(
        action: &'static str,
        effect: Effect,
        fields: &'static [Field],
        response: Shape,
    ) -> Self {
        let mut row = Self::new(Cow::Borrowed(action), effect);
        row.fields = fields;
        row.response = response;
        row
    }

    /// Whether the operation is charged for. `Unknown` for operations of other versions of the API.
    #[must_use]
    pub fn charge(&self) -> Charge {
        if self.is_of_this_version() {
            codes::charge(&self.action)
        } else {
            Charge::Unknown
        }
    }

    /// Whether a call of it is or may be billed.
    pub(crate) fn may_be_billed(&self) -> bool {
        self.is_of_this_version() && self.charge() != Charge::Free
    }

    /// Whether it is an operation of the API that [`ops`](crate::ops) covers.
    pub(crate) fn is_of_this_version(&self) -> bool {
        self.version == VERSION
    }

    pub(crate) const fn rules(mut self, rules: RowCheck) -> Self {
        self.rules = Some(rules);
        self
    }

    pub(crate) const fn repeating(mut self, repeating: RowEffect) -> Self {
        self.repeating = Some(repeating);
        self
    }

    pub(crate) const fn version(mut self, version: &'static str) -> Self {
        // Assignment would drop the old version, which a `const fn` cannot do; it is borrowed anyway.
        mem::forget(mem::replace(&mut self.version, Cow::Borrowed(version)));
        self
    }

    pub(crate) const fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(crate) const fn payload(mut self, field: Option<&'static str>) -> Self {
        self.payload = field;
        self
    }

    pub(crate) const fn has_result_code(mut self, is_judged: bool) -> Self {
        self.has_result_code = is_judged;
        self
    }

    pub(crate) const fn unknown_codes(mut self, codes: &'static [&'static str]) -> Self {
        self.unknown_codes = codes;
        self
    }

    pub(crate) const fn result_field(mut self, field: Option<&'static str>) -> Self {
        self.result_field = field;
        self
    }

    pub(crate) const fn confirmed_by(mut self, action: Option<&'static str>) -> Self {
        self.confirmed_by = action;
        self
    }
}

/// Metadata of a field of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Name on the wire.
    pub name: &'static str,
    /// Location in the request under ACS3. (Under RPC 1.0 all parameters are in one place.)
    pub place: ParamLocation,
    /// Type of the value.
    pub kind: FieldKind,
    /// Largest number of characters, if that is documented.
    pub max: Option<usize>,
    /// Whether the operation always requires it.
    pub required: bool,
    /// Whether people type its value, so that an invisible character in it is a mistake.
    pub(crate) is_typed: bool,
    pub(crate) plain_name: PlainName,
}

/// Type of a field of an operation. On the wire every value is a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// String.
    Text,
    /// String that identifies a person, or gives access to a person's data. Never printed.
    Sensitive,
    /// Contents of a file in base64, such as a picture of a face. Never printed.
    Base64,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// `true` or `false`.
    Boolean,
    /// List or object, as compact JSON.
    Json,
}

/// An operation that is listed in [`ops`](crate::ops).
///
/// [`ops::visit`](crate::ops::visit) applies a generic function to all of them.
pub trait Listed: Operation<Response: fmt::Debug> + fmt::Debug + Clone + Sized {
    /// Metadata of the operation.
    const METADATA: OperationMetadata;

    /// Creates the operation from the strings that `text` returns for its fields, in their form on the
    /// wire. `text` is called at most once per field; `None` leaves a field unset.
    ///
    /// Returns the fields that are required and unset, and those whose string is not a value of
    /// their type.
    fn from_texts(
        text: impl FnMut(&'static Field) -> Option<String>,
    ) -> Result<Self, Vec<InvalidField>>;
}
