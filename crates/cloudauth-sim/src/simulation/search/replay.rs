//! A small world after a list of choices.

use core::time::Duration;

use cloudauth_proto::driver::SupplyError;

use super::action::{Action, ClockJump, LastCall, ScriptedEnd};
use super::checks::LATENCY;
use super::client::{MAX_STEPS, START, SearchedClient};
use super::live_call::{LiveCall, LiveExchange, RunningRefresh};
use super::property::Property;
use super::small_world::{SearchedCall, SmallWorld};
use crate::Region;
use crate::simulation::explore::ScenarioError;
use crate::simulation::operations::OperationKind;

pub(super) struct Replay<'w> {
    world: &'w SmallWorld,
    client: SearchedClient<'w>,
    /// How many calls have started.
    started: u8,
    /// Since when the endpoints are up.
    up: [Option<Duration>; 2],
    toggles: u8,
    drops: u8,
    jumps: u8,
    odd_times: u8,
    program_failures: u8,
}

impl<'w> Replay<'w> {
    fn new(world: &'w SmallWorld) -> Result<Self, ScenarioError> {
        Ok(Self {
            world,
            client: SearchedClient::new(world)?,
            started: 0,
            up: world.up.map(|is_up| is_up.then_some(START)),
            toggles: world.toggles,
            drops: world.drops,
            jumps: world.jumps,
            odd_times: world.odd_times,
            program_failures: world.program_failures,
        })
    }

    /// The world after these choices.
    pub(super) fn after(world: &'w SmallWorld, path: &[Action]) -> Result<Self, ScenarioError> {
        let mut replay = Self::new(world)?;
        for action in path {
            replay.apply(*action)?;
        }
        Ok(replay)
    }

    /// What happens on this path, one line per event.
    pub(super) fn trace(world: &'w SmallWorld, path: &[Action]) -> Result<String, ScenarioError> {
        let mut replay = Self::new(world)?;
        replay.client.trace = Some(String::new());
        for action in path {
            replay.apply(*action)?;
        }
        Ok(replay.client.trace.unwrap_or_default())
    }

    pub(super) const fn violated(&self) -> Option<Property> {
        self.client.checks.violated
    }

    /// Whether nothing of the client's is in progress.
    pub(super) fn is_idle(&self) -> bool {
        self.client.calls.is_empty() && self.client.refresh.is_none()
    }

