//! Times that can be compared on a machine that others use too: the subjects take turns.
//!
//! A neighbour on the other thread of the same core takes execution units away. That slows down
//! whatever has much to execute at once, and leaves a hash as it is, which waits for its own results.
//! So beside the median there is what is reached while nobody disturbs.

use core::time::Duration;
use std::time::Instant;

/// Something that is measured.
pub type Subject<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// What came of it.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is no third")]
pub struct Ratios {
    /// The time of the first subject in nanoseconds, when it was quiet.
    pub first: f64,
    /// The time of each as a multiple of the first one's. Quiet: a twentieth of its rounds was
    /// faster.
    pub quiet: Vec<f64>,
    /// The median of the ratios within each round.
    pub median: Vec<f64>,
}

/// Measures all subjects beside the first one.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a bench knows the time")]
pub fn ratios(subjects: &mut [Subject<'_>], rounds: usize, turn: Duration) -> Ratios {
    let mut repeats: Vec<u32> = Vec::new();
    for (_, run) in &mut *subjects {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < turn || count == 0 {
            run();
            count += 1;
        }
        repeats.push(count);
    }
    let mut taken: Vec<Vec<f64>> = vec![Vec::new(); subjects.len()];
    for _ in 0..rounds {
        for (i, (_, run)) in subjects.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..repeats[i] {
                run();
            }
            taken[i].push(start.elapsed().as_secs_f64() / f64::from(repeats[i]));
        }
    }
    let floor = &taken[0];
    let quiet = |times: &Vec<f64>| at(times.clone(), times.len() / 20);
    let first = quiet(floor);
    let of_floor = |times: &Vec<f64>| {
        let ratios = times.iter().zip(floor).map(|(time, floor)| time / floor);
        median(ratios.collect())
    };
    Ratios {
        first: first * 1e9,
        quiet: taken.iter().map(|times| quiet(times) / first).collect(),
        median: taken.iter().map(of_floor).collect(),
    }
}

fn median(values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    at(values, middle)
}

/// The value at this place of their order.
fn at(mut values: Vec<f64>, place: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[place]
}

/// What one thing costs.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is no third")]
pub struct Cost {
    /// Seconds that pass.
    pub wall: f64,
    /// Seconds of this process's processors.
    pub cpu: f64,
}

/// Something that is done a number of times.
pub type Repeated<'a> = (&'a str, Box<dyn FnMut(u32) + 'a>);

/// The median cost of each subject, and the medians of the rates at which it does its work as a share
/// of the first one's in the same round: calls per second, and calls per second of processor.
pub fn rates(subjects: &mut [Repeated<'_>], rounds: usize, count: u32) -> Vec<(Cost, Cost)> {
    let mut spent: Vec<Vec<Cost>> = vec![Vec::new(); subjects.len()];
    // The first round makes connections, and does not count.
    for round in 0..=rounds {
        for (i, (_, run)) in subjects.iter_mut().enumerate() {
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
    let bare = &spent[0];
    let of = |costs: &Vec<Cost>| {
        let middle = |pick: fn(&Cost) -> f64| median(costs.iter().map(pick).collect());
        let share = |pick: fn(&Cost) -> f64| {
            let pairs = costs.iter().zip(bare);
            median(pairs.map(|(cost, bare)| pick(bare) / pick(cost)).collect())
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
    spent.iter().map(of).collect()
}

#[expect(clippy::cast_sign_loss, reason = "clocks do not go below zero")]
fn clocks() -> (Duration, Duration) {
    use rustix::time::{ClockId, clock_gettime};
    let read = |id| {
        let time = clock_gettime(id);
        let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
        Duration::new(time.tv_sec as u64, nanos)
    };
    (read(ClockId::Monotonic), read(ClockId::ProcessCPUTime))
}
