//! Magic ID numbers: what a verification comes to is written in the number, as in a payment provider's test cards.
//!
//! They are well-formed 18-digit numbers with a right checksum that nobody has: an area of Beijing, a date of birth in
//! January 1900, whose day says what kind of wish it is, and three digits that say which one.

use core::fmt::{self, Write as _};

use cloudauth_proto::codes::{self, CodePlace, Meaning};

use crate::material::Variant;
use crate::operations::Params;
use crate::verdict::Verdict;

const AREA: &str = "110101";
const YEAR_AND_MONTH: &str = "190001";

/// What a magic number makes happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Magic {
    /// The verification ends with this verdict: whatever the page is told but a failure, and without a visit to it.
    Verdict(Verdict),
    /// Whatever names the number is answered with this code.
    Refused(&'static str),
    /// The verification opens; asking for its outcome is answered with this code.
    RefusedLater(&'static str),
    /// It passes, with this kind of `MaterialInfo`.
    Material(Variant),
    /// It passes, and the name has a rare character.
    Rare(usize),
    /// It passes, and the device has this risk.
    Risk(&'static str),
}

/// Names with a character that few fonts and encodings have, the encoding that passes, and what is special.
///
/// Which encodings the service tries is not documented: these are our guess. U+E863 is where GBK's private area has
/// the character that Unicode has at U+4DAE.
pub(crate) const RARE: [(&str, &str, &str); 4] = [
    (
        "王㛃",
        "王㛃",
        "in Unicode's extension A; passes as written",
    ),
    ("李䶮", "李\u{e863}", "passes in the private-use area only"),
    (
        "张𬎆",
        "张𬎆",
        "in Unicode's extension E; passes as written",
    ),
    (
        "阿卜杜拉·买买提",
        "阿卜杜拉•买买提",
        "the dot between names passes as another one",
    ),
];

/// The parameters that a magic number is looked for in. `UserId` is for plans without a number.
const FIELDS: [&str; 4] = ["CertNo", "IdentifyNum", "IdCardNumber", "UserId"];

impl Magic {
    /// What the first magic number among the parameters makes happen.
    pub(crate) fn among(params: &Params) -> Option<Self> {
        FIELDS
            .iter()
            .filter_map(|name| params.get(*name))
            .find_map(|number| Self::of(number))
    }

    /// What a number makes happen.
    pub(crate) fn of(number: &str) -> Option<Self> {
        let rest = number.strip_prefix(AREA)?.strip_prefix(YEAR_AND_MONTH)?;
        let (day, which) = (rest.get(..2)?, rest.get(2..5)?);
        if number != with_checksum(&format!("{AREA}{YEAR_AND_MONTH}{day}{which}")) {
            return None;
        }
        let index = || which.parse::<usize>().ok()?.checked_sub(1);
        match day {
            "01" => Verdict::from_sub_code(which).map(Self::Verdict),
            "02" => code(which).map(Self::Refused),
            "03" => code(which).map(Self::RefusedLater),
            "04" => Variant::ALL.get(index()?).copied().map(Self::Material),
            "05" => (index()? < RARE.len())
                .then(|| index().map(Self::Rare))
                .flatten(),
            "06" => risks().nth(index()?).map(|risk| Self::Risk(risk.code)),
            _ => None,
        }
    }
}

fn of(place: CodePlace) -> impl Iterator<Item = &'static Meaning> {
    codes::ALL
        .iter()
        .filter(move |meaning| meaning.place == place)
}

/// A top-level code of failure.
fn code(code: &str) -> Option<&'static str> {
    let found = of(CodePlace::Code).find(|meaning| meaning.code == code);
    found
        .map(|meaning| meaning.code)
        .filter(|code| *code != "200")
}

fn risks() -> impl Iterator<Item = &'static Meaning> {
    of(CodePlace::DeviceRisk)
}

fn number(day: u32, which: impl fmt::Display) -> String {
    with_checksum(&format!("{AREA}{YEAR_AND_MONTH}{day:02}{which:0>3}"))
}

/// GB 11643: weights are powers of two modulo 11.
fn with_checksum(digits: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let values = digits
        .chars()
        .map(|digit| digit.to_digit(10).unwrap_or_default());
    let sum: u32 = values
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit * weight)
        .sum();
    let check = CHECKS.get(sum as usize % CHECKS.len()).copied();
    digits.chars().chain(check).collect()
}

