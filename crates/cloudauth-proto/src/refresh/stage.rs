//! The stages of a refresh.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::ecs::Ecs;
use super::profile::{ProfileSearch, SearchStep};
use super::response::{FetchedCredentials, IssuedCredentials};
use crate::call::Reply;
use crate::call::plain::PlainCall;
use crate::clock::MonoTime;
use crate::credentials::{CustomSource, External, Oidc, ProvidedCredentials, Source, SourceError};
use crate::flow::{Flow, Step};

/// The longest run of a program, as in the vendor's SDKs (recorded).
const PROGRAM_TIMEOUT: Duration = Duration::from_secs(60);

/// The longest time for a driver to read a file.
const FILE_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// The current source is there, and has no credentials.
    Failed(SourceError),
    /// The current source is not there.
    Absent(SourceError),
    /// Leave the current source, of which it is recorded already why it has no credentials.
    Next {
        is_failure: bool,
    },
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

impl From<SearchStep> for RefreshStage {
    fn from(step: SearchStep) -> Self {
        match step {
            SearchStep::Read(search) => {
                let input = Input::Profile(search);
                Self::Supply { input, until: None }
            }
            SearchStep::Enter(source) => Self::Enter(Box::new(source)),
            SearchStep::Failed(reason) => Self::Failed(reason),
            SearchStep::Absent => Self::Next { is_failure: false },
        }
    }
}

/// The use of what a driver supplies.
pub(super) enum Input {
    Profile(Box<ProfileSearch>),
    /// A token in the file at this path.
    Token(Box<Oidc>, String),
    Output(External),
    Custom(CustomSource),
}

/// What a driver supplies.
pub(super) enum Supplied {
    Contents(Vec<u8>),
    Credentials(ProvidedCredentials),
}

impl Input {
    /// The longest time that a driver has for it.
    pub(super) fn timeout(&self) -> Duration {
        match self {
            Self::Profile(_) | Self::Token(..) => FILE_TIMEOUT,
            Self::Output(_) => PROGRAM_TIMEOUT,
            Self::Custom(source) => source.timeout,
        }
    }

    /// The step that requests it.
    pub(super) fn step<T>(&self, timeout: Duration) -> Step<T> {
        let path = match self {
            Self::Profile(search) => search.path(),
            Self::Token(_, path) => path,
            Self::Output(external) => {
                let argv = external.argv.clone();
                return Step::Run { argv, timeout };
            }
            Self::Custom(source) => {
                let name = source.name.clone();
                return Step::Provide { name, timeout };
            }
        };
        let path = path.to_owned();
        Step::Read { path, timeout }
    }
}

/// The server that responds to a request.
pub(super) enum Responder {
    Ecs(Ecs),
    Uri,
    Sso,
    OAuth,
}
