//! Checks of names, ID numbers and faces against the authority's records.

use alloc::string::String;
use alloc::vec::Vec;

use super::rules;
use crate::decode::replies;
use crate::operation::{Base64, InvalidField, Row, operations};
use crate::secret::Sensitive;
use crate::verify::TrueFalse;

operations! {
    /// Checks whether a name and an ID number belong together.
    Id2MetaVerify(NotIdempotent) -> Id2MetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits. Only numbers of second-generation identity cards and of residence permits
            /// for people from Hong Kong, Macao and Taiwan.
            form identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name and an ID number belong together: the standard edition of
    /// [`Id2MetaVerify`].
    Id2MetaStandardVerify(NotIdempotent) -> Id2MetaStandardVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits.
            form identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and the card's period of validity belong together.
    Id2MetaPeriodVerify(NotIdempotent) -> Id2MetaPeriodVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits.
            form identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            form user_name: Sensitive = "UserName",
            /// Last day of the card's validity, as `YYYYMMDD`.
            form validity_end_date: Sensitive = "ValidityEndDate",
            /// First day of the card's validity, as `YYYYMMDD`.
            form validity_start_date: Sensitive = "ValidityStartDate",
        }
    }

    /// Reads name and number from pictures of an ID card and checks whether they belong together.
    ///
    /// One of `CertFile` and `CertUrl` is set; at most one of `CertNationalFile` and
    /// `CertNationalUrl`.
    Id2MetaVerifyWithOCR(NotIdempotent) -> Id2MetaVerifyWithOCRResponse {
        accepts {
            /// Picture of the side with the face. Set by an [`Upload`](crate::upload::Upload).
            form cert_file: Sensitive = "CertFile",
            /// Picture of the side with the emblem. Set by an [`Upload`](crate::upload::Upload).
            form cert_national_file: Sensitive = "CertNationalFile",
            /// URL of the picture of the side with the emblem; http or https, publicly reachable.
            form cert_national_url: Sensitive = "CertNationalUrl",
            /// URL of the picture of the side with the face; http or https, publicly reachable.
            form cert_url: Sensitive = "CertUrl",
        }
    }

    /// Checks whether a name, an ID number and a face belong together.
    ///
    /// One of `FaceFile`, `FacePicture` and `FaceUrl` is set.
    Id3MetaVerify(NotIdempotent) -> Id3MetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Cropping of the picture to the face: `T` or `F` (default). The vendor recommends `T`
            /// for pictures that no liveness SDK took.
            form crop: TrueFalse = "Crop",
            /// Picture of the face. Set by an [`Upload`](crate::upload::Upload).
            form face_file: Sensitive = "FaceFile",
            /// Picture of the face in base64; [`Picture`](crate::verify::Picture) makes it from
            /// bytes.
            form face_picture: Base64 = "FacePicture",
            /// URL of the picture of the face; http or https, publicly reachable.
            form face_url: Sensitive = "FaceUrl",
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits.
            form identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and a face belong together, and on request whether the
    /// face is live.
    ///
    /// One of `FaceFile`, `FacePicture` and `FaceUrl` is set.
    Id3MetaVerifyPRO(NotIdempotent) -> Id3MetaVerifyPROResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Cropping of the picture to the face: `T` or `F` (default). The vendor recommends `T`
            /// for pictures that no liveness SDK took.
            form crop: TrueFalse = "Crop",
            /// Fallback to sources other than the authority: `Y` or `N` (default).
            query enable_fallback: String = "EnableFallback",
            /// Picture of the face. Set by an [`Upload`](crate::upload::Upload).
            form face_file: Sensitive = "FaceFile",
            /// Picture of the face in base64; [`Picture`](crate::verify::Picture) makes it from
            /// bytes.
            form face_picture: Base64 = "FacePicture",
            /// URL of the picture of the face; http or https, publicly reachable.
            form face_url: Sensitive = "FaceUrl",
            /// ID number of a second-generation identity card. With `sm2`: its ciphertext.
            form identify_num: Sensitive = "IdentifyNum",
            /// Liveness check: `Y` or `N` (default). Its result has no influence on `BizCode`.
            form liveness_check: String = "LivenessCheck",
            /// Form of name and number: `normal` (as they are) or `sm2` (SM2 ciphertext).
            form param_type: String = "ParamType",
            /// Name. With `sm2`: its ciphertext.
            form user_name: Sensitive = "UserName",
        }
        check check_id3_pro;
    }

    /// Reads name, number and face from pictures of an ID card and checks whether they belong
    /// together.
    ///
    /// One of `CertFile` and `CertUrl` is set; at most one of `CertNationalFile` and
    /// `CertNationalUrl`.
    Id3MetaVerifyWithOCR(NotIdempotent) -> Id3MetaVerifyWithOCRResponse {
        accepts {
            /// Picture of the side with the face. Set by an [`Upload`](crate::upload::Upload).
            form cert_file: Sensitive = "CertFile",
            /// Picture of the side with the emblem. Set by an [`Upload`](crate::upload::Upload).
            form cert_national_file: Sensitive = "CertNationalFile",
            /// URL of the picture of the side with the emblem; http or https, publicly reachable.
            form cert_national_url: Sensitive = "CertNationalUrl",
            /// URL of the picture of the side with the face; http or https, publicly reachable.
            form cert_url: Sensitive = "CertUrl",
        }
    }
}

