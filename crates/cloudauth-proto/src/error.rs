//! What can go wrong, and what the caller can do about it.
//!
//! No text here ever holds a query, a body, or a person.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use crate::clock::MonoTime;
use crate::codes::{self, Meaning};
use crate::credentials::CredentialsError;
use crate::endpoint::Endpoint;
use crate::secret::Sensitive;
use crate::sign::Mismatch;
use crate::upload::UploadError;
use crate::verify::EvidenceError;

/// Why a call gave no reply.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The operation itself is not right; nothing was sent.
    Invalid(Box<Invalid>),
    /// The service answered that it will not do it.
    Service(Box<Fault>),
    /// The service answered, but not what the operation promises.
    Decode(Box<DecodeError>),
    /// There are no credentials to sign with; nothing was sent to the service.
    Credentials(Box<CredentialsError>),
    /// No attempt was answered, or every answer was that the service is out of order; the operation
    /// was certainly not carried out, or it only reads.
    Exhausted(Box<Exhausted>),
    /// As [`Exhausted`](Self::Exhausted), but **the operation may have been carried out**: ask the
    /// service before it is paid for again.
    Uncertain(Box<Exhausted>),
    /// A file could not be uploaded; the operation was not sent.
    Upload(Box<UploadError>),
    /// A picture or a video could not be fetched.
    Evidence(Box<EvidenceError>),
    /// The flow was polled after it was done.
    Finished,
}

impl Error {
    /// The attempts that were made.
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

    /// Whether the operation may have been carried out, although there is no reply that says so.
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

    /// The service's name for the last request that it answered.
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
                match exhausted.settled_by {
                    Some(action) => write!(f, ": ask {action}"),
                    None => Ok(()),
                }
            }
            Self::Upload(error) => error.fmt(f),
            Self::Evidence(error) => error.fmt(f),
            Self::Finished => f.write_str("the call was polled after it was done"),
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

/// Every field of an operation that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalid {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The bad fields.
    pub problems: Vec<Problem>,
}

/// A bad field, by its wire name, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What is wrong, to be read after the name; never the value.
    pub problem: Cow<'static, str>,
}

impl Problem {
    /// `problem` is to be read after the name: "is missing", "must be ...".
    pub fn new(field: &'static str, problem: impl Into<Cow<'static, str>>) -> Self {
        let problem = problem.into();
        Self { field, problem }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not sent: ", self.action)?;
        for (i, Problem { field, problem }) in self.problems.iter().enumerate() {
            let comma = if i == 0 { "" } else { "; " };
            write!(f, "{comma}{field} {problem}")?;
        }
        Ok(())
    }
}

impl StdError for Invalid {}

/// The service's refusal.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fault {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The HTTP status; 200 when the refusal is the operation's own.
    pub status: u16,
    /// The service's code, if the answer had one.
    pub code: Option<String>,
    /// The service's own words. They can quote what was sent, so they are not part of this error's
    /// text: log them only where a name or a number may be logged.
    pub message: Sensitive,
    /// Where the signature went wrong, if the service refused that or the time stamp in it.
    pub mismatch: Option<Mismatch>,
    /// Whether an attempt before, which was not answered, may have been carried out.
    pub uncertain: bool,
    /// The attempts, the refused one last.
    pub attempts: Vec<Attempt>,
}

impl Fault {
    /// What the code means; nothing for one that is not in the tables.
    #[must_use]
    pub fn meaning(&self) -> Option<&'static Meaning> {
        self.code.as_deref().and_then(codes::code)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, status, .. } = self;
        write!(f, "{action} was refused: ")?;
        match &self.code {
            Some(code) => write!(f, "{code} (HTTP {status}")?,
            None => write!(f, "HTTP {status} (no code")?,
        }
        answered_by(f, self.attempts.last())?;
        f.write_str(")")?;
        if let Some(mismatch) = &self.mismatch {
            write!(f, "; {mismatch}")?;
        }
        if self.uncertain {
            f.write_str("; an attempt before it may have been carried out")?;
        }
        Ok(())
    }
}

