//! Decoding of responses: structs made from a table, decoded leniently.
//!
//! Every field may be missing or `null`, numbers and booleans may be strings and the reverse, objects and
//! lists may be JSON text and the reverse, and fields that are not in the table are ignored. A value that
//! cannot be converted to the type of its field is absent, and named in the list `unreadable` of its
//! struct. Errors are JSON that cannot be repaired, and contradictory values of the verdict.

pub(crate) mod envelope;
mod error;
pub(crate) mod lenient;
mod nested;
pub(crate) mod payload;
pub(crate) mod repair;
mod scalar;
pub(crate) mod wire_enum;
mod xml;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess};

pub use error::DecodeErrorKind;
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

/// What was read of a part of a response.
pub(crate) struct Read<T> {
    /// `None` if the part is `null`, an empty string that cannot be a value of its type, or unreadable.
    pub(crate) value: Option<T>,
    /// Whether all of it could be read.
    pub(crate) is_whole: bool,
}

impl<T> Read<T> {
    pub(crate) const UNREADABLE: Self = Self {
        value: None,
        is_whole: false,
    };

    pub(crate) const fn whole(value: Option<T>) -> Self {
        let is_whole = true;
        Self { value, is_whole }
    }

    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: self.value.map(convert),
            is_whole: self.is_whole,
        }
    }
}

/// A type that a part of a response is decoded to.
pub(crate) trait Part: Sized {
    const SHAPE: Shape;

    /// Decodes the part. Whatever it is, it is read to its end; errors are those of JSON.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error>;

    /// Whether it says no more than a missing part.
    fn is_blank(&self) -> bool {
        false
    }
}

/// A field of a struct that a part is stored in.
pub(crate) trait Slot: Sized + PartialEq {
    const SHAPE: Shape;

    fn empty() -> Self;

    /// Fills the empty slot, and returns whether all of the part could be read.
    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<bool, D::Error>;

    fn is_blank(&self) -> bool;

    fn shown(&self) -> Option<&dyn fmt::Debug>;

    /// Whether the field is required and missing.
    fn is_missed(&self) -> bool {
        false
    }
}

impl<T: Part + PartialEq + fmt::Debug> Slot for Option<T> {
    const SHAPE: Shape = T::SHAPE;

    fn empty() -> Self {
        None
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<bool, D::Error> {
        let read = T::read(from)?;
        *self = read.value;
        Ok(read.is_whole)
    }

    fn is_blank(&self) -> bool {
        self.as_ref().is_none_or(Part::is_blank)
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        self.as_ref().map(|part| part as _)
    }
}

impl<T: Part + PartialEq + fmt::Debug> Slot for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn empty() -> Self {
        Self::new()
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<bool, D::Error> {
        let read = nested::list(from)?;
        *self = read.value.unwrap_or_default();
        Ok(read.is_whole)
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
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

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<bool, D::Error> {
        let read = String::read(from)?;
        *self = Self::new(read.value.unwrap_or_default());
        Ok(read.is_whole)
    }

    fn is_blank(&self) -> bool {
        self.as_str().is_empty()
    }

    fn shown(&self) -> Option<&dyn fmt::Debug> {
        Some(self)
    }

    fn is_missed(&self) -> bool {
        self.is_blank()
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

/// Fields that decide about a person. Two values of one of them are an error if they differ.
const VERDICT: [&str; 4] = ["BizCode", "CertifyId", "Passed", "SubCode"];

/// Fills a slot from the next value of `map`. The name of a field that cannot be read, or whose values
/// contradict each other, is added to `unreadable`.
pub(crate) fn fill<'de, S: Slot, M: MapAccess<'de>>(
    slot: &mut S,
    name: &'static str,
    unreadable: &mut Vec<&'static str>,
    map: &mut M,
) -> Result<bool, M::Error> {
    struct Seed<'s, S>(&'s mut S);

    impl<'de, S: Slot> DeserializeSeed<'de> for Seed<'_, S> {
        type Value = bool;

        fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
            self.0.fill(from)
        }
    }

    let mut read = S::empty();
    let mut is_whole = map.next_value_seed(Seed(&mut read))?;
    let was_whole = !unreadable.contains(&name);
    let agrees = is_whole && (read.is_blank() || (was_whole && read == *slot));
    if was_whole && slot.is_blank() {
        *slot = read;
    } else if !agrees {
        if VERDICT.contains(&name) {
            return Err(contradiction(name));
        }
        *slot = S::empty();
        is_whole = false;
    }
    if !is_whole && was_whole {
        unreadable.push(name);
    }
    Ok(true)
}

/// The error for two values of a field that differ.
pub(crate) fn contradiction<E: Error>(name: &str) -> E {
    E::custom(format!("contradictory field `{name}`"))
}

/// Defines responses, and parts of them, as a table: one line per field, with its name in Rust, its type,
/// its name on the wire and any other spelling of that. An `Option` or a `Vec` may be missing. Every struct
/// also has the list of its fields that could not be read.
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
        )*
            /// Names on the wire of the fields that the response has and that could not be read: of another
            /// type, with lost characters, or with contradictory values. They are absent; of a list,
            /// the items that could not be read are.
            pub unreadable: alloc::vec::Vec<&'static str>,
        }

        impl $crate::decode::ReplyObject for $name {
            const FIELDS: &'static [(&'static str, $crate::decode::Shape)] = &[
                $(($wire, <$type as $crate::decode::Slot>::SHAPE),)*
            ];

            #[inline]
            fn empty() -> Self {
                Self {
                    $($field: $crate::decode::Slot::empty(),)*
                    unreadable: alloc::vec::Vec::new(),
                }
            }

            #[allow(unused_variables, reason = "a response may have no field")]
            fn field<'de, M: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut M,
            ) -> Result<bool, M::Error> {
                match name {
                    $($wire $(| $alias)* => {
                        $crate::decode::fill(&mut self.$field, $wire, &mut self.unreadable, map)
                    })*
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
                    ("unreadable", (!self.unreadable.is_empty()).then_some(&self.unreadable as _)),
                ])
            }
        }
    )*};
}
pub(crate) use replies;

pub(crate) fn required<'de, T: ReplyObject, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let read = T::read(from)?.value;
    read.ok_or_else(|| D::Error::custom("no object where one is required"))
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
