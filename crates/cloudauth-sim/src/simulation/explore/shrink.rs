//! Shrinks a scenario that violates a rule.

use core::time::Duration;

use cloudauth_proto::Repeat;

use super::scenario::{PlannedCall, RECOVERED, Scenario};
use crate::Region;
use crate::simulation::Rule;

/// The smallest scenario found that violates the same rule. `violated` runs a scenario.
pub(super) fn shrink(
    mut scenario: Scenario,
    rule: Rule,
    violated: impl Fn(&Scenario) -> Option<Rule>,
) -> Scenario {
    loop {
        let smaller = candidates(&scenario).find(|smaller| violated(smaller) == Some(rule));
        match smaller {
            Some(smaller) => scenario = smaller,
            None => return scenario,
        }
    }
}

/// Scenarios that are smaller by a measure which no other candidate increases, so that shrinking
/// terminates.
fn candidates(scenario: &Scenario) -> impl Iterator<Item = Scenario> {
    let without_call = (0..scenario.calls.len()).map(|i| {
        let mut smaller = scenario.clone();
        smaller.calls.remove(i);
        smaller
    });
    let without_link_change = (0..scenario.link_changes.len()).map(|i| {
        let mut smaller = scenario.clone();
        smaller.link_changes.remove(i);
        smaller
    });
    let credentials = scenario.credentials.iter();
    let credential_link_changes = credentials.flat_map(|it| &it.link_changes).count();
    let without_credential_link_change = (0..credential_link_changes).map(|i| {
        let mut smaller = scenario.clone();
        if let Some(credentials) = &mut smaller.credentials {
            drop(credentials.link_changes.remove(i));
        }
        smaller
    });
    let simplifications: [fn(&mut Scenario); 9] = [
        |it| it.credentials = None,
        |it| it.rate_limit = None,
        |it| it.clock_ahead = 0,
        |it| {
            it.clock_steps
                .truncate(it.clock_steps.len().saturating_sub(1));
        },
        |it| {
            it.halts.truncate(it.halts.len().saturating_sub(1));
        },
        |it| it.poll_delay = Duration::ZERO,
        |it| it.refreshes_beside = false,
        |it| it.listed = Region::ALL.to_vec(),
        |it| it.policy.base_backoff = Duration::ZERO,
    ];
    let simplified = simplifications.into_iter().map(|simplify| {
        let mut smaller = scenario.clone();
        simplify(&mut smaller);
        smaller
    });
    let simplified_calls = (0..scenario.calls.len()).flat_map(move |i| {
        let simplifications: [fn(&mut PlannedCall); 6] = [
            |it| it.dropped = None,
            |it| it.hedge_after = None,
            |it| it.pinned = None,
            |it| it.total_timeout = None,
            |it| it.repeat = Repeat::default(),
            // The final calls keep their time.
            |it| {
                if it.at < RECOVERED {
                    it.at = Duration::from_secs(it.at.as_secs());
                }
            },
        ];
        simplifications.into_iter().map(move |simplify| {
            let mut smaller = scenario.clone();
            simplify(&mut smaller.calls[i]);
            smaller
        })
    });
    let with_rounded_time = (0..scenario.link_changes.len()).map(|i| {
        let mut smaller = scenario.clone();
        let at = &mut smaller.link_changes[i].at;
        *at = Duration::from_secs(at.as_secs());
        smaller
    });
    let all = without_call
        .chain(without_link_change)
        .chain(simplified)
        .chain(without_credential_link_change)
        .chain(simplified_calls)
        .chain(with_rounded_time);
    all.filter(move |smaller| {
        // Without the recovery at its end, another fault would be found in its place.
        let recovers = !scenario.recovers() || smaller.recovers();
        recovers && smaller != scenario
    })
}
