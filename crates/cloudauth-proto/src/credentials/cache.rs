//! The cache of a session's credentials, and the refresh that replaces them.
//!
//! Cached credentials are fresh until a quarter of their lifetime, at most 15 minutes, is left. From then
//! on one call refreshes them, while all others keep using them; they do so until the credentials expire,
//! however many refreshes fail. Their age is measured by both clocks, and the longer one counts.
//!
//! Credentials that have expired are used in two cases, in which the service decides. Both are of a metadata
//! service, which is part of the instance and of which there is no other:
//!
//! * They were to be replaced, and the metadata service could not be reached.
//! * They had expired on arrival, by the client's clock alone. One call uses them: if that clock is wrong, the
//!   service's response says so, and the next refresh knows it.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::Credentials;
use super::error::{CredentialsError, SkippedSource};
use super::source::Source;
use crate::clock::{MonoTime, Now, UnixTime};
use crate::secret::Secret;

/// The longest time before their expiry during which credentials are no longer fresh. The vendor's SDKs
/// have the same margin, but stop using the credentials when it begins.
const REFRESH_MARGIN: Duration = Duration::from_secs(15 * 60);

/// The longest refresh. A source that takes all of its time, 60 s for a program, leaves time for the next
/// one. It does not depend on the policy: where calls have 500 ms, credentials may take longer.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(120);

/// The time within which a reserved refresh must start; after it, it is taken to have been dropped.
const START_TIMEOUT: Duration = Duration::from_secs(5);

/// How much later than announced a driver may report to a refresh before another one may start.
const REPORT_GRACE: Duration = Duration::from_secs(1);

/// The backoff after the first failed refresh. It doubles with each further one.
const BASE_BACKOFF: Duration = Duration::from_secs(1);

/// The longest backoff while there are credentials that can be used, and while there are none.
const MAX_BACKOFF_WHILE_USABLE: Duration = Duration::from_secs(60);
const MAX_BACKOFF: Duration = Duration::from_secs(10);

/// Credentials that the service refused are replaced at once, but if they are younger than this only if no
/// others were replaced in this time: new ones would be refused as well.
const REPLACEMENT_INTERVAL: Duration = Duration::from_secs(10);

/// The time after which one more call may use credentials that had expired on arrival.
const TRIAL_INTERVAL: Duration = Duration::from_secs(60);

/// The provider whose credentials are used after they have expired.
pub(crate) const METADATA: &str = "ecs_ram_role";

/// Credentials, and the source that they come from.
///
/// The output of [`Refresh`](crate::driver::Refresh) and [`WhoAmI`](crate::WhoAmI). `Debug` masks the
/// credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedCredentials {
    /// The credentials.
    pub credentials: Credentials,
    /// The path of the source: the vendor's names of its providers, the outermost first, separated by
    /// slashes, such as `cli_profile/ram_role_arn/static_ak`.
    pub source: String,
    /// The time of expiry by the issuer's clock. `None` if it is unknown, or if they do not expire.
    pub expires: Option<UnixTime>,
    /// The sources that were tried before this one, in order, each with the reason why it was skipped.
    pub skipped: Vec<SkippedSource>,
}

impl ResolvedCredentials {
    /// Credentials that are passed in code.
    fn fixed(credentials: Credentials) -> Self {
        Self {
            source: credentials.static_provider().into(),
            credentials,
            expires: None,
            skipped: Vec::new(),
        }
    }
}

/// The ID of a refresh, unique within its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshId(pub(crate) u64);

/// Permission to refresh the credentials of a session. A session issues one at a time.
///
/// A driver gets it with [`Step::Authenticate`](crate::Step::Authenticate) and makes a
/// [`Refresh`](crate::driver::Refresh) of it. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct RefreshTicket {
    pub(crate) id: RefreshId,
    /// Shared with the cache, so that a ticket does not copy secrets.
    pub(crate) source: Arc<Source>,
    pub(crate) begun: MonoTime,
    pub(crate) deadline: MonoTime,
    /// The time until which the call that got the ticket can spend its own time on the refresh.
    pub(crate) wanted_until: MonoTime,
}

impl RefreshTicket {
    /// The ID for [`Session::release_refresh`](crate::Session::release_refresh), in case the refresh is dropped.
    #[must_use]
    pub fn id(&self) -> RefreshId {
        self.id
    }
}

