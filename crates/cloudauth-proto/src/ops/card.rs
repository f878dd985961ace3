//! Documents read by a phone's camera: open a reading, ask for what was read.

use alloc::string::String;

use crate::endpoint::Endpoint;
use crate::operation::operations;
use crate::ops::CertifyId;
use crate::ops::face::UNKNOWN_CODES;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Opens the reading of a document: answers with the `CertifyId` to follow it by.
    InitAuthVerify(Open) -> InitAuthVerifyResponse {
        with { payload: Some("Result") }
        requires {
            /// The scene.
            form scene_id: i64 = "SceneId",
            /// The caller's own number, at most 32 characters.
            form outer_order_no: String = "OuterOrderNo" max 32,
            /// The plan.
            form product_code: String = "ProductCode",
            /// JSON text from the vendor's script or SDK on the person's device; never a fixed one.
            form meta_info: Sensitive = "MetaInfo",
        }
        accepts {
            /// Comes back with the callback, to be compared: make it hard to guess.
            form callback_token: Sensitive = "CallbackToken",
            /// Where the service calls back.
            form callback_url: String = "CallbackUrl",
            form card_page_number: String = "CardPageNumber" [needed],
            form card_type: String = "CardType" [needed],
            form doc_scan_mode: String = "DocScanMode",
            form id_spoof: String = "IdSpoof",
        }
        also {
            fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().of(endpoint.clone());
            }
        }
    }

    /// Asks what was read of a document, and whether it is genuine.
    DescribeAuthVerify(Query) -> DescribeAuthVerifyResponse {
        with { payload: Some("Result"), unknown_codes: UNKNOWN_CODES }
        requires {
            /// The scene.
            form scene_id: i64 = "SceneId",
            form certify_id: CertifyId = "CertifyId",
        }
        also {
            fn home(&self) -> Option<&Endpoint> {
                self.certify_id.home()
            }
        }
    }

    /// Opens the reading of an ID card whose data are then checked: answers with the `CertifyId` to
    /// follow it by.
    InitCardVerify(Open) -> InitCardVerifyResponse {
        requires {
            /// The caller's own number, at most 32 characters.
            query merchant_biz_id: String = "MerchantBizId" max 32,
            query card_type: String = "CardType",
            query card_page_number: String = "CardPageNumber",
            /// JSON text from the vendor's script or SDK on the person's device; never a fixed one.
            query meta_info: Sensitive = "MetaInfo",
        }
        accepts {
            /// Comes back with the callback, to be compared: make it hard to guess.
            query callback_token: Sensitive = "CallbackToken",
            /// Where the service calls back.
            query callback_url: String = "CallbackUrl",
            query doc_scan_mode: String = "DocScanMode",
            query model: String = "Model" [needed],
            query picture_save: String = "PictureSave" [needed],
            query verify_meta: String = "VerifyMeta" [needed],
        }
        also {
            fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
                response.certify_id = response.certify_id.clone().of(endpoint.clone());
            }
        }
    }

    /// Asks what was read of an ID card, and what the check of it gave.
    DescribeCardVerify(Query) -> DescribeCardVerifyResponse {
        with { unknown_codes: UNKNOWN_CODES }
        requires {
            query certify_id: CertifyId = "CertifyId",
        }
        also {
            fn home(&self) -> Option<&Endpoint> {
                self.certify_id.home()
            }
        }
    }
}

replies! {
    /// What [`InitAuthVerify`] answers.
    InitAuthVerifyResponse {
        /// The name of the verification.
        certify_id: CertifyId = "CertifyId",
    }

    /// What [`DescribeAuthVerify`] answers.
    DescribeAuthVerifyResponse {
        /// JSON text: scores and pictures.
        material_info: Option<Sensitive> = "MaterialInfo",
        spoof_back_info: Option<Sensitive> = "SpoofBackInfo",
        spoof_info: Option<Sensitive> = "SpoofInfo",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`InitCardVerify`] answers.
    InitCardVerifyResponse {
        /// The name of the verification.
        certify_id: CertifyId = "CertifyId",
    }

    /// What [`DescribeCardVerify`] answers.
    DescribeCardVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: what the card says.
        card_info: Option<Sensitive> = "CardInfo",
        /// JSON text: about the face.
        face_detail: Option<Sensitive> = "FaceDetail",
        /// JSON text: what was read of the card.
        ocr_card_info: Option<Sensitive> = "OcrCardInfo",
        /// JSON text: where the pictures are.
        picture_info: Option<Sensitive> = "PictureInfo",
    }
}
