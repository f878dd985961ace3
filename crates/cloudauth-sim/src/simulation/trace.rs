//! The trace of a simulation: everything that happened, comparable and hashable.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::Error;

use super::fnv::Fnv;
use crate::credential_services::CredentialService;
use crate::region::Region;

/// The events of a simulation, in order. Displays as one line per event.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trace {
    events: Vec<Event>,
}

/// An event of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Time since the start of the simulation.
    pub at: Duration,
    /// The number of the call.
    pub call: usize,
    /// The kind of event.
    pub kind: EventKind,
}

/// Kinds of events. The exchanges of a call are numbered from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// The call started.
    Started,
    /// A request was sent to a region.
    RequestSent {
        /// The number of the exchange.
        exchange: usize,
        /// The region.
        to: Region,
        /// A hash of the request's bytes on the wire.
        wire_hash: u64,
    },
    /// A request for credentials was sent.
    CredentialRequestSent {
        /// The number of the exchange.
        exchange: usize,
        /// The credential service.
        to: CredentialService,
        /// A hash of the request's bytes on the wire.
        wire_hash: u64,
    },
    /// The call started to refresh the credentials of all calls.
    RefreshStarted,
    /// The call's refresh ended.
    RefreshEnded {
        /// Whether it obtained credentials.
        succeeded: bool,
    },
    /// The region carried out the operation.
    CarriedOut {
        /// The number of the exchange that requested it.
        exchange: usize,
    },
    /// The end of an exchange was reported to the call.
    ExchangeEnded {
        /// The number of the exchange.
        exchange: usize,
        /// The end.
        end: ExchangeEnd,
    },
    /// The call abandoned an exchange.
    ExchangeAbandoned {
        /// The number of the exchange.
        exchange: usize,
    },
    /// The call ended.
    Ended(CallEnd),
    /// The caller dropped the call.
    Dropped,
}

/// The end of an exchange, from the driver's point of view.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExchangeEnd {
    /// Nothing was sent.
    NotSent,
    /// Nothing was sent, since there was no connection in time.
    NotConnected,
    /// Nothing was sent, for a reason of the client's own.
    LocalFailure,
    /// Nothing was sent, since the client refused the server's certificate.
    CertificateRefused,
    /// The request may have been sent, and no complete response was received.
    NoResponse,
    /// The request was sent, and no response was received in time.
    TimedOut,
    /// A response was received.
    Response {
        /// Its HTTP status.
        status: u16,
        /// Its source.
        from: Responder,
    },
}

/// The source of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Responder {
    /// The service, with this code.
    Service(String),
    /// The fault of this name.
    Fault(String),
    /// A credential service.
    CredentialService(CredentialService),
}

/// The end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallEnd {
    /// A result.
    Success,
    /// [`Error::Service`].
    Service,
    /// [`Error::Decode`].
    Decode,
    /// [`Error::Exhausted`].
    Exhausted,
    /// [`Error::Uncertain`].
    Uncertain,
    /// [`Error::Credentials`].
    Credentials,
    /// Any other error.
    Other,
}

impl Trace {
    pub(crate) fn record(&mut self, at: Duration, call: usize, kind: EventKind) {
        self.events.push(Event { at, call, kind });
    }

    /// The events.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events of one call.
    pub fn of(&self, call: usize) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.call == call)
    }

    /// A hash of all fields and of the bytes on the wire, which is the same on every machine. It does
    /// not depend on displayed names, so it does not change if a type, variant or fault is renamed.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv::new();
        for event in &self.events {
            hash.add(&event.at.as_nanos().to_le_bytes());
            hash.add_number(event.call);
            event.kind.hash(&mut hash);
        }
        hash.value()
    }
}

