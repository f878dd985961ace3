//! Outages of one region and of all.

use core::error::Error;
use core::time::Duration;
use std::collections::BTreeMap;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{INTERVAL, failed, millis, ratio, requests, routes, start_reads, unimpaired};
use super::{Figure, Scale};
use crate::simulation::{
    CallRecord, EventKind, ExchangeEnd, Impairment, Link, Responder, Simulation,
};
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

/// Consecutive failures after which a circuit breaker opens.
const MAX_FAILURES: usize = 5;

/// When the outage of every region is known: the last of their circuit breakers opens.
fn known_at(simulation: &Simulation) -> Option<Duration> {
    let mut sent = BTreeMap::new();
    let mut failures: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in simulation.trace().events() {
        match &event.kind {
            EventKind::RequestSent { exchange, to, .. } => {
                sent.insert((event.call, *exchange), *to);
            }
            EventKind::ExchangeEnded { exchange, end } => {
                let is_success = matches!(
                    end,
                    ExchangeEnd::Response {
                        from: Responder::Service(_),
                        ..
                    }
                );
                if let Some(to) = sent.get(&(event.call, *exchange))
                    && !is_success
                {
                    failures.entry(to.id()).or_default().push(event.at);
                }
            }
            EventKind::Started
            | EventKind::CredentialRequestSent { .. }
            | EventKind::RefreshStarted
            | EventKind::RefreshEnded { .. }
            | EventKind::CarriedOut { .. }
            | EventKind::ExchangeAbandoned { .. }
            | EventKind::Ended(_)
            | EventKind::Dropped => {}
        }
    }
    let opened = Region::ALL.map(|region| {
        let failures = failures.get(region.id())?;
        failures.get(MAX_FAILURES - 1).copied()
    });
    opened
        .into_iter()
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}

/// Requests per call of the calls that began before the outage was known, and of those after.
fn amplification(simulation: &Simulation) -> Option<(String, bool)> {
    let known = known_at(simulation)?;
    let of = |calls: Vec<&CallRecord>| {
        let requests = calls.iter().map(|record| record.requests).sum();
        (calls.len(), ratio(requests, calls.len()))
    };
    let is_before = |record: &&CallRecord| record.started < known;
    let (before, after): (Vec<_>, Vec<_>) = simulation.records().partition(is_before);
    if after.is_empty() {
        return None;
    }
    let ((before, first), (after, then)) = (of(before), of(after));
    let measured = format!("{then:.3} of {after} calls; {first:.3} of {before} before");
    Some((measured, then <= 1.10))
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
        figures.push(Figure::measured(
            format!(
                "every region {name}: requests per call that began after that was known, at 100 calls/s"
            ),
            "<= 1.10",
            amplification(&simulation),
        ));
    }
    figures.push(retries_available(scale)?);
    Ok(figures)
}

/// Every region responds in a way that is no failure of its own: one more attempt of each call is free.
pub(super) fn blameless_outage(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (name, fault) in [
        ("throttles", Fault::Throttle),
        ("responds with HTML", Fault::Garbage),
    ] {
        let mut simulation = unimpaired(Policy::default())?;
        let link = Link::unimpaired().always(Impairment::Fault(fault));
        for region in Region::ALL {
            simulation.link(region, Duration::ZERO, link.clone());
        }
        let (options, start) = (CallOptions::new(), Duration::ZERO);
        start_reads(&mut simulation, start, scale.calls, INTERVAL, &options)?;
        simulation.run();
        let per_call = ratio(requests(&simulation), usize::try_from(scale.calls)?);
        figures.push(Figure::new(
            format!("every region {name}: requests per call, at 100 calls/s"),
            "<= 2.10",
            format!("{per_call:.3}"),
            per_call <= 2.10,
        ));
    }
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
        let first = first.map(|first| {
            let later = millis(first.saturating_sub(detected_after));
            let measured = format!("{} + {later}", millis(detected_after));
            let is_met = first <= detected_after + Duration::from_millis(100);
            (measured, is_met)
        });
        figures.push(Figure::measured(
            format!("Shanghai {name}: duration of the first call"),
            "<= timeout + 100 ms",
            first,
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
        let probes = simulation.records().zip(&routes).filter(|(record, route)| {
            opened.is_some_and(|opened| record.started > opened)
                && route.first == Some(Region::Shanghai)
        });
        let probes = probes.count();
        let delay = delay.map(|delay| {
            let calls = diverted.len();
            let measured = format!("{} for {calls} calls, with {probes} probes", millis(delay));
            (measured, delay <= Duration::from_millis(5))
        });
        figures.push(Figure::measured(
            format!("Shanghai {name}: delay of a call while the circuit breaker is open"),
            "<= 5 ms",
            delay,
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
