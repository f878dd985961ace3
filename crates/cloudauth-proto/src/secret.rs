//! Strings that are not printed.

use alloc::string::String;
use core::fmt;

use serde::de::{self, Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A key or a token. It is never printed, and wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the secret. Other copies are not wiped.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Personal data, or a link to it: a name, an ID number, a picture, a URL.
///
/// `Debug` shows its length in bytes and nothing else; there is no `Display`. It is made from a string
/// with `into()`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sensitive(String);

impl Sensitive {
    /// Takes ownership of the string.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The string.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// From a string: a field of a form, or of a JSON request. An error does not quote what was there instead.
///
/// There is no `Serialize`:
///
/// ```compile_fail,E0277
/// fn send(name: &cloudauth_proto::Sensitive) -> Result<String, serde_json::Error> {
///     serde_json::to_string(name)
/// }
/// ```
impl<'de> Deserialize<'de> for Sensitive {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        // Asked for a string, serde_json quotes the number that it finds instead.
        from.deserialize_any(SensitiveVisitor)
    }
}

struct SensitiveVisitor;

/// The methods for other types, whose errors would quote the value.
macro_rules! refused {
    ($($method:ident: $type:ty),*) => {$(
        fn $method<E: de::Error>(self, _: $type) -> Result<Sensitive, E> {
            Err(E::custom("not a string"))
        }
    )*};
}

impl de::Visitor<'_> for SensitiveVisitor {
    type Value = Sensitive;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sensitive, E> {
        Ok(Sensitive::new(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Sensitive, E> {
        Ok(Sensitive::new(text))
    }

    refused!(
        visit_bool: bool, visit_char: char, visit_bytes: &[u8], visit_f64: f64,
        visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128
    );
}

impl<T: Into<String>> From<T> for Sensitive {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[redacted; {} bytes]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn debug_output_contains_no_secret_and_no_personal_data() {
        assert_eq!(format!("{:?}", Secret::new("k3y")), "[redacted]");
        assert_eq!(
            format!("{:?}", Sensitive::new("张三")),
            "[redacted; 6 bytes]"
        );
    }

    #[test]
    fn personal_data_is_read_from_a_string_and_nothing_else_and_no_error_quotes_it() {
        let read = |json: &str| serde_json::from_str::<Sensitive>(json);
        for json in [r#""张三""#, r#""\u5f20三""#] {
            assert_eq!(read(json).unwrap().expose(), "张三");
        }
        for json in [
            "330103199001011230",
            "-33010319900",
            "3301.03",
            "true",
            "[33010319]",
            "{\"33010319\":1}",
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(
                !error.contains("3301") && !error.contains("true"),
                "{error}"
            );
        }
        let number = 33_010_319_900_101_123_019_u128;
        let of_number = de::value::U128Deserializer::<de::value::Error>::new(number);
        assert_eq!(
            Sensitive::deserialize(of_number).unwrap_err().to_string(),
            "not a string"
        );
    }
}
