//! The state shared by all calls of a client.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{
    CredentialCache, CredentialsError, Lifetime, Lookup, METADATA, RefreshId, RefreshTicket,
    ResolvedCredentials, SkippedSource, Source, SourceError,
};
use crate::endpoint::{Endpoint, Endpoints};
use crate::entropy::Entropy;
use crate::event::{CallOutcome, Event, EventLog};
use crate::exchange::ExchangeId;
use crate::policy::Policy;
use crate::policy::accounts::Accounts;
use crate::policy::billed_limit::BilledLimit;
use crate::policy::circuit_breaker::HealthEvidence;
use crate::policy::clock_skew::ClockSkew;
use crate::policy::endpoint_health::EndpointHealth;
use crate::policy::rate_limit::Admission;
use crate::sign::Scheme;
use crate::trace::{
    Ended, Recorder, SourceKind, Start, TraceHook, TracedInput, TracedRefresh, TracedStep, Tracer,
};

/// The state shared by all calls of a client: circuit breakers, retry budget, rate limits, clock skew,
/// credentials and the source of nonces.
///
/// It is plain data, lent to each [`poll`](crate::Flow::poll). A driver that serves several threads
/// puts it behind a lock of its own; a poll holds that lock for microseconds. A session is not `Clone`:
/// two copies would use the same nonces.
#[derive(Debug)]
pub struct Session {
    endpoint_health: EndpointHealth,
    scheme: Scheme,
    credential_cache: CredentialCache,
    policy: Policy,
    accounts: Accounts,
    billed_limit: Option<BilledLimit>,
    clock_skew: ClockSkew,
    entropy: Entropy,
    exchanges: u64,
    events: EventLog,
    reports_billed: bool,
    trace: TraceHook,
}

impl Session {
    /// A session with these credentials, or with a [`Source`] that is consulted when the first call
    /// needs credentials; with the default endpoints, scheme and policy.
    ///
    /// `seed` must be random and new for every session: all nonces derive from it. A forked process
    /// must create its own session, or it draws the nonces of its parent.
    #[must_use]
    pub fn new(credentials: impl Into<Source>, seed: [u8; 32]) -> Self {
        Self {
            endpoint_health: EndpointHealth::new(Endpoints::default()),
            scheme: Scheme::default(),
            credential_cache: CredentialCache::new(credentials.into()),
            policy: Policy::default(),
            accounts: Accounts::default(),
            billed_limit: None,
            clock_skew: ClockSkew::default(),
            entropy: Entropy::from_seed(seed),
            exchanges: 0,
            events: EventLog::default(),
            reports_billed: false,
            trace: TraceHook::default(),
        }
    }

