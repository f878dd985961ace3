//! The monotonic clock, the wall clock and the environment of a driver.

use core::time::Duration;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use cloudauth_proto::UnixTime;
use cloudauth_proto::driver::{MonoTime, Now};

/// 272 years: longer than any process runs, and small enough to add to an [`Instant`] on every system.
const MAX_SPAN: Duration = Duration::from_secs(1 << 33);

/// A clock for tests of applications: what a client waits for takes no time.
///
/// Backoffs and waits for the next poll or for a rate limit move the clock of the client instead, its wall
/// clock included; so does [`advance`](Self::advance), after which credentials have expired. Requests and
/// their timeouts take the time that they take. Clones share their time. A test runs one call at a time:
/// calls at the same time would move the clock for each other.
///
/// ```
/// use std::time::Duration;
/// # use cloudauth_net::{Options, TestClock};
///
/// let clock = TestClock::default();
/// let options = Options::new().test_clock(&clock);
/// clock.advance(Duration::from_secs(3_600));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TestClock(Arc<Mutex<Duration>>);

impl TestClock {
    /// Moves the clock.
    pub fn advance(&self, span: Duration) {
        let mut moved = self.lock();
        *moved = moved.saturating_add(span).min(MAX_SPAN);
    }

    /// By how much the clock was moved, by clients and by [`advance`](Self::advance).
    #[must_use]
    pub fn moved(&self) -> Duration {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The monotonic clock and the wall clock, read together.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Instant,
    test: Option<TestClock>,
}

impl Clock {
    /// Creates a clock whose monotonic time starts at zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn start() -> Self {
        let epoch = Instant::now();
        Self { epoch, test: None }
    }

    /// Lets a test move the clock.
    pub(crate) fn moved_by(mut self, test: TestClock) -> Self {
        self.test = Some(test);
        self
    }

    /// Moves a clock of a test to `time`. Returns false for any other clock, which a driver waits for.
    #[must_use]
    pub fn skip_to(&self, time: MonoTime) -> bool {
        let Some(test) = &self.test else {
            return false;
        };
        test.advance(time.saturating_since(self.now().mono));
        true
    }

    fn moved(&self) -> Duration {
        self.test.as_ref().map(TestClock::moved).unwrap_or_default()
    }

    /// Converts a monotonic time of this clock to an [`Instant`]. Times more than 272 years after the
    /// start are clamped.
    #[must_use]
    pub fn instant(&self, time: MonoTime) -> Instant {
        let span = time.saturating_since(MonoTime::new(self.moved()));
        self.epoch + span.min(MAX_SPAN)
    }

    /// Reads both clocks.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn now(&self) -> Now {
        let moved = self.moved();
        Now {
            mono: MonoTime::new(self.epoch.elapsed() + moved),
            unix: UnixTime::from(SystemTime::now() + moved),
        }
    }
}

/// An environment variable; bytes that are not text are replaced by U+FFFD.
pub(crate) fn lossy_var(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// Reads the bytes of an environment variable, which need not be Unicode.
pub(crate) fn bytes(name: &str) -> Option<Vec<u8>> {
    std::env::var_os(name).map(OsString::into_encoded_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_times_convert_to_instants_and_are_clamped() {
        let clock = Clock::start();
        let moment = clock.instant(clock.now().mono);
        assert!(moment >= clock.epoch && moment.elapsed() < Duration::from_secs(60));
        let second = MonoTime::new(Duration::from_secs(1));
        assert_eq!(clock.instant(second) - clock.epoch, Duration::from_secs(1));
        let last = clock.instant(MonoTime::new(Duration::MAX));
        assert!(last > moment + Duration::from_secs(1 << 32));
    }

    #[test]
    fn a_test_moves_both_clocks_and_no_other_clock_is_moved() {
        let test = TestClock::default();
        let clock = Clock::start().moved_by(test.clone());
        let before = clock.now();
        let hour = Duration::from_secs(3_600);
        test.advance(hour);
        assert!(clock.skip_to(before.mono + hour * 2));
        let after = clock.now();
        assert!(after.mono.saturating_since(before.mono) >= hour * 2);
        // The clocks are not read at exactly the same time.
        assert!(after.unix + Duration::from_secs(1) >= before.unix + hour * 2);
        // Timeouts of exchanges are real.
        let minute = Duration::from_secs(60);
        let deadline = clock.instant(after.mono + minute);
        assert!(deadline <= clock.epoch + minute * 2, "{:?}", test.moved());
        test.advance(Duration::MAX);
        assert!(!Clock::start().skip_to(before.mono + hour));
    }
}
