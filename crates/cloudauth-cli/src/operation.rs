//! The listed operations: finding one by name, and what the command says about it.

use clap::builder::PossibleValuesParser;
use cloudauth_proto::operation::{Field, FieldKind, OperationMetadata, Shape};
use cloudauth_proto::upload::UPLOADS;
use cloudauth_proto::{Effect, ops};

/// The parser of an argument that is the name of an operation, for `ignore_case`.
pub(crate) fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(ops::ALL.iter().map(|listed| listed.action.as_ref()))
}

/// The operation of this name, in upper or lower case.
pub(crate) fn find(action: &str) -> Option<&'static OperationMetadata> {
    ops::ALL
        .iter()
        .find(|listed| listed.action.eq_ignore_ascii_case(action))
}

/// What to say about a name that no operation has.
pub(crate) fn similar(action: &str) -> String {
    let names = ops::ALL.iter().map(|listed| listed.action.as_ref());
    // The name is not shown: it may be something else in the wrong place.
    match closest(action, names) {
        Some(name) => format!("unknown operation; did you mean {name}?"),
        None => "unknown operation; `cloudauth ops` lists all".to_owned(),
    }
}

/// The name that is most like this one, if one is.
pub(crate) fn closest<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let rated = names.map(|it| {
        (
            strsim::normalized_damerau_levenshtein(&name, &it.to_ascii_lowercase()),
            it,
        )
    });
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// Whether a string looks like the name of an operation or a field, and not like data.
pub(crate) fn is_name(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    text.len() <= 64 && digits <= 3 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Names of the fields that take files.
pub(crate) fn files_of(action: &str) -> &'static [&'static str] {
    let listed = UPLOADS.iter().find(|(name, _)| *name == action);
    listed.map_or(&[], |(_, fields)| *fields)
}

/// The field that selects a page, if the operation has pages.
pub(crate) fn page_field(operation: &OperationMetadata) -> Option<&'static Field> {
    let mut fields = operation.fields.iter();
    if fields.all(|field| field.name != "PageSize") {
        return None;
    }
    let mut fields = operation.fields.iter();
    fields.find(|field| matches!(field.name, "CurrentPage" | "PageNumber"))
}

/// What follows from the effect for the bill; the effects are our classification.
pub(crate) const fn billing(effect: Effect) -> &'static str {
    match effect {
        Effect::ReadOnly | Effect::Idempotent => "no charge known",
        Effect::OpensVerification => {
            "finished verifications are billed, not opened ones (inferred)"
        }
        Effect::NotIdempotent => "each call may be billed; not repeated if its outcome is unknown",
    }
}

/// Calls per second and main account (documented).
pub(crate) fn calls_per_second(action: &str) -> u32 {
    match action {
        "CompareFaceVerify"
        | "CredentialProductVerifyV2"
        | "CredentialVerify"
        | "CredentialVerifyV2"
        | "DeepfakeDetect"
        | "DeleteFaceVerifyResult" => 10,
        _ => 50,
    }
}

pub(crate) const fn kind(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Sensitive => "sensitive string",
        FieldKind::Int32 => "32-bit integer",
        FieldKind::Int64 => "64-bit integer",
        FieldKind::Boolean => "boolean",
        FieldKind::Json => "JSON",
        FieldKind::Text | _ => "string",
    }
}

/// The fields of a reply, with dots between the names of nested ones.
pub(crate) fn reply_fields(shape: Shape) -> Vec<String> {
    fn collect(prefix: &str, shape: Shape, fields: &mut Vec<String>) {
        if let Shape::Object(members) = shape {
            let dot = if prefix.is_empty() { "" } else { "." };
            for (name, shape) in members {
                collect(&format!("{prefix}{dot}{name}"), *shape, fields);
            }
        } else if let Shape::List(items) = shape {
            collect(&format!("{prefix}[]"), *items, fields);
        } else {
            fields.push(prefix.to_owned());
        }
    }
    let mut fields = Vec::new();
    collect("", shape, &mut fields);
    fields
}
