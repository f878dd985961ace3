//! Statistics: how many, how many passed, of which kind.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;

operations! {
    /// Counts verifications, step by step.
    DescribeVerifyStatistics(Query) -> DescribeVerifyStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
        }
        accepts {
            query age_gt: String = "AgeGt",
            query end_date: i64 = "EndDate" [needed],
            /// The plan.
            query product_code: String = "ProductCode",
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts failures by code.
    DescribeVerifyFailStatistics(Query) -> DescribeVerifyFailStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
            /// The plan.
            query product_code: String = "ProductCode",
            /// `INIT_DEVICE`, `INIT_SERVICE` or `VERIFY_DEVICE`.
            query api: String = "Api",
        }
        accepts {
            query age_gt: String = "AgeGt",
            /// `android`, `ios` or `websdk`.
            query device_type: String = "DeviceType",
            query end_date: i64 = "EndDate" [needed],
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts risks of devices.
    DescribeVerifyDeviceRiskStatistics(Query) -> DescribeVerifyDeviceRiskStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
        }
        accepts {
            query end_date: i64 = "EndDate" [needed],
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: String = "SceneId",
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts checks of names, numbers, cards and vehicles.
    DescribeMetaStatisticsList(Query) -> DescribeMetaStatisticsListResponse {
        with { payload: None }
        requires {
            query api: String = "Api",
        }
        accepts {
            query end_date: i64 = "EndDate" [needed],
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts checks of names, numbers, cards and vehicles, a page at a time.
    DescribeMetaStatisticsPageList(Query) -> DescribeMetaStatisticsPageListResponse {
        with { payload: None }
        requires {
            query api: String = "Api",
        }
        accepts {
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            query end_date: i64 = "EndDate" [needed],
            /// How many to a page.
            query page_size: i32 = "PageSize" [needed],
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts uses of the smart products, a page at a time.
    DescribeSmartStatisticsPageList(Query) -> DescribeSmartStatisticsPageListResponse {
        with { payload: None }
        requires {
            /// The scene.
            query scene_id: String = "SceneId",
        }
        accepts {
            /// Which page, from 1.
            query current_page: String = "CurrentPage" [needed],
            query end_date: String = "EndDate" [needed],
            /// How many to a page.
            query page_size: String = "PageSize" [needed],
            query service_code: String = "ServiceCode",
            query start_date: String = "StartDate" [needed],
        }
    }

    /// Counts verifications by day and scene, a page at a time.
    DescribePageFaceVerifyData(Query) -> DescribePageFaceVerifyDataResponse {
        with { payload: None }
        accepts {
            /// Which page, from 1.
            query current_page: i64 = "CurrentPage",
            query end_date: String = "EndDate",
            /// How many to a page.
            query page_size: i64 = "PageSize",
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
            query start_date: String = "StartDate",
        }
    }

    /// Counts verifications over a span of time.
    DescribeListFaceVerifyData(Query) -> DescribeListFaceVerifyDataResponse {
        with { payload: None }
        accepts {
            query gmt_end: i64 = "GmtEnd",
            query gmt_start: i64 = "GmtStart",
            /// Deprecated by the vendor.
            query name: String = "Name",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts calls by day, a page at a time. The name is spelled as the vendor spells it.
    QueryVerifyInvokeSatistic(Query) -> QueryVerifyInvokeSatisticResponse {
        with { payload: None }
        accepts {
            /// Which page, from 1.
            query current_page: i64 = "CurrentPage",
            query end_date: i64 = "EndDate",
            /// How many to a page.
            query page_size: i64 = "PageSize",
            /// JSON text: a list.
            query product_program_list: String = "ProductProgramList",
            query product_type: String = "ProductType",
            /// JSON text: a list.
            query scene_id_list: String = "SceneIdList",
            query start_date: i64 = "StartDate",
            query statistics_type: String = "StatisticsType",
        }
    }
}

replies! {
    /// What [`DescribeVerifyStatistics`] answers.
    DescribeVerifyStatisticsResponse {
        init_device: Option<i64> = "InitDevice",
        init_device_id: Option<i64> = "InitDeviceId",
        init_device_id_success: Option<i64> = "InitDeviceIdSuccess",
        init_device_success: Option<i64> = "InitDeviceSuccess",
        init_service: Option<i64> = "InitService",
        init_service_id: Option<i64> = "InitServiceId",
        init_service_id_success: Option<i64> = "InitServiceIdSuccess",
        init_service_success: Option<i64> = "InitServiceSuccess",
        items: Vec<VerifyDay> = "Items",
        verify_device: Option<i64> = "VerifyDevice",
        verify_device_id: Option<i64> = "VerifyDeviceId",
        verify_device_id_success: Option<i64> = "VerifyDeviceIdSuccess",
        verify_device_id_success_passed: Option<i64> = "VerifyDeviceIdSuccessPassed",
        verify_device_success: Option<i64> = "VerifyDeviceSuccess",
        verify_device_success_passed: Option<i64> = "VerifyDeviceSuccessPassed",
    }

    /// The count of a day.
    VerifyDay {
        date: Option<String> = "Date",
        init_device_pass_rate: Option<String> = "InitDevicePassRate",
        init_service: Option<i64> = "InitService",
        init_service_conversion_rate: Option<String> = "InitServiceConversionRate",
        init_service_pass_rate: Option<String> = "InitServicePassRate",
        pass_rate: Option<String> = "PassRate",
    }

    /// What [`DescribeVerifyFailStatistics`] answers.
    DescribeVerifyFailStatisticsResponse {
        column: Option<FailureColumn> = "Column",
        line: Option<FailureLine> = "Line",
    }

    /// Failures by code.
    FailureColumn {
        items: Vec<FailureCount> = "Items",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// How often a code came.
    FailureCount {
        code: Option<String> = "Code",
        count: Option<i64> = "Count",
        rate: Option<String> = "Rate",
    }

    /// Failures by code and day.
    FailureLine {
        items: Vec<FailureSeries> = "Items",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// A code, day by day.
    FailureSeries {
        code: Option<String> = "Code",
        data: Vec<FailureDay> = "Data",
    }

    /// How often a code came on a day.
    FailureDay {
        code: Option<String> = "Code",
        count: Option<i64> = "Count",
        date: Option<String> = "Date",
    }

    /// What [`DescribeVerifyDeviceRiskStatistics`] answers.
    DescribeVerifyDeviceRiskStatisticsResponse {
        face_attack_rate: Option<String> = "FaceAttackRate",
        id_fake_rate: Option<String> = "IdFakeRate",
        items: Vec<DeviceRiskDay> = "Items",
        risk_count: Option<i64> = "RiskCount",
        root_rate: Option<String> = "RootRate",
        simulator_rate: Option<String> = "SimulatorRate",
        virtual_video_rate: Option<String> = "VirtualVideoRate",
    }

    /// The count of a day.
    DeviceRiskDay {
        daily_call_count: Option<i64> = "DailyCallCount",
        date: Option<String> = "Date",
        device_risk_rate: Option<String> = "DeviceRiskRate",
        identity_risk_rate: Option<String> = "IdentityRiskRate",
    }

    /// What [`DescribeMetaStatisticsList`] answers.
    DescribeMetaStatisticsListResponse {
        items: Vec<MetaStatistics> = "Items",
    }

    /// The count of an operation on a day.
    MetaStatistics {
        api: Option<String> = "Api",
        api_name: Option<String> = "ApiName",
        bill_count: Option<i64> = "BillCount",
        bill_rate: Option<String> = "BillRate",
        charge_count: Option<i64> = "ChargeCount",
        date: Option<String> = "Date",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        no_record_count: Option<i64> = "NoRecordCount",
        passed_count: Option<i64> = "PassedCount",
        passed_rate: Option<String> = "PassedRate",
        success_count: Option<i64> = "SuccessCount",
        success_rate: Option<String> = "SuccessRate",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        unpassed_count: Option<i64> = "UnpassedCount",
    }

    /// What [`DescribeMetaStatisticsPageList`] answers.
    DescribeMetaStatisticsPageListResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<MetaStatistics> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// What [`DescribeSmartStatisticsPageList`] answers.
    DescribeSmartStatisticsPageListResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<SmartStatistics> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// The count of a scene on a day.
    SmartStatistics {
        date: Option<String> = "Date",
        pass_rate: Option<String> = "PassRate",
        product_code: Option<String> = "ProductCode",
        scene_id: Option<i64> = "SceneId",
        scene_name: Option<String> = "SceneName",
        success_count: Option<i64> = "SuccessCount",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// What [`DescribePageFaceVerifyData`] answers.
    DescribePageFaceVerifyDataResponse {
        current_page: Option<String> = "CurrentPage",
        items: Vec<FaceVerifyCount> = "Items",
        page_size: Option<String> = "PageSize",
        success: Option<String> = "Success",
        /// How many there are on all pages.
        total_count: Option<String> = "TotalCount",
        total_page: Option<String> = "TotalPage",
    }

    /// The count of a scene on a day.
    FaceVerifyCount {
        date: Option<String> = "Date",
        product_code: Option<String> = "ProductCode",
        scene_id: Option<String> = "SceneId",
        scene_name: Option<String> = "SceneName",
        success_count: Option<String> = "SuccessCount",
        /// How many there are on all pages.
        total_count: Option<String> = "TotalCount",
    }

    /// What [`DescribeListFaceVerifyData`] answers.
    DescribeListFaceVerifyDataResponse {
        monitor_data: Option<MonitorData> = "MonitorData",
    }

    /// Counts by scene.
    MonitorData {
        face_verify_data: Vec<FaceVerifyData> = "FaceVerifyData",
    }

    /// The count of a scene.
    FaceVerifyData {
        con_date: Option<String> = "ConDate",
        fail_cnt: Option<String> = "FailCnt",
        name: Option<String> = "Name",
        scene_id: Option<String> = "SceneId",
        succ_cnt: Option<String> = "SuccCnt",
        total_cnt: Option<String> = "TotalCnt",
    }

    /// What [`QueryVerifyInvokeSatistic`] answers.
    QueryVerifyInvokeSatisticResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<InvokeDay> = "Items",
        page_size: Option<i64> = "PageSize",
        success: Option<bool> = "Success",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// The counts of a day.
    InvokeDay {
        data: Vec<InvokeCount> = "Data",
        statistics_date: Option<String> = "StatisticsDate",
    }

    /// A count.
    InvokeCount {
        statistics_count: Option<String> = "StatisticsCount",
        statistics_type: Option<String> = "StatisticsType",
    }
}
