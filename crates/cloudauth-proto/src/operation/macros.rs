//! The macro that implements operations from a table, and the code that all rows share.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Base64, Digits, Field, FieldKind, InvalidField, OperationMetadata, Value};
use crate::encode::{ParamLocation, Params};
use crate::text::find_invisible;

/// A row of a table behind a `dyn` reference, so that the shared code is compiled once.
pub(crate) trait Row {
    fn metadata(&self) -> &'static OperationMetadata;

    /// Calls `visit` with every field that is set and its string, in the order of the table.
    fn each(&self, visit: &mut dyn FnMut(&'static Field, &str));
}

/// Checks each value against the metadata of its field, then what involves several fields.
pub(crate) fn check(row: &dyn Row) -> Vec<InvalidField> {
    let mut problems = Vec::new();
    let metadata = row.metadata();
    let mut fields = metadata.fields.iter();
    let unset = |field: &Field, problems: &mut Vec<InvalidField>| {
        if field.required {
            problems.push(InvalidField::new(field.name, "is missing"));
        }
    };
    row.each(&mut |field, text| {
        for passed in fields.by_ref().take_while(|passed| *passed != field) {
            unset(passed, &mut problems);
        }
        if text.is_empty() {
            unset(field, &mut problems);
        }
        if let Some(max) = field.max
            && text.chars().count() > max
        {
            let problem = alloc::format!("is longer than {max} characters");
            problems.push(InvalidField::new(field.name, problem));
        }
        if field.kind == FieldKind::Base64
            && let Some(problem) = Base64::problem(text)
        {
            problems.push(InvalidField::new(field.name, problem));
        }
        if field.is_typed
            && let Some(found) = find_invisible(text)
        {
            problems.push(InvalidField::new(field.name, found.to_string()));
        }
    });
    fields.for_each(|field| unset(field, &mut problems));
    if let Some(rules) = metadata.rules {
        rules(row, &mut problems);
    }
    problems
}

/// Writes the fields that are set as parameters.
pub(crate) fn encode(row: &dyn Row, params: &mut Params) {
    let mut fields = row.metadata().fields.iter();
    if fields.any(|field| field.place == ParamLocation::Form) {
        params.announce_form();
    }
    row.each(&mut |field, text| params.push_plain(&field.plain_name, text, field.place));
}

/// Formats a row for `Debug`: the fields that are set, with the number of bytes of each.
pub(crate) fn show(row: &dyn Row, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut shown = f.debug_struct(&row.metadata().action);
    row.each(&mut |field, text| {
        shown.field(field.name, &format_args!("[{} bytes]", text.len()));
    });
    shown.finish()
}

/// Calls `visit` with the next field of `fields` if it is set.
pub(crate) fn show_field<V: Value>(
    fields: &mut core::slice::Iter<'static, Field>,
    value: Option<&V>,
    visit: &mut dyn FnMut(&'static Field, &str),
) {
    if let (Some(field), Some(value)) = (fields.next(), value) {
        visit(field, &value.text(&mut Digits::new()));
    }
}

/// Parses the string of the next field of `fields`.
pub(crate) fn read_field<V: Value>(
    fields: &mut core::slice::Iter<'static, Field>,
    text: &mut dyn FnMut(&'static Field) -> Option<String>,
    problems: &mut Vec<InvalidField>,
) -> Option<V> {
    let field = fields.next()?;
    let read = V::parse(text(field)?);
    if read.is_none() {
        problems.push(InvalidField::new(field.name, "has an invalid value"));
    }
    read
}

/// Adds a field that [`new`](crate::ops::DescribeFaceVerify::new) takes, if it is unset and has no
/// problem yet.
pub(crate) fn require<V>(value: Option<&V>, field: &'static str, problems: &mut Vec<InvalidField>) {
    if value.is_none() && problems.iter().all(|problem| problem.field != field) {
        problems.push(InvalidField::new(field, "is missing"));
    }
}

/// Defines operations from a table: for each row a struct with `new` and setters, its [`Operation`]
/// and its [`OperationMetadata`].
///
/// The parts of a row, all of them optional, in this order:
///
/// * `with`: differences from [`OperationMetadata::new`];
/// * `requires`: the fields that `new` takes;
/// * `accepts`: the fields that have setters; one marked `[needed]` is required all the same;
/// * `check`: a function for checks that involve several fields;
/// * `repeating`: a function for the effect of the call, where the fields decide it; the effect of the
///   row is then that of a call without them;
/// * `also`: more items of the [`Operation`].
///
/// A field is one line: its location, its name in Rust, its type, its name on the wire, and its
/// largest number of characters.
///
/// The methods are `#[inline]`, so that only the operations that a program uses are compiled.
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
            $(repeating $repeating:path;)?
            $(also {$($also:item)*})?
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// `Debug` shows the names of the fields that are set and the number of bytes of each.
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
            /// Name, version, effect, fields and reply of this operation.
            pub const METADATA: $crate::operation::OperationMetadata =
                $crate::operation::OperationMetadata::of_row(
                    stringify!($name),
                    $crate::policy::Effect::$effect,
                    &[
                        $($($crate::operation::field!(
                            $name, $place, $wire, $type, [$($max)?] $($needed)?
                        ),)*)?
                        $($($crate::operation::field!(
                            $name, $required_place, $required_wire, $required_type,
                            [$($required_max)?] needed
                        ),)*)?
                    ],
                    <$response as $crate::decode::Part>::SHAPE,
                )
                $($(.$key($with))*)?
                $(.rules($check))?
                $(.repeating($repeating))?;
        }

        impl $name {
            /// Creates the operation with the fields that it always requires; all others are unset.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a `new` without arguments is a row without `requires`")]
            pub fn new($($($required: impl Into<$required_type>),*)?) -> Self {
                Self {
                    $($($required: $required.into(),)*)?
                    $($($field: None,)*)?
                }
            }

            $($(
                #[doc = concat!("Sets `", $wire, "`.\n\n")]
                $(#[$accepted_doc])*
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
            fn metadata(&self) -> &'static $crate::operation::OperationMetadata {
                const { &Self::METADATA }
            }

            #[allow(unused_variables, unused_mut, reason = "a row may have no field")]
            #[inline]
            fn each(&self, visit: &mut dyn FnMut(&'static $crate::operation::Field, &str)) {
                let mut fields = Self::METADATA.fields.iter();
                $($($crate::operation::show_field(&mut fields, self.$field.as_ref(), visit);)*)?
                $($($crate::operation::show_field(&mut fields, Some(&self.$required), visit);)*)?
            }
        }

        impl $crate::operation::Listed for $name {
            const METADATA: $crate::operation::OperationMetadata = Self::METADATA;

            #[allow(unused_variables, unused_mut, reason = "a row may have no field")]
            fn from_texts(
                mut text: impl FnMut(
                    &'static $crate::operation::Field,
                ) -> Option<alloc::string::String>,
            ) -> Result<Self, alloc::vec::Vec<$crate::operation::InvalidField>> {
                let mut problems = alloc::vec::Vec::new();
                let mut fields = Self::METADATA.fields.iter();
                $($(let $field =
                    $crate::operation::read_field(&mut fields, &mut text, &mut problems);
                )*)?
                $($(let $required =
                    $crate::operation::read_field(&mut fields, &mut text, &mut problems);
                )*)?
                $($($crate::operation::require(
                    $required.as_ref(), $required_wire, &mut problems
                );)*)?
                if !problems.is_empty() {
                    return Err(problems);
                }
                $($(let Some($required) = $required else {
                    return Err(problems);
                };)*)?
                Ok(Self { $($($required,)*)? $($($field,)*)? })
            }
        }

        impl $crate::operation::Operation for $name {
            type Response = $response;
            $($($also)*)?

            #[inline]
            fn metadata(&self) -> $crate::operation::OperationMetadata {
                let mut metadata = Self::METADATA;
                if let Some(repeating) = metadata.repeating {
                    metadata.effect = repeating(self);
                }
                metadata
            }

            #[inline]
            fn check(&self) -> alloc::vec::Vec<$crate::operation::InvalidField> {
                $crate::operation::check(self)
            }

            #[inline]
            fn encode(&self, params: &mut $crate::encode::Params) {
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

/// One row of [`OperationMetadata::fields`].
macro_rules! field {
    ($owner:ident, query, $($rest:tt)*) => {
        $crate::operation::field!(@ $owner, Query, $($rest)*)
    };
    ($owner:ident, form, $($rest:tt)*) => {
        $crate::operation::field!(@ $owner, Form, $($rest)*)
    };
    (
        @ $owner:ident, $place:ident, $name:literal, $type:ty,
        [$($max:literal)?] $($needed:ident)?
    ) => {
        $crate::operation::Field {
            name: $name,
            place: $crate::encode::ParamLocation::$place,
            kind: <$type as $crate::operation::Value>::KIND,
            max: $crate::operation::field!(@max $($max)?),
            required: $crate::operation::field!(@required $($needed)?),
            is_typed: $crate::privacy::is_typed(stringify!($owner), $name),
            plain_name: $crate::encode::PlainName::new($name),
        }
    };
    (@max) => { None };
    (@max $max:literal) => { Some($max) };
    (@required) => { false };
    (@required needed) => { true };
}
pub(crate) use field;
