//! Documents read by a phone's camera: opening a reading and querying its result.

use alloc::string::String;
use alloc::vec::Vec;

use super::rules;
use crate::certify_id::CertifyId;
use crate::decode::replies;
use crate::endpoint::Endpoint;
use crate::operation::{InvalidField, Row, operations};
use crate::ops::face::UNKNOWN_CODES;
use crate::secret::Sensitive;
use crate::verify::YesNo;

operations! {
    /// Opens the reading of a document by the camera of the person's device.
    ///
    /// The reply holds the `CertifyId`; [`DescribeAuthVerify`] queries the result.
    InitAuthVerify(OpensVerification) -> InitAuthVerifyResponse {
        with { payload: Some("Result"), result_field: Some("CertifyId") }
        requires {
            /// Scene ID, from the console.
            form scene_id: i64 = "SceneId",
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// Plan: `ID_OCR`.
            form product_code: String = "ProductCode",
            /// Description of the device: JSON from the vendor's SDK on the person's device; never
            /// a constant.
            form meta_info: Sensitive = "MetaInfo",
        }
        accepts {
            /// Token that comes back with the callback. Must be hard to guess;
            /// [`CallbackKey`](crate::verify::CallbackKey) makes one.
            form callback_token: Sensitive = "CallbackToken",
            /// URL that the service calls with GET when the reading is done, with `certifyId` and
            /// `subcode`; must begin with `https://`. The service probes it first and refuses with
            /// 400 if it cannot be reached (documented).
            form callback_url: String = "CallbackUrl",
            /// Sides of the card to read: `1` (front) or `2` (front and back).
            form card_page_number: String = "CardPageNumber" [needed],
            /// Kind of document: `IDENTITY_CARD`.
            form card_type: String = "CardType" [needed],
            /// Way of capturing: `shoot` (photo; default), `scan` or `auto` (switches between
            /// both).
            form doc_scan_mode: String = "DocScanMode",
            /// Check for forged documents: `Y` or `N` (default).
            form id_spoof: YesNo = "IdSpoof",
        }
        check check_auth;
        also {
            fn set_origin(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().with_origin(endpoint.clone());
            }
        }
    }

    /// Queries the data read from a document, and whether the document is genuine.
    DescribeAuthVerify(ReadOnly) -> DescribeAuthVerifyResponse {
        with { payload: Some("Result"), unknown_codes: UNKNOWN_CODES }
        requires {
            /// Scene ID, from the console.
            form scene_id: i64 = "SceneId",
            /// ID of the reading, from the reply to [`InitAuthVerify`]. Its origin, if known, is
            /// queried first.
            form certify_id: CertifyId = "CertifyId",
        }
        also {
            fn origin(&self) -> Option<&Endpoint> {
                self.certify_id.origin()
            }
        }
    }

    /// Opens the reading of an ID card whose data are then checked against the authority's records.
    ///
    /// The reply holds the `CertifyId`, valid for 30 minutes and one submission (documented);
    /// [`DescribeCardVerify`] queries the result.
    InitCardVerify(OpensVerification) -> InitCardVerifyResponse {
        with { result_field: Some("CertifyId") }
        requires {
            /// Caller's own number of this request: up to 32 letters and digits, unique.
            query merchant_biz_id: String = "MerchantBizId" max 32,
            /// Kind of document: `IDENTITY_CARD`.
            query card_type: String = "CardType",
            /// Sides of the card to read: `1` (front) or `2` (front and back; required if
            /// `VerifyMeta` is `ID_PERIOD`).
            query card_page_number: String = "CardPageNumber",
            /// Description of the device: JSON from the vendor's SDK on the person's device; never
            /// a constant.
            query meta_info: Sensitive = "MetaInfo",
        }
        accepts {
            /// Token that comes back with the callback. Must be hard to guess;
            /// [`CallbackKey`](crate::verify::CallbackKey) makes one.
            query callback_token: Sensitive = "CallbackToken",
            /// URL that the service calls with GET when the person has finished, with `certifyId`
            /// and `passed`; must begin with `https://`.
            query callback_url: String = "CallbackUrl",
            /// Way of capturing: `shoot` (photo), `scan` or `auto` (switches between both).
            query doc_scan_mode: String = "DocScanMode",
            /// Kind of check: `OCR_VERIFY`.
            query model: String = "Model" [needed],
            /// Whether the pictures are kept for the reply: `Y` or `N`.
            query picture_save: YesNo = "PictureSave" [needed],
            /// Data to check: `ID_2_META` (name and ID number) or `ID_PERIOD` (period of validity).
            query verify_meta: String = "VerifyMeta" [needed],
        }
        check check_card;
        also {
            fn set_origin(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().with_origin(endpoint.clone());
            }
        }
    }

    /// Queries the data read from an ID card, and the result of their check.
    DescribeCardVerify(ReadOnly) -> DescribeCardVerifyResponse {
        with { unknown_codes: UNKNOWN_CODES }
        requires {
            /// ID of the reading, from the reply to [`InitCardVerify`]. Its origin, if known, is
            /// queried first.
            query certify_id: CertifyId = "CertifyId",
        }
        also {
            fn origin(&self) -> Option<&Endpoint> {
                self.certify_id.origin()
            }
        }
    }
}

