//! What an operation is, and the table that makes one.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::endpoint::Endpoint;
use crate::error::Problem;
use crate::ops::CertifyId;
use crate::policy::Effect;
use crate::reply::Shape;
use crate::secret::Sensitive;
use crate::wire::http::Method;
use crate::wire::params::{Params, Place};

/// Something that the service can be asked to do.
///
/// The tables in [`ops`](crate::ops) implement it; for an operation that is not there, there is
/// [`Raw`](crate::ops::Raw), or an implementation of one's own.
pub trait Operation {
    /// What it answers.
    type Response: DeserializeOwned + Send;

    /// Its name, and how it is asked for.
    fn terms(&self) -> Terms;

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

/// The name of an operation, and how it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// Its name.
    pub action: Cow<'static, str>,
    /// The version of the API that has it.
    pub version: Cow<'static, str>,
    /// How it is asked for.
    pub method: Method,
    /// What doing it twice would do: this decides what is sent again.
    pub effect: Effect,
    /// The field of the reply that is the response; `None` if the whole reply is.
    pub payload: Option<&'static str>,
    /// Whether a `Code` that is not one of success is a refusal.
    pub is_judged_by_code: bool,
    /// The codes that an endpoint answers if it does not know what is asked about, or not yet. They
    /// settle nothing while the endpoint that must know, [`home`](Operation::home), has not
    /// answered.
    pub unknown_codes: &'static [&'static str],
    /// The operation that tells whether this one was carried out.
    pub settled_by: Option<&'static str>,
}

impl Terms {
    /// An operation of the product's own API that is posted and answers in `ResultObject`.
    #[must_use]
    pub const fn new(action: Cow<'static, str>, effect: Effect) -> Self {
        Self {
            action,
            version: Cow::Borrowed(VERSION),
            method: Method::Post,
            effect,
            payload: Some("ResultObject"),
            is_judged_by_code: true,
            unknown_codes: &[],
            settled_by: None,
        }
    }
}

/// The version of the API that the tables are of.
const VERSION: &str = "2019-03-07";

/// What the table says of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Its name.
    pub action: &'static str,
    /// The version of the API that has it.
    pub version: &'static str,
    /// How it is asked for.
    pub method: Method,
    /// What doing it twice would do.
    pub effect: Effect,
    /// Its fields: those that [`new`] takes, then the others.
    ///
    /// [`new`]: crate::ops::DescribeFaceVerify::new
    pub fields: &'static [Field],
    /// The field of the reply that is the response; `None` if the whole reply is.
    pub payload: Option<&'static str>,
    /// Whether a `Code` that is not one of success is a refusal.
    pub is_judged_by_code: bool,
    /// The codes that settle nothing away from [`home`](Operation::home).
    pub unknown_codes: &'static [&'static str],
    /// The operation that tells whether this one was carried out.
    pub settled_by: Option<&'static str>,
    /// What its response looks like.
    pub response: Shape,
}

impl Info {
    pub(crate) const fn new(
        action: &'static str,
        effect: Effect,
        fields: &'static [Field],
        response: Shape,
    ) -> Self {
        Self {
            action,
            version: VERSION,
            method: Method::Post,
            effect,
            fields,
            payload: Some("ResultObject"),
            is_judged_by_code: true,
            unknown_codes: &[],
            settled_by: None,
            response,
        }
    }

    pub(crate) fn terms(&self) -> Terms {
        Terms {
            version: Cow::Borrowed(self.version),
            method: self.method,
            payload: self.payload,
            is_judged_by_code: self.is_judged_by_code,
            unknown_codes: self.unknown_codes,
            settled_by: self.settled_by,
            ..Terms::new(Cow::Borrowed(self.action), self.effect)
        }
    }
}

/// What the table says of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Field {
    /// Its name on the wire.
    pub name: &'static str,
    /// Where it travels under ACS3.
    pub place: Place,
    /// What it holds.
    pub kind: Kind,
    /// The most characters it may have, where that is documented.
    pub max: Option<usize>,
    /// Whether it is always needed.
    pub required: bool,
}

