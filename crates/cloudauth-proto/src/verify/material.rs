//! The JSON that replies carry inside of texts.
//!
//! Every field may be missing, as everywhere in replies; `Debug` shows no person.

use alloc::string::String;
use core::fmt;

use serde::de::DeserializeOwned;

use crate::reply::replies;
use crate::secret::Sensitive;
use crate::verify::{ProcedurePriority, TrueFalse};

/// Reads the JSON in a text; nothing if the text is empty or `null` (the vendor's examples have
/// both).
///
/// With [`serde_json::Value`] it reads what has no type of its own here.
pub fn parse_json<T: DeserializeOwned>(text: &Sensitive) -> Result<Option<T>, BadJson> {
    let text = text.expose().trim();
    if text.is_empty() || text == "null" {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|_| BadJson)
}

/// A text in a reply that is not the JSON that it should be. The text is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadJson;

impl fmt::Display for BadJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the text in the reply is not the JSON that it should be")
    }
}

impl core::error::Error for BadJson {}

replies! {
    /// `MaterialInfo` of [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify): scores, pictures,
    /// videos. Documented by the vendor unless a field says otherwise.
    MaterialInfo {
        /// Whether the face is taken for an attack.
        face_attack: Option<TrueFalse> = "faceAttack",
        /// Whether the face is covered.
        face_occlusion: Option<TrueFalse> = "faceOcclusion",
        /// The age that the face looks like; apps only, and not always there.
        face_age: Option<i64> = "faceAge",
        /// The sex that the face looks like; apps only, and not always there.
        face_gender: Option<String> = "faceGender",
        /// The risk of the device, 0 to 100; apps only.
        guard_risk_score: Option<f64> = "guardRiskScore",
        /// The picture of the face.
        facial_picture_front: Option<FacePicture> = "facialPictureFront",
        /// What was read of the ID card (`ID_PLUS`, `ID_OCR`).
        ocr_id_card_info: Option<OcrIdCard> = "ocrIdCardInfo",
        /// The same, as the person corrected it (`ID_OCR`).
        ocr_id_edit_info: Option<OcrIdCard> = "ocrIdEditInfo",
        /// The pictures of the ID card (`ID_PLUS`, `ID_OCR`).
        ocr_picture_front: Option<DocumentPictures> = "ocrPictureFront",
        /// As in [`FacePicture`]; the documents do not agree on where it stands.
        procedure_priority_result: Option<String> = "procedurePriorityResult" | "ProcedurePriorityResult",
    }

    /// The picture of a face, and what it is rated.
    FacePicture {
        /// How likely it is an attack.
        face_attack_score: Option<f64> = "faceAttackScore",
        /// How good the picture is.
        quality_score: Option<f64> = "qualityScore",
        /// How alike the faces are, 0 to 100. It may be missing, and the vendor says to rely on the
        /// verdict. [`SCORE_THRESHOLDS`](crate::verify::SCORE_THRESHOLDS) are documented.
        verify_score: Option<f64> = "verifyScore",
        /// The background; apps only.
        quality_background: Option<String> = "qualityBackground",
        /// How blurred it is; apps only.
        quality_blur: Option<String> = "qualityBlur",
        /// How it is lit; apps only.
        quality_illu: Option<String> = "qualityIllu",
        /// How covered it is; apps only.
        quality_occu: Option<String> = "qualityOccu",
        /// Whether there is a hat; apps only.
        quality_wear_hat: Option<TrueFalse> = "qualityWearHat",
        /// Not documented; seen in other people's code.
        gender: Option<String> = "gender",
        /// How alike face and card are (`ID_PLUS`).
        id_card_verify_score: Option<f64> = "idCardVerifyScore",
        /// The bucket where picture and video are kept, if the scene keeps them.
        oss_bucket_name: Option<String> = "ossBucketName",
        /// The picture in the bucket: this name stays, the link does not.
        oss_object_name: Option<Sensitive> = "ossObjectName",
        /// A link to the picture, for 15 minutes; http or https.
        picture_url: Option<Sensitive> = "pictureUrl",
        /// The video in the bucket. It may be missing although it was asked for.
        oss_verify_video_object_name: Option<Sensitive> = "ossVerifyVideoObjectName",
        /// A link to the video, for 15 minutes.
        verify_video_url: Option<Sensitive> = "verifyVideoUrl",
        /// Which way the check took, in the browser: see
        /// [`MaterialInfo::procedure_priority_result`].
        procedure_priority_result: Option<String> = "procedurePriorityResult" | "ProcedurePriorityResult",
    }

    /// An ID card as it was read: `ocrIdCardInfo`, and `CardInfo` of
    /// [`Id2MetaVerifyWithOCR`](crate::ops::Id2MetaVerifyWithOCR) and
    /// [`Id3MetaVerifyWithOCR`](crate::ops::Id3MetaVerifyWithOCR). Dates are eight digits.
    OcrIdCard {
        cert_name: Option<Sensitive> = "certName",
        sex: Option<Sensitive> = "sex",
        nationality: Option<Sensitive> = "nationality",
        /// The date of birth.
        birth: Option<Sensitive> = "birth" | "birthDate",
        address: Option<Sensitive> = "address",
        cert_no: Option<Sensitive> = "certNo",
        /// Who issued the card.
        authority: Option<Sensitive> = "authority",
        /// From when it is valid.
        start_date: Option<Sensitive> = "startDate",
        /// Until when it is valid.
        end_date: Option<Sensitive> = "endDate",
    }

    /// The pictures of both sides of an ID card. Links live 15 minutes, names longer.
    DocumentPictures {
        oss_bucket_name: Option<String> = "ossBucketName",
        /// The side with the face.
        oss_id_face_object_name: Option<Sensitive> = "ossIdFaceObjectName",
        /// A link to it.
        oss_id_face_url: Option<Sensitive> = "ossIdFaceUrl",
        /// The side with the emblem.
        oss_id_national_emblem_object_name: Option<Sensitive> = "ossIdNationalEmblemObjectName",
        /// A link to it.
        oss_id_national_emblem_url: Option<Sensitive> = "ossIdNationalEmblemUrl",
    }

    /// `UserInfo` of [`DescribeFaceVerify`](crate::ops::DescribeFaceVerify): a name with a rare
    /// character, and the encoding of it that passed. The reply's text is empty for other names.
    UserInfo {
        /// As the person wrote it.
        name: Option<Sensitive> = "name",
        /// The encoding that passed.
        verify_name: Option<Sensitive> = "verifyName",
        /// The ID number.
        number: Option<Sensitive> = "number",
    }

    /// `PictureInfo` of [`DescribeCardVerify`](crate::ops::DescribeCardVerify): links to both sides.
    CardPictures {
        /// The side with the face.
        cert_url: Option<Sensitive> = "certUrl",
        /// The side with the emblem.
        cert_national_url: Option<Sensitive> = "certNationalUrl",
    }

    /// `FaceDetail` of [`Id3MetaVerifyPRO`](crate::ops::Id3MetaVerifyPRO).
    FaceDetail {
        /// How alike the faces are, 0 to 1000; the same person from 700 on.
        verify_score: Option<f64> = "verifyScore",
        /// Whether the face is taken for an attack, if that was looked at.
        face_attack: Option<String> = "faceAttack",
        /// Who was asked: `1` the authority, `0` other sources.
        invoke_channel: Option<String> = "invokeChannel",
    }

    /// `VehicleInfo` of the operations on vehicles. Which of these are there depends on the
    /// operation; the vendor warns that any may be missing, and has more than these.
    VehicleInfo {
        brand: Option<String> = "brand",
        model_no: Option<String> = "modelNo",
        /// The vehicle's identification number.
        vin: Option<Sensitive> = "vin",
        engine_no: Option<Sensitive> = "engineNo",
        engine_type: Option<String> = "engineType",
        registration_date: Option<String> = "registrationDate",
        /// Whether it is in use, as a code.
        state: Option<String> = "state",
        /// The same, in Chinese.
        state_desc: Option<String> = "stateDesc",
        /// What kind of vehicle.
        kind: Option<String> = "type",
        /// What it is used for, as a code.
        use_property: Option<String> = "useProperty",
        /// The same, in Chinese.
        use_property_desc: Option<String> = "usePropertyDesc",
        /// In millimetres, by the vendor's example.
        high: Option<f64> = "high",
        /// In millimetres, by the vendor's example.
        wide: Option<f64> = "wide",
        /// In millimetres, by the vendor's example.
        long: Option<f64> = "long",
    }
}

impl MaterialInfo {
    /// Which way the check took: the documents write it in both cases and at both places.
    #[must_use]
    pub fn procedure_priority(&self) -> Option<ProcedurePriority> {
        let front = self.facial_picture_front.as_ref();
        let inner = || front.and_then(|front| front.procedure_priority_result.as_deref());
        let told = self.procedure_priority_result.as_deref().or_else(inner)?;
        Some(told.to_ascii_lowercase().into())
    }
}