/// The credentials of a session, with their source and the state of its refreshes.
#[derive(Debug)]
pub(crate) struct CredentialCache {
    source: Arc<Source>,
    cached: Option<CachedCredentials>,
    reservation: Option<Reservation>,
    failure: Option<FailedRefresh>,
    refreshes: u64,
    /// How many refreshes had begun when the source was replaced. Their results are not stored.
    replaced_at: u64,
    /// The credentials that were refused last, and when.
    refused: Option<(Credentials, Now)>,
    /// When credentials that had expired on arrival were stored.
    trial: Option<MonoTime>,
    pub(crate) metadata: MetadataState,
}

#[derive(Debug)]
struct CachedCredentials {
    found: ResolvedCredentials,
    /// When they were stored, by both clocks of the client.
    since: Now,
    /// `None` if they do not expire.
    validity: Option<Validity>,
    /// Whether one call may use them although they have expired.
    is_on_trial: bool,
}

/// How long credentials that were fetched are valid, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetime {
    /// The time until they expire.
    pub(crate) expires_after: Option<Duration>,
    /// The time after which they are fetched again, if they have no expiry.
    pub(crate) fresh_for: Option<Duration>,
    /// Whether they had expired on arrival, by the client's clock, which may be wrong.
    pub(crate) is_on_trial: bool,
}

/// The ages until which credentials are fresh and usable.
#[derive(Clone, Copy, Debug)]
struct Validity {
    fresh_for: Duration,
    usable_for: Duration,
}

impl Validity {
    /// That of credentials which expire after `lifetime`, or else are to be fetched again after `fresh_for`.
    fn new(lifetime: Option<Duration>, fresh_for: Option<Duration>) -> Option<Self> {
        match (lifetime, fresh_for) {
            (Some(lifetime), _) => Some(Self {
                fresh_for: lifetime.saturating_sub(REFRESH_MARGIN.min(lifetime / 4)),
                usable_for: lifetime,
            }),
            (None, Some(fresh_for)) => Some(Self {
                fresh_for,
                usable_for: Duration::MAX,
            }),
            (None, None) => None,
        }
    }
}

impl CachedCredentials {
    /// The longer of their ages by the two clocks. A step of the wall clock forward costs one refresh.
    fn age(&self, now: Now) -> Duration {
        now.longest_since(self.since)
    }

    fn is_fresh(&self, now: Now) -> bool {
        let validity = self.validity;
        validity.is_none_or(|validity| self.age(now) < validity.fresh_for)
    }

    fn is_usable(&self, now: Now) -> bool {
        let validity = self.validity;
        validity.is_none_or(|validity| self.age(now) < validity.usable_for)
    }
}

/// The refresh in progress. It ends at `until` at the latest, since its flow may have been dropped.
#[derive(Clone, Copy, Debug)]
struct Reservation {
    id: RefreshId,
    until: MonoTime,
}

#[derive(Debug)]
struct FailedRefresh {
    error: CredentialsError,
    /// The end of the backoff.
    until: MonoTime,
    /// Whether there were credentials that could be used.
    was_usable: bool,
    /// Whether the credentials that have expired are used all the same.
    allows_expired: bool,
    /// The number of consecutive failures before this one.
    previous: u32,
}

/// The state of the metadata service of ECS instances, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct MetadataState {
    /// The token, and the time until which it is used.
    pub(crate) token: Option<(Secret, MonoTime)>,
    /// Whether the second version of the service has responded; if so, the first is never used.
    pub(crate) has_v2: bool,
}

/// The result of a look-up in the cache.
#[derive(Debug)]
pub(crate) enum Lookup {
    Hit(ResolvedCredentials),
    /// The caller must refresh the credentials; no other look-up yields a ticket meanwhile.
    Refresh(RefreshTicket),
    /// Another call refreshes them; look again at this time at the latest.
    Wait(MonoTime),
    /// The last refresh has failed. The next one can begin at `retry_at`, if that makes sense.
    Failed {
        error: CredentialsError,
        retry_at: Option<MonoTime>,
    },
}

impl CredentialCache {
    pub(crate) fn new(source: Source) -> Self {
        let mut cached = None;
        if let Source::Static(credentials) = &source {
            cached = Some(CachedCredentials {
                found: ResolvedCredentials::fixed(credentials.clone()),
                since: Now::default(),
                validity: None,
                is_on_trial: false,
            });
        }
        Self {
            source: Arc::new(source),
            cached,
            reservation: None,
            failure: None,
            refreshes: 0,
            replaced_at: 0,
            refused: None,
            trial: None,
            metadata: MetadataState::default(),
        }
    }

