//! The two clocks of a driver, and its environment and randomness: all that enters from outside.

use std::time::{Instant, SystemTime};

use cloudauth_proto::{MonoTime, Now};

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
