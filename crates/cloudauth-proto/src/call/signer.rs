//! What a call is signed with.

use crate::credentials::Credentials;
use crate::session::Session;
use crate::sign::Scheme;

/// What the exchanges of a call are signed with.
#[derive(Debug)]
pub(crate) enum Signer {
    /// The session's credentials and scheme.
    Session,
    /// The credentials of the call, and the session's scheme.
    Call(Credentials),
    /// These credentials, with RPC 1.0, which keeps every parameter in the form.
    Own(Credentials),
    /// Nothing.
    Unsigned,
}

impl Signer {
    /// The account that signs, unless it is that of the session.
    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Call(own) => Some(own.access_key_id().unwrap_or("bearer")),
            Self::Session | Self::Own(_) | Self::Unsigned => None,
        }
    }

    /// The scheme and the credentials to sign with, given those of the session.
    pub(super) fn signs_with(
        &self,
        session: &Session,
        credentials: Option<Credentials>,
    ) -> Option<(Scheme, Credentials)> {
        match self {
            Self::Session => credentials.map(|credentials| (session.signs_with(), credentials)),
            Self::Call(own) => Some((session.signs_with(), own.clone())),
            Self::Own(own) => Some((Scheme::RpcHmacSha1, own.clone())),
            Self::Unsigned => None,
        }
    }
}
