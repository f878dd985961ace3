//! The JSON format of `~/.aliyun/config.json`, as the vendor's CLI writes it.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use super::{NOT_A_TOKEN, ProfileError, ProfileFields};
use crate::clock::UnixTime;
use crate::credentials::settings::Settings;
use crate::credentials::source::{
    AssumeRole, CloudSso, EcsRole, External, OAuth, Oidc, Role, Source, Uri,
};
use crate::decode::lenient;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// The endpoints that exchange the tokens of browser logins (recorded).
const OAUTH_CN: &str = "https://oauth.aliyun.com";
const OAUTH_INTL: &str = "https://oauth.alibabacloud.com";

/// The most profiles that refer to each other. Without a limit, a file with a thousand of them
/// overflows the stack.
const MAX_CHAINED: usize = 10;

#[derive(Default, Deserialize)]
#[serde(default)]
struct CliConfig {
    #[serde(deserialize_with = "lenient::text")]
    current: Option<String>,
    profiles: Vec<CliProfile>,
}

macro_rules! cli_profile {
    ($($field:ident,)*) => {
        /// A profile. Every field is read as a string, also if it is a number or a boolean.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct CliProfile {
            $(#[serde(deserialize_with = "lenient::text")] $field: Option<String>,)*
        }

        impl ProfileFields for CliProfile {
            fn get(&self, field: &'static str) -> Option<&str> {
                let value = match field {
                    $(stringify!($field) => self.$field.as_deref(),)*
                    _ => None,
                };
                value.filter(|value| !value.is_empty())
            }

            fn line(&self, _: &'static str) -> Option<usize> {
                None
            }
        }
    };
}

cli_profile! {
    name, mode,
    access_key_id, access_key_secret, sts_token, sts_expiration,
    ram_role_arn, ram_session_name, role_session_name, expired_seconds, duration_seconds,
    policy, external_id, sts_region, sts_endpoint, enable_vpc, source_profile,
    ram_role_name,
    oidc_provider_arn, oidc_token_file,
    cloud_sso_sign_in_url, cloud_sso_account_id, cloud_sso_access_config,
    access_token, cloud_sso_access_token_expire,
    oauth_site_type, oauth_access_token, oauth_access_token_expire,
    process_command,
}

pub(super) fn parse(
    text: &str,
    name: Option<&str>,
    settings: &Settings,
) -> Result<Source, ProfileError> {
    let text = text.trim_start_matches('\u{feff}');
    let config: CliConfig = serde_json::from_str(text).map_err(|error| {
        let problem = if error.is_data() {
            "contains a value of the wrong type"
        } else {
            "not valid JSON"
        };
        ProfileError::at(Some(error.line()), None, problem)
    })?;
    let current = config.current.as_deref().filter(|name| !name.is_empty());
    let name = name
        .or(current)
        .ok_or_else(|| ProfileError::of_field("current", "missing"))?;
    source(&config.profiles, name, settings, &mut Vec::new())
}

/// The source of a profile. `seen` has the names of the profiles that refer to it.
fn source<'c>(
    profiles: &'c [CliProfile],
    name: &'c str,
    settings: &Settings,
    seen: &mut Vec<&'c str>,
) -> Result<Source, ProfileError> {
    let mut named = profiles.iter().filter(|p| p.get("name") == Some(name));
    let profile = match (named.next(), seen.is_empty()) {
        (Some(profile), _) => profile,
        (None, true) => return Err(ProfileError::of_file("no profile of the selected name")),
        (None, false) => {
            let problem = "names a profile that does not exist";
            return Err(ProfileError::of_field("source_profile", problem));
        }
    };
    if seen.contains(&name) {
        let problem = "profiles refer to each other in a circle";
        return Err(ProfileError::of_field("source_profile", problem));
    }
    if seen.len() == MAX_CHAINED {
        let problem = "more than 10 profiles refer to each other";
        return Err(ProfileError::of_field("source_profile", problem));
    }
    seen.push(name);
    Ok(match profile.required("mode")? {
        "AK" => Source::Static(profile.key(None)?),
        "StsToken" => Source::Static(profile.key(Some("sts_token"))?),
        "RamRoleArn" => {
            let base = Source::Static(profile.key(None)?);
            assume(base, profile, settings)?
        }
        "ChainableRamRoleArn" => {
            let base = profile.required("source_profile")?;
            let base = source(profiles, base, settings, seen)?;
            assume(base, profile, settings)?
        }
        "EcsRamRole" => Source::EcsRole(EcsRole::new(profile.owned("ram_role_name"), settings)),
        "OIDC" => Source::Oidc(Box::new(Oidc::new(
            profile.required("oidc_token_file")?,
            profile.required("oidc_provider_arn")?,
            role(profile, settings)?,
            sts(profile, settings)?,
        ))),
        "CloudSSO" => Source::CloudSso(cloud_sso(profile)?),
        "OAuth" => Source::OAuth(Box::new(oauth(profile, settings)?)),
        "External" => {
            let command = profile.required("process_command")?;
            let unusable = |_| profile.problem("process_command", "not a valid command line");
            Source::External(External::new(command).map_err(unusable)?)
        }
        _ => return Err(profile.problem("mode", "not a supported mode")),
    })
}

