//! The two date formats of the wire.

use core::time::Duration;
use std::time::UNIX_EPOCH;

/// Reads `yyyy-MM-ddTHH:mm:ssZ`, the only form that the signature documents, into seconds since 1970.
pub(crate) fn parse_timestamp(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let shape = bytes.len() == 20
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => *byte == b'T',
            13 | 16 => *byte == b':',
            19 => *byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    if !shape {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if day < 1 || day > days_of_month(year, month) {
        return None;
    }
    let whole_years: u64 = (1970..year)
        .map(|y| if is_leap(y) { 366 } else { 365 })
        .sum();
    let whole_months: u64 = (1..month).map(|m| days_of_month(year, m)).sum();
    let days = whole_years + whole_months + day - 1;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// The same form, written.
pub(crate) fn timestamp(unix: u64) -> String {
    let mut days = unix / 86_400;
    let mut year = 1970;
    while days >= if is_leap(year) { 366 } else { 365 } {
        days -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let mut month = 1;
    while days >= days_of_month(year, month) {
        days -= days_of_month(year, month);
        month += 1;
    }
    let (day, of_day) = (days + 1, unix % 86_400);
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A `Date` header (IMF-fixdate).
pub(crate) fn http_date(unix: u64) -> String {
    // The formatter stops at the year 9999.
    let unix = unix.min(253_402_300_799);
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(unix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_read_to_the_second() {
        assert_eq!(parse_timestamp("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse_timestamp("2023-10-26T10:22:32Z"), Some(1_698_315_752));
        assert_eq!(parse_timestamp("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(parse_timestamp("2100-03-01T00:00:00Z"), Some(4_107_542_400));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for unix in [0, 951_782_400, 1_698_315_752, 1_735_689_599, 4_107_542_400] {
            assert_eq!(parse_timestamp(&timestamp(unix)), Some(unix));
        }
    }

    #[test]
    fn other_shapes_and_impossible_dates_are_not_timestamps() {
        for text in [
            "",
            "2023-10-26 10:22:32Z",
            "2023-10-26T10:22:32",
            "2023-10-26T10:22:32+08:00",
            "2023-10-26T10:22:32.1Z",
            "2023-13-26T10:22:32Z",
            "2023-02-29T10:22:32Z",
            "2023-10-00T10:22:32Z",
            "2023-10-26T24:22:32Z",
            "+023-10-26T10:22:32Z",
            "1969-12-31T23:59:59Z",
            "２０２３-1-1T1:1:1Z",
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
