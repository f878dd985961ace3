//! Getting credentials from a source: one thing after another, so a coroutine with a stage.

mod answers;
mod entering;
mod leaving;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use answers::giver_time;

use super::Credentials;
use super::ask::{Ask, Asking};
use super::ecs::Ecs;
use super::error::{PassedOver, Reason, Unsupplied};
use super::keyring::given_as;
use super::reply::{Got, Keys};
use super::source::{External, Oidc, Profile, Role, Source};
use super::sts;
use crate::call::Reply;
use crate::clock::{MonoTime, Now, UnixTime};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::flow::{ExchangeId, Flow, Step};
use crate::session::Session;
use crate::wire::http::{Failure, Response};

/// The longest time that a program may take, as in the vendor's SDKs (recorded).
const PROGRAM: Duration = Duration::from_secs(60);

/// Reading a file takes no longer, or whoever reads is gone.
const FILE: Duration = Duration::from_secs(5);

/// Credentials, and where they were found.
///
/// `Debug` masks them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The credentials.
    pub credentials: Credentials,
    /// The source: the vendor's names of its providers, outermost first, with slashes between.
    pub source: String,
    /// When they expire, by the clock of whoever gave them; nothing if that is not known.
    pub expires: Option<UnixTime>,
    /// The sources before this one, and why each was passed over.
    pub passed_over: Vec<PassedOver>,
}

impl Found {
    /// Those that were given in code.
    pub(super) fn given(credentials: Credentials) -> Self {
        Self {
            source: given_as(&credentials).into(),
            credentials,
            expires: None,
            passed_over: Vec::new(),
        }
    }
}

/// Getting credentials, as a [`Flow`]. A [`Session`] hands one out with
/// [`Step::Authenticate`]; what it finds, it leaves in the session.
pub struct Refresh {
    ticket: u64,
    begun: MonoTime,
    deadline: MonoTime,
    latest: MonoTime,
    /// When the last question was put.
    asked: MonoTime,
    frames: Vec<Frame>,
    path: Vec<&'static str>,
    passed_over: Vec<PassedOver>,
    /// The link of the outermost chain that is being tried.
    pinned: Option<Source>,
    stage: Stage,
    supplied: Option<Result<Vec<u8>, Unsupplied>>,
    /// Exchanges of this stage are counted from here.
    first_id: u32,
    next_id: u32,
}

/// What is to be done with what the source inside gives.
enum Frame {
    Chain {
        rest: VecDeque<Source>,
        depth: usize,
    },
    Role {
        role: Role,
        sts: Endpoint,
    },
}

type StsCall = Box<dyn Flow<Output = Reply<Keys>> + Send>;

