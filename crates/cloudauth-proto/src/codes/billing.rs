//! What the service bills: by operation, and by the codes of a reply.
//!
//! Sources: the charge of each operation in the vendor's API metadata, its tables of codes there and on its
//! pages (documented). Nothing here is inferred from a similar operation.

use alloc::string::String;

use serde::Deserialize;

use super::by_operation::{BILLED_CHECKS, VEHICLES};
use crate::decode::{lenient, payload};
use crate::text_enum::text_enum;

/// Whether an operation is charged for, by the vendor's API metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Charge {
    /// It is free.
    Free,
    /// It is charged for, though perhaps not in every case: [`Reply::billed`](crate::Reply::billed) tells
    /// one from the other where that is documented.
    Paid,
    /// The metadata do not say, contradict themselves, or do not have the operation.
    Unknown,
}

text_enum!(Charge, "charge", {
    Free => "free",
    Paid => "paid",
    Unknown => "unknown",
});

/// Whether the service bills what a reply reports.
///
/// `Yes` and `No` have the source of the statement: the row of the vendor's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "callers match on every variant")]
pub enum Billed {
    /// It is billed.
    Yes(&'static str),
    /// It is not billed.
    No(&'static str),
    /// The documents do not say.
    Unknown,
}

impl Billed {
    /// `yes`, `no` or `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes(_) => "yes",
            Self::No(_) => "no",
            Self::Unknown => "unknown",
        }
    }

    /// Where the vendor documents it.
    #[must_use]
    pub const fn source(self) -> Option<&'static str> {
        match self {
            Self::Yes(source) | Self::No(source) => Some(source),
            Self::Unknown => None,
        }
    }
}

impl core::fmt::Display for Billed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Returns the charge of an operation.
///
/// `VehicleInsureQuery` is `Unknown`: the metadata call it free, and its `BizCode` 1 billed.
///
/// ```
/// use cloudauth_proto::codes::{Charge, charge};
///
/// assert_eq!(charge("InitFaceVerify"), Charge::Paid);
/// assert_eq!(charge("DescribeFaceVerify"), Charge::Free);
/// assert_eq!(charge("AnOperationOfTomorrow"), Charge::Unknown);
/// ```
#[must_use]
pub fn charge(operation: &str) -> Charge {
    if FREE.contains(&operation) {
        Charge::Free
    } else if PAID.contains(&operation) {
        Charge::Paid
    } else {
        Charge::Unknown
    }
}

/// Operations with the charge `free` in the metadata, but for one that [`charge`] explains.
#[rustfmt::skip]
const FREE: &[&str] = &[
    "CreateAntCloudAuthScene", "CreateAuthKey", "CreateCloudauthstScene", "CreateVerifySetting",
    "CreateWhitelistSetting", "DeleteAllCustomizeFlowStrategy", "DeleteAntCloudAuthScene",
    "DeleteBlackListStrategy", "DeleteCloudauthstScene", "DeleteControlStrategy",
    "DeleteCustomizeFlowStrategy", "DeleteWhitelistSetting", "DescribeAntAndCloudAuthUserStatus",
    "DescribeAuthVerify", "DescribeCardVerify", "DescribeCloudauthstSceneList", "DescribeDeviceInfo",
    "DescribeFaceVerify", "DescribeListAntCloudAuthScenes", "DescribeListFaceVerifyData",
    "DescribeListFaceVerifyInfos", "DescribeMetaSearchPageList", "DescribeMetaStatisticsList",
    "DescribeMetaStatisticsPageList", "DescribeOssStatus", "DescribeOssStatusV2",
    "DescribeOssUploadToken", "DescribePageSetting", "DescribeProductCode",
    "DescribeSmartStatisticsPageList", "DescribeVerifyDeviceRiskStatistics",
    "DescribeVerifyFailStatistics", "DescribeVerifyPersonasDeviceModelStatistics",
    "DescribeVerifyPersonasOsStatistics", "DescribeVerifyPersonasProvinceStatistics",
    "DescribeVerifyPersonasSexStatistics", "DescribeVerifyResult", "DescribeVerifySDK",
    "DescribeVerifySearchPageList", "DescribeVerifyStatistics", "DescribeVerifyToken",
    "DescribeWhitelistSetting", "DetectFaceAttributes", "InitAuthVerify", "InitCardVerify",
    "MobileOnlineStatus", "MobileOnlineTime", "ModifyBlackListStrategy", "ModifyControlStrategy",
    "ModifyCustomizeFlowStrategyList", "ModifyDeviceInfo", "QueryBlackListStrategy",
    "QueryControlStrategy", "QueryCustomizeFlowStrategy", "UpdateAntCloudAuthScene",
];

