//! The macro that makes operations from a table, and what all rows of one have in common.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::{Field, Info, Value};
use crate::error::Problem;
use crate::wire::params::{Params, Place};

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
    row.each(&mut |field, text| params.push_plain(&field.plain_name, text, field.place));
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
                            $place, $wire, $type, [$($max)?] $($needed)?
                        ),)*)?
                        $($($crate::operation::field!(
                            $required_place, $required_wire, $required_type,
                            [$($required_max)?] needed
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
                $($($crate::operation::show_field(&mut fields, self.$field.as_ref(), visit);)*)?
                $($($crate::operation::show_field(&mut fields, Some(&self.$required), visit);)*)?
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
                $($(let $field =
                    $crate::operation::read_field(&mut fields, &mut text, &mut problems);
                )*)?
                $($(let $required =
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
            plain_name: $crate::wire::pairs::PlainName::new($name),
        }
    };
    (@max) => { None };
    (@max $max:literal) => { Some($max) };
    (@required) => { false };
    (@required needed) => { true };
}
pub(crate) use field;
