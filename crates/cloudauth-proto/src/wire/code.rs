//! Enumerations of texts that the service may extend at any time.

use alloc::string::String;

/// A text that has no variant of its own yet. It cannot be made or matched on, so that a variant for
/// it breaks nobody.
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

/// Makes an enumeration of texts: every text can be read, and is written as it was read.
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
        /// Made from a text with `into()`, which takes every text.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $(
                $(#[$variant_doc])*
                #[doc = concat!("\n\nOn the wire: `", $text, "`.")]
                $variant,
            )*
            /// A text that has no variant of its own yet.
            Other($crate::wire::code::Unlisted),
        }

        impl $name {
            /// The variants that have a text of their own.
            pub const LISTED: &'static [Self] = &[$(Self::$variant),*];

            /// The text on the wire.
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
                    _ => Self::Other($crate::wire::code::Unlisted::new(text.into())),
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
            const KIND: $crate::operation::Kind = $crate::operation::Kind::Text;

            fn text(&self) -> alloc::borrow::Cow<'_, str> {
                self.as_str().into()
            }

            fn parse(text: alloc::string::String) -> Option<Self> {
                Some(text.into())
            }
        }

        impl $crate::reply::Part for $name {
            const SHAPE: $crate::reply::Shape = $crate::reply::Shape::Text;

            fn read<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Self>, D::Error> {
                let text = <alloc::string::String as $crate::reply::Part>::read(from)?;
                Ok(text.map(Self::from))
            }
        }
    )*};
}
pub(crate) use wire_enum;
