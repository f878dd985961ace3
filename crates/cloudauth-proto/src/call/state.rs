//! The state machine behind every call; not generic, so that it is compiled once.
//! The docs of [`Call`](super::Call) have its diagram.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::classify;
use super::due::{Backoff, Choice, Choices, Due, Target};
use super::findings::Findings;
use super::in_flight::{Exchanges, InFlight};
use super::result::{Refusal, Success};
use super::signer::Signer;
use super::trace;
use crate::clock::{LatestTime, MonoTime, Now};
use crate::codes::Billed;
use crate::credentials::{Credentials, CredentialsError, Lookup};
use crate::endpoint::Endpoint;
use crate::entropy::Entropy;
use crate::error::{Attempt, AttemptOutcome, BilledLimitReached, Error};
use crate::event::{AttemptInfo, CallOutcome, Event};
use crate::exchange::{Content, EncodedOperation, Exchange, ExchangeId};
use crate::flow::Step;
use crate::http::{Failure, Response, Timeouts};
use crate::policy::circuit_breaker::HealthEvidence;
use crate::policy::rate_limit::Admission;
use crate::policy::{CallOptions, Classification, Effect, RetryDecision, judge, repetition_harms};
use crate::session::Session;
use crate::sign::{Retry, Stamp};
use crate::trace::{Ended, TracedEnd, TracedInput};

#[derive(Debug)]
pub(super) struct CallState {
    operation: Arc<EncodedOperation>,
    signer: Signer,
    options: CallOptions,
    /// Set by the first poll.
    entropy: Option<Entropy>,
    /// Its number in the trace of the session, if there is one.
    flow: u64,
    latest: LatestTime,
    /// The time of the first poll.
    begun: MonoTime,
    deadline: MonoTime,
    phase: Phase,
    exchanges: Exchanges,
    /// How many backoffs the call has waited for.
    backoffs: u32,
    is_hedged: bool,
    findings: Findings,
}

#[derive(Debug)]
enum Phase {
    /// An exchange is to be started.
    Due(Due),
    /// Exchanges are in flight.
    Waiting,
    /// The result is known; exchanges may have to be abandoned first.
    Settled(Result<Success, Error>),
    Finished,
}

impl CallState {
    pub(super) fn new(operation: Arc<EncodedOperation>, options: CallOptions) -> Self {
        Self {
            operation,
            signer: options
                .credentials
                .clone()
                .map_or(Signer::Session, Signer::Call),
            options,
            entropy: None,
            flow: 0,
            latest: LatestTime::default(),
            begun: MonoTime::default(),
            deadline: MonoTime::default(),
            phase: Phase::Due(Due::new(MonoTime::default(), Target::Preferred)),
            exchanges: Exchanges::default(),
            backoffs: 0,
            is_hedged: false,
            findings: Findings::default(),
        }
    }

    pub(super) fn sign_with(&mut self, signer: Signer) {
        self.signer = signer;
    }

    pub(super) fn operation(&self) -> &EncodedOperation {
        &self.operation
    }

    pub(super) fn take_attempts(&mut self) -> Vec<Attempt> {
        self.exchanges.take_attempts()
    }

    pub(super) fn poll(&mut self, session: &mut Session, now: Now) -> Step<Success> {
        if session.tracer().is_some() {
            return self.traced_poll(session, now);
        }
        self.next_step(session, now)
    }

    #[cold]
    fn traced_poll(&mut self, session: &mut Session, now: Now) -> Step<Success> {
        if self.entropy.is_none() {
            self.flow = trace::start(session, &self.signer, &self.operation, &self.options);
        }
        let step = self.next_step(session, now);
        session.trace(|| {
            let (flow, at) = (self.flow, now.into());
            (TracedInput::Poll { flow, at }, Some(trace::step(&step)))
        });
        step
    }

    fn next_step(&mut self, session: &mut Session, now: Now) -> Step<Success> {
        let now = self.latest.clamp(now);
        if self.entropy.is_none() {
            if matches!(self.signer, Signer::Session)
                && let Some(error) = self.operation.too_long(session.signs_with())
            {
                self.phase = Phase::Settled(Err(error));
            }
            self.entropy = Some(session.begin(self.signer.account(), now.mono));
            let limit = self.options.total_timeout;
            let limit = limit.unwrap_or_else(|| session.limits().total_timeout);
            self.begun = now.mono;
            self.deadline = now.mono + limit;
        }
        if let Some(overdue) = self.exchanges.take_overdue(now.mono) {
            let outcome = AttemptOutcome::TimedOut;
            self.ended(
                session,
                overdue,
                outcome,
                None,
                Classification::NoResponse,
                now,
            );
        }
        if let Some(id) = self.exchanges.next_abandoned() {
            return Step::Abandon(id);
        }
        match mem::replace(&mut self.phase, Phase::Finished) {
            Phase::Due(due) => self.advance(session, due, now),
            Phase::Waiting => {
                self.phase = Phase::Waiting;
                self.wait(session, now)
            }
            Phase::Settled(result) => Step::Done(result),
            Phase::Finished => Step::Done(Err(Error::Finished)),
        }
    }

