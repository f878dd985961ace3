//! Callbacks of the service: when they are due, and their outcomes.
//!
//! Documented: a GET of `CallbackUrl` with `certifyId`, `passed` (whose value is the `SubCode`) and
//! the token when a verification is completed, passed or not; none when it is abandoned; another one
//! when the response is not HTTP 200, "two callbacks within three seconds". Everything else is our
//! guess: that the second one follows after two seconds, that there is no third, and how long a
//! response may take. That the service tries the URL before it opens the order is documented too, and
//! not simulated.

mod queue;
mod target;

use core::fmt;

pub(crate) use self::queue::CallbackQueue;
pub(crate) use self::target::{CallbackTarget, UnreachableHosts, is_allowed_callback_url};

/// A fault in the callback of one order.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackFault {
    /// The callback is sent twice although the first one succeeded.
    Repeated,
    /// The callback is sent after the next callback of another order, or after 30 seconds.
    HeldBack,
    /// A forged callback is sent first, with a wrong verdict and a token that is not the order's.
    Forged,
}

/// The origin of a callback.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackKind {
    /// The service's callback.
    Genuine,
    /// The service's callback a second time, because of [`CallbackFault::Repeated`].
    Repeated,
    /// A third party's callback, because of [`CallbackFault::Forged`].
    Forged,
}

/// A callback to be sent now.
///
/// Whoever simulates the network sends it and passes the outcome to
/// [`World::record_callback_outcome`](crate::World::record_callback_outcome). `Debug` shows no URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    delivery: u64,
    url: String,
    origin: Result<String, NotSentReason>,
}

impl Callback {
    /// The URL, with `certifyId`, `passed` and the token.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port to connect to, or why the callback must not be sent.
    pub(crate) fn origin(&self) -> Result<&str, NotSentReason> {
        self.origin.as_deref().map_err(|reason| *reason)
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("delivery", &self.delivery)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl CallbackKind {
    const ALL: [Self; 3] = [Self::Genuine, Self::Repeated, Self::Forged];

    /// The name in the state file.
    const fn name(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Repeated => "repeated",
            Self::Forged => "forged",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The outcome of a callback.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// A response with this HTTP status.
    Response(u16),
    /// No response, for this reason.
    NoResponse(&'static str),
    /// The callback was not sent.
    NotSent(NotSentReason),
}

/// The reason why a callback is not sent.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSentReason {
    /// The URL is not a valid callback URL.
    Malformed,
    /// The host is another machine. The simulator only calls back to this one, unless
    /// [`World::route_callbacks`](crate::World::route_callbacks) has a route for the host.
    OtherMachine,
    /// The host is this machine, but the simulator is exposed to others, whose orders must not reach
    /// it. [`World::route_callbacks`](crate::World::route_callbacks) allows it.
    Exposed,
}

/// One attempt of a callback, with its outcome.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallbackRecord {
    /// The certify ID of the order.
    pub certify_id: String,
    /// The value of `passed`.
    pub passed: &'static str,
    /// The origin of the callback.
    pub kind: CallbackKind,
    /// The number of the attempt, from 1.
    pub attempt: usize,
    /// The URL without its query, which may contain secrets or personal data.
    pub address: String,
    /// When the outcome was known, in seconds since 1970.
    pub at_unix: u64,
    /// The outcome.
    pub outcome: CallbackOutcome,
}
