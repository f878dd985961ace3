//! Comparable times on a shared machine: the candidates take turns.
//!
//! Another process on the other thread of the same core competes for execution units. That slows down
//! code with much instruction-level parallelism, but not a hash, whose instructions depend on each
//! other. So the 5th percentile, which is reached while no other process competes, is measured next to
//! the median.

use core::time::Duration;
use std::time::Instant;

/// A name, and the code to measure.
pub type Candidate<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// Times of candidates relative to the first one's.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "read by the benches of this crate only"
)]
pub struct Ratios {
    /// The 5th percentile of the first candidate's times, in nanoseconds.
    pub first: f64,
    /// The 5th percentile of each candidate's times, divided by the first one's.
    pub p5: Vec<f64>,
    /// The median of the ratios within each round.
    pub median: Vec<f64>,
}

/// Measures all candidates relative to the first one, in `rounds` turns of about `turn` each.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub fn ratios(candidates: &mut [Candidate<'_>], rounds: usize, turn: Duration) -> Ratios {
    let mut repeats: Vec<u32> = Vec::new();
    for (_, run) in &mut *candidates {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < turn || count == 0 {
            run();
            count += 1;
        }
        repeats.push(count);
    }
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); candidates.len()];
    for _ in 0..rounds {
        for (i, (_, run)) in candidates.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..repeats[i] {
                run();
            }
            taken[i].push(start.elapsed().as_secs_f64() / f64::from(repeats[i]));
        }
    }
    let baseline = &taken[0];
    let p5 = |times: &Vec<f64>| nth(times.clone(), times.len() / 20);
    let first = p5(baseline);
    let median_ratio = |times: &Vec<f64>| {
        let ratios = times.iter().zip(baseline);
        median(ratios.map(|(time, baseline)| time / baseline).collect())
    };
    Ratios {
        first: first * 1e9,
        p5: taken.iter().map(|times| p5(times) / first).collect(),
        median: taken.iter().map(median_ratio).collect(),
    }
}

fn median(values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    nth(values, middle)
}

/// The `n`th smallest value.
fn nth(mut values: Vec<f64>, n: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[n]
}

/// Wall-clock time and CPU time.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "read by the benches of this crate only"
)]
pub struct Cost {
    /// By the wall clock.
    pub wall: f64,
    /// Of all CPUs, spent by this process.
    pub cpu: f64,
}

/// A name, and code that repeats an operation the given number of times.
pub type Workload<'a> = (&'a str, Box<dyn FnMut(u32) + 'a>);

/// Measures workloads in turns of `count` operations.
///
/// For each workload: the median cost of one operation in seconds, and the median of its rate
/// (operations per second of wall-clock and of CPU time) divided by the first one's rate in the same
/// round.
pub fn rates(workloads: &mut [Workload<'_>], rounds: usize, count: u32) -> Vec<(Cost, Cost)> {
    let mut spent: Vec<Vec<Cost>> = vec![Vec::new(); workloads.len()];
    // The first round establishes connections and is not measured.
    for round in 0..=rounds {
        for (i, (_, run)) in workloads.iter_mut().enumerate() {
            let (wall, cpu) = clocks();
            run(count);
            let (wall_after, cpu_after) = clocks();
            if round > 0 {
                let each = |span: Duration| span.as_secs_f64() / f64::from(count);
                spent[i].push(Cost {
                    wall: each(wall_after.saturating_sub(wall)),
                    cpu: each(cpu_after.saturating_sub(cpu)),
                });
            }
        }
    }
    let baseline = &spent[0];
    let summarize = |costs: &Vec<Cost>| {
        let middle = |pick: fn(&Cost) -> f64| median(costs.iter().map(pick).collect());
        let share = |pick: fn(&Cost) -> f64| {
            let pairs = costs.iter().zip(baseline);
            let rates = pairs.map(|(cost, baseline)| pick(baseline) / pick(cost));
            median(rates.collect())
        };
        let wall: fn(&Cost) -> f64 = |cost| cost.wall;
        let cpu: fn(&Cost) -> f64 = |cost| cost.cpu;
        (
            Cost {
                wall: middle(wall),
                cpu: middle(cpu),
            },
            Cost {
                wall: share(wall),
                cpu: share(cpu),
            },
        )
    };
    spent.iter().map(summarize).collect()
}

#[expect(clippy::cast_sign_loss, reason = "these clocks are never negative")]
fn clocks() -> (Duration, Duration) {
    use rustix::time::{ClockId, clock_gettime};
    let read = |id| {
        let time = clock_gettime(id);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
        Duration::new(time.tv_sec as u64, nanos)
    };
    (read(ClockId::Monotonic), read(ClockId::ProcessCPUTime))
}
