//! Faults: what goes wrong with a request, and how often.

use core::fmt;

use crate::limits;
use crate::operations::Business;
use crate::region::Region;
use crate::reply::{Reaction, Reply};
use crate::verify::Refusal;

/// Something that goes wrong with a request.
///
/// "Carried out" means that the operation took effect although the client cannot tell: the case in which
/// repeating an `InitFaceVerify` opens a second order.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused. Not carried out.
    ///
    /// Over sockets a region can refuse everything or nothing: for one action only, it is a reset before anything is
    /// carried out.
    Refuse,
    /// The request is read and carried out, then the connection is reset.
    Reset,
    /// The request is read and carried out, and never answered.
    Hang,
    /// The gateway's error reply with this HTTP status. Not carried out.
    ///
    /// 503 carries the code `ServiceUnavailable` and 500 `InternalError` (both documented); 429 carries
    /// `Throttling.User` (the code is documented, with HTTP 400; 429 is our guess); every other status carries
    /// the code of its class: `Forbidden.RAM`, `InvalidApi.NotFound`, `InvalidParameter`, `InternalError`.
    Status(u16),
    /// HTTP 200 whose body says `Code: "500"`, the service's own system error (documented). Not carried out.
    Code500,
    /// HTTP 200 with a page of HTML, as a proxy in between would send. Carried out.
    Garbage,
    /// HTTP 200 without a body. Carried out.
    Empty,
    /// Half of the reply, then the connection closes. Carried out.
    Truncate,
    /// A JSON reply filled up to this many bytes. Carried out.
    Oversize(usize),
    /// The gateway's error reply with this status and this code. Not carried out.
    Gateway {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: String,
    },
    /// HTTP 400 with `Throttling.User` and the headers that say how long to wait (documented, the status for other
    /// products). Not carried out.
    Throttle,
    /// A reply that comes byte by byte, ten bytes a second. Carried out.
    ///
    /// Without sockets it counts as [`Self::Hang`].
    Trickle,
    /// A JSON reply whose every value has another type. Carried out.
    WrongType,
    /// The clock of the region is wrong by this many seconds for this request: for the check of its time, the `Date`
    /// of the reply and whatever is noted. Carried out, if the request passes.
    Skew(i64),
    /// A good reply; then the connection closes without a word, as the vendor's servers close one that was idle for
    /// ten seconds (observed). Carried out.
    Close,
    /// A handshake over TLS with a certificate by an authority that nobody trusts. It meets handshakes, not requests:
    /// without TLS, nothing.
    BadTls,
    /// Exactly this answer. Not carried out.
    Custom {
        /// The HTTP status.
        status: u16,
        /// The body; it is sent as `application/json;charset=utf-8` whatever it is.
        body: Vec<u8>,
    },
}

impl Fault {
    /// A word for the request log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Status(_) => "status",
            Self::Code500 => "code 500",
            Self::Garbage => "garbage",
            Self::Empty => "empty",
            Self::Truncate => "truncate",
            Self::Oversize(_) => "oversize",
            Self::Gateway { .. } => "gateway",
            Self::Throttle => "throttle",
            Self::Trickle => "trickle",
            Self::WrongType => "wrong type",
            Self::Skew(_) => "skew",
            Self::Close => "close",
            Self::BadTls => "bad tls",
            Self::Custom { .. } => "custom",
        }
    }

    /// Whether the request is carried out although the client may not learn it.
    pub(crate) const fn lets_through(&self) -> bool {
        !matches!(
            self,
            Self::Refuse
                | Self::Status(_)
                | Self::Code500
                | Self::Gateway { .. }
                | Self::Throttle
                | Self::BadTls
                | Self::Custom { .. }
        )
    }

    /// What happens to a request that is not let through.
    pub(crate) fn instead(self, region: Region, request_id: &str, now_unix: u64) -> Reaction {
        let refused = |status, code| {
            let refusal = Refusal::new(status, code, "A scripted fault.");
            Reply::fault(region, &refusal, request_id, now_unix)
        };
        let reply = match self {
            Self::Status(status) => refused(status, Self::gateway_code(status)),
            Self::Throttle => refused(400, limits::CODE),
            Self::Gateway { status, code } => {
                let refusal = Refusal::new(status, "", "A scripted fault.");
                Reply::refused(region, &refusal, &code, request_id, now_unix)
            }
            Self::Code500 => {
                let mut body = Business::system_error().body();
                body["RequestId"] = request_id.into();
                Reply::json(200, request_id, now_unix, &body)
            }
            Self::Custom { status, body } => {
                Reply::new(status, "application/json;charset=utf-8", now_unix, body)
            }
            Self::Refuse
            | Self::Reset
            | Self::Hang
            | Self::Garbage
            | Self::Empty
            | Self::Truncate
            | Self::Oversize(_)
            | Self::Trickle
            | Self::WrongType
            | Self::Skew(_)
            | Self::Close
            | Self::BadTls => return Reaction::Refuse,
        };
        reply.answer()
    }

    /// What becomes of the reply to a request that was let through.
    pub(crate) fn spoil(&self, reply: Reply, now_unix: u64) -> Reaction {
        match self {
            Self::Refuse | Self::BadTls => Reaction::Refuse,
            Self::Reset => Reaction::Reset,
            Self::Hang => Reaction::Hang,
            Self::Truncate => reply.truncated(),
            Self::Trickle => reply.trickled(),
            Self::Close => reply.last(),
            Self::Oversize(bytes) => reply.padded(*bytes).answer(),
            Self::WrongType => reply.of_wrong_type().answer(),
            Self::Garbage => {
                let body = b"<html><body><h1>It works!</h1></body></html>".to_vec();
                Reply::new(200, "text/html", now_unix, body).answer()
            }
            Self::Empty => {
                Reply::new(200, "application/json;charset=utf-8", now_unix, Vec::new()).answer()
            }
            Self::Skew(_)
            | Self::Status(_)
            | Self::Code500
            | Self::Gateway { .. }
            | Self::Throttle
            | Self::Custom { .. } => reply.answer(),
        }
    }

    /// The code of [`Self::Status`].
    pub(crate) const fn gateway_code(status: u16) -> &'static str {
        match status {
            503 => "ServiceUnavailable",
            429 => "Throttling.User",
            403 => "Forbidden.RAM",
            404 => "InvalidApi.NotFound",
            400..=499 => "InvalidParameter",
            _ => "InternalError",
        }
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::Status(status) | Self::Custom { status, .. } => write!(f, " {status}"),
            Self::Gateway { status, code } => write!(f, " {status} {code}"),
            Self::Skew(seconds) => write!(f, " {seconds}"),
            Self::Oversize(bytes) => write!(f, " {bytes}"),
            Self::Refuse
            | Self::Reset
            | Self::Hang
            | Self::Code500
            | Self::Garbage
            | Self::Empty
            | Self::Truncate
            | Self::Throttle
            | Self::Trickle
            | Self::WrongType
            | Self::Close
            | Self::BadTls => Ok(()),
        }
    }
}

/// How many requests a fault meets before it is over.
#[expect(
    clippy::exhaustive_enums,
    reason = "once, a number, for ever: there is no fourth"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// One request.
    Once,
    /// So many requests; zero is none.
    N(u32),
    /// Every request until the faults are cleared.
    Always,
}
