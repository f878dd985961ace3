//! What belongs to a person or is a secret: the one list that every type consults.
//!
//! `Debug` of a reply hides the fields on this list, whatever their type. Strings on it are
//! [`Sensitive`](crate::Sensitive), which a test of all operations asserts in both directions.

/// Whether a field of a request or a reply belongs to a person, is a link to what does, or is a secret.
///
/// `owner` is the name of the operation, or of the type that the reply is decoded to; `field` is the name
/// on the wire, in any letter case. A program that logs raw responses can hide these fields.
///
/// ```
/// use cloudauth_proto::operation::is_private;
///
/// assert!(is_private("InitFaceVerify", "CertName"));
/// assert!(is_private("IdCardInfo", "Name")); // of a person
/// assert!(!is_private("FaceVerifyData", "Name")); // of a plan
/// ```
#[must_use]
pub fn is_private(owner: &str, field: &str) -> bool {
    [TYPED, PERSONAL, FILES, SECRETS]
        .into_iter()
        .any(|list| is_on(list, owner, field))
}

/// Whether a field holds what a person typed, or what is printed on a document: a character that
/// nobody sees is a mistake there.
pub(crate) const fn is_typed(owner: &str, field: &str) -> bool {
    is_on(TYPED, owner, field)
}

/// A name on the wire, and the owners for which it counts; all of them if there is none.
type Fact = (&'static str, &'static [&'static str]);

const ALL: &[&str] = &[];

const fn is_on(mut list: &[Fact], owner: &str, field: &str) -> bool {
    while let [(name, owners), rest @ ..] = list {
        if name.eq_ignore_ascii_case(field) && (owners.is_empty() || contains(owners, owner)) {
            return true;
        }
        list = rest;
    }
    false
}

const fn contains(mut owners: &[&str], owner: &str) -> bool {
    while let [first, rest @ ..] = owners {
        if first.eq_ignore_ascii_case(owner) {
            return true;
        }
        owners = rest;
    }
    false
}

/// Names, numbers and dates as people type them.
const TYPED: &[Fact] = &[
    ("BankCard", ALL),
    ("Birthday", ALL),
    ("CertName", ALL),
    ("CertNo", ALL),
    ("CertNum", ALL),
    ("IdCardName", ALL),
    ("IdCardNumber", ALL),
    ("IdentifyNum", ALL),
    ("Mobile", ALL),
    ("Mobiles", ALL),
    (
        "Name",
        &[
            "DescribeVerifyToken",
            "VerifyMaterial",
            "IdCardInfo",
            "UserInfo",
        ],
    ),
    ("Number", ALL),
    ("UserName", ALL),
    ("UserPhoneNumber", ALL),
    ("ValidityDate", ALL),
    ("ValidityEndDate", ALL),
    ("ValidityStartDate", ALL),
    ("VehicleNum", ALL),
    ("VerifyName", ALL),
    ("Vin", ALL),
];

/// Everything else that describes a person, a person's device or vehicle, and strings of the service
/// that can quote any of it.
const PERSONAL: &[Fact] = &[
    ("Address", ALL),
    ("AsrTexts", ALL),
    ("AuthId", ALL),
    ("Authority", ALL),
    ("Birth", ALL),
    ("BizContent", ALL),
    ("BizParam", ALL),
    ("CardInfo", ALL),
    ("DegradeInfo", ALL),
    ("DeviceId", ALL),
    ("DeviceToken", ALL),
    ("EndDate", ID_CARDS),
    ("EngineNo", ALL),
    ("EngineNum", ALL),
    ("FaceAge", ALL),
    ("FaceDetail", ALL),
    ("FaceGender", ALL),
    ("Gender", ALL),
    ("IdentityInfo", ALL),
    ("Ip", ALL),
    ("MaterialInfo", ALL),
    ("Message", &["MetaRecordResponse"]),
    ("MetaInfo", ALL),
    ("Nationality", ALL),
    ("OcrCardInfo", ALL),
    ("OcrInfo", ALL),
    ("PictureInfo", ALL),
    ("Remark", ALL),
    ("RequestJson", ALL),
    ("ResponseJson", ALL),
    ("RiskExtends", ALL),
    ("Sex", ALL),
    ("SourceIp", ALL),
    ("SpoofBackInfo", ALL),
    ("SpoofInfo", ALL),
    ("StartDate", ID_CARDS),
    ("UserDeviceId", ALL),
    (
        // That of other operations is the ID of an account.
        "UserId",
        &[
            "ContrastFaceVerify",
            "DescribeVerifyToken",
            "InitFaceVerify",
            "LivenessFaceVerify",
            "VerifyMaterial",
            "VerifyRecord",
        ],
    ),
    ("UserInfo", ALL),
    ("UserIp", ALL),
    ("Value", &["MerchantDetail"]),
    ("VehicleInfo", ALL),
    ("VerifyDetail", ALL),
    ("VlContent", ALL),
];

/// The two types of data that were read from an identity card.
const ID_CARDS: &[&str] = &["IdCardInfo", "OcrIdCard"];

/// Pictures, videos and recordings, links to them, and where they are stored.
const FILES: &[Fact] = &[
    ("BackImageUrl", ALL),
    ("Bucket", ALL),
    ("BucketName", ALL),
    ("CertFile", ALL),
    ("CertNationalFile", ALL),
    ("CertNationalUrl", ALL),
    ("CertUrl", ALL),
    ("CertifyUrl", ALL),
    ("FaceBase64", ALL),
    ("FaceContrastFile", ALL),
    ("FaceContrastPicture", ALL),
    ("FaceContrastPictureUrl", ALL),
    ("FaceFile", ALL),
    ("FaceGlobalUrl", ALL),
    ("FaceImageUrl", ALL),
    ("FacePicture", ALL),
    ("FaceRetainedImageUrl", ALL),
    ("FaceUrl", ALL),
    ("FrontImageUrl", ALL),
    ("IdCardBackImageUrl", ALL),
    ("IdCardFrontImageUrl", ALL),
    ("ImageContext", ALL),
    ("ImageFile", ALL),
    ("ImageUrl", ALL),
    ("MaterialValue", ALL),
    ("ObjectKey", ALL),
    ("OssBucketName", ALL),
    ("OssIdFaceObjectName", ALL),
    ("OssIdFaceUrl", ALL),
    ("OssIdNationalEmblemObjectName", ALL),
    ("OssIdNationalEmblemUrl", ALL),
    ("OssObjectName", ALL),
    ("OssVerifyVideoObjectName", ALL),
    ("Path", &["OssUploadToken"]),
    ("PictureUrl", ALL),
    // The link to a file with exported records.
    ("ResultObject", &["DownloadVerifyRecordsResponse"]),
    ("ScreenVideoObjectNames", ALL),
    ("SourceFaceContrastPicture", ALL),
    ("SourceFaceContrastPictureUrl", ALL),
    ("SourceImageValue", ALL),
    ("SourceOssBucketName", ALL),
    ("SourceOssObjectName", ALL),
    ("TargetFaceContrastPicture", ALL),
    ("TargetFaceContrastPictureUrl", ALL),
    ("TargetImageValue", ALL),
    ("TargetOssBucketName", ALL),
    ("TargetOssObjectName", ALL),
    ("Url", ALL),
    ("VerifyPageUrl", ALL),
    ("VerifyVideoUrl", ALL),
    ("VideoUrls", ALL),
    ("VoiceObjectNames", ALL),
];

/// What gives access to a verification, to its callback or to a store.
const SECRETS: &[Fact] = &[
    ("AccessKeyId", ALL),
    ("AuthKey", ALL),
    ("CallbackSeed", ALL),
    ("CallbackToken", ALL),
    ("EncodedPolicy", ALL),
    ("Key", &["OssUploadToken"]),
    ("Secret", ALL),
    ("Signature", ALL),
    ("Token", ALL),
    ("VerifyToken", ALL),
];
