//! Enumerations that have a fixed text for each value: in options, in variables, in what is stored.

use core::fmt;

/// Implements `as_str`, `Display`, `FromStr` and serde's traits for an enumeration, each value as its text.
/// Letter case is ignored in parsing.
macro_rules! text_enum {
    ($type:ident, $what:literal, { $($(#[$attribute:meta])* $variant:ident => $text:literal,)* }) => {
        impl $type {
            /// Every value.
            pub const ALL: &[Self] = &[$($(#[$attribute])* Self::$variant),*];

            /// The value's text, from which it is parsed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(#[$attribute])* Self::$variant => $text,)*
                }
            }
        }

        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl core::str::FromStr for $type {
            type Err = $crate::text_enum::UnknownName;

            /// Parses the text of a value, in any letter case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let has_text = |value: &&Self| value.as_str().eq_ignore_ascii_case(text);
                let known = Self::ALL.iter().find(has_text);
                known.copied().ok_or($crate::text_enum::UnknownName {
                    what: $what,
                    known: &[$($(#[$attribute])* $text),*],
                })
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::text_enum::deserialize(deserializer)
            }
        }
    };
}

pub(crate) use text_enum;

/// Reads a string and parses it.
pub(crate) fn deserialize<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: core::str::FromStr<Err: fmt::Display>,
{
    let text: alloc::borrow::Cow<'de, str> = serde::Deserialize::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

/// A string that names no value of its enumeration. The string is not part of the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownName {
    pub(crate) what: &'static str,
    pub(crate) known: &'static [&'static str],
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {}: expected ", self.what)?;
        for (at, name) in self.known.iter().enumerate() {
            let before = match at {
                0 => "",
                _ if at + 1 == self.known.len() => " or ",
                _ => ", ",
            };
            write!(f, "{before}{name}")?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownName {}
