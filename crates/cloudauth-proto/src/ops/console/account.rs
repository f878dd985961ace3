//! The account: what is switched on, stored and bought.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Asks which products are switched on.
    DescribeAntAndCloudAuthUserStatus(Query) -> DescribeAntAndCloudAuthUserStatusResponse {
        with { payload: None }
    }

    /// Asks whether the service may store into the account's bucket.
    DescribeOssStatus(Query) -> DescribeOssStatusResponse {
        with { payload: None }
        accepts {
            query service_code: String = "ServiceCode",
        }
    }

    /// Asks whether the service may store into the account's bucket, and where that is.
    DescribeOssStatusV2(Query) -> DescribeOssStatusV2Response {
        with { payload: None }
        accepts {
            query service_code: String = "ServiceCode",
            query source_ip: Sensitive = "SourceIp",
        }
    }

    /// Asks for the reasons of failure that the console's pages show.
    DescribePageSetting(Query) -> DescribePageSettingResponse {
        with { payload: None }
    }

    /// Lists the product codes.
    DescribeProductCode(Query) -> DescribeProductCodeResponse {
        with { payload: None }
    }

    /// Lists the packages of calls that were bought.
    QueryVerifyFlowPackage(Query) -> QueryVerifyFlowPackageResponse {
        with { payload: None }
        requires {
            query product_type: String = "ProductType",
        }
    }
}

replies! {
    /// What [`DescribeAntAndCloudAuthUserStatus`] answers.
    DescribeAntAndCloudAuthUserStatusResponse {
        antcloudauth_enabled: Option<bool> = "AntcloudauthEnabled",
        cloudauth_enabled: Option<bool> = "CloudauthEnabled",
        cloudauthst_enabled: Option<bool> = "CloudauthstEnabled",
        inforverify_enabled: Option<bool> = "InforverifyEnabled",
    }

    /// What [`DescribeOssStatus`] answers.
    DescribeOssStatusResponse {
        data: Option<OssStatus> = "Data",
    }

    /// Whether, and into which bucket, the service may store.
    OssStatus {
        bucket_name: Option<String> = "BucketName",
        user_status: Option<String> = "UserStatus",
    }

    /// What [`DescribeOssStatusV2`] answers.
    DescribeOssStatusV2Response {
        http_status_code: Option<i64> = "HttpStatusCode",
        result_object: Option<OssStatusV2> = "ResultObject",
        success: Option<bool> = "Success",
    }

    /// Whether, and into which bucket, the service may store.
    OssStatusV2 {
        bucket_name: Option<String> = "BucketName",
        region: Option<String> = "Region",
        user_status: Option<String> = "UserStatus",
    }

    /// What [`DescribePageSetting`] answers.
    DescribePageSettingResponse {
        fail_reasons: Option<Value> = "FailReasons",
    }

    /// What [`DescribeProductCode`] answers.
    DescribeProductCodeResponse {
        current_page: Option<i64> = "CurrentPage",
        items: Vec<ProductCode> = "Items",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
        total_page: Option<i64> = "TotalPage",
    }

    /// A product.
    ProductCode {
        product_code: Option<String> = "ProductCode",
        product_name: Option<String> = "ProductName",
    }

    /// What [`QueryVerifyFlowPackage`] answers.
    QueryVerifyFlowPackageResponse {
        http_status_code: Option<i64> = "HttpStatusCode",
        items: Vec<FlowPackage> = "Items",
        success: Option<bool> = "Success",
        /// How many there are on all pages.
        total_count: Option<String> = "TotalCount",
    }

    /// Packages of one kind.
    FlowPackage {
        commodity_name: Option<String> = "CommodityName",
        curr_capacity: Option<f64> = "CurrCapacity",
        curr_proportion: Option<String> = "CurrProportion",
        flow_details: Vec<FlowPackageDetail> = "FlowDetails",
        total_capacity: Option<f64> = "TotalCapacity",
        used_capacity: Option<f64> = "UsedCapacity",
    }

    /// A package.
    FlowPackageDetail {
        capacity: Option<f64> = "Capacity",
        commodity_name: Option<String> = "CommodityName",
        curr_capacity: Option<f64> = "CurrCapacity",
        curr_proportion: Option<String> = "CurrProportion",
        expire_date: Option<String> = "ExpireDate",
        instance_name: Option<String> = "InstanceName",
        status: Option<String> = "Status",
        take_effect_date: Option<String> = "TakeEffectDate",
    }
}
