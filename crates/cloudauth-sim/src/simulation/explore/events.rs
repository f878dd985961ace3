//! Checks of the events of one call, in their order.

use core::time::Duration;

use cloudauth_proto::Effect;

use super::checked_call::{CheckedCall, MAX_CORRECTED_SKEW};
use super::checks::Checks;
use crate::Region;
use crate::simulation::operations::OperationKind;
use crate::simulation::{CallEnd, EventKind, ExchangeEnd, Responder, Rule, Simulation};

/// An exchange in flight.
struct PendingExchange {
    exchange: usize,
    to: Region,
    sent: Duration,
}

/// What a call's events have shown so far.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "five independent facts")]
struct EventsSoFar {
    pending: Vec<PendingExchange>,
    has_sent: bool,
    has_refreshed: bool,
    hedges: usize,
    has_origin_responded: bool,
    was_unknown: bool,
    has_failed_locally: bool,
    /// When the service last refused the timestamp.
    timestamp_refused: Option<Duration>,
}

/// Checks the events of a call.
pub(super) fn check(
    checked: &CheckedCall<'_>,
    call: usize,
    simulation: &Simulation,
    checks: &mut Checks,
) {
    let planned = checked.planned;
    let mut so_far = EventsSoFar::default();
    for event in simulation.trace().of(call) {
        match &event.kind {
            EventKind::RequestSent { exchange, to, .. } => {
                so_far.send(checked, *exchange, *to, event.at, checks);
            }
            EventKind::ExchangeAbandoned { exchange } => {
                so_far.pending.retain(|it| it.exchange != *exchange);
            }
            EventKind::ExchangeEnded { exchange, end } => {
                let mut sent = so_far.pending.iter();
                // Others are exchanges with a credential service.
                if let Some(at) = sent.position(|it| it.exchange == *exchange) {
                    let ended = so_far.pending.remove(at);
                    so_far.end(checked, &ended, end, event.at, checks);
                }
            }
            EventKind::Ended(end) => {
                if *end == CallEnd::Service && so_far.was_unknown {
                    let may_end = so_far.has_origin_responded
                        || planned.pinned.is_some()
                        || planned.kind != OperationKind::LookUp;
                    checks.expect(Rule::OriginDecides, may_end);
                }
                if so_far.has_failed_locally {
                    checks.expect(Rule::LocalFailureEndsCall, *end != CallEnd::Success);
                }
            }
            EventKind::RefreshStarted => so_far.has_refreshed = true,
            EventKind::Started
            | EventKind::CredentialRequestSent { .. }
            | EventKind::RefreshEnded { .. }
            | EventKind::CarriedOut { .. }
            | EventKind::Dropped => {}
        }
    }
}

impl EventsSoFar {
    fn send(
        &mut self,
        checked: &CheckedCall<'_>,
        exchange: usize,
        to: Region,
        at: Duration,
        checks: &mut Checks,
    ) {
        let (planned, record) = (checked.planned, checked.record);
        if let Some(credentials) = checked.credentials
            && checked.knows_expiry(at)
        {
            checks.expect(Rule::NoExpiredCredentials, credentials.can_sign(at));
        }
        if !self.has_sent
            && let Some(longest) = checked.longest_delay(self.has_refreshed, at)
        {
            let delay = at.saturating_sub(record.started);
            checks.expect(Rule::RefreshDelaysOneCall, delay <= longest);
        }
        self.has_sent = true;
        if let Some(pinned) = planned.pinned {
            checks.expect(Rule::StaysPinned, pinned == to);
        }
        if checked.is_recovered() {
            let preferred = checked.scenario.preferred(planned);
            checks.expect(Rule::ReturnsToPreferred, to == preferred);
        }
        if self.has_failed_locally {
            checks.expect(Rule::LocalFailureEndsCall, false);
        }
        if !self.pending.is_empty() {
            self.hedges += 1;
            let may_hedge = planned.hedge_after.is_some()
                && planned.pinned.is_none()
                && planned.kind.effect() == Effect::ReadOnly
                && self.pending.iter().all(|other| other.to != to);
            checks.expect(Rule::HedgesReadsOnly, may_hedge && self.hedges <= 1);
        }
        let sent = at;
        self.pending.push(PendingExchange { exchange, to, sent });
    }

    fn end(
        &mut self,
        checked: &CheckedCall<'_>,
        ended: &PendingExchange,
        end: &ExchangeEnd,
        at: Duration,
        checks: &mut Checks,
    ) {
        match end {
            ExchangeEnd::Response { status, from } => {
                if let Responder::Service(code) = from {
                    let explained = !checked.is_unexplained_refusal(code)
                        || checked.is_expiration_in_transit(code, ended.sent, at);
                    checks.expect(Rule::AcceptedSignatures, explained);
                    if code.starts_with("InvalidTimeStamp") {
                        self.refuse_timestamp(checked, ended.sent, at, checks);
                    }
                }
                self.has_origin_responded |= ended.to == checked.scenario.origin;
                self.was_unknown = *status == 200 && is_unknown(from);
            }
            // The other exchange of a hedge may still have a response.
            ExchangeEnd::LocalFailure => self.has_failed_locally = self.pending.is_empty(),
            ExchangeEnd::NotSent
            | ExchangeEnd::NotConnected
            | ExchangeEnd::CertificateRefused
            | ExchangeEnd::NoResponse
            | ExchangeEnd::TimedOut => {}
        }
    }

    /// Checks that the first refusal of a timestamp taught the client the service's time.
    fn refuse_timestamp(
        &mut self,
        checked: &CheckedCall<'_>,
        sent: Duration,
        at: Duration,
        checks: &mut Checks,
    ) {
        let scenario = checked.scenario;
        let mut differences = scenario.clock_differences();
        let mut steps = scenario.clock_steps.iter();
        if let Some(taught) = self.timestamp_refused.replace(at)
            && taught <= sent
            && differences.all(|seconds| seconds < MAX_CORRECTED_SKEW)
            && !steps.any(|(step, _)| taught <= *step && *step <= sent)
        {
            checks.expect(Rule::CorrectsClock, false);
        }
    }
}

/// Whether a response says that the ID is unknown at an endpoint other than the origin.
fn is_unknown(from: &Responder) -> bool {
    matches!(from, Responder::Fault(name) if name == "gateway")
}
