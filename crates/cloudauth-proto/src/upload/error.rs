//! Why a file could not be uploaded.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::error::Error as StdError;
use core::fmt;

use crate::error::{Attempt, Error, Outcome};

/// A file that could not be uploaded; the operation was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct UploadError {
    /// What failed.
    pub step: UploadStep,
    /// The field that the file was for.
    pub field: &'static str,
    /// The attempts, the last one last.
    pub attempts: Vec<Attempt>,
    /// Why leave was not given.
    cause: Option<Box<Error>>,
}

/// A step of an upload before the operation itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadStep {
    /// Asking for leave to post.
    Authorize,
    /// Posting to the object store.
    Post,
}

impl UploadError {
    pub(super) fn authorizing(field: &'static str, cause: Error) -> Error {
        Error::Upload(Box::new(Self {
            step: UploadStep::Authorize,
            field,
            attempts: Vec::new(),
            cause: Some(Box::new(cause)),
        }))
    }

    pub(super) fn posting(field: &'static str, attempts: Vec<Attempt>) -> Error {
        Error::Upload(Box::new(Self {
            step: UploadStep::Post,
            field,
            attempts,
            cause: None,
        }))
    }

    /// The attempts of the failed step.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        self.cause
            .as_ref()
            .map_or(&self.attempts, |cause| cause.attempts())
    }
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, .. } = self;
        match self.step {
            UploadStep::Authorize => write!(f, "the file of {field} was not let in")?,
            UploadStep::Post => write!(f, "the file of {field} was not stored")?,
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        for (i, attempt) in self.attempts.iter().enumerate() {
            let comma = if i == 0 { ": " } else { "; " };
            // The store's host names the bucket, which is the platform's business.
            write!(f, "{comma}{}", attempt.outcome)?;
        }
        f.write_str("; the operation was not sent")
    }
}

impl StdError for UploadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        if let Some(cause) = &self.cause {
            return cause.source();
        }
        match &self.attempts.last()?.outcome {
            Outcome::NotSent(cause) | Outcome::NoReply { cause, .. } => Some(&**cause),
            Outcome::Overdue | Outcome::Overtaken | Outcome::Answered { .. } => None,
        }
    }
}
