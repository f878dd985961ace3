//! What the policy promises, measured in simulated time and held against its goals.

mod clock;
mod hedging;
mod load;
mod nonces;
mod once;
mod outage;
mod replay;

use core::error::Error;

pub use load::percentile;

/// A promise, and what was measured of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// What it must be.
    pub goal: &'static str,
    /// What it is.
    pub measured: String,
    /// Whether that meets the goal.
    pub is_met: bool,
}

impl Figure {
    fn new(
        what: impl Into<String>,
        goal: &'static str,
        measured: impl Into<String>,
        is_met: bool,
    ) -> Self {
        Self {
            what: what.into(),
            goal,
            measured: measured.into(),
            is_met,
        }
    }
}

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three knobs of a measurement")]
pub struct Scale {
    /// Calls of each load.
    pub calls: u32,
    /// Random scenarios.
    pub seeds: u64,
    /// Nonces drawn. Each takes eight bytes of memory.
    pub nonces: u32,
}

/// Measures everything. `progress` is told how many groups of figures are done, and of how many.
pub fn figures(
    scale: Scale,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<Figure>, Box<dyn Error>> {
    type Group = fn(Scale) -> Result<Vec<Figure>, Box<dyn Error>>;
    let groups: [Group; 8] = [
        once::carried_out_once,
        outage::amplification,
        outage::one_region_is_enough,
        outage::random_errors,
        hedging::tail,
        clock::wrong_clock,
        nonces::repeats,
        replay::equal_traces,
    ];
    let mut figures = Vec::new();
    for (done, group) in groups.iter().enumerate() {
        progress(done, groups.len());
        figures.extend(group(scale)?);
    }
    progress(groups.len(), groups.len());
    Ok(figures)
}
