//! Credentials, and the sources they are looked up in.
//!
#![doc = include_str!("../../docs/credentials.md")]

mod cache;
mod custom;
mod default_chain;
mod env;
mod error;
mod external;
mod from_environment;
mod profile;
mod profile_file;
mod settings;
mod source;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;
#[cfg(feature = "sm3")]
use sm3::Sm3;
use zeroize::Zeroizing;

pub(crate) use cache::{CredentialCache, Lifetime, Lookup, METADATA, MetadataState};
pub use cache::{RefreshId, RefreshTicket, ResolvedCredentials};
pub use custom::{CustomSource, ProvidedCredentials};
pub use env::Environment;
use env::{ACCESS_KEY_ID as ID, ACCESS_KEY_SECRET as SECRET, SECURITY_TOKEN as TOKEN};
pub use error::{CredentialsError, MalformedProfile, SkippedSource, SourceError, SupplyError};
pub use external::{CommandSyntax, External};
pub use from_environment::FromEnvironment;
pub(crate) use profile::{PrintedProfile, ProfileLookup, printed};
pub use profile_file::{Profile, ProfileFile, ProfileFormat};
pub use settings::Settings;
pub use source::{AssumeRole, Chain, CloudSso, EcsRole, OAuth, Oidc, OidcToken, Role, Source, Uri};

use crate::crypto::keyed;
use crate::secret::Secret;

/// An access key, a temporary access key with its security token, or a bearer token.
///
/// These are fixed credentials. Pass a [`Source`] to the [`Session`](crate::Session) instead if they
/// have to be looked up, or refreshed before they expire.
///
/// ```
/// use cloudauth_proto::{Credentials, Session};
/// use cloudauth_proto::credentials::CredentialsError;
///
/// let credentials = Credentials::access_key("testid", "testsecret")?;
/// let session = Session::new(credentials, [7; 32]); // a real seed is random, and new each time
///
/// let malformed = Credentials::access_key("testid", "testsecret\n");
/// assert!(matches!(malformed, Err(CredentialsError::Invalid { .. })));
/// # Ok::<(), CredentialsError>(())
/// ```
///
/// # Errors
///
/// Each part travels in a header or in a signature without any escaping. All constructors therefore
/// fail with [`CredentialsError::Invalid`] if a part is empty or contains anything but printable
/// ASCII without spaces. Quotes, brackets and other marks of a configuration language are refused as well: no
/// key of the vendor's has one, and `"id"`, `${ID}` and `<your key>` were not meant to be sent.
///
/// # Memory
///
/// Clones share one copy of the key, in which the first step of each signature is already computed.
/// `Debug` shows the first and the last four characters of an access key ID of at least 16
/// characters, and nothing else of the key.
#[derive(Clone)]
pub struct Credentials {
    key: Arc<SigningKey>,
    provider: &'static str,
}

/// The key that signs requests, or the token that they carry instead of a signature.
#[expect(clippy::large_enum_variant, reason = "always behind an Arc")]
pub(crate) enum SigningKey {
    Pair(AccessKeyPair),
    Bearer(Secret),
}

/// An access key ID with the HMAC states of its secret.
pub(crate) struct AccessKeyPair {
    pub(crate) id: String,
    pub(crate) token: Option<Secret>,
    /// Keyed with the secret and an `&`, as RPC 1.0 requires.
    pub(crate) sha1: Hmac<Sha1>,
    pub(crate) sha256: Hmac<Sha256>,
    #[cfg(feature = "sm3")]
    pub(crate) sm3: Hmac<Sm3>,
}

impl Credentials {
    /// Makes credentials from an access key that is valid until it is revoked.
    pub fn access_key(
        id: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        Self::from_parts(id.into(), secret.into(), None, "static_ak", &ARGUMENTS)
    }

    /// Makes credentials from a temporary access key and its security token, without which the service
    /// does not accept it.
    pub fn temporary(
        id: impl Into<String>,
        secret: impl Into<String>,
        token: impl Into<String>,
    ) -> Result<Self, CredentialsError> {
        let token = Some(token.into());
        Self::from_parts(id.into(), secret.into(), token, "static_sts", &ARGUMENTS)
    }

