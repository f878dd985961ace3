//! Hedged reads and tail latency.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{
    INTERVAL, durations, millis, percentile, ratio, requests, start_reads, unimpaired,
};
use super::{Figure, Scale};
use crate::Region;
use crate::simulation::Link;

/// One exchange in a hundred takes two seconds.
pub(super) fn tail_latency(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let plain = run(scale, &CallOptions::new())?;
    let hedged = run(
        scale,
        &CallOptions::new().hedge_after(Duration::from_millis(100)),
    )?;
    let factor = plain.0.as_secs_f64() / hedged.0.as_secs_f64();
    let extra = (ratio(hedged.1, plain.1) - 1.0) * 100.0;
    Ok(vec![
        Figure::new(
            "1 % of exchanges take 2 s: p99.9 of reads with and without hedging",
            ">= 5 times lower",
            format!(
                "{} and {}: {factor:.1} times lower",
                millis(hedged.0),
                millis(plain.0)
            ),
            factor >= 5.0,
        ),
        Figure::new(
            "1 % of exchanges take 2 s: extra requests of hedging",
            "<= 5 %",
            format!("{extra:.2} %"),
            extra <= 5.0,
        ),
    ])
}

/// The 99.9th percentile of the calls' durations, and the number of requests.
fn run(scale: Scale, options: &CallOptions) -> Result<(Duration, usize), Box<dyn Error>> {
    let mut simulation = unimpaired(Policy::default())?;
    for region in Region::ALL {
        let link = Link::unimpaired().slow(10, Duration::from_secs(2));
        simulation.link(region, Duration::ZERO, link);
    }
    start_reads(
        &mut simulation,
        Duration::ZERO,
        scale.calls,
        INTERVAL,
        options,
    )?;
    simulation.run();
    let percentile = percentile(&durations(&simulation), 999);
    Ok((percentile, requests(&simulation)))
}
