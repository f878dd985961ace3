//! Faults: what goes wrong with a request, and how often.

mod script;

use core::fmt;

use serde_json::json;

pub(crate) use self::script::{Script, ScriptedFault};
use crate::http::{OutgoingResponse, Reaction, Refusal, THROTTLED};
use crate::region::Region;

const JSON: &str = "application/json;charset=utf-8";

/// A fault in the handling of one request.
///
/// "Carried out" means that the operation took effect although the client may not learn it: the case
/// in which repeating an `InitFaceVerify` opens a second order.
#[non_exhaustive]
#[derive(Clone, PartialEq, Eq)]
pub enum Fault {
    /// The connection is refused. Not carried out.
    ///
    /// Over sockets a region refuses all connections or none: a fault for one action only resets the
    /// connection before anything is carried out.
    Refuse,
    /// The request is read and carried out, then the connection is reset.
    Reset,
    /// The request is read and carried out, and no response is ever sent.
    Hang,
    /// The gateway's error response with this HTTP status. Not carried out.
    ///
    /// 503 carries the code `ServiceUnavailable` and 500 `InternalError` (both documented); 429
    /// carries `Throttling.User` (the code is documented, with HTTP 400; 429 is our guess); every
    /// other status carries a code of its class: `Forbidden.RAM`, `InvalidApi.NotFound`,
    /// `InvalidParameter`, `InternalError`.
    Status(u16),
    /// HTTP 200 whose body has `Code: "500"`, the service's own system error (documented). Not
    /// carried out.
    Code500,
    /// HTTP 200 with an HTML page, as an intermediary would send. Carried out.
    Garbage,
    /// HTTP 200 without a body. Carried out.
    Empty,
    /// Half of the response, then the connection closes. Carried out.
    Truncate,
    /// A JSON response padded to this many bytes. Carried out.
    Oversize(usize),
    /// The gateway's error response with this status and this code. Not carried out.
    Gateway {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: String,
    },
    /// HTTP 400 with `Throttling.User` and the headers that state the waiting time (documented, the
    /// status for other products). Not carried out.
    Throttle,
    /// A response sent byte by byte, ten bytes per second. Carried out.
    ///
    /// Without sockets it counts as [`Self::Hang`].
    Trickle,
    /// A JSON response in which every value has a wrong type. Carried out.
    WrongType,
    /// The region's clock is wrong by this many seconds for this request: in the check of its
    /// timestamp, in the `Date` of the response and in everything that is stored. Carried out if the
    /// request passes.
    Skew(i64),
    /// A good response, after which the connection closes without notice, as the vendor's servers
    /// close a connection that was idle for ten seconds (observed). Carried out.
    Close,
    /// A TLS handshake with a certificate from an untrusted authority. It applies to handshakes, not
    /// to requests; without TLS it has no effect.
    BadTls,
    /// Exactly this response. Not carried out.
    Custom {
        /// The HTTP status.
        status: u16,
        /// The body; sent as `application/json;charset=utf-8` whatever it contains.
        body: Vec<u8>,
    },
}

impl Fault {
    /// The faults of Shanghai under which the vendor's Java sample still opens a verification, in Beijing:
    /// it goes on after any exception (observed). They are what a client has to survive.
    #[must_use]
    pub fn of_the_vendor_sample() -> [Self; 16] {
        let unavailable = Self::Gateway {
            status: 400,
            code: "ServiceUnavailable".to_owned(),
        };
        [
            Self::Refuse,
            Self::Reset,
            Self::Hang,
            Self::Trickle,
            Self::Status(500),
            Self::Status(503),
            Self::Code500,
            Self::Throttle,
            Self::Garbage,
            Self::WrongType,
            Self::Empty,
            Self::Truncate,
            Self::Close,
            Self::BadTls,
            Self::Skew(3_600),
            unavailable,
        ]
    }

    /// The name in the request log and in the admin interface.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Reset => "reset",
            Self::Hang => "hang",
            Self::Status(_) => "status",
            Self::Code500 => "code_500",
            Self::Garbage => "garbage",
            Self::Empty => "empty",
            Self::Truncate => "truncate",
            Self::Oversize(_) => "oversize",
            Self::Gateway { .. } => "gateway",
            Self::Throttle => "throttle",
            Self::Trickle => "trickle",
            Self::WrongType => "wrong_type",
            Self::Skew(_) => "skew",
            Self::Close => "close",
            Self::BadTls => "bad_tls",
            Self::Custom { .. } => "custom",
        }
    }

    /// Whether the request is carried out although the client may not learn it.
    pub(crate) const fn is_carried_out(&self) -> bool {
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

    /// The reaction to a request that is not carried out.
    pub(crate) fn reject(self, region: Region, request_id: &str, now_unix: u64) -> Reaction {
        const MESSAGE: &str = "A scripted fault.";
        let error = |status, code| {
            let refusal = Refusal::new(status, code, MESSAGE);
            OutgoingResponse::gateway_error(region, &refusal, request_id, now_unix)
        };
        let response = match self {
            Self::Status(status) => error(status, Self::gateway_code(status)),
            Self::Throttle => error(400, THROTTLED),
            Self::Gateway { status, code } => OutgoingResponse::gateway_envelope(
                region, status, &code, MESSAGE, request_id, now_unix,
            ),
            Self::Code500 => {
                let body = json!({
                    "Code": "500",
                    "Message": "system error",
                    "RequestId": request_id,
                });
                OutgoingResponse::json(200, request_id, now_unix, &body)
            }
            Self::Custom { status, body } => OutgoingResponse::new(status, JSON, now_unix, body),
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
        response.into_reaction()
    }

    /// The reaction to a request that was carried out, made from its good response.
    pub(crate) fn distort(&self, response: OutgoingResponse, now_unix: u64) -> Reaction {
        match self {
            Self::Refuse | Self::BadTls => Reaction::Refuse,
            Self::Reset => Reaction::Reset,
            Self::Hang => Reaction::Hang,
            Self::Truncate => response.truncated(),
            Self::Trickle => response.trickled(),
            Self::Close => response.then_close(),
            Self::Oversize(bytes) => response.padded_to(*bytes).into_reaction(),
            Self::WrongType => response.with_wrong_types().into_reaction(),
            Self::Garbage => {
                let body = b"<html><body><h1>It works!</h1></body></html>".to_vec();
                OutgoingResponse::new(200, "text/html", now_unix, body).into_reaction()
            }
            Self::Empty => OutgoingResponse::new(200, JSON, now_unix, Vec::new()).into_reaction(),
            Self::Skew(_)
            | Self::Status(_)
            | Self::Code500
            | Self::Gateway { .. }
            | Self::Throttle
            | Self::Custom { .. } => response.into_reaction(),
        }
    }

    /// The code of [`Self::Status`].
    pub(crate) const fn gateway_code(status: u16) -> &'static str {
        match status {
            503 => "ServiceUnavailable",
            429 => THROTTLED,
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

/// How many requests a fault applies to.
#[expect(
    clippy::exhaustive_enums,
    reason = "once, a number, always: there is no fourth case"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// One request.
    Once,
    /// This many requests; zero is none.
    N(u32),
    /// Every request until the faults are cleared.
    Always,
}
