//! Meanings of the service's codes, in English and Chinese.
//!
//! [`explain`] finds everything that a code can mean, and [`explain_in`] what it means for one operation;
//! [`code_of`], [`sub_code_of`], [`biz_code`] and [`device_risk`] find its meaning in one field of a
//! reply. The meanings are in our own words.
//!
//! A number has different meanings in different fields, and a `SubCode` or `BizCode` has different ones for
//! different operations: the `SubCode` 210 is "passed" for a face verification, and a card that was reported
//! lost for [`BankMetaVerify`](crate::ops::BankMetaVerify). [`code`] and [`sub_code`] are short for the
//! operations of a face verification.
//!
//! The tables do not list every code, and the vendor adds new ones: code that handles them must
//! accept unknown ones. Without the feature `meanings` they list none.

mod billing;
mod by_operation;
mod table;

use crate::text_enum::text_enum;
pub(crate) use billing::billed;
pub use billing::{Billed, Charge, charge};

/// Meaning of a code of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The code. A `*` at its end stands for any further characters.
    pub code: &'static str,
    /// Kind of code: the same number has different meanings in different fields.
    pub kind: CodeKind,
    /// Operations in whose replies the code has this meaning; empty if it has it everywhere.
    pub operations: &'static [&'static str],
    /// HTTP status of a refusal with this code, if it is documented.
    pub status: Option<u16>,
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

    /// Whether the code has this meaning for the operation.
    #[must_use]
    pub fn is_in(&self, operation: &str) -> bool {
        self.operations.is_empty() || self.operations.contains(&operation)
    }
}

/// Kind of code: the field that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CodeKind {
    /// `Code` of a response: whether the operation was carried out.
    Code,
    /// `SubCode` of a reply: the reason of a verdict or of the result of a check.
    SubCode,
    /// `BizCode` of a reply: the result of a check.
    BizCode,
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

/// Returns every listed meaning: the general ones, and then those of some operations.
pub fn all() -> impl Iterator<Item = &'static Meaning> + Clone {
    let tables: [&[Meaning]; 2] = if cfg!(feature = "meanings") {
        [table::ALL, by_operation::ALL]
    } else {
        [&[], &[]]
    };
    tables.into_iter().flatten()
}

/// Returns every meaning of `code`, over all kinds of code and all operations.
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
    matching(all(), code)
}

/// Returns every meaning of `code` for one operation, over all kinds of code.
///
/// ```
/// use cloudauth_proto::codes::{Responsible, explain_in};
///
/// let of_a_face = explain_in("DescribeFaceVerify", "210").next();
/// assert_eq!(of_a_face.unwrap().responsible, Responsible::Nobody); // passed
/// let of_a_card = explain_in("BankMetaVerify", "210").next();
/// assert_eq!(of_a_card.unwrap().responsible, Responsible::Person); // reported lost
/// assert_eq!(explain_in("Id2MetaVerify", "210").count(), 0);
/// ```
pub fn explain_in<'c>(
    operation: &'c str,
    code: &'c str,
) -> impl Iterator<Item = &'static Meaning> + 'c {
    matching(all().filter(move |meaning| meaning.is_in(operation)), code)
}

/// The entries for the code. Those with a `*` count only if none has the exact code.
fn matching<'c, I>(entries: I, code: &'c str) -> impl Iterator<Item = &'static Meaning> + 'c
where
    I: Iterator<Item = &'static Meaning> + Clone + 'c,
{
    let is_exact = entries.clone().any(|meaning| meaning.code == code);
    entries.filter(move |meaning| {
        if is_exact {
            meaning.code == code
        } else {
            meaning.is_of(code)
        }
    })
}

/// The meaning of a code of one kind for one operation.
fn find(operation: &str, kind: CodeKind, code: &str) -> Option<&'static Meaning> {
    if !cfg!(feature = "meanings") {
        return None; // so that the compiler leaves out what would be done with a meaning
    }
    let here = all().filter(|meaning| meaning.kind == kind && meaning.is_in(operation));
    matching(here, code).next()
}

/// Returns the meaning of a code of one kind for a face verification; `None` if it is unknown.
#[must_use]
pub fn explain_at(kind: CodeKind, code: &str) -> Option<&'static Meaning> {
    find(FACE, kind, code)
}

/// Returns the meaning of the `Code` of a response to an operation, of the operation itself or of the
/// gateway.
#[must_use]
pub fn code_of(operation: &str, code: &str) -> Option<&'static Meaning> {
    find(operation, CodeKind::Code, code).or_else(|| find(operation, CodeKind::Gateway, code))
}

/// Returns the meaning of the `SubCode` in the reply to an operation.
#[must_use]
pub fn sub_code_of(operation: &str, code: &str) -> Option<&'static Meaning> {
    find(operation, CodeKind::SubCode, code)
}

/// Returns the meaning of the `BizCode` in the reply to an operation.
#[must_use]
pub fn biz_code(operation: &str, code: &str) -> Option<&'static Meaning> {
    find(operation, CodeKind::BizCode, code)
}

/// Returns the meaning of the `Code` of a response, for operations without codes of their own.
#[must_use]
pub fn code(code: &str) -> Option<&'static Meaning> {
    code_of(FACE, code)
}

