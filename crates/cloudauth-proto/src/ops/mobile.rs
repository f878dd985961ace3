//! Checks of phone numbers against the carriers' records.

use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::replies;
use crate::operation::operations;
use crate::secret::Sensitive;

operations! {
    /// Checks whether a name and a phone number belong together.
    Mobile2MetaVerify(NotIdempotent) -> Mobile2MetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        requires {
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: its hash.
            form user_name: Sensitive = "UserName",
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together.
    Mobile3MetaSimpleVerify(NotIdempotent) -> Mobile3MetaSimpleVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its hash. Only numbers of second-generation identity cards
            /// and of residence permits for people from Hong Kong, Macao and Taiwan.
            form identify_num: Sensitive = "IdentifyNum",
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: its hash.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together: the standard edition
    /// of [`Mobile3MetaSimpleVerify`].
    Mobile3MetaSimpleStandardVerify(NotIdempotent) -> Mobile3MetaSimpleStandardVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its hash.
            form identify_num: Sensitive = "IdentifyNum",
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: its hash.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together, and which of them
    /// does not.
    Mobile3MetaDetailVerify(NotIdempotent) -> Mobile3MetaDetailVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its hash. Only numbers of second-generation identity cards
            /// and of residence permits for people from Hong Kong, Macao and Taiwan.
            form identify_num: Sensitive = "IdentifyNum",
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: its hash.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Checks whether a name, an ID number and a phone number belong together, and which of them
    /// does not: the standard edition of [`Mobile3MetaDetailVerify`].
    Mobile3MetaDetailStandardVerify(NotIdempotent) -> Mobile3MetaDetailStandardVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// ID number. With `md5`: its hash.
            form identify_num: Sensitive = "IdentifyNum",
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
            /// Name. With `md5`: its hash.
            form user_name: Sensitive = "UserName",
        }
    }

    /// Queries whether a phone number is in use.
    MobileOnlineStatus(NotIdempotent) -> MobileOnlineStatusResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
        }
    }

    /// Queries how long a phone number has been in use.
    MobileOnlineTime(NotIdempotent) -> MobileOnlineTimeResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Phone number. With `md5`: its hash.
            form mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
        }
    }

    /// Checks whether a phone number was given to a new subscriber after a date.
    MobileRecycledMetaVerify(NotIdempotent) -> MobileRecycledMetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        requires {
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Phone number. With `md5`: its hash.
            query mobile: Sensitive = "Mobile",
            /// Date on which the caller registered the number, as `YYYYMMDD`.
            query register_date: String = "RegisterDate",
        }
    }

    /// Queries the state of several phone numbers.
    MobileDetect(NotIdempotent) -> MobileDetectResponse {
        accepts {
            /// Phone numbers, separated by commas. With `md5`: their hashes.
            form mobiles: Sensitive = "Mobiles",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            form param_type: String = "ParamType",
        }
    }
}

replies! {
    /// Reply to [`Mobile2MetaVerify`].
    Mobile2MetaVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
    }

    /// Reply to [`Mobile3MetaSimpleVerify`].
    Mobile3MetaSimpleVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
    }

    /// Reply to [`Mobile3MetaSimpleStandardVerify`].
    Mobile3MetaSimpleStandardVerifyResponse {
        /// Result: `1` consistent (billed), `2` not consistent (billed), `3` no record (not
        /// billed).
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom), `CTCC` (China Telecom) or `CBCC`
        /// (China Broadnet).
        isp_name: Option<String> = "IspName",
    }

    /// Reply to [`Mobile3MetaDetailVerify`].
    Mobile3MetaDetailVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Reason: `101` passed; `201` neither name nor ID number matches the phone number; `202`
        /// the name matches, the ID number does not; `203` the ID number matches, the name does
        /// not; `204` other mismatch; `301` no record. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`Mobile3MetaDetailStandardVerify`].
    Mobile3MetaDetailStandardVerifyResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom), `CTCC` (China Telecom) or `CBCC`
        /// (China Broadnet).
        isp_name: Option<String> = "IspName",
        /// Reason: `101` passed; `201` neither name nor ID number matches the phone number; `202`
        /// the name matches, the ID number does not; `203` the ID number matches, the name does
        /// not; `204` other mismatch; `301` no record. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`MobileOnlineStatus`].
    MobileOnlineStatusResponse {
        /// Result: `1` in use, `2` not in use (see `SubCode`), `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// State: `101` in use; `201` suspended; `202` cancelled; `203` in use but unavailable;
        /// `204` not in use; `301` no record. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`MobileOnlineTime`].
    MobileOnlineTimeResponse {
        /// Result: `1` consistent, `2` not consistent, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Time in use, in months: `1` (less than 3), `2` (3 to 6), `3` (6 to 12), `4` (12 to 24)
        /// or `5` (24 and more).
        time_code: Option<String> = "TimeCode",
    }

    /// Reply to [`MobileRecycledMetaVerify`].
    MobileRecycledMetaVerifyResponse {
        /// Result: `1` record found, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Reason: `101` registered on or after the number's activation; `102` registered before
        /// it; `103` new subscriber, not yet known; `301` error in the data, or the subscriber is
        /// gone. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }

    /// Reply to [`MobileDetect`].
    MobileDetectResponse {
        /// Number of billed queries in this request.
        charge_count: Option<String> = "ChargeCount",
        /// States, one per phone number.
        items: Vec<MobileStatus> = "Items",
    }

    /// State of one phone number.
    MobileStatus {
        /// Region of the number; for `ParamType` `normal` only.
        area: Option<String> = "Area",
        /// Result: `1` in use, `2` not in use, `3` no record.
        biz_code: Option<String> = "BizCode",
        /// Carrier: `CMCC` (China Mobile), `CUCC` (China Unicom) or `CTCC` (China Telecom).
        isp_name: Option<String> = "IspName",
        /// Phone number.
        mobile: Option<Sensitive> = "Mobile",
        /// State: `101` available; `102` not assigned; `103` suspended; `104` silent (hardly used
        /// for half a year, new, or not a smartphone); `105` risky (switched off for long, without
        /// voice service, or prone to complaints); `301` no record. These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }
}
