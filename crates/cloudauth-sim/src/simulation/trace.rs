//! What happened in a simulation, to be read, compared and hashed.

use core::fmt;
use core::time::Duration;

use cloudauth_proto::Error;

use crate::offices::Office;
use crate::region::Region;

/// Everything that happened, in order. Displays a line for each event.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trace {
    events: Vec<Event>,
}

/// Something that happened to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// When, from the beginning of the simulation.
    pub at: Duration,
    /// The number of the call.
    pub call: usize,
    /// What.
    pub what: What,
}

/// Kinds of events. Exchanges of a call are counted from zero.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The call starts.
    Starts,
    /// A request is handed to the network.
    Sends {
        /// Which exchange.
        exchange: usize,
        /// Whom it goes to.
        to: Region,
        /// A hash of the bytes on the wire.
        bytes: u64,
    },
    /// A question for credentials is handed to the network.
    Asks {
        /// Which exchange.
        exchange: usize,
        /// Whom it goes to.
        whom: Office,
        /// A hash of the bytes on the wire.
        bytes: u64,
    },
    /// The call gets credentials, for all.
    Authenticates,
    /// It has them, or has failed to get them.
    Authenticated {
        /// Which.
        well: bool,
    },
    /// The region carries the operation out.
    CarriedOut {
        /// Which exchange asked for it.
        exchange: usize,
    },
    /// The caller learns how an exchange ended.
    Met {
        /// Which exchange.
        exchange: usize,
        /// How.
        met: Met,
    },
    /// The call no longer waits for an exchange.
    Abandons {
        /// Which exchange.
        exchange: usize,
    },
    /// The call is over.
    Ends(End),
    /// The caller drops the call.
    IsDropped,
}

/// How an exchange ended, as the driver saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Met {
    /// Nothing was sent.
    NotSent,
    /// No whole reply came.
    NoReply,
    /// A reply came.
    Answer {
        /// Its HTTP status.
        status: u16,
        /// Who made it, and what it says.
        from: Answered,
    },
}

/// Who made a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answered {
    /// The service, with this code.
    Service(String),
    /// A fault of this name.
    Fault(String),
    /// One of the services that give credentials.
    Office(Office),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// With a result.
    Done,
    /// With [`Error::Service`].
    Refused,
    /// With [`Error::Decode`].
    Unreadable,
    /// With [`Error::Exhausted`].
    Exhausted,
    /// With [`Error::Uncertain`].
    Uncertain,
    /// With [`Error::Credentials`].
    Unauthenticated,
    /// With another error.
    Failed,
}

impl End {
    pub(crate) fn of(error: Option<&Error>) -> Self {
        match error {
            None => Self::Done,
            Some(Error::Service(_)) => Self::Refused,
            Some(Error::Decode(_)) => Self::Unreadable,
            Some(Error::Exhausted(_)) => Self::Exhausted,
            Some(Error::Uncertain(_)) => Self::Uncertain,
            Some(Error::Credentials(_)) => Self::Unauthenticated,
            Some(Error::Invalid(_) | Error::Finished | _) => Self::Failed,
        }
    }
}

impl Trace {
    pub(crate) fn tell(&mut self, at: Duration, call: usize, what: What) {
        self.events.push(Event { at, call, what });
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

    /// A hash of all fields, the bytes on the wire included, and of no printed word. Equal traces have
    /// equal hashes, on every machine; renaming something changes none.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv::new();
        for event in &self.events {
            hash.add(&event.at.as_nanos().to_le_bytes());
            hash.number(event.call);
            event.what.hash(&mut hash);
        }
        hash.0
    }
}

/// The numbers that stand for variants are part of recorded hashes: a new variant takes a new one.
impl What {
    fn hash(&self, hash: &mut Fnv) {
        match self {
            Self::Starts => hash.add(&[0]),
            Self::Sends {
                exchange,
                to,
                bytes,
            } => {
                hash.add(&[1, number_of(*to)]);
                hash.number(*exchange);
                hash.add(&bytes.to_le_bytes());
            }
            Self::Asks {
                exchange,
                whom,
                bytes,
            } => {
                hash.add(&[2, whom.number()]);
                hash.number(*exchange);
                hash.add(&bytes.to_le_bytes());
            }
            Self::Authenticates => hash.add(&[3]),
            Self::Authenticated { well } => hash.add(&[4, u8::from(*well)]),
            Self::CarriedOut { exchange } => {
                hash.add(&[5]);
                hash.number(*exchange);
            }
            Self::Met { exchange, met } => {
                hash.add(&[6]);
                hash.number(*exchange);
                met.hash(hash);
            }
            Self::Abandons { exchange } => {
                hash.add(&[7]);
                hash.number(*exchange);
            }
            Self::Ends(end) => hash.add(&[8, end.number()]),
            Self::IsDropped => hash.add(&[9]),
        }
    }
}

