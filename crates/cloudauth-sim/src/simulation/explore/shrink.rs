//! Makes a scenario smaller for as long as it still fails.

use core::time::Duration;

use cloudauth_proto::Repeat;

use super::scenario::{CALM, Planned, Scenario};
use crate::simulation::Rule;

/// The smallest scenario found that breaks the same rule. `breaks` runs one.
pub(super) fn shrink(
    mut scenario: Scenario,
    rule: Rule,
    breaks: impl Fn(&Scenario) -> Option<Rule>,
) -> Scenario {
    loop {
        let smaller = candidates(&scenario).find(|smaller| breaks(smaller) == Some(rule));
        match smaller {
            Some(smaller) => scenario = smaller,
            None => return scenario,
        }
    }
}

/// Each is smaller by some measure that never grows, so that shrinking ends.
fn candidates(scenario: &Scenario) -> impl Iterator<Item = Scenario> {
    let without_call = (0..scenario.calls.len()).map(|i| {
        let mut smaller = scenario.clone();
        smaller.calls.remove(i);
        smaller
    });
    let without_change = (0..scenario.weather.len()).map(|i| {
        let mut smaller = scenario.clone();
        smaller.weather.remove(i);
        smaller
    });
    let calmer = (0..scenario.expiring.iter().flat_map(|it| &it.weather).count()).map(|i| {
        let mut smaller = scenario.clone();
        if let Some(expiring) = &mut smaller.expiring {
            drop(expiring.weather.remove(i));
        }
        smaller
    });
    let plainer: [fn(&mut Scenario); 4] = [
        |it| it.expiring = None,
        |it| it.rate_limit = None,
        |it| it.ahead = 0,
        |it| it.policy.pause = Duration::ZERO,
    ];
    let plainer = plainer.into_iter().map(|change| {
        let mut smaller = scenario.clone();
        change(&mut smaller);
        smaller
    });
    let plainer_calls = (0..scenario.calls.len()).flat_map(move |i| {
        let changes: [fn(&mut Planned); 6] = [
            |it| it.dropped = None,
            |it| it.hedged = None,
            |it| it.pinned = None,
            |it| it.total = None,
            |it| it.repeat = Repeat::default(),
            // What starts when all is calm stays there.
            |it| {
                if it.at < CALM {
                    it.at = Duration::from_secs(it.at.as_secs());
                }
            },
        ];
        changes.into_iter().map(move |change| {
            let mut smaller = scenario.clone();
            change(&mut smaller.calls[i]);
            smaller
        })
    });
    let rounder = (0..scenario.weather.len()).map(|i| {
        let mut smaller = scenario.clone();
        let at = &mut smaller.weather[i].at;
        *at = Duration::from_secs(at.as_secs());
        smaller
    });
    let all = without_call
        .chain(without_change)
        .chain(plainer)
        .chain(calmer)
        .chain(plainer_calls)
        .chain(rounder);
    all.filter(move |smaller| smaller != scenario)
}
