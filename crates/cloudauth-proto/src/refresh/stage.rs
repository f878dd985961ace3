//! The stages of a refresh.

use alloc::boxed::Box;

use super::ecs::Ecs;
use super::response::{FetchedCredentials, IssuedCredentials};
use crate::call::Reply;
use crate::call::plain::PlainCall;
use crate::clock::MonoTime;
use crate::credentials::{External, Oidc, Profile, Source, SourceError};
use crate::flow::Flow;

/// A call of the security token service.
pub(super) type StsCall = Box<dyn Flow<Output = Reply<IssuedCredentials>> + Send>;

pub(super) enum RefreshStage {
    /// Look for credentials in this source.
    Enter(Box<Source>),
    /// Wait for an input from the driver, which has been requested if there is a time to wait until.
    Supply {
        input: Input,
        until: Option<MonoTime>,
    },
    /// Send a request, and continue with its response.
    Plain(Box<PlainCall>, Responder),
    /// Call the security token service, for credentials of this provider.
    Call(StsCall, &'static str),
    /// The current source has these credentials.
    Fetched(FetchedCredentials),
    /// The current source has no credentials.
    Failed(SourceError),
    /// Leave the current source, which was skipped.
    Next,
    Finished,
}

impl From<Result<FetchedCredentials, SourceError>> for RefreshStage {
    fn from(fetched: Result<FetchedCredentials, SourceError>) -> Self {
        match fetched {
            Ok(fetched) => Self::Fetched(fetched),
            Err(reason) => Self::Failed(reason),
        }
    }
}

/// The use of what a driver supplies.
pub(super) enum Input {
    Profile(Profile),
    Token(Box<Oidc>),
    Output(External),
}

/// The server that responds to a request.
pub(super) enum Responder {
    Ecs(Ecs),
    Uri,
    Sso,
    OAuth,
}