/// Operations with the charge `paid` in the metadata.
#[rustfmt::skip]
const PAID: &[&str] = &[
    "BankMetaVerify", "CompareFaceVerify", "CompareFaces", "ContrastFaceVerify",
    "CredentialProductVerifyV2", "CredentialVerify", "CredentialVerifyV2", "DeepfakeDetect",
    "DescribeFaceGuardRisk", "Id2MetaPeriodVerify", "Id2MetaStandardVerify", "Id2MetaVerify",
    "Id2MetaVerifyWithOCR", "Id3MetaVerify", "Id3MetaVerifyWithOCR", "InitFaceVerify",
    "LivenessFaceVerify", "Mobile2MetaVerify", "Mobile3MetaDetailStandardVerify",
    "Mobile3MetaDetailVerify", "Mobile3MetaSimpleStandardVerify", "Mobile3MetaSimpleVerify",
    "MobileDetect", "Vehicle5ItemQuery", "VehicleMetaVerify", "VehicleMetaVerifyV2", "VehicleQuery",
    "VerifyMaterial",
];

/// Operations whose `SubCode` says whether the verification is billed; of `DescribeFaceVerify`, which is free
/// itself, it is the verification that was opened.
const FACES: &[&str] = &["ContrastFaceVerify", "DescribeFaceVerify"];

/// A statement of the vendor on what is billed.
struct BillingStatement {
    operations: &'static [&'static str],
    codes: Codes,
    billed: Billed,
}

/// The replies that a statement is about: all, or those with one of these values of a field.
enum Codes {
    Any,
    BizCode(&'static [&'static str]),
    SubCode(&'static [&'static str]),
}

const STATEMENTS: &[BillingStatement] = &[
    BillingStatement {
        operations: FACES,
        codes: Codes::SubCode(&["200", "201", "202", "203", "204", "205", "206"]),
        billed: Billed::Yes("page on error codes, ResultObject.SubCode: 200 to 206 are billed"),
    },
    BillingStatement {
        operations: BILLED_CHECKS,
        codes: Codes::BizCode(&["1", "2"]),
        billed: Billed::Yes("API metadata, ResultObject.BizCode: 1 and 2 are billed"),
    },
    BillingStatement {
        operations: VEHICLES,
        codes: Codes::BizCode(&["1"]),
        billed: Billed::Yes("API metadata, ResultObject.BizCode: 1 is billed"),
    },
    BillingStatement {
        operations: BILLED_CHECKS,
        codes: Codes::BizCode(&["3"]),
        billed: Billed::No("API metadata, ResultObject.BizCode: 3 is not billed"),
    },
    BillingStatement {
        operations: VEHICLES,
        codes: Codes::BizCode(&["3"]),
        billed: Billed::No("API metadata, ResultObject.BizCode: 3 is not billed"),
    },
    BillingStatement {
        operations: &["DescribeFaceGuardRisk"],
        codes: Codes::Any,
        billed: Billed::Yes("page of the operation: metered per successful query"),
    },
];

/// The codes of a reply that say whether it is billed.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct BillingCodes {
    #[serde(deserialize_with = "lenient::text")]
    biz_code: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    sub_code: Option<String>,
}

/// Whether the service bills what the successful response to an operation reports.
pub(crate) fn billed(operation: &str, response: &[u8]) -> Billed {
    let rows = STATEMENTS.iter();
    let mut rows = rows
        .filter(|row| row.operations.contains(&operation))
        .peekable();
    if rows.peek().is_none() {
        return match charge(operation) {
            Charge::Free => Billed::No("API metadata, charge: free"),
            Charge::Paid | Charge::Unknown => Billed::Unknown,
        };
    }
    // All operations with a row have their codes there.
    let read = payload::read::<BillingCodes>(response, Some("ResultObject"), None);
    let codes = read.ok().and_then(|read| read.payload.ok());
    let codes = codes.unwrap_or_default();
    let has = |code: &Option<String>, values: &[&str]| {
        let code = code.as_deref();
        code.is_some_and(|code| values.contains(&code))
    };
    let found = rows.find(|row| match row.codes {
        Codes::Any => true,
        Codes::BizCode(values) => has(&codes.biz_code, values),
        Codes::SubCode(values) => has(&codes.sub_code, values),
    });
    found.map_or(Billed::Unknown, |row| row.billed)
}
