//! A call in progress, its exchanges and its refresh, and what is known of them from outside.

use core::time::Duration;

use cloudauth_proto::driver::{
    ExchangeId, MonoTime, Now, Refresh, RefreshTicket, SupplyError, Timeouts,
};
use cloudauth_proto::{Call, Flow, Session, Step};

use super::action::ScriptedEnd;
use super::fingerprint::StateHash;
use super::small_world::SearchedCall;
use crate::Region;
use crate::simulation::operations::SimulatedOperation;

#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a call"
)]
pub(super) struct LiveCall {
    pub(super) number: u8,
    pub(super) plan: SearchedCall,
    pub(super) flow: Call<SimulatedOperation>,
    /// The refresh that is run in place of the call.
    pub(super) refresh: Option<RunningRefresh>,
    pub(super) exchanges: Vec<LiveExchange>,
    /// Exchanges that it gave up since the last report.
    pub(super) abandoned: Vec<LiveExchange>,
    /// When the exchange was sent that was reported last.
    pub(super) last_reported: Duration,
    pub(super) wake: Duration,
    pub(super) is_woken: bool,
    pub(super) deadline: Duration,
    pub(super) sends: usize,
    /// How many exchanges may have carried the operation out.
    pub(super) may_be_done: usize,
    pub(super) is_hedged: bool,
    /// Endpoints that have been up, and nothing but up, since the call started.
    pub(super) good: [bool; 2],
    pub(super) used: [bool; 2],
    /// Whether a response demanded another attempt at the same endpoint.
    pub(super) has_repeated_at_once: bool,
    /// Whether it may end for a reason that no other endpoint changes.
    pub(super) may_be_final: bool,
    /// Whether it was refused, or cannot be sent anywhere.
    pub(super) must_end: bool,
    pub(super) certificates_refused: [bool; 2],
    pub(super) had_small_budget: bool,
    pub(super) has_waited: bool,
}

pub(super) struct LiveExchange {
    pub(super) id: ExchangeId,
    pub(super) region: Region,
    pub(super) sent: Duration,
    pub(super) timeouts: Timeouts,
}

impl LiveCall {
    pub(super) fn new(
        number: u8,
        plan: SearchedCall,
        flow: Call<SimulatedOperation>,
        up: [bool; 2],
        now: Duration,
    ) -> Self {
        Self {
            number,
            plan,
            flow,
            refresh: None,
            exchanges: Vec::new(),
            abandoned: Vec::new(),
            last_reported: now,
            wake: now,
            is_woken: true,
            deadline: now + plan.total_timeout,
            sends: 0,
            may_be_done: 0,
            is_hedged: false,
            good: up,
            used: [false; 2],
            has_repeated_at_once: false,
            may_be_final: false,
            must_end: false,
            certificates_refused: [false; 2],
            had_small_budget: false,
            has_waited: false,
        }
    }

    /// An exchange was reported.
    pub(super) fn ended(&mut self, exchange: &LiveExchange, end: ScriptedEnd) {
        let region = exchange.region as usize;
        self.is_woken = true;
        self.may_be_done -= usize::from(!end.may_be_carried_out());
        self.good[region] &= matches!(end, ScriptedEnd::Success | ScriptedEnd::UnknownHere);
        self.has_repeated_at_once |= end.repeats_at_once();
        self.may_be_final |= end.can_be_final();
        // The other exchange of a hedged call may still succeed, or fail in another way.
        self.must_end |= end.is_final() && !self.is_hedged;
        self.certificates_refused[region] |= end == ScriptedEnd::CertificateRefused;
        self.last_reported = exchange.sent;
    }

    /// When something happens to it without a response.
    pub(super) fn next_event(&self) -> Duration {
        let refresh = self.refresh.as_ref();
        refresh.map_or(self.wake, RunningRefresh::next_event)
    }

    pub(super) fn add_to(&self, fingerprint: &mut StateHash) {
        fingerprint.add_debug(&format!("{:?}", self.flow));
        fingerprint.add((
            self.number,
            self.sends,
            self.may_be_done,
            self.is_hedged,
            self.good,
            self.used,
        ));
        fingerprint.add((
            self.has_repeated_at_once,
            self.may_be_final,
            self.must_end,
            self.certificates_refused,
            self.had_small_budget,
            self.has_waited,
        ));
        fingerprint.add_time(self.wake);
        fingerprint.add_time(self.deadline);
        for exchange in &self.exchanges {
            exchange.add_to(fingerprint);
        }
        if let Some(refresh) = &self.refresh {
            refresh.add_to(fingerprint);
        }
    }
}

impl LiveExchange {
    /// Whether all of its time is over.
    pub(super) fn is_overdue(&self, now: Duration) -> bool {
        self.sent + self.timeouts.total <= now
    }

    /// Whether the end says only that the endpoint did not respond in time.
    pub(super) fn is_silence(&self, end: ScriptedEnd, now: Duration) -> bool {
        let has_not_connected =
            end == ScriptedEnd::NotSent && self.sent + self.timeouts.connect <= now;
        has_not_connected || self.is_overdue(now)
    }

    pub(super) fn add_to(&self, fingerprint: &mut StateHash) {
        fingerprint.add(self.region);
        fingerprint.add_time(self.sent);
        fingerprint.add((self.timeouts.connect, self.timeouts.total));
    }
}

/// A refresh from a program, and its driver.
pub(super) struct RunningRefresh {
    pub(super) flow: Refresh,
    pub(super) ticket: RefreshTicket,
    /// The time limit of the program, while it runs.
    pub(super) program_until: Option<Duration>,
    wake: Duration,
}

impl RunningRefresh {
    pub(super) const fn new(ticket: RefreshTicket, flow: Refresh) -> Self {
        Self {
            flow,
            ticket,
            program_until: None,
            wake: Duration::ZERO,
        }
    }

    /// Advances it until it waits (`None`) or ends, with credentials or without.
    pub(super) fn advance(&mut self, session: &mut Session, now: Now) -> Option<bool> {
        loop {
            match self.flow.poll(session, now) {
                Step::Run { timeout, .. } => {
                    let now = now.mono.saturating_since(MonoTime::default());
                    self.program_until = Some(now + timeout);
                }
                Step::Wait(until) => {
                    self.wake = until.saturating_since(MonoTime::default());
                    return None;
                }
                Step::Done(result) => return Some(result.is_ok()),
                // A program needs nothing else.
                Step::Send(_)
                | Step::Abandon(_)
                | Step::Authenticate(_)
                | Step::Read { .. }
                | Step::Provide { .. } => {
                    return Some(false);
                }
            }
        }
    }

    pub(super) fn supply(&mut self, output: Result<Vec<u8>, SupplyError>) {
        self.program_until = None;
        self.flow.supply(output);
    }

    pub(super) fn next_event(&self) -> Duration {
        self.program_until.unwrap_or(self.wake).min(self.wake)
    }

    pub(super) fn add_to(&self, fingerprint: &mut StateHash) {
        fingerprint.add_debug(&format!("{:?}", self.ticket));
        fingerprint.add_time(self.wake);
        fingerprint.add(self.program_until.is_some());
        if let Some(until) = self.program_until {
            fingerprint.add_time(until);
        }
    }
}
