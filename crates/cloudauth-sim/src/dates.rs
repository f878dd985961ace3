//! The two date formats on the wire, and the calendar behind them.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// The only form that the signatures document.
const TIMESTAMP: &[BorrowedFormatItem<'static>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// The length of a [`TIMESTAMP`].
const TIMESTAMP_BYTES: usize = "yyyy-MM-ddTHH:mm:ssZ".len();

const IMF_FIXDATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// 9999-12-31T23:59:59Z: neither format has room for a later year.
const LATEST: i64 = 253_402_300_799;

/// Parses `yyyy-MM-ddTHH:mm:ssZ` into seconds since 1970; `None` for any other form, for a date that
/// does not exist and for one before 1970.
pub(crate) fn parse_timestamp(text: &str) -> Option<u64> {
    // The parser takes a sign before the year.
    if text.len() != TIMESTAMP_BYTES || !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let parsed = PrimitiveDateTime::parse(text, TIMESTAMP).ok()?;
    u64::try_from(parsed.assume_utc().unix_timestamp()).ok()
}

/// Formats seconds since 1970 as `yyyy-MM-ddTHH:mm:ssZ`.
pub(crate) fn timestamp(unix: u64) -> String {
    date_time(unix).format(TIMESTAMP).unwrap_or_default()
}

/// The day as `yyyy-MM-dd`.
pub(crate) fn day(unix: u64) -> String {
    let mut text = timestamp(unix);
    text.truncate("yyyy-MM-dd".len());
    text
}

/// The value of a `Date` header (IMF-fixdate).
pub(crate) fn http_date(unix: u64) -> String {
    date_time(unix).format(IMF_FIXDATE).unwrap_or_default()
}

/// The moment, or the [`LATEST`] that can be formatted.
fn date_time(unix: u64) -> OffsetDateTime {
    let unix = i64::try_from(unix).map_or(LATEST, |unix| unix.min(LATEST));
    OffsetDateTime::from_unix_timestamp(unix).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_parsed_to_the_second() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_timestamp("2023-10-26T10:22:32Z"), Some(1_698_315_752));
        assert_eq!(parse_timestamp("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(parse_timestamp("2100-03-01T00:00:00Z"), Some(4_107_542_400));
        assert_eq!(
            parse_timestamp("9999-12-31T23:59:59Z"),
            Some(LATEST.unsigned_abs())
        );
    }

    #[test]
    fn formatted_timestamps_are_parsed_again() {
        for unix in [0, 951_782_400, 1_698_315_752, 1_735_689_599, 4_107_542_400] {
            assert_eq!(parse_timestamp(&timestamp(unix)), Some(unix));
        }
        assert_eq!(timestamp(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(day(951_782_400), "2000-02-29");
        assert_eq!(timestamp(u64::MAX), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "yesterday",
            // Separators and their case.
            "2023-10-26 10:22:32Z",
            "2023-10-26t10:22:32Z",
            "2023-10-26T10:22:32z",
            "2023/10/26T10:22:32Z",
            "20231026T102232Z",
            // The offset.
            "2023-10-26T10:22:32",
            "2023-10-26T10:22:32+08:00",
            "2023-10-26T10:22:32+00:00",
            "2023-10-26T10:22+0000",
            // Leading zeros.
            "2023-1-26T10:22:32Z",
            "2023-10-6T10:22:32Z",
            "2023-10-26T1:22:32Z",
            "2023-10-26T10:2:32Z",
            "2023-10-26T10:22:3Z",
            "2023-10-6T10:22:032Z",
            "2023-10-26T010:2:32Z",
            // Fractions.
            "2023-10-26T10:22:32.1Z",
            "2023-10-26T10:22.32Z",
            "2023-1-26T10:22:32.1Z",
            // More bytes.
            "2023-10-26T10:22:32Z ",
            " 2023-10-26T10:22:32Z",
            "2023-10-26T10:22:32Z\n",
            "2023-10-26T10:22:32ZZ",
            "2023-10-26T10:22:32Z\0",
            // Signs, spaces and digits that are not ASCII.
            "+023-10-26T10:22:32Z",
            "-023-10-26T10:22:32Z",
            "+2023-10-26T10:22:3Z",
            "-2023-10-26T10:22:3Z",
            " 023-10-26T10:22:32Z",
            "2023-10-26T10:22:+2Z",
            "2023-10- 6T10:22:32Z",
            "２０２３-1-1T1:1:1Z",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn dates_and_times_that_do_not_exist_are_refused() {
        for text in [
            "2023-02-31T10:22:32Z",
            "2023-02-29T10:22:32Z",
            "2100-02-29T10:22:32Z",
            "2023-04-31T10:22:32Z",
            "2023-10-00T10:22:32Z",
            "2023-10-32T10:22:32Z",
            "2023-00-26T10:22:32Z",
            "2023-13-26T10:22:32Z",
            "2023-10-26T24:00:00Z",
            "2023-10-26T10:60:00Z",
            "2023-10-26T10:22:60Z",
            // The leap second at the end of 2016.
            "2016-12-31T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_header_is_an_imf_fixdate() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }
}
