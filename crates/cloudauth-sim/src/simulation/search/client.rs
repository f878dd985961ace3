//! The client in a small world: the core's session and calls, and a driver for them.

use core::fmt::{self, Write as _};
use core::time::Duration;

use cloudauth_proto::credentials::External;
use cloudauth_proto::driver::{Exchange, MonoTime, Now, Refresh, RefreshTicket, SupplyError};
use cloudauth_proto::{
    Call, CallOptions, Credentials, Endpoint, Endpoints, Error, Flow, Policy, Session, Source,
    Step, UnixTime,
};

use super::action::ScriptedEnd;
use super::checks::PropertyChecks;
use super::fingerprint::StateHash;
use super::live_call::{LiveCall, LiveExchange, RunningRefresh};
use super::property::Property;
use super::small_world::{InitialBreaker, RefreshMode, SearchedCall, SmallWorld};
use crate::Region;
use crate::simulation::explore::ScenarioError;
use crate::simulation::operations::SimulatedOperation;

/// The client's clocks at the start. Everything that is older no longer matters.
pub(super) const START: Duration = Duration::from_secs(1_000);
const UNIX_START: u64 = 1_800_000_000;

/// How long a circuit breaker stays open.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// The lifetime of refreshed credentials, in seconds. A quarter of it before its end they are refreshed.
const LIFETIME: u64 = 60;

/// A call that takes more steps without waiting violates [`Property::BoundedSteps`].
pub(super) const MAX_STEPS: usize = 64;

pub(super) struct SearchedClient<'w> {
    world: &'w SmallWorld,
    session: Session,
    pub(super) now: Duration,
    pub(super) calls: Vec<LiveCall>,
    /// Exchanges that were dropped and not released.
    lost: Vec<LiveExchange>,
    /// The refresh that runs beside the calls.
    pub(super) refresh: Option<RunningRefresh>,
    pub(super) checks: PropertyChecks<'w>,
    /// What happened, if it is to be printed.
    pub(super) trace: Option<String>,
}

impl<'w> SearchedClient<'w> {
    pub(super) fn new(world: &'w SmallWorld) -> Result<Self, ScenarioError> {
        let mut policy = Policy::default();
        policy.base_backoff = Duration::ZERO;
        policy.max_attempts = world.max_attempts;
        let source = match world.refresh {
            None => Credentials::access_key("testid", "testsecret")?.into(),
            Some(_) => Source::External(External::new("/bin/credentials")?),
        };
        let mut session = Session::new(source, [1; 32])
            .policy(policy)
            .endpoints(Endpoints::only(Endpoint::SHANGHAI).then(Endpoint::BEIJING));
        if let Some(limit) = world.rate_limit {
            session = session.rate_limit(SimulatedOperation::READ, limit);
        }
        let mut client = Self {
            world,
            session,
            now: START,
            calls: Vec::new(),
            lost: Vec::new(),
            refresh: None,
            checks: PropertyChecks::new(world, START),
            trace: None,
        };
        client.bring_breakers(InitialBreaker::HalfOpen)?;
        if world.breakers.contains(&InitialBreaker::HalfOpen) {
            client.now += OPEN_FOR;
        }
        client.bring_breakers(InitialBreaker::Open)?;
        client.bring_breakers(InitialBreaker::AlmostOpen)?;
        if world.is_budget_spent {
            client.spend_budget()?;
        }
        Ok(client)
    }

    fn bring_breakers(&mut self, to: InitialBreaker) -> Result<(), ScenarioError> {
        let failures = if to == InitialBreaker::AlmostOpen {
            4
        } else {
            5
        };
        for region in Region::ALL {
            if self.world.breakers[region as usize] == to {
                for _ in 0..failures {
                    self.fail_pinned_call(region)?;
                }
            }
        }
        Ok(())
    }

