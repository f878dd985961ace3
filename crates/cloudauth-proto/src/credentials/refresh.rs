//! Getting credentials from a source: one thing after another, so a coroutine with a stage.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use super::Credentials;
use super::ask::{Ask, Asking};
use super::ecs::{self, Ecs};
use super::error::{CredentialsError, PassedOver, Reason, Unsupplied};
use super::keyring::given_as;
use super::reply::{self, Got, Keys};
use super::source::{CloudSso, External, Oidc, Profile, ProfileFormat, Role, Source};
use super::sts::{self, AssumeRole, AssumeRoleWithOidc};
use crate::call::{Call, Reply};
use crate::clock::{MonoTime, Now, UnixTime};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::flow::{ExchangeId, Flow, Plain, Step};
use crate::machine::Signer;
use crate::operation::Operation;
use crate::policy::CallOptions;
use crate::secret::Secret;
use crate::session::Session;
use crate::wire::date;
use crate::wire::http::{Failure, Method, Response};

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
    Enter(Source),
    Supply { wish: Wish, until: Option<MonoTime> },
    Ask(Ask, Then),
    Call(StsCall, &'static str),
    Got(Got),
    Failed(Reason),
    Finished,
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

impl Refresh {
    pub(super) fn new(ticket: u64, source: Source, now: MonoTime, deadline: MonoTime) -> Self {
        Self {
            ticket,
            begun: now,
            deadline,
            latest: now,
            frames: Vec::new(),
            path: Vec::new(),
            passed_over: Vec::new(),
            pinned: None,
            stage: Stage::Enter(source),
            supplied: None,
            first_id: 0,
            next_id: 0,
        }
    }

    fn enter(&mut self, source: Source, session: &mut Session, now: Now) -> Stage {
        if now.mono >= self.deadline {
            return Stage::Failed(Reason::OutOfTime);
        }
        let until = None;
        match source {
            Source::Chain(sources) => {
                let depth = self.path.len();
                let mut rest = VecDeque::from(sources);
                let Some(first) = rest.pop_front() else {
                    return Stage::Failed(Reason::Unusable {
                        name: "a chain without sources".into(),
                    });
                };
                if self.frames.is_empty() {
                    self.pinned = Some(first.clone());
                }
                self.frames.push(Frame::Chain { rest, depth });
                Stage::Enter(first)
            }
            Source::Static(credentials) => {
                self.path.push(given_as(&credentials));
                Stage::Got(Got::for_ever(credentials))
            }
            Source::Absent(PassedOver { source, reason }) => {
                self.passed_over
                    .push(PassedOver::new(source, reason.clone()));
                self.next_link(reason)
            }
            Source::Profile(profile) => {
                self.path.push(match profile.format {
                    ProfileFormat::Cli => "cli_profile",
                    ProfileFormat::Ini => "profile",
                });
                let wish = Wish::Profile(profile);
                Stage::Supply { wish, until }
            }
            Source::Oidc(oidc) => {
                self.path.push("oidc_role_arn");
                let wish = Wish::Token(oidc);
                Stage::Supply { wish, until }
            }
            Source::External(external) => {
                self.path.push("external");
                let wish = Wish::Output(external);
                Stage::Supply { wish, until }
            }
            Source::AssumeRole(assumed) => {
                self.path.push("ram_role_arn");
                let super::source::AssumeRole { base, role, sts } = *assumed;
                self.frames.push(Frame::Role { role, sts });
                Stage::Enter(base)
            }
            Source::EcsRole(role) => {
                self.path.push("ecs_ram_role");
                let known = &session.keyring().metadata;
                Self::ecs(Ok(Ecs::begin(role, known, now.mono)))
            }
            Source::Uri(uri) => {
                self.path.push("credentials_uri");
                let mut plain = Plain::get(uri.endpoint, uri.target);
                // The metadata service's address is on no proxy's way.
                plain.direct = plain.endpoint == Endpoint::METADATA;
                Stage::Ask(Ask::new(plain), Then::Uri)
            }
            Source::CloudSso(login) => {
                self.path.push("cloud_sso");
                if login.expires <= session.service_time(now) {
                    return Stage::Failed(Reason::LogInAgain);
                }
                Stage::Ask(Ask::new(sso(&login)), Then::Sso)
            }
            Source::OAuth(login) => {
                self.path.push("oauth");
                let unix = session.service_time(now);
                let login = *login;
                if let Some((credentials, expires)) = login.stored
                    && let Ok(got) = Got::until(credentials.given_by("oauth"), expires, unix)
                {
                    return Stage::Got(got);
                }
                match login.access_token {
                    Some((token, expires)) if expires > unix => {
                        let plain = exchange_token(login.endpoint, &token);
                        Stage::Ask(Ask::new(plain), Then::OAuth)
                    }
                    Some(_) | None => Stage::Failed(Reason::LogInAgain),
                }
            }
        }
    }

    fn ecs(next: Result<ecs::Next, Reason>) -> Stage {
        match next {
            Ok(ecs::Next::Ask(plain, ecs)) => Stage::Ask(Ask::new(plain), Then::Ecs(ecs)),
            Ok(ecs::Next::Got(got)) => Stage::Got(got),
            Err(reason) => Stage::Failed(reason),
        }
    }

    fn supplied(
        &mut self,
        wish: Wish,
        contents: Result<Vec<u8>, Unsupplied>,
        session: &Session,
        now: Now,
    ) -> Stage {
        let contents = contents.map(zeroize::Zeroizing::new);
        match (wish, contents) {
            (Wish::Profile(profile), Err(problem)) => {
                let path = profile.path;
                Stage::Failed(Reason::File { path, problem })
            }
            (Wish::Profile(profile), Ok(text)) => match profile.parse(&text) {
                Ok(source) => Stage::Enter(source),
                Err(reason) => Stage::Failed(reason),
            },
            (Wish::Token(oidc), Err(problem)) => {
                let path = oidc.token_file;
                Stage::Failed(Reason::File { path, problem })
            }
            (Wish::Token(oidc), Ok(text)) => {
                // Unlike in the vendor's SDKs the line end of the file is not sent.
                let token = core::str::from_utf8(&text).unwrap_or_default().trim();
                if token.is_empty() {
                    let name = format!("the token in {}", oidc.token_file).into();
                    return Stage::Failed(Reason::Unusable { name });
                }
                let token = Secret::new(token);
                let sts = oidc.sts.clone();
                let operation = AssumeRoleWithOidc { oidc, token };
                self.call(&operation, Signer::Nobody, sts, "oidc_role_arn", now)
            }
            (Wish::Output(_), Err(problem)) => Stage::Failed(Reason::Program(problem)),
            (Wish::Output(_), Ok(output)) => {
                match reply::printed(&output, session.service_time(now)) {
                    Ok(got) => Stage::Got(got),
                    Err(reason) => Stage::Failed(reason),
                }
            }
        }
    }

    fn call<O: Operation<Response = Keys> + 'static>(
        &self,
        operation: &O,
        signer: Signer,
        sts: Endpoint,
        provider: &'static str,
        now: Now,
    ) -> Stage {
        let rest = self.deadline.saturating_since(now.mono);
        let options = CallOptions::new().endpoint(sts).total_timeout(rest);
        let call = Call::new(operation, options).map(|call| call.signed_by(signer));
        match call {
            Ok(call) => Stage::Call(Box::new(call), provider),
            Err(error) => Stage::Failed(sts::reason(error)),
        }
    }

    fn answered(
        &mut self,
        then: Then,
        reply: Result<Response, Reason>,
        session: &mut Session,
        now: Now,
    ) -> Stage {
        let told = reply.as_ref().ok().and_then(date_of);
        let unix = told.unwrap_or_else(|| session.service_time(now));
        let (container, provider) = match then {
            Then::Ecs(ecs) => {
                let known = &mut session.keyring_mut().metadata;
                return Self::ecs(ecs.answered(reply, known, now.mono, unix));
            }
            Then::Uri => (None, "credentials_uri"),
            Then::Sso => (Some("CloudCredential"), "cloud_sso"),
            Then::OAuth => (None, "oauth"),
        };
        let keys = reply
            .and_then(ecs::ok)
            .map(zeroize::Zeroizing::new)
            .and_then(|body| reply::keys(&body, container))
            .and_then(|keys| keys.got(provider, unix));
        match keys {
            Ok(got) => Stage::Got(got),
            Err(reason) => Stage::Failed(reason),
        }
    }

    /// A source gave some: they are what was wanted, or what a role is assumed with.
    fn got(&mut self, got: Got, session: &mut Session, now: Now) -> Result<Step<Found>, Stage> {
        match self.frames.pop() {
            Some(Frame::Role { role, sts }) => {
                let signer = Signer::Own(got.credentials);
                let operation = AssumeRole(role);
                Err(self.call(&operation, signer, sts, "ram_role_arn", now))
            }
            Some(Frame::Chain { .. }) => Err(Stage::Got(got)),
            None => {
                let found = Found {
                    credentials: got.credentials,
                    source: self.path.join("/"),
                    expires: got.expires,
                    passed_over: mem::take(&mut self.passed_over),
                };
                let pinned = self.pinned.take();
                let keyring = session.keyring_mut();
                keyring.store(self.ticket, found.clone(), got.life, pinned, now.mono);
                Ok(Step::Done(Ok(found)))
            }
        }
    }

    /// A source gave none: the next link of the innermost chain is tried, if there is one.
    fn failed(&mut self, reason: Reason) -> Stage {
        let source = self.path.join("/");
        self.passed_over
            .push(PassedOver::new(source, reason.clone()));
        self.next_link(reason)
    }

    fn next_link(&mut self, reason: Reason) -> Stage {
        let is_out_of_time = reason == Reason::OutOfTime;
        while let Some(frame) = self.frames.last_mut() {
            if let Frame::Chain { rest, depth } = frame
                && !is_out_of_time
                && let Some(next) = rest.pop_front()
            {
                self.path.truncate(*depth);
                if self.frames.len() == 1 {
                    self.pinned = Some(next.clone());
                }
                return Stage::Enter(next);
            }
            self.frames.pop();
        }
        Stage::Finished
    }

    /// All sources were passed over.
    fn end(&mut self, session: &mut Session, now: Now) -> Step<Found> {
        let passed_over = mem::take(&mut self.passed_over);
        let last = passed_over.last().map(|it| &it.reason);
        let was_cut_short = last == Some(&Reason::OutOfTime) || now.mono >= self.deadline;
        let error = CredentialsError::NoneFound(passed_over);
        session.fail_refresh(
            self.ticket,
            error.clone(),
            was_cut_short,
            self.begun,
            now.mono,
        );
        Step::Done(Err(Error::Credentials(Box::new(error))))
    }

    fn clamp(&mut self, now: Now) -> Now {
        self.latest = self.latest.max(now.mono);
        let mono = self.latest;
        Now { mono, ..now }
    }

    fn wait(&self, session: &mut Session, until: MonoTime) -> Step<Found> {
        session.keyring_mut().hold(self.ticket, until, self.latest);
        Step::Wait(until)
    }
}

