//! A limit of the calls that are or may be billed, within a window of time.

use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::string::ToString;
use core::fmt;
use core::time::Duration;

use crate::clock::{MonoTime, Seconds};

/// Counts sends in a window that ends now. It holds one time for each send in it.
#[derive(Clone, Debug)]
pub(crate) struct BilledLimit {
    max: u32,
    per: Duration,
    sent: VecDeque<MonoTime>,
}

impl BilledLimit {
    pub(crate) fn new(max: u32, per: Duration) -> Self {
        let sent = VecDeque::new();
        Self { max, per, sent }
    }

    /// The most sends, and the window.
    pub(crate) fn terms(&self) -> (u32, Duration) {
        (self.max, self.per)
    }

    /// How long until the next send is allowed; `None` if it is allowed now. A limit of zero allows none.
    fn wait(&mut self, now: MonoTime) -> Option<Duration> {
        while self
            .sent
            .front()
            .is_some_and(|sent| *sent + self.per <= now)
        {
            self.sent.pop_front();
        }
        let is_full = u32::try_from(self.sent.len()).is_ok_and(|sent| sent >= self.max);
        if !is_full {
            return None;
        }
        let oldest = self.sent.front();
        Some(oldest.map_or(Duration::MAX, |oldest| {
            (*oldest + self.per).saturating_since(now)
        }))
    }

    /// Why the next send is not allowed now.
    pub(crate) fn refusal(
        &mut self,
        action: Cow<'static, str>,
        now: MonoTime,
    ) -> Option<BilledLimitReached> {
        let retry_after = self.wait(now)?;
        Some(BilledLimitReached {
            action,
            max: self.max,
            per: self.per,
            retry_after,
        })
    }

    /// Counts a send.
    pub(crate) fn record(&mut self, now: MonoTime) {
        self.sent.push_back(now);
    }
}

/// A call that was not sent: with it, more calls than
/// [`Session::max_billed`](crate::Session::max_billed) allows would be or might be billed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BilledLimitReached {
    /// The operation.
    pub action: Cow<'static, str>,
    /// The most calls in each window.
    pub max: u32,
    /// The length of the window.
    pub per: Duration,
    /// How long until a call is possible again, if no other call is sent before. [`Duration::MAX`] for a limit
    /// of zero.
    pub retry_after: Duration,
}

impl fmt::Display for BilledLimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, max, .. } = self;
        if *max == 0 {
            return write!(
                f,
                "{action} was not sent: max_billed allows no call that is or may be billed"
            );
        }
        let (per, after) = (Seconds(self.per).to_string(), Seconds(self.retry_after));
        let per = per.trim_end_matches('0').trim_end_matches('.');
        write!(
            f,
            "{action} was not sent: max_billed allows {max} calls in {per} s that are or may be billed; \
             the next is possible in {after} s"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> MonoTime {
        MonoTime::new(Duration::from_secs(seconds))
    }

    #[test]
    fn a_window_that_ends_now_never_holds_more_than_the_limit() {
        let mut limit = BilledLimit::new(3, Duration::from_secs(10));
        let mut sent = alloc::vec::Vec::new();
        for now in 0..100 {
            if limit.wait(at(now)).is_none() {
                limit.record(at(now));
                sent.push(now);
            }
            let recent = sent.iter().filter(|sent| now < **sent + 10).count();
            assert_eq!(recent, usize::try_from(now + 1).unwrap().min(3), "{now}");
        }
        assert_eq!(sent[..5], [0, 1, 2, 10, 11]);
    }

    #[test]
    fn the_wait_ends_when_the_oldest_send_leaves_the_window() {
        let mut limit = BilledLimit::new(2, Duration::from_secs(10));
        limit.record(at(1));
        assert_eq!(limit.wait(at(4)), None);
        limit.record(at(4));
        assert_eq!(limit.wait(at(5)), Some(Duration::from_secs(6)));
        assert_eq!(limit.wait(at(11)), None);
        let mut forever = BilledLimit::new(1, Duration::MAX);
        forever.record(at(1));
        assert!(
            forever
                .wait(at(u64::MAX))
                .is_some_and(|wait| !wait.is_zero())
        );
        let mut none = BilledLimit::new(0, Duration::from_secs(10));
        assert_eq!(none.wait(at(1)), Some(Duration::MAX));
    }
}
