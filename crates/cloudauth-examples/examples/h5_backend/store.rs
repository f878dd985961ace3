//! The store of verifications, which must outlive the program.

use core::error::Error;

use cloudauth_hyper::CertifyId;
use cloudauth_hyper::proto::codes::Meaning;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Sensitive, UnixTime};

pub(crate) type Result<T> = core::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The state of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The service is being called to open it.
    Opening,
    /// The service did not open it.
    Refused,
    /// There was no response. If it is open, nobody has the URL of its page.
    Unknown,
    /// It is open, and the person can use its page.
    Open,
    /// The person did not finish in time.
    Expired,
    Passed,
    Failed,
}

impl State {
    const ALL: [(Self, &str); 7] = [
        (Self::Opening, "opening"),
        (Self::Refused, "refused"),
        (Self::Unknown, "unknown"),
        (Self::Open, "open"),
        (Self::Expired, "expired"),
        (Self::Passed, "passed"),
        (Self::Failed, "failed"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(state, _)| *state == self);
        found.map_or("", |(_, name)| name)
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let found = Self::ALL.iter().find(|(_, own)| *own == name);
        found.map(|(state, _)| *state)
    }
}

/// One verification. A visit, which is one browser session, has at most one.
#[derive(Clone, Debug)]
pub(crate) struct Verification {
    pub(crate) order: OuterOrderNo,
    pub(crate) state: State,
    /// Set once it is open.
    pub(crate) certify_id: Option<CertifyId>,
    /// URL of the service's page, set while the verification is open.
    pub(crate) page: Option<Sensitive>,
    /// Why the service refused to open it, if it did.
    pub(crate) refusal: Option<&'static Meaning>,
    /// When the service was called to open it.
    pub(crate) opened: UnixTime,
}

/// The key by which a verification is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LookupKey<'a> {
    Order(&'a OuterOrderNo),
    Visit(&'a str),
    CertifyId(&'a CertifyId),
}

/// The exclusive right to work on a verification, for a limited time.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) id: String,
    pub(crate) verification: Verification,
}

/// How many seconds a claim lasts: longer than a call to the service, so that claims end early only if
/// the program does.
pub(crate) const CLAIM_SECONDS: u64 = 120;

/// Stores verifications. Several instances of the program may share one store.
pub(crate) trait Store: Send + Sync + 'static {
    /// Records that a visit is about to open a verification. `false` if the visit already has one.
    fn insert(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Records that the service opened the verification.
    fn record_open(
        &self,
        order: &OuterOrderNo,
        id: &CertifyId,
        page: &Sensitive,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Records that the verification was not opened, with the service's `Code`, or that the outcome is unknown.
    fn record_not_open(
        &self,
        order: &OuterOrderNo,
        state: State,
        code: &str,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Finds a verification.
    fn find(&self, key: LookupKey<'_>)
    -> impl Future<Output = Result<Option<Verification>>> + Send;

    /// Records a callback or a redirect, each kind and code once.
    fn record_event(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        code: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Claims a verification that can still get a verdict, unless it is already claimed.
    fn claim(
        &self,
        order: &OuterOrderNo,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Claim>>> + Send;

    /// Claims a batch of verifications that are due: opened before a time and without a final state, or
    /// with a verdict and not yet deleted at the service.
    fn claim_due(
        &self,
        before: UnixTime,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Claim>>> + Send;

    /// Ends a claim; the verification can be claimed again from this time on.
    fn release(&self, claim: &Claim, from: UnixTime) -> impl Future<Output = Result<()>> + Send;

    /// Records the final state. `false` if there is one already, or the claim has ended.
    fn finish(
        &self,
        claim: &Claim,
        state: State,
        sub_code: &str,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Records that the service deleted the pictures and videos.
    fn record_deleted(&self, claim: &Claim) -> impl Future<Output = Result<()>> + Send;
}
