//! Objects inside of requests, sent as compact JSON.

use alloc::string::String;

use serde::{Deserialize, Serialize, Serializer};

use crate::secret::Sensitive;

/// A placeholder of the prompt of [`CredentialVerify`](super::CredentialVerify), and the words that
/// replace it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::exhaustive_structs, reason = "a name and a value")]
pub struct MerchantDetail {
    /// Name of the placeholder: `MerchantName`, `BusinessType` or `BusinessContent`.
    pub key: String,
    /// Words that replace it.
    #[serde(serialize_with = "exposed")]
    pub value: Option<Sensitive>,
}

macro_rules! parts {
    ($(
        $(#[$doc:meta])*
        $name:ident {$(
            $(#[$field_doc:meta])*
            $field:ident: $type:ty $([$($serde:tt)*])?,
        )*}
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default, rename_all = "PascalCase")]
        #[non_exhaustive]
        pub struct $name {$(
            $(#[$field_doc])*
            #[serde(skip_serializing_if = "Option::is_none" $(, $($serde)*)?)]
            pub $field: Option<$type>,
        )*}

        impl $name {
            /// Creates it with no field set.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
                #[doc = concat!("Sets `", stringify!($field), "`.\n\n")]
                $(#[$field_doc])*
                #[must_use]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*
        }
    )*};
}

parts! {
    /// Rule of the black list.
    BlackListStrategy {
        /// Numbers or addresses, separated by commas.
        biz_content: Sensitive [serialize_with = "exposed"],
        /// Kind of content: `mobile`, `ip`, `identifyNum` or `bankCard`.
        biz_key: String,
        /// ID of the rule to change; a new rule if unset.
        id: i64,
        /// Product: `id2meta` (name and ID number), `mobile3Meta` (phone numbers) or `bankcardMeta`
        /// (bank cards).
        product_name: String,
        /// State. The vendor documents `1` (passed) and `2` (not passed) here, but `normal` and
        /// `disabled` for the rules that are listed.
        status: String,
    }

    /// Threshold of an alert.
    ControlStrategy {
        /// Operation, by its product code.
        api_name: String,
        /// Measure: `QPS` (queries per second), `SUCCESS_RATE_5_MIN`, `RESP_TIME_5_MIN` (mean response
        /// time), `AMOUNT_RISE`, `AMOUNT_FALL` (change of the number of calls), `PASSED_RATE_1_HOUR`
        /// or `PARAM_ERROR_RATE_1_HOUR`.
        biz_type: String,
        /// ID of the rule to change.
        id: i64,
        /// State: `normal` (enabled) or `disabled`.
        status: String,
        /// Threshold, in the unit of the measure.
        threshold: f64,
    }

    /// Limit on the use of an operation.
    FlowStrategy {
        /// Key by which uses are added up; its values are not documented.
        accumulate_key: String,
        /// Window over which uses are added up, in minutes.
        accumulate_window: i64,
        /// Operation, by its product code. Required by the vendor's metadata.
        api_name: String,
        /// Measure: `ACCUMULATE` (repetitions of an ID number), `PASSED_RATE`, `SUB_CODE_205` or
        /// `SUB_CODE_206` (share of these verdicts).
        flow_type: String,
        /// ID of the rule to change.
        id: i64,
        /// Action beyond the limit; its values are not documented.
        operation: String,
        /// State: `normal` (enabled) or `disabled`. Required by the vendor's metadata.
        status: String,
        /// Limit, in the unit of the measure. Required by the vendor's metadata.
        threshold: i32,
        /// Account ID.
        user_id: i64,
    }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn exposed<S: Serializer>(value: &Option<Sensitive>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Sensitive::expose).serialize(to)
}
