//! Asking a session for its credentials.

use alloc::boxed::Box;

use super::error::CredentialsError;
use super::keyring::Claim;
use super::refresh::Found;
use crate::clock::{MonoTime, Now};
use crate::error::Error;
use crate::flow::{ExchangeId, Flow, Step};
use crate::session::Session;
use crate::wire::http::{Failure, Response};

/// Makes sure that a session has credentials, and tells which: as a [`Flow`], so that any driver runs
/// it. Run it at start to find them before the first call does.
#[derive(Debug, Default)]
pub struct WhoAmI {
    latest: MonoTime,
    deadline: Option<MonoTime>,
    is_done: bool,
}

impl WhoAmI {
    /// To be run once. It takes no longer than a call may.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Flow for WhoAmI {
    type Output = Found;

    fn poll(&mut self, session: &mut Session, now: Now) -> Step<Found> {
        self.latest = self.latest.max(now.mono);
        let now = self.latest;
        if self.is_done {
            return Step::Done(Err(Error::Finished));
        }
        let limit = session.limits().total_timeout;
        let deadline = *self.deadline.get_or_insert(now + limit);
        let claim = if now < deadline {
            session.keyring_mut().claim(now, deadline)
        } else {
            Claim::Fail(CredentialsError::NotInTime)
        };
        let result = match claim {
            Claim::Refresh(refresh) => return Step::Authenticate(refresh),
            Claim::Wait(until) => return Step::Wait(until.min(deadline)),
            Claim::Use(found) => Ok(found),
            Claim::Fail(error) => Err(Error::Credentials(Box::new(error))),
        };
        self.is_done = true;
        Step::Done(result)
    }

    fn report(&mut self, _: &mut Session, _: ExchangeId, _: Result<Response, Failure>, _: Now) {}
}
