//! Records of single verifications and checks, and exported files.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::http::Method;
use crate::operation::operations;
use crate::secret::Sensitive;
use crate::verify::{Passed, TrueFalse};

operations! {
    /// Finds verifications, a page at a time: by `OuterOrderNo`, by person, by verdict.
    DescribeVerifySearchPageList(ReadOnly) -> DescribeVerifySearchPageListResponse {
        with { payload: None }
        accepts {
            /// Number of the document.
            query cert_no: Sensitive = "CertNo",
            /// ID of the verification.
            query certify_id: String = "CertifyId",
            /// Page number, from 1.
            query current_page: String = "CurrentPage" [needed],
            /// End of the time range, as `YYYY-MM-DD HH:mm:ss`.
            query end_date: String = "EndDate",
            /// `true` for verifications with `Root`, `Simulator` or `VirtualVideo`.
            query has_device_risk: bool = "HasDeviceRisk",
            /// Liveness check.
            query model: String = "Model",
            /// Caller's own number of the verification, at most 32 characters.
            query outer_order_no: String = "OuterOrderNo",
            /// Entries per page.
            query page_size: String = "PageSize" [needed],
            /// Verdict: `T` (passed) or `F` (not passed).
            query passed: Passed = "Passed",
            /// Product code.
            query product_code: String = "ProductCode",
            /// Risk of the business scenario: 0 (no risk) or 1 (risk).
            query risk_biz_scenario: i32 = "RiskBizScenario",
            /// Risk of the device: 0 (no risk) or 1 (risk).
            query risk_device: i32 = "RiskDevice",
            /// Risk of the device token: 0 (no risk) or 1 (risk).
            query risk_device_token: i32 = "RiskDeviceToken",
            /// General risk: 0 (no risk) or 1 (risk).
            query risk_generic: i32 = "RiskGeneric",
            /// Risk found by a model: 0 (no risk) or 1 (risk).
            query risk_model_mining: i32 = "RiskModelMining",
            /// 1 for verifications on rooted devices; unset for all.
            query root: i32 = "Root",
            /// Scene ID, from the console.
            query scene_id: String = "SceneId",
            /// 1 for verifications on emulators; unset for all.
            query simulator: i32 = "Simulator",
            /// Start of the time range, as `YYYY-MM-DD HH:mm:ss`.
            query start_date: String = "StartDate",
            /// Reason of the verdict.
            query sub_code: String = "SubCode",
            /// Reasons of the verdict, separated by commas.
            query sub_codes: String = "SubCodes",
            /// 1 for verifications with a virtual camera; unset for all.
            query virtual_video: i32 = "VirtualVideo",
        }
    }

    /// Lists verifications, a page at a time: an older form of [`DescribeVerifySearchPageList`].
    DescribeListFaceVerifyInfos(ReadOnly) -> DescribeListFaceVerifyInfosResponse {
        with { payload: None }
        accepts {
            /// ID of the verification.
            query certify_id: String = "CertifyId",
            /// End of the time range, Unix time in milliseconds (by the vendor's example).
            query gmt_end: i64 = "GmtEnd",
            /// Start of the time range, Unix time in milliseconds (by the vendor's example).
            query gmt_start: i64 = "GmtStart",
            /// Page number, from 1.
            query page_number: i32 = "PageNumber",
            /// Entries per page, at most 100; 10 by default.
            query page_size: i32 = "PageSize",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// Verdict: 1 (passed) or 2 (not passed).
            query status: i32 = "Status",
        }
    }

    /// Finds checks of names, numbers, cards and vehicles, a page at a time.
    DescribeMetaSearchPageList(ReadOnly) -> DescribeMetaSearchPageListResponse {
        with { payload: None }
        requires {
            /// Kind of check: `ID_CARD_2_META` (name and ID number), `ID_PERIOD` (period of
            /// validity of an ID card), `MOBILE_ONLINE_LENGTH`, `MOBILE_ONLINE_STATUS`,
            /// `MOBILE_3_META_SIMPLE`, `MOBILE_3_META` (detailed), `MOBILE_2_META`,
            /// `BANK_CARD_N_META`, `MOBILE_DETECT`, `VEHICLE_N_META`, `VEHICLE_PENTA_INFO`,
            /// `VEHICLE_LICENSE_INFO`, `VEHICLE_INSURE_DATE` or `VEHICLE_CHECK`.
            query api: String = "Api",
        }
        accepts {
            /// Number of the bank card.
            query bank_card: Sensitive = "BankCard",
            /// Result: `1` (consistent), `2` (not consistent) or `3` (no record).
            query biz_code: String = "BizCode",
            /// Page number, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// ID number.
            query identify_num: Sensitive = "IdentifyNum",
            /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
            query isp_name: String = "IspName",
            /// Phone number.
            query mobile: Sensitive = "Mobile",
            /// Entries per page.
            query page_size: i32 = "PageSize" [needed],
            /// Request ID of the check.
            query req_id: String = "ReqId",
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
            /// Reason of the result.
            query sub_code: String = "SubCode",
            /// Name.
            query user_name: Sensitive = "UserName",
            /// Number plate.
            query vehicle_num: Sensitive = "VehicleNum",
        }
    }

    /// Exports statistics to a file.
    DownloadVerifyRecords(NotIdempotent) -> DownloadVerifyRecordsResponse {
        with { payload: None }
        accepts {
            /// Conditions: a JSON object with `DownloadMode`, `InvokeType` (the product),
            /// `SceneIdList`, `StatisticsType` (`day` or `month`), `StartDate` and `EndDate` (as
            /// `2025-09-17 00:00:00 +0800`), `ProductProgramList`, and for checks of data `Code`
            /// and `ProductCode` (both as [`DescribeMetaSearchPageList::api`] lists them).
            query biz_param: Sensitive = "BizParam",
            /// Product: `FINANCE_VERIFY` (financial-grade verification), `SMART_VERIFY` or
            /// `FACE_VERIFY` (both no longer sold), or `INFO_CHECK_STATISTICS` (checks of names,
            /// numbers, cards and vehicles).
            query product_type: String = "ProductType",
        }
    }

    /// Queries whether an exported file is ready, and its URL.
    QueryVerifyDownloadTask(ReadOnly) -> QueryVerifyDownloadTaskResponse {
        with { method: Method::Get, payload: None }
        accepts {
            /// ID of the export task.
            query download_task_id: String = "DownloadTaskId",
        }
    }

    /// Lists the files that were exported.
    DescribeInfoCheckExportRecord(ReadOnly) -> DescribeInfoCheckExportRecordResponse {
        with { payload: None }
        accepts {
            /// Page number, from 1.
            query current_page: i32 = "CurrentPage",
            /// End of the time range, as `YYYY-MM-DD HH:mm:ss`.
            query end_date: String = "EndDate",
            /// Entries per page.
            query page_size: i32 = "PageSize",
            /// Kind of check, as in [`DescribeMetaSearchPageList`].
            query product_type: String = "ProductType",
            /// Start of the time range, as `YYYY-MM-DD HH:mm:ss`.
            query start_date: String = "StartDate",
        }
    }
}

