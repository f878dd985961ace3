//! `sim figures`: measures the retry policy against its goals.

use cloudauth_sim::simulation::figures::{FigureResult, Scale, figures};
use serde_json::json;

use crate::error::{CommandResult, failed};
use crate::exit::Exit;
use crate::output::{self, Output};

/// Measure the retry policy against its goals, in simulated time
///
/// Fails if a goal is missed, or if there is nothing to measure for one: `measured` is then null in JSON.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim figures --calls 2500 --seeds 1000")]
pub(super) struct FiguresArgs {
    /// Number of calls in each load
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// Number of random scenarios
    #[arg(long, default_value_t = 100_000)]
    seeds: u64,
    /// Number of nonces to draw; each takes 8 bytes of memory
    #[arg(long, default_value_t = 10_000_000)]
    nonces: u32,
}

pub(super) fn run(args: &FiguresArgs, output: &Output) -> CommandResult {
    let scale = Scale {
        calls: args.calls,
        seeds: args.seeds,
        nonces: args.nonces,
    };
    let bar = output::progress_bar(0, "groups of figures");
    let figures = figures(scale, |done, total| {
        bar.set_length(u64::try_from(total).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })
    .map_err(failed)?;
    bar.finish_and_clear();
    let count = |result| figures.iter().filter(|it| it.result == result).count();
    let missed = count(FigureResult::Missed);
    let not_measured = count(FigureResult::NotMeasured);
    let rows = figures.into_iter().map(|figure| {
        let result = match figure.result {
            FigureResult::Reached => "reached",
            FigureResult::Missed => "MISSED",
            FigureResult::NotMeasured => "not measured",
        };
        vec![
            figure.name.into(),
            figure.goal.into(),
            json!(figure.measured),
            result.into(),
        ]
    });
    let keys = ["figure", "goal", "measured", "result"];
    output.rows(&keys, &rows.collect::<Vec<_>>());
    if missed + not_measured > 0 {
        let error = format!("{missed} goals missed, {not_measured} not measured");
        return Err(failed(error));
    }
    Ok(Exit::Success)
}
