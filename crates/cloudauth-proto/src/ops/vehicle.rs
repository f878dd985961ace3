//! Checks and queries of vehicles and their owners.

use alloc::string::String;
use alloc::vec::Vec;

use super::rules;
use crate::decode::replies;
use crate::operation::operations;
use crate::operation::{InvalidField, Row};
use crate::secret::Sensitive;

operations! {
    /// Checks whether a vehicle and its owner belong together.
    VehicleMetaVerify(NotIdempotent) -> VehicleMetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits. Required if `VerifyMetaType` is `VEHICLE_3_META` (documented).
            query identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            query user_name: Sensitive = "UserName",
            /// Number plate. With `md5`: all but its last 2 characters, then the MD5 of those.
            query vehicle_num: Sensitive = "VehicleNum",
            /// Kind of vehicle: `02` (small car) or `52` (small car, electric).
            query vehicle_type: String = "VehicleType",
            /// Data to check: `VEHICLE_2_META` (name and plate) or `VEHICLE_3_META` (and ID
            /// number).
            query verify_meta_type: String = "VerifyMetaType",
        }
        check check_owner;
    }

    /// Checks whether a vehicle and its owner belong together, and queries the vehicle's data.
    VehicleMetaVerifyV2(NotIdempotent) -> VehicleMetaVerifyV2Response {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits. Required if `VerifyMetaType` is `VEHICLE_3_META` (documented).
            query identify_num: Sensitive = "IdentifyNum",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            query user_name: Sensitive = "UserName",
            /// Number plate. With `md5`: all but its last 2 characters, then the MD5 of those.
            query vehicle_num: Sensitive = "VehicleNum",
            /// Kind of vehicle: `02` (small car) or `52` (small car, electric).
            query vehicle_type: String = "VehicleType",
            /// Data to check: `VEHICLE_2_META` (name and plate) or `VEHICLE_3_META` (and ID
            /// number).
            query verify_meta_type: String = "VerifyMetaType",
        }
        check check_owner;
    }

    /// Queries the data of a vehicle.
    VehicleQuery(NotIdempotent) -> VehicleQueryResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Number plate. With `md5`: all but its last 2 characters, then the MD5 of those.
            query vehicle_num: Sensitive = "VehicleNum",
            /// Kind of vehicle: `02` (small car) or `52` (small car, electric).
            query vehicle_type: String = "VehicleType",
        }
    }

    /// Queries five items of a vehicle's data.
    Vehicle5ItemQuery(NotIdempotent) -> Vehicle5ItemQueryResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Number plate. With `md5`: all but its last 2 characters, then the MD5 of those.
            query vehicle_num: Sensitive = "VehicleNum",
            /// Kind of vehicle: `02` (small car) or `52` (small car, electric).
            query vehicle_type: String = "VehicleType",
        }
    }

    /// Queries the insurance date of a vehicle.
    VehicleInsureQuery(NotIdempotent) -> VehicleInsureQueryResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Number plate. With `md5`: all but its last 2 characters, then the MD5 of those.
            query vehicle_num: Sensitive = "VehicleNum",
            /// Kind of vehicle: `02` (small car) or `52` (small car, electric).
            query vehicle_type: String = "VehicleType",
            /// Vehicle identification number. With `md5`: all but its last 4 characters, then the
            /// MD5 of those.
            query vin: Sensitive = "Vin",
        }
    }
}

fn check_owner(check: &dyn Row, problems: &mut Vec<InvalidField>) {
    let with_number = ("VerifyMetaType", &["VEHICLE_3_META"][..]);
    rules::require_if(check, with_number, &["IdentifyNum"], problems);
}

replies! {
    /// Reply to [`VehicleMetaVerify`].
    VehicleMetaVerifyResponse {
        /// Result: `1` consistent (billed), `2` not consistent (billed), `3` no record (not
        /// billed).
        biz_code: Option<String> = "BizCode",
    }

    /// Reply to [`VehicleMetaVerifyV2`].
    VehicleMetaVerifyV2Response {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Data of the vehicle: a string that holds JSON;
        /// [`VehicleInfo`](crate::verify::VehicleInfo) reads it.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// Reply to [`VehicleQuery`].
    VehicleQueryResponse {
        /// Result: `1` record found (billed), `3` no record (not billed).
        biz_code: Option<String> = "BizCode",
        /// Data of the vehicle: a string that holds JSON;
        /// [`VehicleInfo`](crate::verify::VehicleInfo) reads it.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// Reply to [`Vehicle5ItemQuery`].
    Vehicle5ItemQueryResponse {
        /// Result: `1` record found (billed), `3` no record (not billed).
        biz_code: Option<String> = "BizCode",
        /// Data of the vehicle: a string that holds JSON;
        /// [`VehicleInfo`](crate::verify::VehicleInfo) reads it.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }

    /// Reply to [`VehicleInsureQuery`].
    VehicleInsureQueryResponse {
        /// Result: `1` record found (billed), `3` no record (not billed).
        biz_code: Option<String> = "BizCode",
        /// Insurance date: a string that holds JSON.
        vehicle_info: Option<Sensitive> = "VehicleInfo",
    }
}
