//! Polling for the verdict of a verification.

use alloc::boxed::Box;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};
use core::time::Duration;

use crate::call::{Call, Reply};
use crate::certify_id::CertifyId;
use crate::clock::{LatestTime, MonoTime, Now, UnixTime};
use crate::codes::RetryAdvice;
use crate::error::{Error, ServiceError};
use crate::exchange::ExchangeId;
use crate::flow::{Flow, Step};
use crate::http::{Failure, Response};
use crate::ops::{DescribeFaceVerify, DescribeFaceVerifyResponse};
use crate::policy::CallOptions;
use crate::session::Session;
use crate::verify::verdict::Verdict;

/// A [`Flow`] that queries the verdict of a verification until there is one, or until the
/// verification has expired.
///
/// The output is the [`Verdict`], or `None` if the person has not finished in time.
///
/// ```
/// use cloudauth_proto::ops::DescribeFaceVerify;
/// use cloudauth_proto::verify::PollVerdict;
/// # use cloudauth_proto::UnixTime;
///
/// # let opened = UnixTime::from_seconds(1_800_000_000);
/// let query = DescribeFaceVerify::new(1_000_000_006, "sha1");
/// let poll = PollVerdict::new(query).opened_at(opened);
/// // if let Some(Verdict::Passed(verified)) = client.run(poll)? { ... }
/// ```
///
/// The first query is sent at once. The next ones follow after a backoff that doubles from 1 s to
/// 15 s, of which a random part between half and all is waited, and the last one when the
/// [30 minutes](CertifyId::LIFETIME) of the verification are over. Each query is a call of its own
/// under the session's policy.
///
/// The codes 403 and 424 mean "not yet" (documented), and so does a reply without `Passed`.
///
/// When a [`Callback`](crate::verify::Callback) or a [`Redirect`](crate::verify::Redirect) arrives, run
/// [`once`](Self::once) beside a flow that is waiting: the operation only reads.
///
/// # Errors
///
/// Polling goes on while no endpoint responds, the service throttles or it fails with a server error;
/// if the last query fails so, that is the flow's error. Every other error ends the flow at once.
pub struct PollVerdict {
    query: DescribeFaceVerify,
    opened: Option<UnixTime>,
    patience: Duration,
    /// Time of the last query; set by the first poll.
    end: Option<MonoTime>,
    latest: LatestTime,
    stage: PollStage,
    backoffs: u32,
}

enum PollStage {
    /// Waiting for the time of the next query.
    Waiting(MonoTime),
    Querying(Box<Call<DescribeFaceVerify>>, IsLast),
    Done,
}

type IsLast = bool;

const BASE_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(15);

impl PollVerdict {
    /// Polls with this query, for 30 minutes from the flow's first poll on.
    #[must_use]
    pub fn new(query: DescribeFaceVerify) -> Self {
        Self {
            query,
            opened: None,
            patience: CertifyId::LIFETIME,
            end: None,
            latest: LatestTime::default(),
            stage: PollStage::Waiting(MonoTime::default()),
            backoffs: 0,
        }
    }

    /// Queries once; `None` then means that there is no verdict yet.
    #[must_use]
    pub fn once(query: DescribeFaceVerify) -> Self {
        Self::new(query).for_at_most(Duration::ZERO)
    }

    /// Sets the time at which the verification was opened, from which on the 30 minutes count. If they
    /// are over already, the verdict is queried once.
    #[must_use]
    pub fn opened_at(mut self, opened: UnixTime) -> Self {
        self.opened = Some(opened);
        self
    }

    /// Limits the time from the flow's first poll to its last query; 30 minutes by default, and at most.
    #[must_use]
    pub fn for_at_most(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn end(&mut self, now: Now) -> MonoTime {
        let left = self.opened.map_or(CertifyId::LIFETIME, |opened| {
            let over = opened
                .seconds()
                .saturating_add(CertifyId::LIFETIME.as_secs());
            Duration::from_secs(over.saturating_sub(now.unix.seconds()))
        });
        let left = left.min(self.patience).min(CertifyId::LIFETIME);
        *self.end.get_or_insert(now.mono + left)
    }

    /// Returns the output of the flow, or `None` to go on polling.
    fn decide(
        &self,
        result: Result<Reply<DescribeFaceVerifyResponse>, Error>,
        is_last: IsLast,
        now: Now,
    ) -> Option<Result<Option<Verdict>, Error>> {
        let failure = match result {
            Ok(reply) => match Verdict::from_reply(&self.query.certify_id, reply, now.unix) {
                Some(verdict) => return Some(Ok(Some(verdict))),
                None => None,
            },
            Err(Error::Service(fault)) if is_not_yet(&fault) => None,
            Err(error) if is_transient(&error) => Some(error),
            Err(error) => return Some(Err(error)),
        };
        is_last.then(|| failure.map_or(Ok(None), Err))
    }

    fn backoff(&mut self, session: &mut Session) -> Duration {
        let factor = 1_u32.checked_shl(self.backoffs).unwrap_or(u32::MAX);
        self.backoffs += 1;
        let half = BASE_BACKOFF.saturating_mul(factor).min(MAX_BACKOFF) / 2;
        half + session.jitter(half)
    }
}

impl Flow for PollVerdict {
    type Output = Option<Verdict>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let now = self.latest.clamp(now);
        let end = self.end(now);
        loop {
            match mem::replace(&mut self.stage, PollStage::Done) {
                PollStage::Waiting(at) if now.mono < at => {
                    self.stage = PollStage::Waiting(at);
                    return Step::Wait(at);
                }
                PollStage::Waiting(_) => match Call::new(&self.query, CallOptions::new()) {
                    Ok(call) => self.stage = PollStage::Querying(Box::new(call), now.mono >= end),
                    Err(error) => return Step::Done(Err(error)),
                },
                PollStage::Querying(mut call, is_last) => match call.poll(session, now).or_done() {
                    Continue(step) => {
                        self.stage = PollStage::Querying(call, is_last);
                        return step;
                    }
                    Break(result) => {
                        if let Some(output) = self.decide(result, is_last, now) {
                            return Step::Done(output);
                        }
                        let next = now.mono + self.backoff(session);
                        self.stage = PollStage::Waiting(next.min(end));
                    }
                },
                PollStage::Done => return Step::Done(Err(Error::Finished)),
            }
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        let now = self.latest.clamp(now);
        if let PollStage::Querying(call, _) = &mut self.stage {
            call.report(session, id, reply, now);
        }
    }
}

impl fmt::Debug for PollVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollVerdict")
            .field("certify_id", &self.query.certify_id)
            .field("opened", &self.opened)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Whether the verification has not finished, or has no record yet (documented).
fn is_not_yet(fault: &ServiceError) -> bool {
    matches!(fault.code.as_deref(), Some("403" | "424"))
}

/// Whether the same query may get another response in a moment.
fn is_transient(error: &Error) -> bool {
    match error {
        Error::Exhausted(_) | Error::Uncertain(_) => true,
        Error::Service(fault) => {
            let advice = fault.meaning().map(|meaning| meaning.retry);
            fault.status == 429 || fault.status >= 500 || advice == Some(RetryAdvice::Soon)
        }
        Error::Invalid(_)
        | Error::Decode(_)
        | Error::Credentials(_)
        | Error::Upload(_)
        | Error::Evidence(_)
        | Error::Finished => false,
    }
}
