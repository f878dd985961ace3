//! Checks of pictures that the caller already has: identity, liveness, forgery.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::face::SM2;
use super::rules::{self, PictureFields};
use crate::decode::replies;
use crate::operation::{Base64, InvalidField, Row, operations};
use crate::secret::Sensitive;
use crate::verify::{Passed, TrueFalse, YesNo};

operations! {
    /// Compares a picture of a face with the authority's photo for a name and number, and checks
    /// whether the face is live.
    ///
    /// Exactly one kind of picture must be set: `FaceContrastPicture`, `FaceContrastPictureUrl`,
    /// `CertifyId`, `FaceContrastFile`, or `OssBucketName` with `OssObjectName`.
    ContrastFaceVerify(NotIdempotent) -> ContrastFaceVerifyResponse {
        with { confirmed_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// Name on the document. Ciphertext if `EncryptType` is set.
            form cert_name: Sensitive = "CertName",
            /// Number of the document. Ciphertext if `EncryptType` is set.
            form cert_no: Sensitive = "CertNo",
            /// Kind of document: `IDENTITY_CARD`, the only documented value.
            form cert_type: String = "CertType",
            /// ID of an earlier, passed verification whose picture is used.
            form certify_id: String = "CertifyId",
            /// Cropping of the picture to the face: `T` or `F` (default).
            form crop: TrueFalse = "Crop",
            /// Token that the vendor's script or SDK made on the person's device, for rating its
            /// risk.
            form device_token: Sensitive = "DeviceToken",
            /// Encryption of name and number: `SM2`; none if unset. With the feature `sm2`,
            /// `encrypted` encrypts both and sets it.
            form encrypt_type: String = "EncryptType",
            /// Video of the face. Set by an [`Upload`](crate::upload::Upload).
            form face_contrast_file: Sensitive = "FaceContrastFile",
            /// Picture of the face in base64, less than 1 MB as a file;
            /// [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_contrast_picture: Base64 = "FaceContrastPicture",
            /// URL of the picture; only authorized OSS URLs.
            form face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// IP address of the person.
            form ip: Sensitive = "Ip",
            /// Phone number of the person.
            form mobile: Sensitive = "Mobile",
            /// Kind of liveness check. The vendor's example is `FRONT_CAMERA_LIVENESS`; other
            /// values are not documented.
            query model: String = "Model",
            /// OSS bucket of the picture, authorized for the service; set together with
            /// `OssObjectName`.
            form oss_bucket_name: Sensitive = "OssBucketName",
            /// OSS object of the picture; set together with `OssBucketName`.
            form oss_object_name: Sensitive = "OssObjectName",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `ID_MIN`; the product pages also have `ID_MIN_VIDEO`.
            form product_code: String = "ProductCode",
            /// Scene ID, from the console.
            form scene_id: i64 = "SceneId",
            /// Caller's own ID of the person; unique.
            form user_id: Sensitive = "UserId",
        }
        check check_contrast;
    }

    /// Compares the faces in two pictures, called source and target.
    ///
    /// For each of the two, exactly one kind of picture must be set.
    CompareFaceVerify(NotIdempotent) -> CompareFaceVerifyResponse {
        with { confirmed_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// Cropping of the pictures to the face: `T` or `F` (default).
            form crop: TrueFalse = "Crop",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `PV_FC`.
            form product_code: String = "ProductCode",
            /// Scene ID, from the console.
            form scene_id: i64 = "SceneId",
            /// ID of an earlier, passed verification whose picture is the source.
            form source_certify_id: String = "SourceCertifyId",
            /// Source picture in base64, less than 1 MB as a file;
            /// [`Picture`](crate::verify::Picture) makes it from bytes.
            form source_face_contrast_picture: Base64 = "SourceFaceContrastPicture" max 1_048_676,
            /// URL of the source picture; only authorized OSS URLs.
            form source_face_contrast_picture_url: Sensitive = "SourceFaceContrastPictureUrl",
            /// OSS bucket of the source picture, authorized for the service; set together with
            /// `SourceOssObjectName`.
            form source_oss_bucket_name: Sensitive = "SourceOssBucketName",
            /// OSS object of the source picture; set together with `SourceOssBucketName`.
            form source_oss_object_name: Sensitive = "SourceOssObjectName",
            /// ID of an earlier, passed verification whose picture is the target.
            form target_certify_id: String = "TargetCertifyId",
            /// Target picture in base64, less than 1 MB as a file;
            /// [`Picture`](crate::verify::Picture) makes it from bytes.
            form target_face_contrast_picture: Base64 = "TargetFaceContrastPicture" max 1_048_676,
            /// URL of the target picture; only authorized OSS URLs.
            form target_face_contrast_picture_url: Sensitive = "TargetFaceContrastPictureUrl",
            /// OSS bucket of the target picture, authorized for the service; set together with
            /// `TargetOssObjectName`.
            form target_oss_bucket_name: Sensitive = "TargetOssBucketName",
            /// OSS object of the target picture; set together with `TargetOssBucketName`.
            form target_oss_object_name: Sensitive = "TargetOssObjectName",
        }
        check check_compare;
    }

    /// Checks whether the face in a picture is live, or a photo of a screen or of a print.
    LivenessFaceVerify(NotIdempotent) -> LivenessFaceVerifyResponse {
        with { confirmed_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// ID of an earlier verification whose picture is used.
            form certify_id: String = "CertifyId",
            /// Cropping of the picture to the face: `T` or `F` (default).
            form crop: TrueFalse = "Crop",
            /// Token that the vendor's script or SDK made on the person's device, for rating its
            /// risk.
            form device_token: Sensitive = "DeviceToken",
            /// Picture of the face in base64; [`Picture`](crate::verify::Picture) makes it from
            /// bytes.
            form face_contrast_picture: Base64 = "FaceContrastPicture",
            /// URL of the picture.
            form face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// IP address of the person.
            form ip: Sensitive = "Ip",
            /// Phone number of the person.
            form mobile: Sensitive = "Mobile",
            /// Kind of liveness check. The vendor's example is `FRONT_CAMERA_LIVENESS`; other
            /// values are not documented.
            query model: String = "Model",
            /// OSS bucket of the picture, authorized for the service; set together with
            /// `OssObjectName`.
            form oss_bucket_name: Sensitive = "OssBucketName",
            /// OSS object of the picture; set together with `OssBucketName`.
            form oss_object_name: Sensitive = "OssObjectName",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `LR_FR_MIN`.
            form product_code: String = "ProductCode",
            /// Scene ID, from the console.
            form scene_id: i64 = "SceneId",
            /// Caller's own ID of the person, unique, at most 100 characters.
            form user_id: Sensitive = "UserId" max 100,
        }
    }

    /// Checks whether the face in a picture was generated by AI.
    ///
    /// One kind of picture is set: `FaceContrastPicture`, `FaceContrastPictureUrl`, or
    /// `OssBucketName` with `OssObjectName`.
    AIGCFaceVerify(NotIdempotent) -> AIGCFaceVerifyResponse {
        accepts {
            /// Picture of the face in base64; [`Picture`](crate::verify::Picture) makes it from
            /// bytes.
            form face_contrast_picture: Base64 = "FaceContrastPicture",
            /// URL of the picture, http or https, publicly reachable.
            query face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// OSS bucket of the picture, authorized for the service; set together with
            /// `OssObjectName`.
            query oss_bucket_name: Sensitive = "OssBucketName",
            /// OSS object of the picture; set together with `OssBucketName`.
            query oss_object_name: Sensitive = "OssObjectName",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Checks whether the face in a picture or video is a deepfake.
    ///
    /// One of `FaceBase64` and `FaceUrl` is set.
    DeepfakeDetect(NotIdempotent) -> DeepfakeDetectResponse {
        accepts {
            /// Picture or video in base64; [`Picture`](crate::verify::Picture) makes it from the
            /// bytes of a picture.
            form face_base64: Base64 = "FaceBase64",
            /// Kind of input: `IMAGE` (default) or `VIDEO`. A video can take more than 3 seconds.
            query face_input_type: String = "FaceInputType",
            /// URL of the picture or video.
            query face_url: Sensitive = "FaceUrl",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            query outer_order_no: String = "OuterOrderNo" max 32,
        }
    }
}

fn check_contrast(contrast: &dyn Row, problems: &mut Vec<InvalidField>) {
    let picture = PictureFields {
        ways: &[
            "FaceContrastPicture",
            "FaceContrastPictureUrl",
            "CertifyId",
            "FaceContrastFile",
        ],
        bucket: "OssBucketName",
        object: "OssObjectName",
    };
    picture.check(contrast, true, problems);
    rules::encryption(contrast, SM2, &[""], ["CertName", "CertNo"], problems);
}

fn check_compare(compare: &dyn Row, problems: &mut Vec<InvalidField>) {
    let source = PictureFields {
        ways: &[
            "SourceFaceContrastPicture",
            "SourceFaceContrastPictureUrl",
            "SourceCertifyId",
        ],
        bucket: "SourceOssBucketName",
        object: "SourceOssObjectName",
    };
    let target = PictureFields {
        ways: &[
            "TargetFaceContrastPicture",
            "TargetFaceContrastPictureUrl",
            "TargetCertifyId",
        ],
        bucket: "TargetOssBucketName",
        object: "TargetOssObjectName",
    };
    source.check(compare, true, problems);
    target.check(compare, true, problems);
}

replies! {
    /// Reply to [`ContrastFaceVerify`].
    ContrastFaceVerifyResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Data of the identity; empty for the usual plans.
        identity_info: Option<Sensitive> = "IdentityInfo",
        /// Scores and pictures: a string that holds JSON; [`parse_json`](crate::verify::parse_json)
        /// reads it.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Verdict: `T` (passed) or `F` (not passed).
        passed: Option<Passed> = "Passed",
        /// Reason; [`codes::sub_code`](crate::codes::sub_code) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`CompareFaceVerify`].
    CompareFaceVerifyResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Verdict: `T` (passed) or `F` (not passed).
        passed: Option<Passed> = "Passed",
        /// Similarity of the faces.
        verify_score: Option<f64> = "VerifyScore",
    }

    /// Reply to [`LivenessFaceVerify`].
    LivenessFaceVerifyResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Scores and pictures: a string that holds JSON; [`parse_json`](crate::verify::parse_json)
        /// reads it.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Verdict: `T` (passed) or `F` (not passed).
        passed: Option<Passed> = "Passed",
        /// Reason; [`codes::sub_code`](crate::codes::sub_code) explains those of face
        /// verifications. The values for this operation are not documented.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`AIGCFaceVerify`].
    AIGCFaceVerifyResponse {
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Result: `Y` (generated by AI) or `N` (not generated).
        result: Option<YesNo> = "Result",
        /// Score of the result.
        score: Option<String> = "Score",
    }

    /// Reply to [`DeepfakeDetect`].
    DeepfakeDetectResponse {
        /// Result: `0` low risk, `1` high risk, `2` suspicious.
        result: Option<String> = "Result",
        /// Scores by risk label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Risk labels, separated by commas: `SuspectDeepForgery` (deepfake), `SuspectPSFace`
        /// (edited face), `SuspectTemple` (template face), `SuspectRemake` (photo of a photo or
        /// screen).
        risk_tag: Option<String> = "RiskTag",
    }
}