    /// A call that is pinned to the endpoint cannot be sent there, and is dropped.
    fn fail_pinned_call(&mut self, region: Region) -> Result<(), ScenarioError> {
        let operation = SimulatedOperation::charge();
        let options = CallOptions::new().endpoint(endpoint(region));
        let mut call = Call::new(&operation, options)?;
        let now = self.clock();
        if let Step::Send(exchange) = call.poll(&mut self.session, now) {
            let id = exchange.id();
            let exchange = self.exchange(&exchange);
            self.checks.started(self.now);
            self.checks.ended(&exchange, ScriptedEnd::NotSent, self.now);
            let result = ScriptedEnd::NotSent.result();
            call.report(&mut self.session, id, result, now);
        }
        Ok(())
    }

    /// Two calls that are pinned to another endpoint repeat what cannot be sent.
    fn spend_budget(&mut self) -> Result<(), ScenarioError> {
        let now = self.clock();
        for _ in 0..2 {
            let operation = SimulatedOperation::charge();
            let options = CallOptions::new().endpoint(Endpoint::OPEN_PLATFORM);
            let mut call = Call::new(&operation, options)?;
            self.checks.started(self.now);
            while let Step::Send(exchange) = call.poll(&mut self.session, now) {
                let result = ScriptedEnd::NotSent.result();
                call.report(&mut self.session, exchange.id(), result, now);
            }
        }
        self.checks.spend_budget();
        Ok(())
    }

    pub(super) fn say(&mut self, event: impl fmt::Display) {
        let at = self.now.saturating_sub(START).as_secs_f64();
        if let Some(trace) = &mut self.trace {
            let _ = writeln!(trace, "{at:8.3} {event}");
        }
    }

    fn clock(&self) -> Now {
        Now {
            mono: MonoTime::new(self.now),
            unix: UnixTime::from_seconds(UNIX_START + self.now.as_secs()),
        }
    }

    /// What the program prints.
    pub(super) fn credentials(&self) -> Vec<u8> {
        let end = UnixTime::from_seconds(self.clock().unix.seconds() + LIFETIME);
        let printed = serde_json::json!({
            "mode": "StsToken",
            "access_key_id": "testid",
            "access_key_secret": "testsecret",
            "sts_token": "testtoken",
            "expiration": end.to_string(),
        });
        printed.to_string().into_bytes()
    }

    /// Starts a call. `up`: which endpoints respond.
    pub(super) fn start(
        &mut self,
        number: u8,
        plan: SearchedCall,
        up: [bool; 2],
    ) -> Result<(), ScenarioError> {
        let operation = SimulatedOperation::new(plan.kind, endpoint(plan.origin));
        let mut options = CallOptions::new().total_timeout(plan.total_timeout);
        if let Some(wait) = plan.hedge_after {
            options = options.hedge_after(wait);
        }
        let flow = Call::new(&operation, options)?;
        self.calls
            .push(LiveCall::new(number, plan, flow, up, self.now));
        self.checks.started(self.now);
        Ok(())
    }

    pub(super) fn drop_call(&mut self, at: usize) {
        let call = self.calls.remove(at);
        if self.world.releases {
            let now = self.clock();
            for exchange in &call.exchanges {
                self.session.release_exchange(exchange.id, now);
            }
        } else {
            self.lost.extend(call.exchanges);
        }
        if let Some(refresh) = call.refresh {
            self.session.release_refresh(refresh.ticket.id());
            self.wake_all();
        }
    }

    pub(super) fn report(&mut self, call: usize, exchange: usize, end: ScriptedEnd) {
        let now = self.clock();
        let call = &mut self.calls[call];
        let exchange = call.exchanges.remove(exchange);
        call.ended(&exchange, end);
        self.checks.ended(&exchange, end, self.now);
        call.flow
            .report(&mut self.session, exchange.id, end.result(), now);
    }

    /// The program of the refresh in progress ends.
    pub(super) fn supply(&mut self, output: &Result<Vec<u8>, SupplyError>) {
        self.checks.has_refresh_failed |= output.is_err();
        for call in &mut self.calls {
            if let Some(refresh) = &mut call.refresh {
                refresh.supply(output.clone());
                call.is_woken = true;
            }
        }
        if let Some(refresh) = &mut self.refresh {
            refresh.supply(output.clone());
            self.advance_refresh();
        }
    }

