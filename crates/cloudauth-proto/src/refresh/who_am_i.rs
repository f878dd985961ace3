//! The flow that resolves the credentials of a session.

use alloc::boxed::Box;

use crate::clock::{LatestTime, MonoTime, Now};
use crate::credentials::{CredentialsError, Lookup, ResolvedCredentials};
use crate::error::Error;
use crate::exchange::ExchangeId;
use crate::flow::{Flow, Step};
use crate::http::{Failure, Response};
use crate::session::Session;

/// A [`Flow`] that resolves the credentials of a session, like a call does, without sending a call.
///
/// Run it at start-up to fail early if there are none, or to report which ones are used. Its output names
/// their source and the sources that were skipped. It ends within the total time-out of the session's
/// [`Policy`](crate::Policy) and, unlike a call, at the first refresh that fails.
#[derive(Debug, Default)]
pub struct WhoAmI {
    latest: LatestTime,
    deadline: Option<MonoTime>,
    is_done: bool,
}

impl WhoAmI {
    /// Makes the flow. It runs once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Flow for WhoAmI {
    type Output = ResolvedCredentials;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<ResolvedCredentials> {
        let now = self.latest.clamp(now);
        if self.is_done {
            return Step::Done(Err(Error::Finished));
        }
        let limit = session.limits().total_timeout;
        let deadline = *self.deadline.get_or_insert(now.mono + limit);
        let lookup = if now.mono < deadline {
            session.look_up(now, deadline)
        } else {
            let last = session.credential_cache().last_failure();
            let error = last.cloned().unwrap_or(CredentialsError::TimedOut);
            let retry_at = None;
            Lookup::Failed { error, retry_at }
        };
        let result = match lookup {
            Lookup::Refresh(ticket) => return Step::Authenticate(ticket),
            Lookup::Wait(until) => return Step::Wait(until.min(deadline)),
            Lookup::Hit(found) => Ok(found),
            Lookup::Failed { error, .. } => Err(Error::Credentials(Box::new(error))),
        };
        self.is_done = true;
        Step::Done(result)
    }

    fn report(&mut self, _: &mut Session, _: ExchangeId, _: Result<Response, Failure>, _: Now) {}
}
