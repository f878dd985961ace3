//! The JSON that is inside of strings in replies.
//!
//! Every field may be missing or unreadable, as in all replies. `Debug` shows no personal data.

use alloc::string::String;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::decode::repair::{tolerant, without_mark};
use crate::decode::replies;
use crate::secret::Sensitive;
use crate::verify::{ProcedurePriority, TrueFalse};

/// Decodes the JSON in a string of a reply. Returns `None` if the string is empty or `null`, as in
/// some of the vendor's examples. A field that cannot be read does not cost the others: the types of this
/// module name it in `unreadable`.
///
/// `T` is one of the types of this module, or [`serde_json::Value`] for JSON without a type here.
pub fn parse_json<T: DeserializeOwned>(text: &Sensitive) -> Result<Option<T>, InvalidJson> {
    let text = without_mark(text.expose()).trim_end();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    tolerant(text, |json| T::deserialize(json))
        .map(Some)
        .map_err(|_| InvalidJson)
}

/// Error for a string in a reply that is not the expected JSON. It does not contain the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidJson;

impl fmt::Display for InvalidJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string in the reply is not the expected JSON")
    }
}

impl core::error::Error for InvalidJson {}

replies! {
    /// `MaterialInfo` of [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify): scores, pictures and
    /// videos. Documented by the vendor unless the documentation of a field states otherwise.
    MaterialInfo {
        /// Whether the face is rated an attack.
        face_attack: Option<TrueFalse> = "faceAttack",
        /// Whether the face is covered.
        face_occlusion: Option<TrueFalse> = "faceOcclusion",
        /// Estimated age in years; in apps only, and may be missing.
        face_age: Option<i64> = "faceAge",
        /// Estimated sex; in apps only, and may be missing.
        face_gender: Option<Sensitive> = "faceGender",
        /// Risk of the device, 0 to 100; in apps only.
        guard_risk_score: Option<f64> = "guardRiskScore",
        /// Picture of the face, and its scores.
        facial_picture_front: Option<FacePicture> = "facialPictureFront",
        /// Data read from the ID card (`ID_PLUS`, `ID_OCR`).
        ocr_id_card_info: Option<OcrIdCard> = "ocrIdCardInfo",
        /// Data of the ID card as corrected by the person (`ID_OCR`).
        ocr_id_edit_info: Option<OcrIdCard> = "ocrIdEditInfo",
        /// Pictures of the ID card (`ID_PLUS`, `ID_OCR`).
        ocr_picture_front: Option<DocumentPictures> = "ocrPictureFront",
        /// Fallback that was used, in the browser. The vendor's pages differ on its location: see
        /// [`procedure_priority`](Self::procedure_priority).
        procedure_priority_result: Option<String> = "procedurePriorityResult" | "ProcedurePriorityResult",
    }

    /// Picture of a face, and its scores.
    FacePicture {
        /// Probability of an attack, 0 to 1.
        face_attack_score: Option<f64> = "faceAttackScore",
        /// Quality of the picture.
        quality_score: Option<f64> = "qualityScore",
        /// Similarity of the faces, 0 to 100. It may be missing, and the vendor recommends to rely on
        /// the verdict. The documented thresholds are
        /// [`SCORE_THRESHOLDS`](crate::verify::SCORE_THRESHOLDS).
        verify_score: Option<f64> = "verifyScore",
        /// Rating of the background; in apps only.
        quality_background: Option<String> = "qualityBackground",
        /// Rating of the blur; in apps only.
        quality_blur: Option<String> = "qualityBlur",
        /// Rating of the illumination; in apps only.
        quality_illu: Option<String> = "qualityIllu",
        /// Rating of the occlusion; in apps only.
        quality_occu: Option<String> = "qualityOccu",
        /// Whether the person wears a hat; in apps only.
        quality_wear_hat: Option<TrueFalse> = "qualityWearHat",
        /// Sex. Not documented; seen in other people's code.
        gender: Option<Sensitive> = "gender",
        /// Similarity of the face and the photo on the ID card (`ID_PLUS`).
        id_card_verify_score: Option<f64> = "idCardVerifyScore",
        /// OSS bucket of picture and video, if the scene stores them.
        oss_bucket_name: Option<Sensitive> = "ossBucketName",
        /// OSS object of the picture. It remains valid, unlike the link.
        oss_object_name: Option<Sensitive> = "ossObjectName",
        /// Link to the picture, valid for 15 minutes; http or https.
        picture_url: Option<Sensitive> = "pictureUrl",
        /// OSS object of the video. It may be missing although a video was requested.
        oss_verify_video_object_name: Option<Sensitive> = "ossVerifyVideoObjectName",
        /// Link to the video, valid for 15 minutes.
        verify_video_url: Option<Sensitive> = "verifyVideoUrl",
        /// Fallback that was used, in the browser: see [`MaterialInfo::procedure_priority`].
        procedure_priority_result: Option<String> = "procedurePriorityResult" | "ProcedurePriorityResult",
    }

    /// Data read from an ID card: `ocrIdCardInfo`, and `CardInfo` of
    /// [`Id2MetaVerifyWithOCR`](crate::ops::Id2MetaVerifyWithOCR) and
    /// [`Id3MetaVerifyWithOCR`](crate::ops::Id3MetaVerifyWithOCR). Dates are eight digits:
    /// `YYYYMMDD`.
    OcrIdCard {
        /// Name.
        cert_name: Option<Sensitive> = "certName",
        /// Sex.
        sex: Option<Sensitive> = "sex",
        /// Ethnic group.
        nationality: Option<Sensitive> = "nationality",
        /// Date of birth.
        birth: Option<Sensitive> = "birth" | "birthDate",
        /// Address.
        address: Option<Sensitive> = "address",
        /// ID number.
        cert_no: Option<Sensitive> = "certNo",
        /// Issuing authority.
        authority: Option<Sensitive> = "authority",
        /// First day of validity.
        start_date: Option<Sensitive> = "startDate",
        /// Last day of validity.
        end_date: Option<Sensitive> = "endDate",
    }

    /// Pictures of both sides of an ID card. The links are valid for 15 minutes; the OSS objects remain.
    DocumentPictures {
        /// OSS bucket of the pictures.
        oss_bucket_name: Option<Sensitive> = "ossBucketName",
        /// OSS object of the side with the face.
        oss_id_face_object_name: Option<Sensitive> = "ossIdFaceObjectName",
        /// Link to the side with the face.
        oss_id_face_url: Option<Sensitive> = "ossIdFaceUrl",
        /// OSS object of the side with the emblem.
        oss_id_national_emblem_object_name: Option<Sensitive> = "ossIdNationalEmblemObjectName",
        /// Link to the side with the emblem.
        oss_id_national_emblem_url: Option<Sensitive> = "ossIdNationalEmblemUrl",
    }

    /// `UserInfo` of [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify): a name with a rare
    /// character, and the encoding of it that passed. The string in the reply is empty for other names.
    UserInfo {
        /// Name as the person entered it.
        name: Option<Sensitive> = "name",
        /// Name in the encoding that passed.
        verify_name: Option<Sensitive> = "verifyName",
        /// ID number as the person entered it.
        number: Option<Sensitive> = "number",
    }

    /// `PictureInfo` of [`DescribeCardVerify`](crate::ops::DescribeCardVerify): links to both sides.
    CardPictures {
        /// Link to the side with the face.
        cert_url: Option<Sensitive> = "certUrl",
        /// Link to the side with the emblem.
        cert_national_url: Option<Sensitive> = "certNationalUrl",
    }

    /// `FaceDetail` of [`Id3MetaVerifyPRO`](crate::ops::Id3MetaVerifyPRO): comparison of the faces.
    FaceDetail {
        /// Similarity of the faces, 0 to 1000; from 700 on it is the same person.
        verify_score: Option<f64> = "verifyScore",
        /// Whether the face is rated an attack, if that was checked.
        face_attack: Option<String> = "faceAttack",
        /// Source of the comparison: `1` the authority, `0` other sources.
        invoke_channel: Option<String> = "invokeChannel",
    }

    /// `VehicleInfo` of the operations on vehicles. Which fields are present depends on the operation.
    /// The vendor warns that any may be missing, and sends more than these.
    VehicleInfo {
        /// Brand.
        brand: Option<String> = "brand",
        /// Model.
        model_no: Option<String> = "modelNo",
        /// Vehicle identification number.
        vin: Option<Sensitive> = "vin",
        /// Number of the engine.
        engine_no: Option<Sensitive> = "engineNo",
        /// Model of the engine.
        engine_type: Option<String> = "engineType",
        /// Date of the first registration.
        registration_date: Option<String> = "registrationDate",
        /// State, as a code.
        state: Option<String> = "state",
        /// State, in Chinese.
        state_desc: Option<String> = "stateDesc",
        /// Kind of vehicle.
        kind: Option<String> = "type",
        /// Use, as a code.
        use_property: Option<String> = "useProperty",
        /// Use, in Chinese.
        use_property_desc: Option<String> = "usePropertyDesc",
        /// Height in millimetres, by the vendor's example.
        high: Option<f64> = "high",
        /// Width in millimetres, by the vendor's example.
        wide: Option<f64> = "wide",
        /// Length in millimetres, by the vendor's example.
        long: Option<f64> = "long",
    }
}

impl MaterialInfo {
    /// Returns the fallback that was used, from either location. Its letter case does not matter, since
    /// the vendor's pages differ.
    #[must_use]
    pub fn procedure_priority(&self) -> Option<ProcedurePriority> {
        let front = self.facial_picture_front.as_ref();
        let inner = || front.and_then(|front| front.procedure_priority_result.as_deref());
        let result = self.procedure_priority_result.as_deref().or_else(inner)?;
        Some(result.to_ascii_lowercase().into())
    }
}
