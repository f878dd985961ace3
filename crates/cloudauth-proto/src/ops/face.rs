//! Face verification: opening it and querying its verdict. [`verify`](crate::verify) has the types
//! around these two operations.

use alloc::string::String;
use alloc::vec::Vec;

use super::rules::{self, PictureFields};
use crate::certify_id::CertifyId;
use crate::decode::replies;
use crate::endpoint::Endpoint;
use crate::operation::{InvalidField, Row, operations};
use crate::secret::Sensitive;
use crate::verify::{
    Base64, CertType, CertifyUrlStyle, CertifyUrlType, EncryptType, FaceGuardOutput, Model, Passed,
    PassportMode, ProcedurePriority, ProductCode, SuitableType, Switch, TrueFalse, YesNo,
};

operations! {
    /// Opens a face verification.
    ///
    /// The reply holds the `CertifyId`, which identifies the verification, and the `CertifyUrl`, to
    /// which the browser is sent. Both are valid for 30 minutes and for one submission
    /// (documented). When the person has finished, the service calls `CallbackUrl`
    /// ([`Callback`](crate::verify::Callback)) and sends the browser to `ReturnUrl`
    /// ([`Redirect`](crate::verify::Redirect)); the verdict comes from [`DescribeFaceVerify`]
    /// alone.
    ///
    /// [`id_pro_h5`](Self::id_pro_h5) and [`id_pro_app`](Self::id_pro_app) take every field that the
    /// plan `ID_PRO` requires in the browser and in an app. [`new`](Self::new) takes the three fields
    /// that every plan requires; the others are set by the methods of their name.
    ///
    /// ```
    /// use cloudauth_proto::ops::InitFaceVerify;
    /// use cloudauth_proto::verify::{Model, ProductCode};
    ///
    /// let open = InitFaceVerify::new(1_000_000_006, "order1", ProductCode::LrFr)
    ///     .model(Model::MoveAction)
    ///     .user_id("7")
    ///     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
    /// ```
    ///
    /// # Errors
    ///
    /// * [`Error::Invalid`](crate::Error::Invalid), before anything is sent, if the call cannot
    ///   succeed: a required field is missing, or a field is malformed. Besides the fields of `new`,
    ///   `ID_PRO` requires `CertType`, `CertName`, `CertNo` and `MetaInfo`, `LR_FR` requires `UserId`
    ///   and `MetaInfo`, and `PV_FV` requires `UserId` and one picture (documented; the vendor's
    ///   metadata marks no field as required). A person who enters name and number
    ///   (`RarelyCharacters` `Y`, `Mode` `1`) need not be named (inferred).
    /// * [`Error::Service`](crate::Error::Service) with a code that
    ///   [`codes::code`](crate::codes::code) explains: 401 if `CallbackUrl` cannot be reached, 410
    ///   to 412 for the account, 417 and 418 for the person, for example.
    /// * [`Error::Uncertain`](crate::Error::Uncertain), only if the call forbids repetition: a
    ///   verification may have been opened.
    ///   [`DescribeVerifySearchPageList`](super::DescribeVerifySearchPageList) finds it by
    ///   `OuterOrderNo`.
    InitFaceVerify(OpensVerification) -> InitFaceVerifyResponse {
        with {
            result_field: Some("CertifyId"),
            confirmed_by: Some("DescribeVerifySearchPageList")
        }
        requires {
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// Caller's own number of this verification, 1 to 32 characters;
            /// [`OuterOrderNo`](crate::verify::OuterOrderNo) makes one. The vendor documents letters
            /// and digits; programs that send `_` and `-` work, and other characters are not refused
            /// here. The vendor requires it to be unique; whether the service refuses a second use is
            /// not documented.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `ID_PRO`, `ID_PLUS`, `PV_FV`, `LR_FR`, `MFVC` or `FACE`.
            query product_code: ProductCode = "ProductCode",
        }
        accepts {
            /// Strict check of the picture's quality in the app: `Y` or `N` (default). Android SDK
            /// 2.3.24 or later, with the module for it.
            query app_quality_check: YesNo = "AppQualityCheck",
            /// Caller's own authorization ID of the person, at most 64 characters.
            form auth_id: Sensitive = "AuthId" max 64,
            /// Date of birth on the document. Required for `CertType` `PASSPORT` with `Mode` `3`.
            query birthday: Sensitive = "Birthday",
            /// Token that comes back with the callback. Must be hard to guess;
            /// [`CallbackKey`](crate::verify::CallbackKey) makes one and checks it.
            query callback_token: Sensitive = "CallbackToken",
            /// URL that the service calls with GET when the person has finished; must begin with
            /// `https://`. The service probes it before it opens the verification and refuses with
            /// 401 if it cannot be reached (documented).
            query callback_url: String = "CallbackUrl",
            /// Choice of the camera by the person: `Y` or `N` (default). On PCs only.
            query camera_selection: YesNo = "CameraSelection",
            /// Name on the document. Ciphertext if `EncryptType` is set.
            query cert_name: Sensitive = "CertName",
            /// Number of the document. Ciphertext if `EncryptType` is set.
            query cert_no: Sensitive = "CertNo",
            /// Kind of document: `IDENTITY_CARD`, or `PASSPORT` read over NFC.
            query cert_type: CertType = "CertType",
            /// ID of an earlier, passed verification whose picture is compared with. Deprecated by
            /// the vendor.
            query certify_id: String = "CertifyId",
            /// Form of `CertifyUrl`: `L` (long; required for an iframe) or `S` (short; default).
            query certify_url_style: CertifyUrlStyle = "CertifyUrlStyle",
            /// Kind of page, for the web SDK only: `WEB` or `H5`.
            query certify_url_type: CertifyUrlType = "CertifyUrlType",
            /// Cropping of the picture to the face: `T` or `F` (default). The vendor recommends `T`
            /// for pictures that no liveness SDK took.
            form crop: TrueFalse = "Crop",
            /// Beauty filter: `Y` or `N`. Only in the vendor's SDK, without a default.
            query enable_beauty: YesNo = "EnableBeauty",
            /// Encryption of name and number: `SM2`; none if unset. With the feature `sm2`,
            /// `encrypted` encrypts both and sets it.
            query encrypt_type: EncryptType = "EncryptType",
            /// Picture to compare with, in base64, less than 1 MB as a file;
            /// [`Picture`](crate::verify::Picture) makes it from bytes. At most one kind of picture
            /// may be set.
            form face_contrast_picture: Base64 = "FaceContrastPicture" max 1_548_576,
            /// URL of the picture to compare with; only authorized OSS URLs.
            query face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// Output of device risks: `DeviceRisk`, at an extra fee; none if unset (documented).
            query face_guard_output: FaceGuardOutput = "FaceGuardOutput",
            /// Button "I have finished" on the page for browsers without the live check: `Y` or `N`
            /// (default).
            query h5_degrade_confirm_btn: YesNo = "H5DegradeConfirmBtn",
            /// IP address of the person.
            query ip: Sensitive = "Ip",
            /// Description of the device: JSON from the vendor's script in the person's browser or
            /// SDK in the person's app. Never a constant: `CertifyUrl` is missing from the reply if
            /// it does not describe the device (documented).
            query meta_info: Sensitive = "MetaInfo",
            /// Phone number of the person.
            query mobile: Sensitive = "Mobile",
            /// Origin of the data that unlock a passport's chip: `1` (typed by the person) or `3`
            /// (set by the caller).
            query mode: PassportMode = "Mode",
            /// Liveness check: `LIVENESS` (default), `PHOTINUS_LIVENESS`, `MULTI_ACTION`,
            /// `MOVE_ACTION`, ...; see [`Model`].
            form model: Model = "Model",
            /// Refusal of pictures with several faces: `Y` (the person must repeat) or `N`
            /// (default: the largest face counts).
            query need_multi_face_check: YesNo = "NeedMultiFaceCheck",
            /// OSS bucket of the picture to compare with, authorized for the service; set together
            /// with `OssObjectName`.
            query oss_bucket_name: Sensitive = "OssBucketName",
            /// OSS object of the picture to compare with; set together with `OssBucketName`.
            query oss_object_name: Sensitive = "OssObjectName",
            /// Fallback for phone browsers without WebRTC or WebAssembly: `url` (default), `keep`
            /// or `video`; see [`ProcedurePriority`].
            query procedure_priority: ProcedurePriority = "ProcedurePriority",
            /// Input of rare characters: `Y` (the person enters name and number before the check,
            /// and other encodings of the name are tried) or `N` (default).
            query rarely_characters: YesNo = "RarelyCharacters",
            /// Reading of the document's photo over NFC: `Y` or `N`.
            query read_img: YesNo = "ReadImg",
            /// URL that the browser returns to afterwards, or `iframe`. The H5 page requires it for
            /// `ID_PRO` in the browser; in apps there is none.
            query return_url: String = "ReturnUrl",
            /// Mode for elderly people: `0` (off; default), `1` (on) or `2` (the person chooses).
            /// With the models `LIVENESS` and `MULTI_ACTION` only.
            query suitable_type: SuitableType = "SuitableType",
            /// URL of a UI configuration file for the web SDK.
            query ui_custom_url: String = "UiCustomUrl",
            /// Caller's own ID of the person, unique. Required for `PV_FV` and `LR_FR`.
            query user_id: Sensitive = "UserId",
            /// Expiry date of the document. Required for `CertType` `PASSPORT` with `Mode` `3`.
            query validity_date: Sensitive = "ValidityDate",
            /// Recording of a video: `true` or `false` (default). The video may be missing all the
            /// same: it is dropped on a slow network.
            query video_evidence: Switch = "VideoEvidence",
            /// Declaration of intent, a JSON list of strings: one of up to 60 Chinese characters to
            /// read aloud, or up to 3 prompts of up to 30 characters.
            query voluntary_customized_content: String = "VoluntaryCustomizedContent",
        }
        check check_init;
        also {
            fn set_origin(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().with_origin(endpoint.clone());
            }
        }
    }

    /// Queries the verdict of a face verification, once.
    ///
    /// [`PollVerdict`](crate::verify::PollVerdict) repeats it until there is a verdict.
    /// [`DescribeFaceVerifyResponse::details`] decodes the reply. The operation is free of charge
    /// and only reads.
    ///
    /// ```
    /// use cloudauth_proto::CertifyId;
    /// use cloudauth_proto::ops::DescribeFaceVerify;
    /// use cloudauth_proto::Endpoint;
    ///
    /// // As kept when the verification was opened.
    /// let certify_id = CertifyId::new("sha1").with_origin(Endpoint::SHANGHAI);
    /// let query = DescribeFaceVerify::new(1_000_000_006, certify_id);
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Service`](crate::Error::Service) with the code 403 or 424 until the person has
    /// finished, and 406 for an unknown `CertifyId` ([the vendor's
    /// page](https://help.aliyun.com/document_detail/173781.html)).
    DescribeFaceVerify(ReadOnly) -> DescribeFaceVerifyResponse {
        with { unknown_codes: UNKNOWN_CODES, result_field: Some("Passed") }
        requires {
            /// Scene ID that the verification was opened with.
            query scene_id: i64 = "SceneId",
            /// ID of the verification, from the reply to [`InitFaceVerify`]. Its origin, if known,
            /// is queried first.
            query certify_id: CertifyId = "CertifyId",
        }
        accepts {
            /// Form of the pictures in the reply. The vendor's example is `JPG`; the values are not
            /// documented.
            query picture_return_type: String = "PictureReturnType",
        }
        also {
            fn origin(&self) -> Option<&Endpoint> {
                self.certify_id.origin()
            }
        }
    }

    /// Deletes the personal data of a verification: names, numbers, addresses, pictures, videos and
    /// devices.
    DeleteFaceVerifyResult(Idempotent) -> DeleteFaceVerifyResultResponse {
        with { unknown_codes: &["406"] }
        accepts {
            /// ID of the verification.
            query certify_id: CertifyId = "CertifyId",
            /// Whether the verdict must have been queried before: `Y`, or `N` (default).
            query delete_after_query: YesNo = "DeleteAfterQuery",
        }
        also {
            fn origin(&self) -> Option<&Endpoint> {
                self.certify_id.as_ref().and_then(CertifyId::origin)
            }
        }
    }

    /// Rates the risk of a device by the token that the vendor's script or SDK made on it.
    ///
    /// Each successful query is billed (documented).
    DescribeFaceGuardRisk(NotIdempotent) -> DescribeFaceGuardRiskResponse {
        accepts {
            /// ID of the verification.
            query biz_id: String = "BizId",
            /// Token that the vendor's script or SDK made on the person's device, for rating its
            /// risk.
            query device_token: Sensitive = "DeviceToken",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `FACE_GUARD`.
            query product_code: String = "ProductCode",
        }
    }
}

/// Codes for an unfinished verification, an unknown `CertifyId`, and a verification without a record.
///
/// Documented for DescribeFaceVerify, inferred for the other two operations that query a `CertifyId`.
/// That a region uses them for a verification that another region opened is inferred.
pub(super) const UNKNOWN_CODES: &[&str] = &["403", "406", "424"];

replies! {
    /// Reply to [`InitFaceVerify`]: an opened verification.
    InitFaceVerifyResponse {
        /// ID of the verification, with its origin. Keep both: the verdict is queried with them.
        certify_id: CertifyId = "CertifyId",
        /// Page of the verification, to which the browser is sent; valid for 30 minutes and one
        /// submission. Missing if `MetaInfo` does not describe the device (documented). Whoever has
        /// it can take the check in the person's place, so it has no `Display`. Its domain may
        /// change at any time.
        certify_url: Option<Sensitive> = "CertifyUrl",
    }

    /// Reply to [`DescribeFaceVerify`]; [`details`](Self::details) decodes the JSON in it.
    DescribeFaceVerifyResponse {
        /// Result of a fallback check. Only in the vendor's SDK; its form is not documented.
        degrade_info: Option<Sensitive> = "DegradeInfo",
        /// Risk labels of the device, separated by commas;
        /// [`codes::device_risk`](crate::codes::device_risk) explains them.
        device_risk: Option<String> = "DeviceRisk",
        /// Token of the device.
        device_token: Option<Sensitive> = "DeviceToken",
        /// Data of the identity; empty for the usual plans. The vendor's example is the string
        /// `null`.
        identity_info: Option<Sensitive> = "IdentityInfo",
        /// Scores, pictures and videos: a string that holds JSON, decoded by
        /// [`details`](Self::details).
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Verdict: `T` (passed) or `F` (not passed). The vendor requires that the verdict be taken
        /// from this field alone.
        passed: Option<Passed> = "Passed",
        /// Reason, a number in a string; [`codes::sub_code`](crate::codes::sub_code) explains it.
        sub_code: Option<String> = "SubCode",
        /// Whether the query succeeded; not the verdict.
        success: Option<String> = "Success",
        /// Name in its two encodings, for names with rare characters: a string that holds JSON,
        /// decoded by [`details`](Self::details). Empty for other names.
        user_info: Option<Sensitive> = "UserInfo",
    }

    /// Reply to [`DeleteFaceVerifyResult`].
    DeleteFaceVerifyResultResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Result: `Y` (deleted) or `N` (not deleted).
        delete_result: Option<YesNo> = "DeleteResult",
        /// Reason why nothing was deleted: `NOT_DELETE_REPEATEDLY` (already deleted) or
        /// `NEED_QUERY_VERIFY_RESULT` (query the verdict first).
        fail_reason: Option<String> = "FailReason",
    }

    /// Reply to [`DescribeFaceGuardRisk`].
    DescribeFaceGuardRiskResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Risk of the device, 0 to 100; the higher, the riskier.
        guard_risk_score: Option<f64> = "GuardRiskScore",
        /// More data on the risks, as agreed with the vendor: a string that holds JSON.
        risk_extends: Option<Sensitive> = "RiskExtends",
        /// Risk labels, separated by commas; [`codes::device_risk`](crate::codes::device_risk)
        /// explains them.
        risk_tags: Option<String> = "RiskTags",
    }
}

impl DescribeFaceVerifyResponse {
    /// Whether the person passed: true if `Passed` is `T`. Nothing else counts.
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.passed == Some(Passed::Yes)
    }
}

/// Documented rules that depend on the plan, or involve more than one field.
fn check_init(init: &dyn Row, problems: &mut Vec<InvalidField>) {
    let (mut plan, mut is_typed_later, mut is_passport) = (ProductCode::IdPlus, false, false);
    init.each(&mut |field, text| match field.name {
        "ProductCode" => plan = text.into(),
        "RarelyCharacters" => is_typed_later |= text == YesNo::Yes.as_str(),
        "Mode" => is_typed_later |= text == PassportMode::Typed.as_str(),
        "CertType" => is_passport = text == CertType::Passport.as_str(),
        _ => {}
    });
    match plan {
        ProductCode::IdPro => {
            let problem = "is missing: the plan ID_PRO requires it";
            rules::require(init, &["CertType", "MetaInfo"], problem, problems);
            if !is_typed_later {
                rules::require(init, &["CertName", "CertNo"], problem, problems);
            }
        }
        ProductCode::LrFr => {
            let problem = "is missing: the plan LR_FR requires it";
            rules::require(init, &["UserId", "MetaInfo"], problem, problems);
        }
        ProductCode::PvFv => {
            let problem = "is missing: the plan PV_FV requires it";
            rules::require(init, &["UserId"], problem, problems);
        }
        ProductCode::IdPlus | ProductCode::Mfvc | ProductCode::Face | ProductCode::Other(_) => {}
    }
    if is_passport {
        let given = ("Mode", &["3"][..]);
        rules::require_if(init, given, &["Birthday", "ValidityDate"], problems);
    }
    rules::encryption(init, SM2, &[""], ["CertName", "CertNo"], problems);
    rules::callback_url(init, problems);
    rules::meta_info(init, problems);
    rules::json(init, "VoluntaryCustomizedContent", problems);
    let picture = PictureFields {
        ways: &["FaceContrastPicture", "FaceContrastPictureUrl", "CertifyId"],
        bucket: "OssBucketName",
        object: "OssObjectName",
    };
    picture.check(init, plan == ProductCode::PvFv, problems);
}

/// The field that says that name and number are encrypted, and its value then.
pub(super) const SM2: (&str, &str) = ("EncryptType", "SM2");
