//! The difference between the service's clock and the client's.

use crate::clock::{MonoTime, Now, UnixTime};

/// A `Date` further away than this, in seconds, is not used: the header is not signed.
const LARGEST_SKEW: u64 = 24 * 60 * 60;

/// Seconds by which the service's clock is ahead of the client's; zero until something else is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClockSkew(i64);

impl ClockSkew {
    /// The service's time, as far as the skew is known.
    pub(crate) fn service_time(self, now: Now) -> UnixTime {
        UnixTime::from_seconds(now.unix.seconds().saturating_add_signed(self.0))
    }

    /// Learns the skew from a response that refused a time stamp.
    ///
    /// The request was sent at `started`, stamped with `stamped`; its response was received at `now` and
    /// carried `date`. Returns whether the skew has changed.
    pub(crate) fn learn(
        &mut self,
        started: MonoTime,
        stamped: UnixTime,
        now: Now,
        date: UnixTime,
    ) -> bool {
        // The client's clock may have been set meanwhile, so its monotonic clock tells when that was.
        let took = now.mono.saturating_since(started).as_secs();
        let sent = now.unix.seconds().saturating_sub(took);
        let skew = difference(date.seconds(), sent.midpoint(now.unix.seconds()));
        let used = difference(stamped.seconds(), sent);
        let taught = skew.unsigned_abs() <= LARGEST_SKEW && skew.abs_diff(used) > 1;
        if taught {
            self.0 = skew;
        }
        taught
    }
}

fn difference(later: u64, earlier: u64) -> i64 {
    let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    signed(later).saturating_sub(signed(earlier))
}