fn check_auth(init: &dyn Row, problems: &mut Vec<InvalidField>) {
    rules::callback_url(init, problems);
    rules::meta_info(init, problems);
}

fn check_card(init: &dyn Row, problems: &mut Vec<InvalidField>) {
    rules::callback_url(init, problems);
    rules::meta_info(init, problems);
}

replies! {
    /// Reply to [`InitAuthVerify`].
    InitAuthVerifyResponse {
        /// ID of the reading, with its origin.
        certify_id: CertifyId = "CertifyId",
    }

    /// Reply to [`DescribeAuthVerify`].
    DescribeAuthVerifyResponse {
        /// Data read from the document, data as corrected by the person, and pictures: a string
        /// that holds JSON; [`MaterialInfo`](crate::verify::MaterialInfo) reads it.
        material_info: Option<Sensitive> = "MaterialInfo",
        /// Check of the back: a string that holds JSON, with `spoofRiskResult` (`Y`: risk, `N`: no
        /// risk) and `spoofType` (`SCREEN_REMARK`: photo of a screen or photo, `PHOTO_COPY`: copy,
        /// `TAMPER`: edited). May be missing; without `IdSpoof` `Y` the result is no risk.
        spoof_back_info: Option<Sensitive> = "SpoofBackInfo",
        /// Check of the front: a string that holds JSON, with `spoofRiskResult` (`Y`: risk, `N`: no
        /// risk) and `spoofType` (`SCREEN_REMARK`: photo of a screen or photo, `PHOTO_COPY`: copy,
        /// `TAMPER`: edited). May be missing; without `IdSpoof` `Y` the result is no risk.
        spoof_info: Option<Sensitive> = "SpoofInfo",
        /// Reason. Its values are not documented.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`InitCardVerify`].
    InitCardVerifyResponse {
        /// ID of the reading, with its origin; the vendor bills by it.
        certify_id: CertifyId = "CertifyId",
    }

    /// Reply to [`DescribeCardVerify`].
    DescribeCardVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Data of the card that were checked: a string that holds JSON.
        card_info: Option<Sensitive> = "CardInfo",
        /// Comparison of the pictures: a string that holds JSON.
        face_detail: Option<Sensitive> = "FaceDetail",
        /// Data read from the card: a string that holds JSON;
        /// [`OcrIdCard`](crate::verify::OcrIdCard) reads it.
        ocr_card_info: Option<Sensitive> = "OcrCardInfo",
        /// Links to the pictures: a string that holds JSON;
        /// [`CardPictures`](crate::verify::CardPictures) reads it.
        picture_info: Option<Sensitive> = "PictureInfo",
    }
}