    /// Reads `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, if it is set,
    /// `ALIBABA_CLOUD_SECURITY_TOKEN`. An empty variable counts as unset.
    ///
    /// Fails with [`CredentialsError::Missing`] if one of the first two is unset, or the third although the key
    /// is a temporary one.
    ///
    /// ```
    /// use cloudauth_proto::Credentials;
    /// use cloudauth_proto::credentials::CredentialsError;
    ///
    /// // In a program: Credentials::from_vars(|name| std::env::var(name).ok())
    /// let unset = Credentials::from_vars(|_| None).unwrap_err();
    /// assert_eq!(unset, CredentialsError::Missing { variable: "ALIBABA_CLOUD_ACCESS_KEY_ID" });
    /// ```
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, CredentialsError> {
        let set = |name| vars(name).filter(|value| !value.is_empty());
        let id = set(ID).ok_or(CredentialsError::Missing { variable: ID })?;
        let secret = set(SECRET).ok_or(CredentialsError::Missing { variable: SECRET })?;
        let token = set(TOKEN);
        if token.is_none() && is_temporary(&id) {
            return Err(CredentialsError::Missing { variable: TOKEN });
        }
        Self::from_parts(id, secret, token, "env", &[ID, SECRET, TOKEN])
    }

    /// `names` are the names of the ID, the secret and the token in errors.
    fn from_parts(
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
        let pair = AccessKeyPair {
            id,
            token: token.map(Secret::new),
            sha1: keyed(&with_ampersand),
            sha256: keyed(key),
            #[cfg(feature = "sm3")]
            sm3: keyed(key),
        };
        Ok(Self::from_key(SigningKey::Pair(pair), provider))
    }

    /// Makes credentials from a token that is sent instead of a signature.
    pub fn bearer(token: impl Into<String>) -> Result<Self, CredentialsError> {
        let token = token.into();
        check("bearer token", &token)?;
        let key = SigningKey::Bearer(Secret::new(token));
        Ok(Self::from_key(key, "bearer"))
    }

    fn from_key(key: SigningKey, provider: &'static str) -> Self {
        let key = Arc::new(key);
        Self { key, provider }
    }

    /// The access key ID, which is not secret. `None` for a bearer token.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        match &*self.key {
            SigningKey::Pair(pair) => Some(&pair.id),
            SigningKey::Bearer(_) => None,
        }
    }

    /// The security token of a temporary access key.
    #[must_use]
    pub fn security_token(&self) -> Option<&Secret> {
        match &*self.key {
            SigningKey::Pair(pair) => pair.token.as_ref(),
            SigningKey::Bearer(_) => None,
        }
    }

    /// The name of the source, as ACS3 requests report it in the header `x-acs-credentials-provider`:
    /// `static_ak`, `env`, `ecs_ram_role`, ... The names are those of the vendor's SDKs (recorded).
    #[must_use]
    pub fn provider(&self) -> &'static str {
        self.provider
    }

    /// The vendor's name of the provider for credentials like these that are passed in code.
    pub(crate) fn static_provider(&self) -> &'static str {
        match self.key() {
            SigningKey::Pair(_) if self.provider() == "env" => "env",
            SigningKey::Pair(pair) if pair.token.is_some() => "static_sts",
            SigningKey::Pair(_) => "static_ak",
            SigningKey::Bearer(_) => "bearer",
        }
    }

    pub(crate) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// Whether both are clones of the same credentials, not just equal.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key)
    }

    /// Whether both are the same key with the same token.
    pub(crate) fn is_equal(&self, other: &Self) -> bool {
        match (self.key(), other.key()) {
            (SigningKey::Pair(one), SigningKey::Pair(other)) => {
                fn token(pair: &AccessKeyPair) -> Option<&str> {
                    pair.token.as_ref().map(Secret::expose)
                }
                // The secrets themselves are not kept.
                let of_secret = |pair: &AccessKeyPair| pair.sha256.clone().finalize().into_bytes();
                one.id == other.id
                    && token(one) == token(other)
                    && of_secret(one) == of_secret(other)
            }
            (SigningKey::Bearer(one), SigningKey::Bearer(other)) => one.expose() == other.expose(),
            (SigningKey::Pair(_), SigningKey::Bearer(_))
            | (SigningKey::Bearer(_), SigningKey::Pair(_)) => false,
        }
    }

    /// The same key with the name of another source.
    pub(crate) fn with_provider(self, provider: &'static str) -> Self {
        Self { provider, ..self }
    }

    /// The first and the last four characters of the access key ID, to tell keys apart in logs:
    /// `LTAI...EYID`. Just `...` if the ID has fewer than 16 characters, `None` for a bearer token.
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

