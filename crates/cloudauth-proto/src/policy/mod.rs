//! What a session allows itself.

mod verdict;

use core::time::Duration;

pub use verdict::{Effect, Ending, Verdict, judge};

/// The limits of a session's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// Until a connection is there. 10 s, as in the vendor's failover sample.
    pub connect_timeout: Duration,
    /// From then until the reply is read. 10 s, as in the vendor's failover sample.
    pub read_timeout: Duration,
    /// For a call with all its attempts. 30 s.
    pub total_timeout: Duration,
    /// The largest reply in bytes. 10 MiB.
    pub reply_limit: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(10),
            total_timeout: Duration::from_secs(30),
            reply_limit: 10 << 20,
        }
    }
}
