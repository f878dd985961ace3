//! The `Date` header.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock::UnixTime;

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send (RFC 9110).
///
/// RFC 2822 has more forms (comments, other zones, days of one digit), which are refused.
pub(crate) fn parse(text: &str) -> Option<UnixTime> {
    const FORM: &[u8; 29] = b"www, dd mmm dddd dd:dd:dd GMT";
    let has_form = |(byte, form): (u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b'w' | b'm' => byte.is_ascii_alphabetic(),
        _ => byte == *form,
    };
    if text.len() != FORM.len() || !text.bytes().zip(FORM).all(has_form) {
        return None;
    }
    UnixTime::of(OffsetDateTime::parse(text, &Rfc2822).ok()?)
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned;
    use alloc::format;
    use alloc::string::String;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::random::{config, damaged};

    #[test]
    fn dates_are_read_by_the_calendar() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
            ("Tue, 24 Nov 2026 09:13:02 GMT", 1_795_511_582),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ] {
            assert_eq!(parse(text), Some(UnixTime::from_seconds(seconds)), "{text}");
        }
    }

    #[test]
    fn other_forms_of_dates_are_refused() {
        for text in [
            "",
            "now",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37:01 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 +8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "Thu, 31 Feb 2019 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 gmt",
            "Sun, 06 Nov 1994 08:49:37 EST",
            "Sun, 06 Nov (1994) 8:49:37 GMT",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    /// The last second of the year 9999.
    const LAST: i64 = 253_402_300_799;

    /// The date of a second, in the form that servers send.
    fn written(seconds: i64) -> String {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let (weekday, month) = (
            format!("{}", moment.weekday()),
            format!("{}", moment.month()),
        );
        let (hour, minute, second) = moment.to_hms();
        format!(
            "{}, {:02} {} {:04} {hour:02}:{minute:02}:{second:02} GMT",
            &weekday[..3],
            moment.day(),
            &month[..3],
            moment.year(),
        )
    }

    /// A date in one of the other forms of RFC 2822.
    fn other_form() -> impl Strategy<Value = String> {
        let zone = select(&["EST", "UT", "Z", "+0800", "gmt", "GMT (1)", ""][..]);
        (0..=LAST, 0..2_usize, zone).prop_map(|(seconds, weekday, zone)| {
            let date = written(seconds).replace("GMT", zone);
            date[5 * weekday..].to_owned()
        })
    }

    proptest! {
        #![proptest_config(config())]

        #[test]
        fn every_second_is_read_as_it_was_written(seconds in 0..=LAST) {
            let time = UnixTime::from_seconds(seconds.unsigned_abs());
            prop_assert_eq!(parse(&written(seconds)), Some(time));
        }

        #[test]
        fn a_damaged_date_is_refused_or_has_the_meaning_of_its_text(
            text in prop_oneof![
                damaged((0..=LAST).prop_map(written), 2, "[0-9]{0,2}|[ADFJMNOSW, :]|[a-z]|.?"),
                other_form(),
            ],
        ) {
            if let Some(time) = parse(&text) {
                // Times are written without leap seconds. The name of a month may be in any case, and the
                // day of the week is not checked.
                let expected = text.replace("23:59:60", "23:59:59");
                let date = written(i64::try_from(time.seconds()).unwrap());
                let expected = expected.get(3..).unwrap_or_default();
                prop_assert!(date[3..].eq_ignore_ascii_case(expected), "{}", text);
            }
        }
    }
}
