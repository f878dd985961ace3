//! Reproducibility of random scenarios.

use core::error::Error;

use super::{Figure, Scale};
use crate::simulation::explore::explore;

/// Explores the same seeds twice and compares the hashes of all traces.
pub(super) fn equal_traces(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let first = explore(0..scale.seeds, |_| ())?;
    let second = explore(0..scale.seeds, |_| ())?;
    let calls = first.calls;
    Ok(vec![
        Figure::new(
            "random scenarios that violate a rule",
            "0",
            format!(
                "{} of {} with {calls} calls",
                usize::from(first.counterexample.is_some()),
                first.scenarios
            ),
            first.counterexample.is_none(),
        ),
        Figure::new(
            "the same scenarios again: equal traces",
            "all",
            format!("hash {:016x}, then {:016x}", first.hash, second.hash),
            first == second,
        ),
    ])
}
