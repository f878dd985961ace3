//! `sim compare`: shows where the simulator differs from recorded replies.

use std::path::PathBuf;

use cloudauth_sim::shapes::{Difference, RecordedShape, compare};
use serde_json::json;

use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::output::{self, Output, OutputField};

/// List the differences between recorded shapes of replies and the simulator's replies
///
/// A recording has the names, kinds, header names and statuses of replies, and no values. Fails if
/// there is a difference: each one is a fault of the simulator, or news about the service.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cloudauth call DescribeFaceVerify --params query.json --record shapes.jsonl\n  cloudauth sim compare shapes.jsonl"
)]
pub(super) struct CompareArgs {
    /// Recording, one JSON object on each line
    file: PathBuf,
}

pub(super) fn run(args: &CompareArgs, output: &Output) -> CommandResult {
    let text = input::recording(Source::file("FILE", &args.file))?;
    let mut found: Vec<Difference> = Vec::new();
    let mut replies = 0;
    for (line, number) in text.expose().lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        let recorded =
            RecordedShape::parse(line).map_err(|e| usage(format!("FILE, line {number}: {e}")))?;
        found.extend(compare(&recorded));
        replies += 1;
    }
    if replies == 0 {
        return Err(usage("FILE has no recorded reply"));
    }
    found.sort();
    found.dedup();
    if output.is_json() {
        let records: Vec<_> = found.iter().map(fields).collect();
        output.records(&records);
    } else {
        for difference in &found {
            output.line(&output::one_line(&difference.to_string()));
        }
    }
    match found.len() {
        0 => Ok(Exit::Success),
        n => Err(failed(format!("{n} differences in {replies} replies"))),
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
