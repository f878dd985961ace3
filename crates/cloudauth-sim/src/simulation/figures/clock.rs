//! A wrong clock heals itself.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{PACE, calm, failed, reads};
use super::{Figure, Scale};

pub(super) fn wrong_clock(_: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (ahead, what) in [(3_600, "an hour ahead"), (-3_600, "an hour behind")] {
        let mut simulation = calm(Policy::default())?;
        simulation.clock_ahead(ahead);
        let options = CallOptions::new();
        reads(&mut simulation, Duration::ZERO, 1, PACE, &options)?;
        reads(&mut simulation, Duration::from_secs(1), 100, PACE, &options)?;
        simulation.run();
        let sends: Vec<_> = simulation.all_told().map(|told| told.sends).collect();
        let (first, rest) = sends.split_first().ok_or("no calls")?;
        let extra: usize = rest.iter().map(|sends| sends - 1).sum();
        let failed = failed(&simulation);
        figures.push(Figure::new(
            format!("the clock is {what}: sends of the first call, more sends of the next 100"),
            "2, 0",
            format!("{first}, {extra}, with {failed} failed"),
            (*first, extra, failed) == (2, 0, 0),
        ));
    }
    Ok(figures)
}
