//! Statistics of verifications, checks and calls.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::operations;
use crate::verify::TrueFalse;

operations! {
    /// Counts verifications, step by step.
    DescribeVerifyStatistics(ReadOnly) -> DescribeVerifyStatisticsResponse {
        requires {
            /// Service: `antcloudauth`; or `cloudauthst` or `cloudauth`, no longer sold.
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// Age: `T` (more than 14 years) or `F` (less).
            query age_gt: TrueFalse = "AgeGt",
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// Product code.
            query product_code: String = "ProductCode",
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts failures by code.
    DescribeVerifyFailStatistics(ReadOnly) -> DescribeVerifyFailStatisticsResponse {
        requires {
            /// Service: `antcloudauth`; or `cloudauthst` or `cloudauth`, no longer sold.
            query service_code: String = "ServiceCode",
            /// Product code.
            query product_code: String = "ProductCode",
            /// Step: `INIT_SERVICE` (server-side initialization), `INIT_DEVICE` (client side) or
            /// `VERIFY_DEVICE` (check not passed).
            query api: String = "Api",
        }
        accepts {
            /// Age: `T` (more than 14 years) or `F` (less).
            query age_gt: TrueFalse = "AgeGt",
            /// Kind of device: `android`, `ios` or `websdk`.
            query device_type: String = "DeviceType",
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts risks of devices.
    DescribeVerifyDeviceRiskStatistics(ReadOnly) -> DescribeVerifyDeviceRiskStatisticsResponse {
        requires {
            /// Service: `antcloudauth`; or `cloudauthst` or `cloudauth`, no longer sold.
            query service_code: String = "ServiceCode",
        }
        accepts {
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: String = "SceneId",
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts checks of names, numbers, cards and vehicles.
    DescribeMetaStatisticsList(ReadOnly) -> DescribeMetaStatisticsListResponse {
        with { payload: None }
        requires {
            /// Kind of check, as in
            /// [`DescribeMetaSearchPageList`](super::DescribeMetaSearchPageList).
            query api: String = "Api",
        }
        accepts {
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts checks of names, numbers, cards and vehicles, a page at a time.
    DescribeMetaStatisticsPageList(ReadOnly) -> DescribeMetaStatisticsPageListResponse {
        with { payload: None }
        requires {
            /// Kind of check, as in
            /// [`DescribeMetaSearchPageList`](super::DescribeMetaSearchPageList).
            query api: String = "Api",
        }
        accepts {
            /// Page number, from 1.
            query current_page: i32 = "CurrentPage" [needed],
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate" [needed],
            /// Entries per page.
            query page_size: i32 = "PageSize" [needed],
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate" [needed],
        }
    }

    /// Counts uses of the enhanced products, a page at a time.
    DescribeSmartStatisticsPageList(ReadOnly) -> DescribeSmartStatisticsPageListResponse {
        with { payload: None }
        requires {
            /// Scene ID.
            query scene_id: String = "SceneId",
        }
        accepts {
            /// Page number, from 1.
            query current_page: String = "CurrentPage" [needed],
            /// End of the time range, in UTC, as `YYYY-MM-DDTHH:mm:ssZ`.
            query end_date: String = "EndDate" [needed],
            /// Entries per page.
            query page_size: String = "PageSize" [needed],
            /// Service: `cloudauthst`, the only documented value.
            query service_code: String = "ServiceCode",
            /// Start of the time range, in UTC, as `YYYY-MM-DDTHH:mm:ssZ`.
            query start_date: String = "StartDate" [needed],
        }
    }

    /// Counts verifications by day and scene, a page at a time.
    DescribePageFaceVerifyData(ReadOnly) -> DescribePageFaceVerifyDataResponse {
        with { payload: None }
        accepts {
            /// Page number, 1 by default.
            query current_page: i64 = "CurrentPage",
            /// Last day, as `YYYY-MM-DD`. Required; the range is at most 90 days.
            query end_date: String = "EndDate",
            /// Entries per page, 10 by default.
            query page_size: i64 = "PageSize",
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
            /// First day, as `YYYY-MM-DD`. Required; the range is at most 90 days.
            query start_date: String = "StartDate",
        }
    }

    /// Counts verifications over a time range.
    DescribeListFaceVerifyData(ReadOnly) -> DescribeListFaceVerifyDataResponse {
        with { payload: None }
        accepts {
            /// End of the time range, Unix time in milliseconds (by the vendor's example).
            query gmt_end: i64 = "GmtEnd",
            /// Start of the time range, Unix time in milliseconds (by the vendor's example).
            query gmt_start: i64 = "GmtStart",
            /// Product code. Deprecated by the vendor.
            query name: String = "Name",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts calls by day, a page at a time. The name is misspelled by the vendor.
    QueryVerifyInvokeSatistic(ReadOnly) -> QueryVerifyInvokeSatisticResponse {
        with { payload: None }
        accepts {
            /// Page number, from 1.
            query current_page: i64 = "CurrentPage",
            /// End of the time range, Unix time in milliseconds.
            query end_date: i64 = "EndDate",
            /// Entries per page.
            query page_size: i64 = "PageSize",
            /// Product codes: a JSON list.
            query product_program_list: String = "ProductProgramList",
            /// Product: `FINANCE_VERIFY` (financial-grade verification), `SMART_VERIFY` or
            /// `FACE_VERIFY` (both no longer sold).
            query product_type: String = "ProductType",
            /// Scene IDs: a JSON list.
            query scene_id_list: String = "SceneIdList",
            /// Start of the time range, Unix time in milliseconds.
            query start_date: i64 = "StartDate",
            /// Interval: `day` or `month`.
            query statistics_type: String = "StatisticsType",
        }
    }
}

replies! {
    /// Reply to [`DescribeVerifyStatistics`].
    DescribeVerifyStatisticsResponse {
        /// Number of client-side initializations.
        init_device: Option<i64> = "InitDevice",
        /// Number of distinct identities in client-side initializations.
        init_device_id: Option<i64> = "InitDeviceId",
        /// Number of distinct identities in successful client-side initializations.
        init_device_id_success: Option<i64> = "InitDeviceIdSuccess",
        /// Number of successful client-side initializations.
        init_device_success: Option<i64> = "InitDeviceSuccess",
        /// Number of server-side initializations.
        init_service: Option<i64> = "InitService",
        /// Number of distinct identities in server-side initializations.
        init_service_id: Option<i64> = "InitServiceId",
        /// Number of distinct identities in successful server-side initializations.
        init_service_id_success: Option<i64> = "InitServiceIdSuccess",
        /// Number of successful server-side initializations.
        init_service_success: Option<i64> = "InitServiceSuccess",
        /// Counts by day.
        items: Vec<VerifyDay> = "Items",
        /// Number of checks on a device.
        verify_device: Option<i64> = "VerifyDevice",
        /// Number of distinct identities in checks.
        verify_device_id: Option<i64> = "VerifyDeviceId",
        /// Number of distinct identities in successful checks.
        verify_device_id_success: Option<i64> = "VerifyDeviceIdSuccess",
        /// Number of distinct identities that passed.
        verify_device_id_success_passed: Option<i64> = "VerifyDeviceIdSuccessPassed",
        /// Number of successful checks.
        verify_device_success: Option<i64> = "VerifyDeviceSuccess",
        /// Number of passed checks.
        verify_device_success_passed: Option<i64> = "VerifyDeviceSuccessPassed",
    }

    /// Counts of one day.
    VerifyDay {
        /// Day, as `YYYY-MM-DD`.
        date: Option<String> = "Date",
        /// Share of successful client-side initializations in per cent.
        init_device_pass_rate: Option<String> = "InitDevicePassRate",
        /// Number of server-side initializations.
        init_service: Option<i64> = "InitService",
        /// Share of server-side initializations that led to a check, in per cent.
        init_service_conversion_rate: Option<String> = "InitServiceConversionRate",
        /// Share of successful server-side initializations in per cent.
        init_service_pass_rate: Option<String> = "InitServicePassRate",
        /// Share of passed checks in per cent.
        pass_rate: Option<String> = "PassRate",
    }

    /// Reply to [`DescribeVerifyFailStatistics`].
    DescribeVerifyFailStatisticsResponse {
        /// Failures by code.
        column: Option<FailureColumn> = "Column",
        /// Failures by code and day.
        line: Option<FailureLine> = "Line",
    }

    /// Failures by code.
    FailureColumn {
        /// Counts by code.
        items: Vec<FailureCount> = "Items",
        /// Number of failures.
        total_count: Option<i64> = "TotalCount",
    }

    /// Count of one code.
    FailureCount {
        /// Code.
        code: Option<String> = "Code",
        /// Number of failures.
        count: Option<i64> = "Count",
        /// Share of all failures (inferred from its name).
        rate: Option<String> = "Rate",
    }

    /// Failures by code and day.
    FailureLine {
        /// Counts by code.
        items: Vec<FailureSeries> = "Items",
        /// Number of failures.
        total_count: Option<i64> = "TotalCount",
    }

    /// Counts of one code by day.
    FailureSeries {
        /// Code.
        code: Option<String> = "Code",
        /// Counts by day.
        data: Vec<FailureDay> = "Data",
    }

    /// Count of one code on one day.
    FailureDay {
        /// Code.
        code: Option<String> = "Code",
        /// Number of failures.
        count: Option<i64> = "Count",
        /// Day, as `YYYY-MM-DD`.
        date: Option<String> = "Date",
    }

    /// Reply to [`DescribeVerifyDeviceRiskStatistics`].
    DescribeVerifyDeviceRiskStatisticsResponse {
        /// Share of suspected false faces among the risks.
        face_attack_rate: Option<String> = "FaceAttackRate",
        /// Suspected false identities.
        id_fake_rate: Option<String> = "IdFakeRate",
        /// Counts by day.
        items: Vec<DeviceRiskDay> = "Items",
        /// Number of risks.
        risk_count: Option<i64> = "RiskCount",
        /// Share of rooted devices among the risks.
        root_rate: Option<String> = "RootRate",
        /// Share of emulators among the risks.
        simulator_rate: Option<String> = "SimulatorRate",
        /// Share of virtual cameras among the risks.
        virtual_video_rate: Option<String> = "VirtualVideoRate",
    }

    /// Counts of one day.
    DeviceRiskDay {
        /// Number of calls.
        daily_call_count: Option<i64> = "DailyCallCount",
        /// Day, as `YYYY-MM-DD`.
        date: Option<String> = "Date",
        /// Share of calls with a risk of the device.
        device_risk_rate: Option<String> = "DeviceRiskRate",
        /// Share of calls with a risk of the identity.
        identity_risk_rate: Option<String> = "IdentityRiskRate",
    }

    /// Reply to [`DescribeMetaStatisticsList`].
    DescribeMetaStatisticsListResponse {
        /// Counts by kind of check and day.
        items: Vec<MetaStatistics> = "Items",
    }

    /// Counts of one kind of check on one day.
    MetaStatistics {
        /// Kind of check, as in [`DescribeMetaSearchPageList`](super::DescribeMetaSearchPageList).
        api: Option<String> = "Api",
        /// Name of the kind of check.
        api_name: Option<String> = "ApiName",
        /// Number of billed checks.
        bill_count: Option<i64> = "BillCount",
        /// Share of billed checks in per cent.
        bill_rate: Option<String> = "BillRate",
        /// Number of billed phone numbers; for `MOBILE_DETECT` only.
        charge_count: Option<i64> = "ChargeCount",
        /// Day: as `YYYY-MM-DD` in [`DescribeMetaStatisticsList`], as month and day (`11/8`) in
        /// [`DescribeMetaStatisticsPageList`].
        date: Option<String> = "Date",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Number of checks without a record.
        no_record_count: Option<i64> = "NoRecordCount",
        /// Number of consistent checks.
        passed_count: Option<i64> = "PassedCount",
        /// Share of consistent checks in per cent.
        passed_rate: Option<String> = "PassedRate",
        /// Number of successful calls.
        success_count: Option<i64> = "SuccessCount",
        /// Share of successful calls in per cent.
        success_rate: Option<String> = "SuccessRate",
        /// Number of calls.
        total_count: Option<i64> = "TotalCount",
        /// Number of checks that were not consistent.
        unpassed_count: Option<i64> = "UnpassedCount",
    }

    /// Reply to [`DescribeMetaStatisticsPageList`].
    DescribeMetaStatisticsPageListResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<MetaStatistics> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Reply to [`DescribeSmartStatisticsPageList`].
    DescribeSmartStatisticsPageListResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<SmartStatistics> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Counts of one scene on one day.
    SmartStatistics {
        /// Month and day.
        date: Option<String> = "Date",
        /// Share of passed verifications.
        pass_rate: Option<String> = "PassRate",
        /// Product code.
        product_code: Option<String> = "ProductCode",
        /// Scene ID.
        scene_id: Option<i64> = "SceneId",
        /// Name of the scene.
        scene_name: Option<String> = "SceneName",
        /// Number of successful calls.
        success_count: Option<i64> = "SuccessCount",
        /// Number of calls.
        total_count: Option<i64> = "TotalCount",
    }

    /// Reply to [`DescribePageFaceVerifyData`].
    DescribePageFaceVerifyDataResponse {
        /// Page number, from 1.
        current_page: Option<String> = "CurrentPage",
        /// Entries of this page.
        items: Vec<FaceVerifyCount> = "Items",
        /// Entries per page.
        page_size: Option<String> = "PageSize",
        /// Whether the request succeeded.
        success: Option<String> = "Success",
        /// Number of entries on all pages.
        total_count: Option<String> = "TotalCount",
        /// Number of pages.
        total_page: Option<String> = "TotalPage",
    }

    /// Counts of one scene on one day.
    FaceVerifyCount {
        /// Day in UTC, as `2024-03-24T00:00:00.000Z`.
        date: Option<String> = "Date",
        /// Product code.
        product_code: Option<String> = "ProductCode",
        /// Scene ID.
        scene_id: Option<String> = "SceneId",
        /// Name of the scene.
        scene_name: Option<String> = "SceneName",
        /// Number of successful calls.
        success_count: Option<String> = "SuccessCount",
        /// Number of calls.
        total_count: Option<String> = "TotalCount",
    }

    /// Reply to [`DescribeListFaceVerifyData`].
    DescribeListFaceVerifyDataResponse {
        /// Counts.
        monitor_data: Option<MonitorData> = "MonitorData",
    }

    /// Counts by scene.
    MonitorData {
        /// Counts by scene.
        face_verify_data: Vec<FaceVerifyData> = "FaceVerifyData",
    }

    /// Counts of one scene.
    FaceVerifyData {
        /// Day, as `2025-10-16T00:00:00.000Z`.
        con_date: Option<String> = "ConDate",
        /// Number of verifications that were not passed.
        fail_cnt: Option<String> = "FailCnt",
        /// Plan.
        name: Option<String> = "Name",
        /// Scene ID.
        scene_id: Option<String> = "SceneId",
        /// Number of passed verifications.
        succ_cnt: Option<String> = "SuccCnt",
        /// Number of verifications.
        total_cnt: Option<String> = "TotalCnt",
    }

    /// Reply to [`QueryVerifyInvokeSatistic`].
    QueryVerifyInvokeSatisticResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<InvokeDay> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Counts of one day.
    InvokeDay {
        /// Counts by product code.
        data: Vec<InvokeCount> = "Data",
        /// Day, as `YYYY-MM-DD`.
        statistics_date: Option<String> = "StatisticsDate",
    }

    /// Count of one product code.
    InvokeCount {
        /// Number of calls.
        statistics_count: Option<String> = "StatisticsCount",
        /// Product code.
        statistics_type: Option<String> = "StatisticsType",
    }
}
