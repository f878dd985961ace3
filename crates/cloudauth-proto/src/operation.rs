//! What an operation is, and the table that makes one.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::DeserializeOwned;

use crate::endpoint::Endpoint;
use crate::error::Problem;
use crate::ops::CertifyId;
use crate::policy::Effect;
use crate::secret::Sensitive;
use crate::wire::http::Method;
use crate::wire::params::{Params, Place};

/// Something that the service can be asked to do.
///
/// The table in [`ops`](crate::ops) implements it; an operation that is not there can be written by
/// hand.
pub trait Operation {
    /// Its name.
    const ACTION: &'static str;
    /// The version of the API that has it.
    const VERSION: &'static str = "2019-03-07";
    /// How it is asked for.
    const METHOD: Method = Method::Post;
    /// What doing it twice would do: this decides what is sent again.
    const EFFECT: Effect;
    /// The field of the reply that holds [`Response`](Self::Response).
    const PAYLOAD: &'static str = "ResultObject";
    /// The codes that an endpoint answers if it does not know what is asked about, or not yet. They
    /// settle nothing while the endpoint that must know, [`home`](Self::home), has not answered.
    const UNKNOWN_CODES: &'static [&'static str] = &[];
    /// The operation that tells whether this one was carried out.
    const SETTLED_BY: Option<&'static str> = None;
    /// What it answers.
    type Response: DeserializeOwned + Send;

    /// The endpoint that knows what is asked about; it is asked first.
    fn home(&self) -> Option<&Endpoint> {
        None
    }

    /// Notes in a response which endpoint gave it.
    fn came_from(response: &mut Self::Response, endpoint: &Endpoint) {
        let _ = (response, endpoint);
    }

    /// Finds every field that is missing or malformed.
    fn check(&self) -> Vec<Problem>;

    /// Writes its parameters.
    fn encode(&self, params: &mut Params);
}

/// What a field of an operation can hold.
pub(crate) trait Value {
    fn text(&self) -> Cow<'_, str>;
}

impl Value for String {
    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl Value for Sensitive {
    fn text(&self) -> Cow<'_, str> {
        self.expose().into()
    }
}

impl Value for CertifyId {
    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }
}

impl Value for i64 {
    fn text(&self) -> Cow<'_, str> {
        self.to_string().into()
    }
}

/// What the table says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Its name.
    pub action: &'static str,
    /// What doing it twice would do.
    pub effect: Effect,
    /// Its fields: those that are always needed, then the others.
    pub fields: &'static [Field],
}

/// What the table says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it travels under ACS3.
    pub place: Place,
    /// The most characters it may have, where that is documented.
    pub max: Option<usize>,
    /// Whether it is always needed.
    pub required: bool,
}

/// Checks one value against its field.
pub(crate) fn check_field(field: &Field, text: &str, problems: &mut Vec<Problem>) {
    if field.required && text.is_empty() {
        problems.push(Problem::new(field.name, "is missing"));
    }
    if let Some(max) = field.max
        && text.chars().count() > max
    {
        let problem = alloc::format!("is longer than {max} characters");
        problems.push(Problem::new(field.name, problem));
    }
}

/// Makes operations from a table: a struct with `new` and setters, its [`Operation`] and its
/// [`Info`]. One line per field: where it travels, its name in Rust, its type, its name on the wire,
/// and the most characters that it may have. What an operation says of itself beyond that stands
/// under `also`, as items of [`Operation`].
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        $name:ident($effect:ident) -> $response:ty, check $check:path {
            requires {$(
                $(#[$needed_doc:meta])*
                $needed_place:ident $needed:ident: $needed_type:ty = $needed_wire:literal
                    $(max $needed_max:literal)?,
            )*}
            accepts {$(
                $(#[$doc_of:meta])*
                $place:ident $field:ident: $type:ty = $wire:literal $(max $max:literal)?,
            )*}
            $(also {$($also:item)*})?
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// `Debug` names the fields that are set and says how many bytes each has.
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$needed_doc])* pub $needed: $needed_type,)*
            $($(#[$doc_of])* pub $field: Option<$type>,)*
        }

        impl $name {
            /// What the table says of this operation.
            pub const INFO: $crate::operation::Info = $crate::operation::Info {
                action: stringify!($name),
                effect: $crate::policy::Effect::$effect,
                fields: &[
                    $($crate::operation::field!(
                        $needed_place, $needed_wire, true $(, $needed_max)?
                    ),)*
                    $($crate::operation::field!($place, $wire, false $(, $max)?),)*
                ],
            };

            /// Sets what is always needed, and nothing else.
            #[must_use]
            pub fn new($($needed: impl Into<$needed_type>),*) -> Self {
                Self {
                    $($needed: $needed.into(),)*
                    $($field: None,)*
                }
            }

            $(
                $(#[$doc_of])*
                #[must_use]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*

            /// Every field that is set, in the order of the table.
            fn set_fields(
                &self,
            ) -> impl Iterator<Item = (&'static $crate::operation::Field, Cow<'_, str>)> {
                let values = [
                    $(Some($crate::operation::Value::text(&self.$needed)),)*
                    $(self.$field.as_ref().map($crate::operation::Value::text),)*
                ];
                let fields = Self::INFO.fields.iter();
                fields.zip(values).filter_map(|(field, value)| Some((field, value?)))
            }
        }

        impl $crate::operation::Operation for $name {
            const ACTION: &'static str = stringify!($name);
            const EFFECT: $crate::policy::Effect = $crate::policy::Effect::$effect;
            type Response = $response;
            $($($also)*)?

            fn check(&self) -> Vec<$crate::error::Problem> {
                let mut problems = Vec::new();
                for (field, text) in self.set_fields() {
                    $crate::operation::check_field(field, &text, &mut problems);
                }
                $check(self, &mut problems);
                problems
            }

            fn encode(&self, params: &mut $crate::wire::params::Params) {
                let mut fields = Self::INFO.fields.iter();
                if fields.any(|field| field.place == $crate::wire::params::Place::Form) {
                    params.announce_form();
                }
                for (field, text) in self.set_fields() {
                    params.push(field.name, &text, field.place);
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut shown = f.debug_struct(stringify!($name));
                for (field, text) in self.set_fields() {
                    shown.field(field.name, &format_args!("[{} bytes]", text.len()));
                }
                shown.finish()
            }
        }
    )*};
}
pub(crate) use operations;

/// One row of [`Info::fields`].
macro_rules! field {
    (query, $($rest:tt)*) => { $crate::operation::field!(@ Query, $($rest)*) };
    (form, $($rest:tt)*) => { $crate::operation::field!(@ Form, $($rest)*) };
    (@ $place:ident, $name:literal, $required:literal $(, $max:literal)?) => {
        $crate::operation::Field {
            name: $name,
            place: $crate::wire::params::Place::$place,
            max: $crate::operation::field!(@max $($max)?),
            required: $required,
        }
    };
    (@max) => { None };
    (@max $max:literal) => { Some($max) };
}
pub(crate) use field;
