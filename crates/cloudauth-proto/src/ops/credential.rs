//! Checks of pictures of certificates, licences and products.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::rules;
use crate::decode::replies;
use crate::operation::{Base64, InvalidField, Json, Row, operations};
use crate::ops::MerchantDetail;
use crate::secret::Sensitive;

operations! {
    /// Checks whether the picture of a certificate is genuine, reads it and interprets it.
    ///
    /// One of `ImageContext` and `ImageUrl` is set.
    CredentialVerify(NotIdempotent) -> CredentialVerifyResponse {
        accepts {
            /// Number of the certificate.
            query cert_num: Sensitive = "CertNum",
            /// Certificate: `01` (any personal card), `0101` (identity card), `0102` (bank card),
            /// `0104` (teacher's certificate), `0107` (student card), `02` (any business premises),
            /// `0201` (storefront), `0202` (counter), `0203` (scene), `03` (any qualification) or
            /// `0301` (business licence).
            query cred_name: String = "CredName",
            /// Class of the certificate: `01` (personal card), `02` (business premises) or `03`
            /// (qualification of a company).
            query cred_type: String = "CredType",
            /// ID number.
            query identify_num: Sensitive = "IdentifyNum",
            /// Picture in base64; [`Picture`](crate::verify::Picture) makes it from bytes.
            form image_context: Base64 = "ImageContext",
            /// URL of the picture.
            query image_url: Sensitive = "ImageUrl",
            /// Check against the authority's records: `0` (off) or `1` (on).
            query is_check: String = "IsCheck",
            /// Reading of the picture: `0` (off) or `1` (on; with `CredType` `01` only).
            query is_ocr: String = "IsOCR",
            /// Words that replace placeholders of the prompt: `MerchantName`, `BusinessType` and
            /// `BusinessContent`. Required if `PromptModel` is `DEFAULT`.
            query merchant_detail: Json<Vec<MerchantDetail>> = "MerchantDetail",
            /// Merchant ID. Required if `CredName` is `02`.
            query merchant_id: String = "MerchantId",
            /// Kind of check: `ANTI_FAKE_CHECK` (forgery; default), `ANTI_FAKE_VL` (forgery and
            /// interpretation) or `IMAGE_VL_COG` (interpretation). The last two with `CredType`
            /// `02` only.
            query product_code: String = "ProductCode",
            /// Caller's own prompt for the interpretation. Required if `PromptModel` is `CUSTOM`.
            query prompt: String = "Prompt",
            /// Source of the prompt: `DEFAULT` (the service's) or `CUSTOM` (`Prompt`). Required if
            /// `ProductCode` is `ANTI_FAKE_VL` or `IMAGE_VL_COG`.
            query prompt_model: String = "PromptModel",
            /// Name.
            query user_name: Sensitive = "UserName",
        }
        check check_credential;
    }

    /// Checks whether the picture of a certificate is genuine. As [`CredentialVerify`], and the
    /// picture can be uploaded.
    ///
    /// One of `ImageContext`, `ImageFile` and `ImageUrl` is set.
    CredentialVerifyV2(NotIdempotent) -> CredentialVerifyV2Response {
        accepts {
            /// Number of the certificate.
            query cert_num: Sensitive = "CertNum",
            /// Certificate: `01` (any personal card), `0101` (identity card), `0102` (bank card),
            /// `0104` (teacher's certificate), `0107` (student card), `02` (any business premises),
            /// `0201` (storefront), `0202` (counter), `0203` (scene), `03` (any qualification) or
            /// `0301` (business licence).
            query cred_name: String = "CredName",
            /// Class of the certificate: `01` (personal card), `02` (business premises) or `03`
            /// (qualification of a company).
            query cred_type: String = "CredType",
            /// ID number.
            query identify_num: Sensitive = "IdentifyNum",
            /// Picture in base64; [`Picture`](crate::verify::Picture) makes it from bytes.
            form image_context: Base64 = "ImageContext",
            /// Picture. Set by an [`Upload`](crate::upload::Upload).
            form image_file: Sensitive = "ImageFile",
            /// URL of the picture.
            query image_url: Sensitive = "ImageUrl",
            /// Check against the authority's records: `0` (off) or `1` (on). Deprecated by the
            /// vendor.
            query is_check: String = "IsCheck",
            /// Reading of the picture. Deprecated by the vendor.
            query is_ocr: String = "IsOcr",
            /// Words that replace placeholders of the prompt. Without effect: the vendor has
            /// switched the interpretation off.
            query merchant_detail: Json<Vec<MerchantDetail>> = "MerchantDetail",
            /// Merchant ID. Required if `CredName` is `02`.
            query merchant_id: String = "MerchantId",
            /// Kind of check: `ANTI_FAKE_CHECK` (forgery; default).
            query product_code: String = "ProductCode",
            /// Caller's own prompt. Without effect: the vendor has switched the interpretation off.
            query prompt: String = "Prompt",
            /// Source of the prompt. Without effect: the vendor has switched the interpretation
            /// off.
            query prompt_model: String = "PromptModel",
            /// Name.
            query user_name: Sensitive = "UserName",
        }
        check check_merchant;
    }

    /// Checks the picture of a product for forgery, quality and copies.
    CredentialProductVerifyV2(NotIdempotent) -> CredentialProductVerifyV2Response {
        requires {
            /// Kind of check: `ANTI_FAKE_CHECK`, the only documented value.
            query product_code: String = "ProductCode",
            /// Class of the picture: `05` (product), the only documented value.
            query cred_type: String = "CredType",
            /// Kind of picture: `0501` (product), the only documented value.
            query cred_name: String = "CredName",
        }
        accepts {
            /// Picture. Set by an [`Upload`](crate::upload::Upload).
            form image_file: Sensitive = "ImageFile",
            /// URL of the picture.
            query image_url: Sensitive = "ImageUrl",
            /// Merchant ID.
            query merchant_id: String = "MerchantId",
        }
    }
}

