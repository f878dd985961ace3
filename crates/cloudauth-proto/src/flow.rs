//! The contract between core and drivers.

use alloc::sync::Arc;
use core::fmt;

use crate::clock::{MonoTime, Now};
use crate::credentials::Credentials;
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::machine::Question;
use crate::session::Session;
use crate::sign::{Draft, Scheme, Stamp};
use crate::upload::Form;
use crate::wire::http::{Failure, Request, Response, Timeouts};

/// Something that is done with requests and replies, one step at a time.
///
/// A driver polls, does what the [`Step`] says, reports what came of it, and polls again until it
/// is [`Done`](Step::Done). The contract:
///
/// * Polling twice in a row never sends twice: the second answer is [`Step::Wait`].
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
    /// Poll again at this time, or as soon as an exchange was reported.
    Wait(MonoTime),
    /// The end.
    Done(Result<T, Error>),
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
pub(crate) enum What {
    /// What a call asks.
    Question {
        scheme: Scheme,
        credentials: Credentials,
        question: Arc<Question>,
        endpoint: Endpoint,
        stamp: Stamp,
    },
    /// A file for the object store, which carries leave of its own.
    File(Arc<Form>),
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

    /// Makes the request, signed. It needs no session, so that no lock is held while it hashes.
    #[must_use]
    pub fn sign(&self) -> Request {
        match &self.what {
            What::Question {
                scheme,
                credentials,
                question,
                endpoint,
                stamp,
            } => {
                let draft = Draft {
                    method: question.terms.method,
                    action: &question.terms.action,
                    version: &question.terms.version,
                    endpoint,
                    params: &question.params,
                };
                scheme.sign(&draft, credentials, stamp)
            }
            What::File(form) => form.request(),
        }
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
        };
        shown
            .field("timeouts", &self.timeouts)
            .finish_non_exhaustive()
    }
}
