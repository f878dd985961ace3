//! The ID of a verification.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use crate::endpoint::Endpoint;

/// ID of a verification, together with its origin: the endpoint that opened it.
///
/// Whether a verification that was opened in one region is known in another is not documented.
/// Queries therefore go to the origin first, and "unknown ID" is final only from the origin.
/// Store both parts, [`as_str`] and [`origin`] (which displays and parses as a URL), and restore the ID
/// with [`with_origin`]:
///
/// ```
/// use cloudauth_proto::Endpoint;
/// use cloudauth_proto::CertifyId;
///
/// # let opened = CertifyId::new("sha1").with_origin(Endpoint::SHANGHAI);
/// let stored = (opened.to_string(), opened.origin().map(Endpoint::to_string));
/// // Later, perhaps in another process:
/// let mut restored = CertifyId::new(stored.0);
/// if let Some(origin) = stored.1 {
///     restored = restored.with_origin(origin.parse()?);
/// }
/// assert_eq!(restored, opened);
/// # Ok::<(), cloudauth_proto::InvalidEndpoint>(())
/// ```
///
/// Without an origin, "unknown ID" is final from any endpoint. `Display` shows the ID alone.
///
/// [`as_str`]: Self::as_str
/// [`origin`]: Self::origin
/// [`with_origin`]: Self::with_origin
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertifyId {
    id: String,
    origin: Option<Endpoint>,
}

impl CertifyId {
    /// Time after its opening in which a verification can be used, for one submission: 30 minutes
    /// (documented).
    pub const LIFETIME: Duration = Duration::from_secs(30 * 60);

    /// Creates an ID without an origin.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            origin: None,
        }
    }

    /// Sets the origin.
    #[must_use]
    pub fn with_origin(self, origin: Endpoint) -> Self {
        Self {
            origin: Some(origin),
            ..self
        }
    }

    /// Returns the ID alone.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// Returns the origin, if it is known.
    #[must_use]
    pub fn origin(&self) -> Option<&Endpoint> {
        self.origin.as_ref()
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
