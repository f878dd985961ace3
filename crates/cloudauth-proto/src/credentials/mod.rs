//! Who asks, and where that is found.

mod ask;
mod chain;
mod ecs;
mod error;
mod keyring;
mod profile;
mod refresh;
mod reply;
mod settings;
mod source;
mod sts;
mod vars;
mod who_am_i;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use hmac::Hmac;
use sha1::Sha1;
use sha2::Sha256;
#[cfg(feature = "sm3")]
use sm3::Sm3;
use zeroize::Zeroizing;

pub use error::{CredentialsError, Malformed, PassedOver, Reason, Unsupplied};
pub(crate) use keyring::{Claim, Keyring};
pub use refresh::{Found, Refresh, Ticket};
pub use settings::Settings;
pub use source::{
    AssumeRole, CloudSso, EcsRole, External, OAuth, Oidc, Profile, ProfileFormat, Role, Source, Uri,
};
pub(crate) use sts::anonymous;
pub use vars::Vars;
use vars::{ACCESS_KEY_ID as ID, ACCESS_KEY_SECRET as SECRET, SECURITY_TOKEN as TOKEN};
pub use who_am_i::WhoAmI;

use crate::secret::Secret;
use crate::sign::keyed;

/// An access key, with a security token if it is a temporary one; or a bearer token.
///
/// Cloning shares the key: it is in memory once, with the first step of each signature made.
/// `Debug` masks all but the ends of the id.
#[derive(Clone)]
pub struct Credentials {
    key: Arc<Key>,
    provider: &'static str,
}

/// What a request is signed with, or carries instead of a signature.
#[expect(clippy::large_enum_variant, reason = "always behind an Arc")]
pub(crate) enum Key {
    Pair(KeyPair),
    Bearer(Secret),
}

pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) token: Option<Secret>,
    /// RPC 1.0 signs with the secret and an `&`.
    pub(crate) sha1: Hmac<Sha1>,
    pub(crate) sha256: Hmac<Sha256>,
    #[cfg(feature = "sm3")]
    pub(crate) sm3: Hmac<Sm3>,
}

impl Credentials {
    /// An access key that stays valid until it is revoked.
    pub fn access_key(
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        Self::checked(id.into(), secret.into(), None, "static_ak", &ARGUMENTS)
    }

    /// A temporary access key, which the service accepts only together with its token.
    pub fn temporary(
        id: impl Into<String>,
        secret: impl Into<String>,
        token: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let token = Some(token.into());
        Self::checked(id.into(), secret.into(), token, "static_sts", &ARGUMENTS)
    }

