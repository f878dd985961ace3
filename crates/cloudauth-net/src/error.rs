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
/// The cause is the [`source`](StdError::source) and not part of the message. Neither holds a URL, a
/// header or a body.
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
            Self::Connect(_) => f.write_str("cannot connect"),
            Self::ConnectTimeout => f.write_str("timed out while connecting"),
            Self::Exchange(_) => f.write_str("connection lost"),
            Self::ReadTimeout => f.write_str("timed out while waiting for the response"),
            Self::Request(_) => f.write_str("cannot send the request"),
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

/// A picture or a video that could not be fetched or written.
///
/// The message of [`Fetch`](Self::Fetch) is that of its error; the cause of [`Write`](Self::Write) is the
/// [`source`](StdError::source).
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
            Self::Write(_) => f.write_str("cannot write the fetched file"),
        }
    }
}

impl StdError for FetchError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Fetch(_) => None,
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
