//! Why a picture or a video is not where it should be.

use core::error::Error as StdError;
use core::fmt;
use std::io;

use cloudauth_proto::Error;

/// A picture or a video that was not fetched, or not written.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// It was not fetched; nothing was written.
    Fetch(Error),
    /// It was fetched, and the writer failed; a part of it may be written.
    Write(io::Error),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Write(error) => write!(f, "what was fetched cannot be written: {error}"),
        }
    }
}

impl StdError for FetchError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Fetch(error) => error.source(),
            Self::Write(error) => Some(error),
        }
    }
}

impl From<Error> for FetchError {
    fn from(error: Error) -> Self {
        Self::Fetch(error)
    }
}

impl From<io::Error> for FetchError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}
