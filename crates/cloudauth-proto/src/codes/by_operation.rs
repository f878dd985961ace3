//! The codes that have a meaning of their own for some operations.
//!
//! Source: the vendor's API metadata. The same number means something else for another operation: 210 is
//! "passed" for a face verification, and a lost card for a check of bank cards.

use super::CodeKind::{BizCode, Gateway, SubCode};
use super::Confidence::Documented;
use super::Responsible::{Account, Caller, Nobody, Person, Service};
use super::RetryAdvice::{Later, No, Soon};
use super::{CodeKind, Meaning, Responsible, RetryAdvice};

/// The plans of face verifications, whose `SubCode`s are in the general table.
pub(super) const FACES: &[&str] = &[
    "DescribeFaceVerify",
    "ContrastFaceVerify",
    "LivenessFaceVerify",
    "DescribeVerifySearchPageList",
];

/// Checks for which the vendor states what is billed.
pub(super) const BILLED_CHECKS: &[&str] = &[
    "BankMetaVerify",
    "Id3MetaVerifyPRO",
    "Mobile3MetaSimpleStandardVerify",
    "VehicleMetaVerify",
];
const CHECKS: &[&str] = &[
    "DescribeCardVerify",
    "Id2MetaPeriodVerify",
    "Id2MetaStandardVerify",
    "Id2MetaVerify",
    "Id2MetaVerifyWithOCR",
    "Id3MetaVerify",
    "Id3MetaVerifyWithOCR",
    "Mobile2MetaVerify",
    "Mobile3MetaDetailStandardVerify",
    "Mobile3MetaDetailVerify",
    "Mobile3MetaSimpleVerify",
    "MobileOnlineTime",
    "VehicleMetaVerifyV2",
];
const PHONES_IN_USE: &[&str] = &["MobileDetect", "MobileOnlineStatus"];
pub(super) const VEHICLES: &[&str] = &["Vehicle5ItemQuery", "VehicleInsureQuery", "VehicleQuery"];
const RECYCLED: &[&str] = &["MobileRecycledMetaVerify"];
const RECORDS: &[&str] = &["DescribeMetaSearchPageList"];
const CARDS: &[&str] = &["BankMetaVerify"];
const PHONES: &[&str] = &["Mobile3MetaDetailStandardVerify", "Mobile3MetaDetailVerify"];
const ONLINE: &[&str] = &["MobileOnlineStatus"];
const DETECT: &[&str] = &["MobileDetect"];
const FACE_AND_NUMBER: &[&str] = &["Id3MetaVerify", "Id3MetaVerifyPRO"];
const COMPARE: &[&str] = &["CompareFaces"];
const ATTRIBUTES: &[&str] = &["DetectFaceAttributes"];
const COMPARE_AND_ATTRIBUTES: &[&str] = &["CompareFaces", "DetectFaceAttributes"];
const COMPARE_AND_TOKEN: &[&str] = &["CompareFaces", "DescribeVerifyToken"];
const MATERIAL: &[&str] = &["VerifyMaterial"];
const RESULT: &[&str] = &["DescribeVerifyResult"];

