//! Simulated time.

use core::time::Duration;

use cloudauth_proto::UnixTime;
use cloudauth_proto::driver::{MonoTime, Now};

/// The service's time at the start of a simulation, 2027-01-15T08:00:00Z, in seconds since 1970.
const START: u64 = 1_800_000_000;

/// The clocks of the service and of the client. Time advances from event to event only.
#[derive(Debug, Default)]
pub(super) struct SimulatedClock {
    elapsed: Duration,
    client_ahead: i64,
}

impl SimulatedClock {
    /// Time since the start of the simulation.
    pub(super) const fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Advances to `at`. Never goes back.
    pub(super) fn advance_to(&mut self, at: Duration) {
        self.elapsed = self.elapsed.max(at);
    }

    /// Sets the client's clock ahead of the service's, or behind it, in seconds.
    pub(super) const fn set_client_ahead(&mut self, seconds: i64) {
        self.client_ahead = seconds;
    }

    /// The service's time, in seconds since 1970.
    pub(super) const fn service_time(&self) -> u64 {
        START + self.elapsed.as_secs()
    }

    /// The client's time.
    pub(super) fn client_now(&self) -> Now {
        let unix = self.service_time().saturating_add_signed(self.client_ahead);
        Now {
            mono: MonoTime::new(self.elapsed),
            unix: UnixTime::from_seconds(unix),
        }
    }
}
