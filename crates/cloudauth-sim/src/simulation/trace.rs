//! What happened in a simulation, to be read, compared and hashed.

use core::fmt::{self, Write as _};
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
        /// What the service's log says of it: a code, or the fault.
        outcome: String,
    },
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

    /// A hash of all of it, the bytes on the wire included. Equal traces have equal hashes, on every
    /// machine.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hash = Fnv::new();
        for event in &self.events {
            if let What::Sends { bytes, .. } | What::Asks { bytes, .. } = event.what {
                hash.add(&bytes.to_le_bytes());
            }
            // Writing into a hash cannot fail.
            let _ = write!(hash, "{}{event}", event.at.as_nanos());
        }
        hash.0
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
            Self::Answer { status, outcome } => write!(f, "HTTP {status}, {outcome}"),
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

    pub(crate) const fn value(&self) -> u64 {
        self.0
    }
}

impl fmt::Write for Fnv {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.add(text.as_bytes());
        Ok(())
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
    fn traces_that_differ_in_bytes_on_the_wire_only_have_different_hashes() {
        let trace = |bytes| {
            let (exchange, to) = (0, Region::Shanghai);
            let mut trace = Trace::default();
            let what = What::Sends {
                exchange,
                to,
                bytes,
            };
            trace.tell(Duration::ZERO, 0, what);
            trace
        };
        assert_eq!(trace(1).hash(), trace(1).hash());
        assert_ne!(trace(1).hash(), trace(2).hash());
    }
}
