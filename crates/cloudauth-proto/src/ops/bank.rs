//! Checks of bank cards against the banks' records.

use alloc::string::String;
use alloc::vec::Vec;

use super::rules;
use crate::decode::replies;
use crate::operation::{InvalidField, Row, operations};
use crate::secret::Sensitive;

operations! {
    /// Checks whether a bank card and its holder's name belong together, on request with the ID
    /// number and the phone number.
    BankMetaVerify(NotIdempotent) -> BankMetaVerifyResponse {
        with { confirmed_by: Some("DescribeMetaSearchPageList") }
        accepts {
            /// Number of the bank card. With `md5`: all but its last 6 digits, then the MD5 of
            /// those.
            query bank_card: Sensitive = "BankCard",
            /// ID number. With `md5`: its first 6 digits, the MD5 of the date of birth, its last 4
            /// digits. Required if `ProductType` is `BANK_CARD_3_META` (documented) or
            /// `BANK_CARD_4_META`, which checks it, too.
            query identify_num: Sensitive = "IdentifyNum",
            /// Kind of document; its values are not documented.
            query identity_type: String = "IdentityType",
            /// Phone number. With `md5`: its hash. Required if `ProductType` is `BANK_CARD_4_META`
            /// (documented).
            query mobile: Sensitive = "Mobile",
            /// Form of the personal fields: `normal` (as they are) or `md5` (MD5, 32 lower-case
            /// hexadecimal digits).
            query param_type: String = "ParamType",
            /// Data to check: `BANK_CARD_2_META` (card and name), `BANK_CARD_3_META` (and ID
            /// number) or `BANK_CARD_4_META` (and phone number).
            query product_type: String = "ProductType",
            /// Name. With `md5`: the MD5 of its first character, then the other characters as they
            /// are.
            query user_name: Sensitive = "UserName",
            /// Kind of check: `VERIFY_BANK_CARD`.
            query verify_mode: String = "VerifyMode",
        }
        check check_bank;
    }
}

fn check_bank(check: &dyn Row, problems: &mut Vec<InvalidField>) {
    let kind = "ProductType";
    let with_number = (kind, &["BANK_CARD_3_META", "BANK_CARD_4_META"][..]);
    rules::require_if(check, with_number, &["IdentifyNum"], problems);
    let with_phone = (kind, &["BANK_CARD_4_META"][..]);
    rules::require_if(check, with_phone, &["Mobile"], problems);
}

replies! {
    /// Reply to [`BankMetaVerify`].
    BankMetaVerifyResponse {
        /// Result: `1` consistent (billed), `2` not consistent (billed), `3` no record (not
        /// billed).
        biz_code: Option<String> = "BizCode",
        /// Reason: `101` passed; `201` data of the holder; `202` card not enabled for payment with
        /// authentication; `203` expired; `204` restricted; `205` confiscated; `206` invalid; `207`
        /// unknown bank; `208` not initialized or dormant; `209` fraudulent or retained; `210`
        /// reported lost; `211` too many wrong passwords; `212` not supported by the bank; `213` in
        /// an abnormal state; `214` no phone number on record; `215` wrong password, expiry date or
        /// CVN2; `216` other problems of the card; `301` to `306` cannot be checked (not supported;
        /// refused by the bank; no check of phone numbers; wrong card number; other reasons; too
        /// many checks). These numbers are this operation's own:
        /// [`codes::sub_code_of`](crate::codes::sub_code_of) explains them.
        sub_code: Option<String> = "SubCode",
    }
}
