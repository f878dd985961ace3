//! Strings, numbers and booleans, in whichever JSON type they arrive.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use core::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::{Part, Shape, fill};
use crate::secret::Sensitive;

/// A scalar in the JSON type that it arrived in.
enum Scalar {
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Null,
}

struct Scalars;

impl Visitor<'_> for Scalars {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number or a boolean")
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
}

impl Part for String {
    const SHAPE: Shape = Shape::Text;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Ok(match from.deserialize_any(Scalars)? {
            Scalar::Text(text) => Some(text),
            Scalar::Integer(number) => Some(number.to_string()),
            Scalar::Number(number) => Some(number.to_string()),
            Scalar::Boolean(truth) => Some(truth.to_string()),
            Scalar::Null => None,
        })
    }
}

impl Part for Sensitive {
    const SHAPE: Shape = Shape::Sensitive;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        Ok(String::read(from)?.map(Self::new))
    }
}

impl Part for i64 {
    const SHAPE: Shape = Shape::Integer;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let text = match from.deserialize_any(Scalars)? {
            Scalar::Integer(number) => return Ok(Some(number)),
            Scalar::Boolean(_) => return Err(D::Error::custom("a boolean for a number")),
            Scalar::Null => return Ok(None),
            Scalar::Text(text) => text,
            Scalar::Number(number) => number.to_string(),
        };
        parsed(&text)
    }
}

impl Part for f64 {
    const SHAPE: Shape = Shape::Number;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        match from.deserialize_any(Scalars)? {
            Scalar::Number(number) => Ok(Some(number)),
            Scalar::Integer(number) => parsed(&number.to_string()),
            Scalar::Boolean(_) => Err(D::Error::custom("a boolean for a number")),
            Scalar::Null => Ok(None),
            Scalar::Text(text) => parsed(&text),
        }
    }
}

impl Part for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        match from.deserialize_any(Scalars)? {
            Scalar::Boolean(truth) => Ok(Some(truth)),
            Scalar::Null => Ok(None),
            Scalar::Integer(number @ (0 | 1)) => Ok(Some(number == 1)),
            Scalar::Text(text) => parsed(&text.to_ascii_lowercase()),
            Scalar::Integer(_) | Scalar::Number(_) => {
                Err(D::Error::custom("a number for a boolean"))
            }
        }
    }
}

/// An empty string is `None`.
fn parsed<T: core::str::FromStr, E: Error>(text: &str) -> Result<Option<T>, E> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parsed = text.parse().map(Some);
    parsed.map_err(|_| E::custom("a string of the wrong form"))
}

impl Part for serde_json::Value {
    const SHAPE: Shape = Shape::Any;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        let value = <Self as serde::Deserialize>::deserialize(from)?;
        Ok(Some(value).filter(|value| !value.is_null()))
    }
}

/// Strings by name.
impl Part for BTreeMap<String, String> {
    const SHAPE: Shape = Shape::Map;

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
        from.deserialize_any(Texts)
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Option<BTreeMap<String, String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut texts = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let mut text: Option<String> = None;
            fill(&mut text, &name, &mut map)?;
            if let Some(text) = text {
                texts.insert(name, text);
            }
        }
        Ok(Some(texts))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}
