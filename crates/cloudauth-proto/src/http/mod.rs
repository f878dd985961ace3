//! HTTP requests and responses, as far as the protocol uses them.

#[cfg(feature = "http")]
mod convert;
mod date;
pub(crate) mod multipart;
pub(crate) mod plain;
mod reader;

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::time::Duration;

pub use reader::ResponseReader;
use zeroize::Zeroize;

use crate::clock::UnixTime;
use crate::encode::Buffer;
use crate::endpoint::{UriScheme, without_bucket};

/// A header that is sent.
pub(crate) type Header = (&'static str, Cow<'static, str>);

/// Media types.
pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The `User-Agent` of every request.
const USER_AGENT: &str = concat!("cloudauth-rs/", env!("CARGO_PKG_VERSION"));

/// The headers that transports set themselves.
const SET_BY_TRANSPORTS: [&str; 2] = ["host", "content-length"];

/// Adds the headers that every request has and no signature covers. Drivers decompress nothing, so no
/// response is to be compressed.
pub(crate) fn push_common_headers(headers: &mut Vec<Header>, accept: &'static str) {
    headers.push(("accept", accept.into()));
    headers.push(("accept-encoding", "identity".into()));
    headers.push(("user-agent", USER_AGENT.into()));
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`, with all parameters in the query and no body.
    Get,
    /// `POST`.
    Post,
    /// `PUT`, used for the metadata service only.
    Put,
}

impl Method {
    /// The method as it stands on the request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// A signed request, to be sent once.
///
/// All of it is sensitive: the query or the body contains the person's name and ID number. `Debug` shows
/// names and sizes.
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` or `PUT`.
    pub method: Method,
    /// The scheme of the URL.
    pub scheme: UriScheme,
    /// The host, with a port unless it is the default port of the scheme.
    pub authority: Cow<'static, str>,
    /// The path and the query: `/` or `/?...`.
    pub target: String,
    /// Header names in lower case and their values, including `host` and `content-length`.
    pub headers: Vec<(&'static str, Cow<'static, str>)>,
    /// The body: a form, which can be empty, or a file in a multipart form.
    pub body: Body,
    /// Whether the request must bypass any proxy, because the metadata service is link-local.
    pub direct: bool,
}

impl Request {
    /// The URL, for HTTP libraries that take one. Sensitive.
    ///
    /// A library that would send another host or another target than these must not send the request: the
    /// signature covers both. Another host is then [`Delivery::NotSent`], since that of another endpoint may do, and
    /// another target a [`Delivery::LocalFailure`].
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = self.scheme.as_str();
        format!("{scheme}://{}{}", self.authority, self.target)
    }

    /// The headers to pass to a transport that sets `host` and `content-length` itself, from the URL and the
    /// body, and may refuse them from others: all headers but these two.
    pub fn headers_to_set(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (*name, &**value));
        headers.filter(|(name, _)| !SET_BY_TRANSPORTS.contains(name))
    }

    /// Appends the request as it is sent over HTTP/1.1, for runtimes with a socket and no HTTP library.
    /// [`ResponseReader`] reads the response.
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

/// Wipes the tokens in the headers, and in the target of a GET request.
impl Drop for Request {
    fn drop(&mut self) {
        for (name, value) in &mut self.headers {
            let is_token = match *name {
                "x-acs-bearer-token" | "x-acs-security-token" | "x-aliyun-ecs-metadata-token" => {
                    true
                }
                "authorization" => value.starts_with("Bearer "),
                _ => false,
            };
            if let Cow::Owned(value) = value
                && is_token
            {
                value.zeroize();
            }
        }
        if self.method == Method::Get {
            self.target.zeroize();
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| *name).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("scheme", &self.scheme)
            .field("authority", &without_bucket(&self.authority))
            .field("target_bytes", &self.target.len())
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .field("direct", &self.direct)
            .finish()
    }
}

/// The body of a request: a part that all attempts of a call share, then a part of its own.
///
/// `Debug` shows its length.
#[derive(Clone, Default)]
pub struct Body {
    shared: SharedPart,
    /// Wiped on drop if it holds a secret.
    own: Buffer,
}

#[derive(Clone)]
enum SharedPart {
    /// The pairs of a form, of which this many bytes are sent.
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
    /// The pairs of a form, and more of them.
    pub(crate) fn new(form: Arc<Buffer>, own: Buffer) -> Self {
        // Every pair ends with an `&`, but the last of all is sent without it.
        let length = form.len().saturating_sub(usize::from(own.len() == 0));
        Self {
            shared: SharedPart::Form(form, length),
            own,
        }
    }

