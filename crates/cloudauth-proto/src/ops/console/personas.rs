//! Statistics of the people who were verified.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;

operations! {
    /// Counts by model of phone.
    DescribeVerifyPersonasDeviceModelStatistics(Query) -> DescribeVerifyPersonasDeviceModelStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
            query time_range: String = "TimeRange",
        }
        accepts {
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts by operating system.
    DescribeVerifyPersonasOsStatistics(Query) -> DescribeVerifyPersonasOsStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
            query time_range: String = "TimeRange",
        }
        accepts {
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts by province.
    DescribeVerifyPersonasProvinceStatistics(Query) -> DescribeVerifyPersonasProvinceStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
            query time_range: String = "TimeRange",
        }
        accepts {
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }

    /// Counts by sex and age.
    DescribeVerifyPersonasSexStatistics(Query) -> DescribeVerifyPersonasSexStatisticsResponse {
        requires {
            query service_code: String = "ServiceCode",
            query time_range: String = "TimeRange",
        }
        accepts {
            /// The plan.
            query product_code: String = "ProductCode",
            /// The scene.
            query scene_id: i64 = "SceneId",
        }
    }
}

replies! {
    /// What [`DescribeVerifyPersonasDeviceModelStatistics`] answers.
    DescribeVerifyPersonasDeviceModelStatisticsResponse {
        all_device_cnt: Option<i64> = "AllDeviceCnt",
        items: Vec<DeviceModelCount> = "Items",
    }

    /// The count of a model.
    DeviceModelCount {
        device_cnt: Option<i64> = "DeviceCnt",
        device_model: Option<String> = "DeviceModel",
        device_rate: Option<String> = "DeviceRate",
    }

    /// What [`DescribeVerifyPersonasOsStatistics`] answers.
    DescribeVerifyPersonasOsStatisticsResponse {
        all_device_cnt: Option<i64> = "AllDeviceCnt",
        device_android_cnt: Option<i64> = "DeviceAndroidCnt",
        device_android_rate: Option<String> = "DeviceAndroidRate",
        device_ios_cnt: Option<i64> = "DeviceIosCnt",
        device_ios_rate: Option<String> = "DeviceIosRate",
    }

    /// What [`DescribeVerifyPersonasProvinceStatistics`] answers.
    DescribeVerifyPersonasProvinceStatisticsResponse {
        all_user_cnt: Option<i64> = "AllUserCnt",
        items: Vec<ProvinceCount> = "Items",
    }

    /// The count of a province.
    ProvinceCount {
        province_cnt: Option<i64> = "ProvinceCnt",
        province_name: Option<String> = "ProvinceName",
        province_rate: Option<String> = "ProvinceRate",
    }

    /// What [`DescribeVerifyPersonasSexStatistics`] answers.
    DescribeVerifyPersonasSexStatisticsResponse {
        age0_to14_cnt: Option<i64> = "Age0To14Cnt",
        age0_to14_rate: Option<String> = "Age0To14Rate",
        age14_to18_cnt: Option<i64> = "Age14To18Cnt",
        age14_to18_rate: Option<String> = "Age14To18Rate",
        age18_to35_cnt: Option<i64> = "Age18To35Cnt",
        age18_to35_rate: Option<String> = "Age18To35Rate",
        age35_to50_cnt: Option<i64> = "Age35To50Cnt",
        age35_to50_rate: Option<String> = "Age35To50Rate",
        age50_to999_cnt: Option<i64> = "Age50To999Cnt",
        age50_to999_rate: Option<String> = "Age50To999Rate",
        all_user_cnt: Option<i64> = "AllUserCnt",
        female_cnt: Option<i64> = "FemaleCnt",
        female_rate: Option<String> = "FemaleRate",
        male_cnt: Option<i64> = "MaleCnt",
        male_rate: Option<String> = "MaleRate",
    }
}
