//! The default chain of sources.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::env::{
    ALIBABACLOUD_IGNORE_PROFILE, ALIBABACLOUD_PROFILE, ALICLOUD_PROFILE, BEARER_TOKEN,
    CLI_PROFILE_DISABLED, CONFIG_FILE, CREDENTIALS_FILE, CREDENTIALS_URI, DISABLE_EXTERNAL_PROCESS,
    ECS_METADATA_DISABLED, Environment, FAMILIES, Family, HOME, IGNORE_PROFILE, OIDC_TOKEN_FILE,
    PROFILE, USERPROFILE,
};
use super::error::{CredentialsError, SkippedSource, SourceError};
use super::from_environment::EnvironmentSource;
use super::profile_file::{Profile, ProfileFile, ProfileFormat};
use super::settings::Settings;
use super::source::{Chain, EcsRole, Oidc, OidcToken, Role, Source, Uri};
use super::{Credentials, is_temporary};
use crate::secret::Secret;

impl Source {
    /// Makes the chain of the sources in which the vendor's tools look, in the order of its SDKs. `..._` stands
    /// for `ALIBABA_CLOUD_`, `~` for `HOME` or else `USERPROFILE`.
    ///
    /// | # | source | there if | disabled if |
    /// |---|---|---|---|
    /// | 1 | access key of `..._ACCESS_KEY_ID` and `..._ACCESS_KEY_SECRET`, with the token of `..._SECURITY_TOKEN` if that is set; without a key, the token of `..._BEARER_TOKEN` | any of these but `..._SECURITY_TOKEN` is set | |
    /// | 2 | OIDC role of `..._ROLE_ARN`, `..._OIDC_PROVIDER_ARN` and `..._OIDC_TOKEN_FILE` or else `..._OIDC_TOKEN` | all three are set | |
    /// | 3 | profile of the CLI: `..._PROFILE`, or else the current one, in `..._CONFIG_FILE`, or else in `~/.aliyun/config.json` | a variable names it, or it has any field of a credential | `..._CLI_PROFILE_DISABLED` is `true`, or `..._IGNORE_PROFILE` is `TRUE` |
    /// | 4 | section `..._PROFILE`, or else `default`, of the file `..._CREDENTIALS_FILE`, or else of `~/.alibabacloud/credentials`, then of `~/.alibabacloud/credentials.ini` | as for 3 | |
    /// | 5 | keys and OIDC roles of the same variables that begin with `ALIBABACLOUD_`, then with `ALICLOUD_` | as for 1 and 2 | |
    /// | 6 | ECS role `..._ECS_METADATA`, or else the one that the instance has | the variable names it, or the metadata service has one | `..._ECS_METADATA_DISABLED` is `true` |
    /// | 7 | URL `..._CREDENTIALS_URI` | it is set | |
    ///
    /// *Absent: the next source. There, but not usable: stop.* The session uses the first source that is there,
    /// and stays with it. [`Chain`] says what is absent. Whatever is wrong with a source that is there ends the
    /// search with [`CredentialsError::Failed`]: half a key, a byte that is not text, an unknown mode, an
    /// endpoint that does not respond. The vendor's CLI does so, too; its SDKs go on, and run as somebody else
    /// ([`Settings::continue_after_failure`] restores that). Skipped sources are in
    /// [`ResolvedCredentials::skipped`](super::ResolvedCredentials::skipped), in errors, and in a warning that
    /// drivers log.
    ///
    /// These stop, too: a name of a profile that no file has, files that a variable names and that do not exist,
    /// two variables that name different profiles (`ALIBABACLOUD_PROFILE` and `ALICLOUD_PROFILE` are read as
    /// well), a key and a token whose variables begin differently, and a temporary key (`STS.`) without a token.
    ///
    /// ```
    /// use cloudauth_proto::credentials::Environment;
    /// use cloudauth_proto::{Session, Source};
    ///
    /// let vars = Environment::read(|name| std::env::var_os(name).map(|value| value.into_encoded_bytes()));
    /// let session = Session::new(Source::default_chain(&vars), [7; 32]); // a real seed is random
    /// ```
    #[must_use]
    pub fn default_chain(vars: &Environment) -> Self {
        Self::default_chain_with(vars, &Settings::new(vars))
    }

    /// Makes the same chain with other [`Settings`] than those of the variables.
    #[must_use]
    pub fn default_chain_with(vars: &Environment, settings: &Settings) -> Self {
        let [own, others @ ..] = &FAMILIES;
        let mut sources = Vec::new();
        sources.push(key(vars, own));
        sources.push(oidc(vars, own, settings));
        sources.extend(profiles(vars, settings));
        for family in others {
            // Nobody expects them in the list of what is not set.
            let found = [key(vars, family), oidc(vars, family, settings)];
            sources.extend(
                found
                    .into_iter()
                    .filter(|it| !matches!(it, Self::Absent(_))),
            );
        }
        sources.push(ecs(vars, settings));
        sources.push(uri(vars));
        Self::Chain(Chain {
            sources,
            continues_after_failure: settings.continues_after_failure,
        })
    }