impl EventKind {
    /// Recorded hashes depend on the numbers of the variants: a new variant gets a new number.
    fn hash(&self, hash: &mut Fnv) {
        match self {
            Self::Started => hash.add(&[0]),
            Self::RequestSent {
                exchange,
                to,
                wire_hash,
            } => {
                hash.add(&[1, region_number(*to)]);
                hash.add_number(*exchange);
                hash.add(&wire_hash.to_le_bytes());
            }
            Self::CredentialRequestSent {
                exchange,
                to,
                wire_hash,
            } => {
                hash.add(&[2, to.number()]);
                hash.add_number(*exchange);
                hash.add(&wire_hash.to_le_bytes());
            }
            Self::RefreshStarted => hash.add(&[3]),
            Self::RefreshEnded { succeeded } => hash.add(&[4, u8::from(*succeeded)]),
            Self::CarriedOut { exchange } => {
                hash.add(&[5]);
                hash.add_number(*exchange);
            }
            Self::ExchangeEnded { exchange, end } => {
                hash.add(&[6]);
                hash.add_number(*exchange);
                end.hash(hash);
            }
            Self::ExchangeAbandoned { exchange } => {
                hash.add(&[7]);
                hash.add_number(*exchange);
            }
            Self::Ended(end) => hash.add(&[8, end.number()]),
            Self::Dropped => hash.add(&[9]),
        }
    }
}

impl ExchangeEnd {
    fn hash(&self, hash: &mut Fnv) {
        match self {
            Self::NotSent => hash.add(&[0]),
            Self::NoResponse => hash.add(&[1]),
            Self::NotConnected => hash.add(&[3]),
            Self::LocalFailure => hash.add(&[4]),
            Self::CertificateRefused => hash.add(&[5]),
            Self::TimedOut => hash.add(&[6]),
            Self::Response { status, from } => {
                hash.add(&[2]);
                hash.add(&status.to_le_bytes());
                match from {
                    // The code is the service's and never renamed.
                    Responder::Service(code) => {
                        hash.add(&[0]);
                        hash.add_number(code.len());
                        hash.add(code.as_bytes());
                    }
                    Responder::Fault(_) => hash.add(&[1]),
                    Responder::CredentialService(service) => hash.add(&[2, service.number()]),
                }
            }
        }
    }
}

impl CallEnd {
    pub(crate) fn of(error: Option<&Error>) -> Self {
        match error {
            None => Self::Success,
            Some(Error::Service(_)) => Self::Service,
            Some(Error::Decode(_)) => Self::Decode,
            Some(Error::Exhausted(_)) => Self::Exhausted,
            Some(Error::Uncertain(_)) => Self::Uncertain,
            Some(Error::Credentials(_)) => Self::Credentials,
            Some(Error::Invalid(_) | Error::Finished | _) => Self::Other,
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Service => 1,
            Self::Decode => 2,
            Self::Exhausted => 3,
            Self::Uncertain => 4,
            Self::Credentials => 5,
            Self::Other => 6,
        }
    }
}

const fn region_number(region: Region) -> u8 {
    match region {
        Region::Shanghai => 0,
        Region::Beijing => 1,
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events
            .iter()
            .try_for_each(|event| writeln!(f, "{event}"))
    }
}

/// Shows the lines of `Display`, so that a failed comparison is readable.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.at.as_secs(), self.at.subsec_millis());
        write!(f, "{seconds:3}.{millis:03} #{} ", self.call)?;
        match &self.kind {
            EventKind::Started => f.write_str("started"),
            EventKind::RequestSent { exchange, to, .. } => {
                write!(f, "request {exchange} sent to {}", to.id())
            }
            EventKind::CredentialRequestSent { exchange, to, .. } => {
                write!(f, "credential request {exchange} sent to {to}")
            }
            EventKind::RefreshStarted => f.write_str("refresh started"),
            EventKind::RefreshEnded { succeeded: true } => f.write_str("refresh succeeded"),
            EventKind::RefreshEnded { succeeded: false } => f.write_str("refresh failed"),
            EventKind::CarriedOut { exchange } => write!(f, "request {exchange} carried out"),
            EventKind::ExchangeEnded { exchange, end } => {
                write!(f, "exchange {exchange} ended: {end}")
            }
            EventKind::ExchangeAbandoned { exchange } => write!(f, "exchange {exchange} abandoned"),
            EventKind::Ended(end) => write!(f, "ended: {end}"),
            EventKind::Dropped => f.write_str("dropped"),
        }
    }
}