fn assume(base: Source, profile: &CliProfile, settings: &Settings) -> Result<Source, ProfileError> {
    let mut role = role(profile, settings)?;
    role.external_id = profile.owned("external_id");
    let sts = sts(profile, settings)?;
    Ok(Source::AssumeRole(Box::new(AssumeRole::new(
        base, role, sts,
    ))))
}

fn role(profile: &CliProfile, settings: &Settings) -> Result<Role, ProfileError> {
    let mut role = profile.role(["ram_role_arn", "ram_role_arn"], settings)?;
    let seconds = match profile.seconds("duration_seconds")? {
        Some(seconds) => Some(seconds),
        None => profile.seconds("expired_seconds")?,
    };
    if let Some(seconds) = seconds {
        role.seconds = seconds;
    }
    Ok(role)
}

/// The endpoint of STS: that of the settings, or else that of the profile, or else that of its region.
fn sts(profile: &CliProfile, settings: &Settings) -> Result<Endpoint, ProfileError> {
    let vpc = profile.get("enable_vpc") == Some("true");
    let named = settings.sts_in(profile.get("sts_region"), vpc)?;
    match profile.get("sts_endpoint") {
        Some(own) if !settings.has_own_sts() => own
            .parse()
            .map_err(|_| profile.problem("sts_endpoint", "not a valid endpoint")),
        Some(_) | None => Ok(named),
    }
}

fn cloud_sso(profile: &CliProfile) -> Result<CloudSso, ProfileError> {
    let url = profile.required("cloud_sso_sign_in_url")?;
    let unusable = |_| profile.problem("cloud_sso_sign_in_url", "not a valid https URL");
    Ok(CloudSso {
        endpoint: Uri::new(url).map_err(unusable)?.endpoint,
        account_id: profile.required("cloud_sso_account_id")?.to_owned(),
        access_config: profile.required("cloud_sso_access_config")?.to_owned(),
        access_token: token(profile, "access_token")?,
        expires: unix(profile, "cloud_sso_access_token_expire")?.unwrap_or_default(),
    })
}

fn oauth(profile: &CliProfile, settings: &Settings) -> Result<OAuth, ProfileError> {
    let base = match profile.get("oauth_site_type") {
        None | Some("CN") => OAUTH_CN,
        Some("INTL") => OAUTH_INTL,
        Some(_) => return Err(profile.problem("oauth_site_type", "must be CN or INTL")),
    };
    let unusable = |_| profile.problem("oauth_site_type", "no endpoint for this site");
    let endpoint = match &settings.oauth {
        Some(endpoint) => endpoint.clone(),
        None => base.parse().map_err(unusable)?,
    };
    let access_token = match unix(profile, "oauth_access_token_expire")? {
        Some(expires) if profile.get("oauth_access_token").is_some() => {
            Some((token(profile, "oauth_access_token")?, expires))
        }
        Some(_) | None => None,
    };
    let stored = match unix(profile, "sts_expiration")? {
        Some(expires) if profile.get("access_key_id").is_some() => {
            Some((profile.key(Some("sts_token"))?, expires))
        }
        Some(_) | None => None,
    };
    Ok(OAuth {
        endpoint,
        access_token,
        stored,
    })
}

/// The value of a field that is sent in a header.
fn token(profile: &CliProfile, field: &'static str) -> Result<Secret, ProfileError> {
    let token = profile.required(field)?;
    if token.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Secret::new(token))
    } else {
        Err(profile.problem(field, NOT_A_TOKEN))
    }
}

/// The time in a field, which the CLI stores in seconds since 1970.
fn unix(profile: &CliProfile, field: &'static str) -> Result<Option<UnixTime>, ProfileError> {
    let Some(text) = profile.get(field) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(seconds) => Ok(Some(UnixTime::from_seconds(seconds))),
        Err(_) => Err(profile.problem(field, "not a number of seconds since 1970")),
    }
}
