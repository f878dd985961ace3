//! Decoding of JSON whose values do not have the documented types.
//!
//! The service documents strings almost everywhere, and the vendor's SDKs differ in what they accept
//! (recorded: a `Code` that is a number). The [parent module](super) decodes responses; this one decodes
//! files.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use crate::decode::scalar::Scalar;

/// A string field.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let scalar = Scalar::read(from, false)?;
    if matches!(scalar, Scalar::Nested) {
        return Err(D::Error::custom("a list or an object for a string"));
    }
    Ok(scalar.into_text())
}

/// A required string field.
pub(crate) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| D::Error::custom("an empty string where a value is required"))
}

/// The name of a field, which is copied only if it contains escapes.
pub(crate) struct FieldName<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for FieldName<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = FieldName<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<FieldName<'de>, E> {
                Ok(FieldName(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<FieldName<'de>, E> {
                Ok(FieldName(Cow::Owned(name.to_owned())))
            }
        }

        from.deserialize_str(NameVisitor)
    }
}