/// An answer that is not what the operation promises. The operation may have been carried out.
///
/// `Debug` says how long the answer is.
#[non_exhaustive]
pub struct DecodeError {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with the answer.
    pub reason: Unreadable,
    /// The answer as it came: what it tells may have been paid for. Sensitive.
    pub raw: Vec<u8>,
    /// The attempts, the one with this answer last.
    pub attempts: Vec<Attempt>,
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("action", &self.action)
            .field("status", &self.status)
            .field("reason", &self.reason)
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
            "{action} was answered, but not readably: {}",
            self.reason
        )?;
        write!(f, " (HTTP {status}")?;
        answered_by(f, self.attempts.last())?;
        f.write_str("); it may have been carried out")
    }
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// It has no body.
    Empty,
    /// It is not JSON, or breaks off.
    NotJson,
    /// It is larger than the policy allows.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// It is JSON of another shape; the text says where, not what stood there.
    Shape(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the reply is empty"),
            Self::NotJson => f.write_str("the reply is not JSON"),
            Self::TooLarge { limit } => write!(f, "the reply is larger than {limit} bytes"),
            Self::Shape(text) => f.write_str(text),
        }
    }
}

/// No endpoint answered, or each said that it is out of order.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exhausted {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The operation that tells whether this one was carried out, where there is one.
    pub settled_by: Option<&'static str>,
    /// What each attempt met.
    pub attempts: Vec<Attempt>,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} got no usable answer", self.action)?;
        if self.attempts.is_empty() {
            f.write_str(": its time was over before the first attempt")?;
        }
        for (i, attempt) in self.attempts.iter().enumerate() {
            let comma = if i == 0 { ": " } else { "; " };
            write!(f, "{comma}{}: {}", attempt.endpoint, attempt.outcome)?;
            if let Some(id) = &attempt.request_id {
                write!(f, " (request id {id})")?;
            }
        }
        Ok(())
    }
}

impl StdError for Exhausted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let last = self.attempts.last()?;
        match &last.outcome {
            Outcome::NotSent(cause) | Outcome::NoReply { cause, .. } => Some(&**cause),
            Outcome::Overdue | Outcome::Overtaken | Outcome::Answered { .. } => None,
        }
    }
}

fn answered_by(f: &mut fmt::Formatter<'_>, attempt: Option<&Attempt>) -> fmt::Result {
    if let Some(attempt) = attempt {
        write!(f, ", {}", attempt.endpoint)?;
        if let Some(id) = &attempt.request_id {
            write!(f, ", request id {id}")?;
        }
    }
    Ok(())
}

/// One exchange with one endpoint, kept for those who operate the caller.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// Who was asked.
    pub endpoint: Endpoint,
    /// When the exchange was handed to the driver.
    pub started: MonoTime,
    /// When its end was known.
    pub ended: MonoTime,
    /// How it ended.
    pub outcome: Outcome,
    /// The service's name for the request, if a reply told it.
    pub request_id: Option<String>,
}

/// How an exchange ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It failed before any byte of the request was sent.
    NotSent(Box<dyn StdError + Send + Sync>),
    /// It failed without a whole reply; the service may have seen the request.
    NoReply {
        /// The status, if the reply broke off after its headers.
        status: Option<u16>,
        /// The driver's error.
        cause: Box<dyn StdError + Send + Sync>,
    },
    /// The driver had not ended it when its time was over.
    Overdue,
    /// Another exchange of the call was answered first.
    Overtaken,
    /// It was answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The service's code, if the reply had one.
        code: Option<String>,
    },
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(cause) => write!(f, "not sent: {cause}"),
            Self::NoReply {
                status: None,
                cause,
            } => write!(f, "no reply: {cause}"),
            Self::NoReply {
                status: Some(status),
                cause,
            } => write!(f, "HTTP {status}, but no whole reply: {cause}"),
            Self::Overdue => f.write_str("no reply in time"),
            Self::Overtaken => f.write_str("overtaken by another attempt"),
            Self::Answered { status, code: None } => write!(f, "HTTP {status}"),
            Self::Answered {
                status,
                code: Some(code),
            } => write!(f, "HTTP {status}, code {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_and_cross_threads() {
        fn check<T: Send + Sync + 'static>() {}
        check::<Error>();
        assert!(size_of::<Error>() <= 32);
    }
}
