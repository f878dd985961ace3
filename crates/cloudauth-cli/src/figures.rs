//! `sim figures`: what the policy promises, measured.

use cloudauth_sim::simulation::figures::{Scale, figures};

use crate::Outcome;
use crate::args::FiguresArgs;
use crate::output;

pub(crate) fn run(args: &FiguresArgs) -> Outcome {
    let scale = Scale {
        calls: args.calls,
        seeds: args.seeds,
        nonces: args.nonces,
    };
    let bar = output::progress(0, "groups of figures");
    let figures = figures(scale, |done, all| {
        bar.set_length(u64::try_from(all).unwrap_or(0));
        bar.set_position(u64::try_from(done).unwrap_or(0));
    })?;
    bar.finish_and_clear();
    let rows = figures.into_iter().map(|figure| {
        let word = if figure.is_met { "met" } else { "MISSED" };
        vec![
            figure.what,
            figure.goal.to_owned(),
            figure.measured,
            word.to_owned(),
        ]
    });
    let head = ["figure", "goal", "measured", "goal is"];
    output::rows(&head, &rows.collect::<Vec<_>>(), args.json);
    Ok(())
}
