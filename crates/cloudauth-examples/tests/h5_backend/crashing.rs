//! A store whose program is killed before or after one of its statements.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use cloudauth_hyper::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Sensitive, UnixTime};

use crate::h5_backend::Result;
use crate::h5_backend::store::{Claim, LookupKey, State, Store, Verification};

/// Counts down to the crash: each statement of a [`CrashingStore`] has two points at which it can happen.
#[derive(Clone)]
pub(crate) struct Countdown(Arc<AtomicUsize>);

impl Countdown {
    pub(crate) fn from(points: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(points)))
    }

    pub(crate) fn never() -> Self {
        Self::from(usize::MAX)
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn step(&self) -> Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let stepped = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        if stepped.is_ok() && !self.has_crashed() {
            Ok(())
        } else {
            Err("killed".into())
        }
    }
}

pub(crate) struct CrashingStore<S>(pub(crate) S, pub(crate) Countdown);

impl<S> CrashingStore<S> {
    async fn around<T>(&self, statement: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.1.step()?;
        let done = statement.await?;
        self.1.step()?;
        Ok(done)
    }
}

impl<S: Store> Store for CrashingStore<S> {
    async fn insert(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> Result<bool> {
        self.around(self.0.insert(order, visit, person, now)).await
    }

    async fn record_open(
        &self,
        order: &OuterOrderNo,
        id: &CertifyId,
        page: &Sensitive,
    ) -> Result<()> {
        self.around(self.0.record_open(order, id, page)).await
    }

    async fn record_not_open(&self, order: &OuterOrderNo, state: State, code: &str) -> Result<()> {
        self.around(self.0.record_not_open(order, state, code))
            .await
    }

    async fn find(&self, key: LookupKey<'_>) -> Result<Option<Verification>> {
        self.around(self.0.find(key)).await
    }

    async fn record_event(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        code: &str,
        now: UnixTime,
    ) -> Result<()> {
        self.around(self.0.record_event(order, kind, code, now))
            .await
    }

    async fn claim(&self, order: &OuterOrderNo, now: UnixTime) -> Result<Option<Claim>> {
        self.around(self.0.claim(order, now)).await
    }

    async fn claim_due(&self, before: UnixTime, now: UnixTime) -> Result<Vec<Claim>> {
        self.around(self.0.claim_due(before, now)).await
    }

    async fn release(&self, claim: &Claim, from: UnixTime) -> Result<()> {
        self.around(self.0.release(claim, from)).await
    }

    async fn finish(&self, claim: &Claim, state: State, sub_code: &str) -> Result<bool> {
        self.around(self.0.finish(claim, state, sub_code)).await
    }

    async fn record_deleted(&self, claim: &Claim) -> Result<()> {
        self.around(self.0.record_deleted(claim)).await
    }
}
