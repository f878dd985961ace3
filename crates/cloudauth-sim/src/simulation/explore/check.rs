//! Checks of the rules that depend on the scenario. The simulation itself checks the contract of
//! flows.

use core::time::Duration;

use cloudauth_proto::{Effect, Policy, Repeat};

use super::credential_timeline::CredentialTimeline;
use super::scenario::{LAST_CALL, PlannedCall, RECOVERED, Scenario};
use crate::simulation::operations::OperationKind;
use crate::simulation::{
    CallEnd, CallRecord, EventKind, ExchangeEnd, Impairment, Link, Responder, Rule, Simulation,
    Violation,
};
use crate::{Fault, Region};

/// A client's clock that is wrong by more seconds is not corrected, and its calls are refused.
const MAX_CORRECTED_SKEW: u64 = 24 * 60 * 60;

/// The service accepts a client's clock that is wrong by at most this many seconds.
const TOLERATED_SKEW: u64 = 15 * 60;

/// The first violation.
pub(super) fn check(scenario: &Scenario, simulation: &Simulation) -> Option<Violation> {
    if let Some(violation) = simulation.violations().first() {
        return Some(*violation);
    }
    if simulation.max_concurrent_refreshes() > 1 {
        let (at, call) = (Duration::ZERO, 0);
        let rule = Rule::OneRefresh;
        return Some(Violation { at, call, rule });
    }
    let lifetime = scenario.credentials.as_ref().map(|it| it.lifetime);
    let credentials =
        lifetime.map(|seconds| CredentialTimeline::of(simulation, Duration::from_secs(seconds)));
    let records = simulation.records().zip(&scenario.calls).enumerate();
    for (call, (record, planned)) in records {
        let checked = CheckedCall {
            scenario,
            planned,
            record,
            credentials: credentials.as_ref(),
        };
        let violated = checked
            .check_record()
            .or_else(|| checked.check_events(call, simulation));
        if let Some(rule) = violated {
            let at = record.ended.unwrap_or_default();
            return Some(Violation { at, call, rule });
        }
    }
    None
}

struct CheckedCall<'s> {
    scenario: &'s Scenario,
    planned: &'s PlannedCall,
    record: &'s CallRecord,
    /// `None` for an access key, which never expires.
    credentials: Option<&'s CredentialTimeline>,
}

