//! One call of a scenario, and the checks of its times, counts and end.

use core::time::Duration;

use cloudauth_proto::{Effect, Repeat};

use super::checks::Checks;
use super::credential_timeline::CredentialTimeline;
use super::expiring_credentials::SourceKind;
use super::scenario::{LAST_CALL, PlannedCall, RECOVERED, Scenario};
use crate::simulation::operations::OperationKind;
use crate::simulation::{CallEnd, CallRecord, Rule};

/// A client's clock that is wrong by more seconds is not corrected, and its calls are refused.
pub(super) const MAX_CORRECTED_SKEW: u64 = 24 * 60 * 60;

/// The service accepts a client's clock that is wrong by at most this many seconds.
pub(super) const TOLERATED_SKEW: u64 = 15 * 60;

/// A call, with what is known about it.
pub(super) struct CheckedCall<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) planned: &'s PlannedCall,
    pub(super) record: &'s CallRecord,
    /// `None` for an access key, which never expires.
    pub(super) credentials: Option<&'s CredentialTimeline>,
}

impl CheckedCall<'_> {
    /// Checks the call's times, counts and end.
    pub(super) fn check_record(&self, checks: &mut Checks) {
        let (record, planned) = (self.record, self.planned);
        let effect = planned.kind.effect();
        let max_attempts = self.scenario.policy.max_attempts;
        let is_at_most_once = match planned.repeat {
            Repeat::ByEffect => effect == Effect::NotIdempotent,
            Repeat::OnlyIfCertain => {
                matches!(effect, Effect::NotIdempotent | Effect::OpensVerification)
            }
            Repeat::EvenIfUncertain => false,
        };
        let has_ended = record.end.is_some();
        let is_success = record.end == Some(CallEnd::Success);
        let is_certain = !record.may_have_been_carried_out && effect != Effect::ReadOnly;
        let duration = record.duration();
        checks.expect(
            Rule::EndsInTime,
            duration.is_some_and(|duration| duration <= self.longest_duration()),
        );
        checks.expect(Rule::AttemptLimit, record.requests <= max_attempts);
        if record.end == Some(CallEnd::Credentials) {
            let has_valid = self.has_valid_credentials()
                && self.knows_time()
                && self.scenario.clock_steps.is_empty();
            checks.expect(Rule::ValidCredentialsSuffice, !has_valid);
        }
        if has_ended && self.has_time() && self.has_valid_credentials() && self.knows_time() {
            checks.expect(Rule::AtLeastOneAttempt, record.requests > 0);
        }
        if is_at_most_once {
            checks.expect(Rule::AtMostOnce, record.executions <= 1);
        }
        if is_success {
            checks.expect(Rule::RealSuccess, record.executions > 0);
        }
        if has_ended && !is_success && is_certain {
            checks.expect(Rule::CertainErrors, record.executions == 0);
        }
        let sends = |most| is_success && record.requests <= most;
        if self.is_recovered() && self.is_clock_accepted() {
            checks.expect(Rule::ReturnsToPreferred, sends(1));
        }
        if self.is_recovered() && self.is_clock_correctable() {
            let mut calls = self.scenario.calls.iter();
            let was_corrected = planned.at == LAST_CALL && calls.any(|it| it.at == RECOVERED);
            let most = if was_corrected { 1 } else { 2 };
            checks.expect(Rule::CorrectsClock, sends(most));
        }
    }

    pub(super) fn total_timeout(&self) -> Duration {
        let total = self.planned.total_timeout;
        total.unwrap_or(self.scenario.policy.total_timeout)
    }

    /// The longest duration by the simulation's clock, which runs on while the client is suspended. What is
    /// due while its process does not run happens afterwards.
    fn longest_duration(&self) -> Duration {
        let started = self.record.started;
        let ended = self.record.ended.unwrap_or(started);
        let halted = self.scenario.halted(started, ended);
        self.total_timeout() + self.scenario.poll_delay + halted
    }

    /// Whether a code of the service is a refusal that no fault and no wrong clock explains.
    pub(super) fn is_unexplained_refusal(&self, code: &str) -> bool {
        let is_about_clock = code.starts_with("InvalidTimeStamp");
        !(code == "200" || is_about_clock && !self.is_clock_accepted())
    }

    /// Whether a code means that the credentials expired while the request was in transit.
    pub(super) fn is_expiration_in_transit(
        &self,
        code: &str,
        sent: Duration,
        ended: Duration,
    ) -> bool {
        code == "InvalidSecurityToken.Expired"
            && self
                .credentials
                .is_some_and(|it| it.may_have_expired(sent, ended))
    }

    /// Whether the client can know at `at` when its credentials expire. It cannot if its machine was
    /// suspended and its wall clock was set. There are credentials from a metadata service that are used
    /// for longer: those that cannot be replaced, since a refresh has failed.
    pub(super) fn knows_expiry(&self, at: Duration) -> bool {
        let scenario = self.scenario;
        let has_suspend = scenario.halts.iter().any(|halt| halt.is_suspend);
        let is_metadata = |source| source == SourceKind::Metadata;
        let source = scenario.credentials.as_ref().map(|it| it.source);
        let may_be_used_longer = source.is_some_and(is_metadata)
            && self
                .credentials
                .is_some_and(|it| it.has_failed_since_expiry(at));
        let is_known = self.knows_time() && (!has_suspend || scenario.clock_steps.is_empty());
        is_known && !may_be_used_longer
    }

    /// Whether the client knows the time of the service that issues its credentials. What an issuer without a
    /// date issues looks expired to a client whose clock is ahead, until the client has learnt the skew.
    fn knows_time(&self) -> bool {
        let credentials = self.scenario.credentials.as_ref();
        credentials.is_none_or(|it| it.has_date)
            || self
                .scenario
                .clock_differences()
                .all(|seconds| seconds == 0)
    }

    /// Whether valid credentials were cached for the whole duration of the call.
    fn has_valid_credentials(&self) -> bool {
        let ended = self.record.ended.unwrap_or_default();
        self.credentials
            .is_none_or(|it| it.are_valid(self.record.started, ended))
    }

    /// The longest time until the first request, sent at `at`, if valid credentials were cached. A call
    /// that refreshes the credentials itself may be late by a quarter of its time.
    pub(super) fn longest_delay(&self, has_refreshed: bool, at: Duration) -> Option<Duration> {
        let (scenario, started) = (self.scenario, self.record.started);
        let allowed = if has_refreshed {
            self.total_timeout() / 4 + 2 * scenario.poll_delay
        } else {
            Duration::ZERO
        };
        let is_delayed_by_refresh_only = self.credentials?.are_valid(started, at)
            && self.knows_time()
            && scenario.rate_limit.is_none()
            && scenario.clock_steps.is_empty()
            && !scenario.is_halted(started, at);
        is_delayed_by_refresh_only.then_some(allowed)
    }

    /// Whether the call starts after all impairments, and no rate limit delays it.
    pub(super) fn is_recovered(&self) -> bool {
        self.planned.at >= RECOVERED && self.scenario.rate_limit.is_none()
    }

    fn is_clock_accepted(&self) -> bool {
        let mut differences = self.scenario.clock_differences();
        differences.all(|seconds| seconds <= TOLERATED_SKEW)
    }

    fn is_clock_correctable(&self) -> bool {
        let mut differences = self.scenario.clock_differences();
        !self.is_clock_accepted()
            && differences.all(|seconds| seconds < MAX_CORRECTED_SKEW)
            && self.scenario.policy.max_attempts >= 2
    }

    fn has_time(&self) -> bool {
        let ended = self.record.ended.unwrap_or_default();
        let is_unlimited =
            self.planned.kind != OperationKind::Read || self.scenario.rate_limit.is_none();
        is_unlimited
            && !self.total_timeout().is_zero()
            && self.scenario.clock_steps.is_empty()
            && !self.scenario.is_halted(self.record.started, ended)
    }
}
