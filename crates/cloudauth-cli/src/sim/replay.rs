//! `sim replay`: makes the decisions of a recording again.

use std::path::PathBuf;

use cloudauth_proto::trace::Trace;
use serde_json::{Value, json};

use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::input::{self, Source};
use crate::output::{self, Output};

/// Print the recording of a client, make its decisions again, and compare them
///
/// A client writes a recording with the option `record` of the libraries. Fails if this version decides
/// otherwise, at the first line that differs. A recording that was cut or edited is refused by line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim replay client.trace")]
pub(super) struct ReplayArgs {
    /// Recording, one JSON object on each line
    file: PathBuf,
}

pub(super) fn run(args: &ReplayArgs, output: &Output) -> CommandResult {
    let text = input::recording(Source::file("FILE", &args.file))?;
    let trace = Trace::parse(text.expose()).map_err(|error| usage(format!("FILE, {error}")))?;
    let difference = trace.replay().err();
    if output.is_json() {
        let lines = trace.lines().map(parsed);
        let difference = difference.as_ref().map(|it| {
            json!({
                "line": it.line,
                "recorded": parsed(&it.recorded),
                "replayed": parsed(&it.replayed),
            })
        });
        output.fields(&[
            ("is_same", difference.is_none().into()),
            ("difference", difference.into()),
            ("trace", lines.collect::<Vec<_>>().into()),
        ]);
    } else {
        for (line, number) in trace.lines().zip(1..) {
            output.line(&output::one_line(&format!("{number}: {line}")));
        }
        if difference.is_none() {
            output.line("the replay made the same decisions");
        }
    }
    match difference {
        None => Ok(Exit::Success),
        Some(difference) => Err(failed(difference)),
    }
}

/// A line as JSON; null for none.
fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}
