//! Random scenarios, checked against the rules and shrunk where they violate one.

mod budget;
mod check;
mod checked_call;
mod checks;
mod credential_timeline;
mod diversion;
mod events;
mod expiring_credentials;
mod generate;
mod rate;
mod regions;
mod scenario;
mod shrink;

use core::ops::Range;

use check::check;
use cloudauth_proto::trace::Trace as RecordedTrace;
use generate::generate;
use scenario::Scenario;
pub use scenario::ScenarioError;
use shrink::shrink;

use super::Rule;
use super::fnv::Fnv;

/// One seed in this many is run twice, to compare the traces.
const REPLAY_INTERVAL: u64 = 10;

/// Counts and result of an exploration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exploration {
    /// Scenarios run.
    pub scenarios: u64,
    /// Their calls.
    pub calls: u64,
    /// Requests sent by the calls, except those for credentials.
    pub requests: u64,
    /// Refreshes of the credentials.
    pub refreshes: u64,
    /// Scenarios that were run twice, with equal traces.
    pub replayed: u64,
    /// How often each rule was checked, in the order of [`Rule::ALL`].
    pub checks: Vec<(Rule, u64)>,
    /// A hash of the hashes of all traces.
    pub hash: u64,
    /// The first scenario that violated a rule. Exploration stops at it.
    pub counterexample: Option<Counterexample>,
}

/// A scenario that violates a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counterexample {
    /// The seed of the original scenario.
    pub seed: u64,
    /// The rule.
    pub rule: Rule,
    /// Description of the smallest scenario found that violates it.
    pub scenario: String,
    /// The trace of that scenario, one line per event.
    pub trace: String,
}

/// Runs the scenarios of these seeds. Calls `progress` after each, with the number run so far.
///
/// A scenario has up to 32 calls of all effects on one session, with random options, deadlines, rate
/// limits, policy, endpoints, links and clocks. Some callers drop their calls. In some scenarios the clock
/// is set, the client's host is suspended, its process does not run for a while, or waiting calls
/// are polled late. In every third scenario the credentials expire, and the link to the credential
/// services is impaired too; refreshes run in the calls or beside them. The operations exist in the
/// simulation only.
pub fn explore(
    seeds: Range<u64>,
    mut progress: impl FnMut(u64),
) -> Result<Exploration, ScenarioError> {
    let mut exploration = Exploration {
        checks: Rule::ALL.iter().map(|rule| (*rule, 0)).collect(),
        ..Exploration::default()
    };
    let mut all = Fnv::new();
    for seed in seeds {
        let scenario = generate(seed);
        let simulation = scenario.run()?;
        let checks = check(&scenario, &simulation);
        let mut violated = checks.violated();
        for (rule, count) in &mut exploration.checks {
            let is_replayed = *rule == Rule::Reproducible && seed % REPLAY_INTERVAL == 0;
            *count += checks.count(*rule) + u64::from(is_replayed);
        }
        exploration.scenarios += 1;
        for record in simulation.records() {
            exploration.calls += 1;
            exploration.requests += record.requests as u64;
            exploration.refreshes += record.refreshes as u64;
        }
        let hash = simulation.trace().hash();
        all.add(&hash.to_le_bytes());
        if violated.is_none() && seed % REPLAY_INTERVAL == 0 {
            exploration.replayed += 1;
            let (again, recording) = scenario.record()?;
            let is_equal = again.trace().hash() == hash && replays(&recording);
            violated = (!is_equal).then_some(Rule::Reproducible);
        }
        if let Some(rule) = violated {
            exploration.counterexample = Some(counterexample(seed, rule, scenario)?);
            break;
        }
        progress(exploration.scenarios);
    }
    exploration.hash = all.value();
    Ok(exploration)
}

/// Whether the recording of a session is read, and replays to the same decisions.
fn replays(recording: &str) -> bool {
    RecordedTrace::parse(recording).is_ok_and(|trace| trace.replay().is_ok())
}

