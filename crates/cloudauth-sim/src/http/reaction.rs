//! What a server does with a request: respond, or something worse.

use core::fmt;

/// What happens to a request.
///
/// `Debug` shows statuses and sizes.
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever simulates the network must handle every variant"
)]
#[derive(Clone, PartialEq, Eq)]
pub enum Reaction {
    /// A complete response.
    Response {
        /// The HTTP status.
        status: u16,
        /// Header fields, names in lower case. There is no `content-length`.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// The connection is refused.
    Refuse,
    /// The request is read, then the connection is reset.
    Reset,
    /// The request is read and no response is ever sent.
    Hang,
    /// A part of the response, then the end of the connection.
    Truncate {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Response`].
        headers: Vec<(String, String)>,
        /// The whole body, whose length `content-length` announces.
        body: Vec<u8>,
        /// How many bytes of the body are sent.
        keep: usize,
    },
    /// A response whose body is sent byte by byte.
    Trickle {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Response`].
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// A complete response, after which the connection closes without `connection: close`.
    ResponseThenClose {
        /// The HTTP status.
        status: u16,
        /// Header fields as in [`Self::Response`].
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, body, .. } => {
                write!(f, "Response({status}, {} bytes)", body.len())
            }
            Self::Refuse => f.write_str("Refuse"),
            Self::Reset => f.write_str("Reset"),
            Self::Hang => f.write_str("Hang"),
            Self::Trickle { status, body, .. } => {
                write!(f, "Trickle({status}, {} bytes)", body.len())
            }
            Self::ResponseThenClose { status, body, .. } => {
                write!(f, "ResponseThenClose({status}, {} bytes)", body.len())
            }
            Self::Truncate {
                status, body, keep, ..
            } => write!(f, "Truncate({status}, {keep} of {} bytes)", body.len()),
        }
    }
}
