//! The number of a resident identity card.

use alloc::string::String;
use core::fmt;

use time::{Date, Month};

use crate::secret::Sensitive;
use crate::text::{InvisibleCharacter, clean_text};

/// Number of a resident identity card: 18 characters with a date of birth and a check character
/// (GB 11643-1999).
///
/// Residence permits of people from Hong Kong, Macao and Taiwan and the permanent residence card of 2023
/// have numbers of the same form. Passports and all other documents do not, so this type is optional:
/// fields for numbers take any string.
///
/// A number that a person has mistyped is billed by every operation that checks it. Read it through this
/// type first:
///
/// ```
/// use cloudauth_proto::ops::Id2MetaVerify;
/// use cloudauth_proto::verify::{IdNumber, InvalidIdNumber};
///
/// let number = IdNumber::new(" 11010519491231002x ")?;
/// assert_eq!(number.expose(), "11010519491231002X");
/// assert_eq!(number.date_of_birth().expose(), "19491231");
/// let check = Id2MetaVerify::new().user_name("张三").identify_num(number);
///
/// assert_eq!(IdNumber::new("110105194912310021"), Err(InvalidIdNumber::Checksum));
/// # Ok::<(), InvalidIdNumber>(())
/// ```
///
/// `Debug` does not show the number.
#[derive(Clone, PartialEq, Eq)]
pub struct IdNumber(Sensitive);

impl IdNumber {
    /// Cleans a number as [`clean_text`] does, turns a small `x` at its end into `X`, and checks it.
    ///
    /// # Errors
    ///
    /// [`InvalidIdNumber`] names the reason and does not contain the number. Whether the area at its
    /// beginning exists is not checked, since areas are renamed.
    pub fn new(number: &str) -> Result<Self, InvalidIdNumber> {
        let number = clean_text(number).map_err(InvalidIdNumber::Invisible)?;
        if number.chars().count() != 18 {
            return Err(InvalidIdNumber::Length);
        }
        let Ok(characters) = <[u8; 18]>::try_from(number.as_bytes()) else {
            return Err(InvalidIdNumber::Character);
        };
        let (last, digits) = match characters {
            [digits @ .., last] => (last.to_ascii_uppercase(), digits),
        };
        if !digits.iter().all(u8::is_ascii_digit) || !(last.is_ascii_digit() || last == b'X') {
            return Err(InvalidIdNumber::Character);
        }
        if !is_date(&number[BIRTH]) {
            return Err(InvalidIdNumber::DateOfBirth);
        }
        if last != check_character(digits) {
            return Err(InvalidIdNumber::Checksum);
        }
        Ok(Self(number.to_ascii_uppercase().into()))
    }

    /// Returns the number.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Returns the date of birth, eight digits: `YYYYMMDD`.
    #[must_use]
    pub fn date_of_birth(&self) -> Sensitive {
        self.0.expose()[BIRTH].into()
    }
}

const BIRTH: core::ops::Range<usize> = 6..14;

/// Whether eight digits are a day of the calendar.
fn is_date(digits: &str) -> bool {
    let part = |range| {
        digits
            .get(range)
            .and_then(|digits: &str| digits.parse().ok())
    };
    let month = part(4..6).and_then(|month: u8| Month::try_from(month).ok());
    let (Some(month), Some(day)) = (month, part(6..8)) else {
        return false;
    };
    let year = digits.get(..4).and_then(|year| year.parse().ok());
    year.is_some_and(|year: i32| year > 0 && Date::from_calendar_date(year, month, day).is_ok())
}

/// The check character of ISO 7064 (MOD 11-2): the value of each digit is doubled at every place.
fn check_character(digits: [u8; 17]) -> u8 {
    let sum = digits
        .iter()
        .fold(0, |sum, digit| (sum + u32::from(digit - b'0')) * 2 % 11);
    match (12 - sum) % 11 {
        10 => b'X',
        // Less than ten.
        value => b'0' + u8::try_from(value).unwrap_or_default(),
    }
}