fn check_credential(check: &dyn Row, problems: &mut Vec<InvalidField>) {
    check_merchant(check, problems);
    let interpreting = ("ProductCode", &["ANTI_FAKE_VL", "IMAGE_VL_COG"][..]);
    rules::require_if(check, interpreting, &["PromptModel"], problems);
    let own = ("PromptModel", &["CUSTOM"][..]);
    rules::require_if(check, own, &["Prompt"], problems);
    let service_s = ("PromptModel", &["DEFAULT"][..]);
    rules::require_if(check, service_s, &["MerchantDetail"], problems);
}

fn check_merchant(check: &dyn Row, problems: &mut Vec<InvalidField>) {
    let premises = ("CredName", &["02"][..]);
    rules::require_if(check, premises, &["MerchantId"], problems);
}

replies! {
    /// Reply to [`CredentialVerify`].
    CredentialVerifyResponse {
        /// More data: a string that holds JSON.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Data read from the picture: a string that holds JSON.
        ocr_info: Option<Sensitive> = "OcrInfo",
        /// Result: `0` low risk, `1` high risk, `2` suspicious.
        result: Option<String> = "Result",
        /// Scores by risk label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Risk labels, separated by commas: `PS` (edited), `SCREEN_PHOTO` (photo of a screen),
        /// `SCREENSHOT`, `WATERMARK`, `COLOR_PRINT`, `WEB_IMAGE`, `SAME_FACE`, `SAME_BACKGROUND`.
        risk_tag: Option<String> = "RiskTag",
        /// Details of the check against the authority's records.
        verify_detail: Option<Sensitive> = "VerifyDetail",
        /// Result of the check against the authority's records.
        verify_result: Option<String> = "VerifyResult",
        /// Interpretation of the picture by a language model.
        vl_result: Option<VlResult> = "VlResult",
    }

    /// Interpretation of a picture by a language model.
    VlResult {
        /// Whether the picture was interpreted.
        success: Option<bool> = "Success",
        /// Text of the model.
        vl_content: Option<Sensitive> = "VlContent",
    }

    /// Reply to [`CredentialVerifyV2`].
    CredentialVerifyV2Response {
        /// More data: a string that holds JSON.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Data read from the picture: a string that holds JSON. Deprecated by the vendor.
        ocr_info: Option<Sensitive> = "OcrInfo",
        /// Result: `0` low risk, `1` high risk, `2` suspicious.
        result: Option<String> = "Result",
        /// Scores by risk label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Risk labels, separated by commas: `PS` (edited), `SCREEN_PHOTO` (photo of a screen),
        /// `SCREENSHOT`, `WATERMARK`, `SAME_BACKGROUND`, `ORIGINAL_PHOTO` (not the original file).
        risk_tag: Option<String> = "RiskTag",
        /// Details of the check against the authority's records. Deprecated by the vendor.
        verify_detail: Option<Sensitive> = "VerifyDetail",
        /// Result of the check against the authority's records. Deprecated by the vendor.
        verify_result: Option<String> = "VerifyResult",
        /// Interpretation of the picture. The vendor has switched it off.
        vl_result: Option<VlResult> = "VlResult",
    }

    /// Reply to [`CredentialProductVerifyV2`].
    CredentialProductVerifyV2Response {
        /// More data: a string that holds JSON.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Result: `0` low risk, `1` high risk, `2` suspicious.
        result: Option<String> = "Result",
        /// Scores by risk label.
        risk_score: Option<BTreeMap<String, String>> = "RiskScore",
        /// Risk labels, separated by commas: `PS` (edited), `LOW_QUALITY_PRODUCT` (blurred),
        /// `SAME_BACKGROUND` (similar picture).
        risk_tag: Option<String> = "RiskTag",
    }
}
