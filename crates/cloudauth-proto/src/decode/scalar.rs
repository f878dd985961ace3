//! Strings, numbers and booleans, in whichever JSON type they arrive.

use alloc::string::{String, ToString};
use core::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::repair::without_mark;
use super::{Part, Read, Shape};
use crate::secret::Sensitive;

/// A scalar in the JSON type that it arrived in.
pub(crate) enum Scalar {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Null,
    /// A list or an object, which has been skipped.
    Nested,
}

impl Scalar {
    /// Reads the next value. A list or an object becomes its JSON text if `keeps_json`.
    pub(crate) fn read<'de, D: Deserializer<'de>>(
        from: D,
        keeps_json: bool,
    ) -> Result<Self, D::Error> {
        from.deserialize_any(Scalars { keeps_json })
    }

    /// Whether it says no more than a missing value.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::Integer(_) | Self::Number(_) | Self::Boolean(_) | Self::Nested => false,
        }
    }

    /// The string, whatever it says; numbers and booleans are written as in JSON.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Integer(number) => Some(number.to_string()),
            Self::Number(number) => Some(number_text(number)),
            Self::Boolean(truth) => Some(truth.to_string()),
            Self::Null | Self::Nested => None,
        }
    }
}

/// Compact JSON. Strings, numbers and values of JSON always have one. `Display` of a value would link the code of the
/// indented form, too.
fn json_text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The number as in JSON, but a whole one without its fraction. The formatting of the standard library would add 15 kB
/// to a module for wasm, for nothing else.
fn number_text(number: f64) -> String {
    let mut text = json_text(&number);
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

#[derive(Clone, Copy)]
pub(crate) struct Scalars {
    pub(crate) keeps_json: bool,
}

impl<'de> DeserializeSeed<'de> for Scalars {
    type Value = Scalar;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Scalar, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalars {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_string()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Scalar, E> {
        Ok(Scalar::Boolean(truth))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        // A number that large is only ever decoded as a string.
        Ok(
            i64::try_from(number)
                .map_or_else(|_| Scalar::Text(number.to_string()), Scalar::Integer),
        )
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Scalar, M::Error> {
        self.nested(MapAccessDeserializer::new(map))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, items: S) -> Result<Scalar, S::Error> {
        self.nested(SeqAccessDeserializer::new(items))
    }
}

impl Scalars {
    fn nested<'de, D: Deserializer<'de>>(self, from: D) -> Result<Scalar, D::Error> {
        Ok(if self.keeps_json {
            Scalar::Text(json_text(&Value::deserialize(from)?))
        } else {
            IgnoredAny::deserialize(from)?;
            Scalar::Nested
        })
    }
}

/// Whether characters of a string were lost: U+FFFD takes the place of what is not UTF-8. JSON text is
/// decoded for itself, so that one lost character does not cost the rest of it.
pub(super) fn is_damaged(text: &str) -> bool {
    let is_json = || without_mark(text).starts_with(['{', '[']);
    !text.is_ascii() && text.contains(char::REPLACEMENT_CHARACTER) && !is_json()
}

fn text(scalar: Scalar) -> Read<String> {
    let is_whole = match &scalar {
        Scalar::Text(text) => !is_damaged(text),
        Scalar::Nested => false,
        Scalar::Integer(_) | Scalar::Number(_) | Scalar::Boolean(_) | Scalar::Null => true,
    };
    if is_whole {
        Read::whole(scalar.into_text())
    } else {
        Read::UNREADABLE
    }
}

impl Part for String {
    const SHAPE: Shape = Shape::Text;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        Scalar::read(from, false).map(text)
    }

    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// Reads an object as its JSON text: the service puts JSON into strings, so it may be there without one.
impl Part for Sensitive {
    const SHAPE: Shape = Shape::Sensitive;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        Ok(text(Scalar::read(from, true)?).map(Self::new))
    }

    fn is_blank(&self) -> bool {
        self.expose().is_empty()
    }
}

impl Part for i64 {
    const SHAPE: Shape = Shape::Integer;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        Ok(match Scalar::read(from, false)? {
            Scalar::Integer(number) => Read::whole(Some(number)),
            Scalar::Null => Read::whole(None),
            Scalar::Text(text) => parsed(&text),
            Scalar::Number(number) => parsed(&number_text(number)),
            Scalar::Boolean(_) | Scalar::Nested => Read::UNREADABLE,
        })
    }
}

impl Part for f64 {
    const SHAPE: Shape = Shape::Number;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        Ok(match Scalar::read(from, false)? {
            Scalar::Number(number) => Read::whole(Some(number)),
            Scalar::Integer(number) => parsed(&number.to_string()),
            Scalar::Null => Read::whole(None),
            Scalar::Text(text) => parsed(&text),
            Scalar::Boolean(_) | Scalar::Nested => Read::UNREADABLE,
        })
    }
}

impl Part for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        Ok(match Scalar::read(from, false)? {
            Scalar::Boolean(truth) => Read::whole(Some(truth)),
            Scalar::Integer(number @ (0 | 1)) => Read::whole(Some(number == 1)),
            Scalar::Null => Read::whole(None),
            Scalar::Text(text) => parsed(&text.to_ascii_lowercase()),
            Scalar::Integer(_) | Scalar::Number(_) | Scalar::Nested => Read::UNREADABLE,
        })
    }
}

/// An empty string is nothing.
fn parsed<T: core::str::FromStr>(text: &str) -> Read<T> {
    match text.trim() {
        "" => Read::whole(None),
        text => text
            .parse()
            .map_or(Read::UNREADABLE, |value| Read::whole(Some(value))),
    }
}

impl Part for Value {
    const SHAPE: Shape = Shape::Any;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Read<Self>, D::Error> {
        let value = Self::deserialize(from)?;
        Ok(Read::whole(Some(value).filter(|value| !value.is_null())))
    }
}
