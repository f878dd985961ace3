//! A limit of attempts per second, which keeps a client below the service's own limits.

use core::time::Duration;

use crate::clock::MonoTime;

/// The longest time until a waiting call tries again. Calls ahead of it may have ended without a send.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// Counts sends when they happen (the generic cell rate algorithm), so a call that is never sent takes
/// nothing from the others, and a late one cannot exceed the limit.
///
/// Waiting calls get times one interval apart at which to try again, so that they do not all try at
/// once. These times are advice: whoever tries when a send is allowed may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    /// When the next send would be if there were no burst.
    next: MonoTime,
    /// The last time that a waiting call got.
    planned: MonoTime,
}

/// Whether an attempt may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Now. It counts as sent.
    Send,
    /// The time at which to try again. It is `deadline` or later only if no send is allowed before.
    Wait { planned: MonoTime },
}

impl RateLimit {
    pub(crate) const fn per_second(sends: u32) -> Self {
        // A limit of zero is taken for one.
        let sends = if sends == 0 { 1 } else { sends };
        Self {
            interval: Duration::from_nanos(1_000_000_000 / sends as u64),
            next: MonoTime::new(Duration::ZERO),
            planned: MonoTime::new(Duration::ZERO),
        }
    }

    /// Requests a send. `planned` is the time that the call got when it last had to wait.
    pub(crate) fn admit(
        &mut self,
        planned: Option<MonoTime>,
        deadline: MonoTime,
        now: MonoTime,
    ) -> Admission {
        if self.admit_at_once(now) {
            return Admission::Send;
        }
        let earliest = self.earliest(now);
        // Who has no time for the next send is given none, and those that follow wait no longer for it.
        let is_useful = |planned: MonoTime| now < planned && planned < deadline;
        let planned = planned.filter(|planned| is_useful(*planned));
        let planned = planned.unwrap_or_else(|| {
            // After a send everybody that still waits may be planned anew from there.
            let latest = earliest + MAX_WAIT;
            let planned = if self.planned < earliest || latest < self.planned {
                earliest
            } else {
                self.planned + self.interval
            };
            if !is_useful(planned) {
                return earliest;
            }
            self.planned = planned;
            planned
        });
        Admission::Wait { planned }
    }

    /// Requests a send that happens now or not at all. Returns whether it is allowed; if so, it counts as
    /// sent, and if not, nothing has changed.
    pub(crate) fn admit_at_once(&mut self, now: MonoTime) -> bool {
        let is_allowed = self.earliest(now) <= now;
        if is_allowed {
            self.next = self.next.max(now) + self.interval;
        }
        is_allowed
    }

    /// When the next send is allowed.
    pub(crate) fn earliest(&self, now: MonoTime) -> MonoTime {
        // A burst of one second's worth is allowed.
        let burst = Duration::from_secs(1).saturating_sub(self.interval);
        now + self.next.saturating_since(now).saturating_sub(burst)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const NEVER: MonoTime = MonoTime::new(Duration::MAX);

    fn at(millis: u64) -> MonoTime {
        MonoTime::new(Duration::from_millis(millis))
    }

    /// The times at which so many calls send that all try at first at `begin`, and then at their planned times.
    fn sent(rate: &mut RateLimit, calls: usize, begin: u64, end: u64) -> Vec<u64> {
        let mut waiting: Vec<Option<MonoTime>> = alloc::vec![None; calls];
        let mut sent = Vec::new();
        for now in begin..end {
            waiting.retain_mut(|planned| {
                if planned.is_some_and(|planned| at(now) < planned) {
                    return true;
                }
                match rate.admit(*planned, NEVER, at(now)) {
                    Admission::Send => {
                        sent.push(now - begin);
                        false
                    }
                    Admission::Wait { planned: later } => {
                        assert!(at(now) < later && later <= at(now) + MAX_WAIT * 2);
                        *planned = Some(later);
                        true
                    }
                }
            });
        }
        sent
    }

    #[test]
    fn sends_beyond_the_burst_are_evenly_spaced() {
        let mut rate = RateLimit::per_second(10);
        let sent = sent(&mut rate, 1_000, 100_000, 110_000);
        assert!(sent[..10].iter().all(|&at| at == 0));
        let rest: Vec<u64> = (1..100).map(|n| n * 100).collect();
        assert_eq!(sent[10..], rest);
    }

    #[test]
    fn calls_that_gave_up_leave_the_whole_rate_to_those_that_follow() {
        let mut rate = RateLimit::per_second(10);
        let first = sent(&mut rate, 1_000, 0, 2_000);
        assert_eq!(first.len(), 29);
        let then = sent(&mut rate, 30, 2_000, 5_000);
        assert_eq!(then.len(), 30);
    }

    #[test]
    fn late_calls_do_not_exceed_the_rate() {
        let mut rate = RateLimit::per_second(10);
        for _ in 0..100 {
            rate.admit(None, NEVER, at(0));
        }
        let late = sent(&mut rate, 100, 60_000, 61_000);
        assert_eq!(late.len(), 19);
    }

    #[test]
    fn a_quiet_time_adds_no_more_than_one_second_of_burst() {
        let mut rate = RateLimit::per_second(2);
        rate.admit(None, NEVER, at(0));
        let admitted: Vec<bool> = (0..4)
            .map(|_| rate.admit(None, NEVER, at(60_000)) == Admission::Send)
            .collect();
        assert_eq!(admitted, [true, true, false, false]);
    }

    #[test]
    fn a_send_that_would_have_to_wait_delays_no_other_one() {
        let mut rate = RateLimit::per_second(1);
        assert!(rate.admit_at_once(at(0)));
        assert!(!rate.admit_at_once(at(100)));
        let planned = at(1_000);
        let expected = Admission::Wait { planned };
        assert_eq!(rate.admit(None, NEVER, at(100)), expected);
    }

    #[test]
    fn a_call_that_has_no_time_to_wait_delays_no_other_one() {
        let mut rate = RateLimit::per_second(1);
        assert_eq!(rate.admit(None, NEVER, at(0)), Admission::Send);
        let planned = at(1_000);
        let expected = Admission::Wait { planned };
        assert_eq!(rate.admit(None, at(900), at(0)), expected);
        assert_eq!(rate.admit(None, NEVER, at(0)), expected);
        assert_eq!(rate.admit(None, at(1_500), at(0)), expected);
    }

    #[test]
    fn few_calls_try_at_a_time() {
        let mut rate = RateLimit::per_second(10);
        let mut planned: Vec<MonoTime> = (0..1_000)
            .filter_map(|_| match rate.admit(None, NEVER, at(0)) {
                Admission::Send => None,
                Admission::Wait { planned } => Some(planned),
            })
            .collect();
        planned.sort_unstable();
        let most = planned.chunk_by(|a, b| a == b).map(<[_]>::len).max();
        assert!(most.is_some_and(|most| most <= 100), "{most:?}");
    }
}
