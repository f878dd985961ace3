//! Checks of data against an authority (`BizCode`): which data each needs, and which `SubCode` says
//! what.
//!
//! The codes are the vendor's, by operation. Which parameters are needed is documented for some
//! operations and inferred for the others: a check without anything to check finds no match.

use super::catalogue::OperationSpec;
use super::leniency::Leniency;
use super::result::{OperationResult, invalid, missing};
use crate::http::{Params, params::value};
use crate::orders::check_codes::SUB_CODES;
use crate::orders::magic::{MagicEffect, is_well_formed};
use crate::verdict::Verdict;

/// The operations that find data or find none, without a "not consistent" (documented).
const FOUND_OR_NOT: [&str; 3] = ["Vehicle5ItemQuery", "VehicleInsureQuery", "VehicleQuery"];

/// The data of a person or a vehicle. What an operation has of these it needs (inferred), unless
/// [`needed`] says otherwise.
const DATA: [&str; 6] = [
    "BankCard",
    "IdentifyNum",
    "Mobile",
    "Mobiles",
    "UserName",
    "VehicleNum",
];

/// Parameters of which one must be there, by operation (inferred).
const ONE_OF: [(&str, &[&str]); 9] = [
    ("CredentialProductVerifyV2", &["ImageFile", "ImageUrl"]),
    ("CredentialVerify", &["ImageContext", "ImageUrl"]),
    (
        "CredentialVerifyV2",
        &["ImageContext", "ImageUrl", "ImageFile"],
    ),
    ("DeepfakeDetect", &["FaceBase64", "FaceUrl"]),
    ("Id2MetaVerifyWithOCR", &["CertFile", "CertUrl"]),
    ("Id3MetaVerify", &["FacePicture", "FaceUrl", "FaceFile"]),
    ("Id3MetaVerifyPRO", &["FacePicture", "FaceUrl", "FaceFile"]),
    ("Id3MetaVerifyWithOCR", &["CertFile", "CertUrl"]),
    ("VehicleInsureQuery", &["VehicleNum", "Vin"]),
];

/// A longer list of mobile numbers is refused. The limit is the simulator's.
const MAX_MOBILES: usize = 100;

/// Checks the parameters of an operation with a `BizCode` or a `Result`, and those of the other
/// operations in [`ONE_OF`].
pub(super) fn check(
    spec: OperationSpec,
    params: &Params,
    leniency: &mut Leniency,
) -> Result<(), OperationResult> {
    let one_of = ONE_OF.iter().find(|(action, _)| *action == spec.action());
    let is_set = |name: &str| !value(params, name).is_empty();
    if let Some((_, names)) = one_of
        && !names.iter().any(|name| is_set(name))
    {
        return Err(missing(&names.join(" or ")));
    }
    if !spec.has_response_field("BizCode") {
        return Ok(());
    }
    let needed = |name: &&&str| spec.has_parameter(name) && is_needed(spec, params, name);
    if let Some(name) = DATA.iter().filter(needed).find(|name| !is_set(name)) {
        return Err(missing(name));
    }
    if spec.has_parameter("ParamType") && value(params, "ParamType").is_empty() {
        // Documented for this operation; the catalogue has it for two others.
        if spec.action() == "Id2MetaVerify" {
            return Err(missing("ParamType"));
        }
        let doubt = "ParamType is missing";
        leniency.apply(true, doubt, || missing("ParamType"))?;
    }
    check_forms(params, leniency)
}

/// Whether an operation that has a parameter needs it.
fn is_needed(spec: OperationSpec, params: &Params, name: &str) -> bool {
    match (spec.action(), name) {
        ("BankMetaVerify", "Mobile") => value(params, "ProductType") == "BANK_CARD_4_META",
        ("BankMetaVerify", "IdentifyNum") => matches!(
            value(params, "ProductType"),
            "BANK_CARD_3_META" | "BANK_CARD_4_META"
        ),
        ("VehicleMetaVerify" | "VehicleMetaVerifyV2", "IdentifyNum") => {
            value(params, "VerifyMetaType") == "VEHICLE_3_META"
        }
        // One of the two numbers is enough; the lists of records have them as filters.
        ("VehicleInsureQuery", "VehicleNum")
        | ("DescribeMetaSearchPageList" | "DescribeListFaceVerifyInfos", _) => false,
        _ => true,
    }
}

