//! Records: single verifications and checks, and files of them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;
use crate::wire::http::Method;

operations! {
    /// Finds verifications, a page at a time: by `OuterOrderNo`, by person, by outcome.
    DescribeVerifySearchPageList(Query) -> DescribeVerifySearchPageListResponse {
        with { payload: None }
        accepts {
            /// The number of the document.
            query cert_no: Sensitive = "CertNo",
            query certify_id: String = "CertifyId",
            /// Which page, from 1.
            query current_page: String = "CurrentPage" [needed],
            query end_date: String = "EndDate",
            query has_device_risk: bool = "HasDeviceRisk",
            query model: String = "Model",
            /// The caller's own number, at most 32 characters.
            query outer_order_no: String = "OuterOrderNo",
            /// How many to a page.
            query page_size: String = "PageSize" [needed],
            query passed: String = "Passed",
            /// The plan.
            query product_code: String = "ProductCode",
            query risk_biz_scenario: i32 = "RiskBizScenario",
            query risk_device: i32 = "RiskDevice",
            query risk_device_token: i32 = "RiskDeviceToken",
            query risk_generic: i32 = "RiskGeneric",
            query risk_model_mining: i32 = "RiskModelMining",
            query root: i32 = "Root",
            /// The scene.
            query scene_id: String = "SceneId",
            query simulator: i32 = "Simulator",
            query start_date: String = "StartDate",
            query sub_code: String = "SubCode",
            query sub_codes: String = "SubCodes",
            query virtual_video: i32 = "VirtualVideo",
        }
    }

    /// Lists verifications, a page at a time.
    DescribeListFaceVerifyInfos(Query) -> DescribeListFaceVerifyInfosResponse {
        with { payload: None }
        accepts {
            query certify_id: String = "CertifyId",
            query gmt_end: i64 = "GmtEnd",
            query gmt_start: i64 = "GmtStart",
            /// Which page, from 1.
            query page_number: i32 = "PageNumber",
            /// How many to a page.
            query page_size: i32 = "PageSize",
            /// The scene.
            query scene_id: i64 = "SceneId",
            query status: i32 = "Status",
        }
    }

    /// Finds checks of names, numbers, cards and vehicles, a page at a time.
    DescribeMetaSearchPageList(Query) -> DescribeMetaSearchPageListResponse {
        with { payload: None }
        requires {
            query api: String = "Api",
        }
        accepts {
            query bank_card: Sensitive = "BankCard",
            query biz_code: String = "BizCode",
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            query end_date: i64 = "EndDate" [needed],
            /// The ID number.
            query identify_num: Sensitive = "IdentifyNum",
            query isp_name: String = "IspName",
            /// The phone number.
            query mobile: Sensitive = "Mobile",
            /// How many to a page.
            query page_size: i32 = "PageSize" [needed],
            query req_id: String = "ReqId",
            query start_date: i64 = "StartDate" [needed],
            query sub_code: String = "SubCode",
            /// The person's name.
            query user_name: Sensitive = "UserName",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
        }
    }

    /// Starts to put records into a file, and answers with the task's name.
    DownloadVerifyRecords(Once) -> DownloadVerifyRecordsResponse {
        with { payload: None }
        accepts {
            /// JSON text: what to look for.
            query biz_param: Sensitive = "BizParam",
            query product_type: String = "ProductType",
        }
    }

    /// Asks whether a file of records is ready, and where it is.
    QueryVerifyDownloadTask(Query) -> QueryVerifyDownloadTaskResponse {
        with { method: Method::Get, payload: None }
        accepts {
            query download_task_id: String = "DownloadTaskId",
        }
    }

    /// Lists the files of records that were made.
    DescribeInfoCheckExportRecord(Query) -> DescribeInfoCheckExportRecordResponse {
        with { payload: None }
        accepts {
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage",
            query end_date: String = "EndDate",
            /// How many to a page.
            query page_size: i32 = "PageSize",
            query product_type: String = "ProductType",
            query start_date: String = "StartDate",
        }
    }
}

