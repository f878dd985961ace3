//! The flow that fetches credentials from a source. Sources are nested and tried one after the other, so
//! it is a coroutine with a stage.

mod ecs;
mod profile;
mod request;
mod response;
mod resume;
mod stage;
mod start;
mod sts;
mod walk;
mod who_am_i;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::ControlFlow::{Break, Continue};

use zeroize::Zeroize;

use request::sts_call;
use response::FetchedCredentials;
use resume::issuer_time;
use stage::{Input, RefreshStage, Responder, StsCall, Supplied};
use walk::{Resolved, SourceWalk};
pub use who_am_i::WhoAmI;

use crate::call::Signer;
use crate::call::plain::PlainCall;
use crate::clock::{LatestTime, MonoTime, Now};
use crate::credentials::{
    CredentialsError, Lifetime, ProvidedCredentials, RefreshId, RefreshTicket, ResolvedCredentials,
    SkippedSource, Source, SourceError, SupplyError,
};
use crate::error::Error;
use crate::event::Event;
use crate::exchange::ExchangeId;
use crate::flow::{Flow, Step};
use crate::http::{Failure, Response};
use crate::session::Session;

/// A [`Flow`] that fetches credentials from a session's source and stores them in the session.
///
/// A driver runs it for [`Step::Authenticate`], which has the ticket: beside the calls, on a thread or a
/// task of its own ([`Refresh::new`]), or in place of the call that got the ticket ([`Refresh::inline`]).
/// After a failure the next one waits for a backoff of at most 1 s, which doubles up to 10 s (60 s while
/// there are credentials that can still be used).
pub struct Refresh {
    id: RefreshId,
    deadline: MonoTime,
    /// Whether a call spends its own time on it.
    is_inline: bool,
    latest: LatestTime,
    /// The time of the last request.
    sent: Now,
    walk: SourceWalk,
    stage: RefreshStage,
    supplied: Option<Result<Supplied, SupplyError>>,
}

impl Refresh {
    /// Makes the flow for a driver that runs it beside the calls, which are polled meanwhile. It ends by
    /// its own time limits and within 2 minutes, whatever the deadline of the call that got the ticket: an
    /// issuer that takes longer than the calls may wait has credentials for the calls after them.
    #[must_use]
    pub fn new(ticket: RefreshTicket) -> Self {
        let deadline = ticket.deadline;
        Self::until(ticket, deadline, false)
    }

    /// Makes the flow for a driver that runs it to its end before it polls the call again that got the
    /// ticket. It ends at that call's deadline at the latest; while there are credentials that can be
    /// used, after a quarter of the time until then.
    #[must_use]
    pub fn inline(ticket: RefreshTicket) -> Self {
        let deadline = ticket.deadline.min(ticket.wanted_until);
        Self::until(ticket, deadline, true)
    }

    fn until(ticket: RefreshTicket, deadline: MonoTime, is_inline: bool) -> Self {
        let RefreshTicket {
            id, source, begun, ..
        } = ticket;
        let source = Arc::unwrap_or_clone(source);
        Self {
            id,
            deadline,
            is_inline,
            latest: LatestTime::new(begun),
            sent: Now::default(),
            walk: SourceWalk::default(),
            stage: RefreshStage::Enter(Box::new(source)),
            supplied: None,
        }
    }

