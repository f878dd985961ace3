//! Reproducibility of random scenarios.

use core::error::Error;

use super::{Figure, Scale};
use crate::simulation::explore::explore;

/// Explores the same seeds twice and compares the hashes of all traces.
pub(super) fn equal_traces(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let first = explore(0..scale.seeds, |_| ())?;
    let second = explore(0..scale.seeds, |_| ())?;
    let calls = first.calls;
    let is_measured = first.scenarios > 0;
    let violations = || {
        let violations = usize::from(first.counterexample.is_some());
        let measured = format!("{violations} of {} with {calls} calls", first.scenarios);
        (measured, violations == 0)
    };
    let traces = || {
        let measured = format!("hash {:016x}, then {:016x}", first.hash, second.hash);
        (measured, first == second)
    };
    Ok(vec![
        Figure::measured(
            "random scenarios that violate a rule",
            "0",
            is_measured.then(violations),
        ),
        Figure::measured(
            "the same scenarios again: equal traces",
            "all",
            is_measured.then(traces),
        ),
    ])
}
