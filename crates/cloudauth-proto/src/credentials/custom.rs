//! Sources of the caller's own.

use alloc::string::String;
use core::time::Duration;

use super::Credentials;
use crate::clock::UnixTime;

/// A source that the caller implements: a vault, a service of the company.
///
/// A driver runs it by its name, as [`Step::Provide`](crate::Step::Provide) says: beside the calls, one at a
/// time, and not beyond its time limit. Credentials with an expiry are refreshed as those of any other source;
/// without one they are kept until the service refuses them, or for as long as the process runs. It is always
/// there: if it fails, the search ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomSource {
    pub(crate) name: String,
    pub(crate) timeout: Duration,
}

impl CustomSource {
    /// Makes the source of this name, with a time limit of 10 s.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            timeout: Duration::from_secs(10),
        }
    }

    /// Sets the time after which it has failed. A refresh takes two minutes at most.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The name, by which errors, `whoami` and a driver's options know it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What a [`CustomSource`] yields.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers make it of its two parts"
)]
pub struct ProvidedCredentials {
    /// The credentials.
    pub credentials: Credentials,
    /// The time at which they expire, if they do.
    pub expires: Option<UnixTime>,
}
