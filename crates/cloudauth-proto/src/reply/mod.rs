//! What operations answer: structs made from a table, read leniently.
//!
//! Every field may be missing or `null`, numbers and truth values may come as texts and the reverse,
//! and fields that the table does not have are passed over. What is refused: a value that cannot be
//! what it should be, and a field that comes twice, since two verdicts are none.

mod scalar;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ops::CertifyId;
use crate::wire::lenient::Key;

/// What a response, or a part of one, looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Text.
    Text,
    /// Text that identifies a person or opens a door to one; `Debug` does not show it.
    Sensitive,
    /// An integer.
    Integer,
    /// A number with a fraction.
    Number,
    /// A truth value.
    Boolean,
    /// Texts by name.
    Map,
    /// Any JSON.
    Any,
    /// Several of the same.
    List(&'static Self),
    /// Fields by name.
    Object(&'static [(&'static str, Self)]),
}

/// A part of a response that can be read.
pub(crate) trait Part: Sized {
    const SHAPE: Shape;

    /// Reads it; nothing if it is `null` or an empty text that cannot be meant.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error>;
}

/// Where a part is kept in a struct.
pub(crate) trait Slot {
    const SHAPE: Shape;

    fn empty() -> Self;

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error>;

    fn shown(&self) -> Option<&dyn fmt::Debug>;

    /// Whether the response is useless without it, and it is not there.
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

/// Without it there is nothing to follow a verification by.
impl Slot for CertifyId {
    const SHAPE: Shape = Shape::Text;

    fn empty() -> Self {
        Self::new("")
    }

    fn fill<'de, D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        let text = String::read(from)?.filter(|text| !text.is_empty());
        *self = text
            .map(Self::new)
            .ok_or_else(|| D::Error::custom("an empty text where one is needed"))?;
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
pub(crate) trait Object: Sized {
    const FIELDS: &'static [(&'static str, Shape)];

    fn empty() -> Self;

    /// Reads the field that has this name, if there is one.
    fn field<'de, M: MapAccess<'de>>(&mut self, name: &str, map: &mut M) -> Result<bool, M::Error>;

    /// The first field that is missed.
    fn missed(&self) -> Option<&'static str>;
}

/// Fills a slot from the next value of `map`, once.
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

impl<T: Object> Part for T {
    const SHAPE: Shape = Shape::Object(T::FIELDS);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(Fields(PhantomData))
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for Fields<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut read = T::empty();
        while let Some(Key(name)) = map.next_key()? {
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

/// Makes responses, and parts of them, from a table: one line per field, with its name in Rust, its
/// type and its name on the wire, maybe with others that it goes by. An `Option` or a `Vec` may be
/// missing.
///
/// `Debug` shows the fields that are there, under their names on the wire.
macro_rules! replies {
    ($(
        $(#[$doc:meta])*
        $name:ident {$(
            $(#[$field_doc:meta])*
            $field:ident: $type:ty = $wire:literal $(| $alias:literal)*,
        )*}
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
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

        impl $crate::reply::Object for $name {
            const FIELDS: &'static [(&'static str, $crate::reply::Shape)] = &[
                $(($wire, <$type as $crate::reply::Slot>::SHAPE),)*
            ];

            #[inline]
            fn empty() -> Self {
                Self {$($field: $crate::reply::Slot::empty(),)*}
            }

            #[allow(unused_variables, reason = "a response may have no field")]
            fn field<'de, M: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut M,
            ) -> Result<bool, M::Error> {
                match name {
                    $($wire $(| $alias)* => $crate::reply::fill(&mut self.$field, $wire, map),)*
                    _ => Ok(false),
                }
            }

            #[inline]
            fn missed(&self) -> Option<&'static str> {
                $(if $crate::reply::Slot::is_missed(&self.$field) {
                    return Some($wire);
                })*
                None
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::reply::required(from)
            }
        }

        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::reply::show(f, stringify!($name), &[
                    $(($wire, $crate::reply::Slot::shown(&self.$field)),)*
                ])
            }
        }
    )*};
}
pub(crate) use replies;

pub(crate) fn required<'de, T: Object, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let read = T::read(from)?;
    read.ok_or_else(|| D::Error::custom("nothing where an object is needed"))
}

pub(crate) fn show(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, Option<&dyn fmt::Debug>)],
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for (name, value) in fields {
        if let Some(value) = value {
            shown.field(name, value);
        }
    }
    shown.finish()
}
