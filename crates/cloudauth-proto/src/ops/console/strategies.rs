//! Rules: the black list, thresholds of alerts, limits on the use of operations.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::{Json, Row, operations};
use crate::ops::{BlackListStrategy, ControlStrategy, FlowStrategy, rules};
use crate::policy::Effect;
use crate::secret::Sensitive;

operations! {
    /// Creates or changes a rule of the black list.
    ModifyBlackListStrategy(NotIdempotent) -> ModifyBlackListStrategyResponse {
        with { payload: None }
        accepts {
            /// The rule.
            query black_list_strategy: Json<BlackListStrategy> = "BlackListStrategy",
            /// Region ID.
            query region_id: String = "RegionId",
        }
        repeating of_black_list;
    }

    /// Deletes a rule of the black list.
    DeleteBlackListStrategy(Idempotent) -> DeleteBlackListStrategyResponse {
        with { payload: None }
        accepts {
            /// Rule ID.
            query id: i64 = "Id",
            /// Product: `id2meta` (name and ID number), `mobile3Meta` (phone numbers) or
            /// `bankcardMeta` (bank cards).
            query product_name: String = "ProductName",
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }

    /// Lists the rules of the black list.
    QueryBlackListStrategy(ReadOnly) -> QueryBlackListStrategyResponse {
        with { payload: None }
        accepts {
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }

    /// Changes thresholds of alerts.
    ModifyControlStrategy(NotIdempotent) -> ModifyControlStrategyResponse {
        with { payload: None }
        accepts {
            /// The thresholds.
            query control_strategy_list: Json<Vec<ControlStrategy>> = "ControlStrategyList",
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// Region ID.
            query region_id: String = "RegionId",
        }
        repeating of_control;
    }

    /// Deletes a threshold of alerts.
    DeleteControlStrategy(Idempotent) -> DeleteControlStrategyResponse {
        with { payload: None }
        accepts {
            /// Operation, by its product code.
            query api_name: String = "ApiName",
            /// Rule ID.
            query id: i64 = "Id",
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }

    /// Lists the thresholds of alerts.
    QueryControlStrategy(ReadOnly) -> QueryControlStrategyResponse {
        with { payload: None }
        accepts {
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }

    /// Changes the limits on the use of operations.
    ModifyCustomizeFlowStrategyList(NotIdempotent) -> ModifyCustomizeFlowStrategyListResponse {
        with { payload: None }
        accepts {
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// The limits.
            query strategy_object: Json<Vec<FlowStrategy>> = "StrategyObject",
        }
        repeating of_flow;
    }

    /// Deletes a limit on the use of an operation.
    DeleteCustomizeFlowStrategy(Idempotent) -> DeleteCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            /// Rule ID.
            query id: i64 = "Id",
        }
        accepts {
            /// Operation, by its product code.
            query api_name: String = "ApiName",
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// Region ID.
            query region_id: String = "RegionId",
            /// Account ID.
            query user_id: i64 = "UserId",
        }
    }

    /// Deletes every limit on the use of operations.
    DeleteAllCustomizeFlowStrategy(Idempotent) -> DeleteAllCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            /// Account ID.
            query user_id: i64 = "UserId",
        }
        accepts {
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }

    /// Lists the limits on the use of operations.
    QueryCustomizeFlowStrategy(ReadOnly) -> QueryCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            /// Account ID.
            query user_id: i64 = "UserId",
        }
        accepts {
            /// Product: `ANT_CLOUD_AUTH` (financial-grade verification), the only one that is still
            /// sold.
            query product_type: String = "ProductType",
            /// Region ID.
            query region_id: String = "RegionId",
        }
    }
}

fn of_black_list(modify: &dyn Row) -> Effect {
    rules::change_or_addition(modify, "BlackListStrategy")
}

fn of_control(modify: &dyn Row) -> Effect {
    rules::change_or_addition(modify, "ControlStrategyList")
}

fn of_flow(modify: &dyn Row) -> Effect {
    rules::change_or_addition(modify, "StrategyObject")
}

