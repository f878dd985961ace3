//! Devices that verify without a network.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Makes a key that switches the offline SDK on, on one device.
    CreateAuthKey(Once) -> CreateAuthKeyResponse {
        with { payload: None }
        accepts {
            /// Needed for some values of other fields (the vendor's metadata).
            query auth_years: i32 = "AuthYears",
            query biz_type: String = "BizType" max 64,
            query test: bool = "Test",
            query user_device_id: Sensitive = "UserDeviceId" max 64,
        }
    }

    /// Changes a device's record, or prolongs it.
    ModifyDeviceInfo(Once) -> ModifyDeviceInfoResponse {
        with { payload: None, settled_by: Some("DescribeDeviceInfo") }
        requires {
            query device_id: Sensitive = "DeviceId",
        }
        accepts {
            query biz_type: String = "BizType" max 64,
            query duration: String = "Duration",
            query expired_day: String = "ExpiredDay",
            query user_device_id: Sensitive = "UserDeviceId" max 64,
        }
    }

    /// Lists the devices, a page at a time.
    DescribeDeviceInfo(Query) -> DescribeDeviceInfoResponse {
        with { payload: None }
        accepts {
            query biz_type: String = "BizType",
            /// Which page, from 1.
            query current_page: i32 = "CurrentPage",
            query device_id: Sensitive = "DeviceId",
            query expired_end_day: String = "ExpiredEndDay",
            query expired_start_day: String = "ExpiredStartDay",
            /// How many to a page.
            query page_size: i32 = "PageSize",
            query user_device_id: Sensitive = "UserDeviceId",
        }
    }

    /// Asks where a generated SDK is.
    DescribeVerifySDK(Query) -> DescribeVerifySDKResponse {
        with { payload: None }
        requires {
            query task_id: String = "TaskId",
        }
    }
}

replies! {
    /// What [`CreateAuthKey`] answers.
    CreateAuthKeyResponse {
        auth_key: Option<Sensitive> = "AuthKey",
    }

    /// What [`ModifyDeviceInfo`] answers.
    ModifyDeviceInfoResponse {
        begin_day: Option<String> = "BeginDay",
        biz_type: Option<String> = "BizType",
        device_id: Option<Sensitive> = "DeviceId",
        expired_day: Option<String> = "ExpiredDay",
        user_device_id: Option<Sensitive> = "UserDeviceId",
    }

    /// What [`DescribeDeviceInfo`] answers.
    DescribeDeviceInfoResponse {
        current_page: Option<i64> = "CurrentPage",
        device_info_list: Option<DeviceInfoList> = "DeviceInfoList",
        page_size: Option<i64> = "PageSize",
        /// How many there are on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// The devices of a page.
    DeviceInfoList {
        device_info: Vec<DeviceInfo> = "DeviceInfo",
    }

    /// A device.
    DeviceInfo {
        begin_day: Option<String> = "BeginDay",
        biz_type: Option<String> = "BizType",
        device_id: Option<Sensitive> = "DeviceId",
        expired_day: Option<String> = "ExpiredDay",
        user_device_id: Option<Sensitive> = "UserDeviceId",
    }

    /// What [`DescribeVerifySDK`] answers.
    DescribeVerifySDKResponse {
        sdk_url: Option<String> = "SdkUrl",
    }
}
