//! Reading JSON that does not keep to its own types.
//!
//! The service documents text almost everywhere, and the vendor's SDKs differ in what they accept
//! (recorded: a `Code` that is a number). [`reply`](crate::reply) reads responses; this is for what
//! is around them.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};

use crate::reply::Part;
use crate::secret::Sensitive;

/// A field of a reply that is text.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::read(from)
}

/// A field of a reply that is text and identifies a person or opens a door to one.
pub(crate) fn sensitive<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sensitive>, D::Error> {
    Sensitive::read(from)
}

/// A text without which the reply is useless.
pub(crate) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from)?
        .filter(|text| !text.is_empty())
        .ok_or_else(|| D::Error::custom("an empty text where one is needed"))
}

/// An object of its own shape, or `null`; never a list, which serde would take for the object's
/// values in the order of its fields.
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

/// The name of a field, copied only if it has escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        from.deserialize_str(Keys)
    }
}