    pub(super) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
        receive: classify::Receive<'_>,
    ) {
        let at = now;
        let now = self.latest.clamp(now);
        let mut end = None;
        if let Some(exchange) = self.exchanges.take(id) {
            match result {
                Ok(response) => {
                    end = self.received(session, exchange, response, now, receive);
                }
                Err(failure) => {
                    let (outcome, classification, request_id) = classify::failure(failure);
                    end = Some(TracedEnd::Failed(classification));
                    self.ended(session, exchange, outcome, request_id, classification, now);
                }
            }
        }
        session.trace(|| {
            let report = TracedInput::Report {
                flow: self.flow,
                at: at.into(),
                exchange: id.0,
                end,
            };
            (report, None)
        });
    }

    /// Advances towards the next exchange as far as the time allows.
    fn advance(&mut self, session: &mut Session, mut due: Due, now: Now) -> Step<Success> {
        if now.mono < due.at {
            return self.later(due, due.at);
        }
        if let (Some(error), Some(last)) = (
            &mut self.findings.lacks_credentials,
            session.credential_cache().last_failure(),
        ) {
            // The failure of the refresh says more than that the time is over.
            error.clone_from(last);
        }
        if now.mono >= self.deadline || self.exchanges.sent() >= session.limits().max_attempts {
            return self.stop();
        }
        if let Some(reached) = self.billed_limit_reached(session, now.mono) {
            if self.exchanges.sent() == 0 {
                return Step::Done(Err(Error::BilledLimit(Box::new(reached))));
            }
            return self.stop();
        }
        let credentials = match self.credentials(session, due, now) {
            Ok(credentials) => credentials,
            Err(step) => return *step,
        };
        let budget_suffices = session.budget_suffices(self.signer.account(), now.mono);
        let choices = self.choices();
        let choice = choices.choose(session, due.target, budget_suffices, now.mono);
        let Some(Choice {
            endpoint,
            was_used,
            costs,
        }) = choice
        else {
            return self.stop();
        };
        if let Some(until) = self.findings.not_before(&endpoint)
            && now.mono < until
        {
            return self.later(due, until);
        }
        let is_at_once = matches!(due.target, Target::Preferred | Target::SameForFree);
        let must_back_off = match due.backoff {
            Backoff::IfUsed => was_used && !is_at_once,
            Backoff::Always => true,
            Backoff::Over => false,
        };
        if must_back_off {
            due.backoff = Backoff::Over;
            let backoff = self.backoff(session);
            if !backoff.is_zero() {
                return self.later(due, now.mono + backoff);
            }
        }
        let action = &self.operation.metadata.action;
        match session.admit(
            self.signer.account(),
            action,
            due.planned,
            self.deadline,
            now.mono,
        ) {
            Admission::Send => {}
            Admission::Wait { planned } => {
                due.planned = Some(planned);
                return self.later(due, planned);
            }
        }
        if costs {
            session.withdraw(self.signer.account(), now.mono);
        }
        let sent = self.exchanges.sent();
        let retry = (sent > 0).then(|| Retry {
            attempts: sent,
            delay: now.mono.saturating_since(self.last_end()),
        });
        self.send(session, endpoint, credentials, retry, now)
    }

    /// The session's credentials, if the call is signed with them; or the step towards having some.
    fn credentials(
        &mut self,
        session: &mut Session,
        due: Due,
        now: Now,
    ) -> Result<Option<Credentials>, Box<Step<Success>>> {
        if !matches!(self.signer, Signer::Session) {
            return Ok(None);
        }
        let step = match session.credential_cache_mut().look_up(now, self.deadline) {
            Lookup::Hit(found) => {
                self.findings.lacks_credentials = None;
                let refused = self.findings.refused_credentials.as_ref();
                if refused.is_some_and(|refused| refused.is_same(&found.credentials)) {
                    // There are no others.
                    return Err(Box::new(self.stop()));
                }
                return Ok(Some(found.credentials));
            }
            Lookup::Refresh(ticket) => Step::Authenticate(ticket),
            Lookup::Wait(until) => Step::Wait(until.min(self.deadline)),
            Lookup::Failed { error, retry_at } => {
                self.findings.lacks_credentials = Some(error);
                let step = match retry_at.filter(|at| *at < self.deadline) {
                    Some(at) => {
                        self.phase = Phase::Due(due);
                        Step::Wait(at)
                    }
                    None => self.stop(),
                };
                return Err(Box::new(step));
            }
        };
        self.findings.lacks_credentials = Some(CredentialsError::TimedOut);
        self.phase = Phase::Due(due);
        Err(Box::new(step))
    }

    /// Whether the next exchange counts as a call that is or may be billed: the first one, and one after
    /// another that may have been carried out, or beside one.
    fn counts_as_billed(&self) -> bool {
        let is_first = self.exchanges.sent() == 0;
        let may_be_second = self.findings.uncertain || !self.exchanges.in_flight().is_empty();
        (is_first || may_be_second) && self.operation.metadata.may_be_billed()
    }

    /// Why the next exchange cannot be sent, if it is or may be billed.
    fn billed_limit_reached(
        &self,
        session: &mut Session,
        now: MonoTime,
    ) -> Option<BilledLimitReached> {
        let limit = session.billed_limit()?;
        let action = self.operation.metadata.action.clone();
        limit
            .refusal(action, now)
            .filter(|_| self.counts_as_billed())
    }

    fn later(&mut self, due: Due, at: MonoTime) -> Step<Success> {
        if at >= self.deadline {
            // The call cannot succeed any more, so its caller need not wait.
            return self.stop();
        }
        self.phase = Phase::Due(Due { at, ..due });
        Step::Wait(at)
    }

    fn choices(&self) -> Choices<'_> {
        Choices {
            pinned: self.options.endpoint.as_ref(),
            origin: self.operation.origin.as_ref(),
            exchanges: &self.exchanges,
            refused: &self.findings.refused,
        }
    }

    fn backoff(&mut self, session: &mut Session) -> Duration {
        let longest = session.limits().backoff_before(self.backoffs);
        self.backoffs += 1;
        let entropy = self.entropy.as_mut();
        let drawn = entropy.map_or(longest, |entropy| entropy.jitter(longest));
        session.drawn(drawn).min(longest)
    }

    fn last_end(&self) -> MonoTime {
        let last = self.exchanges.attempts().last();
        last.map_or_else(|| self.latest.get(), |attempt| attempt.ended)
    }

    fn send(
        &mut self,
        session: &mut Session,
        endpoint: Endpoint,
        credentials: Option<Credentials>,
        retry: Option<Retry>,
        now: Now,
    ) -> Step<Success> {
        let timeouts = self.timeouts(session, &endpoint, now.mono);
        let response_limit = session.limits().response_limit;
        let until = now.mono + timeouts.total;
        let signed = self.signer.signs_with(session, credentials);
        if let Some(limit) = session.billed_limit()
            && self.counts_as_billed()
        {
            limit.record(now.mono);
        }
        let id = session.next_exchange();
        session.begin_exchange(&endpoint, id, until, now.mono);
        let entropy = self
            .entropy
            .get_or_insert_with(|| session.begin(self.signer.account(), now.mono));
        let stamp = Stamp {
            at: session.service_time(now),
            nonce: entropy.nonce(),
            retry,
        };
        self.phase = Phase::Waiting;
        let resend = self.exchanges.sent();
        session.record(|| Event::AttemptStarted {
            info: self.info(id, &endpoint, resend),
            after: self.findings.last.clone(),
        });
        self.exchanges.start(InFlight {
            id,
            resend,
            endpoint: endpoint.clone(),
            started: now.mono,
            stamp: stamp.clone(),
            signed: signed.clone(),
            connect: timeouts.connect,
            until,
        });
        Step::Send(Exchange {
            id,
            timeouts,
            response_limit,
            content: Content::Operation {
                operation: Arc::clone(&self.operation),
                endpoint,
                stamp,
                signed,
            },
        })
    }

    /// The time-outs of an exchange. While the call could go on to another endpoint, they leave it time
    /// for that; if repeating the operation does harm, it can go on only if it did not connect.
    fn timeouts(&self, session: &Session, endpoint: &Endpoint, now: MonoTime) -> Timeouts {
        let limits = session.limits();
        let (connect, read) = (limits.connect_timeout, limits.read_timeout);
        let rest = self.deadline.saturating_since(now);
        let may_go_on = self.exchanges.sent() + 1 < limits.max_attempts
            && self.choices().has_unused_besides(session, endpoint);
        if !may_go_on {
            return Timeouts::new(connect, read, rest);
        }
        let share = rest.saturating_sub(connect.min(rest / 2));
        if repetition_harms(self.operation.metadata.effect, self.options.repeat) {
            Timeouts::new(connect.min(share), read, rest)
        } else {
            Timeouts::new(connect, read, share)
        }
    }

    fn wait(&mut self, session: &mut Session, now: Now) -> Step<Success> {
        let overdue = self.exchanges.next_overdue().unwrap_or(self.deadline);
        let Some(hedge_at) = self.hedge_at(session) else {
            return Step::Wait(overdue);
        };
        if now.mono < hedge_at {
            return Step::Wait(overdue.min(hedge_at));
        }
        self.is_hedged = true;
        let current = session.credential_cache().current(now);
        let credentials = current.map(|found| found.credentials.clone());
        let other = self.choices().hedge(session, now.mono);
        let action = &self.operation.metadata.action;
        let is_limited = self.billed_limit_reached(session, now.mono).is_some();
        match other {
            Some(other)
                if !is_limited
                    && (credentials.is_some() || !matches!(self.signer, Signer::Session))
                    && session.budget_suffices(self.signer.account(), now.mono)
                    && session.admit_at_once(self.signer.account(), action, now.mono) =>
            {
                session.withdraw(self.signer.account(), now.mono);
                self.send(session, other, credentials, None, now)
            }
            Some(_) | None => Step::Wait(overdue),
        }
    }

    /// When a second exchange is to be started at another endpoint.
    fn hedge_at(&self, session: &Session) -> Option<MonoTime> {
        let wait = self.options.hedge_after?;
        let [only] = self.exchanges.in_flight() else {
            return None;
        };
        let may = self.operation.metadata.effect == Effect::ReadOnly
            && !self.is_hedged
            && self.options.endpoint.is_none()
            && self.exchanges.sent() < session.limits().max_attempts;
        may.then(|| only.started + wait)
    }

    fn received(
        &mut self,
        session: &mut Session,
        exchange: InFlight,
        response: Response,
        now: Now,
        receive: classify::Receive<'_>,
    ) -> Option<TracedEnd> {
        let status = response.head.status;
        let limit = session.limits().response_limit;
        let mut received = receive(&response, &self.operation.metadata, limit);
        let is_traced = session.tracer().is_some();
        let end = is_traced.then(|| TracedEnd::responded(trace::response(status, &received)));
        let mismatch = self.operation.mismatch(&exchange, &received);
        let classification = self.findings.classify_by_origin(
            &self.operation,
            self.options.endpoint.is_some(),
            &exchange.endpoint,
            &received,
            received.remedied(session, &self.signer, &exchange, now),
        );
        let outcome = received.outcome(status);
        let request_id = received.request_id.take();
        let effect = self.operation.metadata.effect;
        let is_final = judge(classification, effect, self.options.repeat) == RetryDecision::Final
            || self.findings.repeated.contains(&classification);
        if is_final {
            let endpoint = exchange.endpoint.clone();
            let evidence = exchange.evidence(classification, session.limits(), now.mono);
            session.end_exchange(&endpoint, exchange.id, evidence, now.mono);
            let decision = RetryDecision::Final;
            self.record(session, exchange, outcome, request_id.clone(), decision);
            let uncertain = self.findings.is_uncertain(&self.operation);
            let result = received.into_result(
                &self.operation,
                response,
                endpoint,
                request_id,
                mismatch,
                uncertain,
            );
            self.settle(session, result);
        } else {
            if !received.retry_after.is_zero() {
                let until = now.mono + received.retry_after;
                let endpoint = exchange.endpoint.clone();
                self.findings.not_before.push((endpoint, until));
            }
            let is_refusal = !classification.counts_against_endpoint()
                && classification != Classification::UnknownHere;
            if classification == Classification::CredentialsRefused {
                let refused = exchange.signed.as_ref();
                self.findings.refused_credentials = refused.map(|(_, refused)| refused.clone());
            }
            self.findings.refusal = is_refusal.then_some(Refusal {
                response,
                received,
                mismatch,
            });
            self.ended(session, exchange, outcome, request_id, classification, now);
        }
        end
    }

    /// An exchange ended without being the result of the call.
    fn ended(
        &mut self,
        session: &mut Session,
        exchange: InFlight,
        outcome: AttemptOutcome,
        request_id: Option<String>,
        classification: Classification,
        now: Now,
    ) {
        let evidence = exchange.evidence(classification, session.limits(), now.mono);
        session.end_exchange(&exchange.endpoint, exchange.id, evidence, now.mono);
        if classification.counts_against_endpoint() {
            self.findings.refusal = None;
        }
        if classification == Classification::CertificateRefused {
            self.findings.refused.push(exchange.endpoint.clone());
        }
        self.findings.uncertain |= classification.may_have_been_carried_out();
        self.findings.last = Some((exchange.endpoint.clone(), classification));
        let effect = self.operation.metadata.effect;
        let decision = judge(classification, effect, self.options.repeat);
        self.record(session, exchange, outcome, request_id, decision);
        if !self.exchanges.in_flight().is_empty() {
            // The other exchange may still have a response.
            return;
        }
        let target = match decision {
            RetryDecision::Elsewhere if classification == Classification::UnknownHere => {
                Target::Origin
            }
            // It is final if every endpoint says so.
            RetryDecision::Elsewhere if classification == Classification::Unreadable => {
                Target::Unused
            }
            RetryDecision::Elsewhere | RetryDecision::ElsewhereAfterBackoff => Target::Another,
            RetryDecision::OnceMore => {
                self.findings.repeated.push(classification);
                Target::SameForFree
            }
            RetryDecision::Uncertain | RetryDecision::Final => {
                self.findings.refusal = None;
                let error = self.give_up();
                return self.settle(session, Err(error));
            }
        };
        let mut due = Due::new(now.mono, target);
        if decision == RetryDecision::ElsewhereAfterBackoff {
            due.backoff = Backoff::Always;
        }
        self.phase = Phase::Due(due);
    }

    fn record(
        &mut self,
        session: &mut Session,
        exchange: InFlight,
        outcome: AttemptOutcome,
        request_id: Option<String>,
        decision: RetryDecision,
    ) {
        let (id, resend) = (exchange.id, exchange.resend);
        session.trace_end(|| Ended::new(id, &outcome, decision));
        self.exchanges
            .record(exchange, self.latest.get(), outcome, request_id, decision);
        let Some(attempt) = self.exchanges.attempts().last() else {
            return;
        };
        session.record(|| Event::AttemptEnded {
            info: self.info(id, &attempt.endpoint, resend),
            attempt: attempt.clone(),
        });
    }

    fn info(&self, exchange: ExchangeId, endpoint: &Endpoint, resend: usize) -> AttemptInfo {
        AttemptInfo {
            exchange,
            action: self.operation.metadata.action.clone(),
            method: self.operation.metadata.method,
            endpoint: endpoint.clone(),
            resend,
        }
    }

    /// The event that tells how the call ended.
    pub(super) fn end_event(&self, outcome: CallOutcome, billed: Option<Billed>) -> Event {
        Event::CallEnded {
            action: self.operation.metadata.action.clone(),
            took: self.latest.get().saturating_since(self.begun),
            attempts: self.exchanges.sent(),
            outcome,
            billed,
        }
    }

    /// The call has a result. Exchanges still in flight lost a race.
    fn settle(&mut self, session: &mut Session, mut result: Result<Success, Error>) {
        let winner = self.exchanges.attempts().last();
        let winner = winner.map(|winner| winner.started);
        for loser in self.exchanges.take_all() {
            // It was started earlier and lost all the same.
            let has_failed = winner.is_some_and(|winner| loser.started < winner);
            let evidence = if has_failed {
                HealthEvidence::Failure
            } else {
                HealthEvidence::None
            };
            session.end_exchange(&loser.endpoint, loser.id, evidence, self.latest.get());
            let outcome = AttemptOutcome::Superseded;
            self.record(session, loser, outcome, None, RetryDecision::Final);
        }
        if let Err(error) = &mut result {
            error.set_attempts(self.take_attempts());
        }
        self.phase = Phase::Settled(result);
    }

    /// Ends the call: nothing is left to try, or no time to try it.
    fn stop(&mut self) -> Step<Success> {
        let mut error = self.give_up();
        error.set_attempts(self.take_attempts());
        Step::Done(Err(error))
    }

    fn give_up(&mut self) -> Error {
        self.findings.give_up(&self.operation)
    }
}