    /// Takes what a [`FromEnvironment`](super::FromEnvironment) lacks from these variables. Leaves every other source as it is.
    #[must_use]
    pub fn resolve(self, vars: &Environment) -> Self {
        let Self::FromEnvironment(source) = self else {
            return self;
        };
        let mut settings = Settings::new(vars);
        settings.continues_after_failure = source.continues_after_failure;
        match source.source {
            EnvironmentSource::DefaultChain => Self::default_chain_with(vars, &settings),
            EnvironmentSource::Profile(name) => named_profile(vars, name, &settings),
            EnvironmentSource::EcsRole(role) => match EcsRole::new(Some(role), &settings) {
                Ok(role) => Self::EcsRole(role),
                Err(reason) => unusable("ecs_ram_role", reason),
            },
            EnvironmentSource::Oidc => needed_oidc(vars, &settings),
        }
    }
}

/// The key in the variables of a family, or for want of one in that of the SDKs, its bearer token.
fn key(vars: &Environment, family: &Family) -> Source {
    let is_there = |variable| vars.is_set(variable);
    let (id, secret, token) = (family.id, family.secret, family.token);
    if !is_there(id) && !is_there(secret) {
        let is_own = FAMILIES[0].id == id;
        return match vars.get(BEARER_TOKEN) {
            Ok(Some(token)) if is_own => match Credentials::bearer(token) {
                Ok(credentials) => Source::Static(credentials),
                Err(_) => invalid("env", BEARER_TOKEN),
            },
            Err(reason) if is_own => unusable("env", reason),
            Ok(_) | Err(_) => absent("env", SourceError::NotSet { variable: id }),
        };
    }
    let foreign = FAMILIES.iter().map(|other| other.token);
    let foreign = foreign
        .filter(|other| *other != token)
        .find(|other| is_there(other));
    let read = || {
        let (the_id, the_secret) = (vars.required(id)?, vars.required(secret)?);
        let the_token = vars.get(token)?;
        match (the_token, foreign) {
            (None, Some(foreign)) => {
                let variables = [id, foreign];
                return Err(SourceError::Conflict { variables });
            }
            (None, None) if is_temporary(the_id) => return Err(SourceError::NoToken { name: id }),
            (Some(_), _) | (None, None) => {}
        }
        let credentials = Credentials::from_parts(
            the_id.to_owned(),
            the_secret.to_owned(),
            the_token.map(ToOwned::to_owned),
            "env",
            &[id, secret, token],
        );
        credentials.map_err(|error| match error {
            CredentialsError::Invalid { name } => SourceError::Invalid { name: name.into() },
            CredentialsError::Missing { .. }
            | CredentialsError::Failed { .. }
            | CredentialsError::NoneFound(_)
            | CredentialsError::TimedOut => SourceError::NotSet { variable: id },
        })
    };
    match read() {
        Ok(credentials) => Source::Static(credentials),
        Err(reason) => unusable("env", reason),
    }
}

/// The OIDC role in the variables of a family, which is absent unless it is complete.
fn oidc(vars: &Environment, family: &Family, settings: &Settings) -> Source {
    let token = [family.token_file, family.oidc_token];
    let token = token.into_iter().find(|variable| vars.is_set(variable));
    let needed = [
        family.role_arn,
        family.provider_arn,
        token.unwrap_or(family.token_file),
    ];
    match needed.into_iter().find(|variable| !vars.is_set(variable)) {
        Some(variable) => absent("oidc_role_arn", SourceError::NotSet { variable }),
        None => complete_oidc(vars, family, settings),
    }
}

fn complete_oidc(vars: &Environment, family: &Family, settings: &Settings) -> Source {
    let read = || {
        let role = Role::new(vars.required(family.role_arn)?, settings.session_name()?);
        let provider = vars.required(family.provider_arn)?;
        let token = match vars.get(family.token_file)? {
            Some(path) => OidcToken::File(path.to_owned()),
            None => OidcToken::Text(Secret::new(vars.required(family.oidc_token)?)),
        };
        let sts = settings.default_sts()?;
        Ok(Oidc::with_token(token, provider, role, sts))
    };
    match read() {
        Ok(oidc) => Source::Oidc(Box::new(oidc)),
        Err(reason) => unusable("oidc_role_arn", reason),
    }
}

/// The OIDC role in the variables of the SDKs, which must be set.
fn needed_oidc(vars: &Environment, settings: &Settings) -> Source {
    let family = &FAMILIES[0];
    let has_token = vars.is_set(family.token_file) || vars.is_set(family.oidc_token);
    if has_token || !vars.is_set(family.role_arn) || !vars.is_set(family.provider_arn) {
        return complete_oidc(vars, family, settings);
    }
    let variable = OIDC_TOKEN_FILE;
    unusable("oidc_role_arn", SourceError::NotSet { variable })
}

