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
use crate::policy::{CallOptions, Classification};
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
/// Polling goes on after glitches: no endpoint responds, a response cannot be read, the service throttles
/// or fails with a server error, the source of credentials cannot be reached. If the last query fails so,
/// that is the flow's error. What lasts ends the flow at once: a refusal by the service, a missing or
/// malformed profile, a key that is refused.
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

    /// Queries once; `None` then means that there is no verdict. It can still come until
    /// [`CertifyId::LIFETIME`] after the verification was opened; after that nobody finishes it any more.
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
        Error::Exhausted(_) | Error::Uncertain(_) | Error::Decode(_) => true,
        Error::Service(fault) => {
            // The service's own refusals have a code.
            let Some(code) = fault.code.as_deref() else {
                return true;
            };
            let advice = fault.meaning().map(|meaning| meaning.retry);
            Classification::of_unavailable(fault.status, Some(code)).is_some()
                || advice == Some(RetryAdvice::Soon)
        }
        Error::Credentials(error) => error.is_transient(),
        Error::Invalid(_)
        | Error::Upload(_)
        | Error::Evidence(_)
        | Error::BilledLimit(_)
        | Error::Finished => false,
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;
    use crate::credentials::{
        CredentialsError, MalformedProfile, SkippedSource, SourceError, SupplyError,
    };
    use crate::decode::DecodeErrorKind;
    use crate::error::{
        DecodeError, EvidenceError, EvidenceErrorKind, EvidenceKind, Exhausted, UploadError,
    };
    use crate::operation::InvalidOperation;

    fn service(status: u16, code: Option<&str>) -> Error {
        Error::Service(Box::new(ServiceError {
            action: "DescribeFaceVerify".into(),
            status,
            code: code.map(ToString::to_string),
            message: "".into(),
            mismatch: None,
            uncertain: false,
            attempts: Vec::new(),
        }))
    }

    fn exhausted() -> Exhausted {
        Exhausted {
            action: "DescribeFaceVerify".into(),
            confirmed_by: None,
            attempts: Vec::new(),
        }
    }

    fn no_credentials(reason: SourceError) -> Error {
        let source = Box::new(SkippedSource::new("profile", reason));
        let skipped = Vec::new();
        let error = CredentialsError::Failed { source, skipped };
        Error::Credentials(Box::new(error))
    }

    fn malformed(field: &'static str, problem: &'static str) -> Error {
        let line = Some(3);
        let field = Some(field);
        let problem = MalformedProfile {
            profile: None,
            line,
            field,
            problem,
        };
        let path = "credentials".into();
        no_credentials(SourceError::Malformed { path, problem })
    }

    fn file(problem: SupplyError) -> Error {
        let path = "credentials".into();
        no_credentials(SourceError::File { path, problem })
    }

    fn issuer(status: u16, code: Option<&str>) -> Error {
        let code = code.map(ToString::to_string);
        no_credentials(SourceError::Refused { status, code })
    }

    #[test]
    fn polling_goes_on_after_glitches_and_ends_after_what_stays() {
        let glitches = [
            Error::Exhausted(Box::new(exhausted())),
            Error::Uncertain(Box::new(exhausted())),
            Error::Decode(Box::new(DecodeError {
                action: "DescribeFaceVerify".into(),
                status: 200,
                kind: DecodeErrorKind::Empty,
                raw: Vec::new(),
                uncertain: false,
                attempts: Vec::new(),
            })),
            service(400, Some("Throttling.User")),
            service(429, None),
            service(503, None),
            service(500, Some("InternalError")),
            service(200, Some("500")),
            service(400, Some("ServiceUnavailable")),
            service(400, Some("ServiceUnavailable.Region")),
            // Without a code, it is not the service that refuses.
            service(404, None),
            Error::Credentials(Box::new(CredentialsError::TimedOut)),
            no_credentials(SourceError::CannotConnect { cause: "x".into() }),
            no_credentials(SourceError::NoResponse { cause: None }),
            no_credentials(SourceError::TimedOut),
            no_credentials(SourceError::Expired),
            no_credentials(SourceError::Decode(DecodeErrorKind::Empty)),
            no_credentials(SourceError::Program(SupplyError::TimedOut)),
            file(SupplyError::TimedOut),
            file(SupplyError::Failed),
            issuer(429, None),
            issuer(503, Some("ServiceUnavailable")),
            issuer(400, Some("Throttling.User")),
            issuer(400, Some("ServiceUnavailable")),
        ];
        for error in glitches {
            assert!(is_transient(&error), "{error}");
        }
        let lasting = [
            Error::Invalid(Box::new(InvalidOperation {
                action: "DescribeFaceVerify".into(),
                fields: Vec::new(),
            })),
            service(403, Some("Forbidden.RAM")),
            service(404, Some("InvalidAccessKeyId.NotFound")),
            service(400, Some("SignatureDoesNotMatch")),
            service(200, Some("401")),
            service(200, Some("999")),
            malformed("current", "no profile of the selected name"),
            malformed(
                "access_key_id",
                "contains a character that no access key has",
            ),
            file(SupplyError::Missing),
            file(SupplyError::Denied),
            no_credentials(SourceError::LogInAgain),
            no_credentials(SourceError::Program(SupplyError::Exited(Some(1)))),
            no_credentials(SourceError::Output(DecodeErrorKind::Empty)),
            issuer(403, Some("NoPermission")),
            issuer(404, Some("EntityNotExist.Role")),
            Error::Credentials(Box::new(CredentialsError::Missing { variable: "X" })),
            Error::Credentials(Box::new(CredentialsError::Invalid { name: "X" })),
            UploadError::posting("FaceContrastFile", Vec::new()),
            Error::Evidence(Box::new(EvidenceError {
                evidence: EvidenceKind::Face,
                kind: EvidenceErrorKind::NotReturned,
                attempts: Vec::new(),
            })),
            Error::Finished,
        ];
        for error in lasting {
            assert!(!is_transient(&error), "{error}");
        }
    }
}