replies! {
    /// Reply to [`DescribeVerifySearchPageList`].
    DescribeVerifySearchPageListResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<VerifyRecord> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Record of a verification.
    VerifyRecord {
        /// Number of the document, masked.
        cert_no: Option<Sensitive> = "CertNo",
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// More data.
        ext_info: Option<VerifyRecordDetails> = "ExtInfo",
        /// Time of the verification.
        gmt_verify: Option<String> = "GmtVerify",
        /// Liveness check.
        model: Option<String> = "Model",
        /// Caller's own number of the verification.
        outer_order_no: Option<String> = "OuterOrderNo",
        /// Verdict: `T` (passed) or `F` (not passed).
        passed: Option<Passed> = "Passed",
        /// Product code.
        product_code: Option<String> = "ProductCode",
        /// Risk of the business scenario: 0 (no risk) or 1 (risk).
        risk_biz_scenario: Option<i64> = "RiskBizScenario",
        /// Risk of the device: 0 (no risk) or 1 (risk).
        risk_device: Option<i64> = "RiskDevice",
        /// Risk of the device token: 0 (no risk) or 1 (risk).
        risk_device_token: Option<i64> = "RiskDeviceToken",
        /// General risk: 0 (no risk) or 1 (risk).
        risk_generic: Option<i64> = "RiskGeneric",
        /// Risk found by a model: 0 (no risk) or 1 (risk).
        risk_model_mining: Option<i64> = "RiskModelMining",
        /// 1 if the device is rooted.
        root: Option<i64> = "Root",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// 1 if the device is an emulator.
        simulator: Option<i64> = "Simulator",
        /// Reason; [`codes::sub_code`](crate::codes::sub_code) explains it.
        sub_code: Option<String> = "SubCode",
        /// Caller's own ID of the person.
        user_id: Option<Sensitive> = "UserId",
        /// 1 if a virtual camera was used.
        virtual_video: Option<i64> = "VirtualVideo",
    }

    /// More data of a verification.
    VerifyRecordDetails {
        /// Name on the document, masked.
        cert_name: Option<Sensitive> = "CertName",
        /// Risk labels of the device, separated by commas;
        /// [`codes::device_risk`](crate::codes::device_risk) explains them.
        device_risk: Option<String> = "DeviceRisk",
        /// Whether the face is rated an attack: `T` or `F`.
        face_attack: Option<TrueFalse> = "FaceAttack",
        /// Probability of an attack, 0 to 1.
        face_attack_score: Option<f64> = "FaceAttackScore",
        /// Whether the face is covered: `T` or `F`.
        face_occlusion: Option<String> = "FaceOcclusion",
        /// Similarity of the face and the photo on the ID card.
        id_card_verify_score: Option<f64> = "IdCardVerifyScore",
        /// OSS bucket of the files.
        oss_bucket_name: Option<Sensitive> = "OssBucketName",
        /// OSS object of the side of the ID card with the face.
        oss_id_face_object_name: Option<Sensitive> = "OssIdFaceObjectName",
        /// OSS object of the side of the ID card with the emblem.
        oss_id_national_emblem_object_name: Option<Sensitive> = "OssIdNationalEmblemObjectName",
        /// OSS object of the picture of the face.
        oss_object_name: Option<Sensitive> = "OssObjectName",
        /// Quality of the picture.
        quality_score: Option<f64> = "QualityScore",
        /// Similarity of the faces.
        verify_score: Option<f64> = "VerifyScore",
        /// Strings recognized in the recordings.
        asr_texts: Vec<Sensitive> = "asrTexts",
        /// OSS objects of the screen recordings.
        screen_video_object_names: Vec<Sensitive> = "screenVideoObjectNames",
        /// OSS objects of the sound recordings.
        voice_object_names: Vec<Sensitive> = "voiceObjectNames",
    }

    /// Reply to [`DescribeListFaceVerifyInfos`].
    DescribeListFaceVerifyInfosResponse {
        /// Entries of this page.
        face_verify_infos: Vec<FaceVerifyInfo> = "FaceVerifyInfos",
        /// Entries per page.
        items_per_page: Option<i64> = "ItemsPerPage",
        /// Page number, from 1.
        page_number: Option<i64> = "PageNumber",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_pages: Option<i64> = "TotalPages",
    }

    /// Record of a verification.
    FaceVerifyInfo {
        /// Business code; its values are not documented.
        biz_code: Option<String> = "BizCode",
        /// Name on the document.
        cert_name: Option<Sensitive> = "CertName",
        /// Number of the document.
        cert_no: Option<Sensitive> = "CertNo",
        /// ID of the verification.
        certify_id: Option<String> = "CertifyId",
        /// Time of creation: Unix time in milliseconds, or as `2022-10-02T11:16:06Z`; the vendor's
        /// text and example differ.
        create_time: Option<String> = "CreateTime",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// Verdict: 1 (passed) or 2 (not passed).
        status: Option<i64> = "Status",
    }

    /// Reply to [`DescribeMetaSearchPageList`].
    DescribeMetaSearchPageListResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<MetaRecord> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Record of a check.
    MetaRecord {
        /// Kind of check, as in [`DescribeMetaSearchPageList`].
        api: Option<String> = "Api",
        /// Name of the kind of check.
        api_name: Option<String> = "ApiName",
        /// Number of the bank card.
        bank_card: Option<Sensitive> = "BankCard",
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Time of the check, as `YYYY-MM-DD HH:mm:ss`.
        date: Option<String> = "Date",
        /// ID number.
        identify_num: Option<Sensitive> = "IdentifyNum",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Phone number.
        mobile: Option<Sensitive> = "Mobile",
        /// Parameters of the request.
        request: Option<MetaRecordRequest> = "Request",
        /// Request ID.
        request_id: Option<String> = "RequestId",
        /// Parameters of the request: a string that holds JSON.
        request_json: Option<Sensitive> = "RequestJson",
        /// Reply of the service.
        response: Option<MetaRecordResponse> = "Response",
        /// Reply of the service: a string that holds JSON.
        response_json: Option<Sensitive> = "ResponseJson",
        /// Reason of the result. Its values depend on the operation.
        sub_code: Option<String> = "SubCode",
        /// Name.
        user_name: Option<Sensitive> = "UserName",
        /// Number plate.
        vehicle_num: Option<Sensitive> = "VehicleNum",
    }

    /// Parameters of a recorded check.
    MetaRecordRequest {
        /// Number plate.
        vehicle_num: Option<Sensitive> = "VehicleNum",
        /// Kind of vehicle: `01` to `24`, `51` or `52`; `02` is a small car, `52` a small electric
        /// car.
        vehicle_type: Option<String> = "VehicleType",
        /// Name of the kind of vehicle.
        vehicle_type_name: Option<String> = "VehicleTypeName",
    }

    /// Reply of a recorded check.
    MetaRecordResponse {
        /// Code of the reply.
        code: Option<String> = "Code",
        /// Data of the reply.
        data: Option<MetaRecordData> = "Data",
        /// Message of the reply.
        message: Option<Sensitive> = "Message",
    }

    /// Data of the reply of a recorded check.
    MetaRecordData {
        /// Number of seats.
        approved_count: Option<String> = "ApprovedCount",
        /// Approved load.
        approved_load: Option<String> = "ApprovedLoad",
        /// Number of axles.
        axle_count: Option<String> = "AxleCount",
        /// Track of the rear wheels.
        back_wheel_distance: Option<String> = "BackWheelDistance",
        /// Number of the bank card.
        bank_card: Option<Sensitive> = "BankCard",
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Brand.
        brand: Option<String> = "Brand",
        /// Colour.
        color: Option<String> = "Color",
        /// Displacement of the engine.
        displacement: Option<String> = "Displacement",
        /// Number of the engine.
        engine_num: Option<Sensitive> = "EngineNum",
        /// Model of the engine.
        engine_type: Option<String> = "EngineType",
        /// Track of the front wheels.
        front_wheel_distance: Option<String> = "FrontWheelDistance",
        /// Kind of fuel.
        fuel_type: Option<String> = "FuelType",
        /// End of the inspection's validity, as `YYYY-MM-DD HH:mm:ss`.
        inspection_date: Option<String> = "InspectionDate",
        /// Model of the vehicle.
        model_num: Option<String> = "ModelNum",
        /// Power.
        power: Option<String> = "Power",
        /// First registration, as `YYYY-MM-DD HH:mm:ss`.
        registration_date: Option<String> = "RegistrationDate",
        /// Date of manufacture, as `YYYY-MM-DD HH:mm:ss`.
        release_date: Option<String> = "ReleaseDate",
        /// Date by which it must be scrapped, as `YYYY-MM-DD HH:mm:ss`.
        retirement_date: Option<String> = "RetirementDate",
        /// Total mass.
        total_mass: Option<String> = "TotalMass",
        /// Kind of vehicle.
        kind: Option<String> = "Type",
        /// Mass without load.
        unladen_mass: Option<String> = "UnladenMass",
        /// Use.
        use_property: Option<String> = "UseProperty",
        /// State.
        vehicle_state: Option<String> = "VehicleState",
        /// Vehicle identification number.
        vin: Option<Sensitive> = "Vin",
        /// Wheelbase.
        wheel_base: Option<String> = "WheelBase",
    }

    /// Reply to [`DownloadVerifyRecords`].
    DownloadVerifyRecordsResponse {
        /// Link to the file (documented), or the ID of the export task for
        /// [`QueryVerifyDownloadTask`] (inferred).
        result_object: Option<Sensitive> = "ResultObject",
    }

    /// Reply to [`QueryVerifyDownloadTask`].
    QueryVerifyDownloadTaskResponse {
        /// Error code of the export.
        error_code: Option<String> = "ErrorCode",
        /// Whether the export is complete.
        finish: Option<bool> = "Finish",
        /// State of the export: 1 (in progress), 2 (ready) or 3 (failed).
        status: Option<i64> = "Status",
        /// Link to the file.
        url: Option<Sensitive> = "Url",
    }

    /// Reply to [`DescribeInfoCheckExportRecord`].
    DescribeInfoCheckExportRecordResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<ExportRecord> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Exported file.
    ExportRecord {
        /// Time of the export, Unix time in milliseconds.
        download_date: Option<String> = "DownloadDate",
        /// ID of the export task.
        download_task_id: Option<String> = "DownloadTaskId",
        /// Error code of the export.
        error_code: Option<String> = "ErrorCode",
        /// Name of the file.
        file_name: Option<String> = "FileName",
        /// Type of the file.
        file_type: Option<String> = "FileType",
        /// Kind of check, as in [`DescribeMetaSearchPageList`].
        product_type: Option<String> = "ProductType",
        /// State of the export: 1 (in progress), 2 (ready) or 3 (failed).
        status: Option<i64> = "Status",
        /// Link to the file.
        url: Option<Sensitive> = "Url",
    }
}