impl CheckedCall<'_> {
    /// Checks the call's times, counts and end.
    fn check_record(&self) -> Option<Rule> {
        let (record, planned) = (self.record, self.planned);
        let effect = planned.kind.effect();
        let Policy { max_attempts, .. } = self.scenario.policy;
        let at_most_once = match planned.repeat {
            Repeat::ByEffect => effect == Effect::NotIdempotent,
            Repeat::OnlyIfCertain => {
                matches!(effect, Effect::NotIdempotent | Effect::OpensVerification)
            }
            Repeat::EvenIfUncertain => false,
        };
        let has_ended = record.end.is_some();
        let is_success = record.end == Some(CallEnd::Success);
        let is_certain = !record.may_have_been_carried_out && effect != Effect::ReadOnly;
        let rules = [
            (
                record
                    .duration()
                    .is_none_or(|duration| duration > self.total_timeout()),
                Rule::EndsInTime,
            ),
            (
                record.end == Some(CallEnd::Credentials) && self.has_valid_credentials(),
                Rule::ValidCredentialsSuffice,
            ),
            (record.requests > max_attempts, Rule::AttemptLimit),
            (
                has_ended
                    && record.requests == 0
                    && self.has_time()
                    && self.has_valid_credentials(),
                Rule::AtLeastOneAttempt,
            ),
            (at_most_once && record.executions > 1, Rule::AtMostOnce),
            (is_success && record.executions == 0, Rule::RealSuccess),
            (
                has_ended && !is_success && is_certain && record.executions > 0,
                Rule::CertainErrors,
            ),
            (!is_success && self.cannot_fail(), Rule::OneRegionSuffices),
            (
                self.is_recovered()
                    && self.is_clock_accepted()
                    && !(is_success && record.requests == 1),
                Rule::ReturnsToPreferred,
            ),
            (
                self.is_recovered()
                    && self.is_clock_correctable()
                    && !(is_success && record.requests <= 2),
                Rule::CorrectsClock,
            ),
            (
                planned.at == LAST_CALL && self.is_clock_correctable() && record.requests != 1,
                Rule::CorrectsClock,
            ),
        ];
        rules
            .into_iter()
            .find_map(|(is_violated, rule)| is_violated.then_some(rule))
    }

    /// Checks the call's events in order.
    fn check_events(&self, call: usize, simulation: &Simulation) -> Option<Rule> {
        let (scenario, planned) = (self.scenario, self.planned);
        let mut pending: Vec<(usize, Region, Duration)> = Vec::new();
        let mut is_first = true;
        let mut has_refreshed = false;
        let mut hedges = 0;
        let mut has_origin_responded = false;
        let mut was_unknown = false;
        for event in simulation.trace().of(call) {
            match &event.kind {
                EventKind::RequestSent { exchange, to, .. } => {
                    if self.credentials.is_some_and(|it| !it.can_sign(event.at)) {
                        return Some(Rule::NoExpiredCredentials);
                    }
                    if is_first && self.is_delayed(has_refreshed, event.at) {
                        return Some(Rule::RefreshDelaysOneCall);
                    }
                    is_first = false;
                    if planned.pinned.is_some_and(|pinned| pinned != *to) {
                        return Some(Rule::StaysPinned);
                    }
                    if self.is_recovered() && *to != Region::Shanghai {
                        return Some(Rule::ReturnsToPreferred);
                    }
                    hedges += usize::from(!pending.is_empty());
                    let may_hedge = planned.hedge_after.is_some()
                        && planned.pinned.is_none()
                        && planned.kind.effect() == Effect::ReadOnly
                        && pending.iter().all(|(_, other, _)| other != to);
                    if hedges > 1 || !pending.is_empty() && !may_hedge {
                        return Some(Rule::HedgesReadsOnly);
                    }
                    pending.push((*exchange, *to, event.at));
                }
                EventKind::ExchangeAbandoned { exchange } => {
                    pending.retain(|(other, ..)| other != exchange);
                }
                EventKind::ExchangeEnded { exchange, end } => {
                    let mut sent = pending.iter();
                    let Some((_, to, sent)) = sent.find(|(other, ..)| other == exchange) else {
                        continue; // An exchange with a credential service.
                    };
                    let is_origin = *to == scenario.origin;
                    if let ExchangeEnd::Response { status, from } = end {
                        if let Responder::Service(code) = from
                            && self.is_unexplained_refusal(code)
                            && !self.is_expiration_in_transit(code, *sent, event.at)
                        {
                            return Some(Rule::AcceptedSignatures);
                        }
                        has_origin_responded |= is_origin;
                        was_unknown = *status == 200 && is_custom_fault(from);
                    }
                    pending.retain(|(other, ..)| other != exchange);
                }
                EventKind::Ended(CallEnd::Service) => {
                    let may_end = has_origin_responded
                        || planned.pinned.is_some()
                        || planned.kind != OperationKind::LookUp;
                    if was_unknown && !may_end {
                        return Some(Rule::OriginDecides);
                    }
                }
                EventKind::RefreshStarted => has_refreshed = true,
                EventKind::Started
                | EventKind::CredentialRequestSent { .. }
                | EventKind::RefreshEnded { .. }
                | EventKind::CarriedOut { .. }
                | EventKind::Ended(_)
                | EventKind::Dropped => {}
            }
        }
        None
    }

    fn total_timeout(&self) -> Duration {
        let total = self.planned.total_timeout;
        total.unwrap_or(self.scenario.policy.total_timeout)
    }

    /// Whether a code of the service is a refusal that no fault and no wrong clock explains.
    fn is_unexplained_refusal(&self, code: &str) -> bool {
        let is_about_clock = code.starts_with("InvalidTimeStamp");
        let is_clock_wrong = self.scenario.clock_ahead.unsigned_abs() > TOLERATED_SKEW;
        !(code == "200" || is_about_clock && is_clock_wrong)
    }

    /// Whether a code means that the credentials expired while the request was in transit.
    fn is_expiration_in_transit(&self, code: &str, sent: Duration, ended: Duration) -> bool {
        code == "InvalidSecurityToken.Expired"
            && self
                .credentials
                .is_some_and(|it| it.may_have_expired(sent, ended))
    }

    /// Whether valid credentials were cached for the whole duration of the call.
    fn has_valid_credentials(&self) -> bool {
        let ended = self.record.ended.unwrap_or_default();
        self.credentials
            .is_none_or(|it| it.are_valid(self.record.started, ended))
    }

    /// Whether the first request, sent at `at`, was late although valid credentials were cached. A
    /// call that refreshes the credentials itself may be late by a quarter of its time.
    fn is_delayed(&self, has_refreshed: bool, at: Duration) -> bool {
        let allowed = if has_refreshed {
            self.total_timeout() / 4
        } else {
            Duration::ZERO
        };
        let started = self.record.started;
        self.credentials.is_some_and(|it| it.are_valid(started, at))
            && self.scenario.rate_limit.is_none()
            && at.saturating_sub(started) > allowed
    }

    /// Whether the call starts after all impairments, and no rate limit delays it.
    fn is_recovered(&self) -> bool {
        self.planned.at >= RECOVERED && self.scenario.rate_limit.is_none()
    }

    fn is_clock_accepted(&self) -> bool {
        self.scenario.clock_ahead.unsigned_abs() <= TOLERATED_SKEW
    }

    fn is_clock_correctable(&self) -> bool {
        !self.is_clock_accepted()
            && self.scenario.clock_ahead.unsigned_abs() < MAX_CORRECTED_SKEW
            && self.scenario.policy.max_attempts >= 2
    }

    fn has_time(&self) -> bool {
        !self.total_timeout().is_zero() && self.scenario.rate_limit.is_none()
    }

    /// Whether the call is a read with enough time and attempts, while one region is unimpaired and
    /// the other fails only in ways that count as failures of the endpoint. A hedge that loses
    /// counts as a failure too, so no call may be hedged.
    fn cannot_fail(&self) -> bool {
        let Scenario {
            policy,
            link_changes,
            calls,
            origin,
            ..
        } = self.scenario;
        let PlannedCall {
            kind,
            pinned,
            dropped,
            ..
        } = self.planned;
        let is_unimpaired = |region| {
            let mut changes = link_changes.iter().filter(|it| it.region == region);
            changes.all(|change| change.link == Link::unimpaired())
        };
        let fails_as_endpoint = |region| {
            let changes = link_changes.iter().filter(|it| it.region == region);
            let mut impairments = changes.flat_map(|change| change.link.impairments());
            impairments.all(is_endpoint_failure)
        };
        let is_enough = |region: Region, other: Region| {
            is_unimpaired(region)
                && fails_as_endpoint(other)
                && pinned.is_none_or(|pinned| pinned == region)
                && (*kind != OperationKind::LookUp || *origin == region)
        };
        let needed = policy.connect_timeout + policy.read_timeout + Duration::from_secs(1);
        let credentials = self.scenario.credentials.as_ref();
        // Credentials that expire in transit cost one more attempt.
        let attempts = if credentials.is_some() { 3 } else { 2 };
        let is_read = matches!(
            kind,
            OperationKind::Read | OperationKind::LookUp | OperationKind::Update
        );
        is_read
            && dropped.is_none()
            && self.is_clock_accepted()
            && self.scenario.rate_limit.is_none()
            && policy.max_attempts >= attempts
            && credentials.is_none_or(|it| it.link_changes.is_empty())
            && self.total_timeout() >= needed
            && calls.iter().all(|call| call.hedge_after.is_none())
            && (is_enough(Region::Shanghai, Region::Beijing)
                || is_enough(Region::Beijing, Region::Shanghai))
    }
}

/// Whether a response is that of [`Fault::Custom`].
fn is_custom_fault(from: &Responder) -> bool {
    let custom = Fault::Custom {
        status: 200,
        body: Vec::new(),
    };
    matches!(from, Responder::Fault(name) if name == custom.name())
}

/// Whether the retry policy counts an impairment as a failure of the endpoint.
fn is_endpoint_failure(impairment: &Impairment) -> bool {
    match impairment {
        Impairment::BlackHole | Impairment::Cut | Impairment::Lost => true,
        Impairment::Fault(fault) => match fault {
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
