//! `sim compare`: shows where the simulator differs from recorded replies.

use std::fs;
use std::path::PathBuf;

use cloudauth_sim::shapes::{Difference, RecordedShape, compare};
use serde_json::json;

use crate::error::CommandResult;
use crate::output::{self, OutputArgs, OutputField};

/// List the differences between recorded shapes of replies and the simulator's replies
///
/// A recording has the names, kinds, header names and statuses of replies, and no values. Fails if
/// there is a difference: each one is a fault of the simulator, or news about the service.
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// Recording, one JSON object on each line
    file: PathBuf,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) fn run(args: &CompareArgs) -> CommandResult {
    let name = args.file.display();
    let text = fs::read_to_string(&args.file).map_err(|e| format!("cannot read {name}: {e}"))?;
    let mut found: Vec<Difference> = Vec::new();
    let mut replies = 0;
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let recorded =
            RecordedShape::parse(line).map_err(|e| format!("{name}, line {number}: {e}"))?;
        found.extend(compare(&recorded));
        replies += 1;
    }
    if replies == 0 {
        return Err(format!("{name} has no recorded reply").into());
    }
    found.sort();
    found.dedup();
    if args.output.is_json() {
        let records: Vec<_> = found.iter().map(fields).collect();
        output::records(&records, args.output);
    } else {
        for difference in &found {
            output::line(&output::one_line(&difference.to_string()));
        }
    }
    match found.len() {
        0 => Ok(()),
        n => Err(format!("{n} differences in {replies} replies").into()),
    }
}

fn fields(difference: &Difference) -> Vec<OutputField> {
    vec![
        ("action", json!(difference.action)),
        ("place", json!(difference.place)),
        ("recorded", json!(difference.recorded)),
        ("simulated", json!(difference.simulated)),
    ]
}
