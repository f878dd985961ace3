//! Phone numbers against the carriers' records.

use alloc::string::String;
use alloc::vec::Vec;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Checks whether a name and a phone number belong together.
    Mobile2MetaVerify(Once) -> Mobile2MetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        requires {
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together; answers yes or no.
    Mobile3MetaSimpleVerify(Once) -> Mobile3MetaSimpleVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// As [`Mobile3MetaSimpleVerify`], the standard edition.
    Mobile3MetaSimpleStandardVerify(Once) -> Mobile3MetaSimpleStandardVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together; answers which of
    /// them does not.
    Mobile3MetaDetailVerify(Once) -> Mobile3MetaDetailVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// As [`Mobile3MetaDetailVerify`], the standard edition.
    Mobile3MetaDetailStandardVerify(Once) -> Mobile3MetaDetailStandardVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The ID number.
            form identify_num: Sensitive = "IdentifyNum",
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
            /// The person's name.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Asks whether a phone number is in use.
    MobileOnlineStatus(Once) -> MobileOnlineStatusResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
        }
    }

    /// Asks how long a phone number has been in use.
    MobileOnlineTime(Once) -> MobileOnlineTimeResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// The phone number.
            form mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
        }
    }

    /// Asks whether a phone number changed hands since a date.
    MobileRecycledMetaVerify(Once) -> MobileRecycledMetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        requires {
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            /// The phone number.
            query mobile: Sensitive = "Mobile",
            /// The date since when the caller knows the number.
            query register_date: String = "RegisterDate",
        }
    }

    /// Asks which of several phone numbers are not in use.
    MobileDetect(Once) -> MobileDetectResponse {
        accepts {
            /// Phone numbers, with commas between.
            form mobiles: Sensitive = "Mobiles",
            /// `normal` (as it is) or `md5` (hashed).
            form param_type: String = "ParamType",
        }
    }
}

replies! {
    /// What [`Mobile2MetaVerify`] answers.
    Mobile2MetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
    }

    /// What [`Mobile3MetaSimpleVerify`] answers.
    Mobile3MetaSimpleVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
    }

    /// What [`Mobile3MetaSimpleStandardVerify`] answers.
    Mobile3MetaSimpleStandardVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
    }

    /// What [`Mobile3MetaDetailVerify`] answers.
    Mobile3MetaDetailVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`Mobile3MetaDetailStandardVerify`] answers.
    Mobile3MetaDetailStandardVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`MobileOnlineStatus`] answers.
    MobileOnlineStatusResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`MobileOnlineTime`] answers.
    MobileOnlineTimeResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        time_code: Option<String> = "TimeCode",
    }

    /// What [`MobileRecycledMetaVerify`] answers.
    MobileRecycledMetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }

    /// What [`MobileDetect`] answers.
    MobileDetectResponse {
        charge_count: Option<String> = "ChargeCount",
        items: Vec<MobileStatus> = "Items",
    }

    /// The answer about one number.
    MobileStatus {
        area: Option<String> = "Area",
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The carrier.
        isp_name: Option<String> = "IspName",
        mobile: Option<Sensitive> = "Mobile",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }
}
