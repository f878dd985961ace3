//! Checks of the rules that depend on the scenario. The simulation itself checks the contract of
//! flows.

use core::time::Duration;

use super::budget::BudgetTimeline;
use super::checked_call::{CheckedCall, TOLERATED_SKEW};
use super::checks::Checks;
use super::credential_timeline::CredentialTimeline;
use super::expiring_credentials::ExpiringCredentials;
use super::scenario::Scenario;
use super::{diversion, events, rate, regions};
use crate::simulation::{CallEnd, EventKind, Rule, Simulation};

/// A driver that is halted for longer may lose its refresh to another call.
const REPORT_GRACE: Duration = Duration::from_secs(1);

/// The rules that the simulation checks in every scenario.
const CONTRACT: [Rule; 4] = [
    Rule::WaitsForFuture,
    Rule::PollIsRepeatable,
    Rule::BoundedSteps,
    Rule::NoPendingExchanges,
];

/// Checks all rules.
pub(super) fn check(scenario: &Scenario, simulation: &Simulation) -> Checks {
    let mut checks = Checks::new();
    let violation = simulation.violations().first();
    for rule in CONTRACT {
        checks.expect(
            rule,
            violation.is_none_or(|violation| violation.rule != rule),
        );
    }
    let lifetime = scenario.credentials.as_ref().map(|it| it.lifetime);
    let credentials =
        lifetime.map(|seconds| CredentialTimeline::of(simulation, Duration::from_secs(seconds)));
    let mut stalls = scenario.halts.iter().filter(|halt| !halt.is_suspend);
    if credentials.is_some() && stalls.all(|stall| stall.length < REPORT_GRACE) {
        let holds = simulation.max_concurrent_refreshes() <= 1;
        checks.expect(Rule::OneRefresh, holds);
    }
    if scenario.refreshes_beside {
        check_refreshes(scenario, simulation, &mut checks);
    }
    let budget = BudgetTimeline::of(scenario, simulation);
    let records = simulation.records().zip(&scenario.calls).enumerate();
    for (call, (record, planned)) in records {
        let checked = CheckedCall {
            scenario,
            planned,
            record,
            credentials: credentials.as_ref(),
        };
        checked.check_record(&mut checks);
        let is_read = regions::suffice(scenario, planned, record);
        if is_read && budget.suffices(call, simulation) {
            let is_success = record.end == Some(CallEnd::Success);
            checks.expect(Rule::OneRegionSuffices, is_success);
        }
        events::check(&checked, call, simulation, &mut checks);
    }
    diversion::check(scenario, simulation, &mut checks);
    rate::check(scenario, simulation, &mut checks);
    checks
}

/// Checks the refreshes beside the calls, if nothing but a short deadline could make them fail.
fn check_refreshes(scenario: &Scenario, simulation: &Simulation, checks: &mut Checks) {
    let is_impaired = |it: &ExpiringCredentials| !it.link_changes.is_empty();
    let may_fail = scenario.credentials.as_ref().is_none_or(is_impaired)
        || !scenario.halts.is_empty()
        || scenario
            .clock_differences()
            .any(|seconds| seconds > TOLERATED_SKEW);
    if may_fail {
        return;
    }
    for event in simulation.trace().events() {
        if let EventKind::RefreshEnded { succeeded } = event.kind {
            checks.expect(Rule::RefreshOutlivesCall, succeeded);
        }
    }
}
