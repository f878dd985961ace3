//! A limit of sends per second, so that the service need not throttle.

use core::time::Duration;

use crate::clock::MonoTime;

/// Gives out places in time, evenly spaced once a second's worth is used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    interval: Duration,
    /// When the next place would be if there were no burst.
    next: MonoTime,
}

impl Rate {
    pub(crate) fn per_second(sends: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / sends.max(1),
            next: MonoTime::new(Duration::ZERO),
        }
    }

    /// Takes the next place: the time at which to send, maybe now.
    pub(crate) fn place(&mut self, now: MonoTime) -> MonoTime {
        let next = self.next.max(now);
        self.next = next + self.interval;
        // A burst of one second's worth is let through.
        let burst = Duration::from_secs(1).saturating_sub(self.interval);
        now + next.saturating_since(now).saturating_sub(burst)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn no_second_has_more_places_than_a_burst_and_the_rate() {
        let mut rate = Rate::per_second(10);
        let now = MonoTime::new(Duration::from_secs(100));
        let places: Vec<Duration> = (0..40)
            .map(|_| rate.place(now).saturating_since(now))
            .collect();
        assert!(places[..10].iter().all(Duration::is_zero));
        assert_eq!(places[10], Duration::from_millis(100));
        assert_eq!(places[39], Duration::from_secs(3));
    }

    #[test]
    fn a_quiet_time_is_not_saved_up_beyond_one_second() {
        let mut rate = Rate::per_second(2);
        let at = |seconds| MonoTime::new(Duration::from_secs(seconds));
        rate.place(at(0));
        let places: Vec<bool> = (0..4).map(|_| rate.place(at(60)) == at(60)).collect();
        assert_eq!(places, [true, true, false, false]);
    }
}
