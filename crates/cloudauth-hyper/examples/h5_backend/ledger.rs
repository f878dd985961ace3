//! What is known of verifications, and must outlive the program.

use core::error::Error;

use cloudauth_hyper::ops::CertifyId;
use cloudauth_hyper::verify::OuterOrderNo;
use cloudauth_hyper::{Sensitive, UnixTime};

pub(crate) type Result<T> = core::result::Result<T, Box<dyn Error + Send + Sync>>;

/// How far a verification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The service is being asked to open it.
    Asked,
    /// The service did not open it.
    Refused,
    /// No answer came: if it is open, nobody has its page.
    Lost,
    /// The person is away, at its page.
    Open,
    /// The person did not finish in time.
    Lapsed,
    Passed,
    Failed,
}

impl State {
    const ALL: [(Self, &str); 7] = [
        (Self::Asked, "asked"),
        (Self::Refused, "refused"),
        (Self::Lost, "lost"),
        (Self::Open, "open"),
        (Self::Lapsed, "lapsed"),
        (Self::Passed, "passed"),
        (Self::Failed, "failed"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let named = Self::ALL.iter().find(|(state, _)| *state == self);
        named.map_or("", |(_, name)| name)
    }

    pub(crate) fn named(text: &str) -> Option<Self> {
        let named = Self::ALL.iter().find(|(_, name)| *name == text);
        named.map(|(state, _)| *state)
    }
}

/// One verification: of one visit of one browser.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) order: OuterOrderNo,
    pub(crate) state: State,
    /// Known once it is open.
    pub(crate) certify_id: Option<CertifyId>,
    /// Where the person goes, while that makes sense.
    pub(crate) page: Option<Sensitive>,
    /// When it was about to be opened.
    pub(crate) opened: UnixTime,
}

/// By what a verification is found.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By<'a> {
    Order(&'a OuterOrderNo),
    Visit(&'a str),
    CertifyId(&'a CertifyId),
}

/// The right to deal with a verification, until a time; nobody else has it so long.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) by: String,
    pub(crate) entry: Entry,
}

/// How long a claim lasts: longer than a call to the service, so it ends by itself only if the
/// program does.
pub(crate) const LEASE: u64 = 120;

/// Keeps verifications; several instances of the program may share one.
pub(crate) trait Ledger: Send + Sync + 'static {
    /// Writes that this visit is about to open a verification, unless it has one: `false`.
    fn intend(
        &self,
        order: &OuterOrderNo,
        visit: &str,
        person: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Writes what the service answered.
    fn opened(
        &self,
        order: &OuterOrderNo,
        id: &CertifyId,
        page: &Sensitive,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Writes that nobody gets the page of a verification that was about to be opened.
    fn not_opened(
        &self,
        order: &OuterOrderNo,
        state: State,
    ) -> impl Future<Output = Result<()>> + Send;

    fn find(&self, by: By<'_>) -> impl Future<Output = Result<Option<Entry>>> + Send;

    /// Writes what came from outside, unless that came before.
    fn hint(
        &self,
        order: &OuterOrderNo,
        kind: &str,
        said: &str,
        now: UnixTime,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Claims a verification that may yet have a verdict, unless somebody has it.
    fn claim(
        &self,
        order: &OuterOrderNo,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Claim>>> + Send;

    /// Claims some of what was opened before a time and is not settled, and of what has a verdict
    /// and is not erased.
    fn claim_due(
        &self,
        before: UnixTime,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Claim>>> + Send;

    /// Lets go; it can be claimed again from this time on.
    fn release(&self, claim: &Claim, from: UnixTime) -> impl Future<Output = Result<()>> + Send;

    /// Writes how it ended; `false` if that is written already, or the claim is over.
    fn settle(
        &self,
        claim: &Claim,
        state: State,
        sub_code: &str,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Writes that the service was told to forget pictures and videos.
    fn erased(&self, claim: &Claim) -> impl Future<Output = Result<()>> + Send;
}
