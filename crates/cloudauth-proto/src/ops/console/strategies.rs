//! Strategies: black lists, thresholds of risk, limits of use.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::{Json, operations};
use crate::ops::{BlackListStrategy, ControlStrategy, FlowStrategy};
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Adds to a black list, or changes an entry.
    ModifyBlackListStrategy(Set) -> ModifyBlackListStrategyResponse {
        with { payload: None }
        accepts {
            query black_list_strategy: Json<BlackListStrategy> = "BlackListStrategy",
            query region_id: String = "RegionId",
        }
    }

    /// Deletes an entry of a black list.
    DeleteBlackListStrategy(Set) -> DeleteBlackListStrategyResponse {
        with { payload: None }
        accepts {
            query id: i64 = "Id",
            query product_name: String = "ProductName",
            query region_id: String = "RegionId",
        }
    }

    /// Lists the black lists.
    QueryBlackListStrategy(Query) -> QueryBlackListStrategyResponse {
        with { payload: None }
        accepts {
            query region_id: String = "RegionId",
        }
    }

    /// Changes thresholds of risk control.
    ModifyControlStrategy(Set) -> ModifyControlStrategyResponse {
        with { payload: None }
        accepts {
            query control_strategy_list: Json<Vec<ControlStrategy>> = "ControlStrategyList",
            query product_type: String = "ProductType",
            query region_id: String = "RegionId",
        }
    }

    /// Deletes a threshold of risk control.
    DeleteControlStrategy(Set) -> DeleteControlStrategyResponse {
        with { payload: None }
        accepts {
            query api_name: String = "ApiName",
            query id: i64 = "Id",
            query product_type: String = "ProductType",
            query region_id: String = "RegionId",
        }
    }

    /// Lists the thresholds of risk control.
    QueryControlStrategy(Query) -> QueryControlStrategyResponse {
        with { payload: None }
        accepts {
            query product_type: String = "ProductType",
            query region_id: String = "RegionId",
        }
    }

    /// Changes the limits of how often operations may be used.
    ModifyCustomizeFlowStrategyList(Set) -> ModifyCustomizeFlowStrategyListResponse {
        with { payload: None }
        accepts {
            query product_type: String = "ProductType",
            query strategy_object: Json<Vec<FlowStrategy>> = "StrategyObject",
        }
    }

    /// Deletes a limit of use.
    DeleteCustomizeFlowStrategy(Set) -> DeleteCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            query id: i64 = "Id",
        }
        accepts {
            query api_name: String = "ApiName",
            query product_type: String = "ProductType",
            query region_id: String = "RegionId",
            query user_id: i64 = "UserId",
        }
    }

    /// Deletes every limit of use.
    DeleteAllCustomizeFlowStrategy(Set) -> DeleteAllCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            query user_id: i64 = "UserId",
        }
        accepts {
            query region_id: String = "RegionId",
        }
    }

    /// Lists the limits of use.
    QueryCustomizeFlowStrategy(Query) -> QueryCustomizeFlowStrategyResponse {
        with { payload: None }
        requires {
            query user_id: i64 = "UserId",
        }
        accepts {
            query product_type: String = "ProductType",
            query region_id: String = "RegionId",
        }
    }
}

replies! {
    /// What [`ModifyBlackListStrategy`] answers.
    ModifyBlackListStrategyResponse {
        data: Option<i64> = "Data",
        success: Option<bool> = "Success",
    }

    /// What [`DeleteBlackListStrategy`] answers.
    DeleteBlackListStrategyResponse {
        data: Option<i64> = "Data",
        success: Option<bool> = "Success",
    }

    /// What [`QueryBlackListStrategy`] answers.
    QueryBlackListStrategyResponse {
        result_object: Vec<BlackListEntry> = "ResultObject",
    }

    /// An entry of a black list.
    BlackListEntry {
        biz_content: Option<Sensitive> = "BizContent",
        biz_key: Option<String> = "BizKey",
        gmt_modified: Option<i64> = "GmtModified",
        id: Option<i64> = "Id",
        product_name: Option<String> = "ProductName",
        status: Option<String> = "Status",
        user_id: Option<i64> = "UserId",
    }

    /// What [`ModifyControlStrategy`] answers.
    ModifyControlStrategyResponse {
        success: Option<bool> = "Success",
    }

    /// What [`DeleteControlStrategy`] answers.
    DeleteControlStrategyResponse {
        data: Option<i64> = "Data",
        success: Option<bool> = "Success",
    }

    /// What [`QueryControlStrategy`] answers.
    QueryControlStrategyResponse {
        result_object: Vec<RiskThreshold> = "ResultObject",
    }

    /// A threshold of risk control.
    RiskThreshold {
        api_name: Option<String> = "ApiName",
        biz_type: Option<String> = "BizType",
        id: Option<i64> = "Id",
        status: Option<String> = "Status",
        threshold: Option<f64> = "Threshold",
        user_id: Option<i64> = "UserId",
    }

    /// What [`ModifyCustomizeFlowStrategyList`] answers.
    ModifyCustomizeFlowStrategyListResponse {
        data: Option<i64> = "Data",
        http_status_code: Option<i64> = "HttpStatusCode",
        success: Option<bool> = "Success",
    }

    /// What [`DeleteCustomizeFlowStrategy`] answers.
    DeleteCustomizeFlowStrategyResponse {
        data: Option<i64> = "Data",
        http_status_code: Option<i64> = "HttpStatusCode",
        success: Option<bool> = "Success",
    }

    /// What [`DeleteAllCustomizeFlowStrategy`] answers.
    DeleteAllCustomizeFlowStrategyResponse {
        data: Option<i64> = "Data",
        http_status_code: Option<i64> = "HttpStatusCode",
        success: Option<bool> = "Success",
    }

    /// What [`QueryCustomizeFlowStrategy`] answers.
    QueryCustomizeFlowStrategyResponse {
        http_status_code: Option<i64> = "HttpStatusCode",
        result_object: Vec<FlowLimit> = "ResultObject",
        success: Option<bool> = "Success",
    }

    /// A limit of use.
    FlowLimit {
        accumulate_key: Option<String> = "AccumulateKey",
        accumulate_window: Option<String> = "AccumulateWindow",
        api_name: Option<String> = "ApiName",
        flow_type: Option<String> = "FlowType",
        id: Option<String> = "Id",
        operation: Option<String> = "Operation",
        status: Option<String> = "Status",
        threshold: Option<String> = "Threshold",
        user_id: Option<Sensitive> = "UserId",
    }
}
