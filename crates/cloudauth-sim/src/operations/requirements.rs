//! What operations on faces require besides the catalogue: by plan, by picture, by format.
//!
//! Documented unless a comment states otherwise. That a missing parameter is refused with 400 and a
//! malformed one with 401 is documented; the order of the checks is inferred.

use super::leniency::Leniency;
use super::result::{OperationResult, invalid, missing, required};
use crate::dates;
use crate::http::{Params, Refusal, params::value};
use crate::orders::magic::{has_check_digit, is_well_formed};

/// The parameters that a plan of `InitFaceVerify` requires besides the common ones. The H5 page of
/// `ID_PRO` requires `ReturnUrl`, too, which apps do not have.
const BY_PLAN: [(&str, &[&str]); 3] = [
    ("ID_PRO", &["CertType", "CertName", "CertNo", "MetaInfo"]),
    ("LR_FR", &["UserId", "MetaInfo"]),
    ("PV_FV", &["UserId"]),
];

/// The plans of `InitFaceVerify` that the documents have.
const PLANS: [&str; 7] = [
    "ID_PRO",
    "ID_PLUS",
    "PV_FV",
    "LR_FR",
    "MFVC",
    "FACE",
    "FACE_GUARD",
];

/// Documented values of parameters of `InitFaceVerify`. Pages differ in their lists, so a value that is
/// in none of them is accepted unless likely rules are enforced.
const LISTED: [(&str, &[&str], &str); 8] = [
    (
        "Model",
        &[
            "LIVENESS",
            "PHOTINUS_LIVENESS",
            "MULTI_ACTION",
            "MULTI_PHOTINUS",
            "MOVE_ACTION",
            "MULTI_FAPTCHA",
            "MOVE_PHOTINUS",
            "FRONT_CAMERA_LIVENESS",
        ],
        "Model is unknown",
    ),
    (
        "CertType",
        &["IDENTITY_CARD", "PASSPORT"],
        "CertType is unknown",
    ),
    (
        "CertifyUrlType",
        &["WEB", "H5"],
        "CertifyUrlType is unknown",
    ),
    ("CertifyUrlStyle", &["L", "S"], "CertifyUrlStyle is unknown"),
    (
        "ProcedurePriority",
        &["url", "keep", "video"],
        "ProcedurePriority is unknown",
    ),
    (
        "VideoEvidence",
        &["true", "false"],
        "VideoEvidence is neither true nor false",
    ),
    ("SuitableType", &["0", "1", "2"], "SuitableType is unknown"),
    ("Mode", &["1", "3"], "Mode is unknown"),
];

/// The parameters that can each carry a picture of a face, apart from a bucket with an object.
const PICTURES: [&str; 4] = [
    "FaceContrastPicture",
    "FaceContrastPictureUrl",
    "CertifyId",
    "FaceContrastFile",
];

/// In base64: 1 MiB of picture. Whether the documented 1 MB is this or 1 000 000 bytes is unknown.
const MAX_PICTURE_BYTES: usize = (1 << 20) / 3 * 4;

/// Checks what the plan of an `InitFaceVerify` requires.
pub(super) fn check_plan(params: &Params, leniency: &mut Leniency) -> Result<(), OperationResult> {
    for name in ["SceneId", "OuterOrderNo", "ProductCode"] {
        required(params, name)?;
    }
    let plan = value(params, "ProductCode");
    let by_plan = BY_PLAN.iter().find(|(listed, _)| *listed == plan);
    for name in by_plan.map_or(&[][..], |(_, names)| names) {
        required(params, name)?;
    }
    if plan == "PV_FV" && pictures(params, "") == 0 {
        return Err(missing("the picture of the face"));
    }
    let is_unknown = !PLANS.contains(&plan);
    leniency.invalid(
        is_unknown,
        "ProductCode",
        "the plan (ProductCode) is unknown",
    )?;
    let number = value(params, "OuterOrderNo");
    let has_other = !number.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let doubt = "OuterOrderNo has characters other than letters and digits";
    leniency.invalid(has_other, "OuterOrderNo", doubt)?;
    for (name, listed, doubt) in LISTED {
        let text = value(params, name);
        let is_unknown = !text.is_empty() && !listed.contains(&text);
        leniency.invalid(is_unknown, name, doubt)?;
    }
    Ok(())
}

/// How many pictures there are, in parameters with this prefix.
fn pictures(params: &Params, prefix: &str) -> usize {
    let is_set = |name: &&str| !value(params, &format!("{prefix}{name}")).is_empty();
    let in_bucket = ["OssBucketName", "OssObjectName"].iter().any(&is_set);
    PICTURES.iter().filter(|name| is_set(name)).count() + usize::from(in_bucket)
}

