//! The credentials that a session has, how long they are good for, and who gets new ones.
//!
//! They are fresh until a quarter of their life, at most 15 minutes, is left; then the next call gets
//! new ones while the others go on with these. They are used until they expire, however often that
//! fails.

use alloc::boxed::Box;
use core::time::Duration;

use super::error::CredentialsError;
use super::refresh::{Found, Refresh};
use super::source::Source;
use super::{Credentials, Key};
use crate::clock::MonoTime;
use crate::secret::Secret;

/// The longest time before their expiry that credentials are no longer fresh; the vendor's SDKs have
/// this margin, too, but for them it is the end.
const MARGIN: Duration = Duration::from_secs(15 * 60);

/// A refresh that was not begun after this time never will be: whoever wanted to is gone.
const TO_BEGIN: Duration = Duration::from_secs(5);

/// How late a driver may be with what it tells of a refresh, before somebody else begins another.
const LATE: Duration = Duration::from_secs(1);

/// How long the first of a row of failures is remembered.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long at most while there are credentials to go on with, and while there are none.
const LONGEST_EARLY_PAUSE: Duration = Duration::from_secs(60);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A refresh that its caller's deadline ended sooner than this says nothing of the source.
const FAIR: Duration = Duration::from_secs(5);

/// Credentials that the service refused sooner than this would be refused again.
const REFUSED_AT_ONCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Keyring {
    source: Source,
    held: Option<Held>,
    place: Option<Place>,
    failure: Option<Failure>,
    tickets: u64,
    pub(super) metadata: Metadata,
}

#[derive(Debug)]
struct Held {
    found: Found,
    since: MonoTime,
    /// Nothing if they have no end.
    span: Option<Span>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    fresh_until: MonoTime,
    usable_until: MonoTime,
}

/// The one refresh under way. Whoever does it may be dropped, so its place is free again at `until`.
#[derive(Clone, Copy, Debug)]
struct Place {
    ticket: u64,
    until: MonoTime,
}

#[derive(Debug)]
struct Failure {
    error: CredentialsError,
    until: MonoTime,
    /// How many there were before it in a row.
    row: u32,
}

/// What is known of the metadata service.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// The token, and until when it is used.
    pub(super) token: Option<(Secret, MonoTime)>,
    /// Its second version answered once: the first is never asked again.
    pub(super) has_v2: bool,
}

/// What a call that needs credentials is to do.
#[derive(Debug)]
pub(crate) enum Claim {
    Use(Found),
    Refresh(Box<Refresh>),
    /// Somebody else gets them; ask again then.
    Wait(MonoTime),
    Fail(CredentialsError),
}

impl Keyring {
    pub(crate) fn new(source: Source) -> Self {
        let mut held = None;
        if let Source::Static(credentials) = &source {
            held = Some(Held {
                found: Found::given(credentials.clone()),
                since: MonoTime::default(),
                span: None,
            });
        }
        Self {
            source,
            held,
            place: None,
            failure: None,
            tickets: 0,
            metadata: Metadata::default(),
        }
    }

    /// What can be signed with now, fresh or not.
    pub(crate) fn current(&self, now: MonoTime) -> Option<&Found> {
        let held = self.held.as_ref()?;
        let is_usable = held.span.is_none_or(|span| now < span.usable_until);
        is_usable.then_some(&held.found)
    }

    pub(crate) fn claim(&mut self, now: MonoTime, deadline: MonoTime) -> Claim {
        let current = self.current(now).cloned();
        let current = match current {
            Some(found) if self.is_fresh(now) => return Claim::Use(found),
            other => other,
        };
        let place = self.place.filter(|place| now < place.until);
        let failure = self.failure.as_ref().filter(|it| now < it.until);
        match (current, place, failure) {
            (Some(found), Some(_), _) | (Some(found), None, Some(_)) => Claim::Use(found),
            (None, Some(place), _) => Claim::Wait(place.until),
            (None, None, Some(failure)) => Claim::Fail(failure.error.clone()),
            (current, None, None) => {
                // A call that could go on spends no more than a part of its time on it.
                let rest = deadline.saturating_since(now);
                let rest = if current.is_some() { rest / 4 } else { rest };
                self.tickets += 1;
                let ticket = self.tickets;
                let until = now + TO_BEGIN.min(rest.max(Duration::from_millis(1)));
                self.place = Some(Place { ticket, until });
                Claim::Refresh(Box::new(Refresh::new(
                    ticket,
                    self.source.clone(),
                    now,
                    now + rest,
                )))
            }
        }
    }

