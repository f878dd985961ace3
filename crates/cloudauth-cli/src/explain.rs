//! `explain`: explains a code of the service.

use std::borrow::Cow;

use cloudauth_proto::codes::{self, Meaning};
use cloudauth_proto::ops;
use serde_json::json;

use crate::error::CommandResult;
use crate::output::{self, OutputArgs, OutputField};

/// Explain a code of the service: its meaning, who has to act, whether a retry helps
///
/// A number can have several meanings: it depends on the field, and on the operation. Without
/// --operation all of them are printed, each with its operations.
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// A code of a reply, a verdict, the page or the gateway, or a label of a device risk; for
    /// example 417, Z5052, Throttling.User or ROOT
    code: String,
    /// Operation that responded with the code, for example `BankMetaVerify`
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub(crate) fn run(args: &ExplainArgs) -> CommandResult {
    let code = &args.code;
    let records: Vec<Vec<OutputField>> = match &args.operation {
        Some(operation) => {
            let operation = known(operation)?;
            codes::explain_in(operation, code).map(fields).collect()
        }
        None => codes::explain(code).map(fields).collect(),
    };
    if records.is_empty() {
        return Err(unknown(code, args.operation.as_deref()).into());
    }
    output::records(&records, args.output);
    Ok(())
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

/// The name of an operation as the service writes it.
fn known(operation: &str) -> Result<&'static str, String> {
    let mut names = ops::ALL.iter().filter_map(|info| match &info.action {
        Cow::Borrowed(name) => Some(*name),
        Cow::Owned(_) => None,
    });
    let found = names.find(|name| name.eq_ignore_ascii_case(operation));
    found.ok_or_else(|| format!("unknown operation `{}`", output::one_line(operation)))
}

fn unknown(code: &str, operation: Option<&str>) -> String {
    let similar = codes::all().find(|meaning| meaning.code.eq_ignore_ascii_case(code));
    let shown = output::one_line(code);
    match (similar, operation) {
        (Some(meaning), Some(operation)) if meaning.code == code => {
            let operation = output::one_line(operation);
            format!("`{shown}` has no known meaning for {operation}, but for other operations")
        }
        (Some(meaning), _) => format!("unknown code `{shown}`; did you mean `{}`?", meaning.code),
        (None, _) => format!("unknown code `{shown}`"),
    }
}
