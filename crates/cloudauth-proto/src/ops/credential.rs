//! Pictures of certificates and licences: are they genuine, what do they say.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::{Json, operations};
use crate::ops::MerchantDetail;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Looks whether the picture of a certificate is genuine, reads it and compares what it says.
    CredentialVerify(Once) -> CredentialVerifyResponse {
        accepts {
            /// The number on the certificate.
            query cert_num: Sensitive = "CertNum",
            query cred_name: String = "CredName",
            query cred_type: String = "CredType",
            /// The ID number.
            query identify_num: Sensitive = "IdentifyNum",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form image_context: Sensitive = "ImageContext",
            /// Where the service fetches a picture.
            query image_url: Sensitive = "ImageUrl",
            query is_check: String = "IsCheck",
            query is_ocr: String = "IsOCR",
            /// Needed for some values of other fields (the vendor's metadata).
            query merchant_detail: Json<Vec<MerchantDetail>> = "MerchantDetail",
            /// Needed for some values of other fields (the vendor's metadata).
            query merchant_id: String = "MerchantId",
            /// The plan.
            query product_code: String = "ProductCode",
            /// Needed for some values of other fields (the vendor's metadata).
            query prompt: String = "Prompt",
            /// Needed for some values of other fields (the vendor's metadata).
            query prompt_model: String = "PromptModel",
            /// The person's name.
            query user_name: Sensitive = "UserName",
        }
    }

    /// As [`CredentialVerify`], with an upload for the picture.
    CredentialVerifyV2(Once) -> CredentialVerifyV2Response {
        accepts {
            /// The number on the certificate.
            query cert_num: Sensitive = "CertNum",
            query cred_name: String = "CredName",
            query cred_type: String = "CredType",
            /// The ID number.
            query identify_num: Sensitive = "IdentifyNum",
            /// A picture in base64: [`Picture`](crate::verify::Picture) makes it from bytes.
            form image_context: Sensitive = "ImageContext",
            /// Set by an [`Upload`](crate::Upload).
            form image_file: Sensitive = "ImageFile",
            /// Where the service fetches a picture.
            query image_url: Sensitive = "ImageUrl",
            /// Deprecated by the vendor.
            query is_check: String = "IsCheck",
            /// Deprecated by the vendor.
            query is_ocr: String = "IsOcr",
            query merchant_detail: Json<Vec<MerchantDetail>> = "MerchantDetail",
            /// Needed for some values of other fields (the vendor's metadata).
            query merchant_id: String = "MerchantId",
            /// The plan.
            query product_code: String = "ProductCode",
            query prompt: String = "Prompt",
            query prompt_model: String = "PromptModel",
            /// The person's name.
            query user_name: Sensitive = "UserName",
        }
    }

    /// Looks for forgery on the picture of a product's certificate.
    CredentialProductVerifyV2(Once) -> CredentialProductVerifyV2Response {
        requires {
            /// The plan.
            query product_code: String = "ProductCode",
            /// `05`, the only documented value.
            query cred_type: String = "CredType",
            /// `0501`, the only documented value.
            query cred_name: String = "CredName",
        }
        accepts {
            /// Set by an [`Upload`](crate::Upload).
            form image_file: Sensitive = "ImageFile",
            /// Where the service fetches a picture.
            query image_url: Sensitive = "ImageUrl",
            query merchant_id: String = "MerchantId",
        }
    }
}

replies! {
    /// What [`CredentialVerify`] answers.
    CredentialVerifyResponse {
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// JSON text: what was read.
        ocr_info: Option<Sensitive> = "OcrInfo",
        result: Option<String> = "Result",
        /// Scores by label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Labels of risks, with commas between.
        risk_tag: Option<String> = "RiskTag",
        verify_detail: Option<Sensitive> = "VerifyDetail",
        verify_result: Option<String> = "VerifyResult",
        vl_result: Option<VlResult> = "VlResult",
    }

    /// What the model answered.
    VlResult {
        success: Option<bool> = "Success",
        /// JSON text: what the model answered.
        vl_content: Option<Sensitive> = "VlContent",
    }

    /// What [`CredentialVerifyV2`] answers.
    CredentialVerifyV2Response {
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// JSON text: what was read. Deprecated by the vendor.
        ocr_info: Option<Sensitive> = "OcrInfo",
        result: Option<String> = "Result",
        /// Scores by label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Labels of risks, with commas between.
        risk_tag: Option<String> = "RiskTag",
        /// Deprecated by the vendor.
        verify_detail: Option<Sensitive> = "VerifyDetail",
        /// Deprecated by the vendor.
        verify_result: Option<String> = "VerifyResult",
        vl_result: Option<VlResult> = "VlResult",
    }

    /// What [`CredentialProductVerifyV2`] answers.
    CredentialProductVerifyV2Response {
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        result: Option<String> = "Result",
        /// Scores by label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Labels of risks, with commas between.
        risk_tag: Option<String> = "RiskTag",
    }
}
