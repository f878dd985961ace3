//! The two clocks of a driver, and its environment and randomness: all that enters from outside.

use core::time::Duration;
use std::time::{Instant, SystemTime};

use cloudauth_proto::{MonoTime, Now};

/// More than any program runs, and less than is too much for the clocks of any system.
const CENTURIES: Duration = Duration::from_secs(1 << 33);

/// Reads both clocks together.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    epoch: Instant,
}

impl Clock {
    /// Clocks whose monotonic time begins now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn start() -> Self {
        let epoch = Instant::now();
        Self { epoch }
    }

    /// When that is on the system's clock. What lies centuries ahead is not told apart.
    #[must_use]
    pub fn instant(&self, time: MonoTime) -> Instant {
        let span = time.saturating_since(MonoTime::default());
        self.epoch + span.min(CENTURIES)
    }

    /// The time.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the driver's clock")]
    pub fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.epoch.elapsed()),
            unix: SystemTime::now().into(),
        }
    }
}

/// A variable of the environment; one that is not Unicode counts as not set.
#[expect(
    clippy::disallowed_methods,
    reason = "read once, when a client is built"
)]
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_found_again_on_the_system_s_clock_however_far_it_lies() {
        let clock = Clock::start();
        let moment = clock.instant(clock.now().mono);
        assert!(moment >= clock.epoch && moment.elapsed() < Duration::from_secs(60));
        let second = MonoTime::new(Duration::from_secs(1));
        assert_eq!(clock.instant(second) - clock.epoch, Duration::from_secs(1));
        let last = clock.instant(MonoTime::new(Duration::MAX));
        assert!(last > moment + Duration::from_secs(1 << 32));
    }
}