fn check_id3_pro(check: &dyn Row, problems: &mut Vec<InvalidField>) {
    let sm2 = ("ParamType", "sm2");
    let fields = ["IdentifyNum", "UserName"];
    rules::encryption(check, sm2, &["", "normal"], fields, problems);
}

replies! {
    /// Reply to [`Id2MetaVerify`].
    Id2MetaVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
    }

    /// Reply to [`Id2MetaStandardVerify`].
    Id2MetaStandardVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
    }

    /// Reply to [`Id2MetaPeriodVerify`].
    Id2MetaPeriodVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
    }

    /// Reply to [`Id2MetaVerifyWithOCR`].
    Id2MetaVerifyWithOCRResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Data read from the card: a string that holds JSON;
        /// [`OcrIdCard`](crate::verify::OcrIdCard) reads it.
        card_info: Option<Sensitive> = "CardInfo",
    }

    /// Reply to [`Id3MetaVerify`].
    Id3MetaVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Comparison of the faces: a string that holds JSON;
        /// [`FaceDetail`](crate::verify::FaceDetail) reads it.
        face_detail: Option<Sensitive> = "FaceDetail",
        /// Reason: `101` passed; `201` name and number do not match; `202` possibly the person;
        /// `203` the authority has no photo; `204` another person; `205` to `208` the picture is
        /// unusable (no features, format, too small, quality); `301` ID number unknown; `302`
        /// cannot be checked. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`Id3MetaVerifyPRO`].
    Id3MetaVerifyPROResponse {
        /// Result: `1` consistent (billed), `2` not consistent (billed), `3` no record (not
        /// billed).
        biz_code: Option<String> = "BizCode",
        /// Comparison of the faces: a string that holds JSON;
        /// [`FaceDetail`](crate::verify::FaceDetail) reads it.
        face_detail: Option<Sensitive> = "FaceDetail",
        /// Whether the person is on the white list: `Y` if so.
        hit_whitelist: Option<String> = "HitWhitelist",
        /// Reason: `101` passed; `201` name and number do not match; `202` possibly the person;
        /// `203` the authority has no photo; `204` another person; `205` to `208` the picture is
        /// unusable (no features, format, too small, quality); `301` ID number unknown; `302`
        /// cannot be checked. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`Id3MetaVerifyWithOCR`].
    Id3MetaVerifyWithOCRResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Data read from the card: a string that holds JSON;
        /// [`OcrIdCard`](crate::verify::OcrIdCard) reads it.
        card_info: Option<Sensitive> = "CardInfo",
        /// Comparison of the faces: a string that holds JSON;
        /// [`FaceDetail`](crate::verify::FaceDetail) reads it.
        face_detail: Option<Sensitive> = "FaceDetail",
    }
}
