//! The sources of credentials, as data.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::custom::CustomSource;
use super::env::ECS_METADATA_DISABLED;
use super::error::{SkippedSource, SourceError};
use super::external::External;
use super::from_environment::{EnvironmentSource, FromEnvironment};
use super::profile_file::Profile;
use super::settings::Settings;
use super::{Credentials, CredentialsError};
use crate::clock::UnixTime;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// A source of credentials, which a [`Session`](crate::Session) fetches when the first call needs them.
///
/// [`Source::default_chain`] is the right one for most programs: it looks where the vendor's SDKs look.
/// The others are its parts, for programs that know where their credentials are:
///
/// ```
/// use cloudauth_proto::{Credentials, Endpoint, Session, Source};
/// use cloudauth_proto::credentials::{AssumeRole, Role};
///
/// let key = Credentials::access_key("testid", "testsecret")?;
/// let role = Role::new("acs:ram::1234567890123456:role/verify", "signup");
/// let source = Source::AssumeRole(Box::new(AssumeRole::new(key.into(), role, Endpoint::STS)));
/// let session = Session::new(source, [7; 32]); // a real seed is random, and new each time
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
///
/// Credentials that expire are refreshed while they can still be used: when a quarter of their lifetime,
/// at most 15 minutes, is left. If no source is configured, calls fail with
/// [`CredentialsError::NoneFound`]; if one is and cannot be used, with [`CredentialsError::Failed`]. Both list
/// the sources that were tried by the vendor's name of their provider, with the reason.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// Credentials that are passed in code. They are never refreshed.
    Static(Credentials),
    /// A source that is not configured, and the reason. It stands in a chain so that errors list it.
    Absent(SkippedSource),
    /// A source that is configured and cannot be used, and the reason. It ends the search.
    Unusable(SkippedSource),
    /// What environment variables say, which are read when a client is built.
    FromEnvironment(FromEnvironment),
    /// A profile in a file, which describes another source.
    Profile(Profile),
    /// The role of the ECS instance that the program runs on, from the instance's metadata service.
    EcsRole(EcsRole),
    /// A role that is assumed with other credentials (STS AssumeRole).
    AssumeRole(Box<AssumeRole>),
    /// A role that is assumed with the token of an OIDC provider (STS AssumeRoleWithOIDC).
    Oidc(Box<Oidc>),
    /// A URL that returns credentials.
    Uri(Uri),
    /// A CloudSSO login, as the vendor's CLI stores it.
    CloudSso(CloudSso),
    /// A browser login, as the vendor's CLI stores it.
    OAuth(Box<OAuth>),
    /// A program that prints credentials.
    External(External),
    /// A source of the caller's own.
    Custom(CustomSource),
    /// The first of several sources that is there. The session keeps using that one.
    Chain(Chain),
}

impl Source {
    /// Whether it is a chain that goes on to the next source when one fails.
    #[must_use]
    pub fn continues_after_failure(&self) -> bool {
        matches!(self, Self::Chain(chain) if chain.continues_after_failure)
    }

    /// The name of a source that contains no other.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Static(credentials) => credentials.static_provider(),
            Self::Oidc(_) => "oidc_role_arn",
            Self::External(_) => "external",
            Self::EcsRole(_) => "ecs_ram_role",
            Self::Uri(_) => "credentials_uri",
            Self::CloudSso(_) => "cloud_sso",
            Self::OAuth(_) => "oauth",
            Self::Chain(_)
            | Self::Absent(_)
            | Self::Unusable(_)
            | Self::FromEnvironment(_)
            | Self::Profile(_)
            | Self::Custom(_)
            | Self::AssumeRole(_) => "source",
        }
    }

    /// Whether fetching again may yield other credentials.
    pub(crate) fn can_change(&self) -> bool {
        match self {
            Self::Static(_) | Self::Absent(_) | Self::Unusable(_) => false,
            Self::Chain(chain) => chain.sources.iter().any(Self::can_change),
            Self::FromEnvironment(_)
            | Self::Profile(_)
            | Self::EcsRole(_)
            | Self::AssumeRole(_)
            | Self::Oidc(_)
            | Self::Uri(_)
            | Self::CloudSso(_)
            | Self::OAuth(_)
            | Self::External(_)
            | Self::Custom(_) => true,
        }
    }
}

impl From<Credentials> for Source {
    fn from(credentials: Credentials) -> Self {
        Self::Static(credentials)
    }
}

macro_rules! from_parts {
    ($($part:ident($($of:tt)*),)*) => {$(
        impl From<$part> for Source {
            fn from(part: $part) -> Self {
                from_parts!(@ $part part $($of)*)
            }
        }
    )*};
    (@ $part:ident $it:ident boxed) => { Self::$part(Box::new($it)) };
    (@ $part:ident $it:ident) => { Self::$part($it) };
}

from_parts! {
    FromEnvironment(), Profile(), EcsRole(), AssumeRole(boxed), Oidc(boxed), Uri(), External(), Chain(),
}

