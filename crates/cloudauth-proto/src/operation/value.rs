//! What a field of an operation can hold.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};

use super::Kind;
use crate::ops::CertifyId;
use crate::secret::Sensitive;

/// What a field of an operation can hold.
pub(crate) trait Value: Sized {
    const KIND: Kind;
    fn text(&self) -> Cow<'_, str>;
    fn parse(text: String) -> Option<Self>;
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(text)
    }
}

impl Value for Sensitive {
    const KIND: Kind = Kind::Sensitive;

    fn text(&self) -> Cow<'_, str> {
        self.expose().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Value for CertifyId {
    const KIND: Kind = Kind::Text;

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

/// Values that are written as Rust writes them.
macro_rules! plain_values {
    ($($type:ty: $kind:ident),*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::$kind;

            fn text(&self) -> Cow<'_, str> {
                self.to_string().into()
            }

            fn parse(text: String) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
plain_values!(i32: Int32, i64: Int64, bool: Boolean);

/// A value that travels as compact JSON, as the vendor's SDKs send lists and objects (recorded).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub(crate) T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + for<'de> Deserialize<'de>> Value for Json<T> {
    const KIND: Kind = Kind::Json;

    fn text(&self) -> Cow<'_, str> {
        // Only a map with keys that are no texts, or a writer that fails, is an error; there is
        // neither.
        serde_json::to_string(&self.0).unwrap_or_default().into()
    }

    fn parse(text: String) -> Option<Self> {
        serde_json::from_str(&text).ok().map(Self)
    }
}
