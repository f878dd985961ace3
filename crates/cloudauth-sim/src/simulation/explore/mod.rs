//! Random scenarios, rules that hold in all of them, and the shortest trace where one does not.

mod check;
mod expiring;
mod generate;
mod scenario;
mod shrink;
mod signing;

use core::ops::Range;

use check::check;
use scenario::Scenario;
use shrink::shrink;

use super::Rule;
use super::trace::Fnv;

/// One seed in so many is run twice, to compare the traces.
const REPLAYED: u64 = 10;

/// Why a scenario could not be run.
pub type NotRun = Box<dyn core::error::Error>;

/// What was explored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// Scenarios.
    pub seeds: u64,
    /// Calls in them.
    pub calls: u64,
    /// Requests that they sent.
    pub sends: u64,
    /// How often one of them got credentials for all.
    pub refreshes: u64,
    /// Scenarios that were run twice, with equal traces.
    pub replayed: u64,
    /// A hash of all their traces.
    pub hash: u64,
    /// The first scenario that broke a rule: nothing is explored after it.
    pub failure: Option<Failure>,
}

/// A broken rule, and how to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The seed of the scenario.
    pub seed: u64,
    /// The rule.
    pub rule: Rule,
    /// The smallest scenario found that breaks it, for people.
    pub scenario: String,
    /// What happens in it, a line for each event.
    pub trace: String,
}

/// Runs the scenarios of these seeds, and tells after each how many there were.
///
/// A scenario has up to 22 calls of all effects on one session, with random options, policy,
/// weather and clock; some callers vanish. In every third scenario the credentials expire, and what
/// gives them has weather of its own. What they ask for exists only in the simulation.
pub fn explore(seeds: Range<u64>, mut progress: impl FnMut(u64)) -> Result<Explored, NotRun> {
    let mut explored = Explored::default();
    let mut all = Fnv::new();
    for seed in seeds {
        let scenario = Scenario::generate(seed);
        let simulation = scenario.run()?;
        let mut broken = check(&scenario, &simulation).map(|breach| breach.rule);
        explored.seeds += 1;
        for told in simulation.all_told() {
            explored.calls += 1;
            explored.sends += told.sends as u64;
            explored.refreshes += told.refreshes as u64;
        }
        let hash = simulation.trace().hash();
        all.add(&hash.to_le_bytes());
        if broken.is_none() && seed % REPLAYED == 0 {
            explored.replayed += 1;
            let is_equal = scenario.run()?.trace().hash() == hash;
            broken = (!is_equal).then_some(Rule::Reproducible);
        }
        if let Some(rule) = broken {
            explored.failure = Some(failure(seed, rule, scenario)?);
            break;
        }
        progress(explored.seeds);
    }
    explored.hash = all.value();
    Ok(explored)
}