#[rustfmt::skip]
pub(super) const ALL: &[Meaning] = &[
    of(BILLED_CHECKS, BizCode, "1", Nobody, "the data are consistent; billed", "核验一致（计费）"),
    of(BILLED_CHECKS, BizCode, "2", Person, "the data are not consistent; billed", "核验不一致（计费），请核对你填写的信息"),
    of(BILLED_CHECKS, BizCode, "3", Person, "there is no record; not billed", "查无记录（不计费），请核对你填写的信息"),
    of(CHECKS, BizCode, "1", Nobody, "the data are consistent", "核验一致"),
    of(CHECKS, BizCode, "2", Person, "the data are not consistent", "核验不一致，请核对你填写的信息"),
    of(CHECKS, BizCode, "3", Person, "there is no record", "查无记录，请核对你填写的信息"),
    of(PHONES_IN_USE, BizCode, "1", Nobody, "the phone number is in use", "号码在网可用"),
    of(PHONES_IN_USE, BizCode, "2", Person, "the phone number is not in use; SubCode has the reason", "号码不可用，原因见 SubCode"),
    of(PHONES_IN_USE, BizCode, "3", Person, "there is no record of the phone number", "查无此号码的记录"),
    of(VEHICLES, BizCode, "1", Nobody, "a record was found; billed", "已查得记录（计费）"),
    of(VEHICLES, BizCode, "3", Person, "there is no record; not billed", "查无记录（不计费），请核对你填写的信息"),
    of(RECYCLED, BizCode, "1", Nobody, "a record was found", "已查得记录"),
    of(RECYCLED, BizCode, "3", Person, "there is no record", "查无记录"),
    of(RECORDS, BizCode, "1", Nobody, "passed", "核验通过"),
    of(RECORDS, BizCode, "2", Nobody, "not passed", "核验未通过"),
    of(RECORDS, BizCode, "3", Nobody, "no record", "查无记录"),

    of(CARDS, SubCode, "101", Nobody, "passed", "核验通过"),
    of(CARDS, SubCode, "201", Person, "the data of the holder do not match", "持卡人信息不一致，请核对你填写的信息"),
    of(CARDS, SubCode, "202", Person, "the card is not enabled for payment with authentication", "此卡未开通认证支付，请联系发卡行开通，或换一张卡"),
    of(CARDS, SubCode, "203", Person, "the card has expired", "此卡已过期，请换一张卡"),
    of(CARDS, SubCode, "204", Person, "the card is restricted", "此卡使用受限，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "205", Person, "the card was confiscated", "此卡已被没收，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "206", Person, "the card is invalid", "此卡无效，请换一张卡"),
    of(CARDS, SubCode, "207", Person, "no bank issued this card", "此卡没有对应的发卡行，请核对卡号"),
    of(CARDS, SubCode, "208", Person, "the card is not initialized, or dormant", "此卡未激活或处于休眠状态，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "209", Person, "the card is fraudulent, or was retained by a machine", "此卡被列为作弊卡或已被吞卡，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "210", Person, "the card was reported lost", "此卡已挂失，请换一张卡"),
    of(CARDS, SubCode, "211", Person, "too many wrong passwords", "密码错误次数过多，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "212", Person, "the bank does not support this transaction", "发卡行不支持此交易，请换一张卡"),
    of(CARDS, SubCode, "213", Person, "the card is invalid or in an abnormal state", "此卡无效或状态异常，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "214", Person, "the bank has no phone number on record", "此卡没有预留手机号，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "215", Person, "wrong password, expiry date or CVN2", "密码、有效期或 CVN2 有误，请核对你填写的信息"),
    of(CARDS, SubCode, "216", Person, "another problem of the card", "此卡存在其他异常，请联系发卡行，或换一张卡"),
    of(CARDS, SubCode, "301", Person, "cannot be checked: the card does not support it", "无法核验：此卡不支持该业务，请换一张卡"),
    of(CARDS, SubCode, "302", Person, "cannot be checked: it failed, or the bank refused; the bank tells the person why", "无法核验：核验失败或被银行拒绝，请联系发卡行"),
    of(CARDS, SubCode, "303", Person, "cannot be checked: the card does not support phone numbers yet", "无法核验：此卡暂不支持手机号核验，请换一张卡"),
    of(CARDS, SubCode, "304", Person, "cannot be checked: the card number is wrong", "无法核验：卡号有误，请核对卡号"),
    of(CARDS, SubCode, "305", Person, "cannot be checked, for other reasons", "无法核验：其他原因，请换一张卡"),
    later(CARDS, SubCode, "306", Person, "cannot be checked: too many checks", "无法核验：核验次数过多，请稍后再试"),

    of(PHONES, SubCode, "101", Nobody, "passed", "核验通过"),
    of(PHONES, SubCode, "201", Person, "neither name nor ID number matches the phone number", "姓名和证件号码均与手机号不一致，请核对你填写的信息"),
    of(PHONES, SubCode, "202", Person, "the name matches the phone number, the ID number does not", "姓名与手机号一致，证件号码与手机号不一致，请核对你填写的信息"),
    of(PHONES, SubCode, "203", Person, "the ID number matches the phone number, the name does not", "证件号码与手机号一致，姓名与手机号不一致，请核对你填写的信息"),
    of(PHONES, SubCode, "204", Person, "another mismatch", "其他不一致，请核对你填写的信息"),
    of(PHONES, SubCode, "301", Person, "there is no record", "查无记录，请核对你填写的信息"),

    of(ONLINE, SubCode, "101", Nobody, "the phone number is in use", "号码在网可用"),
    of(ONLINE, SubCode, "201", Person, "the phone number is suspended", "号码已停机"),
    of(ONLINE, SubCode, "202", Person, "the phone number is cancelled", "号码已销号"),
    of(ONLINE, SubCode, "203", Person, "the phone number is in use but unavailable", "号码在网但不可用"),
    of(ONLINE, SubCode, "204", Person, "the phone number is not in use", "号码不在网"),
    of(ONLINE, SubCode, "301", Person, "there is no record of the phone number", "查无此号码的记录"),

    of(DETECT, SubCode, "101", Nobody, "the phone number is available", "号码可用"),
    of(DETECT, SubCode, "102", Person, "the phone number is not assigned", "空号"),
    of(DETECT, SubCode, "103", Person, "the phone number is suspended", "号码已停机"),
    of(DETECT, SubCode, "104", Person, "a silent number: hardly used for half a year, new, or not of a smartphone", "沉默号：近半年不活跃、新开通，或不是智能手机用户"),
    of(DETECT, SubCode, "105", Person, "a risky number: switched off for long, without voice service, or prone to complaints", "风险号：长时间关机、未开通语音服务，或用户容易投诉"),
    of(DETECT, SubCode, "301", Person, "there is no record of the phone number", "查无此号码的记录"),

    of(FACE_AND_NUMBER, SubCode, "101", Nobody, "passed", "核验通过"),
    of(FACE_AND_NUMBER, SubCode, "201", Person, "name and number do not match", "姓名与证件号码不一致，请核对你填写的信息"),
    of(FACE_AND_NUMBER, SubCode, "202", Person, "possibly the person", "疑似本人，请换一张清晰的照片再试"),
    of(FACE_AND_NUMBER, SubCode, "203", Person, "the authority has no photo", "权威比对源没有照片。你可以联系客服，改用其他方式办理"),
    of(FACE_AND_NUMBER, SubCode, "204", Person, "another person", "不是同一人，请使用本人的照片"),
    of(FACE_AND_NUMBER, SubCode, "205", Person, "the picture has no usable features", "照片无法提取特征，请换一张清晰的照片"),
    of(FACE_AND_NUMBER, SubCode, "206", Caller, "the format of the picture is wrong", "照片格式不正确"),
    of(FACE_AND_NUMBER, SubCode, "207", Person, "the face in the picture is too small", "照片中的人脸过小，请换一张照片"),
    of(FACE_AND_NUMBER, SubCode, "208", Person, "the quality of the picture is too low", "照片质量过低，请换一张清晰的照片"),
    of(FACE_AND_NUMBER, SubCode, "301", Person, "the ID number is unknown", "查无此证件号码，请核对你填写的信息"),
    of(FACE_AND_NUMBER, SubCode, "302", Person, "cannot be checked", "无法核验。你可以联系客服，改用其他方式办理"),

    of(RECYCLED, SubCode, "101", Nobody, "registered on or after the activation of the number", "注册日期不早于号码的开通日期"),
    of(RECYCLED, SubCode, "102", Person, "registered before the activation of the number: it has a new subscriber", "注册日期早于号码的开通日期，号码可能已换人使用"),
    of(RECYCLED, SubCode, "103", Person, "a new subscriber, not yet known", "新开通的用户，暂时无法核实"),
    of(RECYCLED, SubCode, "301", Person, "an error in the data, or the subscriber is gone", "数据异常，或用户已离网"),

    refused(MATERIAL, 400, "InvalidParam.MaterialsNotValid", Caller, No, "the pictures or data are not valid", "提交的照片或信息无效"),
    refused(MATERIAL, 401, "Error.InternalError", Service, Soon, "the service failed", "系统错误，请稍后再试"),
    refused(COMPARE_AND_ATTRIBUTES, 400, "Error.InternalError", Service, Soon, "the service failed", "系统错误，请稍后再试"),
    refused(COMPARE_AND_TOKEN, 400, "InvalidParam.ImageValuePatternError", Caller, No, "a picture is neither a URL nor base64 in the documented form", "照片既不是 URL，也不是规定格式的 base64"),
    refused(RESULT, 410, "DataExpired", Caller, No, "the data of the verification have expired", "认证数据已过期"),
    refused(COMPARE_AND_ATTRIBUTES, 400, "InvalidParam.ParamsMissing", Caller, No, "a parameter is missing", "缺少参数"),
    refused(COMPARE, 400, "InvalidParam.ImageTypeEmpty", Caller, No, "the kind of a picture is missing", "缺少照片类型"),
    refused(COMPARE, 400, "InvalidParam.FacePicNotGiven", Caller, No, "neither picture is marked as one of a face", "两张照片都没有标为人脸照片"),
    refused(COMPARE, 400, "InvalidParam.ImageTypeInvalid", Caller, No, "the kind of a picture is not a documented one", "照片类型不正确"),
    refused(COMPARE, 400, "InvalidParam.ImageNotFound", Caller, No, "a picture was not found", "找不到照片"),
    refused(COMPARE, 400, "Error.NoFaceDetected", Person, No, "there is no face in a picture", "照片中没有检测到人脸，请换一张照片"),
    refused(COMPARE_AND_ATTRIBUTES, 403, "Error.NoPermissionAccess", Account, No, "the account or RAM user lacks permission", "账号或 RAM 用户没有权限"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesParamError", Caller, No, "a parameter is malformed", "参数格式不正确"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesHttpError", Service, Soon, "a request within the service failed", "服务内部请求失败，请稍后再试"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesOssError", Service, Soon, "the object store failed", "对象存储出错，请稍后再试"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesAlgServiceError", Service, Soon, "the recognition failed", "识别服务出错，请稍后再试"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesAlgServieReturnError", Service, Soon, "the recognition returned an error", "识别服务返回错误，请稍后再试"),
    refused(ATTRIBUTES, 400, "Error.DetectFaceAttributesBase64Error", Caller, No, "the picture is not valid base64", "照片不是有效的 base64"),
];

const fn of(
    operations: &'static [&'static str],
    kind: CodeKind,
    code: &'static str,
    responsible: Responsible,
    english: &'static str,
    chinese: &'static str,
) -> Meaning {
    Meaning {
        code,
        kind,
        operations,
        status: None,
        english,
        chinese,
        responsible,
        retry: No,
        confidence: Documented,
    }
}

const fn later(
    operations: &'static [&'static str],
    kind: CodeKind,
    code: &'static str,
    responsible: Responsible,
    english: &'static str,
    chinese: &'static str,
) -> Meaning {
    let mut meaning = of(operations, kind, code, responsible, english, chinese);
    meaning.retry = Later;
    meaning
}

const fn refused(
    operations: &'static [&'static str],
    status: u16,
    code: &'static str,
    responsible: Responsible,
    retry: RetryAdvice,
    english: &'static str,
    chinese: &'static str,
) -> Meaning {
    let mut meaning = of(operations, Gateway, code, responsible, english, chinese);
    meaning.status = Some(status);
    meaning.retry = retry;
    meaning
}
