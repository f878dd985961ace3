//! Measurements of the policy's goals in simulated time.

mod clock;
mod hedging;
mod java_sample;
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
    /// The measured value. `None` if there was nothing to measure.
    pub measured: Option<String>,
    /// The result.
    pub result: FigureResult,
}

/// Whether a measured value meets its goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "callers match on every variant")]
pub enum FigureResult {
    /// It does.
    Reached,
    /// It does not.
    Missed,
    /// There was nothing to measure: too few calls, or no scenarios.
    NotMeasured,
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
            measured: Some(measured.into()),
            result: if is_met {
                FigureResult::Reached
            } else {
                FigureResult::Missed
            },
        }
    }

    /// A figure of a measurement, which is a value and whether it meets the goal.
    fn measured(
        name: impl Into<String>,
        goal: &'static str,
        measured: Option<(String, bool)>,
    ) -> Self {
        let name = name.into();
        match measured {
            Some((value, is_met)) => Self::new(name, goal, value, is_met),
            None => Self {
                name,
                goal,
                measured: None,
                result: FigureResult::NotMeasured,
            },
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
    let groups: [Group; 10] = [
        once::carried_out_once,
        outage::total_outage,
        outage::blameless_outage,
        outage::one_region_down,
        outage::random_errors,
        hedging::tail_latency,
        clock::wrong_clock,
        java_sample::survived,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The calls of a second: all of them begin before Shanghai's outage, and before it is known that all
    /// regions are silent.
    const SMALL: Scale = Scale {
        calls: 100,
        seeds: 0,
        nonces: 10_000,
    };

    #[test]
    fn a_figure_without_a_measurement_says_so() {
        let mut figures = outage::total_outage(SMALL).unwrap();
        figures.extend(outage::one_region_down(SMALL).unwrap());
        figures.extend(replay::equal_traces(SMALL).unwrap());
        let not_measured = figures.iter().filter(|it| it.measured.is_none());
        let names: Vec<&str> = not_measured.map(|it| it.name.as_str()).collect();
        let outages = [
            "refuses connections",
            "is a black hole",
            "responds 503",
            "is slow",
        ];
        let of_outage =
            |name| format!("Shanghai {name}: delay of a call while the circuit breaker is open");
        let known = ["is a black hole", "is slow"].map(|name| {
            format!("every region {name}: requests per call that began after that was known, at 100 calls/s")
        });
        let mut expected = known.to_vec();
        expected.extend(outages.map(of_outage));
        expected.push("random scenarios that violate a rule".to_owned());
        expected.push("the same scenarios again: equal traces".to_owned());
        assert_eq!(names, expected);
        for figure in figures {
            let is_measured = figure.result != FigureResult::NotMeasured;
            assert_eq!(figure.measured.is_some(), is_measured, "{figure:?}");
        }
    }

    #[test]
    fn what_the_vendors_sample_survives_is_survived() {
        for figure in java_sample::survived(SMALL).unwrap() {
            assert_eq!(figure.result, FigureResult::Reached, "{figure:?}");
        }
    }
}