    /// Uses these endpoints, in order of preference. Default: Shanghai, then Beijing.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoint_health = EndpointHealth::new(endpoints);
        self
    }

    /// Signs with this scheme. Default: ACS3-HMAC-SHA256.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Applies this policy. Default: [`Policy::default`].
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sends the operation `action` at most `per_second` times per second; calls beyond that wait.
    ///
    /// After a quiet second, `per_second` of them may be sent at once. The service limits each operation
    /// per account (documented), and so does this. Default: no limit here. A name that no operation has limits nothing.
    #[must_use]
    pub fn rate_limit(self, action: &'static str, per_second: u32) -> Self {
        self.limit_rate(Cow::Borrowed(action), per_second)
    }

    pub(crate) fn limit_rate(mut self, action: Cow<'static, str>, per_second: u32) -> Self {
        self.accounts.limit(action, per_second);
        self
    }

    /// Sends at most `max` calls that are or may be billed within any span `per`; a call beyond that ends with
    /// [`Error::BilledLimit`](crate::Error::BilledLimit), and nothing of it is sent. Default: no limit. The
    /// service has no hard spending cap (documented).
    ///
    /// * Every operation counts whose [charge](crate::operation::OperationMetadata::charge) is not free: paid
    ///   ones, and those of which it is not known. Operations of other versions of the API do not.
    /// * A call counts when it is sent, whatever comes of it: refused calls, and verifications that nobody
    ///   finishes, count as well, so at most `max` calls are billed.
    /// * Attempts that repeat a call which was certainly not carried out do not count again. An attempt after
    ///   one that may have been carried out does, since both may be billed; if the limit does not allow it, the
    ///   call ends as if there were no more attempts.
    /// * The limit is for all accounts of the session together. It is kept in memory, and begins anew with the
    ///   session: several processes have one limit each.
    ///
    /// A `max` of zero allows no such call at all.
    #[must_use]
    pub fn max_billed(mut self, max: u32, per: Duration) -> Self {
        self.billed_limit = Some(BilledLimit::new(max, per));
        self
    }

    /// Replaces the credentials or their [`Source`], and keeps everything else: circuit breakers, retry
    /// budget, rate limits, clock skew.
    ///
    /// Requests that are sent from now on are signed with the new ones, those of calls in progress too. What
    /// a refresh in progress finds is not used. The driver then polls the calls that wait.
    pub fn set_credentials(&mut self, credentials: impl Into<Source>) {
        let source = credentials.into();
        let kind = SourceKind::of(&source);
        self.credential_cache.replace(source);
        self.trace(|| (TracedInput::SetCredentials(kind), None));
    }

    /// Ends a refresh that the driver does not run, because it works only with keys that it is given. The call
    /// that got the ticket and all that need credentials fail, with
    /// [`SourceError::Unsupported`](crate::credentials::SourceError::Unsupported).
    ///
    /// Such a driver does not name [`Refresh`](crate::driver::Refresh), which is then not linked.
    pub fn decline_refresh(&mut self, ticket: &RefreshTicket, now: Now) {
        let source = SkippedSource::new(ticket.source.name(), SourceError::Unsupported);
        let error = CredentialsError::Failed {
            source: Box::new(source),
            skipped: Vec::new(),
        };
        self.fail_refresh(ticket.id, error, false, now);
    }

    /// Releases a refresh that was dropped before its end, so that another call can begin one at once.
    ///
    /// The driver then polls the calls that wait. Without this they would wait until the dropped refresh
    /// is overdue. For a refresh that has ended, this does nothing.
    pub fn release_refresh(&mut self, refresh: RefreshId) {
        self.credential_cache.release(refresh);
        self.trace(|| {
            let refresh = refresh.0;
            (TracedInput::ReleaseRefresh { refresh }, None)
        });
    }

    /// Releases an exchange that was dropped with its flow, before its end was reported.
    ///
    /// If it probed an endpoint that had failed, another exchange can probe it at once. Without this
    /// that would have to wait until the dropped exchange is overdue. For an exchange that has ended, this
    /// does nothing.
    pub fn release_exchange(&mut self, exchange: ExchangeId, now: Now) {
        self.endpoint_health
            .release_exchange(exchange, now.mono, &mut self.events);
        self.trace(|| {
            let (exchange, at) = (exchange.0, now.into());
            (TracedInput::ReleaseExchange { exchange, at }, None)
        });
    }

    /// Writes a recording of everything that is done with this session, which
    /// [`Trace::replay`](crate::trace::Trace::replay) repeats. `write` is called with one line at a time, which
    /// ends with a newline. The last line is written when the session is dropped.
    ///
    /// Call it last, on a new session: the first line holds the configuration. [`trace`](crate::trace) tells
    /// what the lines hold, and what they do not.
    #[must_use]
    pub fn record_trace(mut self, write: impl FnMut(&str) + Send + Sync + 'static) -> Self {
        const { assert!(cfg!(feature = "trace"), "needs the feature `trace`") }
        let start = Start::new(
            self.scheme,
            self.endpoint_health.listed(),
            &self.policy,
            self.accounts.rates(),
            self.billed_limit.as_ref().map(BilledLimit::terms),
            SourceKind::of(self.credential_cache.source()),
        );
        self.trace = TraceHook::new(Recorder::new(&start, Box::new(write)));
        self
    }

    /// Tells another tracer of everything that is done with this session.
    pub(crate) fn traced_by(mut self, tracer: impl Tracer + 'static) -> Self {
        self.trace = TraceHook::new(tracer);
        self
    }

    /// The tracer, if there is one.
    pub(crate) fn tracer(&mut self) -> Option<&mut dyn Tracer> {
        self.trace.get()
    }

    /// Completes a line of the trace, which is made only if there is a tracer.
    pub(crate) fn trace(&mut self, line: impl FnOnce() -> (TracedInput, Option<TracedStep>)) {
        if let Some(tracer) = self.trace.get() {
            let (input, step) = line();
            tracer.line(input, step, &mut self.endpoint_health.states());
        }
    }

    /// Notes an attempt that ended in the trace, if there is one.
    pub(crate) fn trace_end(&mut self, ended: impl FnOnce() -> Ended) {
        if let Some(tracer) = self.trace.get() {
            tracer.ended(ended());
        }
    }

    /// A random span as it was drawn, or as a replay wants it.
    pub(crate) fn drawn(&mut self, drawn: Duration) -> Duration {
        self.trace.get().map_or(drawn, |tracer| tracer.drawn(drawn))
    }

    /// Records events from now on, or no more. By default none are recorded.
    pub fn observe(&mut self, is_observed: bool) {
        self.events.set(is_observed);
    }

    /// Lets the event of the end of a call tell whether it is billed. That takes another look at the reply, so
    /// it is left out by default.
    #[must_use]
    pub fn report_billed(mut self) -> Self {
        self.reports_billed = true;
        self
    }

    /// Takes the events that were recorded since they were taken last.
    ///
    /// A driver takes them after each poll and each report, before it unlocks the session: they are then
    /// those of that flow.
    #[must_use]
    pub fn take_events(&mut self) -> Vec<Event> {
        self.events.take()
    }

    /// Whether the ends of calls tell what is billed.
    pub(crate) fn reports_billed(&self) -> bool {
        self.reports_billed
    }

    /// Records an event, which is made only if the driver wants events.
    pub(crate) fn record(&mut self, event: impl FnOnce() -> Event) {
        self.events.record(event);
    }

    /// A stream of random bytes derived from the session's seed, for values that go into operations.
    #[must_use]
    pub fn entropy(&mut self) -> Entropy {
        self.entropy.fork()
    }

    pub(crate) fn limits(&self) -> &Policy {
        &self.policy
    }

    /// The scheme that calls are signed with.
    pub(crate) fn signs_with(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn credential_cache(&self) -> &CredentialCache {
        &self.credential_cache
    }

    pub(crate) fn credential_cache_mut(&mut self) -> &mut CredentialCache {
        &mut self.credential_cache
    }

    /// Records a failed refresh.
    pub(crate) fn fail_refresh(
        &mut self,
        id: RefreshId,
        error: CredentialsError,
        was_cut_short: bool,
        now: Now,
    ) {
        self.events.record(|| Event::Refreshed {
            error: Some(error.clone()),
        });
        let (is_transient, is_unreachable) = (error.is_transient(), error.is_unreachable());
        let (entropy, trace) = (&mut self.entropy, &mut self.trace);
        let jitter = |longest| {
            let drawn = entropy.jitter(longest);
            trace.get().map_or(drawn, |tracer| tracer.drawn(drawn))
        };
        self.credential_cache
            .fail(id, error, was_cut_short, now, jitter);
        self.trace(|| {
            let failed = TracedInput::FailRefresh {
                refresh: id.0,
                at: now.into(),
                was_cut_short,
                is_transient,
                is_unreachable,
            };
            (failed, None)
        });
    }

    /// Stores the credentials that a refresh has fetched. Returns whether they are stored, which those that
    /// had expired on arrival may not be. `pinned` is the source to use from now on.
    pub(crate) fn end_refresh(
        &mut self,
        id: RefreshId,
        lifetime: Lifetime,
        found: ResolvedCredentials,
        pinned: Option<Source>,
        now: Now,
    ) -> bool {
        let is_traced = self.trace.get().is_some();
        let traced = is_traced.then(|| TracedRefresh {
            refresh: id.0,
            at: now.into(),
            lifetime: lifetime.expires_after.map(Into::into),
            fresh_for: lifetime.fresh_for.map(Into::into),
            is_on_trial: lifetime.is_on_trial,
            is_metadata: found.credentials.provider() == METADATA,
            is_refused: self.credential_cache.is_refused(&found.credentials),
            pinned: pinned.as_ref().map(SourceKind::of),
        });
        let cache = &mut self.credential_cache;
        let is_stored = cache.end_refresh(id, lifetime, found, pinned, now);
        if let Some(traced) = traced {
            self.trace(|| (TracedInput::EndRefresh(Box::new(traced)), None));
        }
        is_stored
    }

    /// Extends the reservation of a refresh that is in progress.
    pub(crate) fn extend_refresh(&mut self, id: RefreshId, until: MonoTime, now: MonoTime) {
        self.credential_cache.extend(id, until, now);
        self.trace(|| {
            let extended = TracedInput::ExtendRefresh {
                refresh: id.0,
                at: now.into(),
                until: until.into(),
            };
            (extended, None)
        });
    }

    /// Looks up the credentials for no call, and reserves the refresh if one is due.
    pub(crate) fn look_up(&mut self, now: Now, deadline: MonoTime) -> Lookup {
        let lookup = self.credential_cache.look_up(now, deadline);
        self.trace(|| {
            let step = match &lookup {
                Lookup::Hit(_) => None,
                Lookup::Refresh(ticket) => Some(TracedStep::authenticate(ticket)),
                Lookup::Wait(until) => Some(TracedStep::Wait((*until).into())),
                Lookup::Failed { .. } => Some(TracedStep::Done(CallOutcome::NoCredentials)),
            };
            let (at, deadline) = (now.into(), deadline.into());
            (TracedInput::LookUp { at, deadline }, step)
        });
        lookup
    }

    /// The ID of the next exchange; no two exchanges of a session have the same.
    pub(crate) fn next_exchange(&mut self) -> ExchangeId {
        self.exchanges += 1;
        ExchangeId(self.exchanges)
    }

    /// Records that a call of an account begins, and returns a random stream of its own for it.
    pub(crate) fn begin(&mut self, account: Option<&str>, now: MonoTime) -> Entropy {
        self.accounts.of(account, now).budget.deposit(now);
        self.entropy.fork()
    }

    /// A random span up to `longest`.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        self.entropy.jitter(longest)
    }

    /// Requests a send from the rate limit of this action. `planned` is the time that the call got when it
    /// last had to wait.
    pub(crate) fn admit(
        &mut self,
        account: Option<&str>,
        action: &str,
        planned: Option<MonoTime>,
        deadline: MonoTime,
        now: MonoTime,
    ) -> Admission {
        let limit = self.accounts.of(account, now).rate_limit(action);
        limit.map_or(Admission::Send, |limit| limit.admit(planned, deadline, now))
    }

    /// Requests a send of this action that happens now or not at all.
    pub(crate) fn admit_at_once(
        &mut self,
        account: Option<&str>,
        action: &str,
        now: MonoTime,
    ) -> bool {
        let limit = self.accounts.of(account, now).rate_limit(action);
        limit.is_none_or(|limit| limit.admit_at_once(now))
    }

    /// The limit of calls that are or may be billed, if there is one.
    pub(crate) fn billed_limit(&mut self) -> Option<&mut BilledLimit> {
        self.billed_limit.as_mut()
    }

    /// Whether the account's retry budget suffices for an attempt.
    pub(crate) fn budget_suffices(&mut self, account: Option<&str>, now: MonoTime) -> bool {
        self.accounts.of(account, now).budget.suffices(now)
    }

    /// Withdraws from the account's retry budget, which suffices.
    pub(crate) fn withdraw(&mut self, account: Option<&str>, now: MonoTime) {
        let budget = &mut self.accounts.of(account, now).budget;
        budget.withdraw(now);
        let left = budget.attempts_left();
        self.events.record(|| Event::RetryBudget { left });
    }

    /// The endpoints, and whether each works.
    pub(crate) fn endpoint_health(&self) -> &EndpointHealth {
        &self.endpoint_health
    }

    /// Records that an exchange with the endpoint begins; it ends by `until`.
    pub(crate) fn begin_exchange(
        &mut self,
        endpoint: &Endpoint,
        id: ExchangeId,
        until: MonoTime,
        now: MonoTime,
    ) {
        self.endpoint_health
            .begin_exchange(endpoint, id, until, now, &mut self.events);
    }

    /// Records how an exchange with the endpoint ended.
    pub(crate) fn end_exchange(
        &mut self,
        endpoint: &Endpoint,
        id: ExchangeId,
        evidence: HealthEvidence,
        now: MonoTime,
    ) {
        self.endpoint_health
            .end_exchange(endpoint, id, evidence, now, &mut self.events);
    }

    /// The service's time, as far as the skew is known.
    pub(crate) fn service_time(&self, now: Now) -> UnixTime {
        self.clock_skew.service_time(now)
    }

    /// What is known of the service's clock.
    pub(crate) fn clock_skew(&mut self) -> &mut ClockSkew {
        &mut self.clock_skew
    }
}
