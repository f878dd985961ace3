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
use core::fmt;

pub(crate) use attempt::innermost;
pub use attempt::{Attempt, AttemptOutcome};
pub use evidence::{EvidenceError, EvidenceErrorKind, EvidenceKind};
pub use upload::{UploadError, UploadStep};

use crate::codes::{self, Meaning};
use crate::credentials::CredentialsError;
pub use crate::decode::DecodeErrorKind;
use crate::operation::InvalidOperation;
pub use crate::policy::billed_limit::BilledLimitReached;
use crate::secret::Sensitive;
use crate::sign::Mismatch;

/// Why a flow failed.
///
/// | error | meaning | the person sees | alert | try again |
/// |---|---|---|---|---|
/// | [`Invalid`](Self::Invalid) | a field is missing or malformed; nothing was sent | what to correct, if a person entered it | yes: a bug, unless a person entered it | no |
/// | [`Service`](Self::Service), [responsible](crate::codes::Responsible) is the person | the service refused this person, for now or for good | the [meaning](Self::meaning), in Chinese or English | no | as its [`retry`](crate::codes::RetryAdvice) says: 403 and 424 after the person has finished, 418 tomorrow |
/// | `Service`, responsible is the caller or the account | a bug, a missing permission, an unpaid bill | "not available" | yes | only if [throttled](Self::is_throttled) |
/// | `Service`, responsible is the service, or the code is unknown | the service failed, or says something new | "try again later" | if it lasts | if [retryable](Self::is_retryable) |
/// | [`Decode`](Self::Decode) | the response is not what the operation promises | "not available" | yes | only a query; for all else look at the raw response first |
/// | [`Credentials`](Self::Credentials) | there are no credentials to sign with; certainly not carried out, or it only reads | "not available" | yes | if retryable |
/// | [`Exhausted`](Self::Exhausted) | no attempt succeeded; certainly not carried out, or it only reads | "try again later" | if it lasts | if retryable |
/// | [`Uncertain`](Self::Uncertain) | no attempt succeeded, and **it may have been carried out** | "in progress" | if it was to be paid for | never: first call the operation that `confirmed_by` names |
/// | [`Upload`](Self::Upload) | a file could not be uploaded; the operation was not sent | "try again later" | if it lasts | if retryable |
/// | [`Evidence`](Self::Evidence) | a picture or a video could not be fetched | nothing | if it lasts | if retryable; for an expired link query the verdict again |
/// | [`BilledLimit`](Self::BilledLimit) | [`max_billed`](crate::Session::max_billed) is reached; nothing was sent | "try again later" | yes | after its `retry_after` |
/// | [`Finished`](Self::Finished) | a driver polled a flow after its end | nothing | yes: a bug of the driver | no |
///
/// The methods of an error tell these cases apart without a match:
///
/// ```
/// use cloudauth_proto::Error;
/// use cloudauth_proto::codes::Responsible;
///
/// /// What a backend does about an error.
/// fn handle(error: &Error) -> &'static str {
///     if error.may_have_been_carried_out() {
///         return "ask the service before paying again";
///     }
///     if error.is_retryable() {
///         return "put it back into the queue";
///     }
///     match error.meaning() {
///         Some(meaning) if meaning.responsible == Responsible::Person => meaning.chinese,
///         Some(_) | None => "alert somebody, with the code and the request ID",
///     }
/// }
/// ```
///
/// `Display` contains the causes, so there is no [`source`](core::error::Error::source); the driver's
/// errors are in the [attempts](Self::attempts). Neither it nor `Debug` shows a query, a body or a person, so both
/// can be logged.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// Fields of the operation are missing or malformed. Nothing was sent.
    Invalid(Box<InvalidOperation>),
    /// The service refused the operation.
    Service(Box<ServiceError>),
    /// The response cannot be decoded. The operation may have been carried out, unless it only reads.
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
    /// The limit of calls that are or may be billed is reached. Nothing was sent.
    BilledLimit(Box<BilledLimitReached>),
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
            Self::Invalid(_) | Self::Credentials(_) | Self::BilledLimit(_) | Self::Finished => &[],
        }
    }

    /// Whether the operation may have been carried out although no response says so. False for
    /// operations that only read.
    #[must_use]
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            Self::Uncertain(_) => true,
            Self::Decode(error) => error.uncertain,
            Self::Service(fault) => fault.uncertain,
            Self::Invalid(_)
            | Self::Credentials(_)
            | Self::Exhausted(_)
            | Self::Upload(_)
            | Self::Evidence(_)
            | Self::BilledLimit(_)
            | Self::Finished => false,
        }
    }

    /// The code of the service, or of the server that was to issue credentials or to keep a file: that of
    /// the last response, if it has one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Service(fault) => fault.code.as_deref(),
            Self::Credentials(error) => error.code(),
            Self::Upload(error) => match error.cause() {
                Some(cause) => cause.code(),
                None => attempt::decisive(&error.attempts)?.outcome.code(),
            },
            Self::Decode(_)
            | Self::Exhausted(_)
            | Self::Uncertain(_)
            | Self::Evidence(_)
            | Self::Invalid(_)
            | Self::BilledLimit(_)
            | Self::Finished => attempt::decisive(self.attempts())?.outcome.code(),
        }
    }

    /// The meaning of the [code](Self::code), and who can do what about it; `None` if there is no code, or
    /// none that is in the [tables](crate::codes).
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        match self {
            Self::Service(fault) => fault.meaning(),
            Self::Exhausted(error) | Self::Uncertain(error) => {
                codes::code_of(&error.action, self.code()?)
            }
            Self::Credentials(_) => codes::code(self.code()?),
            Self::Upload(error) => error.cause()?.meaning(),
            // The codes of the object store are not the service's.
            Self::Evidence(_)
            | Self::Decode(_)
            | Self::Invalid(_)
            | Self::BilledLimit(_)
            | Self::Finished => None,
        }
    }

    /// Whether there were too many requests: HTTP 429, or a code that begins with `Throttling`. The same call
    /// may succeed later.
    ///
    /// Never true if an earlier attempt [may have been carried out](Self::may_have_been_carried_out): a
    /// caller who waits and makes the call again could be billed twice.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        if self.may_have_been_carried_out() {
            return false;
        }
        match self {
            Self::Service(fault) => attempt::is_throttled(fault.status, self.code()),
            Self::Credentials(error) => error.is_throttled(),
            Self::Upload(error) if error.cause().is_some() => {
                error.cause().is_some_and(Self::is_throttled)
            }
            Self::Upload(_)
            | Self::Decode(_)
            | Self::Exhausted(_)
            | Self::Uncertain(_)
            | Self::Evidence(_)
            | Self::Invalid(_)
            | Self::BilledLimit(_)
            | Self::Finished => attempt::decisive(self.attempts())
                .is_some_and(|attempt| attempt.outcome.is_throttled()),
        }
    }

    /// Whether the same call may succeed if it is made again a little later, and cannot do harm by that.
    ///
    /// The retry rule ([`judge`](crate::policy::judge)) decides: it would have gone on if there had been
    /// more attempts or more time. Never true if the operation
    /// [may have been carried out](Self::may_have_been_carried_out), whatever its effect. A refusal that
    /// waits for the person, such as 424, is not retryable; [`meaning`](Self::meaning) says when to query
    /// again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        if self.may_have_been_carried_out() {
            return false;
        }
        match self {
            Self::Credentials(error) => error.is_transient(),
            Self::Upload(error) => match error.cause() {
                Some(cause) => cause.is_retryable(),
                None => attempt::would_repeat(&error.attempts),
            },
            Self::Evidence(error) => {
                error.kind == EvidenceErrorKind::NotReturned
                    && attempt::would_repeat(&error.attempts)
            }
            Self::Service(_) | Self::Decode(_) | Self::Exhausted(_) => {
                attempt::would_repeat(self.attempts())
            }
            Self::Uncertain(_) | Self::Invalid(_) | Self::BilledLimit(_) | Self::Finished => false,
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
            | Self::BilledLimit(_)
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
            Self::BilledLimit(reached) => reached.fmt(f),
            Self::Finished => f.write_str("the flow was polled after its end"),
        }
    }
}

impl core::error::Error for Error {}

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
        codes::code_of(&self.action, self.code.as_deref()?)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, status, .. } = self;
        write!(f, "{action} was refused: ")?;
        match (&self.code, self.meaning()) {
            (Some(code), Some(meaning)) => {
                write!(f, "{code}: {} (HTTP {status}", meaning.english)?;
            }
            (Some(code), None) => write!(f, "{code} (HTTP {status}")?,
            (None, _) => write!(f, "HTTP {status} (no code")?,
        }
        responded_by(f, attempt::decisive(&self.attempts))?;
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

/// A response that cannot be decoded.
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
    /// Whether the operation may have been carried out, and does more than read.
    pub uncertain: bool,
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
            .field("uncertain", &self.uncertain)
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
        responded_by(f, attempt::decisive(&self.attempts))?;
        f.write_str(")")?;
        if self.uncertain {
            f.write_str("; it may have been carried out")?;
        }
        Ok(())
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
        attempt::list(f, &self.attempts, true)
    }
}

impl core::error::Error for Exhausted {}

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
