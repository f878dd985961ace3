//! The errors of a client: its options, its transport, a fetched file.

use core::error::Error as StdError;
use core::fmt;
use std::io;

use cloudauth_proto::Error;

/// An option that cannot be used.
///
/// The message names the option, or the environment variable that it came from, and never holds
/// the option's value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionsError {
    /// One option, and what is wrong with it.
    Option {
        /// Name of the option or of the environment variable.
        name: &'static str,
        /// The problem, worded to follow the name.
        problem: &'static str,
    },
}

impl OptionsError {
    pub(crate) fn new(name: &'static str, problem: &'static str) -> Self {
        Self::Option { name, problem }
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option { name, problem } => write!(f, "{name} {problem}"),
        }
    }
}

impl StdError for OptionsError {}

/// A failed HTTP exchange, worded the same by both drivers.
///
/// The message never holds a URL, a header or a body.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection could be made: name resolution, TCP, TLS or the proxy failed.
    Connect(Box<dyn StdError + Send + Sync>),
    /// No connection was made within the connect timeout.
    ConnectTimeout,
    /// The connection was lost, or the response is not valid HTTP.
    Exchange(Box<dyn StdError + Send + Sync>),
    /// The response was not complete within the read timeout.
    ReadTimeout,
    /// The HTTP library cannot send this request.
    Request(Box<dyn StdError + Send + Sync>),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(cause) => write!(f, "cannot connect: {}", innermost(&**cause)),
            Self::ConnectTimeout => f.write_str("timed out while connecting"),
            Self::Exchange(cause) => write!(f, "connection lost: {}", innermost(&**cause)),
            Self::ReadTimeout => f.write_str("timed out while waiting for the response"),
            Self::Request(cause) => write!(f, "cannot send the request: {}", innermost(&**cause)),
        }
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Connect(cause) | Self::Exchange(cause) | Self::Request(cause) => Some(&**cause),
            Self::ConnectTimeout | Self::ReadTimeout => None,
        }
    }
}

/// The last error of a chain; those above it only name the layer that it passed through.
fn innermost<'e>(error: &'e (dyn StdError + 'static)) -> &'e (dyn StdError + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}

/// A picture or a video that could not be fetched or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum FetchError {
    /// The file could not be fetched. Nothing was written.
    Fetch(Error),
    /// The file was fetched and the writer failed. A part of the file may have been written.
    Write(io::Error),
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Write(error) => write!(f, "cannot write the fetched file: {error}"),
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