    /// Reads `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, if there,
    /// `ALIBABA_CLOUD_SECURITY_TOKEN` from a snapshot of the environment. Empty is unset.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        let set = |name| vars(name).filter(|value| !value.is_empty());
        let id = set(ID).ok_or(CredentialsError::Missing { variable: ID })?;
        let secret = set(SECRET).ok_or(CredentialsError::Missing { variable: SECRET })?;
        Self::checked(id, secret, set(TOKEN), "env", &[ID, SECRET, TOKEN])
    }

    fn checked(
        id: String,
        secret: String,
        token: Option<String>,
        provider: &'static str,
        names: &[&'static str; 3],
    ) -> Result<Self, CredentialsError> {
        check(names[0], &id)?;
        check(names[1], &secret)?;
        if let Some(token) = &token {
            check(names[2], token)?;
        }
        let secret = Secret::new(secret);
        let key = secret.expose().as_bytes();
        let mut with_ampersand = Zeroizing::new(Vec::with_capacity(key.len() + 1));
        with_ampersand.extend_from_slice(key);
        with_ampersand.push(b'&');
        let pair = KeyPair {
            id,
            token: token.map(Secret::new),
            sha1: keyed(&with_ampersand),
            sha256: keyed(key),
            #[cfg(feature = "sm3")]
            sm3: keyed(key),
        };
        Ok(Self::of(Key::Pair(pair), provider))
    }

    /// A token that is sent instead of a signature.
    pub fn bearer(token: impl Into<String>) -> Result<Self, CredentialsError> {
        let token = token.into();
        check("bearer token", &token)?;
        Ok(Self::of(Key::Bearer(Secret::new(token)), "bearer"))
    }

    fn of(key: Key, provider: &'static str) -> Self {
        let key = Arc::new(key);
        Self { key, provider }
    }

    /// The public part of the key; a bearer token has none.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        match &*self.key {
            Key::Pair(pair) => Some(&pair.id),
            Key::Bearer(_) => None,
        }
    }

    /// The token of a temporary key.
    #[must_use]
    pub fn security_token(&self) -> Option<&Secret> {
        match &*self.key {
            Key::Pair(pair) => pair.token.as_ref(),
            Key::Bearer(_) => None,
        }
    }

    /// Where they came from, as the vendor's SDKs tell the service in `x-acs-credentials-provider`.
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Whether both are one and the same key, not only equal ones.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key)
    }

    /// The same key, found by another provider.
    pub(crate) fn given_by(self, provider: &'static str) -> Self {
        Self { provider, ..self }
    }

    /// The ends of the access key id, enough to tell keys apart; nothing of a short one.
    #[must_use]
    pub fn masked_id(&self) -> Option<String> {
        let id = self.access_key_id()?;
        let (head, tail) = if id.len() >= 16 {
            (&id[..4], &id[id.len() - 4..])
        } else {
            ("", "")
        };
        Some(alloc::format!("{head}...{tail}"))
    }
}

/// Headers and signatures carry it as it is, so nothing in it may need escaping.
fn check(name: &'static str, value: &str) -> Result<(), CredentialsError> {
    if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(CredentialsError::Unusable { name });
    }
    Ok(())
}

const ARGUMENTS: [&str; 3] = ["access key id", "access key secret", "security token"];

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.masked_id().unwrap_or_default();
        f.debug_struct("Credentials")
            .field("access_key_id", &format_args!("{id}"))
            .field("provider", &self.provider())
            .field("temporary", &self.security_token().is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Credentials, CredentialsError> {
        Credentials::from_vars(|name| {
            let found = pairs.iter().find(|(have, _)| *have == name);
            found.map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn the_environment_gives_a_key_with_or_without_a_token() {
        let plain = from(&[(ID, "id"), (SECRET, "secret"), (TOKEN, "")]).unwrap();
        assert_eq!(plain.access_key_id(), Some("id"));
        assert!(plain.security_token().is_none());
        let temporary = from(&[(ID, "id"), (SECRET, "secret"), (TOKEN, "t")]).unwrap();
        assert_eq!(temporary.security_token().unwrap().expose(), "t");
    }

    #[test]
    fn what_is_missing_is_named_and_where_it_was_looked_for() {
        for (given, missing) in [
            (&[][..], ID),
            (&[(ID, "id")], SECRET),
            (&[(ID, ""), (SECRET, "x")], ID),
        ] {
            let told = from(given).unwrap_err().to_string();
            assert!(told.contains(&format!("{missing} is not set")), "{told}");
        }
    }

    #[test]
    fn a_line_end_in_a_key_is_found_before_it_reaches_a_header() {
        let told = from(&[(ID, "id"), (SECRET, "secret\n")]).unwrap_err();
        assert_eq!(told, CredentialsError::Unusable { name: SECRET });
        assert!(Credentials::access_key("id\r\nx: y", "s").is_err());
        assert!(Credentials::temporary("id", "s", "").is_err());
    }

    #[test]
    fn debug_shows_no_key() {
        let made = Credentials::temporary("LTAI0EXAMPLEKEYID", "s3cret", "t0ken").unwrap();
        let shown = format!("{made:?}");
        assert!(shown.contains("LTAI...EYID"), "{shown}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("t0ken") && !shown.contains("0EXAMPLE")
        );
    }
}
