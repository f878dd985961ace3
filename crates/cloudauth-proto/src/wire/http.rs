//! The little of HTTP that the protocol needs.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use super::out::Buffer;

/// How an operation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`: all parameters in the query, no body.
    Get,
    /// `POST`.
    Post,
    /// `PUT`; only the metadata service is asked so.
    Put,
}

impl Method {
    /// The word on the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Whether the request goes through TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third")]
pub enum UriScheme {
    /// Plain; see [`Endpoint`](crate::Endpoint) for when that is allowed.
    Http,
    /// TLS.
    Https,
}

impl UriScheme {
    /// `http` or `https`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A signed request, ready to be sent once.
///
/// All of it is sensitive: the query or the body holds the person's name and number. `Debug` shows
/// names and sizes.
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` or `PUT`.
    pub method: Method,
    /// Whether to use TLS.
    pub scheme: UriScheme,
    /// Host, with the port if it is not the scheme's own.
    pub authority: Cow<'static, str>,
    /// Path and query: `/` or `/?...`.
    pub target: String,
    /// Lower-case names and values, `host` and `content-length` among them.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The form, maybe empty, or a file in a form of its own.
    pub body: Body,
    /// Whether it must not go through a proxy: the metadata service is on the machine itself.
    pub direct: bool,
}

impl Request {
    /// Appends the request as HTTP/1.1 puts it on a connection, for runtimes that bring only a
    /// socket.
    pub fn write_http1(&self, out: &mut Vec<u8>) {
        let (head, tail) = self.body.parts();
        for part in [self.method.as_str(), " ", &self.target, " HTTP/1.1\r\n"] {
            out.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &self.headers {
            for part in [name, ": ", value, "\r\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(head);
        out.extend_from_slice(tail);
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("scheme", &self.scheme)
            .field("authority", &self.authority)
            .field("target_bytes", &self.target.len())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .field("direct", &self.direct)
            .finish()
    }
}

/// The body of a request: a part that all attempts of a call share, then one of its own.
///
/// `Debug` says how long it is.
#[derive(Clone, Default)]
pub struct Body {
    shared: SharedPart,
    own: Vec<u8>,
}

#[derive(Clone)]
enum SharedPart {
    /// Pairs of a form, of which so many bytes are sent.
    Form(Arc<Buffer>, usize),
    Bytes(Arc<Vec<u8>>),
}

impl Default for SharedPart {
    fn default() -> Self {
        Self::Form(Arc::default(), 0)
    }
}

impl AsRef<[u8]> for SharedPart {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Form(form, length) => &form.as_bytes()[..*length],
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl Body {
    /// Pairs of a form, and more of them.
    pub(crate) fn new(form: Arc<Buffer>, own: Vec<u8>) -> Self {
        // There is an `&` behind every pair, which the last one of all is sent without.
        let length = form.len().saturating_sub(usize::from(own.is_empty()));
        let shared = SharedPart::Form(form, length);
        Self { shared, own }
    }

    pub(crate) fn of_bytes(bytes: Arc<Vec<u8>>, own: Vec<u8>) -> Self {
        let shared = SharedPart::Bytes(bytes);
        Self { shared, own }
    }

    /// Both parts, to be sent one after the other.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (self.shared.as_ref(), &self.own)
    }

    /// Both parts, owned, for transports that send without copying.
    #[must_use]
    pub fn into_parts(self) -> (impl AsRef<[u8]> + Send + Sync + 'static, Vec<u8>) {
        (self.shared, self.own)
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        let (shared, own) = self.parts();
        shared.len() + own.len()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

/// The headers of replies that are read, here and in all of this crate.
pub(crate) const READ: [&str; 4] = [
    "date",
    "retry-after",
    "x-acs-request-id",
    "x-acs-retry-after",
];

/// The status line and headers of a reply.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// A head as the driver read it.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>) -> Self {
        Self { status, headers }
    }

    /// The first value of the header `name`, one of [`READ`].
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        debug_assert!(READ.contains(&name), "{name} is not among those read");
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// A reply that was read to its end, or to one byte more than the exchange's limit.
///
/// `Debug` says how long the body is.
#[non_exhaustive]
pub struct Response {
    /// Status and headers.
    pub head: Head,
    /// The body; sensitive.
    pub body: Vec<u8>,
}

impl Response {
    /// A reply as the driver read it.
    #[must_use]
    pub fn new(head: Head, body: Vec<u8>) -> Self {
        Self { head, body }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.head.status)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// An exchange that ended without a whole reply.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Whether the service can have seen the request.
    pub sent: Sent,
    /// What had been read of the reply, if it broke off after its headers.
    pub head: Option<Head>,
    /// The driver's own error. Its text must not hold the URL, the headers or the body.
    pub source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// A failure before any reply.
    pub fn new(sent: Sent, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            sent,
            head: None,
            source: source.into(),
        }
    }

    /// A reply that broke off after its head.
    pub fn after_head(head: Head, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            head: Some(head),
            ..Self::new(Sent::Maybe, source)
        }
    }
}

/// Whether a request that was not answered can have reached the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "certain or not; only a reply proves more"
)]
pub enum Sent {
    /// Certainly not: no byte of it was handed to the network.
    No,
    /// Who knows.
    Maybe,
}

/// How long one exchange may take. The driver gives up when the first of them is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a connection is there to send on: name resolution, TCP, proxy and TLS together.
    pub connect: Duration,
    /// From then until the reply is read.
    pub read: Duration,
    /// From the start.
    pub whole: Duration,
}

impl Timeouts {
    /// Both limits, and no more than `rest` for everything.
    #[must_use]
    pub fn new(connect: Duration, read: Duration, rest: Duration) -> Self {
        let whole = connect.saturating_add(read).min(rest);
        Self {
            connect: connect.min(whole),
            read: read.min(whole),
            whole,
        }
    }
}