impl Flow for Refresh {
    type Output = Found;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Found> {
        let now = self.clamp(now);
        loop {
            match mem::replace(&mut self.stage, Stage::Finished) {
                Stage::Finished => return Step::Done(Err(Error::Finished)),
                Stage::Enter(source) => self.stage = self.enter(source, session, now),
                Stage::Supply { wish, until: None } => {
                    let rest = self.deadline.saturating_since(now.mono);
                    let (limit, step) = match &wish {
                        Wish::Profile(profile) => (FILE, Step::Read(profile.path.clone())),
                        Wish::Token(oidc) => (FILE, Step::Read(oidc.token_file.clone())),
                        Wish::Output(external) => {
                            let argv = external.argv.clone();
                            let timeout = PROGRAM.min(rest);
                            // The driver ends it; it needs a moment for that.
                            (timeout + FILE, Step::Run { argv, timeout })
                        }
                    };
                    let until = now.mono + limit.min(rest);
                    session.keyring_mut().hold(self.ticket, until, now.mono);
                    self.supplied = None;
                    let until = Some(until);
                    self.stage = Stage::Supply { wish, until };
                    return step;
                }
                Stage::Supply {
                    wish,
                    until: Some(until),
                } => match self.supplied.take() {
                    Some(contents) => {
                        self.stage = self.supplied(wish, contents, session, now);
                    }
                    None if until <= now.mono => self.stage = Stage::Failed(Reason::OutOfTime),
                    None => {
                        let until_again = Some(until);
                        self.stage = Stage::Supply {
                            wish,
                            until: until_again,
                        };
                        return self.wait(session, until);
                    }
                },
                Stage::Ask(mut ask, then) => {
                    let next = ExchangeId(self.next_id);
                    match ask.poll(next, now.mono, self.deadline) {
                        Asking::Over(reply) => {
                            self.stage = self.answered(then, reply, session, now);
                        }
                        Asking::Send(exchange, until) => {
                            self.next_id += 1;
                            session.keyring_mut().hold(self.ticket, until, now.mono);
                            self.stage = Stage::Ask(ask, then);
                            return Step::Send(exchange);
                        }
                        Asking::Abandon(id) => {
                            self.stage = Stage::Ask(ask, then);
                            return Step::Abandon(id);
                        }
                        Asking::Wait(until) => {
                            self.stage = Stage::Ask(ask, then);
                            return self.wait(session, until);
                        }
                    }
                }
                Stage::Call(mut call, provider) => match call.poll(session, now) {
                    Step::Send(mut exchange) => {
                        let id = self.first_id + exchange.id.0;
                        exchange.id = ExchangeId(id);
                        self.next_id = self.next_id.max(id + 1);
                        let until = now.mono + exchange.timeouts.whole;
                        session.keyring_mut().hold(self.ticket, until, now.mono);
                        self.stage = Stage::Call(call, provider);
                        return Step::Send(exchange);
                    }
                    Step::Abandon(ExchangeId(id)) => {
                        self.stage = Stage::Call(call, provider);
                        return Step::Abandon(ExchangeId(self.first_id + id));
                    }
                    Step::Wait(until) => {
                        self.stage = Stage::Call(call, provider);
                        return self.wait(session, until);
                    }
                    Step::Done(Ok(reply)) => {
                        self.first_id = self.next_id;
                        let told = reply.date;
                        let unix = told.unwrap_or_else(|| session.service_time(now));
                        self.stage = match reply.value.got(provider, unix) {
                            Ok(got) => Stage::Got(got),
                            Err(reason) => Stage::Failed(reason),
                        };
                    }
                    Step::Done(Err(error)) => {
                        self.first_id = self.next_id;
                        self.stage = Stage::Failed(sts::reason(error));
                    }
                    // Its credentials are given, and it reads and runs nothing.
                    Step::Authenticate(_) | Step::Read(_) | Step::Run { .. } => {
                        self.stage = Stage::Failed(Reason::OutOfTime);
                    }
                },
                Stage::Got(got) => match self.got(got, session, now) {
                    Ok(step) => return step,
                    Err(stage) => self.stage = stage,
                },
                Stage::Failed(reason) => self.stage = self.failed(reason),
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

fn date_of(response: &Response) -> Option<UnixTime> {
    response.head.header("date").and_then(date::parse)
}

/// As the vendor's Python SDK sends it (recorded).
fn sso(login: &CloudSso) -> Plain {
    let body = serde_json::json!({
        "AccountId": login.account_id,
        "AccessConfigurationId": login.access_config,
    });
    Plain {
        method: Method::Post,
        endpoint: login.endpoint.clone(),
        target: "/cloud-credentials".into(),
        headers: vec![
            ("content-type", Secret::new("application/json")),
            ("authorization", bearer(&login.access_token)),
        ],
        body: Secret::new(body.to_string()),
        direct: false,
    }
}

/// As the vendor's SDKs send it (recorded).
fn exchange_token(endpoint: Endpoint, token: &Secret) -> Plain {
    Plain {
        method: Method::Post,
        endpoint,
        target: "/v1/exchange".into(),
        headers: vec![
            ("content-type", Secret::new("application/json")),
            ("authorization", bearer(token)),
        ],
        body: Secret::new(""),
        direct: false,
    }
}

fn bearer(token: &Secret) -> Secret {
    Secret::new(format!("Bearer {}", token.expose()))
}
