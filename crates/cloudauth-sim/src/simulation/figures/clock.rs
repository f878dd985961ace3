//! Correction of a wrong clock.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{INTERVAL, failed, start_reads, unimpaired};
use super::{Figure, Scale};

pub(super) fn wrong_clock(_: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (ahead, name) in [(3_600, "an hour ahead"), (-3_600, "an hour behind")] {
        let mut simulation = unimpaired(Policy::default())?;
        simulation.clock_ahead(ahead);
        let (options, second) = (CallOptions::new(), Duration::from_secs(1));
        start_reads(&mut simulation, Duration::ZERO, 1, INTERVAL, &options)?;
        start_reads(&mut simulation, second, 100, INTERVAL, &options)?;
        simulation.run();
        let requests: Vec<_> = simulation.records().map(|record| record.requests).collect();
        let (first, rest) = requests.split_first().ok_or("no calls")?;
        let extra: usize = rest.iter().map(|requests| requests - 1).sum();
        let failed = failed(&simulation);
        figures.push(Figure::new(
            format!(
                "client clock {name}: requests of the first call, extra requests of the next 100"
            ),
            "2, 0",
            format!("{first}, {extra}, with {failed} failed"),
            (*first, extra, failed) == (2, 0, 0),
        ));
    }
    Ok(figures)
}
