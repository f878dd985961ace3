//! The checks of the properties.

use core::time::Duration;

use cloudauth_proto::{Effect, Error};

use super::action::ScriptedEnd;
use super::fingerprint::StateHash;
use super::live_call::{LiveCall, LiveExchange};
use super::monitors::{BreakerMonitor, BudgetMonitor, RateMonitor};
use super::property::Property;
use super::small_world::SmallWorld;
use crate::Region;
use crate::simulation::operations::OperationKind;

/// The longest time until an endpoint responds that is up.
pub(super) const LATENCY: Duration = Duration::from_millis(150);

pub(super) struct PropertyChecks<'w> {
    world: &'w SmallWorld,
    breakers: [BreakerMonitor; 2],
    budget: BudgetMonitor,
    rate: Option<RateMonitor>,
    pub(super) has_refresh_failed: bool,
    /// Whether a call was polled later than it demanded.
    pub(super) is_late: bool,
    pub(super) violated: Option<Property>,
}

impl<'w> PropertyChecks<'w> {
    pub(super) fn new(world: &'w SmallWorld, now: Duration) -> Self {
        Self {
            world,
            breakers: [BreakerMonitor::default(); 2],
            budget: BudgetMonitor::new(now),
            rate: world.rate_limit.map(RateMonitor::per_second),
            has_refresh_failed: false,
            is_late: false,
            violated: None,
        }
    }

    /// Records a violation. The first one counts.
    pub(super) fn violate(&mut self, property: Property) {
        self.violated.get_or_insert(property);
    }

    fn require(&mut self, holds: bool, property: Property) {
        if !holds {
            self.violate(property);
        }
    }

    pub(super) fn spend_budget(&mut self) {
        self.budget.spend();
    }

    pub(super) fn started(&mut self, now: Duration) {
        self.budget.refill(now);
        self.budget.deposit();
    }

    /// An exchange was reported to its call.
    pub(super) fn ended(&mut self, exchange: &LiveExchange, end: ScriptedEnd, now: Duration) {
        let breaker = &mut self.breakers[exchange.region as usize];
        if end.proves_health() {
            breaker.succeeds();
        } else if end.is_failure() && exchange.is_silence(end, now) {
            breaker.is_silent(exchange.sent, now);
        } else if end.is_failure() {
            breaker.fails(exchange.sent, true, now);
        }
    }

    /// A call has given up an exchange.
    pub(super) fn timed_out(&mut self, exchange: &LiveExchange, now: Duration) {
        let breaker = &mut self.breakers[exchange.region as usize];
        breaker.is_silent(exchange.sent, now);
    }

    /// An exchange lost against another one of its call, which was sent at `winner`.
    pub(super) fn superseded(&mut self, exchange: &LiveExchange, winner: Duration, now: Duration) {
        if exchange.sent < winner {
            self.breakers[exchange.region as usize].fails(exchange.sent, false, now);
        }
    }

    /// A call sends. `in_flight` are the other exchanges of all calls.
    pub(super) fn sends(
        &mut self,
        call: &mut LiveCall,
        exchange: &LiveExchange,
        in_flight: &[(Region, Duration)],
        now: Duration,
    ) {
        let effect = call.plan.kind.effect();
        let ends_by = now + exchange.timeouts.total;
        self.require(
            now < call.deadline && ends_by <= call.deadline,
            Property::NothingLate,
        );
        self.require(
            effect != Effect::NotIdempotent || call.may_be_done == 0,
            Property::AtMostOnce,
        );
        self.require(call.sends < self.world.max_attempts, Property::AttemptLimit);
        self.require(!call.must_end, Property::FinalEndsCall);
        let is_refused = call.certificates_refused[exchange.region as usize];
        self.require(!is_refused, Property::RefusedCertificate);
        if !call.exchanges.is_empty() {
            let is_allowed =
                effect == Effect::ReadOnly && call.plan.hedge_after.is_some() && !call.is_hedged;
            self.require(is_allowed, Property::HedgesReadsOnly);
            call.is_hedged = true;
        }
        if let Some(rate) = &mut self.rate
            && call.plan.kind == OperationKind::Read
        {
            let is_allowed = rate.send(now);
            self.require(is_allowed, Property::RateLimit);
        }
        self.budget.refill(now);
        if call.sends == 0 {
            self.begins(call, exchange.region, in_flight, now);
        } else {
            let is_repeated = call.used[exchange.region as usize] && !call.has_repeated_at_once;
            let suffices = self.budget.withdraw(is_repeated);
            self.require(suffices, Property::RetryBudget);
        }
        call.had_small_budget |= !self.budget.suffices();
        call.sends += 1;
        call.may_be_done += 1;
        call.used[exchange.region as usize] = true;
    }

