//! Simulated time.

use core::time::Duration;

use cloudauth_proto::UnixTime;
use cloudauth_proto::driver::{MonoTime, Now};

/// The service's time at the start of a simulation, 2027-01-15T08:00:00Z, in seconds since 1970.
const START: u64 = 1_800_000_000;

/// A time in which the client's process does not run. What is due meanwhile happens at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers set when, how long, and which of two kinds"
)]
pub struct Halt {
    /// Its start, since the start of the simulation.
    pub at: Duration,
    /// Its length.
    pub length: Duration,
    /// Whether the client's host is suspended: its monotonic clock stands still.
    pub is_suspend: bool,
}

impl Halt {
    /// When the process runs again.
    pub(super) fn end(self) -> Duration {
        self.at + self.length
    }

    /// The part of it before `time`.
    pub(super) fn before(self, time: Duration) -> Duration {
        time.saturating_sub(self.at).min(self.length)
    }
}

/// The clocks of the service and of the client. Time advances from event to event only.
#[derive(Debug, Default)]
pub(super) struct SimulatedClock {
    elapsed: Duration,
    /// Settings of the client's wall clock, by time.
    settings: Vec<(Duration, i64)>,
    halts: Vec<Halt>,
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

    /// Sets the client's clock ahead of the service's, or behind it, in seconds, from `at` on.
    pub(super) fn set_client_ahead(&mut self, at: Duration, seconds: i64) {
        let later = self.settings.partition_point(|(other, _)| *other <= at);
        self.settings.insert(later, (at, seconds));
    }

    pub(super) fn halt(&mut self, halt: Halt) {
        self.halts.push(halt);
    }

    /// When the client's process runs again, if it does not run now.
    pub(super) fn halted_until(&self) -> Option<Duration> {
        let halted = self.halts.iter();
        let halted = halted.filter(|it| it.at <= self.elapsed && self.elapsed < it.end());
        halted.map(|it| it.end()).max()
    }

    /// The service's time, in seconds since 1970.
    pub(super) const fn service_time(&self) -> u64 {
        START + self.elapsed.as_secs()
    }

    fn suspended(&self) -> Duration {
        let halts = self.halts.iter().filter(|it| it.is_suspend);
        halts.map(|it| it.before(self.elapsed)).sum()
    }

    /// The client's time.
    pub(super) fn client_now(&self) -> Now {
        let settings = self.settings.iter().rev();
        let mut settings = settings.filter(|(at, _)| *at <= self.elapsed);
        let ahead = settings.next().map_or(0, |(_, ahead)| *ahead);
        let unix = self.service_time().saturating_add_signed(ahead);
        Now {
            mono: MonoTime::new(self.elapsed.saturating_sub(self.suspended())),
            unix: UnixTime::from_seconds(unix),
        }
    }

    /// When the client's monotonic clock shows this time, unless the host is suspended until then.
    pub(super) fn when(&self, mono: MonoTime) -> Duration {
        mono.saturating_since(MonoTime::default())
            .saturating_add(self.suspended())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monotonic_clock_stands_still_while_the_machine_is_suspended() {
        let second = Duration::from_secs(1);
        let mut clock = SimulatedClock::default();
        for (at, is_suspend) in [(10, true), (30, false)] {
            clock.halt(Halt {
                at: at * second,
                length: 5 * second,
                is_suspend,
            });
        }
        let mut shown = |at| {
            clock.advance_to(at * second);
            let now = clock.client_now();
            let mono = clock.when(now.mono);
            assert_eq!(mono, at * second, "no suspend is ahead");
            let mono = now.mono.saturating_since(MonoTime::default());
            (mono.as_secs(), now.unix.seconds() - START)
        };
        assert_eq!(shown(10), (10, 10));
        assert_eq!(shown(12), (10, 12));
        assert_eq!(shown(20), (15, 20));
        assert_eq!(shown(40), (35, 40));
    }

    #[test]
    fn the_last_setting_of_the_wall_clock_applies() {
        let second = Duration::from_secs(1);
        let mut clock = SimulatedClock::default();
        clock.set_client_ahead(5 * second, 3_600);
        clock.set_client_ahead(Duration::ZERO, -30);
        assert_eq!(clock.client_now().unix.seconds(), START - 30);
        clock.advance_to(5 * second);
        assert_eq!(clock.client_now().unix.seconds(), START + 3_605);
    }
}
