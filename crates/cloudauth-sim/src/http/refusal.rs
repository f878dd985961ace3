//! Errors of the gateway.

use core::fmt;

/// The code for too many queries per second (documented).
pub(crate) const THROTTLED: &str = "Throttling.User";

/// The reason why the gateway rejected a request.
///
/// `Debug` and `Display` leave the message out: for a wrong signature it repeats every parameter, as
/// the real gateway's does.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The gateway's error code.
    pub code: &'static str,
    /// An explanation, in the simulator's own wording.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (HTTP {})", self.code, self.status)
    }
}

impl core::error::Error for Refusal {}
