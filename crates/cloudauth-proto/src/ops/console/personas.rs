//! Statistics of the verified people and their devices.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::operations;

operations! {
    /// Counts the verified people by model of device.
    DescribeVerifyPersonasDeviceModelStatistics(ReadOnly) -> DescribeVerifyPersonasDeviceModelStatisticsResponse {
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
            /// Time range: the last days, as a number in a string (`7`: the last 7 days).
            query time_range: String = "TimeRange",
        }
        accepts {
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts the verified people by operating system.
    DescribeVerifyPersonasOsStatistics(ReadOnly) -> DescribeVerifyPersonasOsStatisticsResponse {
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
            /// Time range: the last days, as a number in a string (`7`: the last 7 days).
            query time_range: String = "TimeRange",
        }
        accepts {
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts the verified people by province.
    DescribeVerifyPersonasProvinceStatistics(ReadOnly) -> DescribeVerifyPersonasProvinceStatisticsResponse {
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
            /// Time range: the last days, as a number in a string (`7`: the last 7 days).
            query time_range: String = "TimeRange",
        }
        accepts {
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts the verified people by sex and age.
    DescribeVerifyPersonasSexStatistics(ReadOnly) -> DescribeVerifyPersonasSexStatisticsResponse {
        requires {
            /// Service: `antcloudauth` (financial-grade verification), or `cloudauthst` (enhanced
            /// edition, no longer sold).
            query service_code: String = "ServiceCode",
            /// Time range: the last days, as a number in a string (`7`: the last 7 days).
            query time_range: String = "TimeRange",
        }
        accepts {
            /// Product code.
            query product_code: String = "ProductCode",
            /// Scene ID, from the console.
            query scene_id: i64 = "SceneId",
        }
    }
}

replies! {
    /// Reply to [`DescribeVerifyPersonasDeviceModelStatistics`].
    DescribeVerifyPersonasDeviceModelStatisticsResponse {
        /// Number of devices.
        all_device_cnt: Option<i64> = "AllDeviceCnt",
        /// Counts by model.
        items: Vec<DeviceModelCount> = "Items",
    }

    /// Count of one model of device.
    DeviceModelCount {
        /// Number of devices.
        device_cnt: Option<i64> = "DeviceCnt",
        /// Model.
        device_model: Option<String> = "DeviceModel",
        /// Share of all devices.
        device_rate: Option<String> = "DeviceRate",
    }

    /// Reply to [`DescribeVerifyPersonasOsStatistics`].
    DescribeVerifyPersonasOsStatisticsResponse {
        /// Number of devices.
        all_device_cnt: Option<i64> = "AllDeviceCnt",
        /// Number of Android devices.
        device_android_cnt: Option<i64> = "DeviceAndroidCnt",
        /// Share of Android devices.
        device_android_rate: Option<String> = "DeviceAndroidRate",
        /// Number of iOS devices.
        device_ios_cnt: Option<i64> = "DeviceIosCnt",
        /// Share of iOS devices.
        device_ios_rate: Option<String> = "DeviceIosRate",
    }

    /// Reply to [`DescribeVerifyPersonasProvinceStatistics`].
    DescribeVerifyPersonasProvinceStatisticsResponse {
        /// Number of people.
        all_user_cnt: Option<i64> = "AllUserCnt",
        /// Counts by province.
        items: Vec<ProvinceCount> = "Items",
    }

    /// Count of one province.
    ProvinceCount {
        /// Number of people.
        province_cnt: Option<i64> = "ProvinceCnt",
        /// Name of the province.
        province_name: Option<String> = "ProvinceName",
        /// Share of all people.
        province_rate: Option<String> = "ProvinceRate",
    }

    /// Reply to [`DescribeVerifyPersonasSexStatistics`].
    DescribeVerifyPersonasSexStatisticsResponse {
        /// Number of people from 0 to 14 years.
        age0_to14_cnt: Option<i64> = "Age0To14Cnt",
        /// Share of people from 0 to 14 years.
        age0_to14_rate: Option<String> = "Age0To14Rate",
        /// Number of people from 14 to 18 years.
        age14_to18_cnt: Option<i64> = "Age14To18Cnt",
        /// Share of people from 14 to 18 years.
        age14_to18_rate: Option<String> = "Age14To18Rate",
        /// Number of people from 18 to 35 years.
        age18_to35_cnt: Option<i64> = "Age18To35Cnt",
        /// Share of people from 18 to 35 years.
        age18_to35_rate: Option<String> = "Age18To35Rate",
        /// Number of people from 35 to 50 years.
        age35_to50_cnt: Option<i64> = "Age35To50Cnt",
        /// Share of people from 35 to 50 years.
        age35_to50_rate: Option<String> = "Age35To50Rate",
        /// Number of people of 50 years and more.
        age50_to999_cnt: Option<i64> = "Age50To999Cnt",
        /// Share of people of 50 years and more.
        age50_to999_rate: Option<String> = "Age50To999Rate",
        /// Number of people.
        all_user_cnt: Option<i64> = "AllUserCnt",
        /// Number of women.
        female_cnt: Option<i64> = "FemaleCnt",
        /// Share of women.
        female_rate: Option<String> = "FemaleRate",
        /// Number of men.
        male_cnt: Option<i64> = "MaleCnt",
        /// Share of men.
        male_rate: Option<String> = "MaleRate",
    }
}
