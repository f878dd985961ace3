//! The error of an upload.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::Error;
use super::attempt::{self, Attempt};

/// A failed upload of a file. The operation was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub struct UploadError {
    /// The step that failed.
    pub step: UploadStep,
    /// The name of the operation's field for the file.
    pub field: &'static str,
    /// The attempts to post the file, in order. Empty if the authorization failed;
    /// [`attempts()`](Self::attempts) has the attempts of either step.
    pub attempts: Vec<Attempt>,
    /// The error of the authorization.
    cause: Option<Box<Error>>,
}

/// A step of an upload before the call of the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UploadStep {
    /// Requesting the upload grant.
    Authorize,
    /// Posting the file to the object store.
    Post,
}

impl UploadError {
    pub(crate) fn authorizing(field: &'static str, cause: Error) -> Error {
        Error::Upload(Box::new(Self {
            step: UploadStep::Authorize,
            field,
            attempts: Vec::new(),
            cause: Some(Box::new(cause)),
        }))
    }

    pub(crate) fn posting(field: &'static str, attempts: Vec<Attempt>) -> Error {
        Error::Upload(Box::new(Self {
            step: UploadStep::Post,
            field,
            attempts,
            cause: None,
        }))
    }

    /// The error of the authorization, if that failed.
    pub(super) fn cause(&self) -> Option<&Error> {
        self.cause.as_deref()
    }

    /// The attempts of the step that failed, in order.
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
            UploadStep::Authorize => write!(f, "cannot authorize the upload of {field}")?,
            UploadStep::Post => write!(f, "cannot upload {field}")?,
        }
        if let Some(cause) = &self.cause {
            write!(f, ": {cause}")?;
        }
        attempt::list(f, &self.attempts, false)?;
        f.write_str("; the operation was not sent")
    }
}

impl core::error::Error for UploadError {}