    /// Advances the refresh that runs beside the calls.
    pub(super) fn advance_refresh(&mut self) {
        let now = self.clock();
        let Some(refresh) = &mut self.refresh else {
            return;
        };
        if let Some(has_credentials) = refresh.advance(&mut self.session, now) {
            self.refresh = None;
            self.checks.has_refresh_failed |= !has_credentials;
            self.say("  the refresh ends");
            self.wake_all();
        }
    }

    fn wake_all(&mut self) {
        for call in &mut self.calls {
            call.is_woken = true;
        }
    }

    /// Both clocks jump.
    pub(super) fn jump(&mut self, span: Duration) {
        self.now += span;
        self.checks.is_late |= self.calls.iter().any(|call| call.next_event() < self.now);
    }

    /// Marks every call whose time has come, and advances the refresh.
    pub(super) fn wake_due(&mut self) {
        for call in &mut self.calls {
            call.is_woken |= call.next_event() <= self.now;
        }
        if self
            .refresh
            .as_ref()
            .is_some_and(|it| it.next_event() <= self.now)
        {
            self.advance_refresh();
        }
    }

    /// Polls every call that has a reason to go on.
    pub(super) fn run(&mut self) {
        while let Some(at) = self.calls.iter().position(|call| call.is_woken) {
            let mut call = self.calls.remove(at);
            call.is_woken = false;
            if self.poll(&mut call) {
                self.calls.insert(at, call);
            }
        }
    }

    /// Polls a call until it waits. Returns whether it goes on.
    fn poll(&mut self, call: &mut LiveCall) -> bool {
        let now = self.clock();
        for _ in 0..MAX_STEPS {
            if let Some(refresh) = &mut call.refresh {
                match refresh.advance(&mut self.session, now) {
                    None => return true,
                    Some(has_credentials) => {
                        call.refresh = None;
                        self.checks.has_refresh_failed |= !has_credentials;
                        self.wake_all();
                    }
                }
            }
            match call.flow.poll(&mut self.session, now) {
                Step::Send(exchange) => self.send(call, &exchange),
                Step::Abandon(id) => {
                    let at = call.exchanges.iter().position(|it| it.id == id);
                    call.abandoned
                        .extend(at.map(|at| call.exchanges.remove(at)));
                }
                Step::Authenticate(ticket) => self.authenticate(call, ticket),
                Step::Wait(until) => {
                    self.give_up_abandoned(call);
                    call.wake = until.saturating_since(MonoTime::default());
                    call.has_waited |= call.exchanges.is_empty();
                    let is_refreshing = self.is_refreshing();
                    self.checks.waits(call, is_refreshing, self.now);
                    return true;
                }
                Step::Done(result) => {
                    self.finish(call, result.err().as_ref());
                    return false;
                }
                Step::Read { .. } | Step::Run { .. } | Step::Provide { .. } => break,
            }
        }
        self.checks.violate(Property::BoundedSteps);
        false
    }

    fn send(&mut self, call: &mut LiveCall, exchange: &Exchange) {
        self.give_up_abandoned(call);
        let exchange = self.exchange(exchange);
        let in_flight = self.in_flight(call);
        self.say(format_args!(
            "  #{} sends to {}",
            call.number,
            exchange.region.id()
        ));
        self.checks.sends(call, &exchange, &in_flight, self.now);
        call.exchanges.push(exchange);
    }

    /// The exchanges of this call, of all others, and those that were lost.
    fn in_flight(&self, call: &LiveCall) -> Vec<(Region, Duration)> {
        let others = self.calls.iter().flat_map(|call| &call.exchanges);
        let lost = self.lost.iter().filter(|it| !it.is_overdue(self.now));
        let all = others.chain(&call.exchanges).chain(lost);
        all.map(|it| (it.region, it.sent)).collect()
    }

