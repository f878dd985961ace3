//! A limit of attempts per second, which keeps a client below the service's own limits.

use core::time::Duration;

use crate::clock::MonoTime;

/// Reservations in time, evenly spaced once the burst of one second is used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// When the next reservation would be if there were no burst.
    next: MonoTime,
}

impl RateLimit {
    pub(crate) fn per_second(sends: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / sends.max(1),
            next: MonoTime::new(Duration::ZERO),
        }
    }

    /// Takes the next reservation: the time at which to send, which can be now.
    pub(crate) fn reserve(&mut self, now: MonoTime) -> MonoTime {
        let next = self.next.max(now);
        self.next = next + self.interval;
        // A burst of one second's worth is allowed.
        let burst = Duration::from_secs(1).saturating_sub(self.interval);
        now + next.saturating_since(now).saturating_sub(burst)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn reservations_beyond_the_burst_are_evenly_spaced() {
        let mut rate = RateLimit::per_second(10);
        let now = MonoTime::new(Duration::from_secs(100));
        let reserved: Vec<Duration> = (0..40)
            .map(|_| rate.reserve(now).saturating_since(now))
            .collect();
        assert!(reserved[..10].iter().all(Duration::is_zero));
        assert_eq!(reserved[10], Duration::from_millis(100));
        assert_eq!(reserved[39], Duration::from_secs(3));
    }

    #[test]
    fn a_quiet_time_adds_no_more_than_one_second_of_burst() {
        let mut rate = RateLimit::per_second(2);
        let at = |seconds| MonoTime::new(Duration::from_secs(seconds));
        rate.reserve(at(0));
        let reserved: Vec<bool> = (0..4).map(|_| rate.reserve(at(60)) == at(60)).collect();
        assert_eq!(reserved, [true, true, false, false]);
    }
}