/// What no key and no token of the vendor's contains, and configuration files around them do.
const NOT_IN_KEYS: &[u8] = b"\"'`\\<>(){}[]$#;,";

/// Whether a key or a token may contain this: headers and signatures carry it unescaped.
pub(crate) fn is_key_text(value: &str) -> bool {
    let is_fine = |b: u8| b.is_ascii_graphic() && !NOT_IN_KEYS.contains(&b);
    !value.is_empty() && value.bytes().all(is_fine)
}

/// Whether this is the ID of a temporary access key, which STS does not accept without its token
/// (inferred: all keys that it was seen to issue begin so).
pub(crate) fn is_temporary(id: &str) -> bool {
    id.starts_with("STS.")
}

/// Fails unless a key or a token may contain `value`.
fn check(name: &'static str, value: &str) -> Result<(), CredentialsError> {
    if is_key_text(value) {
        Ok(())
    } else {
        Err(CredentialsError::Invalid { name })
    }
}

const ARGUMENTS: [&str; 3] = ["access key ID", "access key secret", "security token"];

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
    fn a_key_is_read_from_variables_with_or_without_a_token() {
        let plain = from(&[(ID, "id"), (SECRET, "secret"), (TOKEN, "")]).unwrap();
        assert_eq!(plain.access_key_id(), Some("id"));
        assert!(plain.security_token().is_none());
        let temporary = from(&[(ID, "id"), (SECRET, "secret"), (TOKEN, "t")]).unwrap();
        assert_eq!(temporary.security_token().unwrap().expose(), "t");
    }

    #[test]
    fn a_missing_or_empty_variable_is_named() {
        for (vars, missing) in [
            (&[][..], ID),
            (&[(ID, "id")], SECRET),
            (&[(ID, ""), (SECRET, "x")], ID),
        ] {
            let error = from(vars).unwrap_err().to_string();
            assert!(error.contains(&format!("{missing} is not set")), "{error}");
        }
    }

    #[test]
    fn line_ends_and_empty_parts_are_rejected() {
        let error = from(&[(ID, "id"), (SECRET, "secret\n")]).unwrap_err();
        assert_eq!(error, CredentialsError::Invalid { name: SECRET });
        assert!(Credentials::access_key("id\r\nx: y", "s").is_err());
        assert!(Credentials::temporary("id", "s", "").is_err());
    }

    #[test]
    fn a_key_in_quotes_is_refused_by_the_name_of_its_variable() {
        // As `docker run --env-file` reads a quoted file.
        let quoted = [(ID, "\"LTAI5tExampleExample00\""), (SECRET, "\"secret\"")];
        let error = from(&quoted).unwrap_err();
        assert_eq!(error, CredentialsError::Invalid { name: ID });
        assert!(error.to_string().contains("a quote"), "{error}");
        for secret in [
            "\"secret\"",
            "'secret'",
            "<secret>",
            "${SECRET}",
            "`secret`",
        ] {
            let error = from(&[(ID, "LTAI5tExampleExample00"), (SECRET, secret)]).unwrap_err();
            assert_eq!(
                error,
                CredentialsError::Invalid { name: SECRET },
                "{secret}"
            );
        }
        assert!(Credentials::bearer("'token'").is_err());
        assert!(Credentials::temporary("id", "s", "\"t\"").is_err());
        // What tokens consist of.
        assert!(Credentials::temporary("STS.N-_.~id", "s", "a+b/c==").is_ok());
    }

    #[test]
    fn debug_masks_the_key() {
        let credentials = Credentials::temporary("LTAI0EXAMPLEKEYID", "s3cret", "t0ken").unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("LTAI...EYID"), "{shown}");
        assert!(
            !shown.contains("s3cret") && !shown.contains("t0ken") && !shown.contains("0EXAMPLE")
        );
    }
}
