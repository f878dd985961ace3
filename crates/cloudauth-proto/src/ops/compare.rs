//! Pictures that the caller already has: is it this person, is it alive, is it a fake.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::rules::Picture;
use crate::error::Problem;
use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Compares a picture of a face with the authority's photo of a name and number, and looks
    /// whether it is alive.
    ContrastFaceVerify(Once) -> ContrastFaceVerifyResponse {
        with { settled_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// The name on the document.
            form cert_name: Sensitive = "CertName",
            /// The number of the document.
            form cert_no: Sensitive = "CertNo",
            form cert_type: String = "CertType",
            /// An earlier verification to take the picture from.
            form certify_id: String = "CertifyId",
            /// `T` or `F`: whether to cut the face out.
            form crop: String = "Crop",
            /// What the vendor's script or SDK made on the person's device.
            form device_token: Sensitive = "DeviceToken",
            /// `SM2`: then name and number are ciphertext.
            form encrypt_type: String = "EncryptType",
            /// Set by an [`Upload`](crate::Upload).
            form face_contrast_file: Sensitive = "FaceContrastFile",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_contrast_picture: Sensitive = "FaceContrastPicture",
            /// Where the service fetches a picture.
            form face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// The person's network address.
            form ip: Sensitive = "Ip",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            query model: String = "Model",
            /// The bucket of a picture.
            form oss_bucket_name: String = "OssBucketName",
            /// The picture in the bucket.
            form oss_object_name: Sensitive = "OssObjectName",
            /// The caller's own number, at most 32 characters.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            form product_code: String = "ProductCode",
            /// The scene.
            form scene_id: i64 = "SceneId",
            form user_id: Sensitive = "UserId",
        }
        check check_contrast;
    }

    /// Compares the faces on two pictures.
    CompareFaceVerify(Once) -> CompareFaceVerifyResponse {
        with { settled_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// `T` or `F`: whether to cut the face out.
            form crop: String = "Crop",
            /// The caller's own number, at most 32 characters.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            form product_code: String = "ProductCode",
            /// The scene.
            form scene_id: i64 = "SceneId",
            /// An earlier verification to take the picture from.
            form source_certify_id: String = "SourceCertifyId",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form source_face_contrast_picture: Sensitive = "SourceFaceContrastPicture" max 1_048_676,
            /// Where the service fetches a picture.
            form source_face_contrast_picture_url: Sensitive = "SourceFaceContrastPictureUrl",
            /// The bucket of a picture.
            form source_oss_bucket_name: String = "SourceOssBucketName",
            /// The picture in the bucket.
            form source_oss_object_name: Sensitive = "SourceOssObjectName",
            /// An earlier verification to take the picture from.
            form target_certify_id: String = "TargetCertifyId",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form target_face_contrast_picture: Sensitive = "TargetFaceContrastPicture" max 1_048_676,
            /// Where the service fetches a picture.
            form target_face_contrast_picture_url: Sensitive = "TargetFaceContrastPictureUrl",
            /// The bucket of a picture.
            form target_oss_bucket_name: String = "TargetOssBucketName",
            /// The picture in the bucket.
            form target_oss_object_name: Sensitive = "TargetOssObjectName",
        }
        check check_compare;
    }

    /// Looks whether the face on a picture is alive.
    LivenessFaceVerify(Once) -> LivenessFaceVerifyResponse {
        with { settled_by: Some("DescribeVerifySearchPageList") }
        accepts {
            /// An earlier verification to take the picture from.
            form certify_id: String = "CertifyId",
            /// `T` or `F`: whether to cut the face out.
            form crop: String = "Crop",
            /// What the vendor's script or SDK made on the person's device.
            form device_token: Sensitive = "DeviceToken",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_contrast_picture: Sensitive = "FaceContrastPicture",
            /// Where the service fetches a picture.
            form face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// The person's network address.
            form ip: Sensitive = "Ip",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            query model: String = "Model",
            /// The bucket of a picture.
            form oss_bucket_name: String = "OssBucketName",
            /// The picture in the bucket.
            form oss_object_name: Sensitive = "OssObjectName",
            /// The caller's own number, at most 32 characters.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            form product_code: String = "ProductCode",
            /// The scene.
            form scene_id: i64 = "SceneId",
            form user_id: Sensitive = "UserId" max 100,
        }
    }

    /// Looks whether the face on a picture was made by a machine.
    AIGCFaceVerify(Once) -> AIGCFaceVerifyResponse {
        accepts {
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_contrast_picture: Sensitive = "FaceContrastPicture",
            /// Where the service fetches a picture.
            query face_contrast_picture_url: Sensitive = "FaceContrastPictureUrl",
            /// The bucket of a picture.
            query oss_bucket_name: String = "OssBucketName",
            /// The picture in the bucket.
            query oss_object_name: Sensitive = "OssObjectName",
            /// The caller's own number, at most 32 characters.
            query outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Looks whether a face on a picture or in a video is a fake.
    DeepfakeDetect(Once) -> DeepfakeDetectResponse {
        accepts {
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_base64: Sensitive = "FaceBase64",
            /// `IMAGE` or `VIDEO`.
            query face_input_type: String = "FaceInputType",
            /// Where the service fetches a picture.
            query face_url: Sensitive = "FaceUrl",
            /// The caller's own number, at most 32 characters.
            query outer_order_no: String = "OuterOrderNo" max 32,
        }
    }
}

fn check_contrast(contrast: &ContrastFaceVerify, problems: &mut Vec<Problem>) {
    let picture = Picture {
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
}

fn check_compare(compare: &CompareFaceVerify, problems: &mut Vec<Problem>) {
    let source = Picture {
        ways: &[
            "SourceFaceContrastPicture",
            "SourceFaceContrastPictureUrl",
            "SourceCertifyId",
        ],
        bucket: "SourceOssBucketName",
        object: "SourceOssObjectName",
    };
    let target = Picture {
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
    /// What [`ContrastFaceVerify`] answers.
    ContrastFaceVerifyResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        identity_info: Option<Sensitive> = "IdentityInfo",
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// `T` or `F`: the verdict.
        passed: Option<String> = "Passed",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`CompareFaceVerify`] answers.
    CompareFaceVerifyResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        /// `T` or `F`: the verdict.
        passed: Option<String> = "Passed",
        verify_score: Option<f64> = "VerifyScore",
    }

    /// What [`LivenessFaceVerify`] answers.
    LivenessFaceVerifyResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// `T` or `F`: the verdict.
        passed: Option<String> = "Passed",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`AIGCFaceVerify`] answers.
    AIGCFaceVerifyResponse {
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        result: Option<String> = "Result",
        score: Option<String> = "Score",
    }

    /// What [`DeepfakeDetect`] answers.
    DeepfakeDetectResponse {
        result: Option<String> = "Result",
        /// Scores by label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Labels of risks, with commas between.
        risk_tag: Option<String> = "RiskTag",
    }
}
