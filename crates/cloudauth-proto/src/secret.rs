//! Strings that are not printed.

use alloc::string::String;
use core::fmt;

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

    use super::*;

    #[test]
    fn debug_output_contains_no_secret_and_no_personal_data() {
        assert_eq!(format!("{:?}", Secret::new("k3y")), "[redacted]");
        assert_eq!(
            format!("{:?}", Sensitive::new("张三")),
            "[redacted; 6 bytes]"
        );
    }
}
