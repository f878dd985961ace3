//! A ledger whose program is killed before or after one of its statements.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use cloudauth_hyper::ops::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Sensitive, UnixTime};

use crate::h5_backend::Result;
use crate::h5_backend::ledger::{By, Claim, Entry, Ledger, State};

/// How many moments are left to live.
#[derive(Clone)]
pub(crate) struct Fuse(Arc<AtomicUsize>);

impl Fuse {
    pub(crate) fn of(moments: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(moments)))
    }

    pub(crate) fn never() -> Self {
        Self::of(usize::MAX)
    }

    pub(crate) fn is_burnt(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 0
    }

    fn burn(&self) -> Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let burnt = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
        if burnt.is_ok() && !self.is_burnt() {
            Ok(())
        } else {
            Err("killed".into())
        }
    }
}

pub(crate) struct Dying<L>(pub(crate) L, pub(crate) Fuse);

impl<L> Dying<L> {
    async fn around<T>(&self, statement: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.1.burn()?;
        let done = statement.await?;
        self.1.burn()?;
        Ok(done)
    }
}

impl<L: Ledger> Ledger for Dying<L> {
    async fn intend(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> Result<bool> {
        self.around(self.0.intend(order, visit, person, now)).await
    }

    async fn opened(&self, order: &OuterOrderNo, id: &CertifyId, page: &Sensitive) -> Result<()> {
        self.around(self.0.opened(order, id, page)).await
    }

    async fn not_opened(&self, order: &OuterOrderNo, state: State) -> Result<()> {
        self.around(self.0.not_opened(order, state)).await
    }

    async fn find(&self, by: By<'_>) -> Result<Option<Entry>> {
        self.around(self.0.find(by)).await
    }

    async fn hint(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        said: &str,
        now: UnixTime,
    ) -> Result<()> {
        self.around(self.0.hint(order, kind, said, now)).await
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

    async fn settle(&self, claim: &Claim, state: State, sub_code: &str) -> Result<bool> {
        self.around(self.0.settle(claim, state, sub_code)).await
    }

    async fn erased(&self, claim: &Claim) -> Result<()> {
        self.around(self.0.erased(claim)).await
    }
}
