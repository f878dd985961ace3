//! The default chain.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;

use super::error::{CredentialsError, PassedOver, Reason};
use super::settings::Settings;
use super::source::{EcsRole, Oidc, Profile, ProfileFormat, Role, Source, Uri};
use super::vars::{
    CLI_PROFILE_DISABLED, CREDENTIALS_FILE, CREDENTIALS_URI, ECS_METADATA, ECS_METADATA_DISABLED,
    HOME, OIDC_PROVIDER_ARN, OIDC_TOKEN_FILE, PROFILE, ROLE_ARN, USERPROFILE, Vars,
};
use super::{Credentials, ID};

impl Source {
    /// Looks where the vendor's SDKs look, in their order:
    ///
    /// | # | source | unless |
    /// |---|---|---|
    /// | 1 | `ALIBABA_CLOUD_ACCESS_KEY_ID`, `..._ACCESS_KEY_SECRET`, `..._SECURITY_TOKEN` | |
    /// | 2 | the OIDC role of `..._ROLE_ARN`, `..._OIDC_PROVIDER_ARN`, `..._OIDC_TOKEN_FILE` | |
    /// | 3 | the profile `..._PROFILE`, or the current one, of `~/.aliyun/config.json` | `..._CLI_PROFILE_DISABLED` is `true` |
    /// | 4 | the section `..._PROFILE`, or `default`, of `..._CREDENTIALS_FILE`, or of `~/.alibabacloud/credentials`, then `~/.alibabacloud/credentials.ini` | |
    /// | 5 | the ECS role `..._ECS_METADATA`, or whichever the instance has | `..._ECS_METADATA_DISABLED` is `true` |
    /// | 6 | `..._CREDENTIALS_URI` | |
    ///
    /// A key in the variables that cannot be used ends the search: to go on would be to act as
    /// somebody else. Any other source that gives none is passed over, as in the vendor's SDKs.
    #[must_use]
    pub fn default_chain(vars: &Vars) -> Self {
        Self::default_chain_with(vars, &Settings::new(vars))
    }

    /// The same with settings of the caller's own.
    #[must_use]
    pub fn default_chain_with(vars: &Vars, settings: &Settings) -> Self {
        let var = |name: &str| vars.get(name).map(ToString::to_string);
        let env = match Credentials::from_vars(var) {
            Ok(credentials) => Self::Static(credentials),
            Err(CredentialsError::Missing { variable }) => {
                absent("env", Reason::NotSet { variable })
            }
            Err(CredentialsError::Unusable { name }) => {
                return absent("env", Reason::Unusable { name: name.into() });
            }
            Err(CredentialsError::NoneFound(_) | CredentialsError::NotInTime) => {
                absent("env", Reason::NotSet { variable: ID })
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
            None => absent(name, Reason::NotSet { variable: HOME }),
        };
        let mut chain = vec![env, oidc(vars, settings)];
        chain.push(if vars.is_true(CLI_PROFILE_DISABLED) {
            let variable = CLI_PROFILE_DISABLED;
            absent("cli_profile", Reason::Disabled { variable })
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
            absent("ecs_ram_role", Reason::Disabled { variable })
        } else {
            Self::EcsRole(EcsRole::new(var(ECS_METADATA), settings))
        });
        chain.push(match vars.get(CREDENTIALS_URI).map(Uri::new) {
            Some(Ok(uri)) => Self::Uri(uri),
            Some(Err(_)) => {
                let name = CREDENTIALS_URI.into();
                absent("credentials_uri", Reason::Unusable { name })
            }
            None => {
                let variable = CREDENTIALS_URI;
                absent("credentials_uri", Reason::NotSet { variable })
            }
        });
        Self::Chain(chain)
    }
}

fn oidc(vars: &Vars, settings: &Settings) -> Source {
    let set = |variable| match vars.get(variable) {
        Some(value) => Ok(value.to_string()),
        None => Err(Reason::NotSet { variable }),
    };
    let made = || {
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
    match made() {
        Ok(oidc) => Source::Oidc(Box::new(oidc)),
        Err(reason) => absent("oidc_role_arn", reason),
    }
}

fn absent(name: &str, reason: Reason) -> Source {
    Source::Absent(PassedOver::new(name, reason))
}
