//! Magic ID numbers: they determine the result of a verification, like the test cards of a payment
//! provider.
//!
//! They are well-formed 18-digit numbers with a correct check digit that belong to no person: an area
//! of Beijing, a date of birth in January 1900 whose day is the kind of effect, and three digits for
//! the effect itself.

use core::fmt::{self, Write as _};

use cloudauth_proto::codes::{self, CodeKind, Meaning};

use super::check_codes;
use super::material::MaterialVariant;
use crate::http::Params;
use crate::verdict::Verdict;

const AREA: &str = "110101";
const YEAR_AND_MONTH: &str = "190001";

/// The effect of a magic number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MagicEffect {
    /// The verification ends with this verdict, without the page too. A failure chosen on the page
    /// still counts.
    Verdict(Verdict),
    /// Every operation with the number is refused with this code.
    Refused(&'static str),
    /// The verification is opened, and `DescribeFaceVerify` is refused with this code.
    RefusedLater(&'static str),
    /// The verification passes with this form of `MaterialInfo`.
    Material(MaterialVariant),
    /// The verification passes with this entry of [`RARE_NAMES`].
    RareName(usize),
    /// The verification passes with this `DeviceRisk`.
    DeviceRisk(&'static str),
    /// The check of data against an authority ends with this `SubCode` of its own.
    CheckCode(&'static str),
}

/// A name with a character that few fonts and encodings have.
pub(crate) struct RareName {
    pub(crate) name: &'static str,
    /// The encoding of the name that passes.
    pub(crate) passing: &'static str,
    meaning: &'static str,
}

/// Which encodings the service tries is not documented: these are our guesses. U+E863 is where GBK's
/// private area has the character that Unicode has at U+4DAE.
pub(crate) const RARE_NAMES: [RareName; 4] = [
    RareName {
        name: "王㛃",
        passing: "王㛃",
        meaning: "in Unicode's extension A; passes as written",
    },
    RareName {
        name: "李䶮",
        passing: "李\u{e863}",
        meaning: "passes in the private-use area only",
    },
    RareName {
        name: "张𬎆",
        passing: "张𬎆",
        meaning: "in Unicode's extension E; passes as written",
    },
    RareName {
        name: "阿卜杜拉·买买提",
        passing: "阿卜杜拉•买买提",
        meaning: "passes with a different dot between the names",
    },
];

/// The parameters that may contain a magic number. `UserId` is for plans without an ID number.
const FIELDS: [&str; 5] = ["CertNo", "IdentifyNum", "IdCardNumber", "UserId", "Mobile"];

/// Magic mobile numbers begin with these digits, and end with a `SubCode`.
const MOBILE: &str = "19900000";

impl MagicEffect {
    /// The effect of the first magic number among the parameters.
    pub(crate) fn among(params: &Params) -> Option<Self> {
        FIELDS
            .iter()
            .filter_map(|name| params.get(*name))
            .find_map(|number| Self::of(number).or_else(|| Self::of_mobile(number)))
    }

    /// The ID number with this effect.
    pub(crate) fn to_number(self) -> String {
        match self {
            Self::Verdict(verdict) => number(1, verdict.sub_code()),
            Self::Refused(code) => number(2, code),
            Self::RefusedLater(code) => number(3, code),
            Self::Material(variant) => number(4, place(MaterialVariant::ALL, &variant)),
            Self::RareName(index) => number(5, index + 1),
            Self::DeviceRisk(risk) => {
                number(6, place(device_risks().map(|known| known.code), &risk))
            }
            Self::CheckCode(code) => number(7, code),
        }
    }

    /// The effect of a mobile number; `None` if it is not magic.
    pub(crate) fn of_mobile(number: &str) -> Option<Self> {
        check_code(number.strip_prefix(MOBILE)?).map(Self::CheckCode)
    }

    /// The effect of an ID number; `None` if it is not magic.
    pub(crate) fn of(number: &str) -> Option<Self> {
        let rest = number.strip_prefix(AREA)?.strip_prefix(YEAR_AND_MONTH)?;
        let (day, effect) = (rest.get(..2)?, rest.get(2..5)?);
        if number != with_check_digit(&format!("{AREA}{YEAR_AND_MONTH}{day}{effect}")) {
            return None;
        }
        let index = || effect.parse::<usize>().ok()?.checked_sub(1);
        match day {
            "01" => Verdict::from_sub_code(effect).map(Self::Verdict),
            "02" => failure_code(effect).map(Self::Refused),
            "03" => failure_code(effect).map(Self::RefusedLater),
            "04" => MaterialVariant::ALL
                .get(index()?)
                .copied()
                .map(Self::Material),
            "05" => index()
                .filter(|index| *index < RARE_NAMES.len())
                .map(Self::RareName),
            "06" => device_risks()
                .nth(index()?)
                .map(|risk| Self::DeviceRisk(risk.code)),
            "07" => check_code(effect).map(Self::CheckCode),
            _ => None,
        }
    }
}

/// A `SubCode` of a check of data.
fn check_code(code: &str) -> Option<&'static str> {
    check_codes::sub_codes().find(|known| *known == code)
}

/// Seventeen digits, and a digit or `X`.
pub(crate) fn is_well_formed(number: &str) -> bool {
    let bytes = number.as_bytes();
    let is_digit =
        |(at, byte): (usize, &u8)| byte.is_ascii_digit() || (at == 17 && *byte | 32 == b'x');
    bytes.len() == 18 && bytes.iter().enumerate().all(is_digit)
}

/// Whether the last character of a well-formed ID number is its check digit.
pub(crate) fn has_check_digit(number: &str) -> bool {
    let digits = number.get(..17).unwrap_or_default();
    with_check_digit(digits).eq_ignore_ascii_case(number)
}

fn codes_at(place: CodeKind) -> impl Iterator<Item = &'static Meaning> {
    codes::all().filter(move |meaning| meaning.kind == place)
}

/// The top-level `Code`, if it is one of a failure.
fn failure_code(code: &str) -> Option<&'static str> {
    let found = codes_at(CodeKind::Code).find(|meaning| meaning.code == code);
    found
        .map(|meaning| meaning.code)
        .filter(|code| *code != "200")
}

