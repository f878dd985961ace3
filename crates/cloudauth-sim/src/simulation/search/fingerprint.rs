//! A hash of everything that decides what can still happen.
//!
//! The core has no code for it: `Debug` shows all of the state of its sessions and calls, except secrets
//! and randomness. Times count from now, IDs are numbered in the order in which they appear, and
//! nonces, counters and the times of ended attempts are left out: none of them decides anything.

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::collections::hash_map::DefaultHasher;

use cloudauth_proto::driver::Now;

/// What lies further back than this, in seconds, no longer matters.
const OLD: i64 = 130;
const NANOS: i64 = 1_000_000_000;

pub(super) struct StateHash {
    hasher: DefaultHasher,
    now: Duration,
    unix: i64,
    ids: Vec<(Kind, u64)>,
}

/// Values in the output of `Debug` that are not taken as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    MonoTime,
    UnixTime,
    Nonce,
    Exchange,
    Refresh,
    Counter,
}

impl StateHash {
    /// `elapsed` is the monotonic part of `now`.
    pub(super) fn new(now: Now, elapsed: Duration) -> Self {
        Self {
            hasher: DefaultHasher::new(),
            now: elapsed,
            unix: i64::try_from(now.unix.seconds()).unwrap_or(i64::MAX),
            ids: Vec::new(),
        }
    }

    pub(super) fn finish(&self) -> u64 {
        self.hasher.finish()
    }

    /// Adds a value that has no times and IDs.
    pub(super) fn add(&mut self, value: impl Hash) {
        value.hash(&mut self.hasher);
    }

    /// Adds a time.
    pub(super) fn add_time(&mut self, time: Duration) {
        self.add(self.relative(time));
    }

    /// Adds the output of `Debug`.
    pub(super) fn add_debug(&mut self, text: &str) {
        let mut from = 0;
        let mut at = 0;
        let mut attempt_times = 0;
        while let Some(found) = text[at..].find(['(', ':', '{']) {
            let end_of_name = at + found;
            at = end_of_name + 1;
            let (name, rest) = (&text[from..end_of_name], &text[at..]);
            if rest.starts_with(' ') && name.ends_with(" Attempt ") || name.ends_with("[Attempt ") {
                attempt_times = 2;
                continue;
            }
            let Some(kind) = Kind::of(name, rest) else {
                continue;
            };
            let length = rest.find([')', ',', '}']).unwrap_or(rest.len());
            self.hasher.write(name.as_bytes());
            let is_dropped = kind == Kind::MonoTime && attempt_times > 0;
            if is_dropped {
                attempt_times -= 1;
            } else {
                self.add_value(kind, rest[..length].trim());
            }
            at += length;
            from = at;
        }
        self.hasher.write(&text.as_bytes()[from..]);
    }

    fn add_value(&mut self, kind: Kind, value: &str) {
        match kind {
            Kind::Nonce | Kind::Counter => {}
            Kind::MonoTime => self.add_time(duration(value)),
            Kind::UnixTime => {
                let seconds: i64 = value.parse().unwrap_or(i64::MAX);
                self.add((seconds - self.unix).max(-OLD));
            }
            Kind::Exchange | Kind::Refresh => {
                let id = (kind, value.parse().unwrap_or(u64::MAX));
                let known = self.ids.iter().position(|known| *known == id);
                let position = known.unwrap_or_else(|| {
                    self.ids.push(id);
                    self.ids.len() - 1
                });
                self.add(position);
            }
        }
    }

    fn relative(&self, time: Duration) -> i64 {
        let nanos = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
        nanos(time)
            .saturating_sub(nanos(self.now))
            .max(-OLD * NANOS)
    }
}

impl Kind {
    /// The kind of value that begins after this name and a parenthesis or a colon.
    fn of(name: &str, rest: &str) -> Option<Self> {
        const NAMES: [(&str, Kind); 5] = [
            ("MonoTime", Kind::MonoTime),
            ("UnixTime", Kind::UnixTime),
            ("Nonce", Kind::Nonce),
            ("ExchangeId", Kind::Exchange),
            ("RefreshId", Kind::Refresh),
        ];
        const COUNTERS: [&str; 2] = [" exchanges", " refreshes"];
        let named = NAMES.iter().find(|(suffix, _)| name.ends_with(suffix));
        let is_counter = COUNTERS.iter().any(|counter| name.ends_with(counter))
            && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let counter = is_counter.then_some(Self::Counter);
        named.map(|(_, kind)| *kind).or(counter)
    }
}

/// A [`Duration`] as `Debug` writes it.
fn duration(text: &str) -> Duration {
    let is_unit = |c: char| c.is_alphabetic() || c == 'µ';
    let (number, unit) = text.split_at(text.find(is_unit).unwrap_or(text.len()));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = match unit {
        "s" => 9,
        "ms" => 6,
        "µs" => 3,
        _ => 0,
    };
    let nanos = format!("{whole}{fraction:0<digits$}");
    Duration::from_nanos(nanos.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use cloudauth_proto::UnixTime;
    use cloudauth_proto::driver::MonoTime;

    use super::*;

    fn hash(text: &str, seconds: u64) -> u64 {
        let elapsed = Duration::from_secs(seconds);
        let now = Now {
            mono: MonoTime::new(elapsed),
            unix: UnixTime::from_seconds(seconds),
        };
        let mut fingerprint = StateHash::new(now, elapsed);
        fingerprint.add_debug(text);
        fingerprint.finish()
    }

    #[test]
    fn durations_are_read_as_debug_writes_them() {
        for nanos in [0, 1, 1_500, 333_333_333, 1_000_000_007, 150_000_000_000] {
            let span = Duration::from_nanos(nanos);
            assert_eq!(duration(&format!("{span:?}")), span);
        }
    }

    #[test]
    fn what_differs_only_in_the_time_of_day_and_in_names_is_the_same() {
        let early =
            r"S { until: MonoTime(12s), probe: ExchangeId(3), at: UnixTime(11), exchanges: 4 }";
        let late =
            r"S { until: MonoTime(22s), probe: ExchangeId(9), at: UnixTime(21), exchanges: 10 }";
        assert_eq!(hash(early, 10), hash(late, 20));
        assert_ne!(hash(early, 10), hash(late, 21));
    }

    #[test]
    fn ids_count_by_what_has_the_same() {
        let same = "[ExchangeId(3), ExchangeId(3)]";
        let other = "[ExchangeId(3), ExchangeId(4)]";
        assert_ne!(hash(same, 0), hash(other, 0));
    }

    #[test]
    fn attempts_count_by_their_outcome_and_not_by_their_time() {
        let attempt = |ended, outcome| {
            format!(
                "[Attempt {{ endpoint: E, started: MonoTime(1s), ended: MonoTime({ended}s), outcome: {outcome} }}], MonoTime(3s)"
            )
        };
        assert_eq!(hash(&attempt(2, "A"), 9), hash(&attempt(3, "A"), 9));
        assert_ne!(hash(&attempt(2, "A"), 9), hash(&attempt(2, "B"), 9));
        assert_ne!(hash(&attempt(2, "A"), 9), hash(&attempt(2, "A"), 10));
    }
}
