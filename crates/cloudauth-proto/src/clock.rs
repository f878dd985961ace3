//! The two clocks, as values: the core is told the time and never asks for it.

use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use crate::wire::date::days_since_1970;

/// A point on a clock that only moves forward, counted from an epoch that the driver chose.
///
/// Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoTime(Duration);

impl MonoTime {
    /// The point `since_epoch` after the driver's epoch.
    #[must_use]
    pub const fn new(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// How far `self` lies after `earlier`; zero if it lies before.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl core::ops::Add<Duration> for MonoTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }
}

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// Displays as the service wants it: `2019-03-07T12:00:00Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment `seconds` after the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Reads `2019-03-07T12:00:00Z`, with or without a fraction of a second.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let number = |text: &str, digits: usize| -> Option<u64> {
            let is_plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
            if is_plain { text.parse().ok() } else { None }
        };
        number(fraction, fraction.len().max(1))?;
        let mut date = date.split('-');
        let (year, month) = (number(date.next()?, 4)?, number(date.next()?, 2)?);
        let day = number(date.next()?, 2)?;
        let mut time = time.split(':');
        let (hour, minute) = (number(time.next()?, 2)?, number(time.next()?, 2)?);
        let second = number(time.next()?, 2)?;
        let fits = year >= 1970
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !fits || date.next().is_some() || time.next().is_some() {
            return None;
        }
        let month = usize::try_from(month - 1).ok()?;
        let days = days_since_1970(year, month, day);
        Some(Self(days * 86_400 + hour * 3_600 + minute * 60 + second))
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for UnixTime {
    /// A time before 1970 becomes 1970.
    fn from(time: std::time::SystemTime) -> Self {
        Self(
            time.duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        )
    }
}

impl UnixTime {
    /// As it is displayed.
    pub(crate) fn text(self) -> String {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let (year, month, day) = civil(days);
        let mut text = String::with_capacity(20);
        if year > 9_999 {
            text = year.to_string();
        } else {
            text.push_str(two_digits(year / 100));
            text.push_str(two_digits(year % 100));
        }
        let rest = [month, day, second / 3_600, second / 60 % 60, second % 60];
        for (before, number) in ["-", "-", "T", ":", ":"].into_iter().zip(rest) {
            text.push_str(before);
            text.push_str(two_digits(number));
        }
        text.push('Z');
        text
    }
}

/// Of a number below 100.
fn two_digits(number: u64) -> &'static str {
    const PAIRS: &str = "00010203040506070809101112131415161718192021222324252627282930313233343536373839\
        4041424344454647484950515253545556575859606162636465666768697071727374757677787980818283848586\
        87888990919293949596979899";
    let at = usize::try_from(2 * number).ok();
    at.and_then(|at| PAIRS.get(at..at + 2)).unwrap_or_default()
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// Days since 1970-01-01 as a date of the Gregorian calendar.
///
/// Counts from 0000-03-01, so that the leap day ends a year, in eras of 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// Both clocks, read at the same moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a driver makes one from its two clocks"
)]
pub struct Now {
    /// For time-outs and waiting.
    pub mono: MonoTime,
    /// For the time stamp in signatures.
    pub unix: UnixTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_calendar_has_them() {
        for (seconds, written) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_456_231_584, "2016-02-23T12:46:24Z"),
            (1_698_315_752, "2023-10-26T10:22:32Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_735_689_600, "2025-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_800, "10000-01-01T00:00:00Z"),
        ] {
            assert_eq!(UnixTime::from_seconds(seconds).to_string(), written);
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for seconds in [0, 951_782_400, 1_735_689_599, 4_107_542_400] {
            let time = UnixTime::from_seconds(seconds);
            assert_eq!(UnixTime::parse(&time.to_string()), Some(time));
        }
        let with_millis = UnixTime::parse("2023-10-26T10:22:32.123Z");
        assert_eq!(with_millis, Some(UnixTime::from_seconds(1_698_315_752)));
        for text in [
            "",
            "2023-10-26T10:22:32",
            "2023-10-26T10:22:32.Z",
            "2023-10-26T10:22:32+08:00",
            "2023-13-26T10:22:32Z",
            "2023-1-26T10:22:32Z",
            "2023-10-26-01T10:22:32Z",
            "2023-10-26T10:22:32:00Z",
            "1969-10-26T10:22:32Z",
            "\u{661}023-10-26T10:22:32Z",
        ] {
            assert_eq!(UnixTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn monotonic_arithmetic_saturates() {
        let start = MonoTime::new(Duration::from_secs(5));
        assert_eq!(
            start.saturating_since(start + Duration::from_secs(1)),
            Duration::ZERO
        );
        assert_eq!(start + Duration::MAX, MonoTime::new(Duration::MAX));
    }
}