fn device_risks() -> impl Iterator<Item = &'static Meaning> {
    codes_at(CodeKind::DeviceRisk)
}

/// The place of an item in a list, from 1.
fn place<T: PartialEq>(all: impl IntoIterator<Item = T>, item: &T) -> usize {
    let found = all.into_iter().position(|known| known == *item);
    found.map_or(0, |at| at + 1)
}

fn number(day: u32, effect: impl fmt::Display) -> String {
    with_check_digit(&format!("{AREA}{YEAR_AND_MONTH}{day:02}{effect:0>3}"))
}

/// Appends the check digit of GB 11643, whose weights are powers of two modulo 11.
fn with_check_digit(digits: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK_DIGITS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let values = digits
        .chars()
        .map(|digit| digit.to_digit(10).unwrap_or_default());
    let sum: u32 = values
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    let check = CHECK_DIGITS.get(sum as usize % CHECK_DIGITS.len()).copied();
    digits.chars().chain(check).collect()
}

/// A row of the table of magic numbers.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MagicNumber {
    /// The ID number.
    pub number: String,
    /// What it affects: `SubCode`, `Code`, `Code, later`, `MaterialInfo`, `Name`, `DeviceRisk` or
    /// `SubCode of a check`.
    pub field: &'static str,
    /// The resulting value: a code, a label, the form of `MaterialInfo`, or the name to send.
    pub value: &'static str,
    /// The meaning of the value.
    pub meaning: &'static str,
}

/// All magic numbers, in the order of the table in `MAGIC.md`.
#[must_use]
pub fn magic_numbers() -> Vec<MagicNumber> {
    let row = |number, field, value, meaning| MagicNumber {
        number,
        field,
        value,
        meaning,
    };
    let failures = || {
        codes_at(CodeKind::Code)
            .filter(|it| failure_code(it.code).is_some())
            .filter(|it| it.code.len() == 3)
    };
    let verdicts = Verdict::ALL.into_iter().map(|verdict| {
        let sub_code = verdict.sub_code();
        let meaning = codes::sub_code(sub_code).map_or("", |meaning| meaning.english);
        row(number(1, sub_code), "SubCode", sub_code, meaning)
    });
    let refused = failures().map(|it| row(number(2, it.code), "Code", it.code, it.english));
    let later = failures().map(|it| row(number(3, it.code), "Code, later", it.code, it.english));
    let material = MaterialVariant::ALL.into_iter().zip(1..);
    let material = material.map(|(variant, index)| {
        let (value, meaning) = (variant.name(), variant.meaning());
        row(number(4, index), "MaterialInfo", value, meaning)
    });
    let names = RARE_NAMES.into_iter().zip(1..);
    let names = names.map(|(it, index)| row(number(5, index), "Name", it.name, it.meaning));
    let risks = device_risks().zip(1..);
    let risks = risks.map(|(it, index)| row(number(6, index), "DeviceRisk", it.code, it.english));
    verdicts
        .chain(refused)
        .chain(later)
        .chain(material)
        .chain(names)
        .chain(risks)
        .chain(check_codes::sub_codes().map(|code| {
            row(
                number(7, code),
                CHECK,
                code,
                "of BankMetaVerify and the Mobile operations",
            )
        }))
        .collect()
}