replies! {
    /// Reply to [`ModifyBlackListStrategy`].
    ModifyBlackListStrategyResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`DeleteBlackListStrategy`].
    DeleteBlackListStrategyResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`QueryBlackListStrategy`].
    QueryBlackListStrategyResponse {
        /// Rules.
        result_object: Vec<BlackListEntry> = "ResultObject",
    }

    /// Rule of the black list.
    BlackListEntry {
        /// Numbers or addresses, separated by commas.
        biz_content: Option<Sensitive> = "BizContent",
        /// Kind of content: `mobile`, `ip`, `identifyNum` or `bankCard`.
        biz_key: Option<String> = "BizKey",
        /// Time of the last change.
        gmt_modified: Option<i64> = "GmtModified",
        /// Rule ID.
        id: Option<i64> = "Id",
        /// Product: `id2meta` (name and ID number), `mobile3Meta` (phone numbers) or `bankcardMeta`
        /// (bank cards).
        product_name: Option<String> = "ProductName",
        /// State: `normal` (enabled) or `disabled`.
        status: Option<String> = "Status",
        /// Account ID.
        user_id: Option<i64> = "UserId",
    }

    /// Reply to [`ModifyControlStrategy`].
    ModifyControlStrategyResponse {
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`DeleteControlStrategy`].
    DeleteControlStrategyResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`QueryControlStrategy`].
    QueryControlStrategyResponse {
        /// Thresholds.
        result_object: Vec<RiskThreshold> = "ResultObject",
    }

    /// Threshold of an alert.
    RiskThreshold {
        /// Operation, by its product code.
        api_name: Option<String> = "ApiName",
        /// Measure: `QPS` (queries per second), `SUCCESS_RATE_5_MIN`, `RESP_TIME_5_MIN` (mean
        /// response time), `AMOUNT_RISE`, `AMOUNT_FALL` (change of the number of calls),
        /// `PASSED_RATE_1_HOUR` or `PARAM_ERROR_RATE_1_HOUR`.
        biz_type: Option<String> = "BizType",
        /// Rule ID.
        id: Option<i64> = "Id",
        /// State: `normal` (enabled) or `disabled`.
        status: Option<String> = "Status",
        /// Threshold, in the unit of the measure.
        threshold: Option<f64> = "Threshold",
        /// Account ID.
        user_id: Option<i64> = "UserId",
    }

    /// Reply to [`ModifyCustomizeFlowStrategyList`].
    ModifyCustomizeFlowStrategyListResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`DeleteCustomizeFlowStrategy`].
    DeleteCustomizeFlowStrategyResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`DeleteAllCustomizeFlowStrategy`].
    DeleteAllCustomizeFlowStrategyResponse {
        /// Result; its values are not documented.
        data: Option<i64> = "Data",
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Reply to [`QueryCustomizeFlowStrategy`].
    QueryCustomizeFlowStrategyResponse {
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// Limits.
        result_object: Vec<FlowLimit> = "ResultObject",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// Limit on the use of an operation.
    FlowLimit {
        /// Key by which uses are added up; its values are not documented.
        accumulate_key: Option<String> = "AccumulateKey",
        /// Window over which uses are added up, in minutes.
        accumulate_window: Option<String> = "AccumulateWindow",
        /// Operation, by its product code.
        api_name: Option<String> = "ApiName",
        /// Measure: `ACCUMULATE` (repetitions of an ID number), `PASSED_RATE`, `SUB_CODE_205` or
        /// `SUB_CODE_206` (part of these verdicts).
        flow_type: Option<String> = "FlowType",
        /// Rule ID.
        id: Option<String> = "Id",
        /// Action beyond the limit; its values are not documented.
        operation: Option<String> = "Operation",
        /// State: `normal` (enabled) or `disabled`.
        status: Option<String> = "Status",
        /// Limit, in the unit of the measure.
        threshold: Option<String> = "Threshold",
        /// Account ID.
        user_id: Option<String> = "UserId",
    }
}
