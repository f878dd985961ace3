//! Errors of flows.
//!
//! No error text contains a query, a body, or personal data.

mod attempt;
mod evidence;
mod upload;

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

pub use attempt::{Attempt, AttemptOutcome};
pub use evidence::{EvidenceError, EvidenceErrorKind, EvidenceKind};
pub use upload::{UploadError, UploadStep};

use crate::codes::{self, Meaning};
use crate::credentials::CredentialsError;
pub use crate::decode::DecodeErrorKind;
use crate::operation::InvalidOperation;
use crate::secret::Sensitive;
use crate::sign::Mismatch;

/// Why a flow failed.
///
/// | variant | meaning | what to do |
/// |---|---|---|
/// | [`Invalid`](Self::Invalid) | a field is missing or malformed; nothing was sent | fix the fields it names |
/// | [`Service`](Self::Service) | the service refused the operation | look at [`ServiceError::meaning`](ServiceError::meaning) |
/// | [`Decode`](Self::Decode) | the response is not what the operation promises | it may have been carried out: look at the raw response |
/// | [`Credentials`](Self::Credentials) | there are no credentials to sign with; certainly not carried out, or it only reads | look at the sources it names |
/// | [`Exhausted`](Self::Exhausted) | no attempt succeeded; certainly not carried out, or it only reads | try again later |
/// | [`Uncertain`](Self::Uncertain) | no attempt succeeded, and **it may have been carried out** | query the service before you pay again |
/// | [`Upload`](Self::Upload) | a file could not be uploaded; the operation was not sent | try again later |
/// | [`Evidence`](Self::Evidence) | a picture or a video could not be fetched | by its reason: query the verdict again |
/// | [`Finished`](Self::Finished) | a driver polled a flow after its end | fix the driver |
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Fields of the operation are missing or malformed. Nothing was sent.
    Invalid(Box<InvalidOperation>),
    /// The service refused the operation.
    Service(Box<ServiceError>),
    /// The response cannot be decoded. The operation may have been carried out.
    Decode(Box<DecodeError>),
    /// There are no credentials to sign with. The operation was certainly not carried out, or it only
    /// reads: earlier attempts, signed with credentials that have expired since, had no effect.
    Credentials(Box<CredentialsError>),
    /// No attempt had a usable response. The operation was certainly not carried out, or it only reads.
    Exhausted(Box<Exhausted>),
    /// No attempt had a usable response, and **the operation may have been carried out**: query the
    /// service before paying for it again.
    Uncertain(Box<Exhausted>),
    /// A file could not be uploaded. The operation was not sent.
    Upload(Box<UploadError>),
    /// A picture or a video could not be fetched.
    Evidence(Box<EvidenceError>),
    /// The flow was polled after its end.
    Finished,
}

impl Error {
    /// The attempts, in the order in which they ended.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        match self {
            Self::Service(fault) => &fault.attempts,
            Self::Decode(error) => &error.attempts,
            Self::Exhausted(exhausted) | Self::Uncertain(exhausted) => &exhausted.attempts,
            Self::Upload(error) => error.attempts(),
            Self::Evidence(error) => &error.attempts,
            Self::Invalid(_) | Self::Credentials(_) | Self::Finished => &[],
        }
    }

    /// Whether the operation may have been carried out although no response says so.
    #[must_use]
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            Self::Uncertain(_) | Self::Decode(_) => true,
            Self::Service(fault) => fault.uncertain,
            Self::Invalid(_)
            | Self::Credentials(_)
            | Self::Exhausted(_)
            | Self::Upload(_)
            | Self::Evidence(_)
            | Self::Finished => false,
        }
    }

    pub(crate) fn set_attempts(&mut self, attempts: Vec<Attempt>) {
        match self {
            Self::Service(fault) => fault.attempts = attempts,
            Self::Decode(error) => error.attempts = attempts,
            Self::Exhausted(error) | Self::Uncertain(error) => error.attempts = attempts,
            Self::Invalid(_)
            | Self::Credentials(_)
            | Self::Upload(_)
            | Self::Evidence(_)
            | Self::Finished => {}
        }
    }

    /// The request ID of the last response.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.attempts()
            .iter()
            .rev()
            .find_map(|attempt| attempt.request_id.as_deref())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => invalid.fmt(f),
            Self::Service(fault) => fault.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Credentials(error) => error.fmt(f),
            Self::Exhausted(exhausted) => exhausted.fmt(f),
            Self::Uncertain(exhausted) => {
                exhausted.fmt(f)?;
                f.write_str("; it may have been carried out")?;
                match exhausted.confirmed_by {
                    Some(action) => write!(f, ": check with {action}"),
                    None => Ok(()),
                }
            }
            Self::Upload(error) => error.fmt(f),
            Self::Evidence(error) => error.fmt(f),
            Self::Finished => f.write_str("the flow was polled after its end"),
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Exhausted(exhausted) | Self::Uncertain(exhausted) => exhausted.source(),
            Self::Upload(error) => error.source(),
            Self::Evidence(error) => error.source(),
            Self::Invalid(_)
            | Self::Service(_)
            | Self::Decode(_)
            | Self::Credentials(_)
            | Self::Finished => None,
        }
    }
}

