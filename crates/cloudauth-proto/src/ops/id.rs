//! Names, numbers and faces against the authority's records.

use alloc::string::String;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Checks whether a name and an ID number belong together.
    Id2MetaVerify(Once) -> Id2MetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name and an ID number belong together; the standard edition.
    Id2MetaStandardVerify(Once) -> Id2MetaStandardVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and the card's period of validity belong together.
    Id2MetaPeriodVerify(Once) -> Id2MetaPeriodVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
            form validity_end_date: Sensitive = "ValidityEndDate",
            form validity_start_date: Sensitive = "ValidityStartDate",
        }
    }

    /// Reads name and number from pictures of an ID card and checks whether they belong together.
    Id2MetaVerifyWithOCR(Once) -> Id2MetaVerifyWithOCRResponse {
        accepts {
            /// The side with the face. Set by an [`Upload`](crate::Upload).
            form cert_file: Sensitive = "CertFile",
            /// The side with the emblem. Set by an [`Upload`](crate::Upload).
            form cert_national_file: Sensitive = "CertNationalFile",
            /// Where the service fetches the side with the emblem.
            form cert_national_url: Sensitive = "CertNationalUrl",
            /// Where the service fetches the side with the face.
            form cert_url: Sensitive = "CertUrl",
        }
    }

    /// Checks whether a name, an ID number and a face belong together.
    Id3MetaVerify(Once) -> Id3MetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// `T` or `F`: whether to cut the face out.
            form crop: String = "Crop",
            /// Set by an [`Upload`](crate::Upload).
            form face_file: Sensitive = "FaceFile",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_picture: Sensitive = "FacePicture",
            /// Where the service fetches a picture.
            form face_url: Sensitive = "FaceUrl",
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// As [`Id3MetaVerify`], with a look at whether the face is alive.
    Id3MetaVerifyPRO(Once) -> Id3MetaVerifyPROResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// `T` or `F`: whether to cut the face out.
            form crop: String = "Crop",
            query enable_fallback: String = "EnableFallback",
            /// Set by an [`Upload`](crate::Upload).
            form face_file: Sensitive = "FaceFile",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form face_picture: Sensitive = "FacePicture",
            /// Where the service fetches a picture.
            form face_url: Sensitive = "FaceUrl",
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            form liveness_check: String = "LivenessCheck",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Reads name, number and face from pictures of an ID card and checks whether they belong
    /// together.
    Id3MetaVerifyWithOCR(Once) -> Id3MetaVerifyWithOCRResponse {
        accepts {
            /// The side with the face. Set by an [`Upload`](crate::Upload).
            form cert_file: Sensitive = "CertFile",
            /// The side with the emblem. Set by an [`Upload`](crate::Upload).
            form cert_national_file: Sensitive = "CertNationalFile",
            /// Where the service fetches the side with the emblem.
            form cert_national_url: Sensitive = "CertNationalUrl",
            /// Where the service fetches the side with the face.
            form cert_url: Sensitive = "CertUrl",
        }
    }
}

replies! {
    /// What [`Id2MetaVerify`] answers.
    Id2MetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
    }

    /// What [`Id2MetaStandardVerify`] answers.
    Id2MetaStandardVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
    }

    /// What [`Id2MetaPeriodVerify`] answers.
    Id2MetaPeriodVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
    }

    /// What [`Id2MetaVerifyWithOCR`] answers.
    Id2MetaVerifyWithOCRResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: what the card says.
        card_info: Option<Sensitive> = "CardInfo",
    }

    /// What [`Id3MetaVerify`] answers.
    Id3MetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: about the face.
        face_detail: Option<Sensitive> = "FaceDetail",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`Id3MetaVerifyPRO`] answers.
    Id3MetaVerifyPROResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: about the face.
        face_detail: Option<Sensitive> = "FaceDetail",
        hit_whitelist: Option<String> = "HitWhitelist",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`Id3MetaVerifyWithOCR`] answers.
    Id3MetaVerifyWithOCRResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: what the card says.
        card_info: Option<Sensitive> = "CardInfo",
        /// JSON text: about the face.
        face_detail: Option<Sensitive> = "FaceDetail",
    }
}