/// Refuses what cannot be an ID number, a mobile number or a hash of one with 401 (documented for the
/// format of ID numbers, inferred for the others).
fn check_forms(params: &Params, leniency: &mut Leniency) -> Result<(), OperationResult> {
    let is_hashed = match value(params, "ParamType") {
        "" | "normal" => false,
        "md5" => true,
        _ => {
            leniency.invalid(true, "ParamType", "ParamType is neither normal nor md5")?;
            return Ok(());
        }
    };
    let is_hash =
        |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = value(params, "IdentifyNum");
    if !number.is_empty() && !(if is_hashed { is_hash } else { is_well_formed })(number) {
        return Err(invalid("IdentifyNum"));
    }
    let is_mobile = |text: &str| {
        text.len() == 11 && text.starts_with('1') && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    for name in ["Mobile", "Mobiles"] {
        let text = value(params, name);
        let mut all = text.split(',').filter(|_| !text.is_empty());
        let is_one = all.clone().count() <= if name == "Mobile" { 1 } else { MAX_MOBILES };
        let has_form = all.all(if is_hashed { is_hash } else { is_mobile });
        if !is_one || !has_form {
            return Err(invalid(name));
        }
    }
    Ok(())
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CheckOutcome {
    /// 1 consistent or found, 2 not consistent, 3 no record (documented).
    pub(super) biz_code: &'static str,
    pub(super) sub_code: &'static str,
}

impl CheckOutcome {
    /// The outcome for a magic number: of `SubCode` 201 not consistent, of 202 and 203 no record (our
    /// choice), and those of a check's own `SubCode`. Without one, the check finds a match.
    pub(super) fn of(action: &str, magic: Option<MagicEffect>) -> Self {
        let biz_code = match magic {
            Some(MagicEffect::CheckCode(code)) => return Self::with_code(action, code),
            Some(MagicEffect::Verdict(Verdict::IdentityNotFound | Verdict::PhotoNotFound)) => "3",
            Some(MagicEffect::Verdict(verdict)) if !verdict.passed() => "2",
            _ => "1",
        };
        let is_detection = action == "MobileDetect";
        let sub_code = match biz_code {
            "2" if is_detection => "102",
            "2" => "201",
            "3" => "301",
            _ => "101",
        };
        Self::with_code(action, sub_code)
    }

    /// The outcome with this `SubCode`, or with the operation's first one of the same class.
    fn with_code(action: &str, code: &'static str) -> Self {
        let documented = SUB_CODES.iter().find(|(listed, _)| *listed == action);
        let class = code.get(..1).unwrap_or_default();
        let sub_code = documented.map_or(code, |(_, codes)| {
            let same_class = codes.iter().find(|listed| listed.starts_with(class));
            let exact = codes.iter().find(|listed| **listed == code);
            exact.or(same_class).copied().unwrap_or(code)
        });
        let biz_code = match class {
            "2" if FOUND_OR_NOT.contains(&action) => "3",
            "1" if action == "MobileDetect" && sub_code != "101" => "2",
            "2" => "2",
            "3" => "3",
            _ => "1",
        };
        Self { biz_code, sub_code }
    }
}

/// Gives the result of `MobileDetect` one item for each number. That a number without a record is not
/// charged is inferred from the other checks.
pub(super) fn detect_mobiles(mut result: OperationResult, params: &Params) -> OperationResult {
    let Some(object) = result.members.get_mut("ResultObject") else {
        return result;
    };
    let template = object["Items"][0].clone();
    let mut charged = 0;
    let numbers = value(params, "Mobiles").split(',');
    let items = numbers.map(|number| {
        let outcome = CheckOutcome::of("MobileDetect", MagicEffect::of_mobile(number));
        charged += usize::from(outcome.biz_code != "3");
        let mut item = template.clone();
        item["Mobile"] = number.into();
        item["BizCode"] = outcome.biz_code.into();
        item["SubCode"] = outcome.sub_code.into();
        item
    });
    let items: Vec<_> = items.collect();
    object["Items"] = items.into();
    object["ChargeCount"] = charged.to_string().into();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_sub_code_can_be_produced_with_its_biz_code() {
        let mut produced = 0;
        for (action, codes) in SUB_CODES {
            for code in codes {
                let outcome = CheckOutcome::of(action, Some(MagicEffect::CheckCode(code)));
                assert_eq!(outcome.sub_code, *code, "{action}");
                let biz_code = match code.as_bytes()[0] {
                    b'1' if *code == "101" => "1",
                    b'1' | b'2' => "2",
                    _ => "3",
                };
                assert_eq!(outcome.biz_code, biz_code, "{action} {code}");
                produced += 1;
            }
        }
        assert_eq!(produced, 47);
    }

    #[test]
    fn a_query_that_finds_nothing_has_no_record() {
        let mismatch = Some(MagicEffect::Verdict(Verdict::NameMismatch));
        assert_eq!(CheckOutcome::of("VehicleQuery", mismatch).biz_code, "3");
        assert_eq!(CheckOutcome::of("Id2MetaVerify", mismatch).biz_code, "2");
        assert_eq!(CheckOutcome::of("VehicleQuery", None).biz_code, "1");
    }
}
