//! Bank cards against the banks' records.

use alloc::string::String;

use crate::operation::operations;
use crate::reply::replies;
use crate::secret::Sensitive;

operations! {
    /// Checks whether a bank card, a name, an ID number and a phone number belong together.
    BankMetaVerify(Once) -> BankMetaVerifyResponse {
        with { settled_by: Some("DescribeMetaSearchPageList") }
        accepts {
            query bank_card: Sensitive = "BankCard",
            /// The ID number. Needed for some values of other fields (the vendor's metadata).
            query identify_num: Sensitive = "IdentifyNum",
            query identity_type: String = "IdentityType",
            /// The phone number. Needed for some values of other fields (the vendor's metadata).
            query mobile: Sensitive = "Mobile",
            /// `normal` (as it is) or `md5` (hashed).
            query param_type: String = "ParamType",
            query product_type: String = "ProductType",
            /// The person's name.
            query user_name: Sensitive = "UserName",
            query verify_mode: String = "VerifyMode",
        }
    }
}

replies! {
    /// What [`BankMetaVerify`] answers.
    BankMetaVerifyResponse {
        /// The outcome.
        biz_code: Option<String> = "BizCode",
        /// The reason; [`codes`](crate::codes) explains it.
        sub_code: Option<String> = "SubCode",
    }
}
