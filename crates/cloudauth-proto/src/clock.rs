//! Points in time as values: the core never reads a clock.

use alloc::string::String;
use core::fmt;
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::SystemTime;

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point on a monotonic clock, counted from an epoch that the driver chooses. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoTime(Duration);

impl MonoTime {
    /// The point `since_epoch` after the driver's epoch.
    #[must_use]
    pub const fn new(since_epoch: Duration) -> Self {
        Self(since_epoch)
    }

    /// The span from `earlier` to `self`; zero if `earlier` lies after `self`.
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

/// Whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// `Display` writes it in the form that the service requires: `2019-03-07T12:00:00Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The time `seconds` after the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The system's time. The core itself never reads it; this is for applications.
    #[cfg(feature = "std")]
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is what the caller wants")]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// The span from `earlier` to `self`; zero if `earlier` lies after `self`.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// Reads `2019-03-07T12:00:00Z`, with or without a fraction of a second, which is dropped.
    ///
    /// RFC 3339 has more forms (lower case, other offsets), which neither STS nor the metadata service
    /// sends: they are refused.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (moment, fraction) = text.strip_suffix('Z')?.split_at_checked(19)?;
        let is_fraction = |text: &str| {
            let digits = text.strip_prefix('.');
            digits.is_some_and(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
        };
        let form = moment.bytes().zip(*b"dddd-dd-ddTdd:dd:dd");
        let has_form = form.into_iter().all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => byte == form,
        });
        if !has_form || !(fraction.is_empty() || is_fraction(fraction)) {
            return None;
        }
        Self::of(OffsetDateTime::parse(text, &Rfc3339).ok()?)
    }

    /// The second of this moment, unless it lies before 1970.
    pub(crate) fn of(moment: OffsetDateTime) -> Option<Self> {
        u64::try_from(moment.unix_timestamp()).ok().map(Self)
    }
}

impl core::ops::Add<Duration> for UnixTime {
    type Output = Self;

    /// Adds the whole seconds of a span. Saturates.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }
}

impl core::ops::Sub<Duration> for UnixTime {
    type Output = Self;

    /// Subtracts the whole seconds of a span; not beyond 1970.
    fn sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span.as_secs()))
    }
}

/// From `2019-03-07T12:00:00Z`, with or without a fraction of a second, which is dropped.
impl core::str::FromStr for UnixTime {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        Self::parse(text).ok_or(InvalidTime)
    }
}

/// Error for a string that is not a time such as `2019-03-07T12:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTime;

impl fmt::Display for InvalidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a time such as 2019-03-07T12:00:00Z")
    }
}

impl core::error::Error for InvalidTime {}

/// As a number: the seconds.
impl serde::Serialize for UnixTime {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(Self)
    }
}

#[cfg(feature = "std")]
impl From<SystemTime> for UnixTime {
    /// A time before 1970 becomes 1970.
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        Self(since.map_or(0, |since| since.as_secs()))
    }
}

#[cfg(feature = "std")]
impl From<UnixTime> for SystemTime {
    /// A time that the system cannot represent becomes 1970.
    fn from(time: UnixTime) -> Self {
        let since = Duration::from_secs(time.0);
        Self::UNIX_EPOCH
            .checked_add(since)
            .unwrap_or(Self::UNIX_EPOCH)
    }
}

impl From<OffsetDateTime> for UnixTime {
    /// A time before 1970 becomes 1970.
    fn from(moment: OffsetDateTime) -> Self {
        Self::of(moment).unwrap_or_default()
    }
}

impl TryFrom<UnixTime> for OffsetDateTime {
    type Error = time::error::ComponentRange;

    /// Fails for times after the year 9999.
    fn try_from(time: UnixTime) -> Result<Self, Self::Error> {
        Self::from_unix_timestamp(i64::try_from(time.0).unwrap_or(i64::MAX))
    }
}

