//! Why an exchange failed, in the same words for both drivers.

use core::error::Error;
use core::fmt;

/// A failed exchange. Its text never holds a URL, a header or a body.
#[derive(Debug)]
#[non_exhaustive]
pub enum TransportError {
    /// No connection came about: not resolved, refused, no TLS, a proxy that said no.
    Connect(Box<dyn Error + Send + Sync>),
    /// No connection came about in time.
    ConnectTimeout,
    /// The connection broke, or what came over it is not HTTP.
    Exchange(Box<dyn Error + Send + Sync>),
    /// The reply was not there in time.
    ReadTimeout,
    /// The transport cannot send a request like this.
    Request(Box<dyn Error + Send + Sync>),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(cause) => write!(f, "cannot connect: {}", innermost(&**cause)),
            Self::ConnectTimeout => f.write_str("no connection in time"),
            Self::Exchange(cause) => write!(f, "connection lost: {}", innermost(&**cause)),
            Self::ReadTimeout => f.write_str("no reply in time"),
            Self::Request(cause) => write!(f, "cannot send: {}", innermost(&**cause)),
        }
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect(cause) | Self::Exchange(cause) | Self::Request(cause) => Some(&**cause),
            Self::ConnectTimeout | Self::ReadTimeout => None,
        }
    }
}

/// The cause at the bottom of the chain: the ones above it only say in which layer it happened.
fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}
