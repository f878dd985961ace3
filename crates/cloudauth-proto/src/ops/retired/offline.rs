//! Devices with the vendor's offline SDK, which verifies without a network.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::{InvalidField, Row, operations};
use crate::ops::rules;
use crate::secret::Sensitive;

operations! {
    /// Creates a key that activates the offline SDK on one device. It is valid for 30 minutes and
    /// one use (documented).
    CreateAuthKey(NotIdempotent) -> CreateAuthKeyResponse {
        with { payload: None }
        accepts {
            /// Years of authorization: 1 to 100; 100 is for ever. Required unless `Test` is `true`.
            query auth_years: i32 = "AuthYears",
            /// Caller's own remark on the business, at most 64 characters.
            query biz_type: String = "BizType" max 64,
            /// Trial authorization of 30 days.
            query test: bool = "Test",
            /// Caller's own ID of the device, at most 64 characters; the vendor recommends its
            /// hardware number.
            query user_device_id: Sensitive = "UserDeviceId" max 64,
        }
        check check_key;
    }

    /// Changes the record of a device, or extends its authorization.
    ModifyDeviceInfo(NotIdempotent) -> ModifyDeviceInfoResponse {
        with { payload: None, confirmed_by: Some("DescribeDeviceInfo") }
        requires {
            /// ID of the device, from the vendor's offline SDK; it exists once the device is
            /// activated.
            query device_id: Sensitive = "DeviceId",
        }
        accepts {
            /// Caller's own remark on the business, at most 64 characters.
            query biz_type: String = "BizType" max 64,
            /// Years to extend the authorization by: 1 to 100; 100 is for ever. A year is 365 days.
            query duration: String = "Duration",
            /// Current end of the authorization; a difference of more than a week from the
            /// service's record is refused.
            query expired_day: String = "ExpiredDay",
            /// Caller's own ID of the device, at most 64 characters; the vendor recommends its
            /// hardware number.
            query user_device_id: Sensitive = "UserDeviceId" max 64,
        }
    }

    /// Lists the devices, a page at a time.
    DescribeDeviceInfo(ReadOnly) -> DescribeDeviceInfoResponse {
        with { payload: None }
        accepts {
            /// Caller's own remark on the business, at most 64 characters.
            query biz_type: String = "BizType",
            /// Page number, from 1.
            query current_page: i32 = "CurrentPage",
            /// ID of the device, from the vendor's offline SDK; it exists once the device is
            /// activated.
            query device_id: Sensitive = "DeviceId",
            /// Latest end of the authorizations to list, as `YYYYMMDD`.
            query expired_end_day: String = "ExpiredEndDay",
            /// Earliest end of the authorizations to list, as `YYYYMMDD`.
            query expired_start_day: String = "ExpiredStartDay",
            /// Entries per page.
            query page_size: i32 = "PageSize",
            /// Caller's own ID of the device, at most 64 characters; the vendor recommends its
            /// hardware number.
            query user_device_id: Sensitive = "UserDeviceId",
        }
    }

    /// Queries where a generated offline SDK is.
    DescribeVerifySDK(ReadOnly) -> DescribeVerifySDKResponse {
        with { payload: None }
        requires {
            /// ID of the task that generates the SDK.
            query task_id: String = "TaskId",
        }
    }
}

fn check_key(create: &dyn Row, problems: &mut Vec<InvalidField>) {
    if !rules::is(create, "Test", "true") {
        let problem = "is missing: it is required unless Test is true";
        rules::require(create, &["AuthYears"], problem, problems);
    }
}

replies! {
    /// Reply to [`CreateAuthKey`].
    CreateAuthKeyResponse {
        /// Key that activates the SDK; valid for 30 minutes and one use.
        auth_key: Option<Sensitive> = "AuthKey",
    }

    /// Reply to [`ModifyDeviceInfo`].
    ModifyDeviceInfoResponse {
        /// Start of the authorization, as `YYYYMMDD`.
        begin_day: Option<String> = "BeginDay",
        /// Caller's own remark on the business.
        biz_type: Option<String> = "BizType",
        /// ID of the device.
        device_id: Option<Sensitive> = "DeviceId",
        /// End of the authorization, as `YYYYMMDD`.
        expired_day: Option<String> = "ExpiredDay",
        /// Caller's own ID of the device.
        user_device_id: Option<Sensitive> = "UserDeviceId",
    }

    /// Reply to [`DescribeDeviceInfo`].
    DescribeDeviceInfoResponse {
        /// Page number, from 1.
        current_page: Option<i64> = "CurrentPage",
        /// Devices of this page.
        device_info_list: Option<DeviceInfoList> = "DeviceInfoList",
        /// Entries per page.
        page_size: Option<i64> = "PageSize",
        /// Number of entries on all pages.
        total_count: Option<i64> = "TotalCount",
    }

    /// Devices of a page.
    DeviceInfoList {
        /// Records of the devices.
        device_info: Vec<DeviceInfo> = "DeviceInfo",
    }

    /// Record of a device.
    DeviceInfo {
        /// Start of the authorization, as `YYYYMMDD`.
        begin_day: Option<String> = "BeginDay",
        /// Caller's own remark on the business.
        biz_type: Option<String> = "BizType",
        /// ID of the device.
        device_id: Option<Sensitive> = "DeviceId",
        /// End of the authorization, as `YYYYMMDD`.
        expired_day: Option<String> = "ExpiredDay",
        /// Caller's own ID of the device.
        user_device_id: Option<Sensitive> = "UserDeviceId",
    }

    /// Reply to [`DescribeVerifySDK`].
    DescribeVerifySDKResponse {
        /// URL of the SDK; missing until it is generated.
        sdk_url: Option<String> = "SdkUrl",
    }
}
