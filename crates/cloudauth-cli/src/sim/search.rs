//! `sim search`: searches small worlds exhaustively.

use core::time::Duration;
use std::time::Instant;

use cloudauth_sim::simulation::search::{SearchResult, SmallWorld, search, small_worlds};
use serde_json::{Value, json};

use crate::arguments::short;
use crate::error::{CommandResult, failed, usage};
use crate::exit::Exit;
use crate::output::{self, Output, OutputField};

/// Search small worlds for every order of events that breaks a property; print the shortest
///
/// Each world has two endpoints, a few calls, and bounds on what happens to them. Prints how many states and
/// paths there are, and whether these are all. Fails if a property is broken.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  cloudauth sim search --only 'charge, breakers' --max-states 10000"
)]
pub(super) struct SearchArgs {
    /// Search only the worlds whose name contains this
    #[arg(long, value_name = "NAME", value_parser = short)]
    only: Option<String>,
    /// Largest number of states of a world
    #[arg(long, value_name = "STATES", default_value_t = 1_000_000)]
    max_states: usize,
}

pub(super) fn run(args: &SearchArgs, output: &Output) -> CommandResult {
    let only = args.only.as_deref().unwrap_or_default();
    let mut worlds = small_worlds();
    worlds.retain(|world| world.name().contains(only));
    if worlds.is_empty() {
        return Err(usage("--only: no world has such a name"));
    }
    let bar = output::progress_bar(u64::try_from(worlds.len()).unwrap_or(u64::MAX), "worlds");
    let mut searched = Vec::new();
    for world in &worlds {
        #[expect(clippy::disallowed_methods, reason = "measures the search itself")]
        let started = Instant::now();
        let result = search(world, args.max_states).map_err(failed)?;
        searched.push((world, result, started.elapsed()));
        bar.inc(1);
    }
    bar.finish_and_clear();
    if output.is_json() {
        let records: Vec<_> = searched.iter().map(fields).collect();
        output.records(&records);
    } else {
        print_table(&searched, output);
    }
    let violated: usize = searched.iter().map(|it| it.1.violations.len()).sum();
    match violated {
        0 => Ok(Exit::Success),
        n => Err(failed(format!("{n} shortest paths break a property"))),
    }
}

type Searched<'w> = (&'w SmallWorld, SearchResult, Duration);

fn fields((world, result, took): &Searched<'_>) -> Vec<OutputField> {
    let violations = result.violations.iter().map(|path| {
        json!({
            "property": path.property.to_string(),
            "length": path.length,
            "trace": path.trace.lines().collect::<Vec<_>>(),
        })
    });
    vec![
        ("world", world.name().into()),
        ("is_complete", result.is_complete.into()),
        ("states", result.states.into()),
        ("paths", result.paths.into()),
        ("depth", result.depth.into()),
        ("seconds", took.as_secs_f64().into()),
        ("violations", Value::Array(violations.collect())),
    ]
}

fn print_table(searched: &[Searched<'_>], output: &Output) {
    let row = |(world, result, took): &Searched<'_>| {
        let bound = if result.is_complete {
            "all".to_owned()
        } else {
            format!("{} states", result.states)
        };
        let broken = match result.violations.len() {
            0 => "held".to_owned(),
            n => format!("{n} BROKEN"),
        };
        vec![
            world.name().to_owned(),
            bound,
            result.states.to_string(),
            result.paths.to_string(),
            result.depth.to_string(),
            format!("{:.2} s", took.as_secs_f64()),
            broken,
        ]
    };
    let mut rows: Vec<_> = searched.iter().map(row).collect();
    let states: usize = searched.iter().map(|it| it.1.states).sum();
    let paths: u64 = searched.iter().map(|it| it.1.paths).sum();
    let took: Duration = searched.iter().map(|it| it.2).sum();
    rows.push(vec![
        format!("{} worlds", searched.len()),
        String::new(),
        states.to_string(),
        paths.to_string(),
        String::new(),
        format!("{:.2} s", took.as_secs_f64()),
    ]);
    let headings = [
        "world",
        "searched",
        "states",
        "paths",
        "depth",
        "time",
        "properties",
    ];
    output.table(&headings, &rows);
    for (world, result, _) in searched {
        for path in &result.violations {
            let (name, length) = (world.name(), path.length);
            output.line(&format!(
                "\n{}\nis broken in \"{name}\" after {length} choices:",
                path.property
            ));
            output.line(path.trace.trim_end());
        }
    }
}