replies! {
    /// What [`DescribeVerifySearchPageList`] answers.
    DescribeVerifySearchPageListResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<VerifyRecord> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// A verification.
    VerifyRecord {
        cert_no: Option<Sensitive> = "CertNo",
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        ext_info: Option<VerifyRecordDetails> = "ExtInfo",
        gmt_verify: Option<String> = "GmtVerify",
        model: Option<String> = "Model",
        outer_order_no: Option<String> = "OuterOrderNo",
        /// `T` or `F`: the verdict.
        passed: Option<String> = "Passed",
        product_code: Option<String> = "ProductCode",
        risk_biz_scenario: Option<i64> = "RiskBizScenario",
        risk_device: Option<i64> = "RiskDevice",
        risk_device_token: Option<i64> = "RiskDeviceToken",
        risk_generic: Option<i64> = "RiskGeneric",
        risk_model_mining: Option<i64> = "RiskModelMining",
        root: Option<i64> = "Root",
        scene_id: Option<i64> = "SceneId",
        simulator: Option<i64> = "Simulator",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
        user_id: Option<Sensitive> = "UserId",
        virtual_video: Option<i64> = "VirtualVideo",
    }

    /// More of a verification.
    VerifyRecordDetails {
        cert_name: Option<Sensitive> = "CertName",
        device_risk: Option<String> = "DeviceRisk",
        face_attack: Option<String> = "FaceAttack",
        face_attack_score: Option<f64> = "FaceAttackScore",
        face_occlusion: Option<String> = "FaceOcclusion",
        id_card_verify_score: Option<f64> = "IdCardVerifyScore",
        oss_bucket_name: Option<String> = "OssBucketName",
        oss_id_face_object_name: Option<Sensitive> = "OssIdFaceObjectName",
        oss_id_national_emblem_object_name: Option<Sensitive> = "OssIdNationalEmblemObjectName",
        oss_object_name: Option<Sensitive> = "OssObjectName",
        quality_score: Option<f64> = "QualityScore",
        verify_score: Option<f64> = "VerifyScore",
        asr_texts: Vec<Sensitive> = "asrTexts",
        screen_video_object_names: Vec<Sensitive> = "screenVideoObjectNames",
        voice_object_names: Vec<Sensitive> = "voiceObjectNames",
    }

    /// What [`DescribeListFaceVerifyInfos`] answers.
    DescribeListFaceVerifyInfosResponse {
        face_verify_infos: Vec<FaceVerifyInfo> = "FaceVerifyInfos",
        items_per_page: Option<i64> = "ItemsPerPage",
        page_number: Option<i64> = "PageNumber",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_pages: Option<i64> = "TotalPages",
    }

    /// A verification.
    FaceVerifyInfo {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        cert_name: Option<Sensitive> = "CertName",
        cert_no: Option<Sensitive> = "CertNo",
        /// The name of the verification.
        certify_id: Option<String> = "CertifyId",
        create_time: Option<String> = "CreateTime",
        scene_id: Option<i64> = "SceneId",
        status: Option<i64> = "Status",
    }

    /// What [`DescribeMetaSearchPageList`] answers.
    DescribeMetaSearchPageListResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<MetaRecord> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// A check.
    MetaRecord {
        api: Option<String> = "Api",
        api_name: Option<String> = "ApiName",
        bank_card: Option<Sensitive> = "BankCard",
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        date: Option<String> = "Date",
        identify_num: Option<Sensitive> = "IdentifyNum",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        mobile: Option<Sensitive> = "Mobile",
        request: Option<MetaRecordRequest> = "Request",
        request_id: Option<String> = "RequestId",
        /// JSON text.
        request_json: Option<Sensitive> = "RequestJson",
        response: Option<MetaRecordResponse> = "Response",
        /// JSON text.
        response_json: Option<Sensitive> = "ResponseJson",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
        user_name: Option<Sensitive> = "UserName",
        vehicle_num: Option<Sensitive> = "VehicleNum",
    }

    /// What was asked.
    MetaRecordRequest {
        vehicle_num: Option<Sensitive> = "VehicleNum",
        vehicle_type: Option<String> = "VehicleType",
        vehicle_type_name: Option<String> = "VehicleTypeName",
    }

    /// What was answered.
    MetaRecordResponse {
        code: Option<String> = "Code",
        data: Option<MetaRecordData> = "Data",
        message: Option<String> = "Message",
    }

    /// The answer's data.
    MetaRecordData {
        approved_count: Option<String> = "ApprovedCount",
        approved_load: Option<String> = "ApprovedLoad",
        axle_count: Option<String> = "AxleCount",
        back_wheel_distance: Option<String> = "BackWheelDistance",
        bank_card: Option<Sensitive> = "BankCard",
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        brand: Option<String> = "Brand",
        color: Option<String> = "Color",
        displacement: Option<String> = "Displacement",
        engine_num: Option<Sensitive> = "EngineNum",
        engine_type: Option<String> = "EngineType",
        front_wheel_distance: Option<String> = "FrontWheelDistance",
        fuel_type: Option<String> = "FuelType",
        inspection_date: Option<String> = "InspectionDate",
        model_num: Option<String> = "ModelNum",
        power: Option<String> = "Power",
        registration_date: Option<String> = "RegistrationDate",
        release_date: Option<String> = "ReleaseDate",
        retirement_date: Option<String> = "RetirementDate",
        total_mass: Option<String> = "TotalMass",
        kind: Option<String> = "Type",
        unladen_mass: Option<String> = "UnladenMass",
        use_property: Option<String> = "UseProperty",
        vehicle_state: Option<String> = "VehicleState",
        vin: Option<Sensitive> = "Vin",
        wheel_base: Option<String> = "WheelBase",
    }

    /// What [`DownloadVerifyRecords`] answers.
    DownloadVerifyRecordsResponse {
        result_object: Option<String> = "ResultObject",
    }

    /// What [`QueryVerifyDownloadTask`] answers.
    QueryVerifyDownloadTaskResponse {
        error_code: Option<String> = "ErrorCode",
        finish: Option<bool> = "Finish",
        status: Option<i64> = "Status",
        url: Option<Sensitive> = "Url",
    }

    /// What [`DescribeInfoCheckExportRecord`] answers.
    DescribeInfoCheckExportRecordResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<ExportRecord> = "Items",
        page_size: Option<i64> = "PageSize",
        success: Option<bool> = "Success",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// A file of records.
    ExportRecord {
        download_date: Option<String> = "DownloadDate",
        download_task_id: Option<String> = "DownloadTaskId",
        error_code: Option<String> = "ErrorCode",
        file_name: Option<String> = "FileName",
        file_type: Option<String> = "FileType",
        product_type: Option<String> = "ProductType",
        status: Option<i64> = "Status",
        url: Option<Sensitive> = "Url",
    }
}
