//! A second question cuts the tail.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{PACE, calm, millis, percentile, ratio, reads, sends, times};
use super::{Figure, Scale};
use crate::Region;
use crate::simulation::Weather;

/// One exchange in a hundred takes two seconds.
pub(super) fn tail(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let plain = run(scale, &CallOptions::new())?;
    let hedged = run(
        scale,
        &CallOptions::new().hedge_after(Duration::from_millis(100)),
    )?;
    let factor = plain.0.as_secs_f64() / hedged.0.as_secs_f64();
    let more = (ratio(hedged.1, plain.1) - 1.0) * 100.0;
    Ok(vec![
        Figure::new(
            "1 % of exchanges take 2 s: p99.9 of hedged reads, against others",
            "at least 5 times less",
            format!(
                "{} against {}: {factor:.1} times less",
                millis(hedged.0),
                millis(plain.0)
            ),
            factor >= 5.0,
        ),
        Figure::new(
            "more sends for that",
            "<= 5 %",
            format!("{more:.2} %"),
            more <= 5.0,
        ),
    ])
}

fn run(scale: Scale, options: &CallOptions) -> Result<(Duration, usize), Box<dyn Error>> {
    let mut simulation = calm(Policy::default())?;
    for region in Region::ALL {
        let weather = Weather::calm().slow(10, Duration::from_secs(2));
        simulation.weather(region, Duration::ZERO, weather);
    }
    reads(&mut simulation, Duration::ZERO, scale.calls, PACE, options)?;
    simulation.run();
    Ok((percentile(&times(&simulation), 999), sends(&simulation)))
}