/// Returns the meaning of the `SubCode` of the verdict of a face verification.
#[must_use]
pub fn sub_code(code: &str) -> Option<&'static Meaning> {
    sub_code_of(FACE, code)
}

/// The operation that queries the verdict of a face verification.
const FACE: &str = "DescribeFaceVerify";

/// Returns the meaning of a label in `DeviceRisk`.
#[must_use]
pub fn device_risk(label: &str) -> Option<&'static Meaning> {
    explain_at(CodeKind::DeviceRisk, label)
}

text_enum!(CodeKind, "kind of code", {
    Code => "Code",
    SubCode => "SubCode",
    BizCode => "BizCode",
    PageCode => "page code",
    PageSubCode => "page subCode",
    Gateway => "gateway Code",
    DeviceRisk => "DeviceRisk",
});

text_enum!(Responsible, "party", {
    Nobody => "nobody",
    Caller => "caller",
    Account => "account",
    Person => "person",
    Service => "service",
});

text_enum!(RetryAdvice, "advice", {
    No => "no",
    Soon => "soon",
    Later => "later",
});

text_enum!(Confidence, "confidence", {
    Documented => "documented",
    Likely => "likely",
    Unsure => "unsure",
});

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_code_is_listed_twice_for_an_operation_and_all_have_both_languages() {
        for info in crate::ops::ALL {
            let here = all().filter(|it| it.is_in(&info.action));
            let listed: BTreeSet<_> = here.clone().map(|it| (it.kind, it.code)).collect();
            assert_eq!(listed.len(), here.count(), "{}", info.action);
        }
        assert!(all().all(|it| !it.english.is_empty() && !it.chinese.is_empty()));
    }

    #[test]
    fn the_operations_of_a_meaning_exist() {
        for operation in all().flat_map(|it| it.operations) {
            let exists = crate::ops::ALL.iter().any(|it| it.action == *operation);
            assert!(exists, "{operation}");
        }
    }

    #[test]
    fn a_number_can_have_a_meaning_in_two_kinds_and_for_several_operations() {
        let places: Vec<_> = explain("200").map(|meaning| meaning.kind).collect();
        assert_eq!(places, [CodeKind::Code, CodeKind::SubCode]);
        let lost = sub_code_of("BankMetaVerify", "210").unwrap();
        assert_eq!(lost.english, "the card was reported lost");
        assert_eq!(sub_code("210").unwrap().responsible, Responsible::Nobody);
        assert_eq!(sub_code("301"), None);
        assert_eq!(sub_code_of("Id2MetaVerify", "210"), None);
        assert_eq!(biz_code("DescribeFaceVerify", "1"), None);
        assert!(biz_code("Id2MetaVerify", "2").is_some());
    }

    /// The rows of the vendor's API metadata.
    #[test]
    fn every_documented_code_of_an_operation_is_listed() {
        let cards: Vec<u32> = [101]
            .into_iter()
            .chain(201..=216)
            .chain(301..=306)
            .collect();
        let phones = [101, 201, 202, 203, 204, 301];
        let documented = [
            ("BankMetaVerify", &cards[..]),
            ("Mobile3MetaDetailVerify", &phones),
            ("Mobile3MetaDetailStandardVerify", &phones),
            ("MobileOnlineStatus", &phones),
            ("MobileDetect", &[101, 102, 103, 104, 105, 301]),
        ];
        let count: usize = documented.iter().map(|(_, codes)| codes.len()).sum();
        assert_eq!(count, 47);
        for (operation, codes) in documented {
            let listed = all().filter(|it| it.kind == CodeKind::SubCode && it.is_in(operation));
            let listed: Vec<u32> = listed.map(|it| it.code.parse().unwrap()).collect();
            assert_eq!(listed, codes, "{operation}");
        }
        let with_biz_code = crate::ops::ALL.iter().filter(|info| {
            biz_code(&info.action, "1").is_some() && biz_code(&info.action, "3").is_some()
        });
        // 22 in the metadata, and two whose replies document it elsewhere.
        assert_eq!(with_biz_code.count(), 24);
        let of_gateway = all().filter(|it| it.kind == CodeKind::Gateway && it.status.is_some());
        let of_operations =
            of_gateway.filter(|it| !it.operations.is_empty() || it.code == "NoPermission");
        assert_eq!(of_operations.count(), 19);
    }

    #[test]
    fn codes_of_the_gateway_have_their_documented_status() {
        let status = |operation, code| code_of(operation, code).unwrap().status;
        assert_eq!(status("VerifyMaterial", "Error.InternalError"), Some(401));
        assert_eq!(status("CompareFaces", "Error.InternalError"), Some(400));
        assert_eq!(status("DescribeVerifyResult", "DataExpired"), Some(410));
        assert_eq!(status("CompareFaces", "NoPermission"), Some(403));
    }

    #[test]
    fn a_missing_operation_is_not_a_malformed_parameter() {
        for unknown in [
            "InvalidAction.NotFound",
            "InvalidVersion",
            "InvalidApi.NotFound",
        ] {
            assert!(
                !code(unknown).unwrap().english.contains("malformed"),
                "{unknown}"
            );
        }
        assert!(
            code("InvalidSceneId")
                .unwrap()
                .english
                .contains("malformed")
        );
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
        for meaning in all() {
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
