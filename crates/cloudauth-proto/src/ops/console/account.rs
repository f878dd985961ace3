//! The account: activated products, storage and resource plans.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::decode::replies;
use crate::operation::operations;
use crate::secret::Sensitive;

operations! {
    /// Queries which products are activated.
    DescribeAntAndCloudAuthUserStatus(ReadOnly) -> DescribeAntAndCloudAuthUserStatusResponse {
        with { payload: None }
    }

    /// Queries whether the service may store into the account's bucket.
    DescribeOssStatus(ReadOnly) -> DescribeOssStatusResponse {
        with { payload: None }
        accepts {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
        }
    }

    /// Queries whether the service may store into the account's bucket, and the bucket's region.
    DescribeOssStatusV2(ReadOnly) -> DescribeOssStatusV2Response {
        with { payload: None }
        accepts {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
            /// IP address of the caller; the service determines it by itself if unset.
            query source_ip: Sensitive = "SourceIp",
        }
    }

    /// Queries the reasons of failure that the console's pages show.
    DescribePageSetting(ReadOnly) -> DescribePageSettingResponse {
        with { payload: None }
    }

    /// Lists the product codes.
    DescribeProductCode(ReadOnly) -> DescribeProductCodeResponse {
        with { payload: None }
    }

    /// Lists the resource plans that were bought.
    QueryVerifyFlowPackage(ReadOnly) -> QueryVerifyFlowPackageResponse {
        with { payload: None }
        requires {
            /// Product: `FINANCE_VERIFY` (financial-grade verification), `SMART_VERIFY` or
            /// `FACE_VERIFY` (both no longer sold).
            query product_type: String = "ProductType",
        }
    }
}

replies! {
    /// Reply to [`DescribeAntAndCloudAuthUserStatus`].
    DescribeAntAndCloudAuthUserStatusResponse {
        /// Whether financial-grade verification is activated.
        antcloudauth_enabled: Option<bool> = "AntcloudauthEnabled",
        /// Whether the verification of the first generation is activated.
        cloudauth_enabled: Option<bool> = "CloudauthEnabled",
        /// Whether enhanced verification is activated.
        cloudauthst_enabled: Option<bool> = "CloudauthstEnabled",
        /// Whether the checks of names, numbers, cards and vehicles are activated.
        inforverify_enabled: Option<bool> = "InforverifyEnabled",
    }

    /// Reply to [`DescribeOssStatus`].
    DescribeOssStatusResponse {
        /// State of the storage.
        data: Option<OssStatus> = "Data",
    }

    /// State of the storage in the account's bucket.
    OssStatus {
        /// Name of the bucket.
        bucket_name: Option<Sensitive> = "BucketName",
        /// State of the authorization; `SUCCESS` if it is given.
        user_status: Option<String> = "UserStatus",
    }

    /// Reply to [`DescribeOssStatusV2`].
    DescribeOssStatusV2Response {
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// State of the storage.
        result_object: Option<OssStatusV2> = "ResultObject",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
    }

    /// State of the storage in the account's bucket.
    OssStatusV2 {
        /// Name of the bucket.
        bucket_name: Option<Sensitive> = "BucketName",
        /// Region of the bucket.
        region: Option<String> = "Region",
        /// State of the authorization; `SUCCESS` if it is given.
        user_status: Option<String> = "UserStatus",
    }

    /// Reply to [`DescribePageSetting`].
    DescribePageSettingResponse {
        /// Reasons of failure; their form is not documented.
        fail_reasons: Option<Value> = "FailReasons",
    }

    /// Reply to [`DescribeProductCode`].
    DescribeProductCodeResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Entries of this page.
        items: Vec<Product> = "Items",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
        /// Number of pages.
        total_page: Option<i64> = "TotalPage",
    }

    /// Product of the service.
    Product {
        /// Product code.
        product_code: Option<String> = "ProductCode",
        /// Name of the product.
        product_name: Option<String> = "ProductName",
    }

    /// Reply to [`QueryVerifyFlowPackage`].
    QueryVerifyFlowPackageResponse {
        /// HTTP status, repeated in the body.
        http_status_code: Option<i64> = "HttpStatusCode",
        /// Resource plans by kind.
        items: Vec<FlowPackage> = "Items",
        /// Whether the request succeeded.
        success: Option<bool> = "Success",
        /// Number of entries on all pages.
        total_count: Option<String> = "TotalCount",
    }

    /// Resource plans of one kind.
    FlowPackage {
        /// Name of the resource plan.
        commodity_name: Option<String> = "CommodityName",
        /// Calls that are left.
        curr_capacity: Option<f64> = "CurrCapacity",
        /// Share of the calls that is left.
        curr_proportion: Option<String> = "CurrProportion",
        /// The plans one by one.
        flow_details: Vec<FlowPackageDetail> = "FlowDetails",
        /// Calls that were bought.
        total_capacity: Option<f64> = "TotalCapacity",
        /// Calls that were used.
        used_capacity: Option<f64> = "UsedCapacity",
    }

    /// Resource plan.
    FlowPackageDetail {
        /// Calls that were bought.
        capacity: Option<f64> = "Capacity",
        /// Name of the resource plan.
        commodity_name: Option<String> = "CommodityName",
        /// Calls that are left.
        curr_capacity: Option<f64> = "CurrCapacity",
        /// Share of the calls that is left.
        curr_proportion: Option<String> = "CurrProportion",
        /// End of its validity, as `YYYY-MM-DD HH:mm:ss`.
        expire_date: Option<String> = "ExpireDate",
        /// Name of the instance.
        instance_name: Option<String> = "InstanceName",
        /// State; its values are not documented.
        status: Option<String> = "Status",
        /// Start of its validity, as `YYYY-MM-DD HH:mm:ss`.
        take_effect_date: Option<String> = "TakeEffectDate",
    }
}