    pub(crate) fn of_bytes(bytes: Arc<Vec<u8>>, own: Vec<u8>) -> Self {
        Self {
            shared: SharedPart::Bytes(bytes),
            own: Buffer::secret(own),
        }
    }

    /// Both parts, in the order in which they are sent.
    #[must_use]
    pub fn parts(&self) -> (&[u8], &[u8]) {
        (self.shared.as_ref(), self.own.as_bytes())
    }

    /// Both parts, owned, for transports that send without a copy.
    #[must_use]
    pub fn into_parts(self) -> (impl AsRef<[u8]> + Send + Sync + 'static, Vec<u8>) {
        (self.shared, self.own.into_bytes())
    }

    /// The length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        let (shared, own) = self.parts();
        shared.len() + own.len()
    }

    /// Whether the body is empty.
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

/// All response headers that this crate reads.
pub(crate) const READ: [&str; 6] = [
    "content-length",
    "date",
    "retry-after",
    "transfer-encoding",
    "x-acs-request-id",
    "x-acs-retry-after",
];

/// The status and the headers of a response.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The headers: names in lower case, and their values.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// A head of the headers that this crate reads: `value` returns the first value of the header with
    /// this name, which is in lower case, if the response has one.
    ///
    /// ```
    /// use cloudauth_proto::driver::Head;
    ///
    /// // What an HTTP library has read.
    /// let headers = [("Date", "Thu, 15 Jan 2026 08:00:00 GMT"), ("Server", "Tengine")];
    /// let head = Head::read(200, |name| {
    ///     let mut headers = headers.iter();
    ///     let found = headers.find(|(sent, _)| sent.eq_ignore_ascii_case(name))?;
    ///     Some(found.1.to_owned())
    /// });
    /// assert_eq!(head.headers, [("date".to_owned(), headers[0].1.to_owned())]);
    /// ```
    #[must_use]
    pub fn read(status: u16, mut value: impl FnMut(&'static str) -> Option<String>) -> Self {
        let headers = READ.into_iter();
        let headers = headers.filter_map(|name| Some((name.to_owned(), value(name)?)));
        Self::new(status, headers.collect())
    }

    /// A head with these headers. Those that this crate does not read do no harm.
    #[must_use]
    pub fn new(status: u16, headers: Vec<(String, String)>) -> Self {
        Self { status, headers }
    }

    /// The first value of the header `name`, which is one of [`READ`].
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        debug_assert!(READ.contains(&name), "{name} is not among those read");
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The time of the server, if it sent a valid `Date`.
    pub(crate) fn date(&self) -> Option<UnixTime> {
        self.header("date").and_then(date::parse)
    }
}

/// A response that was read to its end, or to one byte more than the exchange's limit.
///
/// `Debug` shows the status and the length of the body.
#[non_exhaustive]
pub struct Response {
    /// The status and the headers.
    pub head: Head,
    /// The body. Sensitive.
    pub body: Vec<u8>,
}

impl Response {
    /// A response as a driver read it.
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

/// The failure of an exchange that has no complete response.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failure {
    /// Whether the service may have received the request.
    pub delivery: Delivery,
    /// The head of the response, if the response ended after its headers.
    pub head: Option<Head>,
    /// The driver's error. Its text must not contain the URL, headers or the body.
    pub source: Box<dyn Error + Send + Sync>,
}

impl Failure {
    /// A failure without a response.
    pub fn new(delivery: Delivery, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            delivery,
            head: None,
            source: source.into(),
        }
    }

    /// A response that ended after its head.
    pub fn after_head(head: Head, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            head: Some(head),
            ..Self::new(Delivery::MaybeSent, source)
        }
    }
}

/// Whether a request without a response may have reached the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "only a response could prove more")]
pub enum Delivery {
    /// Certainly not: no byte of it was handed to the network.
    NotSent,
    /// Certainly not, and the cause is on this side: the request is too long or has a header that the HTTP
    /// library refuses, there are no file descriptors left, or a proxy refuses the client. No other
    /// endpoint would change that, so the call ends.
    LocalFailure,
    /// Certainly not: the certificate of the server was refused.
    CertificateRefused,
    /// It may have.
    MaybeSent,
}

/// The time-outs of one exchange. The driver gives up when the first of them is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the start to an established connection: name resolution, TCP, proxy and TLS together.
    pub connect: Duration,
    /// From then to the end of the response.
    pub read: Duration,
    /// From the start to the end of the response.
    pub total: Duration,
}

impl Timeouts {
    /// Both time-outs, and no more than `rest` for the whole exchange.
    #[must_use]
    pub fn new(connect: Duration, read: Duration, rest: Duration) -> Self {
        let total = connect.saturating_add(read).min(rest);
        Self {
            connect: connect.min(total),
            read: read.min(total),
            total,
        }
    }
}
