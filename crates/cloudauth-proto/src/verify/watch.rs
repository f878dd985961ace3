//! Asking until there is a verdict.

use alloc::boxed::Box;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};
use core::time::Duration;

use crate::call::{Call, Reply};
use crate::clock::{MonoTime, Now, UnixTime};
use crate::codes::RetryAdvice;
use crate::error::{Error, Fault};
use crate::flow::{ExchangeId, Flow, IDS_PER_STAGE, Step};
use crate::ops::{CertifyId, DescribeFaceVerify, DescribeFaceVerifyResponse};
use crate::policy::CallOptions;
use crate::session::Session;
use crate::verify::Verified;
use crate::wire::http::{Failure, Response};

/// Asks for the verdict of a verification until there is one, or until the verification is over: a
/// flow that a driver runs like every other. `None` means that the person did not finish in time.
///
/// ```
/// use cloudauth_proto::ops::DescribeFaceVerify;
/// use cloudauth_proto::verify::Watch;
/// # use cloudauth_proto::UnixTime;
///
/// # let opened = UnixTime::from_seconds(1_800_000_000);
/// let question = DescribeFaceVerify::new(1_000_000_006, "sha1");
/// let watch = Watch::new(question).opened_at(opened);
/// // if let Some(verified) = client.run(watch)? { ... }
/// ```
///
/// The codes 403 and 424 mean "not yet" (documented), and so does an answer without `Passed`. It asks
/// at once, then after pauses that double from one second to fifteen, each drawn from its second
/// half, and a last time when the verification's [30 minutes](CertifyId::LIFETIME) are over. Each
/// question is a call of its own under the session's policy. While no endpoint answers, or the
/// service throttles or is out of order, it goes on; if that is so at the last question, that is the
/// error. Every other error ends it.
///
/// Somebody who has a reason to ask now, such as a [`Notice`](crate::verify::Notice) or the browser's
/// return, asks [`once`](Self::once) beside it: the operation only reads.
pub struct Watch {
    question: DescribeFaceVerify,
    opened: Option<UnixTime>,
    patience: Duration,
    /// When the last question is asked; known from the first poll on.
    end: Option<MonoTime>,
    stage: Stage,
    base: u32,
    pauses: u32,
}

enum Stage {
    /// To be asked, not before this time.
    Due(MonoTime),
    /// Being asked, at the end or before it.
    Asking(Box<Call<DescribeFaceVerify>>, IsLast),
    Over,
}

type IsLast = bool;

/// The longest first pause; it doubles.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

impl Watch {
    /// Asks this question for 30 minutes from the first poll on.
    #[must_use]
    pub fn new(question: DescribeFaceVerify) -> Self {
        Self {
            question,
            opened: None,
            patience: CertifyId::LIFETIME,
            end: None,
            stage: Stage::Due(MonoTime::default()),
            base: 0,
            pauses: 0,
        }
    }

    /// Asks this question one time.
    #[must_use]
    pub fn once(question: DescribeFaceVerify) -> Self {
        Self::new(question).for_at_most(Duration::ZERO)
    }

    /// The 30 minutes began at this time. When they are over already it asks once.
    #[must_use]
    pub fn opened_at(mut self, opened: UnixTime) -> Self {
        self.opened = Some(opened);
        self
    }

    /// Asks a last time after this span.
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

    /// What an answer comes to: the end, or nothing yet.
    fn judge(
        &self,
        answer: Result<Reply<DescribeFaceVerifyResponse>, Error>,
        is_last: IsLast,
        now: Now,
    ) -> Option<Result<Option<Verified>, Error>> {
        let trouble = match answer {
            Ok(reply) => match Verified::of(&self.question.certify_id, reply, now.unix) {
                Some(verified) => return Some(Ok(Some(verified))),
                None => None,
            },
            Err(Error::Service(fault)) if is_not_yet(&fault) => None,
            Err(error) if may_pass(&error) => Some(error),
            Err(error) => return Some(Err(error)),
        };
        is_last.then(|| trouble.map_or(Ok(None), Err))
    }

    fn pause(&mut self, session: &mut Session) -> Duration {
        let doubled = PAUSE.saturating_mul(1_u32.checked_shl(self.pauses).unwrap_or(u32::MAX));
        self.pauses += 1;
        let half = doubled.min(LONGEST_PAUSE) / 2;
        half + session.jitter(half)
    }
}

impl Flow for Watch {
    type Output = Option<Verified>;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        let end = self.end(now);
        loop {
            match mem::replace(&mut self.stage, Stage::Over) {
                Stage::Due(at) if now.mono < at => {
                    self.stage = Stage::Due(at);
                    return Step::Wait(at);
                }
                Stage::Due(_) => match Call::new(&self.question, CallOptions::new()) {
                    Ok(call) => self.stage = Stage::Asking(Box::new(call), now.mono >= end),
                    Err(error) => return Step::Done(Err(error)),
                },
                Stage::Asking(mut call, is_last) => match call.poll(session, now).or_done() {
                    Continue(step) => {
                        self.stage = Stage::Asking(call, is_last);
                        return step.numbered_from(self.base);
                    }
                    Break(answer) => {
                        self.base += IDS_PER_STAGE;
                        if let Some(result) = self.judge(answer, is_last, now) {
                            return Step::Done(result);
                        }
                        let next = now.mono + self.pause(session);
                        self.stage = Stage::Due(next.min(end));
                    }
                },
                Stage::Over => return Step::Done(Err(Error::Finished)),
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
        if let (Stage::Asking(call, _), Some(id)) = (&mut self.stage, id.within(self.base)) {
            call.report(session, id, reply, now);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("certify_id", &self.question.certify_id)
            .field("opened", &self.opened)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// Not finished, or no record of it (documented).
fn is_not_yet(fault: &Fault) -> bool {
    matches!(fault.code.as_deref(), Some("403" | "424"))
}

/// Whether the same question may have another answer in a moment.
fn may_pass(error: &Error) -> bool {
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