enum Stage {
    Enter(Box<Source>),
    Supply { wish: Wish, until: Option<MonoTime> },
    Ask(Ask, Then),
    Call(StsCall, &'static str),
    Got(Got),
    Failed(Reason),
    Finished,
}

impl Stage {
    fn of(got: Result<Got, Reason>) -> Self {
        match got {
            Ok(got) => Self::Got(got),
            Err(reason) => Self::Failed(reason),
        }
    }
}

/// What the driver is to supply, and for whom.
enum Wish {
    Profile(Profile),
    Token(Box<Oidc>),
    Output(External),
}

/// Who asks.
enum Then {
    Ecs(Ecs),
    Uri,
    Sso,
    OAuth,
}

/// Which refresh, among those of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket(u64);

impl Ticket {
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl Refresh {
    /// Its ticket, with which [`Session::release`] gives its place to another call.
    #[must_use]
    pub fn ticket(&self) -> Ticket {
        Ticket(self.ticket)
    }

    pub(super) fn new(ticket: u64, source: Source, now: MonoTime, deadline: MonoTime) -> Self {
        Self {
            ticket,
            begun: now,
            deadline,
            latest: now,
            asked: now,
            frames: Vec::new(),
            path: Vec::new(),
            passed_over: Vec::new(),
            pinned: None,
            stage: Stage::Enter(Box::new(source)),
            supplied: None,
            first_id: 0,
            next_id: 0,
        }
    }

    /// Asks the driver for a file or a program's output, or goes on with it.
    fn wish(
        &mut self,
        wish: Wish,
        until: Option<MonoTime>,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<Found>> {
        let Some(until) = until else {
            let rest = self.deadline.saturating_since(now.mono);
            let (limit, step) = match &wish {
                Wish::Profile(profile) => (FILE, Step::Read(profile.path.clone())),
                Wish::Token(oidc) => (FILE, Step::Read(oidc.token_file.clone())),
                Wish::Output(external) => {
                    let argv = external.argv.clone();
                    let timeout = PROGRAM.min(rest);
                    // The driver ends it, and needs a moment for that.
                    (timeout + FILE, Step::Run { argv, timeout })
                }
            };
            let until = now.mono + limit;
            self.hold(session, until);
            self.supplied = None;
            let until = Some(until);
            self.stage = Stage::Supply { wish, until };
            return Some(step);
        };
        match self.supplied.take() {
            Some(contents) => {
                self.stage = self.supplied(wish, contents, session, now);
                None
            }
            None if until <= now.mono => {
                self.stage = Stage::Failed(Reason::OutOfTime);
                None
            }
            None => {
                let told = Some(until);
                self.stage = Stage::Supply { wish, until: told };
                Some(self.wait(session, until))
            }
        }
    }

    fn ask(
        &mut self,
        mut ask: Ask,
        then: Then,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<Found>> {
        let next = ExchangeId(self.next_id);
        let step = match ask.poll(next, now.mono, self.deadline) {
            Asking::Over(reply) => {
                self.first_id = self.next_id;
                self.stage = Self::answered(then, reply, session, now, self.asked);
                return None;
            }
            Asking::Send(exchange, until) => {
                self.next_id += 1;
                self.asked = now.mono;
                self.hold(session, until);
                Step::Send(exchange)
            }
            Asking::Abandon(id) => Step::Abandon(id),
            Asking::Wait(until) => self.wait(session, until),
        };
        self.stage = Stage::Ask(ask, then);
        Some(step)
    }

    fn call(
        &mut self,
        mut call: StsCall,
        provider: &'static str,
        session: &mut Session,
        now: Now,
    ) -> Option<Step<Found>> {
        let step = match call.poll(session, now) {
            Step::Send(mut exchange) => {
                let id = self.first_id + exchange.id.0;
                exchange.id = ExchangeId(id);
                self.next_id = self.next_id.max(id + 1);
                self.asked = now.mono;
                self.hold(session, now.mono + exchange.timeouts.whole);
                Step::Send(exchange)
            }
            Step::Abandon(ExchangeId(id)) => Step::Abandon(ExchangeId(self.first_id + id)),
            Step::Wait(until) => self.wait(session, until),
            Step::Done(result) => {
                self.first_id = self.next_id;
                let got = result.map_err(sts::reason).and_then(|reply| {
                    let time = giver_time(reply.date, self.asked, session, now);
                    reply.value.got(provider, time)
                });
                self.stage = Stage::of(got);
                return None;
            }
            // Its credentials are given, and it reads and runs nothing.
            Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
                self.stage = Stage::Failed(Reason::OutOfTime);
                return None;
            }
        };
        self.stage = Stage::Call(call, provider);
        Some(step)
    }

    fn clamp(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now.mono);
        let mono = self.latest;
        Now { mono, ..now }
    }

    /// It will be heard of by then.
    fn hold(&self, session: &mut Session, until: MonoTime) {
        session.keyring_mut().hold(self.ticket, until, self.latest);
    }

    fn wait(&self, session: &mut Session, until: MonoTime) -> Step<Found> {
        self.hold(session, until);
        Step::Wait(until)
    }
}

impl Flow for Refresh {
    type Output = Found;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Found> {
        let now = self.clamp(now);
        loop {
            let step = match mem::replace(&mut self.stage, Stage::Finished) {
                Stage::Finished => return Step::Done(Err(Error::Finished)),
                Stage::Enter(source) => {
                    self.stage = self.enter(*source, session, now);
                    None
                }
                Stage::Supply { wish, until } => self.wish(wish, until, session, now),
                Stage::Ask(ask, then) => self.ask(ask, then, session, now),
                Stage::Call(call, provider) => self.call(call, provider, session, now),
                Stage::Got(got) => self.got(got, session, now),
                Stage::Failed(reason) => {
                    self.stage = self.failed(reason);
                    None
                }
            };
            if let Some(step) = step {
                return step;
            }
            if let (Stage::Finished, true) = (&self.stage, self.frames.is_empty()) {
                return self.end(session, now);
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
        let now = self.clamp(now);
        match &mut self.stage {
            Stage::Ask(ask, _) => ask.report(id, reply),
            Stage::Call(call, _) => {
                if let Some(id) = id.0.checked_sub(self.first_id) {
                    call.report(session, ExchangeId(id), reply, now);
                }
            }
            Stage::Enter(_)
            | Stage::Supply { .. }
            | Stage::Got(_)
            | Stage::Failed(_)
            | Stage::Finished => {}
        }
    }

    fn supply(&mut self, contents: Result<Vec<u8>, Unsupplied>) {
        if let Stage::Supply { until: Some(_), .. } = self.stage {
            self.supplied = Some(contents);
        }
    }
}

impl fmt::Debug for Refresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refresh")
            .field("source", &self.path)
            .field("passed_over", &self.passed_over)
            .finish_non_exhaustive()
    }
}
