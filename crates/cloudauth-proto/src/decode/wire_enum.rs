//! Enumerations of strings that the service may extend at any time.

use alloc::string::String;

/// A string without a variant of its own. It can be neither constructed nor matched on, so adding a variant
/// for it is not a breaking change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unlisted(String);

impl Unlisted {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Defines an enumeration of strings: every string can be parsed, and is written as it was parsed.
macro_rules! wire_enum {
    ($(
        $(#[$doc:meta])*
        $name:ident {$(
            $(#[$variant_doc:meta])*
            $variant:ident = $text:literal,
        )*}
    )*) => {$(
        $(#[$doc])*
        ///
        /// Made from a string with `into()`, which accepts every string.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = concat!("\n\nOn the wire: `", $text, "`.")]
                $variant,
            )*
            /// A string without a variant of its own.
            Other($crate::decode::wire_enum::Unlisted),
        }

        impl $name {
            /// The variants with a string of their own.
            pub const LISTED: &'static [Self] = &[$(Self::$variant),*];

            /// The string on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Other(unlisted) => unlisted.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)*
                    _ => Self::Other($crate::decode::wire_enum::Unlisted::new(text.into())),
                }
            }
        }

        impl From<alloc::string::String> for $name {
            fn from(text: alloc::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = core::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(text.into())
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <alloc::string::String as serde::Deserialize>::deserialize(from)?;
                Ok(text.into())
            }
        }

        impl $crate::operation::Value for $name {
            const KIND: $crate::operation::FieldKind = $crate::operation::FieldKind::Text;

            fn text<'v>(
                &'v self,
                _: &'v mut $crate::operation::Digits,
            ) -> alloc::borrow::Cow<'v, str> {
                self.as_str().into()
            }

            fn parse(text: alloc::string::String) -> Option<Self> {
                Some(text.into())
            }
        }

        impl $crate::decode::Part for $name {
            const SHAPE: $crate::decode::Shape = $crate::decode::Shape::Text;

            fn read<'de, D: serde::Deserializer<'de>>(
                from: D,
            ) -> Result<$crate::decode::Read<Self>, D::Error> {
                let text = <alloc::string::String as $crate::decode::Part>::read(from)?;
                Ok(text.map(Self::from))
            }

            fn is_blank(&self) -> bool {
                self.as_str().is_empty()
            }
        }
    )*};
}
pub(crate) use wire_enum;
