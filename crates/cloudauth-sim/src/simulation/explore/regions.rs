//! Whether one region suffices for a call.

use core::time::Duration;

use super::checked_call::TOLERATED_SKEW;
use super::scenario::{PlannedCall, Scenario};
use crate::simulation::operations::OperationKind;
use crate::simulation::{CallRecord, Impairment, Link};
use crate::{Fault, Region};

/// The longest round trip of an unimpaired link.
const ROUND_TRIP: Duration = Duration::from_millis(60);

/// Whether a region is unimpaired during a read, the other one fails in ways that lead elsewhere, and the
/// read has time and attempts for one at each. The retry budget is not considered.
pub(super) fn suffice(scenario: &Scenario, planned: &PlannedCall, record: &CallRecord) -> bool {
    let Some(ended) = record.ended else {
        return false;
    };
    let policy = scenario.policy;
    let is_read = matches!(
        planned.kind,
        OperationKind::Read | OperationKind::LookUp | OperationKind::Update
    );
    let is_limited = planned.kind == OperationKind::Read && scenario.rate_limit.is_some();
    let credentials = scenario.credentials.as_ref();
    // Credentials that expire in transit cost one more attempt.
    let attempts = if credentials.is_some() { 3 } else { 2 };
    // Half of the time is left for a second attempt.
    let mut needed = 3 * ROUND_TRIP + 4 * scenario.poll_delay;
    if credentials.is_some() {
        needed += Duration::from_secs(2);
    }
    let total = planned.total_timeout.unwrap_or(policy.total_timeout);
    let lasting = |region| links(scenario, region, record.started, ended);
    let is_enough = |region: Region, other: Region| {
        let is_used = match planned.pinned {
            Some(pinned) => pinned == region,
            None => {
                scenario.listed.contains(&region)
                    || planned.kind == OperationKind::LookUp && scenario.origin == region
            }
        };
        let others = lasting(other);
        let impairments: Vec<_> = others.iter().flat_map(|link| link.impairments()).collect();
        let backoff = if impairments.iter().any(|it| is_throttled(it)) {
            policy.base_backoff
        } else {
            Duration::ZERO
        };
        is_used
            && lasting(region)
                .iter()
                .all(|link| **link == Link::unimpaired())
            && impairments.into_iter().all(leads_elsewhere)
            && total >= needed + backoff * 2
            && (planned.kind != OperationKind::LookUp || scenario.origin == region)
    };
    is_read
        && planned.dropped.is_none()
        && !is_limited
        && scenario
            .clock_differences()
            .all(|seconds| seconds <= TOLERATED_SKEW)
        && !scenario.is_halted(record.started, ended)
        && policy.max_attempts >= attempts
        && credentials
            .is_none_or(|it| it.link_changes.is_empty() && scenario.clock_steps.is_empty())
        && (is_enough(Region::Shanghai, Region::Beijing)
            || is_enough(Region::Beijing, Region::Shanghai))
}

/// The links to a region between two times, the default one not included.
fn links(scenario: &Scenario, region: Region, from: Duration, to: Duration) -> Vec<&Link> {
    let mut changes: Vec<_> = scenario.link_changes.iter().collect();
    changes.retain(|change| change.region == region && change.at <= to);
    changes.sort_by_key(|change| change.at);
    let earlier = changes.iter().filter(|change| change.at <= from).count();
    let changes = changes.into_iter().skip(earlier.saturating_sub(1));
    changes.map(|change| &change.link).collect()
}

fn is_throttled(impairment: &Impairment) -> bool {
    let Impairment::Fault(fault) = impairment else {
        return false;
    };
    matches!(
        fault,
        Fault::Throttle | Fault::Status(429) | Fault::Custom { .. }
    )
}

/// Whether a read goes on at another endpoint after an exchange with this impairment.
fn leads_elsewhere(impairment: &Impairment) -> bool {
    match impairment {
        Impairment::BlackHole
        | Impairment::Cut
        | Impairment::Lost
        | Impairment::CertificateRefused => true,
        Impairment::LocalFailure => false,
        Impairment::Fault(fault) => match fault {
            Fault::Refuse
            | Fault::Reset
            | Fault::Hang
            | Fault::Trickle
            | Fault::BadTls
            | Fault::Truncate
            | Fault::Garbage
            | Fault::Empty
            | Fault::WrongType
            | Fault::Throttle
            | Fault::Close
            | Fault::Code500 => true,
            Fault::Status(status) => *status >= 500 || *status == 429,
            Fault::Gateway { status, code } => *status >= 500 || code == "ServiceUnavailable",
            // A refusal of the service is final, its other custom responses are not its own.
            Fault::Custom { body, .. } => !body.starts_with(br#"{"Code":"401""#),
            Fault::Oversize(_) | Fault::Skew(_) => false,
        },
    }
}