impl UnixTime {
    /// The time as it is displayed. Whatever lies after the year 9999 is written as its last second.
    pub(crate) fn text(self) -> String {
        const LAST: u64 = 253_402_300_799;
        let seconds = i64::try_from(self.0.min(LAST)).unwrap_or(0);
        let moment = OffsetDateTime::from_unix_timestamp(seconds);
        let moment = moment.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let year = moment.year().unsigned_abs();
        let mut text = String::with_capacity(20);
        text.push_str(two_digits(year / 100));
        text.push_str(two_digits(year % 100));
        let (hour, minute, second) = moment.to_hms();
        let rest = [u8::from(moment.month()), moment.day(), hour, minute, second];
        for (before, number) in ["-", "-", "T", ":", ":"].into_iter().zip(rest) {
            text.push_str(before);
            text.push_str(two_digits(number.into()));
        }
        text.push('Z');
        text
    }
}

/// The two digits of a number below 100.
fn two_digits(number: u32) -> &'static str {
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

/// A reading of both clocks, taken at the same moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a driver constructs it from its two clocks"
)]
pub struct Now {
    /// The monotonic clock, for time-outs and waiting.
    pub mono: MonoTime,
    /// The wall clock, for time stamps in signatures.
    pub unix: UnixTime,
}

impl Now {
    /// The longer of the spans since an earlier reading by the two clocks: a monotonic clock may stand still
    /// while the machine is suspended, and a wall clock may be stepped back.
    pub(crate) fn longest_since(self, earlier: Self) -> Duration {
        let by_wall_clock = self.unix.seconds().saturating_sub(earlier.unix.seconds());
        // The second of the earlier reading may have been nearly over.
        let by_wall_clock = Duration::from_secs(by_wall_clock.saturating_sub(1));
        let by_monotonic_clock = self.mono.saturating_since(earlier.mono);
        by_wall_clock.max(by_monotonic_clock)
    }
}

/// A span in seconds with three decimals. The formatting of floats would add 15 kB to a module for wasm.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = self.0.saturating_add(Duration::from_micros(500));
        write!(f, "{}.{:03}", rounded.as_secs(), rounded.subsec_millis())
    }
}

/// The latest monotonic time that a flow has seen. A clock that goes backwards counts as standing still.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LatestTime(MonoTime);

impl LatestTime {
    pub(crate) fn new(time: MonoTime) -> Self {
        Self(time)
    }

    /// Replaces a monotonic time before the latest one by the latest one.
    pub(crate) fn clamp(&mut self, now: Now) -> Now {
        self.0 = self.0.max(now.mono);
        Now {
            mono: self.0,
            ..now
        }
    }

    pub(crate) fn get(self) -> MonoTime {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::random::{config, damaged};

    #[test]
    fn times_are_written_by_the_calendar() {
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
            (253_402_300_799, "9999-12-31T23:59:59Z"),
            (253_402_300_800, "9999-12-31T23:59:59Z"),
            (u64::MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixTime::from_seconds(seconds).to_string(), written);
        }
    }

