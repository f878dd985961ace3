//! The verification of a face: open it, ask for its verdict. [`verify`](crate::verify) has what
//! surrounds these two.

use alloc::string::String;
use alloc::vec::Vec;

use super::CertifyId;
use super::rules::{self, Picture};
use crate::endpoint::Endpoint;
use crate::error::Problem;
use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;
use crate::verify::{
    CertType, CertifyUrlStyle, CertifyUrlType, EncryptType, FaceGuardOutput, Model, PassportMode,
    ProcedurePriority, ProductCode, SuitableType, Switch, TrueFalse, YesNo,
};

operations! {
    /// Opens a verification: answers with the `CertifyId` to follow it by and the `CertifyUrl` to
    /// send the browser to. Both live 30 minutes and take one submission (documented).
    ///
    /// [The vendor's page](https://help.aliyun.com/document_detail/173781.html). The vendor's
    /// metadata marks no field as required. The table demands the three that every plan's page
    /// demands; for `ID_PRO` also what the page above lists, and for `PV_FV` what its page lists.
    /// [`id_pro`](Self::id_pro) takes what that plan needs.
    InitFaceVerify(Open) -> InitFaceVerifyResponse {
        with { settled_by: Some("DescribeVerifySearchPageList") }
        requires {
            /// The scene that was created in the console.
            query scene_id: i64 = "SceneId",
            /// The caller's own number for this verification, 1 to 32 letters and digits. The
            /// vendor asks that it be unique; whether the service refuses a second use is not
            /// documented.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            query product_code: ProductCode = "ProductCode",
        }
        accepts {
            /// `Y` or `N`.
            query app_quality_check: YesNo = "AppQualityCheck",
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
            query camera_selection: YesNo = "CameraSelection",
            /// The name on the document.
            query cert_name: Sensitive = "CertName",
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            /// `IDENTITY_CARD`, or `PASSPORT` over NFC.
            query cert_type: CertType = "CertType",
            /// An earlier verification to take the picture from. Deprecated by the vendor.
            query certify_id: String = "CertifyId",
            /// `L` (long, needed for an iframe) or `S` (short).
            query certify_url_style: CertifyUrlStyle = "CertifyUrlStyle",
            /// `WEB` or `H5`.
            query certify_url_type: CertifyUrlType = "CertifyUrlType",
            /// `T` or `F`.
            form crop: TrueFalse = "Crop",
            /// `Y` or `N`; only in the vendor's SDK.
            query enable_beauty: YesNo = "EnableBeauty",
            /// `SM2`: then name and number are ciphertext.
            query encrypt_type: EncryptType = "EncryptType",
            /// A picture in base64, less than 1 MB as a file.
            form face_contrast_picture: Sensitive = "FaceContrastPicture" max 1_548_576,
            /// Where the service fetches a picture.
            query face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// `DeviceRisk`: at an extra fee (documented).
            query face_guard_output: FaceGuardOutput = "FaceGuardOutput",
            /// `Y` or `N`.
            query h5_degrade_confirm_btn: YesNo = "H5DegradeConfirmBtn",
            /// The person's network address.
            query ip: Sensitive = "Ip",
            /// JSON text from the vendor's script in the person's browser; never a fixed one:
            /// without a true one there is no `CertifyUrl` (documented).
            query meta_info: Sensitive = "MetaInfo",
            /// The person's phone number.
            query mobile: Sensitive = "Mobile",
            /// For passports read over NFC: `1` or `3`.
            query mode: PassportMode = "Mode",
            /// The liveness check: `LIVENESS`, `PHOTINUS_LIVENESS`, `MULTI_ACTION`, `MOVE_ACTION`,
            /// ...
            form model: Model = "Model",
            /// `Y` or `N`.
            query need_multi_face_check: YesNo = "NeedMultiFaceCheck",
            /// The bucket of a picture; goes with `OssObjectName`.
            query oss_bucket_name: String = "OssBucketName",
            /// The picture in the bucket.
            query oss_object_name: Sensitive = "OssObjectName",
            /// `url`, `keep` or `video`: what to do where the live check cannot run.
            query procedure_priority: ProcedurePriority = "ProcedurePriority",
            /// `Y` or `N`: whether to try other encodings of a rare name.
            query rarely_characters: YesNo = "RarelyCharacters",
            /// `Y` or `N`: whether to read the document's photo over NFC.
            query read_img: YesNo = "ReadImg",
            /// Where the browser returns to, or `iframe`.
            query return_url: String = "ReturnUrl",
            /// `0`, `1` or `2`.
            query suitable_type: SuitableType = "SuitableType",
            /// A page style of the caller's own.
            query ui_custom_url: String = "UiCustomUrl",
            /// The caller's own number for the person.
            query user_id: Sensitive = "UserId",
            /// Needed for passports read over NFC.
            query validity_date: Sensitive = "ValidityDate",
            /// `true` or `false`: whether a video is kept.
            query video_evidence: Switch = "VideoEvidence",
            /// JSON text: what the person has to say.
            query voluntary_customized_content: String = "VoluntaryCustomizedContent",
        }
        check check_init;
        also {
            fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().of(endpoint.clone());
            }
        }
    }

    /// Asks for the verdict of a verification; [`DescribeFaceVerifyResponse::outcome`] reads it.
    ///
    /// [The vendor's page](https://help.aliyun.com/document_detail/173781.html). Before the person
    /// is done the service refuses with the code 403 or 424.
    DescribeFaceVerify(Query) -> DescribeFaceVerifyResponse {
        with { unknown_codes: UNKNOWN_CODES }
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
            fn home(&self) -> Option<&Endpoint> {
                self.certify_id.home()
            }
        }
    }

    /// Deletes what the service keeps of a verification.
    DeleteFaceVerifyResult(Set) -> DeleteFaceVerifyResultResponse {
        with { unknown_codes: &["406"] }
        accepts {
            query certify_id: CertifyId = "CertifyId",
            /// Whether to delete only after the verdict was asked for.
            query delete_after_query: String = "DeleteAfterQuery",
        }
        also {
            fn home(&self) -> Option<&Endpoint> {
                self.certify_id.as_ref().and_then(CertifyId::home)
            }
        }
    }

    /// Rates the risk of a device by the token that the vendor's script or SDK made on it.
    DescribeFaceGuardRisk(Once) -> DescribeFaceGuardRiskResponse {
        accepts {
            query biz_id: String = "BizId",
            /// What the vendor's script or SDK made on the person's device.
            query device_token: Sensitive = "DeviceToken",
            /// The caller's own number, at most 32 characters.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan: `FACE_GUARD`.
            query product_code: String = "ProductCode",
        }
    }
}

