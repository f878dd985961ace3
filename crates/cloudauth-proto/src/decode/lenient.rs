//! Decoding of JSON whose values do not have the documented types.
//!
//! The service documents strings almost everywhere, and the vendor's SDKs differ in what they accept
//! (recorded: a `Code` that is a number). The [parent module](super) decodes responses; this one decodes
//! the envelope around them, and files.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::decode::Part;
use crate::secret::Sensitive;

/// A string field.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::read(from)
}

/// A string field with personal data.
pub(crate) fn sensitive<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sensitive>, D::Error> {
    Sensitive::read(from)
}

/// A required string field.
pub(crate) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| D::Error::custom("an empty string where a value is required"))
}

/// An object, or `null`; never a list, which serde would take for the object's values in the order of
/// its fields.
pub(crate) struct Object<T>(PhantomData<T>);

impl<T> Object<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Object<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Self::Value, M::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
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
