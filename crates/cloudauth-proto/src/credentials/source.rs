//! The sources of credentials, as data.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::SkippedSource;
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
/// at most 15 minutes, is left. If no source has credentials, calls fail with
/// [`CredentialsError::NoneFound`], which lists every source that was tried by the vendor's name of its
/// provider, with the reason.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// Credentials that are passed in code. They are never refreshed.
    Static(Credentials),
    /// A source that is known to have no credentials, and the reason. It stands in a chain for a source
    /// that is not configured, so that errors list it.
    Absent(SkippedSource),
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
    /// The first of several sources that has credentials. The session keeps using that one.
    Chain(Vec<Self>),
}

impl Source {
    /// Whether fetching again may yield other credentials.
    pub(crate) fn can_change(&self) -> bool {
        match self {
            Self::Static(_) | Self::Absent(_) => false,
            Self::Chain(sources) => sources.iter().any(Self::can_change),
            Self::Profile(_)
            | Self::EcsRole(_)
            | Self::AssumeRole(_)
            | Self::Oidc(_)
            | Self::Uri(_)
            | Self::CloudSso(_)
            | Self::OAuth(_)
            | Self::External(_) => true,
        }
    }
}

impl From<Credentials> for Source {
    fn from(credentials: Credentials) -> Self {
        Self::Static(credentials)
    }
}

/// A profile in a file. The file is read at every refresh and never written. Drivers read files of up to
/// 1 MiB.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// The format of the file.
    pub format: ProfileFormat,
    /// The path of the file.
    pub path: String,
    /// The name of the profile. `None` selects the one that the file names as `current`
    /// ([`Cli`](ProfileFormat::Cli)) or the section `default` ([`Ini`](ProfileFormat::Ini)).
    pub name: Option<String>,
    /// The settings for everything that the profile leaves out.
    pub settings: Settings,
}

/// The format of a file with profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileFormat {
    /// JSON, as the vendor's CLI writes it to `~/.aliyun/config.json`. The modes `AK`, `StsToken`,
    /// `RamRoleArn`, `ChainableRamRoleArn`, `EcsRamRole`, `OIDC`, `CloudSSO`, `OAuth` and `External` are
    /// supported. Up to 10 profiles may refer to each other as `source_profile`.
    Cli,
    /// INI, as the vendor's SDKs read it from `~/.alibabacloud/credentials`. The types `access_key`,
    /// `ram_role_arn`, `oidc_role_arn` and `ecs_ram_role` are supported; `rsa_key_pair` is not.
    Ini,
}

impl Profile {
    /// Makes the source for the profile `name` in the file at `path`.
    pub fn new(
        format: ProfileFormat,
        path: impl Into<String>,
        name: Option<String>,
        settings: Settings,
    ) -> Self {
        Self {
            format,
            path: path.into(),
            name,
            settings,
        }
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
    /// Whether the first version of the metadata service, which needs no token, may be used if the second
    /// does not respond as it should. It is never used once the second has.
    pub allows_v1: bool,
}

impl EcsRole {
    /// Makes the source for a role by its name, or for the one that the instance has.
    #[must_use]
    pub fn new(role: Option<String>, settings: &Settings) -> Self {
        Self {
            role,
            endpoint: settings.metadata.clone(),
            allows_v1: settings.allows_imds_v1,
        }
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

/// A role that is assumed with the credentials of another source.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumeRole {
    /// The source of the credentials that sign the request to STS.
    pub base: Source,
    /// The role.
    pub role: Role,
    /// The endpoint of STS.
    pub sts: Endpoint,
}

impl AssumeRole {
    /// Makes the source for `role`, assumed with credentials from `base`.
    #[must_use]
    pub fn new(base: Source, role: Role, sts: Endpoint) -> Self {
        Self { base, role, sts }
    }
}

/// A role that is assumed with the token of an OIDC provider (RRSA in Kubernetes clusters).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Oidc {
    /// The path of the file with the token. It is read at every refresh, since projected tokens rotate.
    pub token_file: String,
    /// The ARN of the provider, `acs:ram::<account>:oidc-provider/<name>`.
    pub provider_arn: String,
    /// The role.
    pub role: Role,
    /// The endpoint of STS.
    pub sts: Endpoint,
}

impl Oidc {
    /// Makes the source for `role`, assumed with the token in `token_file`.
    pub fn new(
        token_file: impl Into<String>,
        provider_arn: impl Into<String>,
        role: Role,
        sts: Endpoint,
    ) -> Self {
        Self {
            token_file: token_file.into(),
            provider_arn: provider_arn.into(),
            role,
            sts,
        }
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

/// A program that prints credentials as JSON. It is run without a shell, for at most 60 s. Drivers read up to 1 MiB of output.
/// `Debug` shows the number of its arguments only.
#[derive(Clone)]
pub struct External {
    pub(crate) argv: Vec<String>,
}

impl External {
    /// Splits a command line into words as a POSIX shell does. Variables, pipes and all other features of
    /// a shell are not supported.
    ///
    /// Fails with [`CredentialsError::Invalid`] if the command line is empty or a quote is not closed.
    ///
    /// ```
    /// use cloudauth_proto::credentials::External;
    ///
    /// assert!(External::new("/usr/bin/get-credentials --role 'verify people'").is_ok());
    /// assert!(External::new("/usr/bin/get-credentials 'verify").is_err());
    /// ```
    pub fn new(command: &str) -> Result<Self, CredentialsError> {
        let argv = shlex::split(command).filter(|argv| !argv.is_empty());
        let name = "the command line of the program";
        let argv = argv.ok_or(CredentialsError::Invalid { name })?;
        Ok(Self { argv })
    }
}

impl fmt::Debug for External {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "External({} words)", self.argv.len())
    }
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
    fn a_command_is_split_into_words() {
        let words = External::new(r#"/bin/x --a 'b c' "d""#).unwrap();
        assert_eq!(words.argv, ["/bin/x", "--a", "b c", "d"]);
        assert!(External::new("x 'y").is_err());
        assert!(External::new(" ").is_err());
    }
}