/// What a field of an operation holds. All of it travels as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    Text,
    /// Text that identifies a person or opens a door to one.
    Sensitive,
    /// An integer of 32 bits.
    Int32,
    /// An integer of 64 bits.
    Int64,
    /// `true` or `false`.
    Boolean,
    /// A list or an object, as compact JSON.
    Json,
}

/// An operation of the tables.
///
/// With [`ops::visit`](crate::ops::visit) one function can do something with each of them.
pub trait Listed: Operation<Response: fmt::Debug> + fmt::Debug + Clone + Sized {
    /// What the table says of it.
    const INFO: Info;

    /// Puts it together from texts as they travel. Nothing is asked for twice; a field without a
    /// text is left out. One that is always needed and is not there, or has a text that it cannot
    /// hold, is a problem.
    fn from_texts(text: impl FnMut(&'static Field) -> Option<String>)
    -> Result<Self, Vec<Problem>>;
}

/// What a field of an operation can hold.
pub(crate) trait Value: Sized {
    const KIND: Kind;
    fn text(&self) -> Cow<'_, str>;
    fn parse(text: String) -> Option<Self>;
}

impl Value for String {
    const KIND: Kind = Kind::Text;

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(text)
    }
}

impl Value for Sensitive {
    const KIND: Kind = Kind::Sensitive;

    fn text(&self) -> Cow<'_, str> {
        self.expose().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

impl Value for CertifyId {
    const KIND: Kind = Kind::Text;

    fn text(&self) -> Cow<'_, str> {
        self.as_str().into()
    }