/// A refusal by the service.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServiceError {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The HTTP status; 200 if the operation itself refused.
    pub status: u16,
    /// The service's code, if the response has one.
    pub code: Option<String>,
    /// The service's message. It can quote parameters, so it is not part of the error's text: log it only
    /// where personal data may be logged.
    pub message: Sensitive,
    /// Where the signature differs from the service's, if the signature or its time stamp was refused.
    pub mismatch: Option<Mismatch>,
    /// Whether an earlier attempt without a response may have been carried out.
    pub uncertain: bool,
    /// The attempts; the refused one is last.
    pub attempts: Vec<Attempt>,
}

impl ServiceError {
    /// The meaning of the code; `None` if it is not in the tables.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        self.code.as_deref().and_then(codes::code)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, status, .. } = self;
        write!(f, "{action} was refused: ")?;
        match &self.code {
            Some(code) => write!(f, "{code} (HTTP {status}")?,
            None => write!(f, "HTTP {status} (no code")?,
        }
        responded_by(f, self.attempts.last())?;
        f.write_str(")")?;
        if let Some(mismatch) = &self.mismatch {
            write!(f, "; {mismatch}")?;
        }
        if self.uncertain {
            f.write_str("; an earlier attempt may have been carried out")?;
        }
        Ok(())
    }
}

/// A response that cannot be decoded. The operation may have been carried out.
///
/// `Debug` shows the length of the response.
#[non_exhaustive]
pub struct DecodeError {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with the response.
    pub kind: DecodeErrorKind,
    /// The raw response, which may have been paid for. Sensitive.
    pub raw: Vec<u8>,
    /// The attempts; the one with this response is last.
    pub attempts: Vec<Attempt>,
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("action", &self.action)
            .field("status", &self.status)
            .field("kind", &self.kind)
            .field("raw_bytes", &self.raw.len())
            .field("attempts", &self.attempts)
            .finish()
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, status, .. } = self;
        write!(
            f,
            "the response to {action} cannot be decoded: {}",
            self.kind
        )?;
        write!(f, " (HTTP {status}")?;
        responded_by(f, self.attempts.last())?;
        f.write_str("); it may have been carried out")
    }
}

/// A call whose attempts had no usable response.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exhausted {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The operation that finds out whether this one was carried out, where there is one.
    pub confirmed_by: Option<&'static str>,
    /// The attempts.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} had no usable response", self.action)?;
        if self.attempts.is_empty() {
            f.write_str(": it timed out before the first attempt")?;
        }
        for (i, attempt) in self.attempts.iter().enumerate() {
            let comma = if i == 0 { ": " } else { "; " };
            write!(f, "{comma}{}: {}", attempt.endpoint, attempt.outcome)?;
            if let Some(id) = &attempt.request_id {
                write!(f, " (request ID {id})")?;
            }
        }
        Ok(())
    }
}

impl StdError for Exhausted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.attempts.last()?.outcome.cause()
    }
}

fn responded_by(f: &mut fmt::Formatter<'_>, attempt: Option<&Attempt>) -> fmt::Result {
    if let Some(attempt) = attempt {
        write!(f, ", {}", attempt.endpoint)?;
        if let Some(id) = &attempt.request_id {
            write!(f, ", request ID {id}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_and_can_be_sent_between_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        assert!(size_of::<Error>() <= 32);
    }
}