    /// Replaces the source. What a refresh in progress finds is no longer stored.
    pub(crate) fn replace(&mut self, source: Source) {
        let new = Self::new(source);
        let old = core::mem::replace(self, new);
        self.refreshes = old.refreshes;
        self.replaced_at = old.refreshes;
        self.metadata = old.metadata;
    }

    fn is_replaced(&self, id: RefreshId) -> bool {
        id.0 <= self.replaced_at
    }

    /// The credentials that can sign now, fresh or not.
    pub(crate) fn current(&self, now: Now) -> Option<&ResolvedCredentials> {
        let cached = self.cached.as_ref()?;
        cached.is_usable(now).then_some(&cached.found)
    }

    /// Looks up the credentials for a call with this deadline, and reserves the refresh for it if one is
    /// due.
    pub(crate) fn look_up(&mut self, now: Now, deadline: MonoTime) -> Lookup {
        if let Some(cached) = &mut self.cached
            && cached.is_on_trial
        {
            cached.is_on_trial = false;
            return Lookup::Hit(cached.found.clone());
        }
        let current = self.current(now).cloned();
        let is_fresh = self.cached.as_ref().is_some_and(|it| it.is_fresh(now));
        let current = match current {
            Some(found) if is_fresh => return Lookup::Hit(found),
            other => other,
        };
        let now = now.mono;
        let reservation = self.reservation.filter(|it| now < it.until);
        // Without credentials another attempt is due at once, whatever failed while there were some.
        let is_due = |it: &&FailedRefresh| current.is_none() && it.was_usable;
        let failure = self.failure.as_ref();
        let failure = failure.filter(|it| now < it.until && !is_due(it));
        // Until the backoff is over. After it, credentials that are over are refreshed first again.
        let allows_expired = failure.is_some_and(|it| it.allows_expired);
        let expired = self.cached.as_ref().filter(|_| allows_expired);
        let current = current.or_else(|| expired.map(|cached| cached.found.clone()));
        match (current, reservation, failure) {
            (Some(found), Some(_), _) | (Some(found), None, Some(_)) => Lookup::Hit(found),
            (None, Some(reservation), _) => Lookup::Wait(reservation.until),
            (None, None, Some(failure)) => Lookup::Failed {
                error: failure.error.clone(),
                retry_at: failure.error.is_transient().then_some(failure.until),
            },
            (current, None, None) => {
                // A call that has usable credentials spends only a part of its time on new ones.
                let rest = deadline.saturating_since(now);
                let rest = if current.is_some() { rest / 4 } else { rest };
                self.refreshes += 1;
                let id = RefreshId(self.refreshes);
                let until = now + START_TIMEOUT;
                self.reservation = Some(Reservation { id, until });
                Lookup::Refresh(RefreshTicket {
                    id,
                    source: Arc::clone(&self.source),
                    begun: now,
                    deadline: now + REFRESH_TIMEOUT,
                    wanted_until: now + rest,
                })
            }
        }
    }

    /// Extends the reservation of a refresh that is in progress and acts again at `until` at the latest.
    pub(crate) fn extend(&mut self, id: RefreshId, until: MonoTime, now: MonoTime) {
        let until = until + REPORT_GRACE;
        let is_free = self.reservation.is_none_or(|it| it.until <= now) && !self.is_replaced(id);
        if is_free || self.reservation.is_some_and(|it| it.id == id) {
            self.reservation = Some(Reservation { id, until });
        }
    }

    /// Stores the credentials that a refresh has fetched. Returns whether they are stored, which those that had
    /// expired on arrival may not be. `pinned` is the source to use from now on.
    pub(crate) fn end_refresh(
        &mut self,
        id: RefreshId,
        lifetime: Lifetime,
        found: ResolvedCredentials,
        pinned: Option<Source>,
        now: Now,
    ) -> bool {
        if lifetime.is_on_trial {
            return self.store_on_trial(id, found, pinned, now);
        }
        let validity = Validity::new(lifetime.expires_after, lifetime.fresh_for);
        self.store(id, found, validity, pinned, now);
        true
    }