/// The profile that is named, or the current one.
fn profiles(vars: &Environment, settings: &Settings) -> Vec<Source> {
    let (files, mut sources) = match files(vars) {
        Ok(found) => found,
        Err(source) => return [*source].into(),
    };
    sources.push(match profile_name(vars) {
        Err(reason) => unusable("profile", reason),
        Ok(None) if files.is_empty() => return sources,
        Ok(Some(name)) if files.is_empty() => {
            unusable("profile", SourceError::UnknownProfile { name })
        }
        Ok(name) => Source::Profile(Profile {
            name,
            files,
            settings: settings.clone(),
        }),
    });
    sources
}

/// The profile of this name.
fn named_profile(vars: &Environment, name: String, settings: &Settings) -> Source {
    match files(vars) {
        Ok((files, _)) if files.is_empty() => {
            unusable("profile", SourceError::UnknownProfile { name })
        }
        Ok((files, _)) => Source::Profile(Profile {
            name: Some(name),
            files,
            settings: settings.clone(),
        }),
        Err(source) => *source,
    }
}

/// The files in which profiles are looked up, and the absent sources in place of those that are not.
fn files(vars: &Environment) -> Result<(Vec<ProfileFile>, Vec<Source>), Box<Source>> {
    let home = match vars.get(HOME) {
        Ok(None) => vars.get(USERPROFILE),
        home => home,
    };
    let mut files = Vec::new();
    let mut missing = Vec::new();
    let mut add = |name: &str, format, variable, in_home: &[&str]| {
        let own = vars
            .get(variable)
            .map_err(|reason| Box::new(unusable(name, reason)))?;
        if let Some(path) = own {
            files.push(ProfileFile {
                format,
                path: path.to_owned(),
                is_required: true,
            });
            return Ok::<(), Box<Source>>(());
        }
        match home
            .clone()
            .map_err(|reason| Box::new(unusable(name, reason)))?
        {
            Some(home) => files.extend(in_home.iter().map(|path| ProfileFile {
                format,
                path: format!("{home}/{path}"),
                is_required: false,
            })),
            None => missing.push(absent(name, SourceError::NotSet { variable: HOME })),
        }
        Ok(())
    };
    let disabled = if vars.is_true(CLI_PROFILE_DISABLED) {
        Some(CLI_PROFILE_DISABLED)
    } else {
        let ignoring = [IGNORE_PROFILE, ALIBABACLOUD_IGNORE_PROFILE];
        let first = ignoring.into_iter().find(|variable| vars.is_set(variable));
        first.filter(|variable| vars.is(variable, "TRUE"))
    };
    if disabled.is_none() {
        add(
            "cli_profile",
            ProfileFormat::Cli,
            CONFIG_FILE,
            &[".aliyun/config.json"],
        )?;
    }
    let ini = [".alibabacloud/credentials", ".alibabacloud/credentials.ini"];
    add("profile", ProfileFormat::Ini, CREDENTIALS_FILE, &ini)?;
    if let Some(variable) = disabled {
        missing.insert(0, absent("cli_profile", SourceError::Disabled { variable }));
    }
    Ok((files, missing))
}

/// The name of the profile in any of the variables for it.
fn profile_name(vars: &Environment) -> Result<Option<String>, SourceError> {
    let mut found: Option<(&'static str, &str)> = None;
    for variable in [PROFILE, ALIBABACLOUD_PROFILE, ALICLOUD_PROFILE] {
        let Some(name) = vars.get(variable)? else {
            continue;
        };
        match found {
            Some((other, other_name)) if other_name != name => {
                let variables = [other, variable];
                return Err(SourceError::Conflict { variables });
            }
            Some(_) => {}
            None => found = Some((variable, name)),
        }
    }
    Ok(found.map(|(_, name)| name.to_owned()))
}

fn ecs(vars: &Environment, settings: &Settings) -> Source {
    let role = settings
        .ecs_role()
        .and_then(|role| EcsRole::new(role, settings));
    match role {
        _ if vars.is_true(ECS_METADATA_DISABLED) => {
            let variable = ECS_METADATA_DISABLED;
            absent("ecs_ram_role", SourceError::Disabled { variable })
        }
        Ok(role) => Source::EcsRole(role),
        Err(reason) => unusable("ecs_ram_role", reason),
    }
}

fn uri(vars: &Environment) -> Source {
    let name = "credentials_uri";
    match vars.get(CREDENTIALS_URI) {
        Ok(None) => {
            let variable = CREDENTIALS_URI;
            absent(name, SourceError::NotSet { variable })
        }
        Ok(Some(_)) if vars.disables_external() => {
            let variable = DISABLE_EXTERNAL_PROCESS;
            unusable(name, SourceError::Disabled { variable })
        }
        Ok(Some(url)) => match Uri::new(url) {
            Ok(uri) => Source::Uri(uri),
            Err(_) => invalid(name, CREDENTIALS_URI),
        },
        Err(reason) => unusable(name, reason),
    }
}

fn absent(name: &str, reason: SourceError) -> Source {
    Source::Absent(SkippedSource::new(name, reason))
}

fn unusable(name: &str, reason: SourceError) -> Source {
    Source::Unusable(SkippedSource::new(name, reason))
}

fn invalid(name: &str, variable: &'static str) -> Source {
    let reason = SourceError::Invalid {
        name: variable.into(),
    };
    unusable(name, reason)
}
