//! The state machine behind every call; not generic, so that it is compiled once.
//!
//! ```text
//!          ┌──────── pause, turn ────────┐
//!          ▼                             │
//! Due ──pick, pay──▶ Waiting ──reply──▶ judge ──final, uncertain──▶ Settled ──▶ Finished
//!  ▲                 │  ▲  └ hedge due: one more exchange            ▲
//!  └─────────────────┘  └──────────────┘                             │
//!      again, elsewhere                   nothing left to try, no time ┘
//! ```

mod judging;
mod sending;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use crate::clock::{MonoTime, Now, UnixTime};
use crate::credentials::{Credentials, CredentialsError};
use crate::endpoint::Endpoint;
use crate::entropy::Entropy;
use crate::error::{Attempt, Error, Outcome};
use crate::flow::{ExchangeId, Step};
use crate::operation::Terms;
use crate::policy::{CallOptions, Ending, Policy};
use crate::reading::{self, Read};
use crate::session::Session;
use crate::sign::{Draft, Mismatch, Scheme, Stamp};
use crate::wire::http::{Failure, Response};
use crate::wire::params::Params;

/// What is asked; the same in all attempts.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) terms: Terms,
    pub(crate) params: Params,
    /// The endpoint that knows what is asked about.
    pub(crate) home: Option<Endpoint>,
}

impl Question {
    /// As it is put to one endpoint.
    pub(crate) fn draft<'q>(&'q self, endpoint: &'q Endpoint) -> Draft<'q> {
        Draft {
            method: self.terms.method,
            action: &self.terms.action,
            version: &self.terms.version,
            endpoint,
            params: &self.params,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Machine {
    question: Arc<Question>,
    signer: Signer,
    options: CallOptions,
    /// There from the first poll on.
    entropy: Option<Entropy>,
    /// The latest time that was told: the clock is not believed when it goes backwards.
    latest: MonoTime,
    deadline: MonoTime,
    phase: Phase,
    in_flight: Vec<InFlight>,
    abandoned: Vec<ExchangeId>,
    attempts: Vec<Attempt>,
    sent: usize,
    pauses: u32,
    is_hedged: bool,
    is_home_heard: bool,
    /// Endings that are cured by asking once more, and were met.
    cured: Vec<Ending>,
    /// Whether an attempt that was not answered may have done it.
    uncertain: bool,
    /// The last answer, if it was a refusal that is worth another try.
    refusal: Option<Refusal>,
    /// Why the call, which was to be sent, is not: for want of credentials.
    lacks_credentials: Option<CredentialsError>,
}

#[derive(Debug)]
enum Phase {
    /// To be sent.
    Due(Due),
    /// Exchanges are under way.
    Waiting,
    Settled(Result<Answer, Error>),
    Finished,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: MonoTime,
    whom: Whom,
    /// At least this long, by the service's wish.
    retry_after: Duration,
    has_paused: bool,
    has_place: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    /// The preferred endpoint; the first attempt, which is always made.
    First,
    /// Another one than the last.
    Another,
    /// The last one again.
    Same,
    /// The last one again, at once and for free.
    Cured,
    /// The one that must know.
    Home,
}

#[derive(Debug)]
struct InFlight {
    id: ExchangeId,
    endpoint: Endpoint,
    started: MonoTime,
    sent: UnixTime,
    stamp: Stamp,
    /// What it was signed with, if it was.
    signed: Option<(Scheme, Credentials)>,
    until: MonoTime,
}

/// Whose credentials a call is signed with.
#[derive(Debug)]
pub(crate) enum Signer {
    /// The session's.
    Session,
    /// These, by RPC 1.0, which keeps every parameter in the form.
    Own(Credentials),
    /// It is not signed.
    Nobody,
}

#[derive(Debug)]
struct Refusal {
    status: u16,
    read: Read,
    mismatch: Option<Mismatch>,
}

/// A reply that says that the operation succeeded.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response,
    pub(crate) endpoint: Endpoint,
    pub(crate) request_id: Option<String>,
}

impl Machine {
    pub(crate) fn new(question: Question, options: CallOptions) -> Self {
        Self {
            question: Arc::new(question),
            signer: Signer::Session,
            options,
            entropy: None,
            latest: MonoTime::default(),
            deadline: MonoTime::default(),
            phase: Phase::Due(Due::now(MonoTime::default(), Whom::First)),
            in_flight: Vec::new(),
            abandoned: Vec::new(),
            attempts: Vec::new(),
            sent: 0,
            pauses: 0,
            is_hedged: false,
            is_home_heard: false,
            cured: Vec::new(),
            uncertain: false,
            refusal: None,
            lacks_credentials: None,
        }
    }

    pub(crate) fn sign_with(&mut self, signer: Signer) {
        self.signer = signer;
    }

    pub(crate) fn poll(&mut self, session: &mut Session, now: Now) -> Step<Answer> {
        let now = self.clamp(now);
        if self.entropy.is_none() {
            self.entropy = Some(session.begin(now.mono));
            let limit = self.options.total_timeout;
            let limit = limit.unwrap_or_else(|| session.limits().total_timeout);
            self.deadline = now.mono + limit;
        }
        if let Some(overdue) = self.in_flight.iter().position(|it| it.until <= now.mono) {
            let overdue = self.in_flight.remove(overdue);
            self.abandoned.push(overdue.id);
            self.ended(
                session,
                overdue,
                Outcome::Overdue,
                None,
                Ending::NoReply,
                now,
            );
        }
        if let Some(id) = self.abandoned.pop() {
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

    pub(crate) fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    ) {
        let now = self.clamp(now);
        let Some(at) = self.in_flight.iter().position(|it| it.id == id) else {
            return;
        };
        let exchange = self.in_flight.remove(at);
        match reply {
            Ok(response) => self.answered(session, exchange, response, now),
            Err(failure) => {
                let (outcome, ending, request_id) = reading::failure(failure);
                self.ended(session, exchange, outcome, request_id, ending, now);
            }
        }
    }

    pub(crate) fn payload(&self) -> Option<&'static str> {
        self.question.terms.payload
    }

    fn clamp(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now.mono);
        Now {
            mono: self.latest,
            ..now
        }
    }
}

/// Silence that the caller's deadline cut shorter than this says nothing of an endpoint.
const FAIR: Duration = Duration::from_secs(1);

impl InFlight {
    /// Whether a failure now tells something of the endpoint: all failures do, but for a silence that
    /// was ended too early. Not all that a deadline cuts short are too early, or a caller with short
    /// deadlines would ask a dead endpoint for ever.
    fn is_fairly_judged(&self, limits: &Policy, now: MonoTime) -> bool {
        let fair = FAIR.min(limits.connect_timeout).min(limits.read_timeout);
        now < self.until || self.until.saturating_since(self.started) >= fair
    }
}

impl Due {
    fn now(at: MonoTime, whom: Whom) -> Self {
        Self {
            at,
            whom,
            retry_after: Duration::ZERO,
            has_paused: false,
            has_place: false,
        }
    }
}