    fn exchange(&self, exchange: &Exchange) -> LiveExchange {
        let is_in = |region: &Region| format!("{exchange:?}").contains(region.id());
        LiveExchange {
            id: exchange.id(),
            region: Region::ALL
                .into_iter()
                .find(is_in)
                .unwrap_or(Region::Beijing),
            sent: self.now,
            timeouts: exchange.timeouts(),
        }
    }

    fn give_up_abandoned(&mut self, call: &mut LiveCall) {
        for exchange in call.abandoned.drain(..) {
            self.checks.timed_out(&exchange, self.now);
        }
    }

    fn authenticate(&mut self, call: &mut LiveCall, ticket: RefreshTicket) {
        self.give_up_abandoned(call);
        call.has_waited = true;
        if self.is_refreshing() {
            self.checks.violate(Property::OneRefresh);
        }
        let is_inline = self.world.refresh == Some(RefreshMode::Inline);
        let flow = if is_inline {
            Refresh::inline(ticket.clone())
        } else {
            Refresh::new(ticket.clone())
        };
        let refresh = RunningRefresh::new(ticket, flow);
        if is_inline {
            call.refresh = Some(refresh);
        } else {
            self.refresh = Some(refresh);
            self.advance_refresh();
        }
    }

    fn is_refreshing(&self) -> bool {
        self.refresh.is_some() || self.calls.iter().any(|call| call.refresh.is_some())
    }

    fn finish(&mut self, call: &mut LiveCall, error: Option<&Error>) {
        for exchange in call.abandoned.drain(..) {
            if exchange.is_overdue(self.now) {
                self.checks.timed_out(&exchange, self.now);
            } else {
                self.checks
                    .superseded(&exchange, call.last_reported, self.now);
            }
        }
        if !call.exchanges.is_empty() {
            self.checks.violate(Property::NoPendingExchanges);
        }
        match error {
            None => self.say(format_args!("  #{} succeeds", call.number)),
            Some(error) => {
                let text = error.to_string();
                let line = text.lines().next().unwrap_or_default();
                self.say(format_args!("  #{} fails: {line}", call.number));
                let in_flight = self.in_flight(call);
                self.checks.failed(call, error, &in_flight, self.now);
            }
        }
    }

    /// Polls every call once more, which changes nothing.
    pub(super) fn poll_early(&mut self) {
        let now = self.clock();
        for call in self.calls.iter_mut().filter(|call| call.refresh.is_none()) {
            match call.flow.poll(&mut self.session, now) {
                Step::Wait(until) => {
                    let until = until.saturating_since(MonoTime::default());
                    // A refresh in progress may extend its time.
                    let is_same = until == call.wake || self.world.refresh.is_some();
                    if !is_same {
                        self.checks.violate(Property::PollIsRepeatable);
                    }
                    call.wake = until;
                }
                Step::Send(_)
                | Step::Abandon(_)
                | Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Run { .. }
                | Step::Provide { .. }
                | Step::Done(_) => self.checks.violate(Property::PollIsRepeatable),
            }
        }
    }

    pub(super) fn add_to(&self, fingerprint: &mut StateHash) {
        fingerprint.add_debug(&format!("{:?}", self.session));
        for call in &self.calls {
            call.add_to(fingerprint);
        }
        for lost in self.lost.iter().filter(|it| !it.is_overdue(self.now)) {
            lost.add_to(fingerprint);
        }
        if let Some(refresh) = &self.refresh {
            refresh.add_to(fingerprint);
        }
        if self.world.refresh.is_some() || !self.world.odd.is_empty() {
            // Clocks of whole seconds decide with what remains of this one.
            fingerprint.add(self.now.subsec_nanos());
        }
        self.checks.add_to(fingerprint, self.now);
    }

    pub(super) fn fingerprint(&self) -> StateHash {
        StateHash::new(self.clock(), self.now)
    }
}

fn endpoint(region: Region) -> Endpoint {
    match region {
        Region::Shanghai => Endpoint::SHANGHAI,
        Region::Beijing => Endpoint::BEIJING,
    }
}