    fn is_fresh(&self, now: MonoTime) -> bool {
        let held = self.held.as_ref();
        held.is_some_and(|held| held.span.is_none_or(|span| now < span.fresh_until))
    }

    /// The refresh is under way and will be heard of by `until`.
    pub(super) fn hold(&mut self, ticket: u64, until: MonoTime, now: MonoTime) {
        let until = until + LATE;
        let is_free = self.place.is_none_or(|place| place.until <= now);
        if is_free || self.place.is_some_and(|place| place.ticket == ticket) {
            self.place = Some(Place { ticket, until });
        }
    }

    /// The refresh gave these, which live so long from now.
    pub(super) fn store(
        &mut self,
        ticket: u64,
        found: Found,
        life: Option<Duration>,
        pinned: Option<Source>,
        now: MonoTime,
    ) {
        self.leave(ticket);
        self.failure = None;
        if let Some(source) = pinned {
            self.source = source;
        }
        let mut found = found;
        if let Some(held) = &mut self.held
            && found.passed_over.is_empty()
        {
            // The chain was gone through once, the first time.
            found.passed_over = core::mem::take(&mut held.found.passed_over);
        }
        self.held = Some(Held {
            found,
            since: now,
            span: life.map(|life| Span {
                fresh_until: now + life.saturating_sub(MARGIN.min(life / 4)),
                usable_until: now + life,
            }),
        });
    }

    /// The refresh, begun at `begun`, failed. `jitter` draws a span up to the one given.
    pub(crate) fn fail(
        &mut self,
        ticket: u64,
        error: CredentialsError,
        was_cut_short: bool,
        begun: MonoTime,
        now: MonoTime,
        jitter: impl FnOnce(Duration) -> Duration,
    ) {
        if !self.leave(ticket) {
            // Its place was taken over: somebody else will know better.
            return;
        }
        let is_usable = self.current(now).is_some();
        if was_cut_short && !is_usable && now.saturating_since(begun) < FAIR {
            return;
        }
        let row = self.failure.as_ref().map_or(0, |failure| failure.row + 1);
        let longest = if is_usable {
            LONGEST_EARLY_PAUSE
        } else {
            LONGEST_PAUSE
        };
        let pause = FIRST_PAUSE.saturating_mul(1_u32.checked_shl(row).unwrap_or(u32::MAX));
        let half = pause.min(longest) / 2;
        let mut until = now + half + jitter(half);
        if let Some(span) = self.held.as_ref().and_then(|held| held.span)
            && is_usable
        {
            // Once they expire it is worth another try.
            until = until.min(span.usable_until);
        }
        self.failure = Some(Failure { error, until, row });
    }

    /// Its place is free for another refresh; whether it had one.
    pub(crate) fn leave(&mut self, ticket: u64) -> bool {
        let is_ours = self.place.is_some_and(|place| place.ticket == ticket);
        if is_ours {
            self.place = None;
        }
        is_ours
    }

    /// Why the last refresh failed, if it did.
    pub(crate) fn last_failure(&self) -> Option<&CredentialsError> {
        self.failure.as_ref().map(|failure| &failure.error)
    }

    /// The service refused these. Whether others can be had.
    pub(crate) fn refused(&mut self, refused: &Credentials, now: MonoTime) -> bool {
        if !self.source.can_change() {
            return false;
        }
        let Some(held) = &self.held else {
            return true;
        };
        if !held.found.credentials.is(refused) {
            return true;
        }
        if now.saturating_since(held.since) < REFUSED_AT_ONCE {
            return false;
        }
        self.held = None;
        true
    }
}

/// Which of the vendor's providers gives such credentials.
pub(super) fn given_as(credentials: &Credentials) -> &'static str {
    match credentials.key() {
        Key::Pair(_) if credentials.provider() == "env" => "env",
        Key::Pair(pair) if pair.token.is_some() => "static_sts",
        Key::Pair(_) => "static_ak",
        Key::Bearer(_) => "bearer",
    }
}