/// Accepts at most one picture, of at most 1 MB (420 and 421).
pub(super) fn check_pictures(params: &Params, prefix: &str) -> Result<(), OperationResult> {
    if pictures(params, prefix) > 1 {
        let message = "there is more than one picture";
        return Err(OperationResult::failure("420", message));
    }
    let picture = value(params, &format!("{prefix}FaceContrastPicture"));
    if picture.len() > MAX_PICTURE_BYTES {
        let message = "the picture is larger than 1 MB";
        return Err(OperationResult::failure("421", message));
    }
    Ok(())
}

/// Checks that a comparison has what it compares: the two pictures of `CompareFaceVerify`, and the one
/// of the others. That it is required is documented for `ContrastFaceVerify`, inferred for the others.
pub(super) fn check_compared(action: &str, params: &Params) -> Result<(), OperationResult> {
    let prefixes: &[&str] = match action {
        "CompareFaceVerify" => &["Source", "Target"],
        "ContrastFaceVerify" | "LivenessFaceVerify" | "AIGCFaceVerify" => &[""],
        _ => &[],
    };
    for prefix in prefixes {
        check_pictures(params, prefix)?;
        if pictures(params, prefix) == 0 {
            return Err(missing(&format!("{prefix}FaceContrastPicture")));
        }
    }
    Ok(())
}

/// The parameters with a certify ID whose picture is compared.
pub(super) const PICTURE_IDS: [&str; 3] = ["CertifyId", "SourceCertifyId", "TargetCertifyId"];

/// Checks the parameters of `CompareFaces`, which has codes of the gateway for them. Which of them is
/// for which parameter is inferred.
pub(super) fn check_faces(params: &Params, leniency: &mut Leniency) -> Result<(), Refusal> {
    for name in ["SourceImageValue", "TargetImageValue"] {
        if value(params, name).is_empty() {
            let message = format!("{name} must not be empty");
            return Err(Refusal::new(400, "InvalidParam.ParamsMissing", message));
        }
    }
    for name in ["SourceImageType", "TargetImageType"] {
        let kind = value(params, name);
        if kind.is_empty() {
            let message = format!("{name} must not be empty");
            return Err(Refusal::new(400, "InvalidParam.ImageTypeEmpty", message));
        }
        let is_unknown = !["FacePic", "IDPic"].contains(&kind);
        leniency.apply(is_unknown, "a type of image is unknown", || {
            let message = format!("{name} is unknown");
            Refusal::new(400, "InvalidParam.ImageTypeInvalid", message)
        })?;
    }
    Ok(())
}

/// Checks name and number of a person with an ID card: the format of both, and the check digit if
/// likely rules are enforced.
pub(super) fn check_person(
    name: &str,
    number: &str,
    leniency: &mut Leniency,
) -> Result<(), OperationResult> {
    let is_latin = !name.is_empty() && name.is_ascii();
    if is_latin {
        return Err(invalid("CertName"));
    }
    if number.is_empty() {
        return Ok(());
    }
    if !is_well_formed(number) {
        return Err(invalid("CertNo"));
    }
    let is_wrong = !has_check_digit(number);
    leniency.invalid(is_wrong, "CertNo", "CertNo has a wrong check digit")
}

/// Whether the date of birth in an ID number is less than 14 years ago.
pub(super) fn is_under_14(number: &str, now_unix: u64) -> bool {
    let today = dates::day(now_unix).replace('-', "");
    let date = |text: Option<&str>| text.and_then(|text| text.parse::<u64>().ok());
    match (date(number.get(6..14)), date(Some(&today))) {
        (Some(birth), Some(today)) => birth + 14_0000 > today,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_may_be_verified_from_the_fourteenth_birthday() {
        // 2023-11-14.
        let now = 1_700_000_000;
        assert!(!is_under_14("330103200911141232", now));
        assert!(is_under_14("330103200911151238", now));
        assert!(!is_under_14("33010320091", now));
    }

    #[test]
    fn an_id_number_has_eighteen_characters() {
        for good in [
            "330103199001011230",
            "11010519491231002X",
            "11010519491231002x",
        ] {
            assert!(is_well_formed(good), "{good}");
        }
        for bad in [
            "",
            "33010319900101123",
            "X30103199001011230",
            "3301031990010112300",
            "33010319900101123Y",
        ] {
            assert!(!is_well_formed(bad), "{bad}");
        }
        assert!(has_check_digit("11010519491231002x"));
        assert!(!has_check_digit("110105194912310021"));
    }

    #[test]
    fn rare_characters_and_dots_are_no_latin_letters() {
        let mut leniency = Leniency::default();
        for name in ["张三", "阿卜杜拉·买买提", "李\u{e863}", "张𬎆", ""] {
            assert!(check_person(name, "", &mut leniency).is_ok(), "{name}");
        }
        for name in ["Zhang San", "test", "1"] {
            let refused = check_person(name, "", &mut leniency);
            assert_eq!(refused.map_err(|it| it.code), Err("401"), "{name}");
        }
    }
}
