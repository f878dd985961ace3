//! The types that a field of an operation can have.

use alloc::borrow::Cow;
use alloc::string::String;

pub(crate) use itoa::Buffer as Digits;
use serde::{Deserialize, Serialize};

use super::FieldKind;
use crate::certify_id::CertifyId;
use crate::secret::Sensitive;

/// A type that a field of an operation can have.
pub(crate) trait Value: Sized {
    const KIND: FieldKind;
    /// The text that is sent; integers write it to `digits`, so that they need no memory.
    fn text<'v>(&'v self, digits: &'v mut Digits) -> Cow<'v, str>;
    fn parse(text: String) -> Option<Self>;
}

impl Value for String {
    const KIND: FieldKind = FieldKind::Text;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(text)
    }
}

impl Value for Sensitive {
    const KIND: FieldKind = FieldKind::Sensitive;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        self.expose().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Value for CertifyId {
    const KIND: FieldKind = FieldKind::Text;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

macro_rules! integers {
    ($($type:ty: $kind:ident),*) => {$(
        impl Value for $type {
            const KIND: FieldKind = FieldKind::$kind;

            fn text<'v>(&'v self, digits: &'v mut Digits) -> Cow<'v, str> {
                digits.format(*self).into()
            }

            fn parse(text: String) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
integers!(i32: Int32, i64: Int64);

impl Value for bool {
    const KIND: FieldKind = FieldKind::Boolean;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        if *self { "true" } else { "false" }.into()
    }

    fn parse(text: String) -> Option<Self> {
        text.parse().ok()
    }
}

/// A list or an object that is sent as compact JSON, as the vendor's SDKs do (recorded).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub(crate) T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + for<'de> Deserialize<'de>> Value for Json<T> {
    const KIND: FieldKind = FieldKind::Json;

    fn text<'v>(&'v self, _: &'v mut Digits) -> Cow<'v, str> {
        // Serialization fails for maps with keys that are not strings, and for writers that fail;
        // there are neither.
        serde_json::to_string(&self.0).unwrap_or_default().into()
    }

    fn parse(text: String) -> Option<Self> {
        serde_json::from_str(&text).ok().map(Self)
    }
}
