//! Callbacks: what is due, what was sent, and what became of it.
//!
//! Documented: a GET of `CallbackUrl` with `certifyId`, `passed` (which carries the `SubCode`) and the token, when a
//! verification is completed, passed or not; nothing when it is abandoned; again when the answer is not HTTP 200, "two
//! callbacks within three seconds". Everything else here is our guess: that the second one comes after two seconds,
//! that there is no third, and how long an answer may take. That the URL is tried before the order is opened is
//! documented too, and not done.

mod address;
mod queue;

use core::fmt;

pub(crate) use address::{Callee, is_callable};
pub(crate) use queue::Callbacks;

use crate::orders::FinishError;
use crate::verdict::Verdict;
use crate::world::World;

/// What can go wrong with the callback of an order, on demand.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackFault {
    /// It comes twice although it was answered.
    Repeated,
    /// It is overtaken: it comes after the next callback of another order, or after 30 seconds.
    HeldBack,
    /// Somebody else calls first: with a verdict that is not so and a token that is not the order's.
    Forged,
}

/// Whose callback it is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallbackKind {
    /// The service's.
    Genuine,
    /// The service's, once more, because of [`CallbackFault::Repeated`].
    Repeated,
    /// Somebody else's, because of [`CallbackFault::Forged`].
    Forged,
}

/// A callback that is due: whoever plays the network gets this URL and says how that went with
/// [`World::called_back`]. `Debug` shows no URL.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    turn: u64,
    url: String,
    via: Result<String, NotSent>,
}

impl Callback {
    /// The URL, with `certifyId`, `passed` and the token.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Scheme, host and port to connect to; why not, if it is not to be sent at all.
    pub(crate) fn via(&self) -> Result<&str, NotSent> {
        self.via.as_deref().map_err(|why| *why)
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("turn", &self.turn)
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}

/// What became of a callback.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// An answer with this HTTP status came.
    Answered(u16),
    /// No answer came, and why.
    Unanswered(&'static str),
    /// It was not sent.
    NotSent(NotSent),
}

/// Why a callback is not sent.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSent {
    /// The URL is not one that can be called.
    Malformed,
    /// The host is another machine. The simulator calls this one only, unless [`World::route_callbacks`] says
    /// where to.
    Elsewhere,
}

/// A callback that was sent, or would have been.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledBack {
    /// Whose order.
    pub certify_id: String,
    /// The value of `passed`.
    pub passed: &'static str,
    /// Whose callback.
    pub kind: CallbackKind,
    /// Which attempt, from 1.
    pub attempt: usize,
    /// The URL without its query: what stands there may be secret or somebody's.
    pub address: String,
    /// When the outcome was known, in seconds since 1970.
    pub at_unix: u64,
    /// The outcome.
    pub outcome: CallbackOutcome,
}

impl World {
    /// [`finish`](Self::finish), with a callback that goes wrong in these ways; the verdict that counts.
    pub fn finish_with(
        &mut self,
        certify_id: &str,
        verdict: Verdict,
        faults: &[CallbackFault],
        now_unix: u64,
    ) -> Result<Verdict, FinishError> {
        let orders = &mut self.desk.orders;
        let verdict = orders.submit(certify_id, verdict, now_unix)?;
        let callee = orders
            .get(certify_id)
            .and_then(|order| order.callee.clone());
        if let Some(callee) = callee {
            self.callbacks
                .plan(certify_id, callee, verdict, faults, now_unix);
        }
        Ok(verdict)
    }

    /// Takes the callbacks that are due; at most 64 are on their way at once, and one of each order. A
    /// [`Simulator`](crate::Simulator) does this by itself.
    pub fn due_callbacks(&mut self, now_unix: u64) -> Vec<Callback> {
        self.callbacks.take_due(now_unix)
    }

    /// Says what became of a callback. Anything but [`Answered(200)`](CallbackOutcome::Answered) brings it again, as
    /// often as [`Self::repeat_callbacks_after`] says.
    pub fn called_back(&mut self, callback: &Callback, outcome: CallbackOutcome, now_unix: u64) {
        self.callbacks.done(callback, outcome, now_unix);
    }

    /// The last callbacks, oldest first; at most 1 000. Each attempt is one.
    #[must_use = "this only looks"]
    pub fn callbacks(&self) -> impl DoubleEndedIterator<Item = &CalledBack> {
        self.callbacks.log.iter()
    }

    /// How many orders wait for a callback of theirs, or for its answer.
    #[must_use]
    pub fn callbacks_to_come(&self) -> usize {
        self.callbacks.deliveries.len()
    }

    /// Sets after how many seconds a callback comes again that was not answered with 200: one number for each
    /// repetition. At first it is once, after two seconds: documented are two callbacks within three seconds.
    pub fn repeat_callbacks_after(&mut self, seconds: Vec<u64>) {
        self.callbacks.again_after = seconds;
    }

    /// Sends the callbacks for a host to another place, as a reverse proxy would: `https://shop.example/called` can
    /// arrive at `http://127.0.0.1:3000/called`. Without a route, only callbacks to this machine are sent.
    ///
    /// `origin` is `http://` or `https://` with a host and, if it is not the scheme's own, a port.
    pub fn route_callbacks(&mut self, host: &str, origin: &str) {
        let origin = origin.trim_end_matches('/').to_owned();
        self.callbacks
            .routes
            .insert(host.to_ascii_lowercase(), origin);
    }
}
