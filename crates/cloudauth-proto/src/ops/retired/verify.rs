//! Face verification of the first generation, which the vendor no longer sells.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::{InvalidField, Row, operations};
use crate::ops::rules;
use crate::secret::Sensitive;

operations! {
    /// Opens a verification: the reply holds its token and its page.
    DescribeVerifyToken(OpensVerification) -> DescribeVerifyTokenResponse {
        with { payload: None }
        requires {
            /// Scene, from the console.
            query biz_type: String = "BizType",
            /// Caller's own ID of the verification, at most 64 characters, unique. It can be
            /// submitted until the person passes.
            query biz_id: String = "BizId" max 64,
        }
        accepts {
            /// Seed of the callback; not explained by the vendor.
            query callback_seed: Sensitive = "CallbackSeed",
            /// URL that the service calls.
            query callback_url: String = "CallbackUrl",
            /// URL of a picture of the face on record; http or https.
            query face_retained_image_url: Sensitive = "FaceRetainedImageUrl",
            /// URL that the browser goes to after a failure.
            query failed_redirect_url: String = "FailedRedirectUrl",
            /// URL of a picture of the side of the ID card with the emblem; http or https.
            query id_card_back_image_url: Sensitive = "IdCardBackImageUrl",
            /// URL of a picture of the side of the ID card with the face; http or https.
            query id_card_front_image_url: Sensitive = "IdCardFrontImageUrl",
            /// ID number.
            query id_card_number: Sensitive = "IdCardNumber",
            /// Name.
            query name: Sensitive = "Name",
            /// URL that the browser goes to after a success.
            query passed_redirect_url: String = "PassedRedirectUrl",
            /// Caller's own ID of the person.
            query user_id: Sensitive = "UserId",
            /// IP address of the person.
            query user_ip: Sensitive = "UserIp",
            /// Phone number of the person.
            query user_phone_number: Sensitive = "UserPhoneNumber",
            /// Time at which the person registered with the caller, Unix time in milliseconds.
            query user_regist_time: i64 = "UserRegistTime",
        }
    }

    /// Queries the verdict of a verification, with its pictures. Records are kept for 180 days
    /// (documented).
    DescribeVerifyResult(ReadOnly) -> DescribeVerifyResultResponse {
        with { payload: None }
        requires {
            /// Scene, from the console.
            query biz_type: String = "BizType",
            /// Caller's own ID of the verification, at most 64 characters, unique. It can be
            /// submitted until the person passes.
            query biz_id: String = "BizId" max 64,
        }
    }

    /// Verifies a person by pictures that the caller already has.
    VerifyMaterial(NotIdempotent) -> VerifyMaterialResponse {
        with { payload: None }
        requires {
            /// Scene, from the console.
            query biz_type: String = "BizType",
            /// Caller's own ID of the verification, at most 64 characters, unique. It can be
            /// submitted until the person passes.
            query biz_id: String = "BizId" max 64,
            /// Name.
            query name: Sensitive = "Name",
            /// ID number.
            query id_card_number: Sensitive = "IdCardNumber",
        }
        accepts {
            /// URL of a picture of the face; http or https.
            query face_image_url: Sensitive = "FaceImageUrl" [needed],
            /// URL of a picture of the side of the ID card with the emblem; http or https.
            query id_card_back_image_url: Sensitive = "IdCardBackImageUrl",
            /// URL of a picture of the side of the ID card with the face; http or https.
            query id_card_front_image_url: Sensitive = "IdCardFrontImageUrl",
            /// Caller's own ID of the person.
            query user_id: Sensitive = "UserId",
        }
    }

    /// Queries temporary keys for uploading pictures.
    DescribeOssUploadToken(ReadOnly) -> DescribeOssUploadTokenResponse {
        with { payload: None }
    }

    /// Creates a scene, with its steps.
    CreateVerifySetting(NotIdempotent) -> CreateVerifySettingResponse {
        with { payload: None }
        requires {
            /// ID of the scene.
            query biz_type: String = "BizType",
            /// Name of the scene.
            query biz_name: String = "BizName",
            /// Name of the verification plan.
            query solution: String = "Solution",
        }
        accepts {
            /// Whether the service's page with instructions is shown.
            query guide_step: bool = "GuideStep",
            /// Whether the service's page for consent is shown.
            query privacy_step: bool = "PrivacyStep",
            /// Whether the service's page with the result is shown.
            query result_step: bool = "ResultStep",
        }
    }

    /// Compares the faces in two pictures; in each, the largest face counts.
    CompareFaces(NotIdempotent) -> CompareFacesResponse {
        with { payload: None, has_result_code: false }
        accepts {
            /// Kind of the first picture: `FacePic` (photo of a face) or `IDPic` (photo from the
            /// chip of an identity card). At least one of the two must be `FacePic`.
            form source_image_type: String = "SourceImageType",
            /// First picture: http or https URL, or `base64://` and base64, at most 2 MB.
            form source_image_value: Sensitive = "SourceImageValue",
            /// Kind of the second picture: `FacePic` (photo of a face) or `IDPic` (photo from the
            /// chip of an identity card). At least one of the two must be `FacePic`.
            form target_image_type: String = "TargetImageType",
            /// Second picture: http or https URL, or `base64://` and base64, at most 2 MB.
            form target_image_value: Sensitive = "TargetImageValue",
        }
        check check_pictures;
    }

    /// Describes up to five faces in a picture.
    DetectFaceAttributes(NotIdempotent) -> DetectFaceAttributesResponse {
        with { payload: None, has_result_code: false }
        requires {
            /// Picture: http or https URL, or `base64://` and base64, at most 2 MB.
            form material_value: Sensitive = "MaterialValue",
        }
        accepts {
            /// Scene, from the console.
            form biz_type: String = "BizType",
        }
        check check_pictures;
    }
}

