//! The verification of a face: open it, ask for its verdict.
//!
//! Names, places and types of fields are those of the vendor's SDK packages and API metadata.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::certify_id::CertifyId;
use crate::endpoint::Endpoint;
use crate::error::Problem;
use crate::operation::operations;
use crate::secret::Sensitive;
use crate::wire::lenient;

operations! {
    /// Opens a verification: answers with the `CertifyId` to follow it by and the `CertifyUrl` to
    /// send the browser to. Both live 30 minutes and take one submission (documented).
    ///
    /// [The vendor's page](https://help.aliyun.com/document_detail/173781.html). The vendor's
    /// metadata marks no field as required. The table demands the three that every plan's page
    /// demands; for the product `ID_PRO` also what the page above lists.
    InitFaceVerify(Open) -> InitFaceVerifyResponse, check check_init {
        requires {
            /// The scene that was created in the console.
            query scene_id: i64 = "SceneId",
            /// The caller's own number for this verification, 1 to 32 letters and digits. The
            /// vendor asks that it be unique; whether the service refuses a second use is not
            /// documented.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan: `ID_PRO` (name, number and face), `ID_PLUS`, `PV_FV`, `LR_FR`, ...
            query product_code: String = "ProductCode",
        }
        accepts {
            /// `Y` or `N`.
            query app_quality_check: String = "AppQualityCheck",
            /// The caller's own number for the person, at most 64 characters.
            form auth_id: Sensitive = "AuthId" max 64,
            /// Needed for passports read over NFC.
            query birthday: Sensitive = "Birthday",
            /// Comes back with the callback, to be compared: make it hard to guess.
            query callback_token: Sensitive = "CallbackToken",
            /// Where the service calls back with GET; must be https. It is probed before the
            /// verification is opened (documented).
            query callback_url: String = "CallbackUrl",
            /// `Y` or `N`.
            query camera_selection: String = "CameraSelection",
            /// The name on the document.
            query cert_name: Sensitive = "CertName",
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            /// `IDENTITY_CARD`, or `PASSPORT` over NFC.
            query cert_type: String = "CertType",
            /// An earlier verification to take the picture from. Deprecated by the vendor.
            query certify_id: String = "CertifyId",
            /// `L` (long, needed for an iframe) or `S` (short).
            query certify_url_style: String = "CertifyUrlStyle",
            /// `WEB` or `H5`.
            query certify_url_type: String = "CertifyUrlType",
            /// `T` or `F`.
            form crop: String = "Crop",
            /// `Y` or `N`; only in the vendor's SDK.
            query enable_beauty: String = "EnableBeauty",
            /// `SM2`: then name and number are ciphertext.
            query encrypt_type: String = "EncryptType",
            /// A picture in base64, less than 1 MB as a file.
            form face_contrast_picture: Sensitive = "FaceContrastPicture" max 1_548_576,
            /// Where the service fetches a picture.
            query face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// `DeviceRisk`: at an extra fee (documented).
            query face_guard_output: String = "FaceGuardOutput",
            /// `Y` or `N`.
            query h5_degrade_confirm_btn: String = "H5DegradeConfirmBtn",
            /// The person's network address.
            query ip: Sensitive = "Ip",
            /// JSON text from the vendor's script in the person's browser; never a fixed one:
            /// without a true one there is no `CertifyUrl` (documented).
            query meta_info: Sensitive = "MetaInfo",
            /// The person's phone number.
            query mobile: Sensitive = "Mobile",
            /// For passports read over NFC: `1` or `3`.
            query mode: String = "Mode",
            /// The liveness check: `LIVENESS`, `PHOTINUS_LIVENESS`, `MULTI_ACTION`, `MOVE_ACTION`,
            /// ...
            form model: String = "Model",
            /// `Y` or `N`.
            query need_multi_face_check: String = "NeedMultiFaceCheck",
            /// The bucket of a picture; goes with `OssObjectName`.
            query oss_bucket_name: String = "OssBucketName",
            /// The picture in the bucket.
            query oss_object_name: Sensitive = "OssObjectName",
            /// `url`, `keep` or `video`: what to do where the live check cannot run.
            query procedure_priority: String = "ProcedurePriority",
            /// `Y` or `N`: whether to try other encodings of a rare name.
            query rarely_characters: String = "RarelyCharacters",
            /// `Y` or `N`: whether to read the document's photo over NFC.
            query read_img: String = "ReadImg",
            /// Where the browser returns to, or `iframe`.
            query return_url: String = "ReturnUrl",
            /// `0`, `1` or `2`.
            query suitable_type: String = "SuitableType",
            /// A page style of the caller's own.
            query ui_custom_url: String = "UiCustomUrl",
            /// The caller's own number for the person.
            query user_id: Sensitive = "UserId",
            /// Needed for passports read over NFC.
            query validity_date: Sensitive = "ValidityDate",
            /// `true` or `false`: whether a video is kept.
            query video_evidence: String = "VideoEvidence",
            /// JSON text: what the person has to say.
            query voluntary_customized_content: String = "VoluntaryCustomizedContent",
        }
        also {
            const SETTLED_BY: Option<&'static str> = Some("DescribeVerifySearchPageList");

            fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().of(endpoint.clone());
            }
        }
    }

    /// Asks for the verdict of a verification.
    ///
    /// [The vendor's page](https://help.aliyun.com/document_detail/173781.html). Before the person
    /// is done the service refuses with the code 403 or 424.
    DescribeFaceVerify(Query) -> DescribeFaceVerifyResponse, check no_more {
        requires {
            /// The scene that the verification was opened with.
            query scene_id: i64 = "SceneId",
            /// What InitFaceVerify answered.
            query certify_id: CertifyId = "CertifyId",
        }
        accepts {
            /// An example of the vendor's is `JPG`; the values are not documented.
            query picture_return_type: String = "PictureReturnType",
        }
        also {
            // Unfinished, not a CertifyId, no record. All documented; that a region answers so
            // about what another one opened is inferred.
            const UNKNOWN_CODES: &'static [&'static str] = &["403", "406", "424"];

            fn home(&self) -> Option<&Endpoint> {
                self.certify_id.home()
            }
        }
    }
}

