//! Decoding of responses: structs made from a table, decoded leniently.
//!
//! Every field may be missing or `null`, numbers and booleans may be strings and the reverse, and fields
//! that are not in the table are ignored. Errors are a value that cannot be converted to the type of its
//! field, and a field that occurs twice, since two verdicts contradict each other.

pub(crate) mod envelope;
mod error;
pub(crate) mod lenient;
mod scalar;
pub(crate) mod wire_enum;
mod xml;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub use error::DecodeErrorKind;
use lenient::FieldName;
pub use wire_enum::Unlisted;

use crate::certify_id::CertifyId;
use crate::privacy::is_private;

/// The shape of a response, or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// A string.
    Text,
    /// A string with personal data, or a link to it; `Debug` does not show it.
    Sensitive,
    /// An integer.
    Integer,
    /// A number with a fraction.
    Number,
    /// A boolean.
    Boolean,
    /// Strings by name.
    Map,
    /// Any JSON value.
    Any,
    /// A list of values of one shape.
    List(&'static Self),
    /// An object with these fields.
    Object(&'static [(&'static str, Self)]),
}

/// A type that a part of a response is decoded to.
pub(crate) trait Part: Sized {
    const SHAPE: Shape;

    /// Decodes the part; `None` if it is `null`, or an empty string that cannot be a value of this type.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error>;
}

/// A field of a struct that a part is stored in.
pub(crate) trait Slot {
    const SHAPE: Shape;

    fn empty() -> Self;

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error>;

    fn shown(&self) -> Option<&dyn fmt::Debug>;

    /// Whether the field is required and missing.
    fn is_missed(&self) -> bool {
        false
    }
}

impl<T: Part + fmt::Debug> Slot for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn empty() -> Self {
        None
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        *self = T::read(from)?;
        Ok(())
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        self.as_ref().map(|part| part as _)
    }
}

impl<T: Part + fmt::Debug> Slot for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn empty() -> Self {
        Self::new()
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        *self = from.deserialize_any(Items(PhantomData))?;
        Ok(())
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        (!self.is_empty()).then_some(self as _)
    }
}

/// Required: without an ID, the verification cannot be queried.
impl Slot for CertifyId {
    const SHAPE: Shape = Shape::Text;

    fn empty() -> Self {
        Self::new("")
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        let text = String::read(from)?.filter(|text| !text.is_empty());
        *self = text
            .map(Self::new)
            .ok_or_else(|| D::Error::custom("an empty string where a value is required"))?;
        Ok(())
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        Some(self)
    }

    fn is_missed(&self) -> bool {
        self.as_str().is_empty()
    }
}

/// A struct of a [`replies!`] table.
pub(crate) trait ReplyObject: Sized {
    const FIELDS: &'static [(&'static str, Shape)];

    fn empty() -> Self;

    /// Decodes the field of this name; false if there is none.
    fn field<'de, M: MapAccess<'de>>(&mut self, name: &str, map: &mut M) -> Result<bool, M::Error>;

    /// The first required field that is missing.
    fn missed(&self) -> Option<&'static str>;
}

/// Fills a slot from the next value of `map`. Fails if it is filled already.
pub(crate) fn fill<'de, M: MapAccess<'de>>(
    slot: &mut impl Slot,
    name: &str,
    map: &mut M,
) -> Result<bool, M::Error> {
    struct Seed<'s, S>(&'s mut S);

    impl<'de, S: Slot> DeserializeSeed<'de> for Seed<'_, S> {
        type Value = ();

        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
            self.0.fill(from)
        }
    }

    if slot.shown().is_some() && !slot.is_missed() {
        return Err(M::Error::custom(format!("duplicate field `{name}`")));
    }
    map.next_value_seed(Seed(slot))?;
    Ok(true)
}

impl<T: ReplyObject> Part for T {
    const SHAPE: Shape = Shape::Object(T::FIELDS);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: ReplyObject> Visitor<'de> for Fields<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut read = T::empty();
        while let Some(FieldName(name)) = map.next_key()? {
            if !read.field(&name, &mut map)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        match read.missed() {
            Some(name) => Err(M::Error::custom(format!("missing field `{name}`"))),
            None => Ok(Some(read)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Part> Visitor<'de> for Items<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut items: S) -> Result<Self::Value, S::Error> {
        struct Seed<T>(PhantomData<T>);

        impl<'de, T: Part> DeserializeSeed<'de> for Seed<T> {
            type Value = Option<T>;

            fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
                T::read(from)
            }
        }

        let mut read = Vec::new();
        while let Some(item) = items.next_element_seed(Seed(PhantomData))? {
            read.extend(item);
        }
        Ok(read)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

/// Defines responses, and parts of them, as a table: one line per field, with its name in Rust, its type,
/// its name on the wire and any other spelling of that. An `Option` or a `Vec` may be missing.
///
/// `Debug` shows the fields that are present, under their names on the wire, and hides the values of those
/// on the list of `privacy`.
macro_rules! replies {
    ($(
        $(#[$doc:meta])*
        $name:ident {$(
            $(#[$field_doc:meta])*
            $field:ident: $type:ty = $wire:literal $(| $alias:literal)*,
        )*}
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        #[allow(
            clippy::struct_excessive_bools,
            clippy::struct_field_names,
            reason = "the names and types are the service's"
        )]
        pub struct $name {$(
            $(#[$field_doc])*
            #[doc = concat!("\n\nOn the wire: `", $wire, "`.")]
            pub $field: $type,
        )*}

        impl $crate::decode::ReplyObject for $name {
            const FIELDS: &'static [(&'static str, $crate::decode::Shape)] = &[
                $(($wire, <$type as $crate::decode::Slot>::SHAPE),)*
            ];

            #[inline]
            fn empty() -> Self {
                Self {$($field: $crate::decode::Slot::empty(),)*}
            }

            #[allow(unused_variables, reason = "a response may have no field")]
            fn field<'de, M: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut M,
            ) -> Result<bool, M::Error> {
                match name {
                    $($wire $(| $alias)* => $crate::decode::fill(&mut self.$field, $wire, map),)*
                    _ => Ok(false),
                }
            }

            #[inline]
            fn missed(&self) -> Option<&'static str> {
                $(if $crate::decode::Slot::is_missed(&self.$field) {
                    return Some($wire);
                })*
                None
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::decode::required(from)
            }
        }

        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::decode::show(f, stringify!($name), &[
                    $(($wire, $crate::decode::Slot::shown(&self.$field)),)*
                ])
            }
        }
    )*};
}
pub(crate) use replies;

pub(crate) fn required<'de, T: ReplyObject, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let read = T::read(from)?;
    read.ok_or_else(|| D::Error::custom("null where an object is required"))
}

pub(crate) fn show(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, Option<&dyn fmt::Debug>)],
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for (field, value) in fields {
        match value {
            Some(value) if is_private(name, field) => {
                // Sensitive strings and lists of them show their length. A quote begins other strings.
                let text = format!("{value:?}");
                let is_hidden = text.trim_start_matches('[').starts_with("redacted");
                let text = if is_hidden { &text } else { "[redacted]" };
                shown.field(field, &format_args!("{text}"));
            }
            Some(value) => {
                shown.field(field, value);
            }
            None => {}
        }
    }
    shown.finish()
}
