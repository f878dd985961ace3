//! The rules that need to know what was wanted. Those of the contract are checked as it happens.

use core::time::Duration;

use cloudauth_proto::{Effect, Policy, Repeat};

use super::scenario::{CALM, LATER, Planned, Scenario};
use super::signing::Keys;
use crate::simulation::operations::Kind;
use crate::simulation::{
    Answered, Breach, End, Met, Rule, Simulation, Told, Trouble, Weather, What,
};
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
    if simulation.most_refreshes() > 1 {
        let (at, call) = (Duration::ZERO, 0);
        let rule = Rule::OneRefresh;
        return Some(Breach { at, call, rule });
    }
    let life = scenario.expiring.as_ref().map(|it| it.life);
    let keys = life.map(|life| Keys::of(simulation, Duration::from_secs(life)));
    let told = simulation.all_told().zip(&scenario.calls).enumerate();
    for (call, (told, planned)) in told {
        let case = Case {
            scenario,
            planned,
            told,
            keys: keys.as_ref(),
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
    /// Nothing if they never expire.
    keys: Option<&'s Keys>,
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
            (
                told.end == Some(End::Unauthenticated) && self.has_keys(),
                Rule::ValidKeysServe,
            ),
            (told.sends > max_attempts, Rule::FewAttempts),
            (
                told.end.is_some() && told.sends == 0 && self.has_time() && self.has_keys(),
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
        let mut under_way: Vec<(usize, Region, Duration)> = Vec::new();
        let mut is_first = true;
        let mut refreshes = false;
        let mut hedges = 0;
        let mut is_home_heard = false;
        let mut was_unknown = false;
        for event in simulation.trace().of(call) {
            match &event.what {
                What::Sends { exchange, to, .. } => {
                    if self.keys.is_some_and(|keys| !keys.can_sign(event.at)) {
                        return Some(Rule::SignsInTime);
                    }
                    if is_first && self.is_delayed(refreshes, event.at) {
                        return Some(Rule::RefreshesAside);
                    }
                    is_first = false;
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
                        && under_way.iter().all(|(_, other, _)| other != to);
                    if hedges > 1 || !under_way.is_empty() && !may_hedge {
                        return Some(Rule::HedgesReadsOnly);
                    }
                    under_way.push((*exchange, *to, event.at));
                }
                What::Abandons { exchange } => under_way.retain(|(other, ..)| other != exchange),
                What::Met { exchange, met } => {
                    let mut sent = under_way.iter();
                    let Some((_, from, sent)) = sent.find(|(other, ..)| other == exchange) else {
                        continue; // It asked for credentials.
                    };
                    let is_home = *from == scenario.home;
                    if let Met::Answer { status, from } = met {
                        if let Answered::Service(code) = from
                            && self.is_own_refusal(code)
                            && !self.is_late(code, *sent, event.at)
                        {
                            return Some(Rule::SignsWell);
                        }
                        is_home_heard |= is_home;
                        let is_custom = *from == Answered::Fault("custom".to_owned());
                        was_unknown = *status == 200 && is_custom;
                    }
                    under_way.retain(|(other, ..)| other != exchange);
                }
                What::Ends(End::Refused) => {
                    let may_be_settled =
                        is_home_heard || planned.pinned.is_some() || planned.kind != Kind::LookUp;
                    if was_unknown && !may_be_settled {
                        return Some(Rule::HomeIsHeard);
                    }
                }
                What::Authenticates => refreshes = true,
                What::Starts
                | What::Asks { .. }
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
    fn is_own_refusal(&self, code: &str) -> bool {
        let is_clock = code.starts_with("InvalidTimeStamp");
        let is_clock_wrong = self.scenario.ahead.unsigned_abs() > TOLERATED_SKEW;
        !(code == "200" || is_clock && is_clock_wrong)
    }

    /// Whether the credentials expired while the request was under way.
    fn is_late(&self, code: &str, sent: Duration, met: Duration) -> bool {
        let keys = self.keys.filter(|keys| keys.can_be_late(sent, met));
        code == "InvalidSecurityToken.Expired" && keys.is_some()
    }

    /// Whether there were valid credentials for as long as the call took.
    fn has_keys(&self) -> bool {
        let ended = self.told.ended.unwrap_or_default();
        self.keys
            .is_none_or(|keys| keys.serve(self.told.started, ended))
    }

    /// Whether a call that had valid credentials sent its first request too late; only one that gets
    /// new ones itself may take time for that.
    fn is_delayed(&self, refreshes: bool, at: Duration) -> bool {
        let allowed = if refreshes {
            self.total() / 4
        } else {
            Duration::ZERO
        };
        let started = self.told.started;
        self.keys.is_some_and(|keys| keys.serve(started, at))
            && self.scenario.rate_limit.is_none()
            && at.saturating_sub(started) > allowed
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
        let needs = policy.connect_timeout + policy.read_timeout + Duration::from_secs(1);
        let expiring = self.scenario.expiring.as_ref();
        // Credentials that expire on the way cost an attempt.
        let attempts = if expiring.is_some() { 3 } else { 2 };
        let is_read = matches!(kind, Kind::Read | Kind::LookUp | Kind::Update);
        is_read
            && dropped.is_none()
            && self.is_clock_right()
            && self.scenario.rate_limit.is_none()
            && policy.max_attempts >= attempts
            && expiring.is_none_or(|it| it.weather.is_empty())
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
