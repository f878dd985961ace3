//! The rules that need to know what was wanted. Those of the contract are checked as it happens.

use core::time::Duration;

use cloudauth_proto::{Effect, Policy, Repeat};

use super::scenario::{CALM, LATER, Planned, Scenario};
use crate::simulation::operations::Kind;
use crate::simulation::{Breach, End, Met, Rule, Simulation, Told, Trouble, Weather, What};
use crate::{Fault, Region};

/// A clock further off than this is not corrected, so its calls are refused.
const LARGEST_SKEW: u64 = 24 * 60 * 60;

/// Within this the service accepts a wrong clock.
const TOLERATED_SKEW: u64 = 15 * 60;

/// The first rule that was broken.
pub(super) fn check(scenario: &Scenario, simulation: &Simulation) -> Option<Breach> {
    if let Some(breach) = simulation.breaches().first() {
        return Some(*breach);
    }
    let told = simulation.all_told().zip(&scenario.calls).enumerate();
    for (call, (told, planned)) in told {
        let case = Case {
            scenario,
            planned,
            told,
        };
        let broken = case.outcome().or_else(|| case.course(call, simulation));
        if let Some(rule) = broken {
            let at = told.ended.unwrap_or_default();
            return Some(Breach { at, call, rule });
        }
    }
    None
}

struct Case<'s> {
    scenario: &'s Scenario,
    planned: &'s Planned,
    told: &'s Told,
}