    fn store(
        &mut self,
        id: RefreshId,
        found: ResolvedCredentials,
        validity: Option<Validity>,
        pinned: Option<Source>,
        now: Now,
    ) {
        self.release(id);
        if self.is_replaced(id) {
            return;
        }
        self.failure = None;
        if let Some(source) = pinned {
            self.source = Arc::new(source);
        }
        let mut found = found;
        if self.is_refused(&found.credentials)
            && let Some(refused) = self.refused()
        {
            // A call whose request was refused is told so, and does not send it again.
            found.credentials = refused.clone();
        }
        if let Some(cached) = &mut self.cached
            && found.skipped.is_empty()
        {
            // Only the first refresh walks the chain.
            found.skipped = core::mem::take(&mut cached.found.skipped);
        }
        self.cached = Some(CachedCredentials {
            found,
            since: now,
            validity,
            is_on_trial: false,
        });
        self.trial = None;
    }

    /// Stores credentials that had expired on arrival, for one call. Returns whether there may be one.
    fn store_on_trial(
        &mut self,
        id: RefreshId,
        found: ResolvedCredentials,
        pinned: Option<Source>,
        now: Now,
    ) -> bool {
        let may_try = |at| now.mono.saturating_since(at) >= TRIAL_INTERVAL;
        if self.is_replaced(id) || self.current(now).is_some() || !self.trial.is_none_or(may_try) {
            return false;
        }
        let validity = Validity::new(Some(Duration::ZERO), None);
        self.store(id, found, validity, pinned, now);
        self.trial = Some(now.mono);
        if let Some(cached) = &mut self.cached {
            cached.is_on_trial = true;
        }
        true
    }

    /// Records that a refresh has failed; if it was only cut short, the next one may begin at once.
    /// `jitter` draws a duration up to its argument.
    pub(crate) fn fail(
        &mut self,
        id: RefreshId,
        error: CredentialsError,
        was_cut_short: bool,
        now: Now,
        jitter: impl FnOnce(Duration) -> Duration,
    ) {
        if !self.release(id) {
            // Another refresh has taken over; its result counts.
            return;
        }
        let is_usable = self.current(now).is_some();
        let failure = self.failure.as_ref();
        if was_cut_short && !is_usable {
            // It says nothing about the source, but waiting calls are told why they have none.
            self.failure = Some(FailedRefresh {
                error,
                until: now.mono,
                was_usable: false,
                allows_expired: failure.is_some_and(|failure| failure.allows_expired),
                previous: failure.map_or(0, |failure| failure.previous),
            });
            return;
        }
        let previous = failure.map_or(0, |failure| failure.previous.saturating_add(1));
        let max_backoff = if is_usable {
            MAX_BACKOFF_WHILE_USABLE
        } else {
            MAX_BACKOFF
        };
        let factor = 1_u32.checked_shl(previous).unwrap_or(u32::MAX);
        let half = BASE_BACKOFF.saturating_mul(factor).min(max_backoff) / 2;
        let cached = self.cached.as_ref();
        let is_metadata = cached.is_some_and(|it| it.found.credentials.provider() == METADATA);
        self.failure = Some(FailedRefresh {
            allows_expired: is_metadata && !is_usable && error.is_unreachable(),
            error,
            until: now.mono + half + jitter(half),
            was_usable: is_usable,
            previous,
        });
    }

    /// Whether these are the credentials that were refused last.
    pub(crate) fn is_refused(&self, credentials: &Credentials) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|(refused, _)| refused.is_equal(credentials))
    }

    /// The credentials that were refused last.
    pub(crate) fn refused(&self) -> Option<&Credentials> {
        self.refused.as_ref().map(|(refused, _)| refused)
    }

    /// The source.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Ends the reservation of a refresh, and returns whether there was one.
    pub(crate) fn release(&mut self, id: RefreshId) -> bool {
        let is_reserved = self.reservation.is_some_and(|it| it.id == id);
        if is_reserved {
            self.reservation = None;
        }
        is_reserved
    }

    /// The error of the last refresh, if it failed.
    pub(crate) fn last_failure(&self) -> Option<&CredentialsError> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// Drops credentials that the service refused, and returns whether a retry may get other ones.
    pub(crate) fn reject(&mut self, refused: &Credentials, now: Now) -> bool {
        if !self.source.can_change() {
            return false;
        }
        let Some(cached) = &self.cached else {
            return true;
        };
        if !cached.found.credentials.is_same(refused) {
            return true;
        }
        let last = self.refused.as_ref();
        let was_replaced =
            last.is_some_and(|(_, at)| now.longest_since(*at) < REPLACEMENT_INTERVAL);
        if was_replaced && cached.age(now) < REPLACEMENT_INTERVAL {
            return false;
        }
        self.refused = Some((refused.clone(), now));
        self.cached = None;
        true
    }
}