impl From<CustomSource> for Source {
    fn from(source: CustomSource) -> Self {
        Self::Custom(source)
    }
}

/// Several sources, of which the first that is there is used.
///
/// A source is *absent* if nothing configures it: the next one is tried. These are absent:
/// [`Source::Absent`]; a profile without a name in files that have no current or default profile, or one
/// without any field of a credential; the role of an instance without a name, if the metadata service does not
/// connect or respond, or has no role. A profile whose name is given is not absent: if no file has it, it has
/// failed.
///
/// Every other source is *there*. Whatever goes wrong with it ends the search with
/// [`CredentialsError::Failed`]. Sources after it may belong to another account, which would then be used, and
/// billed, without a word, for as long as the process runs.
///
/// Once a source had credentials it is used at every refresh, and the others are not tried again. A profile is
/// kept by its name, also if another one becomes the current one of its file.
#[derive(Clone, Debug)]
pub struct Chain {
    pub(crate) sources: Vec<Source>,
    pub(crate) continues_after_failure: bool,
}

impl Chain {
    /// Makes a chain of these sources, in order of preference.
    #[must_use]
    pub fn new(sources: Vec<Source>) -> Self {
        Self {
            sources,
            continues_after_failure: false,
        }
    }

    /// Goes on to the next source when one fails, as the vendor's SDKs do. An outage of STS when a process
    /// starts can then make it run under another identity until it ends. Drivers log a warning when a client
    /// is built with it, and one for each source that it skips.
    #[must_use]
    pub fn continue_after_failure(mut self) -> Self {
        self.continues_after_failure = true;
        self
    }
}

/// The role of the ECS instance that the program runs on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EcsRole {
    /// The name of the role. `None` fetches it from the metadata service first.
    pub role: Option<String>,
    /// The metadata service.
    pub endpoint: Endpoint,
    /// Whether the first version of the metadata service, which needs no token, may be used: if the second
    /// has never responded, or if it issues a token and then responds 403 or 404 to it.
    pub allows_v1: bool,
}

impl EcsRole {
    /// Makes the source for a role by its name, or for the one that the instance has.
    ///
    /// Fails with [`SourceError::Disabled`] if `ALIBABA_CLOUD_ECS_METADATA_DISABLED` is `true`, and with
    /// [`SourceError::Invalid`] if `ALIBABA_CLOUD_IMDS_ENDPOINT` is no host.
    pub fn new(role: Option<String>, settings: &Settings) -> Result<Self, SourceError> {
        if settings.vars.is_true(ECS_METADATA_DISABLED) {
            let variable = ECS_METADATA_DISABLED;
            return Err(SourceError::Disabled { variable });
        }
        Ok(Self {
            role,
            endpoint: settings.metadata_endpoint()?,
            allows_v1: settings.allows_imds_v1(),
        })
    }

    /// The role of this name, with the settings of the environment.
    pub fn named(role: impl Into<String>) -> FromEnvironment {
        FromEnvironment::new(EnvironmentSource::EcsRole(role.into()))
    }
}

/// A RAM role, and the parameters with which it is assumed.
///
/// `Debug` shows neither the policy nor the external ID.
#[derive(Clone)]
#[non_exhaustive]
pub struct Role {
    /// The ARN of the role, `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// The name of the session in logs.
    pub session_name: String,
    /// The lifetime of the credentials in seconds, at least 900 (documented).
    pub seconds: u32,
    /// A policy in JSON that restricts the permissions of the role.
    pub policy: Option<String>,
    /// The external ID that the owner of the role requires. Only AssumeRole sends it.
    pub external_id: Option<String>,
}

impl fmt::Debug for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Role")
            .field("arn", &self.arn)
            .field("session_name", &self.session_name)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

impl Role {
    /// Makes a role for 3600 s with all its permissions and without an external ID.
    pub fn new(arn: impl Into<String>, session_name: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            session_name: session_name.into(),
            seconds: 3_600,
            policy: None,
            external_id: None,
        }
    }
}

/// Roles that are assumed one after the other, the first with the credentials of another source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumeRole {
    /// The source of the credentials that sign the first request to STS.
    pub base: Source,
    /// The roles, each with the endpoint of STS at which it is assumed.
    pub roles: Vec<(Role, Endpoint)>,
}

impl AssumeRole {
    /// Makes the source for `role`, assumed with credentials from `base`.
    #[must_use]
    pub fn new(base: Source, role: Role, sts: Endpoint) -> Self {
        // Not nested, so that no number of roles needs a stack.
        let mut assumed = if let Source::AssumeRole(assumed) = base {
            *assumed
        } else {
            let roles = Vec::new();
            Self { base, roles }
        };
        assumed.roles.push((role, sts));
        assumed
    }
}

/// A role that is assumed with the token of an OIDC provider (RRSA in Kubernetes clusters).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Oidc {
    /// The token.
    pub token: OidcToken,
    /// The ARN of the provider, `acs:ram::<account>:oidc-provider/<name>`.
    pub provider_arn: String,
    /// The role.
    pub role: Role,
    /// The endpoint of STS.
    pub sts: Endpoint,
}

