//! Regions that are down.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{CallOptions, Policy};

use super::load::{PACE, calm, failed, millis, ratio, reads, routes, sends};
use super::{Figure, Scale};
use crate::simulation::{Told, Trouble, Weather};
use crate::{Fault, Region};

/// How a region can be down, and after which time a call notices.
fn ways() -> [(&'static str, Weather, Duration); 4] {
    let Policy {
        connect_timeout,
        read_timeout,
        ..
    } = Policy::default();
    let refuses = Weather::calm().always(Trouble::Fault(Fault::Refuse));
    let slow = Duration::from_secs(15);
    [
        ("refuses", refuses, Duration::ZERO),
        (
            "is a black hole",
            Weather::calm().always(Trouble::BlackHole),
            connect_timeout,
        ),
        (
            "answers 503",
            Weather::calm().always(Trouble::Fault(Fault::Status(503))),
            Duration::ZERO,
        ),
        ("is slow", Weather::calm().takes(slow, slow), read_timeout),
    ]
}

/// All regions are down: how much is sent, and when retries are there again.
pub(super) fn amplification(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut figures = Vec::new();
    for (way, weather, _) in ways() {
        let mut simulation = calm(Policy::default())?;
        for region in Region::ALL {
            simulation.weather(region, Duration::ZERO, weather.clone());
        }
        let options = CallOptions::new();
        reads(&mut simulation, Duration::ZERO, scale.calls, PACE, &options)?;
        simulation.run();
        let calls = usize::try_from(scale.calls)?;
        let amplification = ratio(sends(&simulation), calls);
        figures.push(Figure::new(
            format!("every region {way}: sends a call, at 100 calls/s"),
            "<= 1.10",
            format!("{amplification:.3}"),
            amplification <= 1.10,
        ));
    }
    figures.push(retries_are_back(scale)?);
    Ok(figures)
}

/// After a total outage and a silence one call finds Shanghai well; then a call meets nothing but
/// failures. How long must the silence be until that call gets six attempts? Five of them draw on
/// the budget, which is all that it can hold.
fn retries_are_back(scale: Scale) -> Result<Figure, Box<dyn Error>> {
    let mut policy = Policy::default();
    policy.max_attempts = 6;
    let options = CallOptions::new();
    let mut silence = Duration::ZERO;
    let mut used = 0;
    while used < policy.max_attempts && silence < Duration::from_secs(60) {
        silence += Duration::from_millis(500);
        let mut simulation = calm(policy)?;
        let healed = PACE * scale.calls;
        let first = healed + silence;
        let second = first + Duration::from_millis(100);
        for region in Region::ALL {
            let refuses = Weather::calm().always(Trouble::Fault(Fault::Refuse));
            simulation.weather(region, Duration::ZERO, refuses.clone());
            simulation.weather(region, healed, Weather::calm());
            simulation.weather(region, second, refuses);
        }
        reads(&mut simulation, Duration::ZERO, scale.calls, PACE, &options)?;
        reads(&mut simulation, first, 1, PACE, &options)?;
        reads(&mut simulation, second, 1, PACE, &options)?;
        simulation.run();
        let last = simulation.all_told().last();
        used = last.map_or(0, |told| told.sends);
    }
    Ok(Figure::new(
        "silence after that until all retries are there again",
        "<= 10 s",
        format!("{:.1} s", silence.as_secs_f64()),
        silence <= Duration::from_secs(10),
    ))
}

/// Shanghai is down and Beijing is not.
pub(super) fn one_region_is_enough(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let onset = Duration::from_secs(10);
    let crowd = 1_000;
    let mut figures = Vec::new();
    for (way, weather, notices) in ways() {
        let mut simulation = calm(Policy::default())?;
        simulation.weather(Region::Shanghai, onset, weather);
        let options = CallOptions::new();
        reads(&mut simulation, onset, crowd, Duration::ZERO, &options)?;
        reads(&mut simulation, Duration::ZERO, scale.calls, PACE, &options)?;
        simulation.run();
        let lost = failed(&simulation);
        figures.push(Figure::new(
            format!("Shanghai {way}: failed reads, 1 000 under way at the onset"),
            "0",
            lost.to_string(),
            lost == 0,
        ));

        let first = simulation.all_told().next().and_then(Told::took);
        let first = first.unwrap_or(Duration::MAX);
        figures.push(Figure::new(
            format!("Shanghai {way}: time of the first call"),
            "<= its time-out + 100 ms",
            format!(
                "{} + {}",
                millis(notices),
                millis(first.saturating_sub(notices))
            ),
            first <= notices + Duration::from_millis(100),
        ));

        // From the first call that goes straight to Beijing on, only those that try Shanghai wait.
        let routes = routes(&simulation);
        let calls = simulation.all_told().zip(&routes);
        let away: Vec<_> = calls
            .filter(|(_, route)| route.first == Some(Region::Beijing))
            .map(|(told, route)| (told.started, route.last_sent.saturating_sub(told.started)))
            .collect();
        let opened = away.iter().map(|(started, _)| *started).min();
        let extra = away.iter().map(|(_, extra)| *extra).max();
        let extra = extra.unwrap_or(Duration::MAX);
        let trying = simulation.all_told().zip(&routes).filter(|(told, route)| {
            opened.is_some_and(|opened| told.started > opened)
                && route.first == Some(Region::Shanghai)
        });
        figures.push(Figure::new(
            format!("Shanghai {way}: delay of a call once it rests"),
            "<= 5 ms",
            format!(
                "{} for {} calls; {} tried it instead",
                millis(extra),
                away.len(),
                trying.count()
            ),
            extra <= Duration::from_millis(5),
        ));
    }
    Ok(figures)
}

/// One exchange in a hundred fails, without rhyme or reason.
pub(super) fn random_errors(scale: Scale) -> Result<Vec<Figure>, Box<dyn Error>> {
    let mut simulation = calm(Policy::default())?;
    let fails = Trouble::Fault(Fault::Status(503));
    for region in Region::ALL {
        let weather = Weather::calm().trouble(10, fails.clone());
        simulation.weather(region, Duration::ZERO, weather);
    }
    let options = CallOptions::new();
    reads(&mut simulation, Duration::ZERO, scale.calls, PACE, &options)?;
    simulation.run();
    let away = routes(&simulation);
    let away = away
        .iter()
        .filter(|route| route.first == Some(Region::Beijing));
    let away = away.count();
    Ok(vec![Figure::new(
        "1 % of exchanges fail at random: calls kept from Shanghai",
        "0",
        format!("{away} of {}", scale.calls),
        away == 0,
    )])
}
