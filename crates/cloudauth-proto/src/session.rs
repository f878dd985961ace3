//! The state shared by all calls of a client.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{CredentialCache, CredentialsError, RefreshId, Source};
use crate::endpoint::{Endpoint, Endpoints};
use crate::entropy::Entropy;
use crate::exchange::ExchangeId;
use crate::policy::Policy;
use crate::policy::budget::RetryBudget;
use crate::policy::circuit_breaker::CircuitBreaker;
use crate::policy::rate_limit::RateLimit;
use crate::sign::Scheme;

/// A `Date` further away than this, in seconds, is not used: the header is not signed.
const LARGEST_SKEW: u64 = 24 * 60 * 60;

/// The state shared by all calls of a client: circuit breakers, retry budget, rate limits, clock skew,
/// credentials and the source of nonces.
///
/// It is plain data, lent to each [`poll`](crate::Flow::poll). A driver that serves several threads
/// puts it behind a lock of its own; a poll holds that lock for microseconds. A session is not `Clone`:
/// two copies would use the same nonces.
#[derive(Debug)]
pub struct Session {
    endpoints: Vec<(Endpoint, CircuitBreaker)>,
    scheme: Scheme,
    credential_cache: CredentialCache,
    policy: Policy,
    rate_limits: BTreeMap<&'static str, RateLimit>,
    budget: RetryBudget,
    /// Seconds by which the service's clock is ahead of the client's.
    skew: i64,
    entropy: Entropy,
    exchanges: u64,
}

impl Session {
    /// A session with these credentials, or with a [`Source`] that is consulted when the first call
    /// needs credentials; with the default endpoints, scheme and policy.
    ///
    /// `seed` must be random and new for every session: all nonces derive from it. A forked process
    /// must create its own session, or it draws the nonces of its parent.
    #[must_use]
    pub fn new(credentials: impl Into<Source>, seed: [u8; 32]) -> Self {
        let session = Self {
            endpoints: Vec::new(),
            scheme: Scheme::default(),
            credential_cache: CredentialCache::new(credentials.into()),
            policy: Policy::default(),
            rate_limits: BTreeMap::new(),
            budget: RetryBudget::new(),
            skew: 0,
            entropy: Entropy::from_seed(seed),
            exchanges: 0,
        };
        session.endpoints(Endpoints::default())
    }

    /// Uses these endpoints, in order of preference. Default: Shanghai, then Beijing.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        let listed = endpoints.into_iter();
        let listed = listed.map(|endpoint| (endpoint, CircuitBreaker::new()));
        self.endpoints = listed.collect();
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
    /// The service limits each operation per account (documented). Default: no limit here.
    #[must_use]
    pub fn rate_limit(mut self, action: &'static str, per_second: u32) -> Self {
        self.rate_limits
            .insert(action, RateLimit::per_second(per_second));
        self
    }

    /// Releases a refresh that was dropped before its end, so that another call can begin one at once.
    ///
    /// The driver then polls the calls that wait. Without this they would wait until the dropped refresh
    /// is overdue. For a refresh that has ended, this does nothing.
    pub fn release(&mut self, refresh: RefreshId) {
        self.credential_cache.release(refresh);
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
        begun: MonoTime,
        now: MonoTime,
    ) {
        let entropy = &mut self.entropy;
        let jitter = |longest| entropy.jitter(longest);
        self.credential_cache
            .fail(id, error, was_cut_short, begun, now, jitter);
    }

    /// The ID of the next exchange; no two exchanges of a session have the same.
    pub(crate) fn next_exchange(&mut self) -> ExchangeId {
        self.exchanges += 1;
        ExchangeId(self.exchanges)
    }

    /// Records that a call begins, and returns a random stream of its own for it.
    pub(crate) fn begin(&mut self, now: MonoTime) -> Entropy {
        self.budget.deposit(now);
        self.entropy.fork()
    }