    fn parse(text: String) -> Option<Self> {
        Some(Self::new(text))
    }
}

/// Values that are written as Rust writes them.
macro_rules! plain_values {
    ($($type:ty: $kind:ident),*) => {$(
        impl Value for $type {
            const KIND: Kind = Kind::$kind;

            fn text(&self) -> Cow<'_, str> {
                self.to_string().into()
            }

            fn parse(text: String) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}
plain_values!(i32: Int32, i64: Int64, bool: Boolean);

/// A value that travels as compact JSON, as the vendor's SDKs send lists and objects (recorded).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub(crate) T);

impl<T> From<T> for Json<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize + for<'de> Deserialize<'de>> Value for Json<T> {
    const KIND: Kind = Kind::Json;

    fn text(&self) -> Cow<'_, str> {
        // Only a map with keys that are no texts, or a writer that fails, is an error; there is
        // neither.
        serde_json::to_string(&self.0).unwrap_or_default().into()
    }

    fn parse(text: String) -> Option<Self> {
        serde_json::from_str(&text).ok().map(Self)
    }
}

/// A row of a table without its type, so that what all rows have in common is compiled once.
pub(crate) trait Row {
    fn info(&self) -> &'static Info;

    /// Calls `visit` with every field that is set, in the order of the table.
    fn each(&self, visit: &mut dyn FnMut(&'static Field, &str));
}

/// Checks each value against its field.
pub(crate) fn check(row: &dyn Row, problems: &mut Vec<Problem>) {
    let mut fields = row.info().fields.iter();
    let unset = |field: &Field, problems: &mut Vec<Problem>| {
        if field.required {
            problems.push(Problem::new(field.name, "is missing"));
        }
    };
    row.each(&mut |field, text| {
        for passed in fields.by_ref().take_while(|passed| *passed != field) {
            unset(passed, problems);
        }
        if text.is_empty() {
            unset(field, problems);
        }
        if let Some(max) = field.max
            && text.chars().count() > max
        {
            let problem = alloc::format!("is longer than {max} characters");
            problems.push(Problem::new(field.name, problem));
        }
    });
    fields.for_each(|field| unset(field, problems));
}

/// Writes the parameters of a row.
pub(crate) fn encode(row: &dyn Row, params: &mut Params) {
    let mut fields = row.info().fields.iter();
    if fields.any(|field| field.place == Place::Form) {
        params.announce_form();
    }
    row.each(&mut |field, text| params.push(field.name, text, field.place));
}

/// Names the fields that are set and says how many bytes each has.
pub(crate) fn show(row: &dyn Row, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(row.info().action);
    row.each(&mut |field, text| {
        shown.field(field.name, &format_args!("[{} bytes]", text.len()));
    });
    shown.finish()
}

/// Shows one set field to `visit`; `fields` is where the table has got to.
pub(crate) fn show_field<V: Value>(
    fields: &mut core::slice::Iter<'static, Field>,
    value: Option<&V>,
    visit: &mut dyn FnMut(&'static Field, &str),
) {
    if let (Some(field), Some(value)) = (fields.next(), value) {
        visit(field, &value.text());
    }
}

/// Reads one field from its text; `fields` is where the table has got to.
pub(crate) fn read_field<V: Value>(
    fields: &mut core::slice::Iter<'static, Field>,
    text: &mut dyn FnMut(&'static Field) -> Option<String>,
    problems: &mut Vec<Problem>,
) -> Option<V> {
    let field = fields.next()?;
    let read = V::parse(text(field)?);
    if read.is_none() {
        problems.push(Problem::new(field.name, "has a text that it cannot hold"));
    }
    read
}

/// A field that [`new`](crate::ops::DescribeFaceVerify::new) takes and that was not read.
pub(crate) fn unread(field: &'static str, mut problems: Vec<Problem>) -> Vec<Problem> {
    if problems.iter().all(|problem| problem.field != field) {
        problems.push(Problem::new(field, "is missing"));
    }
    problems
}

/// Makes operations from a table: a struct with `new` and setters, its [`Operation`] and its
/// [`Info`].
///
/// A row has, in this order, what it needs of:
///
/// * `with`: what differs from [`Info::new`];
/// * `requires`: the fields that `new` takes;
/// * `accepts`: the fields that have setters; one marked `[needed]` must be set all the same;
/// * `check`: a function that finds what is wrong beyond single fields;
/// * `also`: more items of the [`Operation`].
///
/// All of it is inline, so that machine code is made where an operation is used, and nowhere else.
///
/// One line per field: where it travels, its name in Rust, its type, its name on the wire, and the
/// most characters that it may have.
macro_rules! operations {
    ($(
        $(#[$doc:meta])*
        $name:ident($effect:ident) -> $response:ty {
            $(with {$($key:ident: $with:expr),* $(,)?})?
            $(requires {$(
                $(#[$required_doc:meta])*
                $required_place:ident $required:ident: $required_type:ty = $required_wire:literal
                    $(max $required_max:literal)?,
            )*})?
            $(accepts {$(
                $(#[$accepted_doc:meta])*
                $place:ident $field:ident: $type:ty = $wire:literal
                    $(max $max:literal)? $([$needed:ident])?,
            )*})?
            $(check $check:path;)?
            $(also {$($also:item)*})?
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// `Debug` names the fields that are set and says how many bytes each has.
        #[derive(Clone)]
        #[non_exhaustive]
        #[allow(clippy::struct_field_names, reason = "the names are the service's")]
        pub struct $name {
            $($(
                $(#[$required_doc])*
                #[doc = concat!("\n\nOn the wire: `", $required_wire, "`.")]
                pub $required: $required_type,
            )*)?
            $($(
                $(#[$accepted_doc])*
                #[doc = concat!("\n\nOn the wire: `", $wire, "`.")]
                pub $field: Option<$type>,
            )*)?
        }

        impl $name {
            /// What the table says of this operation.
            pub const INFO: $crate::operation::Info = $crate::operation::Info {
                $($($key: $with,)*)?
                ..$crate::operation::Info::new(
                    stringify!($name),
                    $crate::policy::Effect::$effect,
                    &[
                        $($($crate::operation::field!(
                            $required_place, $required_wire, $required_type,
                            [$($required_max)?] needed
                        ),)*)?
                        $($($crate::operation::field!(
                            $place, $wire, $type, [$($max)?] $($needed)?
                        ),)*)?
                    ],
                    <$response as $crate::reply::Part>::SHAPE,
                )
            };

            /// Sets what is always needed, and nothing else.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a `new` without arguments is a row without `requires`")]
            pub fn new($($($required: impl Into<$required_type>),*)?) -> Self {
                Self {
                    $($($required: $required.into(),)*)?
                    $($($field: None,)*)?
                }
            }

            $($(
                $(#[$accepted_doc])*
                #[doc = concat!("\n\nOn the wire: `", $wire, "`.")]
                #[must_use]
                #[inline]
                #[allow(clippy::wrong_self_convention, reason = "the names are the service's")]
                pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*)?
        }

        impl $crate::operation::Row for $name {
            #[inline]
            fn info(&self) -> &'static $crate::operation::Info {
                const { &Self::INFO }
            }

            #[allow(unused_variables, unused_mut, reason = "a row may have no field")]
            #[inline]
            fn each(&self, visit: &mut dyn FnMut(&'static $crate::operation::Field, &str)) {
                let mut fields = Self::INFO.fields.iter();
                $($($crate::operation::show_field(&mut fields, Some(&self.$required), visit);)*)?
                $($($crate::operation::show_field(&mut fields, self.$field.as_ref(), visit);)*)?
            }
        }

        impl $crate::operation::Listed for $name {
            const INFO: $crate::operation::Info = Self::INFO;

            #[allow(unused_variables, unused_mut, reason = "a row may have no field")]
            fn from_texts(
                mut text: impl FnMut(
                    &'static $crate::operation::Field,
                ) -> Option<alloc::string::String>,
            ) -> Result<Self, alloc::vec::Vec<$crate::error::Problem>> {
                let mut problems = alloc::vec::Vec::new();
                let mut fields = Self::INFO.fields.iter();
                $($(let $required =
                    $crate::operation::read_field(&mut fields, &mut text, &mut problems);
                )*)?
                $($(let $field =
                    $crate::operation::read_field(&mut fields, &mut text, &mut problems);
                )*)?
                $($(let Some($required) = $required else {
                    return Err($crate::operation::unread($required_wire, problems));
                };)*)?
                if problems.is_empty() {
                    Ok(Self { $($($required,)*)? $($($field,)*)? })
                } else {
                    Err(problems)
                }
            }
        }

        impl $crate::operation::Operation for $name {
            type Response = $response;
            $($($also)*)?

            #[inline]
            fn terms(&self) -> $crate::operation::Terms {
                Self::INFO.terms()
            }

            #[inline]
            fn check(&self) -> alloc::vec::Vec<$crate::error::Problem> {
                let mut problems = alloc::vec::Vec::new();
                $crate::operation::check(self, &mut problems);
                $($check(self, &mut problems);)?
                problems
            }

            #[inline]
            fn encode(&self, params: &mut $crate::wire::params::Params) {
                $crate::operation::encode(self, params);
            }
        }

        impl core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::operation::show(self, f)
            }
        }
    )*};
}
pub(crate) use operations;

/// One row of [`Info::fields`].
macro_rules! field {
    (query, $($rest:tt)*) => { $crate::operation::field!(@ Query, $($rest)*) };
    (form, $($rest:tt)*) => { $crate::operation::field!(@ Form, $($rest)*) };
    (@ $place:ident, $name:literal, $type:ty, [$($max:literal)?] $($needed:ident)?) => {
        $crate::operation::Field {
            name: $name,
            place: $crate::wire::params::Place::$place,
            kind: <$type as $crate::operation::Value>::KIND,
            max: $crate::operation::field!(@max $($max)?),
            required: $crate::operation::field!(@required $($needed)?),
        }
    };
    (@max) => { None };
    (@max $max:literal) => { Some($max) };
    (@required) => { false };
    (@required needed) => { true };
}
pub(crate) use field;
