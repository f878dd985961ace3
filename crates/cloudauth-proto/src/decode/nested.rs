//! Objects, lists and maps, also if they arrive as JSON text in a string.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::lenient::FieldName;
use super::{Part, Read, ReplyObject, Shape, repair};

/// A part that arrives as an object or as a list.
trait Nested: Sized {
    fn of_object<'de, M: MapAccess<'de>>(mut fields: M) -> Result<Read<Self>, M::Error> {
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Read::UNREADABLE)
    }

    fn of_list<'de, S: SeqAccess<'de>>(mut items: S) -> Result<Read<Self>, S::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Read::UNREADABLE)
    }
}

struct NestedVisitor<T>(PhantomData<T>);

impl<'de, T: Nested> Visitor<'de> for NestedVisitor<T> {
    type Value = Read<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<M: MapAccess<'de>>(self, fields: M) -> Result<Read<T>, M::Error> {
        T::of_object(fields)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<Read<T>, S::Error> {
        T::of_list(items)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Read<T>, E> {
        if repair::without_mark(text).is_empty() {
            return Ok(Read::whole(None));
        }
        let read = repair::tolerant(text, |json| json.deserialize_any(Self(PhantomData)));
        Ok(read.unwrap_or(Read::UNREADABLE))
    }

    fn visit_unit<E: Error>(self) -> Result<Read<T>, E> {
        Ok(Read::whole(None))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Read<T>, E> {
        Ok(Read::UNREADABLE)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Read<T>, E> {
        Ok(Read::UNREADABLE)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Read<T>, E> {
        Ok(Read::UNREADABLE)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Read<T>, E> {
        Ok(Read::UNREADABLE)
    }
}

fn read<'de, T: Nested, D: Deserializer<'de>>(from: D) -> Result<Read<T>, D::Error> {
    from.deserialize_any(NestedVisitor(PhantomData))
}

/// Reads a part as the next value of a map or a list.
struct PartSeed<T>(PhantomData<T>);

impl<'de, T: Part> DeserializeSeed<'de> for PartSeed<T> {
    type Value = Read<T>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Read<T>, D::Error> {
        T::read(from)
    }
}

impl<T: ReplyObject> Part for T {
    const SHAPE: Shape = Shape::Object(T::FIELDS);

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        read(from)
    }
}

impl<T: ReplyObject> Nested for T {
    fn of_object<'de, M: MapAccess<'de>>(mut fields: M) -> Result<Read<Self>, M::Error> {
        let mut read = T::empty();
        while let Some(FieldName(name)) = fields.next_key()? {
            if !read.field(&name, &mut fields)? {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        match read.missed() {
            Some(name) => Err(M::Error::custom(alloc::format!("missing field `{name}`"))),
            None => Ok(Read::whole(Some(read))),
        }
    }
}

/// A list without the items that cannot be read.
impl<T: Part> Nested for Vec<T> {
    fn of_list<'de, S: SeqAccess<'de>>(mut items: S) -> Result<Read<Self>, S::Error> {
        let (mut list, mut is_whole) = (Self::new(), true);
        while let Some(item) = items.next_element_seed(PartSeed::<T>(PhantomData))? {
            is_whole &= item.is_whole;
            list.extend(item.value);
        }
        let value = Some(list);
        Ok(Read { value, is_whole })
    }
}

/// Reads a list.
pub(super) fn list<'de, T: Part, D: Deserializer<'de>>(from: D) -> Result<Read<Vec<T>>, D::Error> {
    read(from)
}

/// Strings by name, without those that cannot be read.
impl Part for BTreeMap<String, String> {
    const SHAPE: Shape = Shape::Map;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        read(from)
    }
}

impl Nested for BTreeMap<String, String> {
    fn of_object<'de, M: MapAccess<'de>>(mut fields: M) -> Result<Read<Self>, M::Error> {
        let (mut texts, mut is_whole) = (Self::new(), true);
        while let Some(name) = fields.next_key::<String>()? {
            let read = fields.next_value_seed(PartSeed::<String>(PhantomData))?;
            is_whole &= read.is_whole;
            let Some(text) = read.value else { continue };
            if texts.get(&name).is_some_and(|other| *other != text) {
                texts.remove(&name);
                is_whole = false;
            } else {
                texts.insert(name, text);
            }
        }
        let value = Some(texts);
        Ok(Read { value, is_whole })
    }
}