    #[test]
    fn other_forms_of_times_are_refused() {
        let with_millis = UnixTime::parse("2023-10-26T10:22:32.123Z");
        assert_eq!(with_millis, Some(UnixTime::from_seconds(1_698_315_752)));
        let leap_second = UnixTime::parse("2016-12-31T23:59:60Z");
        assert_eq!(leap_second, UnixTime::parse("2016-12-31T23:59:59Z"));
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
            "2023-02-31T10:22:32Z",
            "2023-02-29T10:22:32Z",
            "2023-04-31T10:22:32Z",
            "2023-00-26T10:22:32Z",
            "2023-10-00T10:22:32Z",
            "2023-10-26T24:00:00Z",
            "2023-10-26T10:60:00Z",
            "2023-10-26T10:22:61Z",
            "2023-10-26t10:22:32Z",
            "2023-10-26T10:22:32z",
            "2023-10-26 10:22:32Z",
            "2023-10-26T10:22:32+00:00Z",
            "2023-10-26T10:22Z",
            "+2023-10-26T10:22:32Z",
            "2023-10-26T10:22:32.1.2Z",
        ] {
            assert_eq!(UnixTime::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn arithmetic_of_seconds_saturates() {
        let (start, second) = (UnixTime::from_seconds(5), Duration::from_secs(1));
        assert_eq!(start + second, UnixTime::from_seconds(6));
        assert_eq!(start - second * 6, UnixTime::default());
        assert_eq!(start + Duration::MAX, UnixTime::from_seconds(u64::MAX));
        assert_eq!((start + second).saturating_since(start), second);
        assert_eq!(start.saturating_since(start + second), Duration::ZERO);
    }

    #[test]
    fn times_convert_to_those_of_time_and_serde_and_back() {
        let time = UnixTime::from_seconds(1_698_315_752);
        let moment = OffsetDateTime::try_from(time).unwrap();
        assert_eq!(UnixTime::from(moment), time);
        assert_eq!(
            UnixTime::from(OffsetDateTime::UNIX_EPOCH - Duration::from_secs(1)),
            UnixTime::default()
        );
        assert!(OffsetDateTime::try_from(UnixTime::from_seconds(u64::MAX)).is_err());
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("yesterday".parse::<UnixTime>(), Err(InvalidTime));
        assert_eq!(serde_json::to_string(&time).unwrap(), "1698315752");
        assert_eq!(
            serde_json::from_str::<UnixTime>("1698315752").unwrap(),
            time
        );
    }

    #[cfg(feature = "std")]
    #[test]
    fn times_convert_to_system_times_and_back() {
        let time = UnixTime::from_seconds(1_698_315_752);
        assert_eq!(UnixTime::from(SystemTime::from(time)), time);
        assert!(UnixTime::now() > time);
        let last = SystemTime::from(UnixTime::from_seconds(u64::MAX));
        assert_eq!(last, SystemTime::UNIX_EPOCH);
    }

    #[test]
    fn spans_are_written_in_seconds_with_three_decimals() {
        for (nanoseconds, written) in [
            (0, "0.000"),
            (499_999, "0.000"),
            (500_000, "0.001"),
            (1_500_000_000, "1.500"),
            (59_999_999_999, "60.000"),
        ] {
            let span = Duration::from_nanos(nanoseconds);
            assert_eq!(Seconds(span).to_string(), written);
        }
        assert!(!Seconds(Duration::MAX).to_string().is_empty());
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

    /// The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;

    /// A time with or without a fraction of a second.
    fn written() -> impl Strategy<Value = String> {
        (0..=LAST, "(\\.[0-9]{1,9})?").prop_map(|(seconds, fraction)| {
            let text = UnixTime::from_seconds(seconds).to_string();
            text.replace('Z', &fraction) + "Z"
        })
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn every_second_is_read_as_it_was_written(seconds in 0..=LAST, fraction in "(\\.[0-9]{1,12})?") {
            let time = UnixTime::from_seconds(seconds);
            let text = time.to_string();
            prop_assert_eq!(UnixTime::parse(&text), Some(time));
            let with_fraction = text.replace('Z', &fraction) + "Z";
            prop_assert_eq!(UnixTime::parse(&with_fraction), Some(time));
        }

        #[test]
        fn a_damaged_time_is_refused_or_has_the_meaning_of_its_text(
            text in damaged(written(), 2, "[0-9TZtz:.+-]{0,2}|.?"),
        ) {
            if let Some(time) = UnixTime::parse(&text) {
                // Times are written without a fraction and without leap seconds.
                let without_fraction = text.split(['.', 'Z']).next().unwrap_or_default();
                let expected = without_fraction.replace("23:59:60", "23:59:59") + "Z";
                prop_assert_eq!(time.to_string(), expected);
            }
        }
    }
}
