//! Objects inside requests, which travel as compact JSON.

use alloc::string::String;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::secret::Sensitive;

/// A named value that [`CredentialVerify`](super::CredentialVerify) is told about the merchant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(clippy::exhaustive_structs, reason = "a name and a value")]
pub struct MerchantDetail {
    /// What it is.
    pub key: String,
    /// The value.
    #[serde(serialize_with = "exposed", deserialize_with = "hidden")]
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
            /// One with nothing set.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }

            $(
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
    /// An entry of a black list.
    BlackListStrategy {
        /// Whom it is about: a number, an address.
        biz_content: Sensitive [serialize_with = "exposed", deserialize_with = "hidden"],
        /// What kind of content that is.
        biz_key: String,
        /// The entry to change; a new one if it is not set.
        id: i64,
        /// The product.
        product_name: String,
        /// Whether it counts.
        status: String,
    }

    /// A threshold of risk control.
    ControlStrategy {
        /// The operation.
        api_name: String,
        /// What kind of risk.
        biz_type: String,
        /// The threshold to change.
        id: i64,
        /// Whether it counts.
        status: String,
        /// From where on it is a risk.
        threshold: f64,
    }

    /// A limit of how often an operation may be used.
    FlowStrategy {
        /// By what uses are added up.
        accumulate_key: String,
        /// Over how long they are added up.
        accumulate_window: i64,
        /// The operation. The vendor's metadata marks it as required.
        api_name: String,
        /// What kind of limit.
        flow_type: String,
        /// The limit to change.
        id: i64,
        /// What happens beyond it.
        operation: String,
        /// Whether it counts. The vendor's metadata marks it as required.
        status: String,
        /// How many uses. The vendor's metadata marks it as required.
        threshold: i32,
        /// The account.
        user_id: i64,
    }
}

#[expect(clippy::ref_option, reason = "serde's signature")]
fn exposed<S: Serializer>(value: &Option<Sensitive>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Sensitive::expose).serialize(to)
}

fn hidden<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Sensitive>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Sensitive::new))
}
