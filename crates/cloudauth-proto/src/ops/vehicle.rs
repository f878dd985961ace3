//! Vehicles and their owners.

use alloc::string::String;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Checks whether a vehicle and its owner belong together.
    VehicleMetaVerify(Once) -> VehicleMetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number. Needed for some values of other fields (the vendor's metadata).
            query identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The person's name.
            query user_name: Sensitive = "UserName",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
            /// `02` (small) or `52` (small, electric).
            query vehicle_type: String = "VehicleType",
            /// `VEHICLE_2_META` or `VEHICLE_3_META`.
            query verify_meta_type: String = "VerifyMetaType",
        }
    }

    /// As [`VehicleMetaVerify`]; answers with the vehicle's data as well.
    VehicleMetaVerifyV2(Once) -> VehicleMetaVerifyV2Response {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number. Needed for some values of other fields (the vendor's metadata).
            query identify_num: Sensitive = "IdentifyNum",
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The person's name.
            query user_name: Sensitive = "UserName",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
            /// `02` (small) or `52` (small, electric).
            query vehicle_type: String = "VehicleType",
            /// `VEHICLE_2_META` or `VEHICLE_3_META`.
            query verify_meta_type: String = "VerifyMetaType",
        }
    }

    /// Asks for the data of a vehicle.
    VehicleQuery(Once) -> VehicleQueryResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
            /// `02` (small) or `52` (small, electric).
            query vehicle_type: String = "VehicleType",
        }
    }

    /// Asks for five items of a vehicle's data.
    Vehicle5ItemQuery(Once) -> Vehicle5ItemQueryResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
            /// `02` (small) or `52` (small, electric).
            query vehicle_type: String = "VehicleType",
        }
    }

    /// Asks for the insurance of a vehicle.
    VehicleInsureQuery(Once) -> VehicleInsureQueryResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The number plate.
            query vehicle_num: Sensitive = "VehicleNum",
            /// `02` (small) or `52` (small, electric).
            query vehicle_type: String = "VehicleType",
            /// The vehicle's identification number.
            query vin: Sensitive = "Vin",
        }
    }
}

replies! {
    /// What [`VehicleMetaVerify`] answers.
    VehicleMetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
    }

    /// What [`VehicleMetaVerifyV2`] answers.
    VehicleMetaVerifyV2Response {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: the vehicle's data.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// What [`VehicleQuery`] answers.
    VehicleQueryResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: the vehicle's data.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// What [`Vehicle5ItemQuery`] answers.
    Vehicle5ItemQueryResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: the vehicle's data.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// What [`VehicleInsureQuery`] answers.
    VehicleInsureQueryResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// JSON text: the vehicle's data.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }
}
