//! The contract between the core and a driver.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::ControlFlow::{self, Break, Continue};
use core::time::Duration;

use crate::clock::{MonoTime, Now};
use crate::credentials::{ProvidedCredentials, RefreshTicket, SupplyError};
use crate::error::Error;
use crate::exchange::{Exchange, ExchangeId};
use crate::http::{Failure, Response};
use crate::session::Session;

/// A state machine that a driver runs to its end, one [`Step`] at a time.
///
/// A driver polls the flow, carries out the step, reports the result of each exchange, and polls again
/// until the step is [`Step::Done`]. The contract:
///
/// * A flow belongs to one [`Session`]: the one of its first poll.
/// * Polling twice in a row never sends twice: the second step is [`Step::Wait`]. Polling too early or
///   too often is therefore harmless.
/// * `Wait(t)` has a `t` later than the `now` of that poll.
/// * Reports of exchanges that are unknown, abandoned or already reported are ignored.
/// * If the monotonic clock goes backwards, it is treated as standing still.
/// * Polling after `Done` yields [`Error::Finished`].
/// * A flow may be dropped at any point.
pub trait Flow {
    /// The result of the flow.
    type Output;

    /// Advances the flow and returns what the driver must do next.
    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output>;

    /// Reports how an exchange ended.
    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    );

    /// Supplies the contents requested by [`Step::Read`] or the output requested by [`Step::Run`].
    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        let _ = contents;
    }

    /// Supplies the credentials requested by [`Step::Provide`].
    fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        let _ = provided;
    }
}

impl<F: Flow + ?Sized> Flow for &mut F {
    type Output = F::Output;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Self::Output> {
        (**self).poll(session, now)
    }

    fn report(
        &mut self,
        session: &mut Session,
        id: ExchangeId,
        result: Result<Response, Failure>,
        now: Now,
    ) {
        (**self).report(session, id, result, now);
    }

    fn supply(&mut self, contents: Result<Vec<u8>, SupplyError>) {
        (**self).supply(contents);
    }

    fn provide(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        (**self).provide(provided);
    }
}

/// What a driver must do next.
///
/// `Debug` shows how many arguments a program has, and not the arguments.
#[must_use = "a flow makes progress only if the driver carries out its steps"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must handle every kind of step"
)]
pub enum Step<T> {
    /// Start this exchange and report how it ends.
    Send(Exchange),
    /// Drop this exchange: its result is no longer needed.
    Abandon(ExchangeId),
    /// Poll again at this time, or as soon as an exchange was reported, or as soon as a refresh on the
    /// same session ended.
    Wait(MonoTime),
    /// Run a refresh to its end on the same session, then wake all flows that wait. Its result can be
    /// ignored: it is kept in the session. If the refresh is dropped before its end, call
    /// [`Session::release_refresh`].
    ///
    /// A driver that can do so runs [`Refresh::new`](crate::driver::Refresh::new) elsewhere, such as on
    /// another thread, and polls this flow again at once, which then waits until its own deadline at the
    /// latest. The refresh goes on without it. Any other driver runs
    /// [`Refresh::inline`](crate::driver::Refresh::inline), then polls again. A driver that works only with
    /// keys that it is given calls [`Session::decline_refresh`], and links nothing of a refresh.
    Authenticate(RefreshTicket),
    /// Read this file and supply its contents. A file that was not supplied within `timeout`, such as a
    /// pipe that nobody writes to, has failed: the flow goes on without it. Where there are no files,
    /// supply [`SupplyError::Unsupported`].
    Read {
        /// The path of the file.
        path: String,
        /// Time after which the flow no longer waits for the file.
        timeout: Duration,
    },
    /// Run this program without a shell and supply its standard output. A program whose output was not
    /// supplied within `timeout` has failed: the flow goes on without it. Where there are no programs,
    /// supply [`SupplyError::Unsupported`].
    Run {
        /// The program and its arguments.
        argv: Vec<String>,
        /// Time after which the program must be ended, and the flow no longer waits for its output.
        timeout: Duration,
    },
    /// Run the source of the caller's own that has this name, and provide its credentials. One that has not
    /// provided any within `timeout` has failed: the flow goes on without it.
    Provide {
        /// The name of the source.
        name: String,
        /// Time after which the source may be given up, and the flow no longer waits for it.
        timeout: Duration,
    },
    /// The flow has ended.
    Done(Result<T, Error>),
}

impl<T: fmt::Debug> fmt::Debug for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(exchange) => f.debug_tuple("Send").field(exchange).finish(),
            Self::Abandon(id) => f.debug_tuple("Abandon").field(id).finish(),
            Self::Wait(until) => f.debug_tuple("Wait").field(until).finish(),
            Self::Authenticate(ticket) => f.debug_tuple("Authenticate").field(ticket).finish(),
            Self::Read { path, timeout } => f
                .debug_struct("Read")
                .field("path", path)
                .field("timeout", timeout)
                .finish(),
            Self::Run { argv, timeout } => f
                .debug_struct("Run")
                .field("arguments", &argv.len())
                .field("timeout", timeout)
                .finish_non_exhaustive(),
            Self::Provide { name, timeout } => f
                .debug_struct("Provide")
                .field("name", name)
                .field("timeout", timeout)
                .finish(),
            Self::Done(result) => f.debug_tuple("Done").field(result).finish(),
        }
    }
}

impl<T> Step<T> {
    /// Maps the value of a successful [`Step::Done`] and leaves every other step as it is.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Step<U> {
        match self.or_done() {
            Continue(step) => step,
            Break(result) => Step::Done(result.map(f)),
        }
    }

    /// Separates the end of a flow (`Break`) from a step for the driver (`Continue`), which is then a
    /// step of any flow that runs this one as a part of itself.
    pub fn or_done<U>(self) -> ControlFlow<Result<T, Error>, Step<U>> {
        Continue(match self {
            Self::Send(exchange) => Step::Send(exchange),
            Self::Abandon(id) => Step::Abandon(id),
            Self::Wait(until) => Step::Wait(until),
            Self::Authenticate(ticket) => Step::Authenticate(ticket),
            Self::Read { path, timeout } => Step::Read { path, timeout },
            Self::Run { argv, timeout } => Step::Run { argv, timeout },
            Self::Provide { name, timeout } => Step::Provide { name, timeout },
            Self::Done(result) => return Break(result),
        })
    }
}