/// The token of an OIDC provider.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OidcToken {
    /// The path of the file with the token. It is read at every refresh, since projected tokens rotate.
    File(String),
    /// The token itself.
    Text(Secret),
}

impl Oidc {
    /// Makes the source for `role`, assumed with the token in `token_file`.
    pub fn new(
        token_file: impl Into<String>,
        provider_arn: impl Into<String>,
        role: Role,
        sts: Endpoint,
    ) -> Self {
        Self::with_token(OidcToken::File(token_file.into()), provider_arn, role, sts)
    }

    /// Makes the source for `role`, assumed with this token.
    pub fn with_token(
        token: OidcToken,
        provider_arn: impl Into<String>,
        role: Role,
        sts: Endpoint,
    ) -> Self {
        Self {
            token,
            provider_arn: provider_arn.into(),
            role,
            sts,
        }
    }

    /// The role, the provider and the token of the environment, as the default chain reads them.
    pub fn from_env() -> FromEnvironment {
        FromEnvironment::new(EnvironmentSource::Oidc)
    }
}

/// A URL that returns credentials as JSON. `Debug` shows its host only.
#[derive(Clone)]
pub struct Uri {
    pub(crate) endpoint: Endpoint,
    pub(crate) target: String,
}

impl Uri {
    /// Parses a URL. Its scheme must be `https`, or `http` for a loopback host and for
    /// `100.100.100.200`, the metadata service. A fragment is dropped.
    ///
    /// Fails with [`CredentialsError::Invalid`] if it is not a valid URL of this form.
    ///
    /// ```
    /// use cloudauth_proto::credentials::Uri;
    ///
    /// assert!(Uri::new("https://credentials.example.com/verify?role=1").is_ok());
    /// assert!(Uri::new("http://127.0.0.1:8080/credentials").is_ok());
    /// assert!(Uri::new("http://credentials.example.com/").is_err());
    /// ```
    pub fn new(url: &str) -> Result<Self, CredentialsError> {
        let unusable = CredentialsError::Invalid {
            name: "the credentials URI",
        };
        let after_scheme = url.find("://").map_or(0, |at| at + 3);
        let rest = &url[after_scheme..];
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, target) = url.split_at(after_scheme + end);
        let endpoint = if host == "http://100.100.100.200" {
            Endpoint::METADATA
        } else {
            host.parse().map_err(|_| unusable.clone())?
        };
        let target = target.split('#').next().unwrap_or_default();
        if !target.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(unusable);
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        let target = format!("{slash}{target}");
        Ok(Self { endpoint, target })
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Uri({}, {} bytes)", self.endpoint, self.target.len())
    }
}

/// A CloudSSO login of the vendor's CLI. Its access token is used until it expires and never refreshed:
/// log in again with the CLI then.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloudSso {
    /// The host of the sign-in page.
    pub endpoint: Endpoint,
    /// The ID of the account.
    pub account_id: String,
    /// The ID of the access configuration.
    pub access_config: String,
    /// The access token of the login.
    pub access_token: Secret,
    /// The time at which the access token expires.
    pub expires: UnixTime,
}

/// A browser login of the vendor's CLI. Its stored credentials and its access token are used until they
/// expire: log in again with the CLI then. Tokens are not refreshed, since that would invalidate the one
/// that the CLI has stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth {
    /// The endpoint that exchanges the access token for credentials.
    pub endpoint: Endpoint,
    /// The access token of the login, and the time at which it expires.
    pub access_token: Option<(Secret, UnixTime)>,
    /// The credentials for which the CLI has exchanged the token, and the time at which they expire.
    pub stored: Option<(Credentials, UnixTime)>,
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_uri_is_split_and_http_is_limited_to_loopback_and_metadata_hosts() {
        let uri = Uri::new("http://127.0.0.1:81/a/b?a=1&a=2#x").unwrap();
        assert_eq!(uri.endpoint.to_string(), "http://127.0.0.1:81");
        assert_eq!(uri.target, "/a/b?a=1&a=2");
        assert_eq!(Uri::new("https://h?x").unwrap().target, "/?x");
        assert!(Uri::new("http://100.100.100.200/x").is_ok());
        for bad in [
            "http://10.0.0.1/x",
            "https://h/a b",
            "https://u@h/",
            "ftp://h/",
            "",
        ] {
            assert!(Uri::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn roles_of_roles_are_one_list() {
        let key = Credentials::access_key("id", "s").unwrap();
        let mut source = Source::from(key);
        for _ in 0..100_000 {
            source = AssumeRole::new(source, Role::new("arn", "s"), Endpoint::STS).into();
        }
        let Source::AssumeRole(assumed) = source.clone() else {
            panic!("{source:?}");
        };
        assert!(matches!(assumed.base, Source::Static(_)));
        assert_eq!(assumed.roles.len(), 100_000);
    }
}
