//! The error for an operation whose fields are missing or malformed.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

/// Error for an operation that is not sent because fields are missing or malformed.
///
/// `Display` lists all of them, by their wire names, and never shows a value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidOperation {
    /// Name of the operation.
    pub action: Cow<'static, str>,
    /// The missing or malformed fields.
    pub fields: Vec<InvalidField>,
}

/// A missing or malformed field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidField {
    /// Name of the field on the wire.
    pub field: &'static str,
    /// Description of the problem, which follows the name in a sentence: "is missing", "must be ...".
    /// Never contains the value.
    pub problem: Cow<'static, str>,
}

impl InvalidField {
    /// Creates a description that follows the field's name in a sentence: "is missing",
    /// "must be ...".
    pub fn new(field: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        let problem = problem.into();
        Self { field, problem }
    }
}

impl fmt::Display for InvalidOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not sent: ", self.action)?;
        for (i, InvalidField { field, problem }) in self.fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { "; " };
            write!(f, "{comma}{field} {problem}")?;
        }
        Ok(())
    }
}

impl core::error::Error for InvalidOperation {}
