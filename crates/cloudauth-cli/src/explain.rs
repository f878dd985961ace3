//! `explain`: explains a code of the service.

use cloudauth_proto::codes::{self, Meaning};
use serde_json::json;

use crate::error::CommandResult;
use crate::output::{self, OutputArgs, OutputField};

/// Explain a code of the service: its meaning, who has to act, whether a retry helps
#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// A code of a reply, a verdict, the page or the gateway, or a label of a device risk; for
    /// example 417, Z5052, Throttling.User or ROOT
    code: String,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
}

pub(crate) fn run(args: &ExplainArgs) -> CommandResult {
    let records: Vec<Vec<OutputField>> = codes::explain(&args.code).map(fields).collect();
    if records.is_empty() {
        return Err(unknown(&args.code).into());
    }
    output::records(&records, args.output);
    Ok(())
}

fn fields(meaning: &Meaning) -> Vec<OutputField> {
    vec![
        ("code", json!(meaning.code)),
        ("field", json!(meaning.kind.to_string())),
        ("meaning", json!(meaning.english)),
        ("meaning_zh", json!(meaning.chinese)),
        ("responsible", json!(meaning.responsible.to_string())),
        ("retry", json!(meaning.retry.to_string())),
        ("source", json!(meaning.confidence.to_string())),
    ]
}

fn unknown(code: &str) -> String {
    let similar = codes::ALL
        .iter()
        .find(|meaning| meaning.code.eq_ignore_ascii_case(code));
    let code = output::one_line(code);
    match similar {
        Some(meaning) => format!("unknown code `{code}`; did you mean `{}`?", meaning.code),
        None => format!("unknown code `{code}`"),
    }
}
