//! Where credentials come from, as data.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::error::PassedOver;
use super::settings::Settings;
use super::{Credentials, CredentialsError};
use crate::clock::UnixTime;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// Where credentials come from. A [`Session`](crate::Session) looks there when it needs some.
///
/// The names in errors are those of the vendor's providers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// Given in code: an access key, a temporary one, or a bearer token. They are never refreshed.
    Static(Credentials),
    /// A source that cannot give any, with the reason for the trail.
    Absent(PassedOver),
    /// A profile of a file, which names another source.
    Profile(Profile),
    /// The role of an ECS instance, from its metadata service.
    EcsRole(EcsRole),
    /// A role that is assumed with other credentials (STS AssumeRole).
    AssumeRole(Box<AssumeRole>),
    /// A role that is assumed with the token of an OIDC provider (STS AssumeRoleWithOIDC).
    Oidc(Box<Oidc>),
    /// A URL that answers with credentials.
    Uri(Uri),
    /// A login with CloudSSO, as the vendor's CLI stores it.
    CloudSso(CloudSso),
    /// A login in the browser, as the vendor's CLI stores it.
    OAuth(Box<OAuth>),
    /// A program that prints credentials.
    External(External),
    /// The first of these that gives some.
    Chain(Vec<Self>),
}

impl Source {
    /// Whether asking again can give other credentials.
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

/// A profile of a file. The file is read at every refresh and never written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    /// How it is written.
    pub format: ProfileFormat,
    /// Where the file is.
    pub path: String,
    /// Which profile; else the one that the file calls current, or `default`.
    pub name: Option<String>,
    /// What the profile does not say.
    pub settings: Settings,
}

/// How a file of profiles is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileFormat {
    /// JSON, as the vendor's CLI keeps it in `~/.aliyun/config.json`.
    Cli,
    /// INI, as in `~/.alibabacloud/credentials`.
    Ini,
}

impl Profile {
    /// The profile `name` of the file at `path`.
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

/// The role of an ECS instance.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EcsRole {
    /// Its name; else the metadata service is asked for it.
    pub role: Option<String>,
    /// The metadata service.
    pub endpoint: Endpoint,
    /// Whether the first version of the service, which needs no token, may be used where the second
    /// does not answer. It never is once the second did.
    pub allows_v1: bool,
}

impl EcsRole {
    /// The role `name`, or whichever the instance has.
    #[must_use]
    pub fn new(role: Option<String>, settings: &Settings) -> Self {
        Self {
            role,
            endpoint: settings.metadata.clone(),
            allows_v1: settings.allows_imds_v1,
        }
    }
}

/// A role, and what is asked for with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Role {
    /// `acs:ram::<account>:role/<name>`.
    pub arn: String,
    /// What the session is called in logs.
    pub session_name: String,
    /// How long the credentials live, in seconds. 900 is the least (documented).
    pub seconds: u32,
    /// A policy that allows less than the role.
    pub policy: Option<String>,
    /// What the owner of the role asks for; only for AssumeRole.
    pub external_id: Option<String>,
}

impl Role {
    /// The role for an hour, with all that it allows.
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

/// A role that is assumed with other credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AssumeRole {
    /// Where the other credentials come from.
    pub base: Source,
    /// The role.
    pub role: Role,
    /// Where STS is asked.
    pub sts: Endpoint,
}

impl AssumeRole {
    /// `role`, assumed with credentials from `base`.
    #[must_use]
    pub fn new(base: Source, role: Role, sts: Endpoint) -> Self {
        Self { base, role, sts }
    }
}

/// A role that is assumed with the token of an OIDC provider (RRSA in clusters).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Oidc {
    /// The file with the token, read anew each time: projected tokens rotate.
    pub token_file: String,
    /// `acs:ram::<account>:oidc-provider/<name>`.
    pub provider_arn: String,
    /// The role.
    pub role: Role,
    /// Where STS is asked.
    pub sts: Endpoint,
}

impl Oidc {
    /// `role`, assumed with the token in `token_file`.
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

/// A URL that answers with credentials. `Debug` shows its host only.
#[derive(Clone)]
pub struct Uri {
    pub(crate) endpoint: Endpoint,
    pub(crate) target: String,
}

impl Uri {
    /// Reads a URL. Plain http only goes to a loopback host and to `100.100.100.200`.
    pub fn new(url: &str) -> Result<Self, CredentialsError> {
        let unusable = CredentialsError::Unusable {
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

/// A login with CloudSSO. The access token is used while it is valid and never refreshed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CloudSso {
    /// The host of the sign-in page.
    pub endpoint: Endpoint,
    /// The account.
    pub account_id: String,
    /// The access configuration.
    pub access_config: String,
    /// What the login gave.
    pub access_token: Secret,
    /// Until when that is valid.
    pub expires: UnixTime,
}

/// A login in the browser: used while what the CLI stored of it is valid. Tokens are not refreshed,
/// since that would make the stored one useless.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth {
    /// Who exchanges the access token.
    pub endpoint: Endpoint,
    /// What the login gave, and until when it is valid.
    pub access_token: Option<(Secret, UnixTime)>,
    /// What the CLI exchanged it for, and until when that is valid.
    pub stored: Option<(Credentials, UnixTime)>,
}

/// A program that prints credentials. It is run without a shell, for 60 s at most and never longer
/// than the call has time. `Debug` shows how many arguments it has.
#[derive(Clone)]
pub struct External {
    pub(crate) argv: Vec<String>,
}

impl External {
    /// Splits a command line into its words as a POSIX shell does, and nothing more: no variables,
    /// no pipes.
    pub fn new(command: &str) -> Result<Self, CredentialsError> {
        let argv = shlex::split(command).filter(|argv| !argv.is_empty());
        let name = "the command of the program";
        let argv = argv.ok_or(CredentialsError::Unusable { name })?;
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
    fn a_credentials_uri_is_split_and_plain_http_stays_near() {
        let uri = Uri::new("http://127.0.0.1:80/a/b?a=1&a=2#x").unwrap();
        assert_eq!(uri.endpoint.to_string(), "http://127.0.0.1:80");
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