/// An opened verification.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct InitFaceVerifyResponse {
    /// The name of the verification, to ask for its verdict by.
    #[serde(rename = "CertifyId", deserialize_with = "certify_id")]
    pub certify_id: CertifyId,
    /// Where to send the browser. Whoever has it can take the check in the person's place, so it does
    /// not print. Not there if `MetaInfo` was not a true one (documented).
    #[serde(
        default,
        rename = "CertifyUrl",
        deserialize_with = "lenient::sensitive"
    )]
    pub certify_url: Option<Sensitive>,
}

fn certify_id<'de, D: Deserializer<'de>>(from: D) -> Result<CertifyId, D::Error> {
    lenient::required(from).map(CertifyId::new)
}

/// The verdict of a verification.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DescribeFaceVerifyResponse {
    /// Only in the vendor's SDK, which does not say what it holds.
    #[serde(deserialize_with = "lenient::text")]
    pub degrade_info: Option<String>,
    /// Labels of risks of the device, with commas between.
    #[serde(deserialize_with = "lenient::text")]
    pub device_risk: Option<String>,
    /// The device.
    #[serde(deserialize_with = "lenient::sensitive")]
    pub device_token: Option<Sensitive>,
    /// About the identity; the vendor's example is the text `null`.
    #[serde(deserialize_with = "lenient::sensitive")]
    pub identity_info: Option<Sensitive>,
    /// JSON text: scores, pictures and videos.
    #[serde(deserialize_with = "lenient::sensitive")]
    pub material_info: Option<Sensitive>,
    /// `T` or `F`: the verdict. The vendor demands that it be taken from here alone.
    #[serde(deserialize_with = "lenient::text")]
    pub passed: Option<String>,
    /// The reason, as a number in text.
    #[serde(deserialize_with = "lenient::text")]
    pub sub_code: Option<String>,
    /// Whether the question was answered; not the verdict.
    #[serde(deserialize_with = "lenient::text")]
    pub success: Option<String>,
    /// JSON text, for names with rare characters.
    #[serde(deserialize_with = "lenient::sensitive")]
    pub user_info: Option<Sensitive>,
}

impl DescribeFaceVerifyResponse {
    /// Whether the person passed: `Passed` is `T`, and nothing else counts.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.passed.as_deref() == Some("T")
    }
}

fn no_more(_: &DescribeFaceVerify, _: &mut Vec<Problem>) {}

/// What the vendor documents beyond single fields.
fn check_init(init: &InitFaceVerify, problems: &mut Vec<Problem>) {
    let mut bad = |field, problem| problems.push(Problem::new(field, problem));

    let order_no = &init.outer_order_no;
    if !order_no.bytes().all(|b| b.is_ascii_alphanumeric()) {
        bad("OuterOrderNo", "must be letters and digits only");
    }
    if init.product_code == "ID_PRO" {
        let set =
            |value: &Option<Sensitive>| value.as_ref().is_some_and(|v| !v.expose().is_empty());
        let told = |value: &Option<String>| value.as_ref().is_some_and(|v| !v.is_empty());
        for (field, is_there) in [
            ("Model", told(&init.model)),
            ("CertType", told(&init.cert_type)),
            ("CertName", set(&init.cert_name)),
            ("CertNo", set(&init.cert_no)),
            ("ReturnUrl", told(&init.return_url)),
            ("MetaInfo", set(&init.meta_info)),
        ] {
            if !is_there {
                bad(field, "is missing: the product ID_PRO demands it");
            }
        }
    }
    if init
        .callback_url
        .as_ref()
        .is_some_and(|url| !url.starts_with("https://"))
    {
        bad("CallbackUrl", "must begin with https://");
    }
    let meta_info = init.meta_info.as_ref().map(Sensitive::expose);
    let spoken = init.voluntary_customized_content.as_deref();
    for (field, text) in [
        ("MetaInfo", meta_info),
        ("VoluntaryCustomizedContent", spoken),
    ] {
        let is_json = |text: &str| serde_json::from_str::<IgnoredAny>(text).is_ok();
        if text.is_some_and(|text| !text.is_empty() && !is_json(text)) {
            bad(field, "must be JSON text");
        }
    }
    let pictures = [
        init.face_contrast_picture.is_some(),
        init.face_contrast_picture_url.is_some(),
        init.certify_id.is_some(),
        init.oss_bucket_name.is_some() || init.oss_object_name.is_some(),
    ];
    if pictures.into_iter().filter(|given| *given).count() > 1 {
        let problem = "must be the only picture: give one of FaceContrastPicture, \
                       FaceContrastPictureUrl, CertifyId and OssBucketName with OssObjectName";
        bad("FaceContrastPicture", problem);
    }
    if init.oss_bucket_name.is_some() != init.oss_object_name.is_some() {
        bad("OssObjectName", "goes together with OssBucketName");
    }
}
