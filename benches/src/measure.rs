//! Times that can be compared on a machine that others use too: the subjects take turns, and what
//! counts is the median of the ratios within each round.

use core::time::Duration;
use std::time::Instant;

/// Something that is measured.
pub type Subject<'a> = (&'a str, Box<dyn FnMut() + 'a>);

/// The median of each subject's time as a multiple of the first one's, and of the first one's time
/// in nanoseconds.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a bench knows the time")]
pub fn ratios(subjects: &mut [Subject<'_>], rounds: usize, turn: Duration) -> (f64, Vec<f64>) {
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
    let of_floor = |times: &Vec<f64>| {
        let ratios = times.iter().zip(floor).map(|(time, floor)| time / floor);
        median(ratios.collect())
    };
    let ratios = taken.iter().map(of_floor).collect();
    (median(floor.clone()) * 1e9, ratios)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
