//! Visits in memory, for the examples without a database. They are lost when the program ends.
//!
//! A visit is one browser session with at most one verification. Its ID is the order number of that.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudauth_proto::codes::Meaning;
use cloudauth_proto::verify::{OuterOrderNo, Verdict};
use cloudauth_proto::{CertifyId, Sensitive, UnixTime};
use hyper::Response;

use super::pages;

/// More visits than this are refused, so that memory is bounded.
const MAX_VISITS: usize = 10_000;

/// Seconds for which a visit is kept.
const MAX_AGE: u64 = 3_600;

/// Seconds until a query counts as lost: longer than a call to the service with all its attempts.
const MAX_CALL_SECONDS: u64 = 60;

/// Minimum seconds between two queries for one verdict, however often the result page is loaded. The page
/// reloads by itself after three.
const MIN_QUERY_SECONDS: u64 = 2;

#[derive(Clone)]
pub(crate) enum Stage {
    /// The service is being called.
    Opening,
    /// The verification is open, at the page with this URL.
    Open(CertifyId, Sensitive),
    /// The service refused this person, who has to know why.
    Refused(&'static Meaning),
    /// It was not opened, or the response was lost and nobody has the URL of its page.
    Unavailable,
    /// The person did not finish in time.
    Expired,
    Passed,
    Failed,
}

impl Stage {
    /// After the service has opened a verification. It returns no page if `MetaInfo` did not come from its
    /// script.
    pub(crate) fn opened(id: CertifyId, page: Option<Sensitive>) -> Self {
        page.map_or(Self::Unavailable, |page| Self::Open(id, page))
    }

    /// The URL that the browser goes to.
    pub(crate) fn url(&self) -> &str {
        if let Self::Open(_, page) = self {
            return page.expose();
        }
        "/result"
    }

    /// The result page.
    pub(crate) fn page<B: From<String>>(&self) -> Response<B> {
        match self {
            Self::Opening => pages::waiting(None),
            Self::Open(_, page) => pages::waiting(Some(page.expose())),
            Self::Refused(meaning) => pages::problem(200, meaning.chinese, meaning.english),
            Self::Unavailable => pages::unavailable(200),
            Self::Expired => pages::expired(),
            Self::Passed => pages::passed(),
            Self::Failed => pages::failed(),
        }
    }
}

struct Visit {
    /// When the form was sent.
    opened: u64,
    /// The verdict is not queried before this time.
    next_query: u64,
    stage: Stage,
}

/// What became of a visit whose form was sent.
pub(crate) enum Inserted {
    New,
    Known(Stage),
    /// There are too many.
    Refused,
}

#[derive(Default)]
pub(crate) struct Visits(Mutex<HashMap<OuterOrderNo, Visit>>);

impl Visits {
    pub(crate) fn stage(&self, order: &OuterOrderNo) -> Option<Stage> {
        self.lock().get(order).map(|visit| visit.stage.clone())
    }

    /// Adds a visit, and removes those that are too old.
    pub(crate) fn insert(&self, order: &OuterOrderNo, now: UnixTime) -> Inserted {
        let now = now.seconds();
        let mut visits = self.lock();
        visits.retain(|_, visit| now < visit.opened + MAX_AGE);
        let is_full = visits.len() >= MAX_VISITS;
        match visits.entry(order.clone()) {
            Entry::Occupied(visit) => Inserted::Known(visit.get().stage.clone()),
            Entry::Vacant(_) if is_full => Inserted::Refused,
            Entry::Vacant(entry) => {
                entry.insert(Visit {
                    opened: now,
                    next_query: 0,
                    stage: Stage::Opening,
                });
                Inserted::New
            }
        }
    }

    /// Records what came of opening it.
    pub(crate) fn record_opened(&self, order: &OuterOrderNo, stage: Stage) {
        if let Some(visit) = self.lock().get_mut(order) {
            visit.stage = stage;
        }
    }

    /// Whether the verdict is to be queried now: there is none, nobody is querying it, nor did a moment ago.
    pub(crate) fn can_query(&self, order: &OuterOrderNo, now: UnixTime) -> bool {
        let visits = self.lock();
        let visit = visits
            .get(order)
            .filter(|it| it.next_query <= now.seconds());
        visit.is_some_and(|it| matches!(it.stage, Stage::Open(..)))
    }

    /// The ID whose verdict is to be queried now, by the caller: see [`Self::can_query`].
    pub(crate) fn claim_query(&self, order: &OuterOrderNo, now: UnixTime) -> Option<CertifyId> {
        let now = now.seconds();
        let mut visits = self.lock();
        let visit = visits.get_mut(order).filter(|it| it.next_query <= now)?;
        let Stage::Open(id, _) = &visit.stage else {
            return None;
        };
        visit.next_query = now + MAX_CALL_SECONDS;
        Some(id.clone())
    }

    /// Records what a query returned: a verdict, `Ok(None)`, or an error. Returns whether this is the
    /// verdict, which happens once for each visit.
    pub(crate) fn record_query<E>(
        &self,
        order: &OuterOrderNo,
        returned: &Result<Option<Verdict>, E>,
        now: UnixTime,
    ) -> bool {
        let now = now.seconds();
        let mut visits = self.lock();
        let Some(visit) = visits.get_mut(order) else {
            return false;
        };
        visit.next_query = now + MIN_QUERY_SECONDS;
        let is_late = now > visit.opened + CertifyId::LIFETIME.as_secs() + 60;
        visit.stage = match (returned, &visit.stage) {
            (Ok(Some(Verdict::Passed(_))), Stage::Open(..)) => Stage::Passed,
            (Ok(Some(Verdict::NotPassed(_))), Stage::Open(..)) => Stage::Failed,
            (Ok(None), Stage::Open(..)) if is_late => Stage::Expired,
            _ => return false,
        };
        matches!(visit.stage, Stage::Passed | Stage::Failed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OuterOrderNo, Visit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