/// The table of magic numbers in Markdown: the contents of
/// [`MAGIC.md`](https://docs.rs/crate/cloudauth-sim/latest/source/MAGIC.md).
#[must_use]
pub fn magic_table() -> String {
    let mut text = String::from(TABLE_HEAD);
    for MagicNumber {
        number,
        field,
        value,
        meaning,
    } in magic_numbers()
    {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| `{number}` | {field} | `{value}` | {meaning} |");
    }
    text
}

const CHECK: &str = "SubCode of a check";

const TABLE_HEAD: &str = "\
# Magic ID numbers

Send one of these as `CertNo` (or `IdentifyNum`, `IdCardNumber`, or as `UserId` where a plan has no
ID number) to the simulator, in clear or encrypted. Its row states the result. They have a correct
check digit, and a date of birth that no living person has. Their effect is always the same: magic
numbers are never locked.

* **SubCode**: the verdict, with or without the page. A failure that is chosen on the page still
  counts.
* **Code**: every operation with the number, for example `InitFaceVerify`, is refused with this code.
* **Code, later**: the verification is opened, and `DescribeFaceVerify` is refused with this code.
* **MaterialInfo**, **Name**, **DeviceRisk**: the verification passes, and the result has this value.
  For a row with a name, send that name.
* **SubCode of a check**: a check of data against an authority, for example `BankMetaVerify`, ends with
  this `SubCode`, and the `BizCode` that belongs to it. Where a check has no ID number, send the mobile
  number `19900000` with the `SubCode` at its end, for example `19900000201`. The same number means
  other things in other operations; a `SubCode` that an operation does not have becomes its first one
  of the same class.

The codes and labels are the vendor's, the numbers are the simulator's. This file is generated by
`cargo run -p cloudauth-sim --example magic`; a test compares it with the code.

| number | field | value | meaning |
| --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digits_of_the_standards_examples_are_computed() {
        // The examples of GB 11643-1999.
        assert_eq!(with_check_digit("11010519491231002"), "11010519491231002X");
        assert_eq!(with_check_digit("44052418800101001"), "440524188001010014");
    }

    #[test]
    fn every_number_of_the_table_is_well_formed_unique_and_magic() {
        let rows = magic_numbers();
        let mut numbers: Vec<_> = rows.iter().map(|row| &row.number).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), rows.len());
        for row in &rows {
            assert_eq!(row.number.len(), 18, "{row:?}");
            let effect = MagicEffect::of(&row.number);
            let number = effect.map(MagicEffect::to_number);
            assert_eq!(number.as_ref(), Some(&row.number), "{row:?}");
        }
    }

    #[test]
    fn numbers_with_a_wrong_check_digit_or_an_unknown_effect_are_not_magic() {
        let magic = number(1, "204");
        assert_eq!(
            MagicEffect::of(&magic),
            Some(MagicEffect::Verdict(Verdict::FaceMismatch))
        );
        for ordinary in [
            "330103199001011230",
            "",
            "110101190001",
            "11010119000101204张",
            &format!(
                "{}{}",
                &magic[..17],
                if magic.ends_with('0') { '1' } else { '0' }
            ),
            &number(1, "299"),
            &number(2, "200"),
            &number(4, "000"),
            &number(5, RARE_NAMES.len() + 1),
            &number(9, "001"),
        ] {
            assert_eq!(MagicEffect::of(ordinary), None, "{ordinary}");
        }
    }
}
