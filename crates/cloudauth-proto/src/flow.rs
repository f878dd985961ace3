//! The contract between core and drivers.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow::{self, Break, Continue};
use core::time::Duration;

use crate::clock::{MonoTime, Now};
use crate::credentials::{Credentials, Refresh, Unsupplied, anonymous};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::machine::Question;
use crate::secret::Secret;
use crate::session::Session;
use crate::sign::{Scheme, Stamp, USER_AGENT};
use crate::upload::Form;
use crate::wire::http::{Body, Failure, Method, Request, Response, Timeouts};

/// Something that is done with requests and replies, one step at a time.
///
/// A driver polls, does what the [`Step`] says, reports what came of it, and polls again until it
/// is [`Done`](Step::Done). The contract:
///
/// * Polling twice in a row never sends twice: the second answer is [`Step::Wait`]. So polling too
///   early or too often is harmless.
/// * `Wait(t)` has `t` later than the `now` of that poll.
/// * Reports for exchanges that are unknown, abandoned or over are ignored.
/// * A clock that goes backwards is taken to stand still.
/// * Polling after `Done` gives [`Error::Finished`].
/// * Dropping a flow at any point is allowed.
pub trait Flow {
    /// What is done at the end.
    type Output;

    /// What to do now.
    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output>;

    /// Tells how an exchange ended.
    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        reply: Result<Response, Failure>,
        now: Now,
    );

    /// Gives what [`Step::Read`] or [`Step::Run`] asked for.
    fn supply(&mut self, contents: Result<Vec<u8>, Unsupplied>) {
        let _ = contents;
    }
}

/// What a driver must do.
#[derive(Debug)]
#[must_use = "a flow makes progress only if the driver does what it says"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must answer every kind of step"
)]
pub enum Step<T> {
    /// Start this exchange, and report how it ends.
    Send(Exchange),
    /// The end of this exchange no longer matters: drop it.
    Abandon(ExchangeId),
    /// Poll again at this time, or as soon as an exchange was reported, or as soon as a refresh on
    /// the same session ended.
    Wait(MonoTime),
    /// Run this flow to its end on the same session, wake all flows that wait, then poll again. What
    /// it ends with does not matter: it is in the session. If it is dropped on its way, tell
    /// [`Session::release`].
    Authenticate(Box<Refresh>),
    /// Read this file, and supply what is in it.
    Read(String),
    /// Run this program without a shell, end it after this time, and supply what it printed.
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// How long it may take.
        timeout: Duration,
    },
    /// The end.
    Done(Result<T, Error>),
}

impl<T> Step<T> {
    /// The end, or else the same step of another flow.
    pub(crate) fn or_done<U>(self) -> ControlFlow<Result<T, Error>, Step<U>> {
        Continue(match self {
            Self::Send(exchange) => Step::Send(exchange),
            Self::Abandon(id) => Step::Abandon(id),
            Self::Wait(until) => Step::Wait(until),
            Self::Authenticate(refresh) => Step::Authenticate(refresh),
            Self::Read(path) => Step::Read(path),
            Self::Run { argv, timeout } => Step::Run { argv, timeout },
            Self::Done(result) => return Break(result),
        })
    }

    /// The same with exchange ids that begin at `base`: a flow that runs others one after the other
    /// gives each of them a base of its own, so that a late report finds no namesake.
    pub(crate) fn numbered_from(self, base: u32) -> Self {
        match self {
            Self::Send(mut exchange) => {
                exchange.id.0 += base;
                Self::Send(exchange)
            }
            Self::Abandon(id) => Self::Abandon(ExchangeId(id.0 + base)),
            step @ (Self::Wait(_)
            | Self::Authenticate(_)
            | Self::Read(_)
            | Self::Run { .. }
            | Self::Done(_)) => step,
        }
    }
}

/// More than a flow within another ever sends.
pub(crate) const IDS_PER_STAGE: u32 = 1 << 16;

impl ExchangeId {
    /// The id within the flow whose ids begin at `base`, if it is one of that flow's.
    pub(crate) fn within(self, base: u32) -> Option<Self> {
        self.0.checked_sub(base).map(Self)
    }
}

/// The name of an exchange within its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub(crate) u32);

/// A request to be sent once, and how long that may take.
///
/// `Debug` shows where to and how long.
pub struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) timeouts: Timeouts,
    pub(crate) reply_limit: usize,
    pub(crate) what: What,
}

/// What is sent.
#[derive(Clone)]
pub(crate) enum What {
    /// What a call asks, signed with these credentials, or by nobody.
    Question {
        question: Arc<Question>,
        endpoint: Endpoint,
        stamp: Stamp,
        signed: Option<(Scheme, Credentials)>,
    },
    /// A file for the object store, which carries leave of its own.
    File(Arc<Form>),
    /// Something else, as it is.
    Plain(Plain),
}

/// A request that is no operation. Its target may hold a secret; `Debug` shows where to only.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) method: Method,
    pub(crate) endpoint: Endpoint,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, Secret)>,
    pub(crate) body: Secret,
    /// What is to come back.
    pub(crate) accept: &'static str,
    /// Never through a proxy.
    pub(crate) direct: bool,
}

impl Exchange {
    /// To be given back with the report.
    #[must_use]
    pub fn id(&self) -> ExchangeId {
        self.id
    }

    /// When to give up.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Stop reading the reply's body when it has more bytes than this, and report what was read: the
    /// core then says that it is too large.
    #[must_use]
    pub fn reply_limit(&self) -> usize {
        self.reply_limit
    }

    /// Makes the request, and signs it if it is to be signed. It needs no session, so that no lock is
    /// held while it hashes.
    #[must_use]
    pub fn sign(&self) -> Request {
        match &self.what {
            What::Question {
                question,
                endpoint,
                stamp,
                signed,
            } => {
                let draft = question.draft(endpoint);
                match signed {
                    Some((scheme, credentials)) => scheme.sign(&draft, credentials, stamp),
                    None => anonymous(&draft, stamp).request(),
                }
            }
            What::File(form) => form.request(),
            What::Plain(plain) => plain.request(),
        }
    }
}

/// What most questions are answered with.
pub(crate) const JSON: &str = "application/json";

impl Plain {
    pub(crate) fn get(endpoint: Endpoint, target: String) -> Self {
        Self {
            method: Method::Get,
            endpoint,
            target,
            headers: Vec::new(),
            body: Secret::new(""),
            accept: JSON,
            direct: false,
        }
    }

    fn request(&self) -> Request {
        let body = self.body.expose().as_bytes().to_vec();
        let mut headers = vec![
            ("host", self.endpoint.authority().clone()),
            ("accept", self.accept.into()),
            ("user-agent", USER_AGENT.into()),
        ];
        let own = self.headers.iter();
        headers.extend(own.map(|(name, value)| (*name, String::from(value.expose()).into())));
        if self.method != Method::Get {
            headers.push(("content-length", body.len().to_string().into()));
        }
        Request {
            method: self.method,
            scheme: self.endpoint.scheme(),
            authority: self.endpoint.authority().clone(),
            target: self.target.clone(),
            headers,
            body: Body::new(Arc::default(), body),
            direct: self.direct,
        }
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.endpoint)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Exchange");
        shown.field("id", &self.id);
        match &self.what {
            What::Question {
                question, endpoint, ..
            } => shown
                .field("action", &question.terms.action)
                .field("endpoint", endpoint),
            // The store's host names the bucket.
            What::File(form) => shown.field("file", form),
            What::Plain(plain) => shown.field("request", plain),
        };
        shown
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