/// Returns the number.
impl From<IdNumber> for String {
    fn from(number: IdNumber) -> Self {
        number.expose().into()
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdNumber([redacted])")
    }
}

/// Error for a string that is not the number of an identity card. It does not contain the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidIdNumber {
    /// There is a character that nobody sees.
    Invisible(InvisibleCharacter),
    /// There are not 18 characters.
    Length,
    /// There is a character that is no digit, apart from an `X` at the end.
    Character,
    /// The date of birth is no day of the calendar.
    DateOfBirth,
    /// The check character does not match the digits: one of them is mistyped.
    Checksum,
}

impl fmt::Display for InvalidIdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the ID number ")?;
        match self {
            Self::Invisible(character) => character.fmt(f),
            Self::Length => f.write_str("must have 18 characters"),
            Self::Character => f.write_str("must be digits, with a digit or an X at the end"),
            Self::DateOfBirth => f.write_str("has an impossible date of birth"),
            Self::Checksum => f.write_str("is mistyped: its check character does not match"),
        }
    }
}

impl core::error::Error for InvalidIdNumber {}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;
    use crate::random::config;

    /// The examples of GB 11643-1999.
    const EXAMPLES: [&str; 2] = ["11010519491231002X", "440524188001010014"];

    #[test]
    fn the_examples_of_the_standard_are_valid() {
        for example in EXAMPLES {
            assert_eq!(IdNumber::new(example).unwrap().expose(), example);
        }
    }

    #[test]
    fn a_small_x_is_made_large_and_what_a_file_adds_is_taken_off() {
        for text in ["11010519491231002x", "\u{feff}11010519491231002X\r\n"] {
            assert_eq!(IdNumber::new(text).unwrap().expose(), EXAMPLES[0]);
        }
    }

    #[test]
    fn each_defect_has_a_reason_of_its_own() {
        use InvalidIdNumber::{Character, Checksum, DateOfBirth, Invisible, Length};
        for (number, reason) in [
            ("", Length),
            ("110105491231002", Length), // the 15 digits of the first generation
            ("11010519491231002XX", Length),
            ("１1010519491231002X", Character), // a wide digit
            ("1101051949123100X2", Character),
            ("A1010519491231002X", Character),
            ("11010519491231002Y", Character),
            ("110105194902290026", DateOfBirth),
            ("11010500001231002X", DateOfBirth),
            ("110105194912310020", Checksum),
        ] {
            assert_eq!(IdNumber::new(number), Err(reason), "{number}");
        }
        let hidden = IdNumber::new("110105\u{200b}19491231002X");
        assert!(matches!(hidden, Err(Invisible(_))));
    }

    #[test]
    fn neither_output_nor_errors_contain_the_number() {
        let number = IdNumber::new(EXAMPLES[1]).unwrap();
        assert!(!format!("{number:?}{:?}", number.date_of_birth()).contains("1880"));
        let error = IdNumber::new("440524188001010015").unwrap_err();
        assert!(!format!("{error:?}{error}").contains("4405"));
        assert_eq!(
            error.to_string(),
            "the ID number is mistyped: its check character does not match"
        );
    }

    proptest! {
        #![proptest_config(config())]

        /// What the check character is for.
        #[test]
        fn one_wrong_digit_or_two_exchanged_ones_are_found(
            example in 0..2_usize, at in 0..17_usize, digit in b'0'..=b'9',
        ) {
            let right = EXAMPLES[example].as_bytes();
            let mut wrong = right.to_vec();
            wrong[at] = digit;
            let mut exchanged = right.to_vec();
            exchanged.swap(at, (at + 1) % 17);
            for number in [wrong, exchanged] {
                let text = core::str::from_utf8(&number).unwrap();
                prop_assert_eq!(IdNumber::new(text).is_ok(), number == right, "{}", text);
            }
        }
    }
}
