//! A load of evenly spaced calls, and statistics of a simulation.

use core::error::Error;
use core::time::Duration;

use cloudauth_proto::{Call, CallOptions, Credentials, Policy, Session};

use crate::simulation::operations::{self, SimulatedOperation};
use crate::simulation::{CallEnd, CallRecord, EventKind, Simulation};
use crate::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region};

/// Time between two calls at 100 calls per second.
pub(super) const INTERVAL: Duration = Duration::from_millis(10);

/// A simulation with unimpaired links.
pub(super) fn unimpaired(policy: Policy) -> Result<Simulation, Box<dyn Error>> {
    let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
    let session = Session::new(credentials, [1; 32]).policy(policy);
    Ok(Simulation::new(
        session,
        operations::world(Region::Shanghai),
    ))
}

/// Starts `calls` evenly spaced reads, the first at `from`.
pub(super) fn start_reads(
    simulation: &mut Simulation,
    from: Duration,
    calls: u32,
    interval: Duration,
    options: &CallOptions,
) -> Result<(), Box<dyn Error>> {
    for i in 0..calls {
        let call = Call::new(&SimulatedOperation::read(), options.clone())?;
        simulation.start(from + interval * i, call);
    }
    Ok(())
}

/// Requests of all calls.
pub(super) fn requests(simulation: &Simulation) -> usize {
    simulation.records().map(|record| record.requests).sum()
}

/// Calls that did not end with a result.
pub(super) fn failed(simulation: &Simulation) -> usize {
    let records = simulation.records();
    records
        .filter(|record| record.end != Some(CallEnd::Success))
        .count()
}

/// Durations of all calls, sorted.
pub(super) fn durations(simulation: &Simulation) -> Vec<Duration> {
    let mut durations: Vec<_> = simulation
        .records()
        .filter_map(CallRecord::duration)
        .collect();
    durations.sort_unstable();
    durations
}

/// The routes of all calls, by their number.
pub(super) fn routes(simulation: &Simulation) -> Vec<Route> {
    let mut routes = vec![Route::default(); simulation.records().count()];
    for event in simulation.trace().events() {
        if let EventKind::RequestSent { to, .. } = event.kind {
            let route = &mut routes[event.call];
            route.first.get_or_insert(to);
            route.last_sent = event.at;
        }
    }
    routes
}

#[derive(Clone, Copy, Default)]
pub(super) struct Route {
    /// The region of the first request.
    pub(super) first: Option<Region>,
    /// The time of the last request.
    pub(super) last_sent: Duration,
}

/// The smallest value that a share of the values, in thousandths, does not exceed. `sorted` is in
/// ascending order. Returns zero if it is empty.
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
    fn percentiles_are_values_of_the_sample() {
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
