//! Retry policy: limits, classification, circuit breaker, retry budget, rate limit.
//!
#![doc = include_str!("../../docs/failover.md")]

pub(crate) mod accounts;
pub(crate) mod billed_limit;
pub(crate) mod budget;
pub(crate) mod circuit_breaker;
pub(crate) mod clock_skew;
pub(crate) mod endpoint_health;
pub(crate) mod rate_limit;
mod retry;

use core::time::Duration;

pub(crate) use retry::repetition_harms;
pub use retry::{Classification, Effect, Repeat, RetryDecision, judge};

use crate::credentials::Credentials;
use crate::endpoint::Endpoint;

/// Time-outs and limits of all calls of a client. [`CallOptions`] override some of them per call.
///
/// ```
/// use core::time::Duration;
/// use cloudauth_proto::Policy;
///
/// let mut policy = Policy::default();
/// policy.total_timeout = Duration::from_secs(8);
/// assert_eq!(policy.max_attempts, 4);
/// ```
///
/// During the outage of a region, calls that start before it is known wait for a time-out and then fail
/// over. After five failures the region's circuit breaker opens: calls go to the other region at once, and
/// one call every five seconds probes the first
/// ([plot of latency over time](https://docs.rs/crate/cloudauth-proto/latest/source/docs/outage.svg)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Time to establish a connection: name resolution, TCP, proxy and TLS. Default: 10 s, as in the
    /// vendor's failover sample (documented).
    pub connect_timeout: Duration,
    /// Time from the connection to the end of the response. Default: 10 s, as in the vendor's failover
    /// sample (documented).
    pub read_timeout: Duration,
    /// Time of a call with all its attempts and backoffs. Default: 30 s.
    pub total_timeout: Duration,
    /// The most attempts of a call. Default: 4.
    pub max_attempts: usize,
    /// The longest first backoff before another attempt at the same endpoint; it doubles each time. The
    /// actual backoff is drawn between zero and that (full jitter). Default: 100 ms.
    pub base_backoff: Duration,
    /// The limit of that doubling. Default: 5 s.
    pub max_backoff: Duration,
    /// The largest response body in bytes. Default: 10 MiB.
    pub response_limit: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            max_attempts: 4,
            base_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(5),
            response_limit: 10 << 20,
        }
    }
}

impl Policy {
    /// The longest backoff before the `n`th repetition, counted from zero.
    pub(crate) fn backoff_before(&self, n: u32) -> Duration {
        let doubled = self
            .base_backoff
            .saturating_mul(1_u32.checked_shl(n).unwrap_or(u32::MAX));
        doubled.min(self.max_backoff)
    }
}

/// Per-call overrides of [`Policy`].
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) total_timeout: Option<Duration>,
    pub(crate) repeat: Repeat,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) hedge_after: Option<Duration>,
    pub(crate) credentials: Option<Credentials>,
}

impl CallOptions {
    /// No overrides.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the call with all its attempts and backoffs to this time.
    pub fn total_timeout(mut self, limit: Duration) -> Self {
        self.total_timeout = Some(limit);
        self
    }

    /// Sets whether the call is repeated when its outcome is unknown.
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Uses this endpoint and no other.
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Hedges the call: if there is no response after this time, the call is also sent to another
    /// endpoint, and the first response wins.
    ///
    /// This applies only to operations that read ([`Effect::ReadOnly`]), and has no effect in a driver with
    /// one exchange at a time.
    pub fn hedge_after(mut self, wait: Duration) -> Self {
        self.hedge_after = Some(wait);
        self
    }

    /// Signs the call with these credentials in place of the client's, for platforms that act for many
    /// accounts.
    ///
    /// Rate limits and the retry budget are those of the account with this access key; circuit breakers,
    /// connections and the clock skew are those of the client. If the service refuses the credentials, the call
    /// ends: they are the caller's to replace. The client's own are neither needed nor touched.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoffs_double_up_to_the_limit() {
        let policy = Policy::default();
        let millis = |n| policy.backoff_before(n).as_millis();
        assert_eq!([millis(0), millis(1), millis(5)], [100, 200, 3_200]);
        assert_eq!(
            [millis(6), millis(31), millis(32), millis(u32::MAX)],
            [5_000; 4]
        );
    }
}
