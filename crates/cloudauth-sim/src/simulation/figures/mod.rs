//! Measurements of the policy's goals in simulated time.

mod clock;
mod hedging;
mod load;
mod nonces;
mod once;
mod outage;
mod replay;

use core::error::Error;

pub use load::percentile;

/// A measured value and its goal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Figure {
    /// A description of the value.
    pub name: String,
    /// The goal.
    pub goal: &'static str,
    /// The measured value.
    pub measured: String,
    /// Whether the measured value meets the goal.
    pub is_met: bool,
}

impl Figure {
    fn new(
        name: impl Into<String>,
        goal: &'static str,
        measured: impl Into<String>,
        is_met: bool,
    ) -> Self {
        Self {
            name: name.into(),
            goal,
            measured: measured.into(),
            is_met,
        }
    }
}

/// Sizes of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers set each of the three sizes"
)]
pub struct Scale {
    /// Calls of each load.
    pub calls: u32,
    /// Random scenarios.
    pub seeds: u64,
    /// Nonces drawn, each of which takes eight bytes of memory.
    pub nonces: u32,
}

/// Measures all figures. Calls `progress` with the number of finished groups of figures and the
/// number of all groups.
pub fn figures(
    scale: Scale,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<Figure>, Box<dyn Error>> {
    type Group = fn(Scale) -> Result<Vec<Figure>, Box<dyn Error>>;
    let groups: [Group; 8] = [
        once::carried_out_once,
        outage::total_outage,
        outage::one_region_down,
        outage::random_errors,
        hedging::tail_latency,
        clock::wrong_clock,
        nonces::repeated,
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