/// Unfinished, not a CertifyId, no record. Documented for DescribeFaceVerify, and inferred for the
/// other two questions about a CertifyId; that a region answers so about what another one opened is
/// inferred.
pub(super) const UNKNOWN_CODES: &[&str] = &["403", "406", "424"];

replies! {
    /// An opened verification.
    InitFaceVerifyResponse {
        /// The name of the verification, to ask for its verdict by.
        certify_id: CertifyId = "CertifyId",
        /// Where to send the browser. Whoever has it can take the check in the person's place, so it
        /// does not print. Not there if `MetaInfo` was not a true one (documented).
        certify_url: Option<Sensitive> = "CertifyUrl",
    }

    /// What is known of a verification; [`outcome`](Self::outcome) reads it.
    DescribeFaceVerifyResponse {
        /// Only in the vendor's SDK, which does not say what it holds.
        degrade_info: Option<String> = "DegradeInfo",
        /// Labels of risks of the device, with commas between.
        device_risk: Option<String> = "DeviceRisk",
        /// The device.
        device_token: Option<Sensitive> = "DeviceToken",
        /// About the identity; the vendor's example is the text `null`.
        identity_info: Option<Sensitive> = "IdentityInfo",
        /// JSON text: scores, pictures and videos.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// `T` or `F`: the verdict. The vendor demands that it be taken from here alone.
        passed: Option<String> = "Passed",
        /// The reason, as a number in text.
        sub_code: Option<String> = "SubCode",
        /// Whether the question was answered; not the verdict.
        success: Option<String> = "Success",
        /// JSON text, for names with rare characters.
        user_info: Option<Sensitive> = "UserInfo",
    }

    /// What [`DeleteFaceVerifyResult`] answers.
    DeleteFaceVerifyResultResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        delete_result: Option<String> = "DeleteResult",
        fail_reason: Option<String> = "FailReason",
    }

    /// What [`DescribeFaceGuardRisk`] answers.
    DescribeFaceGuardRiskResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        guard_risk_score: Option<f64> = "GuardRiskScore",
        /// JSON text: more about the risks.
        risk_extends: Option<Sensitive> = "RiskExtends",
        /// Labels of risks, with commas between.
        risk_tags: Option<String> = "RiskTags",
    }
}

impl DescribeFaceVerifyResponse {
    /// Whether the person passed: `Passed` is `T`, and nothing else counts.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.passed.as_deref() == Some("T")
    }
}

/// What the vendor documents beyond single fields.
fn check_init(init: &InitFaceVerify, problems: &mut Vec<Problem>) {
    let order_no = &init.outer_order_no;
    if !order_no.bytes().all(|b| b.is_ascii_alphanumeric()) {
        problems.push(Problem::new(
            "OuterOrderNo",
            "must be letters and digits only",
        ));
    }
    if init.product_code == ProductCode::IdPro {
        let demanded = [
            "Model",
            "CertType",
            "CertName",
            "CertNo",
            "ReturnUrl",
            "MetaInfo",
        ];
        let problem = "is missing: the product ID_PRO demands it";
        rules::demand(init, &demanded, problem, problems);
    }
    if init.product_code == ProductCode::PvFv {
        let problem = "is missing: the product PV_FV demands it";
        rules::demand(init, &["UserId"], problem, problems);
    }
    rules::https("CallbackUrl", init.callback_url.as_deref(), problems);
    let meta_info = init.meta_info.as_ref().map(Sensitive::expose);
    let spoken = init.voluntary_customized_content.as_deref();
    rules::json("MetaInfo", meta_info, problems);
    rules::json("VoluntaryCustomizedContent", spoken, problems);
    let picture = Picture {
        ways: &["FaceContrastPicture", "FaceContrastPictureUrl", "CertifyId"],
        bucket: "OssBucketName",
        object: "OssObjectName",
    };
    picture.check(init, init.product_code == ProductCode::PvFv, problems);
}
