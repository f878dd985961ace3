//! What can happen next in a small world.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::driver::{Delivery, Failure, Head, Response};

use crate::Region;

/// A choice of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// The next call starts.
    Start,
    /// An exchange ends. Calls have numbers; exchanges of a call are counted from the oldest in flight.
    End {
        call: u8,
        exchange: u8,
        end: ScriptedEnd,
    },
    /// The caller drops a call.
    Drop { call: u8 },
    /// Time passes until the next poll or response.
    Wait,
    /// Both clocks jump.
    Jump(ClockJump),
    /// An endpoint goes down, or up again.
    Toggle(Region),
    /// The program of the credential source ends.
    Supply { has_credentials: bool },
    /// When no call is left: a new call, while only this endpoint responds and the other one refuses
    /// connections.
    Last(LastCall, Region),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("the next call starts"),
            Self::End {
                call,
                exchange,
                end,
            } => write!(f, "exchange {exchange} of #{call} ends: {end}"),
            Self::Drop { call } => write!(f, "#{call} is dropped"),
            Self::Wait => f.write_str("time passes"),
            Self::Jump(jump) => write!(f, "the clock jumps by {} s", jump.span().as_secs()),
            Self::Toggle(region) => write!(f, "{} goes down or up", region.id()),
            Self::Supply {
                has_credentials: true,
            } => f.write_str("the program prints credentials"),
            Self::Supply {
                has_credentials: false,
            } => f.write_str("the program fails"),
            Self::Last(call, region) => {
                let name = match call {
                    LastCall::Read => "read",
                    LastCall::LookUp => "look-up",
                };
                write!(f, "a new {name} starts, and only {} responds", region.id())
            }
        }
    }
}

/// The call that is tried when nothing is in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LastCall {
    Read,
    /// Its origin is the endpoint that responds.
    LookUp,
}

impl LastCall {
    /// The calls that are tried. A look-up begins at Beijing, and a read does not.
    pub(super) const ALL: [(Self, Region); 3] = [
        (Self::Read, Region::Shanghai),
        (Self::Read, Region::Beijing),
        (Self::LookUp, Region::Beijing),
    ];
}

/// By how much the clock jumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClockJump {
    /// As long as a circuit breaker is open.
    FiveSeconds,
    /// Beyond the time of every call.
    ThirtyOneSeconds,
}

impl ClockJump {
    pub(super) const ALL: [Self; 2] = [Self::FiveSeconds, Self::ThirtyOneSeconds];

    pub(super) const fn span(self) -> Duration {
        Duration::from_secs(match self {
            Self::FiveSeconds => 5,
            Self::ThirtyOneSeconds => 31,
        })
    }
}

/// How an exchange ends: each classification of the core, and success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ScriptedEnd {
    Success,
    Refused,
    NotSent,
    LocalFailure,
    CertificateRefused,
    NoResponse,
    Throttled,
    ServerError,
    Unreadable,
    ClockSkew,
    NonceReused,
    CredentialsRefused,
    UnknownHere,
}

impl ScriptedEnd {
    /// The `Date` from which a client learns a skew of four hours.
    const DATE: &str = "Fri, 15 Jan 2027 12:00:00 GMT";

    /// What the driver reports.
    pub(super) fn result(self) -> Result<Response, Failure> {
        let respond = |status, body: &str| {
            let head = Head::new(status, Vec::new());
            Ok(Response::new(head, body.into()))
        };
        let fail = |delivery| Err(Failure::new(delivery, "scripted"));
        match self {
            Self::Success => respond(200, r#"{"Code":"200","ResultObject":{"Result":"T"}}"#),
            Self::Refused => respond(200, r#"{"Code":"401"}"#),
            Self::NotSent => fail(Delivery::NotSent),
            Self::LocalFailure => fail(Delivery::LocalFailure),
            Self::CertificateRefused => fail(Delivery::CertificateRefused),
            Self::NoResponse => fail(Delivery::MaybeSent),
            Self::Throttled => respond(429, r#"{"Code":"Throttling.User"}"#),
            Self::ServerError => respond(503, ""),
            Self::Unreadable => respond(200, "<html>"),
            Self::ClockSkew => {
                let head = Head::new(400, vec![("date".into(), Self::DATE.into())]);
                let body = r#"{"Code":"InvalidTimeStamp.Expired"}"#;
                Ok(Response::new(head, body.into()))
            }
            Self::NonceReused => respond(400, r#"{"Code":"SignatureNonceUsed"}"#),
            Self::CredentialsRefused => respond(403, r#"{"Code":"InvalidSecurityToken.Expired"}"#),
            Self::UnknownHere => respond(200, r#"{"Code":"406"}"#),
        }
    }

    /// Whether the operation may have been carried out.
    pub(super) const fn may_be_carried_out(self) -> bool {
        matches!(
            self,
            Self::Success
                | Self::NoResponse
                | Self::ServerError
                | Self::Unreadable
                | Self::NonceReused
        )
    }

    /// Whether it counts as a failure of the endpoint.
    pub(super) const fn is_failure(self) -> bool {
        matches!(
            self,
            Self::NotSent | Self::CertificateRefused | Self::NoResponse | Self::ServerError
        )
    }

    /// Whether it proves that the endpoint is well.
    pub(super) const fn proves_health(self) -> bool {
        !self.is_failure() && !matches!(self, Self::LocalFailure | Self::Unreadable)
    }

    /// Whether the call may end with it although another endpoint is well.
    pub(super) const fn can_be_final(self) -> bool {
        matches!(
            self,
            Self::Refused
                | Self::LocalFailure
                | Self::ClockSkew
                | Self::NonceReused
                | Self::CredentialsRefused
        )
    }

    /// Whether the call ends with it.
    pub(super) const fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::LocalFailure)
    }

    /// Whether the call uses the same endpoint once more.
    pub(super) const fn repeats_at_once(self) -> bool {
        matches!(
            self,
            Self::ClockSkew | Self::NonceReused | Self::CredentialsRefused
        )
    }
}

impl fmt::Display for ScriptedEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Refused => "refused by the service",
            Self::NotSent => "not sent",
            Self::LocalFailure => "local failure",
            Self::CertificateRefused => "certificate refused",
            Self::NoResponse => "no response",
            Self::Throttled => "throttled",
            Self::ServerError => "HTTP 503",
            Self::Unreadable => "unreadable",
            Self::ClockSkew => "clock skew",
            Self::NonceReused => "nonce reused",
            Self::CredentialsRefused => "credentials refused",
            Self::UnknownHere => "ID unknown",
        })
    }
}