    /// A random span up to `longest`.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        self.entropy.jitter(longest)
    }

    /// Reserves the next time at which this action may be sent.
    pub(crate) fn reserve(&mut self, action: &str, now: MonoTime) -> MonoTime {
        self.rate_limits
            .get_mut(action)
            .map_or(now, |limit| limit.reserve(now))
    }

    /// Withdraws from the retry budget; false if the budget is spent.
    pub(crate) fn withdraw(&mut self, now: MonoTime) -> bool {
        self.budget.withdraw(now)
    }

    /// The first endpoint whose breaker is not open; `last` only if there is no other.
    pub(crate) fn pick(
        &self,
        origin: Option<&Endpoint>,
        last: Option<&Endpoint>,
        now: MonoTime,
    ) -> Option<Endpoint> {
        let is_usable = |endpoint: &&Endpoint| self.open_until(endpoint, now).is_none();
        let mut others = self
            .listed(origin)
            .filter(|endpoint| Some(*endpoint) != last);
        let picked = others.find(is_usable);
        picked.or_else(|| last.filter(is_usable)).cloned()
    }

    /// The endpoint whose breaker closes first: used if all are open.
    pub(crate) fn first_to_close(
        &self,
        origin: Option<&Endpoint>,
        now: MonoTime,
    ) -> Option<Endpoint> {
        self.listed(origin)
            .min_by_key(|endpoint| self.open_until(endpoint, now))
            .cloned()
    }

    fn listed<'s>(&'s self, origin: Option<&'s Endpoint>) -> impl Iterator<Item = &'s Endpoint> {
        let others = self.endpoints.iter().map(|(endpoint, _)| endpoint);
        let others = others.filter(move |endpoint| Some(*endpoint) != origin);
        origin.into_iter().chain(others)
    }

    fn open_until(&self, endpoint: &Endpoint, now: MonoTime) -> Option<MonoTime> {
        let found = self.endpoints.iter().find(|(listed, _)| listed == endpoint);
        found.and_then(|(_, breaker)| breaker.open_until(now))
    }

    pub(crate) fn has_recent_failures(&self, endpoint: &Endpoint, now: MonoTime) -> bool {
        let found = self.endpoints.iter().find(|(listed, _)| listed == endpoint);
        found.is_some_and(|(_, breaker)| breaker.has_recent_failures(now))
    }

    /// Endpoints that a caller pinned and that are not in the list have no breaker.
    fn breaker(&mut self, endpoint: &Endpoint) -> Option<&mut CircuitBreaker> {
        let mut listed = self.endpoints.iter_mut();
        let found = listed.find(|(listed, _)| listed == endpoint);
        found.map(|(_, breaker)| breaker)
    }

    /// Records that an exchange with the endpoint begins; it ends by `until`.
    pub(crate) fn begin_exchange(&mut self, endpoint: &Endpoint, until: MonoTime) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.begin_exchange(until);
        }
    }

    /// Records a failure of the endpoint.
    pub(crate) fn record_failure(&mut self, endpoint: &Endpoint, now: MonoTime) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.record_failure(now);
        }
    }

    /// Records a response of the endpoint.
    pub(crate) fn record_success(&mut self, endpoint: &Endpoint) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.record_success();
        }
    }

    /// The service's time, as far as the skew is known.
    pub(crate) fn service_time(&self, now: Now) -> UnixTime {
        UnixTime::from_seconds(now.unix.seconds().saturating_add_signed(self.skew))
    }

    /// Learns the clock skew from a response that refused a time stamp.
    ///
    /// The request was sent at `sent` and its response received at `now` by the client's clock, stamped with
    /// `stamped`, and the response carried `date`. Returns whether the skew has changed.
    pub(crate) fn learn_skew(
        &mut self,
        sent: UnixTime,
        stamped: UnixTime,
        now: Now,
        date: UnixTime,
    ) -> bool {
        let middle = sent.seconds().midpoint(now.unix.seconds());
        let skew = difference(date.seconds(), middle);
        let used = difference(stamped.seconds(), sent.seconds());
        let taught = skew.unsigned_abs() <= LARGEST_SKEW && skew.abs_diff(used) > 1;
        if taught {
            self.skew = skew;
        }
        taught
    }
}

fn difference(later: u64, earlier: u64) -> i64 {
    let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    signed(later).saturating_sub(signed(earlier))
}
