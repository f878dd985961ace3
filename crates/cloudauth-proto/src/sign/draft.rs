//! The inputs of a signature, and its intermediate strings.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::clock::UnixTime;
use crate::encode::Params;
use crate::endpoint::Endpoint;
use crate::entropy::Nonce;
use crate::http::{Header, Method};
use crate::operation::{InvalidField, InvalidOperation};

/// The parts of the credentials that a request shows.
#[derive(Clone, Copy)]
pub(super) struct Identity<'a> {
    pub(super) id: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) provider: &'static str,
}

/// An unsigned request for one operation: its parameters, and the endpoint to send it to.
///
/// [`Scheme::sign`](crate::Scheme::sign) makes a request of it, any number of times, each with a
/// [`Stamp`] of its own. The module [`sign`](crate::sign) has an example.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    pub(crate) method: Method,
    pub(crate) action: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) params: &'a Params,
}

impl<'a> Draft<'a> {
    /// Makes a draft for the operation `action` in the API version `version`, which is a date such as
    /// `2019-03-07`.
    ///
    /// Fails unless `action` consists of ASCII letters and digits and `version` of digits and hyphens,
    /// since requests carry both in headers.
    pub fn new(
        method: Method,
        action: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        endpoint: &'a Endpoint,
        params: &'a Params,
    ) -> Result<Self, InvalidOperation> {
        let (action, version) = (action.into(), version.into());
        let problems = check_names(&action, &version);
        if problems.is_empty() {
            Ok(Self {
                method,
                action,
                version,
                endpoint,
                params,
            })
        } else {
            let action = Cow::Borrowed("the draft");
            Err(InvalidOperation {
                action,
                fields: problems,
            })
        }
    }
}

pub(crate) fn check_names(action: &str, version: &str) -> Vec<InvalidField> {
    let mut problems = Vec::new();
    // Without a branch for each byte, these are vectorised.
    let is_action = |all: bool, byte: u8| all & byte.is_ascii_alphanumeric();
    if action.is_empty() || !action.bytes().fold(true, is_action) {
        problems.push(InvalidField::new("Action", "must be letters and digits"));
    }
    let is_version = |all: bool, byte: u8| all & matches!(byte, b'0'..=b'9' | b'-');
    if version.is_empty() || !version.bytes().fold(true, is_version) {
        problems.push(InvalidField::new("Version", "must be digits and hyphens"));
    }
    problems
}

/// The inputs of a signature that are different for every attempt.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller of the signing layer fills it in"
)]
pub struct Stamp {
    /// The time stamp. The service accepts it within 15 minutes before or after its own time (documented
    /// for ACS3).
    pub at: UnixTime,
    /// The nonce. The service accepts it once, so every attempt needs a new one.
    pub nonce: Nonce,
    /// The attempts before this one, if it is a retry. The vendor's SDKs send the same headers
    /// (recorded).
    pub retry: Option<Retry>,
}

/// The position of a retry among the attempts of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the caller of the signing layer fills it in"
)]
pub struct Retry {
    /// The number of attempts before this one: `x-acs-retry-attempts`.
    pub attempts: usize,
    /// The time since the end of the last one: `x-acs-retry-delay`, sent in milliseconds.
    pub delay: Duration,
}

impl Retry {
    pub(super) fn headers(self) -> [Header; 2] {
        let delay = self.delay.as_millis();
        [
            ("x-acs-retry-attempts", self.attempts.to_string().into()),
            ("x-acs-retry-delay", delay.to_string().into()),
        ]
    }
}

/// The intermediate strings of a signature, for comparison with those that the service reports when it
/// refuses one.
///
/// They contain the parameters, and so names and ID numbers, but no secret: a security token is masked.
/// `Debug` shows their lengths only.
#[derive(Default)]
#[non_exhaustive]
pub struct Explanation {
    /// The canonical request (ACS3), or the sorted parameters (RPC 1.0).
    pub canonical: String,
    /// The string that is signed.
    pub string_to_sign: String,
}

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explanation")
            .field("canonical_bytes", &self.canonical.len())
            .field("string_to_sign_bytes", &self.string_to_sign.len())
            .finish()
    }
}
