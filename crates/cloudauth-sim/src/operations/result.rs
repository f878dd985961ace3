//! The result of an operation: a code and the members of the JSON body.

use serde_json::{Map, Value};

use crate::http::{Params, params};

/// The body of an operation's response before the request ID is added. The HTTP status is 200
/// whatever the code is.
pub(crate) struct OperationResult {
    pub(crate) code: &'static str,
    pub(super) members: Map<String, Value>,
}

impl OperationResult {
    /// A result with exactly these members of the body, for operations without `Code` and `Message`.
    pub(super) fn new(code: &'static str, members: Value) -> Self {
        let members = if let Value::Object(members) = members {
            members
        } else {
            Map::new()
        };
        Self { code, members }
    }

    /// A success with a `ResultObject`, as most operations have.
    pub(crate) fn success(result: Value) -> Self {
        let mut success = Self::failure("200", "success");
        success.members.insert("ResultObject".to_owned(), result);
        success
    }

    pub(super) fn failure(code: &'static str, message: impl Into<String>) -> Self {
        let mut members = Map::new();
        members.insert("Code".to_owned(), code.into());
        members.insert("Message".to_owned(), Value::String(message.into()));
        Self { code, members }
    }

    /// A failure that a magic number causes.
    pub(super) fn by_magic(code: &'static str) -> Self {
        Self::failure(code, "caused by the magic number")
    }

    /// Whether the operation counts as carried out: an order was opened, a check was made, or a state
    /// was looked up, even if it is "not yet".
    pub(crate) fn was_carried_out(&self) -> bool {
        matches!(self.code, "200" | "Success" | "403" | "424")
    }

    /// The body except the request ID.
    pub(crate) fn body(self) -> Value {
        Value::Object(self.members)
    }
}

/// The value of a required parameter.
pub(super) fn required<'p>(params: &'p Params, name: &str) -> Result<&'p str, OperationResult> {
    Some(params::value(params, name))
        .filter(|value| !value.is_empty())
        .ok_or_else(|| missing(name))
}

pub(super) fn missing(name: &str) -> OperationResult {
    OperationResult::failure("400", format!("{name} must not be empty"))
}

pub(super) fn invalid(name: &str) -> OperationResult {
    OperationResult::failure("401", format!("{name} is invalid"))
}
