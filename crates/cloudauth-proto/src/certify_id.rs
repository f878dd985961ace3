//! The ID of a verification.

use alloc::borrow::Cow;
use alloc::string::String;
use core::convert::Infallible;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::endpoint::Endpoint;

/// ID of a verification, together with its origin: the endpoint that opened it.
///
/// Whether a verification that was opened in one region is known in another is not documented.
/// Queries therefore go to the origin first, and "unknown ID" is final only from the origin.
/// Store both parts: as JSON or in another format of serde,
///
/// ```
/// use cloudauth_proto::{CertifyId, Endpoint};
///
/// # let opened = CertifyId::new("sha1").with_origin(Endpoint::SHANGHAI);
/// let stored = serde_json::to_string(&opened)?;
/// // Later, perhaps in another process:
/// let restored: CertifyId = serde_json::from_str(&stored)?;
/// assert_eq!(restored, opened);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// or in two columns, [`as_str`] and [`origin`] (which displays and parses as a URL), from which
/// [`with_origin`] restores it.
///
/// Without an origin, "unknown ID" is final from any endpoint. `Display` shows the ID alone.
///
/// [`as_str`]: Self::as_str
/// [`origin`]: Self::origin
/// [`with_origin`]: Self::with_origin
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CertifyId {
    id: String,
    #[serde(
        default,
        deserialize_with = "origin",
        skip_serializing_if = "Option::is_none"
    )]
    origin: Option<Endpoint>,
}

/// Reads an origin, which a caller may have reached over plain HTTP by [`Endpoint::plain_http`].
fn origin<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Endpoint>, D::Error> {
    let Some(url) = Option::<Cow<'de, str>>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let origin = match url.strip_prefix("http://") {
        Some(host) => Endpoint::plain_http(host),
        None => url.parse(),
    };
    origin.map(Some).map_err(de::Error::custom)
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

impl AsRef<str> for CertifyId {
    /// The ID alone.
    fn as_ref(&self) -> &str {
        &self.id
    }
}

impl From<&str> for CertifyId {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl FromStr for CertifyId {
    type Err = Infallible;

    /// An ID without an origin.
    fn from_str(id: &str) -> Result<Self, Infallible> {
        Ok(Self::new(id))
    }
}

impl From<String> for CertifyId {
    fn from(id: String) -> Self {
        Self::new(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_id_is_restored_with_its_origin() {
        let gateway = Endpoint::plain_http("gateway:8080").unwrap();
        let id = || CertifyId::new("sha1");
        for (id, stored) in [
            (id(), r#"{"id":"sha1"}"#),
            (
                id().with_origin(Endpoint::SHANGHAI),
                r#"{"id":"sha1","origin":"https://cloudauth.cn-shanghai.aliyuncs.com"}"#,
            ),
            (
                id().with_origin(gateway),
                r#"{"id":"sha1","origin":"http://gateway:8080"}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&id).unwrap(), stored);
            assert_eq!(serde_json::from_str::<CertifyId>(stored).unwrap(), id);
        }
        let bad = r#"{"id":"sha1","origin":"https://user@host"}"#;
        assert!(serde_json::from_str::<CertifyId>(bad).is_err());
    }
}
