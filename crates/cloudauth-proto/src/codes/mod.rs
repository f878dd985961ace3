//! What the service's codes mean: one table for documentation, simulator and command.
//!
//! The meanings are in our own words. Codes that are not here exist, and more will: whatever reads
//! codes must pass unknown ones through.

mod table;

use core::fmt;

pub use table::ALL;

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The code. A `*` at its end stands for any rest.
    pub code: &'static str,
    /// Where it is met: the same number means different things at different places.
    pub place: CodePlace,
    /// The meaning in English.
    pub english: &'static str,
    /// The meaning in Chinese.
    pub chinese: &'static str,
    /// Whose problem it is.
    pub whose: Whose,
    /// Whether asking again helps.
    pub retry: RetryAdvice,
    /// How sure the meaning is.
    pub source: Source,
}

impl Meaning {
    fn is_of(&self, code: &str) -> bool {
        match self.code.strip_suffix('*') {
            Some(start) => code.len() > start.len() && code.starts_with(start),
            None => self.code == code,
        }
    }
}

/// Where a code is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodePlace {
    /// `Code` of a reply: whether the operation was carried out.
    Code,
    /// `SubCode` of a verdict: its reason.
    SubCode,
    /// `code` in what the page gives back to the browser.
    PageCode,
    /// `subCode` in what the page gives back to the browser.
    PageSubCode,
    /// `Code` of a reply of the gateway, which has not let the operation through.
    Gateway,
    /// A label in `DeviceRisk`.
    DeviceRisk,
}

/// Whose problem a code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Whose {
    /// Nobody's.
    Nobody,
    /// The caller's: what was sent, or how.
    Caller,
    /// The account's: what is switched on, allowed or paid.
    Account,
    /// The person's, or the person's device.
    Person,
    /// The service's.
    Service,
}

/// Whether asking again helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// No: the same question has the same answer.
    No,
    /// Yes, at once or after a short pause, if the operation may be repeated.
    Soon,
    /// Yes, but only after a while: the meaning says when.
    Later,
}

/// How sure a meaning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The vendor documents it.
    Documented,
    /// The vendor documented it earlier or for a sister product, or several independent programs
    /// agree on it.
    Likely,
    /// One third party says so, or it is inferred.
    Unsure,
}

/// Everything that `code` can mean, at all places.
///
/// ```
/// use cloudauth_proto::codes::{CodePlace, Whose, explain};
///
/// let meanings: Vec<_> = explain("417").collect();
/// assert_eq!(meanings.len(), 1);
/// assert_eq!((meanings[0].place, meanings[0].whose), (CodePlace::Code, Whose::Person));
/// assert_eq!(explain("99999").count(), 0);
/// ```
pub fn explain(code: &str) -> impl Iterator<Item = &'static Meaning> {
    let is_listed = |meaning: &&Meaning| meaning.code == code;
    let found = ALL.iter().filter(is_listed);
    // A rest counts only if nothing has the whole name.
    let is_plain = found.clone().next().is_some();
    ALL.iter().filter(move |meaning| {
        if is_plain {
            meaning.code == code
        } else {
            meaning.is_of(code)
        }
    })
}

/// What a code means at one place.
#[must_use]
pub fn explain_at(place: CodePlace, code: &str) -> Option<&'static Meaning> {
    let mut here = ALL.iter().filter(|meaning| meaning.place == place);
    let exact = here.clone().find(|meaning| meaning.code == code);
    exact.or_else(|| here.find(|meaning| meaning.is_of(code)))
}

/// What the `Code` of a reply means, be it the operation's or the gateway's.
#[must_use]
pub fn code(code: &str) -> Option<&'static Meaning> {
    explain_at(CodePlace::Code, code).or_else(|| explain_at(CodePlace::Gateway, code))
}

/// What the `SubCode` of a verdict means.
#[must_use]
pub fn sub_code(code: &str) -> Option<&'static Meaning> {
    explain_at(CodePlace::SubCode, code)
}

/// What a label in `DeviceRisk` means.
#[must_use]
pub fn device_risk(label: &str) -> Option<&'static Meaning> {
    explain_at(CodePlace::DeviceRisk, label)
}

/// How the enumerations are written for people and machines.
macro_rules! words {
    ($($name:ident {$($variant:ident = $word:literal,)*})*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {$(Self::$variant => $word,)*})
            }
        }
    )*};
}

words! {
    CodePlace {
        Code = "Code",
        SubCode = "SubCode",
        PageCode = "page code",
        PageSubCode = "page subCode",
        Gateway = "gateway Code",
        DeviceRisk = "DeviceRisk",
    }
    Whose {
        Nobody = "nobody",
        Caller = "caller",
        Account = "account",
        Person = "person",
        Service = "service",
    }
    RetryAdvice {
        No = "no",
        Soon = "soon",
        Later = "later",
    }
    Source {
        Documented = "documented",
        Likely = "likely",
        Unsure = "unsure",
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_is_listed_twice_at_a_place() {
        let listed: BTreeSet<_> = ALL.iter().map(|it| (it.place, it.code)).collect();
        assert_eq!(listed.len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|it| !it.english.is_empty() && !it.chinese.is_empty())
        );
    }

    #[test]
    fn a_number_can_mean_two_things() {
        let places: Vec<_> = explain("200").map(|meaning| meaning.place).collect();
        assert_eq!(places, [CodePlace::Code, CodePlace::SubCode]);
    }

    #[test]
    fn a_rest_counts_only_without_a_name_of_its_own() {
        assert_eq!(code("Throttling.Api").unwrap().code, "Throttling.Api");
        assert_eq!(code("MissingSceneId").unwrap().code, "Missing*");
        assert_eq!(explain("MissingSceneId").count(), 1);
        assert_eq!(explain("InvalidParameter").count(), 1);
        assert_eq!(code("Missing"), None);
        assert_eq!(
            code("InvalidAccessKeyId.NotFound").unwrap().whose,
            Whose::Account
        );
    }

    #[test]
    fn unknown_codes_have_no_meaning() {
        assert_eq!(sub_code("299"), None);
        assert_eq!(device_risk("NewLabel"), None);
        assert_eq!(explain("").count(), 0);
    }

    use alloc::vec::Vec;
}