/// A row of the table of magic numbers.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MagicNumber {
    /// The ID number.
    pub number: String,
    /// What it is about: `SubCode`, `Code`, `Code, later`, `MaterialInfo`, `Name`, `DeviceRisk`.
    pub about: &'static str,
    /// What it gives: a code, a label, the name of a variant, a name to send.
    pub gives: &'static str,
    /// What that means.
    pub meaning: &'static str,
}

/// Every magic number, in the order of the table in the docs.
#[must_use]
pub fn magic_numbers() -> Vec<MagicNumber> {
    let row = |number, about, gives, meaning| MagicNumber {
        number,
        about,
        gives,
        meaning,
    };
    let failures = || of(CodePlace::Code).filter(|meaning| code(meaning.code).is_some());
    let failures = || failures().filter(|meaning| meaning.code.len() == 3);
    let verdicts = Verdict::ALL.into_iter().map(|verdict| {
        let sub_code = verdict.sub_code();
        let meaning = codes::sub_code(sub_code).map_or("", |meaning| meaning.english);
        row(number(1, sub_code), "SubCode", sub_code, meaning)
    });
    let refused = failures().map(|it| row(number(2, it.code), "Code", it.code, it.english));
    let later = failures().map(|it| row(number(3, it.code), "Code, later", it.code, it.english));
    let material = Variant::ALL.into_iter().zip(1..);
    let material = material.map(|(variant, which)| {
        row(
            number(4, which),
            "MaterialInfo",
            variant.name(),
            variant.meaning(),
        )
    });
    let rare = RARE.into_iter().zip(1..);
    let rare = rare.map(|((name, _, meaning), which)| row(number(5, which), "Name", name, meaning));
    let risks = risks().zip(1..);
    let risks = risks.map(|(it, which)| row(number(6, which), "DeviceRisk", it.code, it.english));
    verdicts
        .chain(refused)
        .chain(later)
        .chain(material)
        .chain(rare)
        .chain(risks)
        .collect()
}

/// The table as Markdown: what [`MAGIC.md`](https://docs.rs/crate/cloudauth-sim/latest/source/MAGIC.md) is made of.
#[must_use]
pub fn magic_table() -> String {
    let mut text = String::from(HEAD);
    for MagicNumber {
        number,
        about,
        gives,
        meaning,
    } in magic_numbers()
    {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| `{number}` | {about} | `{gives}` | {meaning} |");
    }
    text
}

const HEAD: &str = "\
# Magic ID numbers

Send one of these as `CertNo` (or `IdentifyNum`, `IdCardNumber`, or as `UserId` where a plan has no number) to the
simulator, in clear or encrypted, and the row says what comes of it. They have a right checksum and nobody's date of
birth. They always do the same: no magic number is ever locked out.

* **SubCode**: the verdict, with or without a visit to the page; failing on the page still fails.
* **Code**: the answer to whatever names the number, `InitFaceVerify` for one.
* **Code, later**: the verification opens, and `DescribeFaceVerify` gets the code.
* **MaterialInfo**, **Name**, **DeviceRisk**: it passes, with this in the reply. For a row about a name, send that name.

The codes and labels are the vendor's, the numbers are the simulator's. This file is made by
`cargo run -p cloudauth-sim --example magic`, and a test keeps it true.

| number | about | gives | meaning |
| --- | --- | --- | --- |
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standards_example() {
        // The example of GB 11643-1999.
        assert_eq!(with_checksum("11010519491231002"), "11010519491231002X");
        assert_eq!(with_checksum("44052418800101001"), "440524188001010014");
    }

    #[test]
    fn every_number_of_the_table_is_well_formed_and_its_own() {
        let rows = magic_numbers();
        let mut numbers: Vec<_> = rows.iter().map(|row| &row.number).collect();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), rows.len());
        for row in &rows {
            assert_eq!(row.number.len(), 18, "{row:?}");
            assert!(Magic::of(&row.number).is_some(), "{row:?}");
        }
    }

    #[test]
    fn a_wrong_check_digit_or_an_unknown_wish_is_an_ordinary_number() {
        let magic = number(1, "204");
        assert_eq!(
            Magic::of(&magic),
            Some(Magic::Verdict(Verdict::FaceMismatch))
        );
        for ordinary in [
            "330103199001011234",
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
            &number(5, RARE.len() + 1),
            &number(9, "001"),
        ] {
            assert_eq!(Magic::of(ordinary), None, "{ordinary}");
        }
    }
}