impl fmt::Display for ExchangeEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent => f.write_str("not sent"),
            Self::NotConnected => f.write_str("not sent, not connected in time"),
            Self::LocalFailure => f.write_str("not sent, local failure"),
            Self::CertificateRefused => f.write_str("not sent, certificate refused"),
            Self::NoResponse => f.write_str("no response"),
            Self::TimedOut => f.write_str("no response in time"),
            Self::Response { status, from } => write!(f, "HTTP {status}, {from}"),
        }
    }
}

impl fmt::Display for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(code) => write!(f, "code {code}"),
            Self::Fault(name) => write!(f, "fault {name}"),
            Self::CredentialService(service) => service.fmt(f),
        }
    }
}

impl fmt::Display for CallEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "success",
            Self::Service => "service error",
            Self::Decode => "decode error",
            Self::Exhausted => "exhausted",
            Self::Uncertain => "uncertain",
            Self::Credentials => "no credentials",
            Self::Other => "other error",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_that_differ_in_any_field_have_different_hashes() {
        let (exchange, wire_hash) = (1, 1);
        let ended = |end| EventKind::ExchangeEnded { exchange, end };
        let response = |status, from| ended(ExchangeEnd::Response { status, from });
        let service = |code: &str| Responder::Service(code.to_owned());
        let sent = |exchange, to, wire_hash| EventKind::RequestSent {
            exchange,
            to,
            wire_hash,
        };
        let credentials = |exchange, to, wire_hash| EventKind::CredentialRequestSent {
            exchange,
            to,
            wire_hash,
        };
        let ends = [
            CallEnd::Success,
            CallEnd::Service,
            CallEnd::Decode,
            CallEnd::Exhausted,
            CallEnd::Uncertain,
            CallEnd::Credentials,
            CallEnd::Other,
        ];
        let mut all = vec![
            EventKind::Started,
            sent(exchange, Region::Shanghai, wire_hash),
            sent(exchange, Region::Shanghai, 2),
            sent(exchange, Region::Beijing, wire_hash),
            sent(2, Region::Shanghai, wire_hash),
            credentials(exchange, CredentialService::Sts, wire_hash),
            credentials(exchange, CredentialService::Sts, 2),
            credentials(exchange, CredentialService::Metadata, wire_hash),
            credentials(2, CredentialService::Sts, wire_hash),
            EventKind::RefreshStarted,
            EventKind::RefreshEnded { succeeded: true },
            EventKind::RefreshEnded { succeeded: false },
            EventKind::CarriedOut { exchange },
            EventKind::CarriedOut { exchange: 2 },
            ended(ExchangeEnd::NotSent),
            ended(ExchangeEnd::NoResponse),
            ended(ExchangeEnd::NotConnected),
            ended(ExchangeEnd::LocalFailure),
            ended(ExchangeEnd::CertificateRefused),
            ended(ExchangeEnd::TimedOut),
            response(200, service("200")),
            response(500, service("200")),
            response(200, service("401")),
            response(200, Responder::Fault("custom".to_owned())),
            response(200, Responder::CredentialService(CredentialService::Sts)),
            response(200, Responder::CredentialService(CredentialService::Uri)),
            EventKind::ExchangeAbandoned { exchange },
            EventKind::ExchangeAbandoned { exchange: 2 },
            EventKind::Dropped,
        ];
        all.extend(ends.map(EventKind::Ended));
        let hash = |at: u64, call, kind: &EventKind| {
            let mut trace = Trace::default();
            trace.record(Duration::from_nanos(at), call, kind.clone());
            trace.hash()
        };
        let mut hashes: Vec<u64> = all.iter().map(|kind| hash(0, 0, kind)).collect();
        hashes.push(hash(1, 0, &EventKind::Started));
        hashes.push(hash(0, 1, &EventKind::Started));
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn the_name_of_a_fault_is_not_part_of_the_hash() {
        let hash = |name: &str| {
            let (exchange, status) = (0, 500);
            let from = Responder::Fault(name.to_owned());
            let end = ExchangeEnd::Response { status, from };
            let mut trace = Trace::default();
            let kind = EventKind::ExchangeEnded { exchange, end };
            trace.record(Duration::ZERO, 0, kind);
            trace.hash()
        };
        assert_eq!(hash("status 500"), hash("another name"));
    }
}