impl Met {
    fn hash(&self, hash: &mut Fnv) {
        match self {
            Self::NotSent => hash.add(&[0]),
            Self::NoReply => hash.add(&[1]),
            Self::Answer { status, from } => {
                hash.add(&[2]);
                hash.add(&status.to_le_bytes());
                match from {
                    // The service's own word, which is no word of ours.
                    Answered::Service(code) => {
                        hash.add(&[0]);
                        hash.number(code.len());
                        hash.add(code.as_bytes());
                    }
                    Answered::Fault(_) => hash.add(&[1]),
                    Answered::Office(office) => hash.add(&[2, office.number()]),
                }
            }
        }
    }
}

impl End {
    const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Unreadable => 2,
            Self::Exhausted => 3,
            Self::Uncertain => 4,
            Self::Unauthenticated => 5,
            Self::Failed => 6,
        }
    }
}

const fn number_of(region: Region) -> u8 {
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

/// So that a failed comparison can be read.
impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.at.as_secs(), self.at.subsec_millis());
        write!(f, "{seconds:3}.{millis:03} #{} ", self.call)?;
        match &self.what {
            What::Starts => f.write_str("starts"),
            What::Sends { exchange, to, .. } => write!(f, "sends {exchange} to {}", to.id()),
            What::Asks { exchange, whom, .. } => write!(f, "asks {exchange} of {whom}"),
            What::Authenticates => f.write_str("authenticates"),
            What::Authenticated { well: true } => f.write_str("has credentials"),
            What::Authenticated { well: false } => f.write_str("has no new credentials"),
            What::CarriedOut { exchange } => write!(f, "({exchange} is carried out)"),
            What::Met { exchange, met } => write!(f, "{exchange} met: {met}"),
            What::Abandons { exchange } => write!(f, "abandons {exchange}"),
            What::Ends(end) => write!(f, "ends: {end}"),
            What::IsDropped => f.write_str("is dropped"),
        }
    }
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent => f.write_str("not sent"),
            Self::NoReply => f.write_str("no reply"),
            Self::Answer { status, from } => write!(f, "HTTP {status}, {from}"),
        }
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(code) => f.write_str(code),
            Self::Fault(name) => write!(f, "fault: {name}"),
            Self::Office(office) => office.fmt(f),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unreadable => "unreadable",
            Self::Exhausted => "exhausted",
            Self::Uncertain => "uncertain",
            Self::Unauthenticated => "without credentials",
            Self::Failed => "failed",
        })
    }
}

/// FNV-1a, 64 bits: the standard library's hashes may differ between its versions.
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn number(&mut self, number: usize) {
        self.add(&(number as u64).to_le_bytes());
    }

    pub(crate) const fn value(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        let mut hash = Fnv::new();
        hash.add(b"foobar");
        assert_eq!(hash.value(), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn traces_that_differ_in_any_field_have_different_hashes() {
        let (exchange, bytes) = (1, 1);
        let met = |met| What::Met { exchange, met };
        let answer = |status, from| met(Met::Answer { status, from });
        let service = |code: &str| Answered::Service(code.to_owned());
        let sends = |exchange, to, bytes| What::Sends {
            exchange,
            to,
            bytes,
        };
        let asks = |exchange, whom, bytes| What::Asks {
            exchange,
            whom,
            bytes,
        };
        let ends = [
            End::Done,
            End::Refused,
            End::Unreadable,
            End::Exhausted,
            End::Uncertain,
            End::Unauthenticated,
            End::Failed,
        ];
        let mut all = vec![
            What::Starts,
            sends(exchange, Region::Shanghai, bytes),
            sends(exchange, Region::Shanghai, 2),
            sends(exchange, Region::Beijing, bytes),
            sends(2, Region::Shanghai, bytes),
            asks(exchange, Office::Sts, bytes),
            asks(exchange, Office::Sts, 2),
            asks(exchange, Office::Metadata, bytes),
            asks(2, Office::Sts, bytes),
            What::Authenticates,
            What::Authenticated { well: true },
            What::Authenticated { well: false },
            What::CarriedOut { exchange },
            What::CarriedOut { exchange: 2 },
            met(Met::NotSent),
            met(Met::NoReply),
            answer(200, service("200")),
            answer(500, service("200")),
            answer(200, service("401")),
            answer(200, Answered::Fault("custom".to_owned())),
            answer(200, Answered::Office(Office::Sts)),
            answer(200, Answered::Office(Office::Uri)),
            What::Abandons { exchange },
            What::Abandons { exchange: 2 },
            What::IsDropped,
        ];
        all.extend(ends.map(What::Ends));
        let hash = |at: u64, call, what: &What| {
            let mut trace = Trace::default();
            trace.tell(Duration::from_nanos(at), call, what.clone());
            trace.hash()
        };
        let mut hashes: Vec<u64> = all.iter().map(|what| hash(0, 0, what)).collect();
        hashes.push(hash(1, 0, &What::Starts));
        hashes.push(hash(0, 1, &What::Starts));
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    #[test]
    fn the_name_of_a_fault_is_not_part_of_the_hash() {
        let hash = |name: &str| {
            let (exchange, status) = (0, 500);
            let from = Answered::Fault(name.to_owned());
            let met = Met::Answer { status, from };
            let mut trace = Trace::default();
            trace.tell(Duration::ZERO, 0, What::Met { exchange, met });
            trace.hash()
        };
        assert_eq!(hash("status 500"), hash("another word for it"));
    }
}