    /// Requests an input from the driver, or continues with it.
    fn input(
        &mut self,
        input: Input,
        until: Option<MonoTime>,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<ResolvedCredentials>> {
        let Some(until) = until else {
            let timeout = input
                .timeout()
                .min(self.deadline.saturating_since(now.mono));
            let step = input.step(timeout);
            let until = now.mono + timeout;
            self.extend(session, until);
            self.supplied = None;
            let until = Some(until);
            self.stage = RefreshStage::Supply { input, until };
            return Some(step);
        };
        match self.supplied.take() {
            Some(contents) => {
                self.supplied_input(input, contents, session, now);
                None
            }
            None if until <= now.mono => {
                let contents = Err(SupplyError::TimedOut);
                self.supplied_input(input, contents, session, now);
                None
            }
            None => {
                let requested = Some(until);
                self.stage = RefreshStage::Supply {
                    input,
                    until: requested,
                };
                Some(self.wait(session, until))
            }
        }
    }

    fn supplied_input(
        &mut self,
        input: Input,
        contents: Result<Supplied, SupplyError>,
        session: &Session,
        now: Now,
    ) {
        let (walk, deadline) = (&mut self.walk, self.deadline);
        self.stage = resume::supplied(input, contents, walk, session, now, deadline);
    }

    fn plain(
        &mut self,
        mut call: Box<PlainCall>,
        responder: Responder,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<ResolvedCredentials>> {
        match self.step(call.poll(session, now), session, now) {
            Ok(step) => {
                self.stage = RefreshStage::Plain(call, responder);
                Some(step)
            }
            Err(result) => {
                let result = result
                    .map_err(sts::reason)
                    .and_then(request::plain_response);
                let (sent, deadline) = (self.sent, self.deadline);
                self.stage = resume::responded(responder, result, session, now, sent, deadline);
                None
            }
        }
    }

    fn call(
        &mut self,
        mut call: StsCall,
        provider: &'static str,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<ResolvedCredentials>> {
        match self.step(call.poll(session, now), session, now) {
            // It has its credentials, and needs no file and no program.
            Ok(
                Step::Authenticate(_) | Step::Read { .. } | Step::Run { .. } | Step::Provide { .. },
            ) => {
                self.stage = RefreshStage::Failed(SourceError::TimedOut);
                None
            }
            Ok(step) => {
                self.stage = RefreshStage::Call(call, provider);
                Some(step)
            }
            Err(result) => {
                let fetched = result.map_err(sts::reason).and_then(|mut reply| {
                    reply.raw.zeroize();
                    let time = issuer_time(reply.head.date(), self.sent, session, now);
                    reply.value.into_fetched(provider, time)
                });
                self.stage = fetched.into();
                None
            }
        }
    }

    /// The step of a flow within this one, or its result.
    fn step<T>(
        &mut self,
        step: Step<T>,
        session: &mut Session,
        now: Now,
    ) -> Result<Step<ResolvedCredentials>, Result<T, Error>> {
        let step = match step.or_done() {
            Continue(step) => step,
            Break(result) => return Err(result),
        };
        match &step {
            Step::Send(exchange) => {
                self.sent = now;
                self.extend(session, now.mono + exchange.timeouts.total);
            }
            Step::Wait(until) => self.extend(session, *until),
            Step::Abandon(_)
            | Step::Authenticate(_)
            | Step::Read { .. }
            | Step::Run { .. }
            | Step::Provide { .. }
            | Step::Done(_) => {}
        }
        Ok(step)
    }

    /// Continues with the credentials of the current source, which are the result or assume a role.
    fn fetched(
        &mut self,
        fetched: FetchedCredentials,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<ResolvedCredentials>> {
        match self.walk.resolve(fetched) {
            Resolved::Inner(fetched) => {
                self.stage = RefreshStage::Fetched(fetched);
                None
            }
            Resolved::Assume { fetched, role, sts } => {
                let signer = Signer::Own(fetched.credentials);
                let operation = sts::AssumeRoleRequest(role);
                let deadline = self.deadline;
                self.stage = sts_call(&operation, signer, sts, "ram_role_arn", now, deadline);
                None
            }
            Resolved::Credentials(fetched, found, pinned) => Some(Step::Done(
                self.store(&fetched, found, pinned, session, now),
            )),
        }
    }

    /// Stores the credentials that were found.
    fn store(
        &self,
        fetched: &FetchedCredentials,
        found: ResolvedCredentials,
        pinned: Option<Source>,
        session: &mut Session,
        now: Now,
    ) -> Result<ResolvedCredentials, Error> {
        let lifetime = Lifetime {
            expires_after: fetched.lifetime,
            fresh_for: fetched.fresh_for,
            is_on_trial: fetched.is_on_trial,
        };
        let is_stored = session.end_refresh(self.id, lifetime, found.clone(), pinned, now);
        if !is_stored {
            let source = Box::new(SkippedSource::new(found.source, SourceError::Expired));
            let skipped = found.skipped;
            let error = CredentialsError::Failed { source, skipped };
            session.fail_refresh(self.id, error.clone(), false, now);
            return Err(Error::Credentials(Box::new(error)));
        }
        session.record(|| Event::Refreshed { error: None });
        if !found.skipped.is_empty() {
            session.record(|| Event::SourcesSkipped {
                source: found.source.clone(),
                skipped: found.skipped.clone(),
            });
        }
        Ok(found)
    }

    /// Continues without credentials of the current source.
    fn without(&mut self, reason: SourceError, is_failure: bool, now: Now) {
        self.walk.record(reason);
        self.next(is_failure, now.mono >= self.deadline);
    }

    fn next(&mut self, is_failure: bool, is_out_of_time: bool) {
        self.stage = match self.walk.next(is_failure, is_out_of_time) {
            Some(source) => RefreshStage::Enter(Box::new(source)),
            None => RefreshStage::Finished,
        };
    }

    /// Ends the refresh: no source has credentials.
    fn end(&mut self, session: &mut Session, now: Now) -> Step<ResolvedCredentials> {
        let was_cut_short = self.is_inline && now.mono >= self.deadline;
        let error = self.walk.error();
        session.fail_refresh(self.id, error.clone(), was_cut_short, now);
        Step::Done(Err(Error::Credentials(Box::new(error))))
    }

    /// Extends the reservation of this refresh.
    fn extend(&self, session: &mut Session, until: MonoTime) {
        session.extend_refresh(self.id, until, self.latest.get());
    }

    fn wait(&self, session: &mut Session, until: MonoTime) -> Step<ResolvedCredentials> {
        self.extend(session, until);
        Step::Wait(until)
    }
}

impl Flow for Refresh {
    type Output = ResolvedCredentials;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<ResolvedCredentials> {
        let now = self.latest.clamp(now);
        loop {
            let step = match mem::replace(&mut self.stage, RefreshStage::Finished) {
                RefreshStage::Finished => return Step::Done(Err(Error::Finished)),
                RefreshStage::Enter(_) if self.deadline <= now.mono => {
                    self.stage = RefreshStage::Failed(SourceError::TimedOut);
                    None
                }
                RefreshStage::Enter(source) => {
                    let deadline = self.deadline;
                    self.stage = start::enter(*source, &mut self.walk, session, now, deadline);
                    None
                }
                RefreshStage::Supply { input, until } => self.input(input, until, session, now),
                RefreshStage::Plain(call, responder) => self.plain(call, responder, session, now),
                RefreshStage::Call(call, provider) => self.call(call, provider, session, now),
                RefreshStage::Fetched(fetched) => self.fetched(fetched, session, now),
                RefreshStage::Failed(reason) => {
                    self.without(reason, true, now);
                    None
                }
                RefreshStage::Absent(reason) => {
                    self.without(reason, false, now);
                    None
                }
                RefreshStage::Next { is_failure } => {
                    self.next(is_failure, false);
                    None
                }
            };
            if let Some(step) = step {
                return step;
            }
            if let RefreshStage::Finished = self.stage {
                return self.end(session, now);
            }
        }
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        let now = self.latest.clamp(now);
        match &mut self.stage {
            RefreshStage::Plain(call, _) => call.report(session, id, result, now),
            RefreshStage::Call(call, _) => call.report(session, id, result, now),
            RefreshStage::Enter(_)
            | RefreshStage::Supply { .. }
            | RefreshStage::Fetched(_)
            | RefreshStage::Failed(_)
            | RefreshStage::Absent(_)
            | RefreshStage::Next { .. }
            | RefreshStage::Finished => {}
        }
    }

    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        if let RefreshStage::Supply { until: Some(_), .. } = self.stage {
            self.supplied = Some(contents.map(Supplied::Contents));
        }
    }

    fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        if let RefreshStage::Supply { until: Some(_), .. } = self.stage {
            self.supplied = Some(provided.map(Supplied::Credentials));
        }
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh")
            .field("source", &self.walk.path())
            .field("skipped", &self.walk.skipped())
            .finish_non_exhaustive()
    }
}
