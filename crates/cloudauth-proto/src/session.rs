//! What outlives a call.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{CredentialsError, Keyring, Source, Ticket};
use crate::endpoint::{Endpoint, Endpoints};
use crate::entropy::Entropy;
use crate::policy::Policy;
use crate::policy::breaker::Breaker;
use crate::policy::budget::Budget;
use crate::policy::rate::Rate;
use crate::sign::Scheme;

/// A `Date` further away than this is not believed: the header is not signed.
const LARGEST_SKEW: u64 = 24 * 60 * 60;

/// The state that calls share: plain data, lent to each [`poll`](crate::Flow::poll).
///
/// It knows which endpoints failed lately, how many retries may still be sent, how wrong the clock is
/// and which credentials are good, and draws all nonces. Not `Clone`: two copies would use the same nonces. A driver that serves
/// several threads puts it behind its own lock; a poll holds that for microseconds.
#[derive(Debug)]
pub struct Session {
    endpoints: Vec<(Endpoint, Breaker)>,
    scheme: Scheme,
    keyring: Keyring,
    policy: Policy,
    rates: BTreeMap<&'static str, Rate>,
    budget: Budget,
    /// Seconds that the service's clock is ahead of ours.
    skew: i64,
    entropy: Entropy,
}

impl Session {
    /// A session with the default endpoints, scheme and policy, and with these credentials, or with
    /// those that a [`Source`] gives when the first call needs them.
    ///
    /// `seed` must be random, and new for every session: all nonces come from it. A forked process
    /// must make its own session, or it draws the nonces of its parent.
    #[must_use]
    pub fn new(credentials: impl Into<Source>, seed: [u8; 32]) -> Self {
        let session = Self {
            endpoints: Vec::new(),
            scheme: Scheme::default(),
            keyring: Keyring::new(credentials.into()),
            policy: Policy::default(),
            rates: BTreeMap::new(),
            budget: Budget::new(),
            skew: 0,
            entropy: Entropy::from_seed(seed),
        };
        session.endpoints(Endpoints::default())
    }

    /// Asks these endpoints, in this order.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        let listed = endpoints.into_iter();
        let listed = listed.map(|endpoint| (endpoint, Breaker::new()));
        self.endpoints = listed.collect();
        self
    }

    /// Signs with this scheme.
    #[must_use]
    pub fn scheme(mut self, scheme: Scheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Keeps to these limits.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Sends `action` at most this often per second, and lets calls wait for their turn. The service
    /// limits each operation per account (documented); by default nothing is limited here.
    #[must_use]
    pub fn rate_limit(mut self, action: &'static str, per_second: u32) -> Self {
        self.rates.insert(action, Rate::per_second(per_second));
        self
    }

    /// A refresh was dropped on its way: another call may begin one at once. Calls that wait are to be
    /// polled again. Without this they would wait until the dropped one is overdue; for one that ended
    /// it does nothing.
    pub fn release(&mut self, refresh: Ticket) {
        self.keyring.leave(refresh.number());
    }

    /// Randomness for what goes into an operation, from the session's seed.
    #[must_use]
    pub fn entropy(&mut self) -> Entropy {
        self.entropy.fork()
    }

    pub(crate) fn limits(&self) -> &Policy {
        &self.policy
    }

    /// How calls are signed.
    pub(crate) fn signs_with(&self) -> Scheme {
        self.scheme
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn keyring_mut(&mut self) -> &mut Keyring {
        &mut self.keyring
    }

    /// A refresh failed.
    pub(crate) fn fail_refresh(
        &mut self,
        ticket: u64,
        error: CredentialsError,
        was_cut_short: bool,
        begun: MonoTime,
        now: MonoTime,
    ) {
        let entropy = &mut self.entropy;
        let jitter = |longest| entropy.jitter(longest);
        self.keyring
            .fail(ticket, error, was_cut_short, begun, now, jitter);
    }

    /// A call begins: gives it its own randomness.
    pub(crate) fn begin(&mut self, now: MonoTime) -> Entropy {
        self.budget.deposit(now);
        self.entropy.fork()
    }

    /// A span between nothing and `longest`, all equally likely.
    pub(crate) fn jitter(&mut self, longest: Duration) -> Duration {
        self.entropy.jitter(longest)
    }

    /// When this action may be sent.
    pub(crate) fn place(&mut self, action: &str, now: MonoTime) -> MonoTime {
        self.rates
            .get_mut(action)
            .map_or(now, |rate| rate.place(now))
    }

    /// Pays for sending where it may be in vain.
    pub(crate) fn pay(&mut self, now: MonoTime) -> bool {
        self.budget.withdraw(now)
    }

    /// The first endpoint that may be asked, `last` only if there is no other.
    pub(crate) fn pick(
        &self,
        home: Option<&Endpoint>,
        last: Option<&Endpoint>,
        now: MonoTime,
    ) -> Option<Endpoint> {
        let may_be_asked = |endpoint: &&Endpoint| self.resting(endpoint, now).is_none();
        let mut others = self.listed(home).filter(|endpoint| Some(*endpoint) != last);
        let picked = others.find(may_be_asked);
        picked.or_else(|| last.filter(may_be_asked)).cloned()
    }

    /// The endpoint whose rest is over first: what a call asks if all rest.
    pub(crate) fn soonest(&self, home: Option<&Endpoint>, now: MonoTime) -> Option<Endpoint> {
        self.listed(home)
            .min_by_key(|endpoint| self.resting(endpoint, now))
            .cloned()
    }

    fn listed<'s>(&'s self, home: Option<&'s Endpoint>) -> impl Iterator<Item = &'s Endpoint> {
        let others = self.endpoints.iter().map(|(endpoint, _)| endpoint);
        let others = others.filter(move |endpoint| Some(*endpoint) != home);
        home.into_iter().chain(others)
    }

    fn resting(&self, endpoint: &Endpoint, now: MonoTime) -> Option<MonoTime> {
        let found = self.endpoints.iter().find(|(listed, _)| listed == endpoint);
        found.and_then(|(_, breaker)| breaker.resting(now))
    }

    pub(crate) fn is_struck(&self, endpoint: &Endpoint, now: MonoTime) -> bool {
        let found = self.endpoints.iter().find(|(listed, _)| listed == endpoint);
        found.is_some_and(|(_, breaker)| breaker.is_struck(now))
    }

    /// An endpoint of the caller's own choice that is not listed has no breaker.
    fn breaker(&mut self, endpoint: &Endpoint) -> Option<&mut Breaker> {
        let mut listed = self.endpoints.iter_mut();
        let found = listed.find(|(listed, _)| listed == endpoint);
        found.map(|(_, breaker)| breaker)
    }

    /// The endpoint is asked, and it will be known by `until` what came of it.
    pub(crate) fn ask(&mut self, endpoint: &Endpoint, until: MonoTime) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.ask(until);
        }
    }

    /// The endpoint failed.
    pub(crate) fn strike(&mut self, endpoint: &Endpoint, now: MonoTime) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.strike(now);
        }
    }

    /// The endpoint answered.
    pub(crate) fn heal(&mut self, endpoint: &Endpoint) {
        if let Some(breaker) = self.breaker(endpoint) {
            breaker.heal();
        }
    }

    /// The service's time, as far as it is known.
    pub(crate) fn service_time(&self, now: Now) -> UnixTime {
        UnixTime::from_seconds(now.unix.seconds().saturating_add_signed(self.skew))
    }

    /// The service said at `date` that a request was out of time. It was sent at `sent` and answered
    /// at `now` by our clock, and stamped with `stamped`. Whether that taught anything.
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
