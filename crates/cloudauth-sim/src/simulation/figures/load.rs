//! Calls at an even pace, and what became of them.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{Call, CallOptions, Credentials, Policy, Session};

use crate::simulation::operations::{self, Plain};
use crate::simulation::{End, Simulation, Told, What};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region};

/// A hundred calls a second.
pub(super) const PACE: Duration = Duration::from_millis(10);

/// The regions do what is asked, and the weather is calm.
pub(super) fn calm(policy: Policy) -> Result<Simulation, Box<dyn Error>> {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    Ok(Simulation::new(
        session,
        operations::world(Region::Shanghai),
    ))
}

/// Starts so many reads from a time on, at an even pace.
pub(super) fn reads(
    simulation: &mut Simulation,
    from: Duration,
    calls: u32,
    pace: Duration,
    options: &CallOptions,
) -> Result<(), Box<dyn Error>> {
    for i in 0..calls {
        let call = Call::new(&Plain::read(), options.clone())?;
        simulation.start(from + pace * i, call);
    }
    Ok(())
}

pub(super) fn sends(simulation: &Simulation) -> usize {
    simulation.all_told().map(|told| told.sends).sum()
}

pub(super) fn failed(simulation: &Simulation) -> usize {
    let done = |told: &&Told| told.end != Some(End::Done);
    simulation.all_told().filter(done).count()
}

/// What all calls took, the shortest first.
pub(super) fn times(simulation: &Simulation) -> Vec<Duration> {
    let mut times: Vec<_> = simulation.all_told().filter_map(Told::took).collect();
    times.sort_unstable();
    times
}

/// Where each call was first sent, and when it was last sent, in the order of the calls.
pub(super) fn routes(simulation: &Simulation) -> Vec<Route> {
    let mut routes = vec![Route::default(); simulation.all_told().count()];
    for event in simulation.trace().events() {
        if let What::Sends { to, .. } = event.what {
            let route = &mut routes[event.call];
            route.first.get_or_insert(to);
            route.last_sent = event.at;
        }
    }
    routes
}

#[derive(Clone, Copy, Default)]
pub(super) struct Route {
    pub(super) first: Option<Region>,
    pub(super) last_sent: Duration,
}

/// The least value that so many in a thousand do not exceed; `sorted` begins with the least.
#[must_use]
pub fn percentile(sorted: &[Duration], permille: usize) -> Duration {
    let rank = (sorted.len() * permille).div_ceil(1_000);
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

pub(super) fn millis(span: Duration) -> String {
    format!("{:.0} ms", span.as_secs_f64() * 1_000.0)
}

pub(super) fn ratio(a: usize, b: usize) -> f64 {
    let float = |n| u32::try_from(n).map_or(f64::INFINITY, f64::from);
    float(a) / float(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let sorted: Vec<_> = (1..=1_000).map(Duration::from_millis).collect();
        let millis = |permille| percentile(&sorted, permille).as_millis();
        assert_eq!(
            [millis(500), millis(990), millis(999), millis(1_000)],
            [500, 990, 999, 1_000]
        );
        assert_eq!(percentile(&sorted[..10], 999).as_millis(), 10);
        assert_eq!(percentile(&[], 500), Duration::ZERO);
    }
}
