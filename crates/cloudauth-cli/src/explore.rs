//! `sim explore`: random scenarios in simulated time.

use std::time::Instant;

use cloudauth_sim::simulation::Rule;
use cloudauth_sim::simulation::explore::{Explored, explore};
use serde_json::json;

use crate::Outcome;
use crate::args::ExploreArgs;
use crate::output;

pub(crate) fn run(args: &ExploreArgs) -> Outcome {
    let bar = output::progress(args.seeds, "scenarios");
    #[expect(clippy::disallowed_methods, reason = "measures the simulation itself")]
    let started = Instant::now();
    let end = args.from.checked_add(args.seeds);
    let end = end.ok_or("there are not that many seeds after --from")?;
    let explored = explore(args.from..end, |done| bar.set_position(done))?;
    bar.finish_and_clear();
    let took = started.elapsed().as_millis().max(1);
    let pace = u128::from(explored.calls) * 60_000 / took;
    let mut fields = vec![
        ("scenarios", explored.seeds.into()),
        ("run twice", explored.replayed.into()),
        ("calls", explored.calls.into()),
        ("sends", explored.sends.into()),
        ("refreshes", explored.refreshes.into()),
        ("calls a minute", json!(u64::try_from(pace)?)),
        ("hash", format!("{:016x}", explored.hash).into()),
        ("rules", rules(&explored).into()),
    ];
    if let Some(failure) = &explored.failure {
        let lines = |text: &str| text.lines().collect::<Vec<_>>().into();
        fields.push(("scenario", lines(&failure.scenario)));
        fields.push(("trace", lines(&failure.trace)));
    }
    output::fields(&fields, args.json);
    match explored.failure {
        None => Ok(()),
        Some(failure) => Err(format!("broken by seed {}: {}", failure.seed, failure.rule).into()),
    }
}

/// Each rule with what came of it.
fn rules(explored: &Explored) -> Vec<String> {
    let broken = explored.failure.as_ref().map(|failure| failure.rule);
    let word = |rule: &Rule| {
        if broken == Some(*rule) {
            "BROKEN"
        } else {
            "held"
        }
    };
    Rule::ALL
        .iter()
        .map(|rule| format!("{:6} {rule}", word(rule)))
        .collect()
}
