//! Outages of one region and of all.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{INTERVAL, failed, millis, ratio, requests, routes, start_reads, unimpaired};
use super::{Figure, Scale};
use crate::simulation::{CallRecord, Impairment, Link};
use crate::{Fault, Region};

/// A kind of outage.
struct Outage {
    /// Completes a sentence about a region.
    name: &'static str,
    link: Link,
    /// Time until a call detects the outage.
    detected_after: Duration,
}

impl Outage {
    fn all() -> [Self; 4] {
        let Policy {
            connect_timeout,
            read_timeout,
            ..
        } = Policy::default();
        let always = |impairment| Link::unimpaired().always(impairment);
        let slow = Duration::from_secs(15);
        [
            Self {
                name: "refuses connections",
                link: always(Impairment::Fault(Fault::Refuse)),
                detected_after: Duration::ZERO,
            },
            Self {
                name: "is a black hole",
                link: always(Impairment::BlackHole),
                detected_after: connect_timeout,
            },
            Self {
                name: "responds 503",
                link: always(Impairment::Fault(Fault::Status(503))),
                detected_after: Duration::ZERO,
            },
            Self {
                name: "is slow",
                link: Link::unimpaired().round_trip(slow, slow),
                detected_after: read_timeout,
            },
        ]
    }
}

/// All regions are down: the number of requests, and the time until retries are available again.
pub(super) fn total_outage(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for Outage { name, link, .. } in Outage::all() {
        let mut simulation = unimpaired(Policy::default())?;
        for region in Region::ALL {
            simulation.link(region, Duration::ZERO, link.clone());
        }
        let options = CallOptions::new();
        start_reads(
            &mut simulation,
            Duration::ZERO,
            scale.calls,
            INTERVAL,
            &options,
        )?;
        simulation.run();
        let calls = usize::try_from(scale.calls)?;
        let per_call = ratio(requests(&simulation), calls);
        figures.push(Figure::new(
            format!("every region {name}: requests per call, at 100 calls/s"),
            "<= 1.10",
            format!("{per_call:.3}"),
            per_call <= 1.10,
        ));
    }
    figures.push(retries_available(scale)?);
    Ok(figures)
}

/// The idle time after a total outage until the retry budget is full. After it one call succeeds,
/// and a later call to regions that are down again shows how many attempts the budget allows: six
/// if it is full, since it holds five retries.
fn retries_available(scale: Scale) -> Result<Figure, Box<dyn Error>> {
    let mut policy = Policy::default();
    policy.max_attempts = 6;
    let options = CallOptions::new();
    let mut idle = Duration::ZERO;
    let mut attempts = 0;
    while attempts < policy.max_attempts && idle < Duration::from_secs(60) {
        idle += Duration::from_millis(500);
        let mut simulation = unimpaired(policy)?;
        let recovered = INTERVAL * scale.calls;
        let first = recovered + idle;
        let second = first + Duration::from_millis(100);
        for region in Region::ALL {
            let refuses = Link::unimpaired().always(Impairment::Fault(Fault::Refuse));
            simulation.link(region, Duration::ZERO, refuses.clone());
            simulation.link(region, recovered, Link::unimpaired());
            simulation.link(region, second, refuses);
        }
        start_reads(
            &mut simulation,
            Duration::ZERO,
            scale.calls,
            INTERVAL,
            &options,
        )?;
        start_reads(&mut simulation, first, 1, INTERVAL, &options)?;
        start_reads(&mut simulation, second, 1, INTERVAL, &options)?;
        simulation.run();
        let last = simulation.records().last();
        attempts = last.map_or(0, |record| record.requests);
    }
    Ok(Figure::new(
        "idle time after a total outage until the retry budget is full",
        "<= 10 s",
        format!("{:.1} s", idle.as_secs_f64()),
        idle <= Duration::from_secs(10),
    ))
}

/// Shanghai is down and Beijing is not.
pub(super) fn one_region_down(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let onset = Duration::from_secs(10);
    let mut figures = Vec::new();
    for outage in Outage::all() {
        let (name, detected_after) = (outage.name, outage.detected_after);
        let mut simulation = unimpaired(Policy::default())?;
        simulation.link(Region::Shanghai, onset, outage.link);
        let options = CallOptions::new();
        start_reads(&mut simulation, onset, 1_000, Duration::ZERO, &options)?;
        start_reads(
            &mut simulation,
            Duration::ZERO,
            scale.calls,
            INTERVAL,
            &options,
        )?;
        simulation.run();
        let failed = failed(&simulation);
        figures.push(Figure::new(
            format!("Shanghai {name}: failed reads, 1000 in flight at the onset"),
            "0",
            failed.to_string(),
            failed == 0,
        ));

        let first = simulation.records().next().and_then(CallRecord::duration);
        let first = first.unwrap_or(Duration::MAX);
        figures.push(Figure::new(
            format!("Shanghai {name}: duration of the first call"),
            "<= timeout + 100 ms",
            format!(
                "{} + {}",
                millis(detected_after),
                millis(first.saturating_sub(detected_after))
            ),
            first <= detected_after + Duration::from_millis(100),
        ));

        // Once a call goes straight to Beijing, only calls that probe Shanghai are delayed.
        let routes = routes(&simulation);
        let calls = simulation.records().zip(&routes);
        let diverted: Vec<_> = calls
            .filter(|(_, route)| route.first == Some(Region::Beijing))
            .map(|(record, route)| {
                let delay = route.last_sent.saturating_sub(record.started);
                (record.started, delay)
            })
            .collect();
        let opened = diverted.iter().map(|(started, _)| *started).min();
        let delay = diverted.iter().map(|(_, delay)| *delay).max();
        let delay = delay.unwrap_or(Duration::MAX);
        let probes = simulation.records().zip(&routes).filter(|(record, route)| {
            opened.is_some_and(|opened| record.started > opened)
                && route.first == Some(Region::Shanghai)
        });
        figures.push(Figure::new(
            format!("Shanghai {name}: delay of a call while the circuit breaker is open"),
            "<= 5 ms",
            format!(
                "{} for {} calls, with {} probes",
                millis(delay),
                diverted.len(),
                probes.count()
            ),
            delay <= Duration::from_millis(5),
        ));
    }
    Ok(figures)
}

/// One exchange in a hundred fails at random.
pub(super) fn random_errors(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut simulation = unimpaired(Policy::default())?;
    let unavailable = Impairment::Fault(Fault::Status(503));
    for region in Region::ALL {
        let link = Link::unimpaired().impair(10, unavailable.clone());
        simulation.link(region, Duration::ZERO, link);
    }
    let options = CallOptions::new();
    start_reads(
        &mut simulation,
        Duration::ZERO,
        scale.calls,
        INTERVAL,
        &options,
    )?;
    simulation.run();
    let routes = routes(&simulation);
    let diverted = routes
        .iter()
        .filter(|route| route.first == Some(Region::Beijing));
    let diverted = diverted.count();
    Ok(vec![Figure::new(
        "1 % of exchanges fail at random: calls diverted from Shanghai",
        "0",
        format!("{diverted} of {}", scale.calls),
        diverted == 0,
    )])
}
