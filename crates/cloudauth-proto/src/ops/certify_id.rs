//! The name of a verification.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::endpoint::Endpoint;

/// The name of a verification, with the endpoint that opened it if that is known.
///
/// Whether a verification that was opened in one region is known in another is not documented, so
/// the one that opened it is asked first, and only its "no" counts. Keep both: [`as_str`] and
/// [`home`] (it displays and parses as a URL), and put them together again with [`of`].
///
/// [`as_str`]: Self::as_str
/// [`home`]: Self::home
/// [`of`]: Self::of
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertifyId {
    id: String,
    home: Option<Endpoint>,
}

impl CertifyId {
    /// How long a verification can be used after it was opened, for one submission (documented).
    pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

    /// A name whose home is not known.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            home: None,
        }
    }

    /// The same name, opened at this endpoint.
    #[must_use]
    pub fn of(self, home: Endpoint) -> Self {
        Self {
            home: Some(home),
            ..self
        }
    }

    /// The name alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The endpoint that opened it.
    #[must_use]
    pub fn home(&self) -> Option<&Endpoint> {
        self.home.as_ref()
    }
}

impl fmt::Display for CertifyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl From<&str> for CertifyId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for CertifyId {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}
