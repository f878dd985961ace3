//! `sim explore`: runs random scenarios in simulated time.

use std::time::Instant;

use cloudauth_sim::simulation::Rule;
use cloudauth_sim::simulation::explore::{Exploration, explore};
use serde_json::json;

use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::output::{self, Output};

/// Run random scenarios in simulated time; if a rule is broken, print the shortest trace
///
/// Fails if a rule is broken, or if no scenario is one that a rule applies to.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  cloudauth sim explore --seeds 10000 --json")]
pub(super) struct ExploreArgs {
    /// Number of scenarios, one per seed
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// First seed
    #[arg(long, value_name = "SEED", default_value_t = 0)]
    from: u64,
}

pub(super) fn run(args: &ExploreArgs, output: &Output) -> CommandResult {
    let bar = output::progress_bar(args.seeds, "scenarios");
    #[expect(clippy::disallowed_methods, reason = "measures the simulation itself")]
    let started = Instant::now();
    let end = args.from.checked_add(args.seeds);
    let end = end.ok_or_else(|| usage("--from plus --seeds exceeds the largest seed"))?;
    let explored = explore(args.from..end, |done| bar.set_position(done)).map_err(failed)?;
    bar.finish_and_clear();
    let millis = started.elapsed().as_millis().max(1);
    let calls_per_minute = u128::from(explored.calls) * 60_000 / millis;
    let mut fields = vec![
        ("scenarios", explored.scenarios.into()),
        ("replayed", explored.replayed.into()),
        ("calls", explored.calls.into()),
        ("sends", explored.requests.into()),
        ("refreshes", explored.refreshes.into()),
        (
            "calls_per_minute",
            json!(u64::try_from(calls_per_minute).unwrap_or(u64::MAX)),
        ),
        ("hash", format!("{:016x}", explored.hash).into()),
        ("rules", rules(&explored).into()),
    ];
    if let Some(failure) = &explored.counterexample {
        let lines = |text: &str| text.lines().collect::<Vec<_>>().into();
        fields.push(("scenario", lines(&failure.scenario)));
        fields.push(("trace", lines(&failure.trace)));
    }
    output.fields(&fields);
    if let Some(failure) = explored.counterexample {
        let (seed, rule) = (failure.seed, failure.rule);
        return Err(failed(format!("seed {seed} breaks a rule: {rule}")));
    }
    let unchecked = explored.checks.iter().filter(|(_, count)| *count == 0);
    match unchecked.count() {
        0 => Ok(Exit::Success),
        rules => Err(failed(format!("{rules} rules not checked: run more seeds"))),
    }
}

/// One line per rule, with its result.
fn rules(explored: &Exploration) -> Vec<String> {
    let broken = explored.counterexample.as_ref().map(|failure| failure.rule);
    let result = |(rule, count): &(Rule, u64)| match count {
        _ if broken == Some(*rule) => "BROKEN".to_owned(),
        0 => "not checked".to_owned(),
        count => format!("held {count}x"),
    };
    let rules = explored.checks.iter();
    rules
        .map(|checked| format!("{:12} {}", result(checked), checked.0))
        .collect()
}