fn failure(seed: u64, rule: Rule, scenario: Scenario) -> Result<Failure, NotRun> {
    let scenario = shrink(scenario, rule, |smaller| {
        let simulation = smaller.run().ok()?;
        check(smaller, &simulation).map(|breach| breach.rule)
    });
    Ok(Failure {
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

    use super::expiring::{Expiring, Giver};
    use super::scenario::{CALM, Change, Planned};
    use super::*;
    use crate::simulation::operations::Kind;
    use crate::simulation::{Trouble, Weather};
    use crate::{Fault, Region};

    const SECOND: Duration = Duration::from_secs(1);

    /// One read in calm weather.
    fn plain() -> Scenario {
        let mut scenario = Scenario::generate(0);
        scenario.policy = cloudauth_proto::Policy::default();
        scenario.policy.pause = Duration::ZERO;
        scenario.rate_limit = None;
        scenario.ahead = 0;
        scenario.weather = Vec::new();
        scenario.expiring = None;
        scenario.calls = vec![Planned::read(SECOND)];
        scenario
    }

    fn always(region: Region, trouble: Trouble) -> Change {
        Change {
            at: Duration::ZERO,
            region,
            weather: Weather::calm().always(trouble),
        }
    }

    /// What is found if a scenario happens and another was wanted.
    fn found(happens: &Scenario, wanted: &Scenario) -> Option<Rule> {
        check(wanted, &happens.run().unwrap()).map(|breach| breach.rule)
    }

    #[test]
    fn no_rule_is_broken_in_the_first_scenarios() {
        let mut reported = 0;
        let explored = explore(0..500, |done| reported = done).unwrap();
        assert_eq!(explored.failure, None);
        assert_eq!(
            (explored.seeds, explored.replayed, reported),
            (500, 50, 500)
        );
        assert!(explored.calls > 2_000 && explored.sends > explored.calls);
        assert!(explored.refreshes > 300);
    }

    #[test]
    fn each_rule_is_found_broken_where_it_is() {
        let (calm, edited) = (plain(), |edit: fn(&mut Scenario)| {
            let mut scenario = plain();
            edit(&mut scenario);
            scenario
        });
        assert_eq!(found(&calm, &calm), None);

        let charged = edited(|it| {
            it.weather
                .push(always(Region::Shanghai, Trouble::Fault(Fault::Reset)));
            it.calls[0].kind = Kind::Charge;
            it.calls[0].repeat = Repeat::EvenIfUncertain;
        });
        assert_eq!(found(&charged, &charged), None);
        let mut wanted = charged.clone();
        wanted.calls[0].repeat = Repeat::default();
        assert_eq!(found(&charged, &wanted), Some(Rule::OnceOnly));
        wanted.policy.max_attempts = 1;
        assert_eq!(found(&charged, &wanted), Some(Rule::FewAttempts));
        wanted.policy.total_timeout = Duration::from_millis(50);
        assert_eq!(found(&charged, &wanted), Some(Rule::EndsInTime));

        let pinned = edited(|it| it.calls[0].pinned = Some(Region::Beijing));
        assert_eq!(found(&pinned, &pinned), None);
        assert_eq!(found(&calm, &pinned), Some(Rule::StaysPinned));

        let hedged = edited(|it| it.calls[0].hedged = Some(Duration::from_millis(1)));
        assert_eq!(found(&hedged, &hedged), None);
        assert_eq!(found(&hedged, &calm), Some(Rule::HedgesReadsOnly));

        let late = edited(|it| it.ahead = -3_600);
        assert_eq!(found(&late, &late), None);
        assert_eq!(found(&late, &calm), Some(Rule::SignsWell));

        let one_down = edited(|it| it.weather.push(always(Region::Shanghai, Trouble::Cut)));
        let mut both_down = one_down.clone();
        both_down
            .weather
            .push(always(Region::Beijing, Trouble::Cut));
        assert_eq!(found(&one_down, &one_down), None);
        assert_eq!(found(&both_down, &both_down), None);
        assert_eq!(found(&both_down, &one_down), Some(Rule::OneRegionIsEnough));

        let in_the_end = edited(|it| it.calls[0].at = CALM);
        let mut still_down = in_the_end.clone();
        still_down.weather = one_down.weather;
        let goes_on = found(&still_down, &in_the_end);
        assert_eq!(goes_on, Some(Rule::PreferredComesBack));
        let mut late_in_the_end = in_the_end.clone();
        late_in_the_end.ahead = 3_600;
        assert_eq!(found(&late_in_the_end, &late_in_the_end), None);
        let mut too_late = late_in_the_end.clone();
        too_late.ahead = 90_000;
        assert_eq!(found(&too_late, &late_in_the_end), Some(Rule::ClockHeals));

        let expiring = |life, weather| {
            let mut scenario = plain();
            scenario.calls = vec![Planned::read(SECOND), Planned::read(18 * SECOND)];
            let (giver, weather) = (Giver::Uri, vec![(2 * SECOND, weather)]);
            scenario.expiring = Some(Expiring {
                giver,
                life,
                weather,
            });
            scenario
        };
        let short = expiring(20, Weather::calm());
        assert_eq!(found(&short, &short), None);

        // An early refresh that takes long is over after a quarter of the call's time.
        let slow = Weather::calm().takes(9 * SECOND, 9 * SECOND);
        let mut slow = expiring(60, slow);
        slow.calls[1].at = 47 * SECOND;
        assert_eq!(found(&slow, &slow), None);
        let mut wanted = slow.clone();
        wanted.calls[1].total = Some(20 * SECOND);
        assert_eq!(found(&slow, &wanted), Some(Rule::RefreshesAside));

        let mut gone = expiring(20, Weather::calm().always(Trouble::Lost));
        gone.calls[1].at = 30 * SECOND;
        assert_eq!(found(&gone, &gone), None);
        let mut wanted = gone.clone();
        wanted.expiring = expiring(300, Weather::calm()).expiring;
        assert_eq!(found(&gone, &wanted), Some(Rule::ValidKeysServe));

        let mut late = expiring(300, Weather::calm());
        assert_eq!(found(&late, &late), None);
        late.calls[1].at = 30 * SECOND;
        assert_eq!(found(&late, &short), Some(Rule::SignsInTime));

        let no_time = edited(|it| it.calls[0].total = Some(Duration::ZERO));
        assert_eq!(found(&no_time, &no_time), None);
        assert_eq!(found(&no_time, &calm), Some(Rule::TriesAtLeastOnce));
    }

    #[test]
    fn a_scenario_shrinks_to_what_breaks_the_rule() {
        let big = (0..1_000).map(Scenario::generate).find(|scenario| {
            let kinds = scenario.calls.iter().map(|call| call.kind);
            scenario.calls.len() > 10 && kinds.filter(|kind| *kind == Kind::Charge).count() > 2
        });
        let has_charge = |scenario: &Scenario| {
            let mut kinds = scenario.calls.iter().map(|call| call.kind);
            kinds
                .any(|kind| kind == Kind::Charge)
                .then_some(Rule::OnceOnly)
        };
        let small = shrink(big.unwrap(), Rule::OnceOnly, has_charge);
        assert_eq!(small.calls.len(), 1);
        assert_eq!(small.weather, []);
        assert_eq!(small.calls[0].dropped, None);
        assert_eq!(has_charge(&small), Some(Rule::OnceOnly));
    }
}