    /// The first exchange of a call.
    fn begins(
        &mut self,
        call: &LiveCall,
        region: Region,
        in_flight: &[(Region, Duration)],
        now: Duration,
    ) {
        let preferred = call.plan.origin;
        let [used, other] = match region {
            Region::Shanghai => [Region::Shanghai, Region::Beijing],
            Region::Beijing => [Region::Beijing, Region::Shanghai],
        };
        let is_other_closed = self.breakers[other as usize].is_closed();
        let breaker = &self.breakers[used as usize];
        let mut exchanges = in_flight.iter().filter(|(region, _)| *region == used);
        let is_probed = exchanges.any(|(_, sent)| breaker.is_probed_by(*sent));
        let is_open = breaker.is_open(now);
        self.require(!(is_open && is_other_closed), Property::AvoidsOpen);
        self.require(!(is_probed && is_other_closed), Property::OneProbe);
        if region != preferred {
            let is_used = in_flight.iter().any(|(region, _)| *region == preferred);
            let breaker = &self.breakers[preferred as usize];
            let may_be_avoided = breaker.may_be_avoided(is_used, now);
            let property = match call.plan.kind {
                OperationKind::LookUp => Property::OriginFirst,
                OperationKind::Read
                | OperationKind::Update
                | OperationKind::Open
                | OperationKind::Charge => Property::PreferredFirst,
            };
            self.require(may_be_avoided, property);
        }
    }

    /// A call waits until `call.wake`. `is_refreshing`: a refresh is in progress for it or beside it.
    pub(super) fn waits(&mut self, call: &LiveCall, is_refreshing: bool, now: Duration) {
        self.require(now < call.wake, Property::WaitsForFuture);
        self.require(call.wake <= call.deadline, Property::EndsInTime);
        if !call.exchanges.is_empty() {
            return;
        }
        if is_refreshing || self.has_refresh_failed {
            // It may wait for the rate limit all the same.
            let rate = self.rate.as_mut();
            rate.map(|rate| rate.wait(call.wake, now));
            return;
        }
        match &mut self.rate {
            Some(rate) => {
                let has_to = rate.wait(call.wake, now);
                self.require(has_to, Property::FullRate);
            }
            None => self.violate(Property::WaitsForSomething),
        }
    }

    /// A call has failed. `in_flight` are the exchanges of all other calls.
    pub(super) fn failed(
        &mut self,
        call: &LiveCall,
        error: &Error,
        in_flight: &[(Region, Duration)],
        now: Duration,
    ) {
        let effect = call.plan.kind.effect();
        let is_certain = !error.may_have_been_carried_out() && effect != Effect::ReadOnly;
        self.require(
            !is_certain || call.may_be_done == 0,
            Property::CertainErrors,
        );
        let lacks_credentials = matches!(error, Error::Credentials(_)) && self.has_refresh_failed;
        let is_repeatable = effect != Effect::NotIdempotent || call.may_be_done == 0;
        if call.may_be_final || lacks_credentials || !is_repeatable {
            return;
        }
        self.budget.refill(now);
        let is_good =
            |region: &Region| call.good[*region as usize] && call.plan.can_succeed(*region);
        let good: Vec<Region> = Region::ALL.into_iter().filter(is_good).collect();
        let is_unused = |region: &Region| !call.used[*region as usize];
        let limit = self.rate.filter(|_| call.plan.kind == OperationKind::Read);
        let earliest = limit.map_or(now, |rate| rate.earliest(now));
        let can_be_sent = call.sends < self.world.max_attempts
            || (1 < self.world.max_attempts
                && !call.has_repeated_at_once
                && good.iter().any(is_unused));
        if earliest + LATENCY < call.deadline {
            let is_in_budget = self.budget.suffices()
                || good.iter().any(|region| {
                    let has_exchange = in_flight.iter().any(|(used, _)| used == region);
                    is_unused(region) && self.breakers[*region as usize].is_free(has_exchange, now)
                });
            let has_tried_all = good.is_empty() || !can_be_sent || !is_in_budget;
            self.require(has_tried_all, Property::OneEndpointSuffices);
            return;
        }
        // The time is over, or nearly so. Every endpoint had half of it, unless something else took it.
        let had_time = LATENCY * 2 < call.plan.total_timeout
            && !self.is_late
            && limit.is_none()
            && !call.has_waited
            && !call.had_small_budget
            && !call.has_repeated_at_once;
        let was_used = !had_time || !good.iter().any(is_unused);
        self.require(was_used, Property::SharesTime);
    }

    pub(super) fn add_to(&self, fingerprint: &mut StateHash, now: Duration) {
        let breakers = self.breakers.map(|breaker| breaker.relative(now));
        let rate = self.rate.map(|rate| rate.relative(now));
        let flags = (self.has_refresh_failed, self.is_late);
        fingerprint.add((breakers, self.budget.relative(now), rate, flags));
    }
}
