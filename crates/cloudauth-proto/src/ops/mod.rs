//! The operations of the service, as structs.
//!
//! A face verification needs [`InitFaceVerify`] and [`DescribeFaceVerify`];
//! [`verify`](crate::verify) has the types around these two. An operation that is not listed here
//! is sent as [`Raw`].
//!
//! A reply is read whatever stands beside its values: a field of another type, with lost characters or in
//! malformed JSON does not cost the others. It is absent, and named in the list `unreadable` of its
//! struct. Two values of the verdict itself that differ are [`Error::Decode`](crate::Error::Decode).
//!
//! Names, locations, types and descriptions of fields are those of the vendor's SDK packages and API
//! metadata (documented), unless the documentation of a field states otherwise. Two properties are
//! not the vendor's:
//!
//! * The [`Effect`](crate::Effect) of an operation is our classification. An operation whose charge
//!   is unknown, and that neither only reads nor only sets, is treated as a paid one.
//! * The operation that confirms whether another was carried out
//!   (`confirmed_by` of [`OperationMetadata`]) is inferred from the conditions
//!   that it can search by, except for [`InitFaceVerify`], whose `OuterOrderNo` it is documented to
//!   find.

mod bank;
mod card;
mod compare;
mod console;
mod credential;
pub(crate) mod enums;
mod face;
mod id;
mod mobile;
mod parts;
mod raw;
mod retired;
mod rules;
mod vehicle;

pub use bank::*;
pub use card::*;
pub use compare::*;
pub use console::*;
pub use credential::*;
pub use face::*;
pub use id::*;
pub use mobile::*;
pub use parts::*;
pub use raw::{Raw, RawResponse};
pub use retired::*;
pub use vehicle::*;

use crate::decode::replies;
use crate::operation::{Listed, OperationMetadata};

replies! {
    /// Empty reply: the operation was carried out.
    Done {}
}

/// A generic function for [`visit`], which applies it to every operation.
pub trait Visitor {
    /// Called once for each operation `O`.
    fn operation<O: Listed + Send + Sync + 'static>(&mut self);
}

/// Metadata of the operation of this name, such as `DescribeFaceVerify`.
///
/// [`TableOperation`](crate::operation::TableOperation) calls it.
#[must_use]
pub fn find(action: &str) -> Option<&'static OperationMetadata> {
    let at = ALL.binary_search_by(|listed| (*listed.action).cmp(action));
    at.ok().map(|at| &ALL[at])
}

macro_rules! list {
    ($($name:ident)*) => {
        /// Metadata of every operation, sorted by name.
        pub const ALL: &[OperationMetadata] = &[$($name::METADATA),*];

        /// Calls `visitor` with every operation, sorted by name.
        pub fn visit(visitor: &mut impl Visitor) {
            $(visitor.operation::<$name>();)*
        }
    };
}

list! {
    AIGCFaceVerify
    BankMetaVerify
    CompareFaceVerify
    CompareFaces
    ContrastFaceVerify
    CreateAntCloudAuthScene
    CreateAuthKey
    CreateCloudauthstScene
    CreateSceneConfig
    CreateVerifySetting
    CreateWhitelistSetting
    CredentialProductVerifyV2
    CredentialVerify
    CredentialVerifyV2
    DeepfakeDetect
    DeleteAllCustomizeFlowStrategy
    DeleteAntCloudAuthScene
    DeleteBlackListStrategy
    DeleteCloudauthstScene
    DeleteControlStrategy
    DeleteCustomizeFlowStrategy
    DeleteFaceVerifyResult
    DeleteSceneConfig
    DeleteWhitelistSetting
    DescribeAntAndCloudAuthUserStatus
    DescribeAuthVerify
    DescribeCardVerify
    DescribeCloudauthstSceneList
    DescribeDeviceInfo
    DescribeFaceGuardRisk
    DescribeFaceVerify
    DescribeInfoCheckExportRecord
    DescribeListAntCloudAuthScenes
    DescribeListFaceVerifyData
    DescribeListFaceVerifyInfos
    DescribeMetaSearchPageList
    DescribeMetaStatisticsList
    DescribeMetaStatisticsPageList
    DescribeOssStatus
    DescribeOssStatusV2
    DescribeOssUploadToken
    DescribePageFaceVerifyData
    DescribePageSetting
    DescribeProductCode
    DescribeSmartStatisticsPageList
    DescribeVerifyDeviceRiskStatistics
    DescribeVerifyFailStatistics
    DescribeVerifyPersonasDeviceModelStatistics
    DescribeVerifyPersonasOsStatistics
    DescribeVerifyPersonasProvinceStatistics
    DescribeVerifyPersonasSexStatistics
    DescribeVerifyResult
    DescribeVerifySDK
    DescribeVerifySearchPageList
    DescribeVerifyStatistics
    DescribeVerifyToken
    DescribeWhitelistSetting
    DetectFaceAttributes
    DownloadVerifyRecords
    Id2MetaPeriodVerify
    Id2MetaStandardVerify
    Id2MetaVerify
    Id2MetaVerifyWithOCR
    Id3MetaVerify
    Id3MetaVerifyPRO
    Id3MetaVerifyWithOCR
    InitAuthVerify
    InitCardVerify
    InitFaceVerify
    InsertWhiteListSetting
    LivenessFaceVerify
    Mobile2MetaVerify
    Mobile3MetaDetailStandardVerify
    Mobile3MetaDetailVerify
    Mobile3MetaSimpleStandardVerify
    Mobile3MetaSimpleVerify
    MobileDetect
    MobileOnlineStatus
    MobileOnlineTime
    MobileRecycledMetaVerify
    ModifyBlackListStrategy
    ModifyControlStrategy
    ModifyCustomizeFlowStrategyList
    ModifyDeviceInfo
    PageQueryWhiteListSetting
    QueryBlackListStrategy
    QueryControlStrategy
    QueryCustomizeFlowStrategy
    QuerySceneConfigs
    QueryVerifyDownloadTask
    QueryVerifyFlowPackage
    QueryVerifyInvokeSatistic
    RemoveWhiteListSetting
    UpdateAntCloudAuthScene
    UpdateSceneConfig
    Vehicle5ItemQuery
    VehicleInsureQuery
    VehicleMetaVerify
    VehicleMetaVerifyV2
    VehicleQuery
    VerifyMaterial
}
