//! `ops`: lists and explains operations.

use core::fmt::Write as _;

use cloudauth_proto::operation::{Field, OperationMetadata, ParamLocation};
use cloudauth_proto::ops;
use serde_json::{Value, json};

use crate::error::{CommandResult, usage};
use crate::exit::Exit;
use crate::operation;
use crate::output::{Output, OutputField};

/// List the operations of the service, or explain one: its fields, effect, limits and billing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cloudauth ops
  cloudauth ops Id2MetaVerify
  cloudauth ops --json | jq -r '.[] | select(.effect == \"read_only\") | .action'")]
pub(crate) struct OpsArgs {
    /// Operation, for example DescribeFaceVerify
    #[arg(value_name = "ACTION", value_parser = operation::names(), ignore_case = true)]
    #[arg(hide_possible_values = true)]
    action: Option<String>,
}

pub(crate) fn run(args: &OpsArgs, output: &Output) -> CommandResult {
    match &args.action {
        Some(action) => {
            let listed = operation::find(action);
            let listed = listed.ok_or_else(|| usage(operation::similar(action)))?;
            explain(listed, output);
        }
        None => list(output),
    }
    Ok(Exit::Success)
}

fn list(output: &Output) {
    let row = |listed: &OperationMetadata| {
        let required = listed.fields.iter().filter(|field| field.required);
        let required: Vec<&str> = required.map(|field| field.name).collect();
        vec![
            json!(listed.action),
            json!(listed.effect.as_str()),
            json!(operation::page_field(listed).is_some()),
            json!(required.join(" ")),
        ]
    };
    let rows: Vec<Vec<Value>> = ops::ALL.iter().map(row).collect();
    output.rows(&["action", "effect", "has_pages", "required"], &rows);
}

fn explain(listed: &OperationMetadata, output: &Output) {
    let fields: Vec<Value> = if output.is_json() {
        listed
            .fields
            .iter()
            .map(|field| object(listed, field))
            .collect()
    } else {
        listed
            .fields
            .iter()
            .map(|field| line(listed, field).into())
            .collect()
    };
    let described: Vec<OutputField> = vec![
        ("action", json!(listed.action)),
        ("effect", json!(listed.effect.as_str())),
        ("billing", json!(operation::billing(listed.effect))),
        (
            "calls_per_second",
            json!(operation::calls_per_second(&listed.action)),
        ),
        ("confirmed_by", json!(listed.confirmed_by)),
        ("has_pages", json!(operation::page_field(listed).is_some())),
        ("parameters", fields.into()),
        ("reply", json!(operation::reply_fields(listed.response))),
    ];
    output.fields(&described);
}

fn object(listed: &OperationMetadata, field: &Field) -> Value {
    let location = match field.place {
        ParamLocation::Form => "form",
        ParamLocation::Query => "query",
    };
    json!({
        "name": field.name,
        "type": operation::kind(field.kind),
        "required": field.required,
        "max_characters": field.max,
        "location": location,
        "takes_file": operation::files_of(&listed.action).contains(&field.name),
    })
}

fn line(listed: &OperationMetadata, field: &Field) -> String {
    let mut line = format!("{}: {}", field.name, operation::kind(field.kind));
    if field.required {
        line.push_str(", required");
    }
    if let Some(max) = field.max {
        let _ = write!(line, ", at most {max} characters");
    }
    if operation::files_of(&listed.action).contains(&field.name) {
        line.push_str(", or --file");
    }
    line
}
