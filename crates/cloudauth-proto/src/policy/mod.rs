//! What a session and its calls allow themselves.

pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod rate;
mod verdict;

use core::time::Duration;

pub use verdict::{Effect, Ending, Repeat, Verdict, judge};

use crate::endpoint::Endpoint;

/// The limits of a session's calls.
///
/// What a region's outage costs a read under the default policy: calls that start while nobody knows
/// of it wait for a time-out and go on elsewhere; five failures later calls go there at once, and one
/// call every five seconds tries the region again.
///
#[doc = include_str!("../../docs/outage.svg")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Until a connection is there. 10 s, as in the vendor's failover sample.
    pub connect_timeout: Duration,
    /// From then until the reply is read. 10 s, as in the vendor's failover sample.
    pub read_timeout: Duration,
    /// For a call with all its attempts and pauses. 30 s.
    pub total_timeout: Duration,
    /// How often a call is sent at most. 4.
    pub max_attempts: usize,
    /// The longest first pause before the same endpoint is asked again; it doubles each time. The
    /// real pause is drawn from zero to that. 100 ms.
    pub pause: Duration,
    /// What the pause doubles up to. 5 s.
    pub longest_pause: Duration,
    /// The largest reply in bytes. 10 MiB.
    pub reply_limit: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            max_attempts: 4,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
            reply_limit: 10 << 20,
        }
    }
}

impl Policy {
    /// The longest pause before the `n`th repetition, counted from zero.
    pub(crate) fn pause_before(&self, n: u32) -> Duration {
        let doubled = self
            .pause
            .saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX));
        doubled.min(self.longest_pause)
    }
}

/// What one call wants to be different.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct CallOptions {
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) repeat: Repeat,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) hedge_after: Option<Duration>,
}

impl CallOptions {
    /// Nothing different.
    pub fn new() -> Self {
        Self::default()
    }

    /// The call with all its attempts must be over after this time.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = Some(limit);
        self
    }

    /// Whether to send it again on doubt.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Asks this endpoint and no other.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// If there is no answer after this time, asks another endpoint as well and takes the first
    /// answer. Only for operations that read ([`Effect::Query`]); for others it does nothing, and so
    /// it does in a driver that does one exchange at a time.
    pub fn hedge_after(mut self, wait: Duration) -> Self {
        self.hedge_after = Some(wait);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = Policy::default();
        let millis = |n| policy.pause_before(n).as_millis();
        assert_eq!([millis(0), millis(1), millis(5)], [100, 200, 3_200]);
        assert_eq!(
            [millis(6), millis(31), millis(32), millis(u32::MAX)],
            [5_000; 4]
        );
    }
}
