//! The verification of the first generation, which the vendor no longer sells.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Opens a verification: answers with its token and its page.
    DescribeVerifyToken(Open) -> DescribeVerifyTokenResponse {
        with { payload: None }
        requires {
            query biz_type: String = "BizType",
            query biz_id: String = "BizId" max 64,
        }
        accepts {
            query callback_seed: Sensitive = "CallbackSeed",
            /// Where the service calls back.
            query callback_url: String = "CallbackUrl",
            /// Where the service fetches a picture.
            query face_retained_image_url: Sensitive = "FaceRetainedImageUrl",
            query failed_redirect_url: String = "FailedRedirectUrl",
            /// Where the service fetches a picture.
            query id_card_back_image_url: Sensitive = "IdCardBackImageUrl",
            /// Where the service fetches a picture.
            query id_card_front_image_url: Sensitive = "IdCardFrontImageUrl",
            query id_card_number: Sensitive = "IdCardNumber",
            query name: Sensitive = "Name",
            query passed_redirect_url: String = "PassedRedirectUrl",
            query user_id: Sensitive = "UserId",
            query user_ip: Sensitive = "UserIp",
            query user_phone_number: Sensitive = "UserPhoneNumber",
            query user_regist_time: i64 = "UserRegistTime",
        }
    }

    /// Asks for the verdict of a verification, with its pictures.
    DescribeVerifyResult(Query) -> DescribeVerifyResultResponse {
        with { payload: None }
        requires {
            query biz_type: String = "BizType",
            query biz_id: String = "BizId" max 64,
        }
    }

    /// Verifies a person by pictures that the caller already has.
    VerifyMaterial(Once) -> VerifyMaterialResponse {
        with { payload: None }
        requires {
            query biz_type: String = "BizType",
            query biz_id: String = "BizId" max 64,
            query name: Sensitive = "Name",
            query id_card_number: Sensitive = "IdCardNumber",
        }
        accepts {
            /// Where the service fetches a picture.
            query face_image_url: Sensitive = "FaceImageUrl" [needed],
            /// Where the service fetches a picture.
            query id_card_back_image_url: Sensitive = "IdCardBackImageUrl",
            /// Where the service fetches a picture.
            query id_card_front_image_url: Sensitive = "IdCardFrontImageUrl",
            query user_id: Sensitive = "UserId",
        }
    }

    /// Asks for a token to upload pictures with.
    DescribeOssUploadToken(Query) -> DescribeOssUploadTokenResponse {
        with { payload: None }
    }

    /// Makes a scene, with its steps.
    CreateVerifySetting(Once) -> CreateVerifySettingResponse {
        with { payload: None }
        requires {
            query biz_type: String = "BizType",
            query biz_name: String = "BizName",
            query solution: String = "Solution",
        }
        accepts {
            query guide_step: bool = "GuideStep",
            query privacy_step: bool = "PrivacyStep",
            query result_step: bool = "ResultStep",
        }
    }

    /// Compares the faces on two pictures.
    CompareFaces(Once) -> CompareFacesResponse {
        with { payload: None, is_judged_by_code: false }
        accepts {
            /// What kind of value it is.
            form source_image_type: String = "SourceImageType",
            /// A picture, or where it is.
            form source_image_value: Sensitive = "SourceImageValue",
            form target_image_type: String = "TargetImageType",
            /// A picture, or where it is.
            form target_image_value: Sensitive = "TargetImageValue",
        }
    }

    /// Describes the faces on a picture.
    DetectFaceAttributes(Once) -> DetectFaceAttributesResponse {
        with { payload: None, is_judged_by_code: false }
        requires {
            /// A picture, or where it is.
            form material_value: Sensitive = "MaterialValue",
        }
        accepts {
            form biz_type: String = "BizType",
        }
    }
}