fn counterexample(
    seed: u64,
    rule: Rule,
    scenario: Scenario,
) -> Result<Counterexample, ScenarioError> {
    let scenario = shrink(scenario, rule, |smaller| {
        let simulation = smaller.run().ok()?;
        check(smaller, &simulation).violated()
    });
    Ok(Counterexample {
        seed,
        rule,
        trace: scenario.run()?.trace().to_string(),
        scenario: scenario.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use cloudauth_proto::Repeat;

    use super::expiring_credentials::{ExpiringCredentials, SourceKind};
    use super::scenario::{LinkChange, PlannedCall, RECOVERED};
    use super::*;
    use crate::simulation::operations::OperationKind;
    use crate::simulation::{Impairment, Link};
    use crate::{Fault, Region};

    const SECOND: Duration = Duration::from_secs(1);

    /// A scenario of one read over unimpaired links.
    fn single_read() -> Scenario {
        let mut scenario = generate(0);
        scenario.policy = cloudauth_proto::Policy::default();
        scenario.policy.base_backoff = Duration::ZERO;
        scenario.rate_limit = None;
        scenario.clock_ahead = 0;
        scenario.clock_steps = Vec::new();
        scenario.halts = Vec::new();
        scenario.poll_delay = Duration::ZERO;
        scenario.refreshes_beside = false;
        scenario.listed = Region::ALL.to_vec();
        scenario.link_changes = Vec::new();
        scenario.credentials = None;
        scenario.calls = vec![PlannedCall::read(SECOND)];
        scenario
    }

    fn always(region: Region, impairment: Impairment) -> LinkChange {
        LinkChange {
            at: Duration::ZERO,
            region,
            link: Link::unimpaired().always(impairment),
        }
    }

    /// Runs one scenario and checks its trace against another.
    fn violated(run: &Scenario, checked: &Scenario) -> Option<Rule> {
        check(checked, &run.run().unwrap()).violated()
    }

    #[test]
    fn the_first_500_scenarios_violate_no_rule() {
        let mut reported = 0;
        let exploration = explore(0..500, |done| reported = done).unwrap();
        assert_eq!(exploration.counterexample, None);
        assert_eq!(
            (exploration.scenarios, exploration.replayed, reported),
            (500, 50, 500)
        );
        assert!(exploration.calls > 2_000 && exploration.requests > exploration.calls);
        assert!(exploration.refreshes > 300);
    }

    #[test]
    fn the_recording_of_a_scenario_replays_to_the_same_decisions() {
        let mut lines = 0;
        for seed in 0..300 {
            let (_, recording) = generate(seed).record().unwrap();
            let trace = RecordedTrace::parse(&recording).unwrap();
            lines += trace.lines().count();
            if let Err(difference) = trace.replay() {
                panic!("seed {seed}: {difference}");
            }
        }
        assert!(lines > 10_000, "{lines}");
    }

    #[test]
    fn violations_of_each_rule_are_detected() {
        let (unimpaired, edited) = (single_read(), |edit: fn(&mut Scenario)| {
            let mut scenario = single_read();
            edit(&mut scenario);
            scenario
        });
        assert_eq!(violated(&unimpaired, &unimpaired), None);

        let charged = edited(|it| {
            it.link_changes
                .push(always(Region::Shanghai, Impairment::Fault(Fault::Reset)));
            it.calls[0].kind = OperationKind::Charge;
            it.calls[0].repeat = Repeat::EvenIfUncertain;
        });
        assert_eq!(violated(&charged, &charged), None);
        let mut checked = charged.clone();
        checked.calls[0].repeat = Repeat::default();
        assert_eq!(violated(&charged, &checked), Some(Rule::AtMostOnce));
        checked.policy.max_attempts = 1;
        assert_eq!(violated(&charged, &checked), Some(Rule::AttemptLimit));
        checked.policy.total_timeout = Duration::from_millis(50);
        assert_eq!(violated(&charged, &checked), Some(Rule::EndsInTime));

        let pinned = edited(|it| it.calls[0].pinned = Some(Region::Beijing));
        assert_eq!(violated(&pinned, &pinned), None);
        assert_eq!(violated(&unimpaired, &pinned), Some(Rule::StaysPinned));

        let hedged = edited(|it| it.calls[0].hedge_after = Some(Duration::from_millis(1)));
        assert_eq!(violated(&hedged, &hedged), None);
        assert_eq!(violated(&hedged, &unimpaired), Some(Rule::HedgesReadsOnly));

        let behind = edited(|it| it.clock_ahead = -3_600);
        assert_eq!(violated(&behind, &behind), None);
        let violation = violated(&behind, &unimpaired);
        assert_eq!(violation, Some(Rule::AcceptedSignatures));

        let one_down = edited(|it| {
            it.link_changes
                .push(always(Region::Shanghai, Impairment::Cut));
        });
        let mut both_down = one_down.clone();
        both_down
            .link_changes
            .push(always(Region::Beijing, Impairment::Cut));
        assert_eq!(violated(&one_down, &one_down), None);
        assert_eq!(violated(&both_down, &both_down), None);
        let violation = violated(&both_down, &one_down);
        assert_eq!(violation, Some(Rule::OneRegionSuffices));

        let recovered = edited(|it| it.calls[0].at = RECOVERED);
        let mut still_down = recovered.clone();
        still_down.link_changes = one_down.link_changes;
        let violation = violated(&still_down, &recovered);
        assert_eq!(violation, Some(Rule::ReturnsToPreferred));
        let mut wrong_clock = recovered.clone();
        wrong_clock.clock_ahead = 3_600;
        assert_eq!(violated(&wrong_clock, &wrong_clock), None);
        let mut uncorrectable = wrong_clock.clone();
        uncorrectable.clock_ahead = 90_000;
        let violation = violated(&uncorrectable, &wrong_clock);
        assert_eq!(violation, Some(Rule::CorrectsClock));

        let expiring = |lifetime, link| {
            let mut scenario = single_read();
            scenario.calls = vec![PlannedCall::read(SECOND), PlannedCall::read(18 * SECOND)];
            scenario.credentials = Some(ExpiringCredentials {
                source: SourceKind::Uri,
                lifetime,
                has_date: true,
                link_changes: vec![(2 * SECOND, link)],
            });
            scenario
        };
        let short = expiring(20, Link::unimpaired());
        assert_eq!(violated(&short, &short), None);

        // An early refresh that takes long is given up after a quarter of the call's time.
        let slow = Link::unimpaired().round_trip(9 * SECOND, 9 * SECOND);
        let mut slow = expiring(60, slow);
        slow.calls[1].at = 47 * SECOND;
        assert_eq!(violated(&slow, &slow), None);
        let mut checked = slow.clone();
        checked.calls[1].total_timeout = Some(20 * SECOND);
        let violation = violated(&slow, &checked);
        assert_eq!(violation, Some(Rule::RefreshDelaysOneCall));

        let mut lost = expiring(20, Link::unimpaired().always(Impairment::Lost));
        lost.calls[1].at = 30 * SECOND;
        assert_eq!(violated(&lost, &lost), None);
        let mut checked = lost.clone();
        checked.credentials = expiring(300, Link::unimpaired()).credentials;
        let violation = violated(&lost, &checked);
        assert_eq!(violation, Some(Rule::ValidCredentialsSuffice));

        let mut late = expiring(300, Link::unimpaired());
        assert_eq!(violated(&late, &late), None);
        late.calls[1].at = 30 * SECOND;
        let violation = violated(&late, &short);
        assert_eq!(violation, Some(Rule::NoExpiredCredentials));

        let no_time = edited(|it| it.calls[0].total_timeout = Some(Duration::ZERO));
        assert_eq!(violated(&no_time, &no_time), None);
        let violation = violated(&no_time, &unimpaired);
        assert_eq!(violation, Some(Rule::AtLeastOneAttempt));
    }

    #[test]
    fn violations_of_rules_on_endpoints_limits_and_refreshes_are_detected() {
        let mut elsewhere = single_read();
        elsewhere.listed = vec![Region::Beijing];
        assert_eq!(violated(&elsewhere, &elsewhere), None);
        let violation = violated(&elsewhere, &single_read());
        assert_eq!(violation, Some(Rule::FailuresDivert));

        let mut burst = single_read();
        burst.calls = vec![PlannedCall::read(SECOND); 3];
        for call in &mut burst.calls {
            call.total_timeout = Some(SECOND / 2);
        }
        let mut limited = burst.clone();
        limited.rate_limit = Some(1);
        assert_eq!(violated(&limited, &limited), None);
        assert_eq!(violated(&burst, &limited), Some(Rule::RateLimitKept));
        burst.rate_limit = Some(10);
        assert_eq!(violated(&limited, &burst), Some(Rule::RateLimitServed));

        let mut failing = single_read();
        failing.refreshes_beside = true;
        failing.credentials = Some(ExpiringCredentials {
            source: SourceKind::Uri,
            lifetime: 20,
            has_date: true,
            link_changes: vec![(Duration::ZERO, Link::unimpaired().always(Impairment::Lost))],
        });
        assert_eq!(violated(&failing, &failing), None);
        let mut unimpaired = failing.clone();
        if let Some(credentials) = &mut unimpaired.credentials {
            credentials.link_changes.clear();
        }
        assert_eq!(violated(&unimpaired, &unimpaired), None);
        let violation = violated(&failing, &unimpaired);
        assert_eq!(violation, Some(Rule::RefreshOutlivesCall));
    }

    /// Calls with credentials for 20 s from a metadata service.
    fn on_an_instance() -> Scenario {
        let mut scenario = single_read();
        scenario.calls = vec![PlannedCall::read(SECOND), PlannedCall::read(40 * SECOND)];
        scenario.credentials = Some(ExpiringCredentials {
            source: SourceKind::Metadata,
            lifetime: 20,
            has_date: true,
            link_changes: Vec::new(),
        });
        scenario
    }

    #[test]
    fn expired_credentials_are_used_if_the_metadata_service_is_unreachable() {
        let mut scenario = on_an_instance();
        if let Some(credentials) = &mut scenario.credentials {
            let lost = Link::unimpaired().always(Impairment::Lost);
            credentials.link_changes.push((2 * SECOND, lost));
        }
        let simulation = scenario.run().unwrap();
        assert_eq!(check(&scenario, &simulation).violated(), None);
        let second: Vec<_> = simulation.records().skip(1).collect();
        assert_eq!((second[0].refreshes > 0, second[0].requests), (true, 1));
        // If others issued them, they are not.
        if let Some(credentials) = &mut scenario.credentials {
            credentials.source = SourceKind::Uri;
        }
        let simulation = scenario.run().unwrap();
        assert_eq!(check(&scenario, &simulation).violated(), None);
        assert_eq!(
            simulation
                .records()
                .skip(1)
                .map(|it| it.requests)
                .sum::<usize>(),
            0
        );
    }

    #[test]
    fn credentials_that_look_expired_on_arrival_teach_the_skew() {
        let mut scenario = on_an_instance();
        scenario.clock_ahead = 7 * 3_600;
        if let Some(credentials) = &mut scenario.credentials {
            credentials.has_date = false;
        }
        let simulation = scenario.run().unwrap();
        assert_eq!(check(&scenario, &simulation).violated(), None);
        let ends: Vec<_> = simulation
            .records()
            .map(|it| (it.end, it.requests))
            .collect();
        let success = Some(crate::simulation::CallEnd::Success);
        assert_eq!(ends, [(success, 2), (success, 1)]);
    }

    #[test]
    fn both_cases_in_which_expired_credentials_are_used_are_drawn() {
        let metadata = (0..5_000).map(generate).filter_map(|scenario| {
            let credentials = scenario.credentials?;
            let is_metadata = credentials.source == SourceKind::Metadata;
            is_metadata.then_some((scenario.clock_ahead, credentials))
        });
        let metadata: Vec<_> = metadata.collect();
        let without_date = metadata.iter().filter(|it| it.0 > 0 && !it.1.has_date);
        let impaired = metadata.iter().filter(|it| !it.1.link_changes.is_empty());
        assert!(without_date.count() > 10 && impaired.count() > 100);
    }

    #[test]
    fn a_scenario_shrinks_to_the_part_that_violates_the_rule() {
        let big = (0..1_000).map(generate).find(|scenario| {
            let kinds = scenario.calls.iter().map(|call| call.kind);
            let charges = kinds.filter(|kind| *kind == OperationKind::Charge).count();
            scenario.calls.len() > 10 && charges > 2
        });
        let has_charge = |scenario: &Scenario| {
            let mut kinds = scenario.calls.iter().map(|call| call.kind);
            kinds
                .any(|kind| kind == OperationKind::Charge)
                .then_some(Rule::AtMostOnce)
        };
        let small = shrink(big.unwrap(), Rule::AtMostOnce, has_charge);
        assert_eq!(small.calls.len(), 1);
        assert_eq!(small.link_changes, []);
        assert_eq!(small.calls[0].dropped, None);
        assert_eq!(has_charge(&small), Some(Rule::AtMostOnce));
    }
}
