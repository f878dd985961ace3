//! What a call is signed with.

use crate::credentials::Credentials;
use crate::session::Session;
use crate::sign::Scheme;

/// What the exchanges of a call are signed with.
#[derive(Debug)]
pub(crate) enum Signer {
    /// The session's credentials and scheme.
    Session,
    /// These credentials, with RPC 1.0, which keeps every parameter in the form.
    Own(Credentials),
    /// Nothing.
    Unsigned,
}

impl Signer {
    /// The scheme and the credentials to sign with, given those of the session.
    pub(super) fn signs_with(
        &self,
        session: &Session,
        credentials: Option<Credentials>,
    ) -> Option<(Scheme, Credentials)> {
        match self {
            Self::Session => credentials.map(|credentials| (session.signs_with(), credentials)),
            Self::Own(own) => Some((Scheme::RpcHmacSha1, own.clone())),
            Self::Unsigned => None,
        }
    }
}