replies! {
    /// What [`DescribeVerifyToken`] answers.
    DescribeVerifyTokenResponse {
        oss_upload_token: Option<OssUploadToken> = "OssUploadToken",
        verify_page_url: Option<Sensitive> = "VerifyPageUrl",
        verify_token: Option<Sensitive> = "VerifyToken",
    }

    /// Temporary keys to a bucket.
    OssUploadToken {
        bucket: Option<String> = "Bucket",
        end_point: Option<String> = "EndPoint",
        /// When the token ends, in milliseconds since 1970.
        expired: Option<i64> = "Expired",
        key: Option<Sensitive> = "Key",
        path: Option<String> = "Path",
        secret: Option<Sensitive> = "Secret",
        token: Option<Sensitive> = "Token",
    }

    /// What [`DescribeVerifyResult`] answers.
    DescribeVerifyResultResponse {
        authority_comparision_score: Option<f64> = "AuthorityComparisionScore",
        face_comparison_score: Option<f64> = "FaceComparisonScore",
        id_card_face_comparison_score: Option<f64> = "IdCardFaceComparisonScore",
        material: Option<VerifiedMaterial> = "Material",
        verify_status: Option<i64> = "VerifyStatus",
    }

    /// What a verification was made with.
    VerifiedMaterial {
        face_global_url: Option<Sensitive> = "FaceGlobalUrl",
        face_image_url: Option<Sensitive> = "FaceImageUrl",
        face_mask: Option<bool> = "FaceMask",
        face_quality: Option<String> = "FaceQuality",
        id_card_info: Option<IdCardInfo> = "IdCardInfo",
        id_card_name: Option<Sensitive> = "IdCardName",
        id_card_number: Option<Sensitive> = "IdCardNumber",
        video_urls: Vec<Sensitive> = "VideoUrls",
    }

    /// What the ID card says.
    IdCardInfo {
        address: Option<Sensitive> = "Address",
        authority: Option<String> = "Authority",
        back_image_url: Option<Sensitive> = "BackImageUrl",
        birth: Option<Sensitive> = "Birth",
        end_date: Option<String> = "EndDate",
        front_image_url: Option<Sensitive> = "FrontImageUrl",
        name: Option<Sensitive> = "Name",
        nationality: Option<String> = "Nationality",
        number: Option<Sensitive> = "Number",
        start_date: Option<String> = "StartDate",
    }

    /// What [`VerifyMaterial`] answers.
    VerifyMaterialResponse {
        authority_comparision_score: Option<f64> = "AuthorityComparisionScore",
        id_card_face_comparison_score: Option<f64> = "IdCardFaceComparisonScore",
        material: Option<GivenMaterial> = "Material",
        verify_status: Option<i64> = "VerifyStatus",
        verify_token: Option<Sensitive> = "VerifyToken",
    }

    /// What the caller gave.
    GivenMaterial {
        face_global_url: Option<Sensitive> = "FaceGlobalUrl",
        face_image_url: Option<Sensitive> = "FaceImageUrl",
        face_mask: Option<String> = "FaceMask",
        face_quality: Option<String> = "FaceQuality",
        id_card_info: Option<IdCardInfo> = "IdCardInfo",
        id_card_name: Option<Sensitive> = "IdCardName",
        id_card_number: Option<Sensitive> = "IdCardNumber",
    }

    /// What [`DescribeOssUploadToken`] answers.
    DescribeOssUploadTokenResponse {
        oss_upload_token: Option<OssUploadToken> = "OssUploadToken",
    }

    /// What [`CreateVerifySetting`] answers.
    CreateVerifySettingResponse {
        biz_name: Option<String> = "BizName",
        biz_type: Option<String> = "BizType",
        solution: Option<String> = "Solution",
        step_list: Vec<String> = "StepList",
    }

    /// What [`CompareFaces`] answers.
    CompareFacesResponse {
        data: Option<FaceSimilarity> = "Data",
        success: Option<bool> = "Success",
    }

    /// How alike the faces are.
    FaceSimilarity {
        /// JSON text.
        confidence_thresholds: Option<String> = "ConfidenceThresholds",
        similarity_score: Option<f64> = "SimilarityScore",
    }

    /// What [`DetectFaceAttributes`] answers.
    DetectFaceAttributesResponse {
        data: Option<DetectedFaces> = "Data",
        success: Option<bool> = "Success",
    }

    /// The faces on a picture.
    DetectedFaces {
        face_infos: Option<FaceInfos> = "FaceInfos",
        img_height: Option<i64> = "ImgHeight",
        img_width: Option<i64> = "ImgWidth",
    }

    /// The faces on a picture.
    FaceInfos {
        face_attributes_detect_info: Vec<DetectedFace> = "FaceAttributesDetectInfo",
    }

    /// A face.
    DetectedFace {
        face_attributes: Option<FaceAttributes> = "FaceAttributes",
        face_rect: Option<FaceRect> = "FaceRect",
    }

    /// What a face looks like.
    FaceAttributes {
        blur: Option<f64> = "Blur",
        facequal: Option<f64> = "Facequal",
        facetype: Option<String> = "Facetype",
        glasses: Option<String> = "Glasses",
        headpose: Option<HeadPose> = "Headpose",
        integrity: Option<i64> = "Integrity",
        respirator: Option<String> = "Respirator",
        smiling: Option<Smiling> = "Smiling",
    }

    /// How the head is held, in degrees.
    HeadPose {
        pitch_angle: Option<f64> = "PitchAngle",
        roll_angle: Option<f64> = "RollAngle",
        yaw_angle: Option<f64> = "YawAngle",
    }

    /// Whether the face smiles: a value, and from where on it counts.
    Smiling {
        threshold: Option<f64> = "Threshold",
        value: Option<f64> = "Value",
    }

    /// Where a face is, in pixels.
    FaceRect {
        height: Option<i64> = "Height",
        left: Option<i64> = "Left",
        top: Option<i64> = "Top",
        width: Option<i64> = "Width",
    }
}