    /// Everything that can happen next.
    pub(super) fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let calls = &self.client.calls;
        let has_started_all = usize::from(self.started) == self.world.calls.len();
        if !has_started_all && (calls.is_empty() || !self.world.one_at_a_time) {
            actions.push(Action::Start);
        }
        for live in calls {
            let call = live.number;
            for (exchange, in_flight) in (0..).zip(&live.exchanges) {
                actions.extend(
                    self.ends(live, in_flight)
                        .into_iter()
                        .map(|end| Action::End {
                            call,
                            exchange,
                            end,
                        }),
                );
            }
            if self.drops > 0 {
                actions.push(Action::Drop { call });
            }
        }
        let next_event = self.next_event();
        if next_event.is_some() {
            actions.push(Action::Wait);
        }
        let can_be_late = self.world.late_polls && self.next_response().is_none();
        actions.extend(ClockJump::ALL.into_iter().filter_map(|jump| {
            let now = self.client.now;
            let is_early = next_event.is_none_or(|event| now + jump.span() < event);
            (self.jumps > 0 && (is_early || can_be_late)).then_some(Action::Jump(jump))
        }));
        if self.toggles > 0 && !(has_started_all && calls.is_empty()) {
            actions.extend(Region::ALL.map(Action::Toggle));
        }
        let inline = calls.iter().filter_map(|call| call.refresh.as_ref());
        let mut refreshes = inline.chain(&self.client.refresh);
        if refreshes.any(|refresh| refresh.program_until.is_some()) {
            let supply = |has_credentials| Action::Supply { has_credentials };
            actions.push(supply(true));
            actions.extend((self.program_failures > 0).then(|| supply(false)));
        }
        actions
    }

    /// How the exchange can end now.
    fn ends(&self, call: &LiveCall, exchange: &LiveExchange) -> Vec<ScriptedEnd> {
        if self.up[exchange.region as usize].is_none() {
            return self.world.down.clone();
        }
        let mut ends = vec![self.proper_end(call, exchange)];
        if self.odd_times > 0 {
            ends.extend(&self.world.odd);
        }
        ends
    }

    pub(super) fn apply(&mut self, action: Action) -> Result<(), ScenarioError> {
        self.client.say(action);
        match action {
            Action::Start => {
                let plan = self.world.calls[usize::from(self.started)];
                self.start(plan)?;
            }
            Action::End {
                call,
                exchange,
                end,
            } => {
                let (call, exchange) = (self.position(call), usize::from(exchange));
                let region = self.client.calls[call].exchanges[exchange].region;
                let is_proper = matches!(end, ScriptedEnd::Success | ScriptedEnd::UnknownHere);
                if self.up[region as usize].is_some() && !is_proper {
                    self.odd_times -= 1;
                }
                self.client.report(call, exchange, end);
            }
            Action::Drop { call } => {
                self.drops -= 1;
                self.client.drop_call(self.position(call));
            }
            Action::Wait => {
                self.client.now = self.next_event().unwrap_or_default().max(self.client.now);
                self.settle();
            }
            Action::Jump(jump) => {
                self.jumps -= 1;
                self.client.jump(jump.span());
                self.settle();
            }
            Action::Toggle(region) => {
                self.toggles -= 1;
                let up = &mut self.up[region as usize];
                *up = up.is_none().then_some(self.client.now);
                for call in &mut self.client.calls {
                    call.good[region as usize] = false;
                }
            }
            Action::Supply { has_credentials } => {
                self.program_failures -= u8::from(!has_credentials);
                self.supply(has_credentials);
            }
            Action::Last(call, region) => self.last_call(call, region)?,
        }
        self.client.run();
        self.client.poll_early();
        Ok(())
    }

    fn start(&mut self, plan: SearchedCall) -> Result<(), ScenarioError> {
        let up = self.up.map(|since| since.is_some());
        self.started += 1;
        self.client.start(self.started, plan, up)
    }

    fn supply(&mut self, has_credentials: bool) {
        let credentials = self.client.credentials();
        let output = if has_credentials {
            Ok(credentials)
        } else {
            Err(SupplyError::Failed)
        };
        self.client.supply(&output);
    }

    /// The position of the call with this number.
    fn position(&self, number: u8) -> usize {
        let mut calls = self.client.calls.iter();
        let found = calls.position(|call| call.number == number);
        found.unwrap_or_default()
    }

    /// A call that can only succeed at this endpoint.
    fn last_call(&mut self, call: LastCall, region: Region) -> Result<(), ScenarioError> {
        self.up = Region::ALL.map(|it| (it == region).then_some(self.client.now));
        self.start(match call {
            LastCall::Read => SearchedCall::new(OperationKind::Read),
            LastCall::LookUp => SearchedCall::look_up(region),
        })?;
        for _ in 0..MAX_STEPS {
            self.client.run();
            let Some(call) = self.client.calls.first() else {
                return Ok(());
            };
            if let Some(exchange) = call.exchanges.first() {
                let end = if exchange.region == region {
                    ScriptedEnd::Success
                } else {
                    ScriptedEnd::NotSent
                };
                self.client.report(0, 0, end);
            } else if self.client.refresh.is_some() || call.refresh.is_some() {
                self.supply(true);
            } else {
                self.client.now = call.wake.max(self.client.now);
                self.settle();
            }
        }
        self.client.checks.violate(Property::BoundedSteps);
        Ok(())
    }

    /// What is due happens: responses first, then polls.
    fn settle(&mut self) {
        let now = self.client.now;
        let inline = self
            .client
            .calls
            .iter()
            .filter_map(|call| call.refresh.as_ref());
        let mut refreshes = inline.chain(&self.client.refresh);
        let is_over = |it: &RunningRefresh| it.program_until.is_some_and(|until| until <= now);
        if refreshes.any(is_over) {
            self.client.supply(&Err(SupplyError::TimedOut));
        }
        while let Some((call, exchange, end)) = self.due_response() {
            self.client.report(call, exchange, end);
        }
        self.client.wake_due();
    }

    fn due_response(&self) -> Option<(usize, usize, ScriptedEnd)> {
        let now = self.client.now;
        self.client.calls.iter().enumerate().find_map(|(at, call)| {
            let mut exchanges = call.exchanges.iter().enumerate();
            let (exchange, in_flight) =
                exchanges.find(|(_, it)| self.due(it).is_some_and(|due| due <= now))?;
            Some((at, exchange, self.proper_end(call, in_flight)))
        })
    }

    /// When the exchange ends by itself.
    fn due(&self, exchange: &LiveExchange) -> Option<Duration> {
        match self.up[exchange.region as usize] {
            Some(since) => Some(exchange.sent.max(since) + LATENCY),
            None if self.world.is_black_hole => Some(exchange.sent + exchange.timeouts.connect),
            None => None,
        }
    }

    /// How the exchange ends by itself.
    fn proper_end(&self, call: &LiveCall, exchange: &LiveExchange) -> ScriptedEnd {
        if self.up[exchange.region as usize].is_none() {
            ScriptedEnd::NotSent
        } else if call.plan.can_succeed(exchange.region) {
            ScriptedEnd::Success
        } else {
            ScriptedEnd::UnknownHere
        }
    }

    fn next_response(&self) -> Option<Duration> {
        let exchanges = self.client.calls.iter().flat_map(|call| &call.exchanges);
        exchanges.filter_map(|exchange| self.due(exchange)).min()
    }

    fn next_event(&self) -> Option<Duration> {
        let calls = self.client.calls.iter().map(LiveCall::next_event);
        let refresh = self.client.refresh.iter().map(RunningRefresh::next_event);
        calls.chain(refresh).chain(self.next_response()).min()
    }

    /// A hash of everything that decides what can still happen.
    pub(super) fn fingerprint(&self) -> u64 {
        let now = self.client.now;
        let mut fingerprint = self.client.fingerprint();
        // An endpoint that came up responds to what was sent before.
        let since = |up: Option<Duration>| up.map(|since| (since + LATENCY).saturating_sub(now));
        fingerprint.add(self.up.map(since));
        fingerprint.add((
            self.started,
            self.toggles,
            self.drops,
            self.jumps,
            self.odd_times,
            self.program_failures,
        ));
        self.client.add_to(&mut fingerprint);
        fingerprint.finish()
    }
}