impl Case<'_> {
    /// What the call's end says, against what was wanted.
    fn outcome(&self) -> Option<Rule> {
        let (told, planned) = (self.told, self.planned);
        let effect = planned.kind.effect();
        let Policy { max_attempts, .. } = self.scenario.policy;
        let must_happen_once = match planned.repeat {
            Repeat::AsItsEffectSays => effect == Effect::Once,
            Repeat::OnlyIfCertain => matches!(effect, Effect::Once | Effect::Open),
            Repeat::EvenIfUncertain => false,
        };
        let is_done = told.end == Some(End::Done);
        let is_certain = !told.may_have_been_carried_out && effect != Effect::Query;
        let rules = [
            (
                told.took().is_none_or(|took| took > self.total()),
                Rule::EndsInTime,
            ),
            (told.sends > max_attempts, Rule::FewAttempts),
            (
                told.end.is_some() && told.sends == 0 && self.has_time(),
                Rule::TriesAtLeastOnce,
            ),
            (must_happen_once && told.executions > 1, Rule::OnceOnly),
            (is_done && told.executions == 0, Rule::SuccessIsReal),
            (
                told.end.is_some() && !is_done && is_certain && told.executions > 0,
                Rule::CertaintyHolds,
            ),
            (!is_done && self.cannot_fail(), Rule::OneRegionIsEnough),
            (
                self.is_calm() && self.is_clock_right() && !(is_done && told.sends == 1),
                Rule::PreferredComesBack,
            ),
            (
                self.is_calm() && self.is_clock_curable() && !(is_done && told.sends <= 2),
                Rule::ClockHeals,
            ),
            (
                planned.at == LATER && self.is_clock_curable() && told.sends != 1,
                Rule::ClockHeals,
            ),
        ];
        rules
            .into_iter()
            .find_map(|(is_broken, rule)| is_broken.then_some(rule))
    }

    /// The way to that end, event by event.
    fn course(&self, call: usize, simulation: &Simulation) -> Option<Rule> {
        let (scenario, planned) = (self.scenario, self.planned);
        let mut under_way: Vec<(usize, Region)> = Vec::new();
        let mut hedges = 0;
        let mut is_home_heard = false;
        let mut was_unknown = false;
        for event in simulation.trace().of(call) {
            match &event.what {
                What::Sends { exchange, to, .. } => {
                    if planned.pinned.is_some_and(|pinned| pinned != *to) {
                        return Some(Rule::StaysPinned);
                    }
                    if self.is_calm() && *to != Region::Shanghai {
                        return Some(Rule::PreferredComesBack);
                    }
                    hedges += usize::from(!under_way.is_empty());
                    let may_hedge = planned.hedged.is_some()
                        && planned.pinned.is_none()
                        && planned.kind.effect() == Effect::Query
                        && under_way.iter().all(|(_, other)| other != to);
                    if hedges > 1 || !under_way.is_empty() && !may_hedge {
                        return Some(Rule::HedgesReadsOnly);
                    }
                    under_way.push((*exchange, *to));
                }
                What::Abandons { exchange } => under_way.retain(|(other, _)| other != exchange),
                What::Met { exchange, met } => {
                    let from = under_way.iter().find(|(other, _)| other == exchange);
                    let is_home = from.is_some_and(|(_, from)| *from == scenario.home);
                    if let Met::Answer { status, outcome } = met {
                        if self.is_own_refusal(outcome) {
                            return Some(Rule::SignsWell);
                        }
                        is_home_heard |= is_home;
                        was_unknown = *status == 200 && outcome == "fault: custom";
                    }
                    under_way.retain(|(other, _)| other != exchange);
                }
                What::Ends(End::Refused) => {
                    let may_be_settled =
                        is_home_heard || planned.pinned.is_some() || planned.kind != Kind::LookUp;
                    if was_unknown && !may_be_settled {
                        return Some(Rule::HomeIsHeard);
                    }
                }
                What::Starts
                | What::Asks { .. }
                | What::Authenticates
                | What::Authenticated { .. }
                | What::CarriedOut { .. }
                | What::Ends(_)
                | What::IsDropped => {}
            }
        }
        None
    }

    fn total(&self) -> Duration {
        let total = self.planned.total;
        total.unwrap_or(self.scenario.policy.total_timeout)
    }

    /// Whether the service refused what no fault and no wrong clock explains.
    fn is_own_refusal(&self, outcome: &str) -> bool {
        let is_clock = outcome.starts_with("InvalidTimeStamp");
        let is_clock_wrong = self.scenario.ahead.unsigned_abs() > TOLERATED_SKEW;
        !(outcome == "200" || outcome.starts_with("fault: ") || is_clock && is_clock_wrong)
    }

    /// The weather is calm by now, and nothing puts the call off.
    fn is_calm(&self) -> bool {
        self.planned.at >= CALM && self.scenario.rate_limit.is_none()
    }

    fn is_clock_right(&self) -> bool {
        self.scenario.ahead.unsigned_abs() <= TOLERATED_SKEW
    }

    fn is_clock_curable(&self) -> bool {
        !self.is_clock_right()
            && self.scenario.ahead.unsigned_abs() < LARGEST_SKEW
            && self.scenario.policy.max_attempts >= 2
    }

    fn has_time(&self) -> bool {
        !self.total().is_zero() && self.scenario.rate_limit.is_none()
    }

    /// A read with enough time and attempts, while one region is well all the time and the other
    /// fails only in ways that are blamed on it. A hedge that loses counts as a failure, so there
    /// must be none.
    fn cannot_fail(&self) -> bool {
        let Scenario {
            policy,
            weather,
            calls,
            home,
            ..
        } = self.scenario;
        let Planned {
            kind,
            pinned,
            dropped,
            ..
        } = self.planned;
        let is_well = |region| {
            let mut here = weather.iter().filter(|change| change.region == region);
            here.all(|change| change.weather == Weather::calm())
        };
        let is_blamed = |region| {
            let here = weather.iter().filter(|change| change.region == region);
            let mut troubles = here.flat_map(|change| change.weather.troubles());
            troubles.all(blames)
        };
        let is_enough = |well: Region, other: Region| {
            is_well(well)
                && is_blamed(other)
                && pinned.is_none_or(|pinned| pinned == well)
                && (*kind != Kind::LookUp || *home == well)
        };
        let needs = policy.connect_timeout + policy.read_timeout + Duration::from_millis(500);
        let is_read = matches!(kind, Kind::Read | Kind::LookUp | Kind::Update);
        is_read
            && dropped.is_none()
            && self.is_clock_right()
            && self.scenario.rate_limit.is_none()
            && policy.max_attempts >= 2
            && self.total() >= needs
            && calls.iter().all(|call| call.hedged.is_none())
            && (is_enough(Region::Shanghai, Region::Beijing)
                || is_enough(Region::Beijing, Region::Shanghai))
    }
}

/// Whether the table blames this on the endpoint.
fn blames(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::BlackHole | Trouble::Cut | Trouble::Lost => true,
        Trouble::Fault(fault) => match fault {
            Fault::Refuse
            | Fault::Reset
            | Fault::Hang
            | Fault::Trickle
            | Fault::BadTls
            | Fault::Truncate
            | Fault::Code500 => true,
            Fault::Status(status) | Fault::Gateway { status, .. } => *status >= 500,
            Fault::Garbage
            | Fault::Empty
            | Fault::Oversize(_)
            | Fault::WrongType
            | Fault::Throttle
            | Fault::Skew(_)
            | Fault::Close
            | Fault::Custom { .. } => false,
        },
    }
}
