//! The monotonic clock, the wall clock and the environment of a driver.

use core::time::Duration;
use std::time::{Instant, SystemTime};

use cloudauth_proto::driver::{MonoTime, Now};

/// 272 years: longer than any process runs, and small enough to add to an [`Instant`] on every system.
const MAX_SPAN: Duration = Duration::from_secs(1 << 33);

/// The monotonic clock and the wall clock, read together.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// Creates a clock whose monotonic time starts at zero now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn start() -> Self {
        let epoch = Instant::now();
        Self { epoch }
    }

    /// Converts a monotonic time of this clock to an [`Instant`]. Times more than 272 years after the
    /// start are clamped.
    #[must_use]
    pub fn instant(&self, time: MonoTime) -> Instant {
        let span = time.saturating_since(MonoTime::default());
        self.epoch + span.min(MAX_SPAN)
    }

    /// Reads both clocks.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.epoch.elapsed()),
            unix: SystemTime::now().into(),
        }
    }
}

/// Reads an environment variable. A value that is not Unicode counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "read once, when a client is built"
)]
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// An environment variable; bytes that are not text are replaced by U+FFFD.
pub(crate) fn lossy_var(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
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
}
