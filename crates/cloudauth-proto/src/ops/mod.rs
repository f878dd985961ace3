//! The operations, by topic.
//!
//! Names, places and types of fields are those of the vendor's SDK packages and API metadata. What
//! doing an operation twice would do ([`Effect`](crate::Effect)) is our own reading: one whose
//! charge is not known, and that neither only reads nor only sets, is taken for a paid one. Which
//! operation settles a doubt ([`Info::settled_by`](crate::Info::settled_by)) is inferred from what it
//! can look for, but for InitFaceVerify, whose `OuterOrderNo` it finds.

mod bank;
mod card;
mod certify_id;
mod compare;
mod console;
mod credential;
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
pub use certify_id::CertifyId;
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

use crate::operation::{Info, Listed};
use crate::reply::replies;

replies! {
    /// That it was done; there is nothing to tell.
    Done {}
}

/// Something that is done with every operation.
pub trait Visitor {
    /// Does it with one.
    fn operation<O: Listed + Sync>(&mut self);
}

macro_rules! list {
    ($($name:ident)*) => {
        /// What the tables say of every operation, by name.
        pub const ALL: &[Info] = &[$($name::INFO),*];

        /// Does something with every operation, by name.
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
