//! The `Date` header.

use crate::clock::UnixTime;

/// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that servers may send (RFC 9110).
pub(crate) fn parse(text: &str) -> Option<UnixTime> {
    let [_, _, _, b',', b' ', day @ .., b' ', b'G', b'M', b'T'] = text.as_bytes() else {
        return None;
    };
    let day: &[u8; 20] = day.try_into().ok()?;
    if [day[2], day[6], day[11]] != [b' '; 3] || [day[14], day[17]] != [b':'; 2] {
        return None;
    }
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0, |number, digit| {
            digit
                .is_ascii_digit()
                .then(|| 10 * number + u64::from(digit - b'0'))
        })
    };
    let months = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.chunks(3).position(|name| *name == day[3..6])?;
    let (hour, minute) = (number(&day[12..14])?, number(&day[15..17])?);
    let second = number(&day[18..])?;
    let (day, year) = (number(&day[..2])?, number(&day[7..11])?);
    let fits = (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    if !fits || year < 1970 {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(UnixTime::from_seconds(
        days * 86_400 + hour * 3_600 + minute * 60 + second,
    ))
}

/// `month` counts from zero.
pub(crate) fn days_since_1970(year: u64, month: usize, day: u64) -> u64 {
    const BEFORE: [u64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let leap_years = |year: u64| year / 4 - year / 100 + year / 400;
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let leap_day = u64::from(is_leap && month >= 2);
    365 * (year - 1970) + leap_years(year - 1) - leap_years(1969) + BEFORE[month] + leap_day + day
        - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_the_calendar_has_them() {
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
    fn what_is_no_date_is_none() {
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
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