fn check_pictures(row: &dyn Row, problems: &mut Vec<InvalidField>) {
    for field in ["SourceImageValue", "TargetImageValue", "MaterialValue"] {
        rules::typed_image(row, field, problems);
    }
}

replies! {
    /// Reply to [`DescribeVerifyToken`].
    DescribeVerifyTokenResponse {
        /// Temporary keys for uploading pictures.
        oss_upload_token: Option<OssUploadToken> = "OssUploadToken",
        /// Page of the verification; for an integration that the vendor has closed to newcomers.
        verify_page_url: Option<Sensitive> = "VerifyPageUrl",
        /// Token of the verification, valid for 30 minutes.
        verify_token: Option<Sensitive> = "VerifyToken",
    }

    /// Temporary keys for uploading to a bucket.
    OssUploadToken {
        /// Name of the bucket.
        bucket: Option<Sensitive> = "Bucket",
        /// Endpoint of the object store.
        end_point: Option<String> = "EndPoint",
        /// End of the keys' validity, Unix time in milliseconds.
        expired: Option<i64> = "Expired",
        /// Access key ID.
        key: Option<Sensitive> = "Key",
        /// Folder for the files.
        path: Option<Sensitive> = "Path",
        /// Access key secret.
        secret: Option<Sensitive> = "Secret",
        /// Security token.
        token: Option<Sensitive> = "Token",
    }

    /// Reply to [`DescribeVerifyResult`].
    DescribeVerifyResultResponse {
        /// Similarity of the face and the authority's photo, 0 to 100. Thresholds: 95, 90, 80 and
        /// 60 for false acceptance rates of 0.001 %, 0.01 %, 0.1 % and 1 %. Not a verdict by
        /// itself.
        authority_comparision_score: Option<f64> = "AuthorityComparisionScore",
        /// Similarity of the face and the picture on record, 0 to 100. Thresholds: 95, 90, 80 and
        /// 60 for false acceptance rates of 0.001 %, 0.01 %, 0.1 % and 1 %.
        face_comparison_score: Option<f64> = "FaceComparisonScore",
        /// Similarity of the face and the photo on the ID card, 0 to 100. Thresholds: 95, 90, 80
        /// and 60 for false acceptance rates of 0.001 %, 0.01 %, 0.1 % and 1 %.
        id_card_face_comparison_score: Option<f64> = "IdCardFaceComparisonScore",
        /// Data that the verification was made with.
        material: Option<VerifiedMaterial> = "Material",
        /// Verdict: `-1` not verified, `1` passed, 2 and more failed, by reason.
        verify_status: Option<i64> = "VerifyStatus",
    }

    /// Data that a verification was made with.
    VerifiedMaterial {
        /// Link to the whole picture of the camera; only if the vendor enabled it.
        face_global_url: Option<Sensitive> = "FaceGlobalUrl",
        /// Link to the picture of the face, valid for 5 minutes.
        face_image_url: Option<Sensitive> = "FaceImageUrl",
        /// Whether the face wears a mask.
        face_mask: Option<bool> = "FaceMask",
        /// Quality of the picture: `UNQUALIFIED`, `LOW`, `NORMAL` or `HIGH`.
        face_quality: Option<String> = "FaceQuality",
        /// Data read from the ID card; may be missing or incomplete.
        id_card_info: Option<IdCardInfo> = "IdCardInfo",
        /// Name.
        id_card_name: Option<Sensitive> = "IdCardName",
        /// ID number.
        id_card_number: Option<Sensitive> = "IdCardNumber",
        /// Links to the videos; of an older plan only.
        video_urls: Vec<Sensitive> = "VideoUrls",
    }

    /// Data read from an ID card.
    IdCardInfo {
        /// Address.
        address: Option<Sensitive> = "Address",
        /// Issuing authority.
        authority: Option<Sensitive> = "Authority",
        /// Link to the picture of the side with the emblem, valid for 5 minutes.
        back_image_url: Option<Sensitive> = "BackImageUrl",
        /// Date of birth.
        birth: Option<Sensitive> = "Birth",
        /// Last day of validity, as `YYYYMMDD`.
        end_date: Option<Sensitive> = "EndDate",
        /// Link to the picture of the side with the face, valid for 5 minutes.
        front_image_url: Option<Sensitive> = "FrontImageUrl",
        /// Name.
        name: Option<Sensitive> = "Name",
        /// Ethnic group.
        nationality: Option<Sensitive> = "Nationality",
        /// ID number.
        number: Option<Sensitive> = "Number",
        /// First day of validity, as `YYYYMMDD`.
        start_date: Option<Sensitive> = "StartDate",
    }

    /// Reply to [`VerifyMaterial`].
    VerifyMaterialResponse {
        /// Similarity of the face and the authority's photo, 0 to 100. Thresholds: 95, 90, 80 and
        /// 60 for false acceptance rates of 0.001 %, 0.01 %, 0.1 % and 1 %. Not a verdict by
        /// itself.
        authority_comparision_score: Option<f64> = "AuthorityComparisionScore",
        /// Similarity of the face and the photo on the ID card, 0 to 100. Thresholds: 95, 90, 80
        /// and 60 for false acceptance rates of 0.001 %, 0.01 %, 0.1 % and 1 %.
        id_card_face_comparison_score: Option<f64> = "IdCardFaceComparisonScore",
        /// Data that the caller submitted.
        material: Option<GivenMaterial> = "Material",
        /// Verdict: `1` passed, 2 and more failed, by reason.
        verify_status: Option<i64> = "VerifyStatus",
        /// Token of the verification, valid for 30 minutes.
        verify_token: Option<Sensitive> = "VerifyToken",
    }

    /// Data that the caller submitted.
    GivenMaterial {
        /// Link to the whole picture of the camera; only if the vendor enabled it.
        face_global_url: Option<Sensitive> = "FaceGlobalUrl",
        /// Link to the picture of the face, valid for 5 minutes.
        face_image_url: Option<Sensitive> = "FaceImageUrl",
        /// Whether the face wears a mask: `true` or `false`.
        face_mask: Option<String> = "FaceMask",
        /// Quality of the picture: `UNQUALIFIED`, `LOW`, `NORMAL` or `HIGH`.
        face_quality: Option<String> = "FaceQuality",
        /// Data read from the ID card; may be missing or incomplete.
        id_card_info: Option<IdCardInfo> = "IdCardInfo",
        /// Name.
        id_card_name: Option<Sensitive> = "IdCardName",
        /// ID number.
        id_card_number: Option<Sensitive> = "IdCardNumber",
    }

    /// Reply to [`DescribeOssUploadToken`].
    DescribeOssUploadTokenResponse {
        /// Temporary keys for uploading pictures.
        oss_upload_token: Option<OssUploadToken> = "OssUploadToken",
    }

    /// Reply to [`CreateVerifySetting`].
    CreateVerifySettingResponse {
        /// Name of the scene.
        biz_name: Option<String> = "BizName",
        /// ID of the scene.
        biz_type: Option<String> = "BizType",
        /// Name of the verification plan.
        solution: Option<String> = "Solution",
        /// Steps: `guide` (instructions), `privacy` (consent).
        step_list: Vec<String> = "StepList",
    }

    /// Reply to [`CompareFaces`].
    CompareFacesResponse {
        /// Result of the comparison.
        data: Option<FaceSimilarity> = "Data",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Similarity of two faces.
    FaceSimilarity {
        /// Thresholds by false acceptance rate: a string that holds a JSON object, such as
        /// `{"0.001":"80.01"}`. They differ between pictures: do not store them.
        confidence_thresholds: Option<String> = "ConfidenceThresholds",
        /// Similarity, 0 to 100.
        similarity_score: Option<f64> = "SimilarityScore",
    }

    /// Reply to [`DetectFaceAttributes`].
    DetectFaceAttributesResponse {
        /// Faces in the picture.
        data: Option<DetectedFaces> = "Data",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Faces in a picture.
    DetectedFaces {
        /// The faces.
        face_infos: Option<FaceInfos> = "FaceInfos",
        /// Height of the picture in pixels.
        img_height: Option<i64> = "ImgHeight",
        /// Width of the picture in pixels.
        img_width: Option<i64> = "ImgWidth",
    }

    /// Faces in a picture.
    FaceInfos {
        /// The faces, at most five.
        face_attributes_detect_info: Vec<DetectedFace> = "FaceAttributesDetectInfo",
    }

    /// Face in a picture.
    DetectedFace {
        /// Attributes of the face.
        face_attributes: Option<FaceAttributes> = "FaceAttributes",
        /// Position of the face.
        face_rect: Option<FaceRect> = "FaceRect",
    }

    /// Attributes of a face.
    FaceAttributes {
        /// Blur; from about 2.0 on the face is blurred.
        blur: Option<f64> = "Blur",
        /// Quality, 0 to 100; the vendor recommends 50 and more.
        facequal: Option<f64> = "Facequal",
        /// Kind of face: `None` (a cartoon or an animal), `Face` or `Profile` (turned by more than
        /// 30 degrees).
        facetype: Option<String> = "Facetype",
        /// Glasses: `None`, `Wear` or `Sunglass`.
        glasses: Option<String> = "Glasses",
        /// Angles of the head.
        headpose: Option<HeadPose> = "Headpose",
        /// Completeness, 0 to 100; the vendor recommends 70 and more.
        integrity: Option<i64> = "Integrity",
        /// Mask: `Wear` or `None`.
        respirator: Option<String> = "Respirator",
        /// Smile.
        smiling: Option<Smiling> = "Smiling",
    }

    /// Angles of a head in degrees.
    HeadPose {
        /// Up and down.
        pitch_angle: Option<f64> = "PitchAngle",
        /// Towards a shoulder.
        roll_angle: Option<f64> = "RollAngle",
        /// To the left and right.
        yaw_angle: Option<f64> = "YawAngle",
    }

    /// Smile: a value, and the threshold from which on it counts.
    Smiling {
        /// Threshold.
        threshold: Option<f64> = "Threshold",
        /// Value.
        value: Option<f64> = "Value",
    }

    /// Position of a face in pixels.
    FaceRect {
        /// Height.
        height: Option<i64> = "Height",
        /// Distance from the left edge.
        left: Option<i64> = "Left",
        /// Distance from the top edge.
        top: Option<i64> = "Top",
        /// Width.
        width: Option<i64> = "Width",
    }
}
