//! Meanings of the service's codes, in English and Chinese.
//!
//! [`explain`] finds everything that a code can mean; [`code`], [`sub_code`] and [`device_risk`] find
//! its meaning in one field of a reply. The meanings are in our own words.
//!
//! The table does not list every code, and the vendor adds new ones: code that handles them must
//! accept unknown ones. The `SubCode`s are those of face verifications; those of bank cards, phone
//! numbers and other checks have the same numbers with other meanings, which the fields of their
//! replies document.

mod table;

use core::fmt;

pub use table::ALL;

/// Meaning of a code of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The code. A `*` at its end stands for any further characters.
    pub code: &'static str,
    /// Kind of code: the same number has different meanings in different fields.
    pub kind: CodeKind,
    /// Meaning in English: lower case, without a full stop.
    pub english: &'static str,
    /// Meaning in Chinese. For codes that concern the person it also states what the person can do.
    pub chinese: &'static str,
    /// Party that can resolve it.
    pub responsible: Responsible,
    /// Whether repeating the request can help.
    pub retry: RetryAdvice,
    /// Confidence in the meaning.
    pub confidence: Confidence,
}

impl Meaning {
    fn is_of(&self, code: &str) -> bool {
        match self.code.strip_suffix('*') {
            Some(start) => code.len() > start.len() && code.starts_with(start),
            None => self.code == code,
        }
    }
}

/// Kind of code: the field that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// `Code` of a response: whether the operation was carried out.
    Code,
    /// `SubCode` of the verdict of a face verification: its reason.
    SubCode,
    /// `code` that the verification's page appends to `ReturnUrl`.
    PageCode,
    /// `subCode` that the verification's page appends to `ReturnUrl`.
    PageSubCode,
    /// `Code` of a response of the gateway, which has refused the request before the operation.
    Gateway,
    /// Label in `DeviceRisk`.
    DeviceRisk,
}

/// Party that can resolve the cause of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Responsible {
    /// Nobody: it is not a problem.
    Nobody,
    /// The calling program: its parameters, or the way it sends them.
    Caller,
    /// The owner of the account: activation, permissions, payment.
    Account,
    /// The person, or the person's device.
    Person,
    /// The service.
    Service,
}

/// Whether repeating a request can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RetryAdvice {
    /// No: the same request gets the same response.
    No,
    /// Yes, at once or after a short backoff, if the operation may be repeated.
    Soon,
    /// Yes, but only later; the meaning states when.
    Later,
}

/// Confidence in a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Confidence {
    /// Documented by the vendor.
    Documented,
    /// Documented by the vendor formerly or for a sister product, or used alike by several independent
    /// programs.
    Likely,
    /// Stated by one third party, or inferred.
    Unsure,
}

/// Returns every meaning of `code`, over all kinds of code.
///
/// An entry with the exact code takes precedence over entries that end with `*`. An unknown code has
/// no meaning.
///
/// ```
/// use cloudauth_proto::codes::{CodeKind, Responsible, explain};
///
/// let meanings: Vec<_> = explain("417").collect();
/// assert_eq!(meanings.len(), 1);
/// assert_eq!((meanings[0].kind, meanings[0].responsible), (CodeKind::Code, Responsible::Person));
///
/// let success: Vec<_> = explain("200").map(|meaning| meaning.kind).collect();
/// assert_eq!(success, [CodeKind::Code, CodeKind::SubCode]);
/// assert_eq!(explain("99999").count(), 0);
/// ```
pub fn explain(code: &str) -> impl Iterator<Item = &'static Meaning> {
    // Entries with a `*` count only if no entry has the exact code.
    let is_exact = ALL.iter().any(|meaning| meaning.code == code);
    ALL.iter().filter(move |meaning| {
        if is_exact {
            meaning.code == code
        } else {
            meaning.is_of(code)
        }
    })
}

/// Returns the meaning of a code of one kind; `None` if it is unknown.
#[must_use]
pub fn explain_at(kind: CodeKind, code: &str) -> Option<&'static Meaning> {
    let mut here = ALL.iter().filter(|meaning| meaning.kind == kind);
    let exact = here.clone().find(|meaning| meaning.code == code);
    exact.or_else(|| here.find(|meaning| meaning.is_of(code)))
}

/// Returns the meaning of the `Code` of a response, of the operation or of the gateway.
#[must_use]
pub fn code(code: &str) -> Option<&'static Meaning> {
    explain_at(CodeKind::Code, code).or_else(|| explain_at(CodeKind::Gateway, code))
}

/// Returns the meaning of the `SubCode` of the verdict of a face verification.
#[must_use]
pub fn sub_code(code: &str) -> Option<&'static Meaning> {
    explain_at(CodeKind::SubCode, code)
}

/// Returns the meaning of a label in `DeviceRisk`.
#[must_use]
pub fn device_risk(label: &str) -> Option<&'static Meaning> {
    explain_at(CodeKind::DeviceRisk, label)
}

/// Implements `Display` for an enumeration, with one string per variant.
macro_rules! display {
    ($($name:ident {$($variant:ident = $word:literal,)*})*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {$(Self::$variant => $word,)*})
            }
        }
    )*};
}

display! {
    CodeKind {
        Code = "Code",
        SubCode = "SubCode",
        PageCode = "page code",
        PageSubCode = "page subCode",
        Gateway = "gateway Code",
        DeviceRisk = "DeviceRisk",
    }
    Responsible {
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
    Confidence {
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
    fn no_code_is_listed_twice_in_a_kind_and_all_have_both_languages() {
        let listed: BTreeSet<_> = ALL.iter().map(|it| (it.kind, it.code)).collect();
        assert_eq!(listed.len(), ALL.len());
        assert!(
            ALL.iter()
                .all(|it| !it.english.is_empty() && !it.chinese.is_empty())
        );
    }

    #[test]
    fn a_number_can_have_a_meaning_in_two_kinds() {
        let places: Vec<_> = explain("200").map(|meaning| meaning.kind).collect();
        assert_eq!(places, [CodeKind::Code, CodeKind::SubCode]);
    }

    #[test]
    fn an_exact_code_takes_precedence_over_a_prefix() {
        assert_eq!(code("Throttling.Api").unwrap().code, "Throttling.Api");
        assert_eq!(code("MissingSceneId").unwrap().code, "Missing*");
        assert_eq!(explain("MissingSceneId").count(), 1);
        assert_eq!(explain("InvalidParameter").count(), 1);
        assert_eq!(code("Missing"), None);
        assert_eq!(
            code("InvalidAccessKeyId.NotFound").unwrap().responsible,
            Responsible::Account
        );
    }

    #[test]
    fn chinese_texts_use_full_width_punctuation() {
        for meaning in ALL {
            let is_half_width = |c| matches!(c, ',' | ';' | ':' | '(' | ')' | '?' | '!');
            let text = meaning.chinese;
            assert!(!text.contains(is_half_width), "{text}");
            assert!(!text.contains("人工审核") && !text.contains('您'), "{text}");
        }
    }

    #[test]
    fn unknown_codes_have_no_meaning() {
        assert_eq!(sub_code("299"), None);
        assert_eq!(device_risk("NewLabel"), None);
        assert_eq!(explain("").count(), 0);
    }

    use alloc::vec::Vec;
}
