//! `explain`: explains a code of the service.

use std::borrow::Cow;

use cloudauth_proto::codes::{self, Meaning};
use cloudauth_proto::operation::OperationMetadata;
use serde_json::json;

use crate::error::{CommandResult, usage};
use crate::exit::Exit;
use crate::operation::{self, closest};
use crate::output::{Output, OutputField};

/// Explain a code of the service: its meaning, who has to act, whether a retry helps
///
/// A number can have several meanings: it depends on the field, and on the operation. Without
/// --operation all of them are printed, each with its operations. Without a code: lists all codes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  cloudauth explain 417
  cloudauth explain 210 --operation BankMetaVerify
  cloudauth explain signaturedoesnotmatch")]
pub(crate) struct ExplainArgs {
    /// A code of a reply, a verdict, the page or the gateway, or a label of a device risk, in upper or
    /// lower case; for example 417, Z5052, Throttling.User or ROOT
    code: Option<String>,
    /// Operation that responded with the code, for example `BankMetaVerify`
    #[arg(long, value_name = "ACTION", value_parser = operation::names(), ignore_case = true)]
    #[arg(hide_possible_values = true)]
    operation: Option<String>,
}

pub(crate) fn run(args: &ExplainArgs, output: &Output) -> CommandResult {
    let operation = match &args.operation {
        Some(name) => Some(known(name).ok_or_else(|| usage(operation::similar(name)))?),
        None => None,
    };
    let meanings: Vec<&Meaning> = match (args.code.as_deref(), operation) {
        (None, None) => codes::all().collect(),
        (None, Some(operation)) => codes::all().filter(|it| is_of(it, operation)).collect(),
        (Some(code), None) => codes::explain(listed(code)).collect(),
        (Some(code), Some(operation)) => codes::explain_in(operation, listed(code)).collect(),
    };
    if let Some(code) = args.code.as_deref()
        && meanings.is_empty()
    {
        return Err(usage(unknown(code, operation)));
    }
    if args.code.is_some() || output.is_json() {
        let records: Vec<Vec<OutputField>> = meanings.into_iter().map(fields).collect();
        output.records(&records);
    } else {
        list(&meanings, output);
    }
    Ok(Exit::Success)
}

/// The name of an operation as the service writes it.
fn known(name: &str) -> Option<&'static str> {
    let OperationMetadata { action, .. } = operation::find(name)?;
    match action {
        Cow::Borrowed(name) => Some(name),
        Cow::Owned(_) => None,
    }
}

fn is_of(meaning: &Meaning, operation: &str) -> bool {
    meaning.operations.is_empty() || meaning.operations.contains(&operation)
}

/// The code as the tables have it, whatever its letter case.
fn listed(code: &str) -> &str {
    let code = code.trim();
    let mut all = codes::all().map(|meaning| meaning.code);
    all.find(|listed| listed.eq_ignore_ascii_case(code))
        .unwrap_or(code)
}

fn list(meanings: &[&Meaning], output: &Output) {
    let row = |meaning: &&Meaning| {
        vec![
            meaning.code.to_owned(),
            meaning.kind.to_string(),
            meaning.responsible.to_string(),
            meaning.retry.to_string(),
            meaning.english.to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = meanings.iter().map(row).collect();
    output.table(&["code", "field", "responsible", "retry", "meaning"], &rows);
}

fn fields(meaning: &Meaning) -> Vec<OutputField> {
    let operations = match meaning.operations {
        [] => json!("all"),
        operations => json!(operations),
    };
    vec![
        ("code", json!(meaning.code)),
        ("field", json!(meaning.kind.to_string())),
        ("operations", operations),
        ("http_status", json!(meaning.status)),
        ("meaning", json!(meaning.english)),
        ("meaning_zh", json!(meaning.chinese)),
        ("responsible", json!(meaning.responsible.to_string())),
        ("retry", json!(meaning.retry.to_string())),
        ("source", json!(meaning.confidence.to_string())),
    ]
}

/// The code is not shown: it may be a key or an ID number in the wrong place.
fn unknown(code: &str, operation: Option<&str>) -> String {
    let is_listed = codes::explain(listed(code)).next().is_some();
    if let Some(operation) = operation.filter(|_| is_listed) {
        return format!("the code has no known meaning for {operation}, but for other operations");
    }
    match closest(code, codes::all().map(|meaning| meaning.code)) {
        Some(similar) => format!("unknown code; did you mean {similar}?"),
        None => "unknown code; `cloudauth explain` lists all".to_owned(),
    }
}
