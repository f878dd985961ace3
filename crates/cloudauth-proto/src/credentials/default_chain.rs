//! The default chain of sources.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use super::env::{
    CLI_PROFILE_DISABLED, CREDENTIALS_FILE, CREDENTIALS_URI, ECS_METADATA, ECS_METADATA_DISABLED,
    Environment, HOME, OIDC_PROVIDER_ARN, OIDC_TOKEN_FILE, PROFILE, ROLE_ARN, USERPROFILE,
};
use super::error::{CredentialsError, SkippedSource, SourceError};
use super::settings::Settings;
use super::source::{EcsRole, Oidc, Profile, ProfileFormat, Role, Source, Uri};
use super::{Credentials, ID};

impl Source {
    /// Makes the chain of the sources in which the vendor's SDKs look, in their order. `..._` stands for
    /// `ALIBABA_CLOUD_`, `~` for `HOME` or else `USERPROFILE`.
    ///
    /// | # | source | used if | disabled if |
    /// |---|---|---|---|
    /// | 1 | access key of `..._ACCESS_KEY_ID` and `..._ACCESS_KEY_SECRET`, with the token of `..._SECURITY_TOKEN` if that is set | both are set | |
    /// | 2 | OIDC role of `..._ROLE_ARN`, `..._OIDC_PROVIDER_ARN` and `..._OIDC_TOKEN_FILE` | all three are set | |
    /// | 3 | profile `..._PROFILE`, or else the current one, of `~/.aliyun/config.json` | the file has it | `..._CLI_PROFILE_DISABLED` is `true` |
    /// | 4 | section `..._PROFILE`, or else `default`, of the file `..._CREDENTIALS_FILE`, or else of `~/.alibabacloud/credentials`, then of `~/.alibabacloud/credentials.ini` | the file has it | |
    /// | 5 | ECS role `..._ECS_METADATA`, or else the one that the instance has | the metadata service responds | `..._ECS_METADATA_DISABLED` is `true` |
    /// | 6 | URL `..._CREDENTIALS_URI` | it is set | |
    ///
    /// The session uses the first source that has credentials and stays with it. The others are skipped,
    /// as in the vendor's SDKs; [`ResolvedCredentials::skipped`](super::ResolvedCredentials::skipped) and
    /// [`CredentialsError::NoneFound`] list them with the reasons. There is one exception: malformed
    /// variables of source 1 end the search, since the next source may belong to another account.
    ///
    /// ```
    /// use cloudauth_proto::credentials::Environment;
    /// use cloudauth_proto::{Session, Source};
    ///
    /// let vars = Environment::read(|name| std::env::var(name).ok());
    /// let session = Session::new(Source::default_chain(&vars), [7; 32]); // a real seed is random
    /// ```
    #[must_use]
    pub fn default_chain(vars: &Environment) -> Self {
        Self::default_chain_with(vars, &Settings::new(vars))
    }

    /// Makes the same chain with other [`Settings`] than those of the variables.
    #[must_use]
    pub fn default_chain_with(vars: &Environment, settings: &Settings) -> Self {
        let var = |name: &str| vars.get(name).map(ToString::to_string);
        let env = match Credentials::from_vars(var) {
            Ok(credentials) => Self::Static(credentials),
            Err(CredentialsError::Missing { variable }) => {
                skipped("env", SourceError::NotSet { variable })
            }
            Err(CredentialsError::Invalid { name }) => {
                return skipped("env", SourceError::Invalid { name: name.into() });
            }
            Err(CredentialsError::NoneFound(_) | CredentialsError::TimedOut) => {
                skipped("env", SourceError::NotSet { variable: ID })
            }
        };
        let home = vars.get(HOME).or_else(|| vars.get(USERPROFILE));
        let profile = |format, name: &'static str, file: &str| match home {
            Some(home) => Self::Profile(Profile::new(
                format,
                format!("{home}/{file}"),
                var(PROFILE),
                settings.clone(),
            )),
            None => skipped(name, SourceError::NotSet { variable: HOME }),
        };
        let mut chain = vec![env, oidc(vars, settings)];
        chain.push(if vars.is_true(CLI_PROFILE_DISABLED) {
            let variable = CLI_PROFILE_DISABLED;
            skipped("cli_profile", SourceError::Disabled { variable })
        } else {
            profile(ProfileFormat::Cli, "cli_profile", ".aliyun/config.json")
        });
        match var(CREDENTIALS_FILE) {
            Some(path) => {
                let (format, name) = (ProfileFormat::Ini, var(PROFILE));
                let profile = Profile::new(format, path, name, settings.clone());
                chain.push(Self::Profile(profile));
            }
            None => chain.extend(
                [".alibabacloud/credentials", ".alibabacloud/credentials.ini"]
                    .map(|file| profile(ProfileFormat::Ini, "profile", file)),
            ),
        }
        chain.push(if vars.is_true(ECS_METADATA_DISABLED) {
            let variable = ECS_METADATA_DISABLED;
            skipped("ecs_ram_role", SourceError::Disabled { variable })
        } else {
            Self::EcsRole(EcsRole::new(var(ECS_METADATA), settings))
        });
        chain.push(match vars.get(CREDENTIALS_URI).map(Uri::new) {
            Some(Ok(uri)) => Self::Uri(uri),
            Some(Err(_)) => {
                let name = CREDENTIALS_URI.into();
                skipped("credentials_uri", SourceError::Invalid { name })
            }
            None => {
                let variable = CREDENTIALS_URI;
                skipped("credentials_uri", SourceError::NotSet { variable })
            }
        });
        Self::Chain(chain)
    }
}

fn oidc(vars: &Environment, settings: &Settings) -> Source {
    let set = |variable| match vars.get(variable) {
        Some(value) => Ok(value.to_string()),
        None => Err(SourceError::NotSet { variable }),
    };
    let from_vars = || {
        let role = Role::new(set(ROLE_ARN)?, settings.session_name.clone());
        let provider = set(OIDC_PROVIDER_ARN)?;
        let file: String = set(OIDC_TOKEN_FILE)?;
        Ok(Oidc::new(
            file,
            provider,
            role,
            settings.sts_in(None, false)?,
        ))
    };
    match from_vars() {
        Ok(oidc) => Source::Oidc(Box::new(oidc)),
        Err(reason) => skipped("oidc_role_arn", reason),
    }
}

fn skipped(name: &str, reason: SourceError) -> Source {
    Source::Absent(SkippedSource::new(name, reason))
}
