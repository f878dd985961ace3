//! `explain`: what a code means.

use cloudauth_proto::codes::{self, Meaning};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::ExplainArgs;
use crate::output;

pub(crate) fn run(args: &ExplainArgs) -> Outcome {
    let meanings: Vec<&Meaning> = codes::explain(&args.code).collect();
    if meanings.is_empty() {
        let code = output::plain(&args.code);
        return Err(format!("{code} is not in the tables; the service may know it").into());
    }
    let rows: Vec<Vec<(&str, Value)>> = meanings.into_iter().map(row).collect();
    output::records(&rows, args.json);
    Ok(())
}

fn row(meaning: &Meaning) -> Vec<(&'static str, Value)> {
    vec![
        ("Code", json!(meaning.code)),
        ("Where", json!(meaning.place.to_string())),
        ("Meaning", json!(meaning.english)),
        ("Chinese", json!(meaning.chinese)),
        ("Whose", json!(meaning.whose.to_string())),
        ("Retry", json!(meaning.retry.to_string())),
        ("Source", json!(meaning.source.to_string())),
    ]
}
