//! Operations that are chosen by name, with strings for their fields.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::IgnoredAny;

use super::{Base64, Value, check, encode, show};
use super::{Field, FieldKind, InvalidField, Operation, OperationMetadata, Params, Row};
use crate::endpoint::Endpoint;
use crate::ops::RawResponse;

/// An operation of [`ops::ALL`](crate::ops::ALL) whose fields are strings, for programs that get its name at
/// run time: a binding to another language, a gateway.
///
/// It is checked and sent as the typed one, with the same [`Effect`](crate::Effect) and the same codes of
/// unknown IDs. Its reply is JSON: the object that the typed reply is read from. No typed
/// operation is linked for it.
///
/// ```
/// use cloudauth_proto::operation::TableOperation;
/// use cloudauth_proto::{Endpoint, Operation, ops};
///
/// let describe = ops::find("DescribeFaceVerify").expect("it is listed");
/// let query = TableOperation::new(describe, |field| match field.name {
///     "SceneId" => Some("1000000006".to_owned()),
///     "CertifyId" => Some("sha1".to_owned()),
///     _ => None,
/// });
/// // `Reply::endpoint` of the call that opened the verification.
/// let query = query.with_origin(Endpoint::SHANGHAI);
/// assert!(query.check().is_empty());
/// ```
///
/// `Debug` shows the names of the fields that are set and the number of bytes of each.
#[derive(Clone)]
pub struct TableOperation {
    metadata: &'static OperationMetadata,
    values: Vec<(&'static Field, String)>,
    origin: Option<Endpoint>,
}

impl TableOperation {
    /// Creates the operation from the strings that `text` returns for its fields, in their form on the
    /// wire. `text` is called once per field; `None` leaves a field unset.
    ///
    /// [`check`](Operation::check) names the fields whose string is missing or no value of their type.
    #[must_use]
    pub fn new(
        metadata: &'static OperationMetadata,
        mut text: impl FnMut(&'static Field) -> Option<String>,
    ) -> Self {
        let values = metadata.fields.iter();
        let values = values.filter_map(|field| Some((field, text(field)?)));
        let values = values.map(|(field, text)| match field.kind {
            FieldKind::Base64 => (field, Base64::from(text).expose().to_string()),
            FieldKind::Text
            | FieldKind::Sensitive
            | FieldKind::Int32
            | FieldKind::Int64
            | FieldKind::Boolean
            | FieldKind::Json => (field, text),
        });
        Self {
            metadata,
            values: values.collect(),
            origin: None,
        }
    }

    /// Sets the endpoint that opened the verification. It is then queried first, and "unknown ID" is final
    /// only from there.
    #[must_use]
    pub fn with_origin(mut self, origin: Endpoint) -> Self {
        self.origin = Some(origin);
        self
    }
}

/// Whether a string is a value of its field's type.
fn is_valid(kind: FieldKind, text: &str) -> bool {
    match kind {
        FieldKind::Int32 => i32::parse(text.into()).is_some(),
        FieldKind::Int64 => i64::parse(text.into()).is_some(),
        FieldKind::Boolean => bool::parse(text.into()).is_some(),
        FieldKind::Json => serde_json::from_str::<IgnoredAny>(text).is_ok(),
        FieldKind::Text | FieldKind::Sensitive | FieldKind::Base64 => true,
    }
}

impl Row for TableOperation {
    fn metadata(&self) -> &'static OperationMetadata {
        self.metadata
    }

    fn each(&self, visit: &mut dyn FnMut(&'static Field, &str)) {
        for (field, text) in &self.values {
            visit(field, text);
        }
    }
}

impl Operation for TableOperation {
    type Response = RawResponse;

    fn metadata(&self) -> OperationMetadata {
        let mut metadata = self.metadata.clone();
        if let Some(repeating) = metadata.repeating {
            metadata.effect = repeating(self);
        }
        metadata
    }

    fn origin(&self) -> Option<&Endpoint> {
        self.origin.as_ref()
    }

    fn check(&self) -> Vec<InvalidField> {
        let mut problems = check(self);
        for (field, text) in &self.values {
            if !is_valid(field.kind, text) {
                let problem = Cow::Borrowed("has an invalid value");
                problems.push(InvalidField::new(field.name, problem));
            }
        }
        problems
    }

    fn encode(&self, params: &mut Params) {
        encode(self, params);
    }
}

impl fmt::Debug for TableOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(self, f)
    }
}
