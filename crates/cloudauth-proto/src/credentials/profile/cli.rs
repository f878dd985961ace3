//! `~/.aliyun/config.json`, as the vendor's CLI writes it.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

use super::{Fields, Problem};
use crate::clock::UnixTime;
use crate::credentials::settings::Settings;
use crate::credentials::source::{
    AssumeRole, CloudSso, EcsRole, External, OAuth, Oidc, Role, Source, Uri,
};
use crate::endpoint::Endpoint;
use crate::secret::Secret;
use crate::wire::lenient;

/// Where the tokens of a browser's login are exchanged (recorded).
const OAUTH_CN: &str = "https://oauth.aliyun.com";
const OAUTH_INTL: &str = "https://oauth.alibabacloud.com";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    #[serde(deserialize_with = "lenient::text")]
    current: Option<String>,
    profiles: Vec<Entry>,
}

macro_rules! entry {
    ($($field:ident,)*) => {
        /// A profile: every field is text, whatever JSON makes of it.
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Entry {
            $(#[serde(deserialize_with = "lenient::text")] $field: Option<String>,)*
        }

        impl Fields for Entry {
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

entry! {
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
) -> Result<Source, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let config: Config = serde_json::from_str(text).map_err(|error| {
        let problem = if error.is_data() {
            "holds a value of the wrong type"
        } else {
            "is not JSON"
        };
        Problem::at(Some(error.line()), None, problem)
    })?;
    let current = config.current.as_deref().filter(|name| !name.is_empty());
    let name = name
        .or(current)
        .ok_or_else(|| Problem::of_field("current", "is missing"))?;
    source(&config.profiles, name, settings, &mut Vec::new())
}

/// `seen` are the profiles that led here.
fn source<'c>(
    profiles: &'c [Entry],
    name: &'c str,
    settings: &Settings,
    seen: &mut Vec<&'c str>,
) -> Result<Source, Problem> {
    let mut named = profiles.iter().filter(|p| p.get("name") == Some(name));
    let profile = match (named.next(), seen.is_empty()) {
        (Some(profile), _) => profile,
        (None, true) => return Err(Problem::of_file("has no profile of the chosen name")),
        (None, false) => {
            let problem = "names a profile that is not there";
            return Err(Problem::of_field("source_profile", problem));
        }
    };
    if seen.contains(&name) {
        let problem = "leads back to where it came from";
        return Err(Problem::of_field("source_profile", problem));
    }
    seen.push(name);
    Ok(match profile.needed("mode")? {
        "AK" => Source::Static(profile.key(None)?),
        "StsToken" => Source::Static(profile.key(Some("sts_token"))?),
        "RamRoleArn" => {
            let base = Source::Static(profile.key(None)?);
            assume(base, profile, settings)?
        }
        "ChainableRamRoleArn" => {
            let base = profile.needed("source_profile")?;
            let base = source(profiles, base, settings, seen)?;
            assume(base, profile, settings)?
        }
        "EcsRamRole" => Source::EcsRole(EcsRole::new(profile.owned("ram_role_name"), settings)),
        "OIDC" => Source::Oidc(Box::new(Oidc::new(
            profile.needed("oidc_token_file")?,
            profile.needed("oidc_provider_arn")?,
            role(profile, settings)?,
            sts(profile, settings)?,
        ))),
        "CloudSSO" => Source::CloudSso(cloud_sso(profile)?),
        "OAuth" => Source::OAuth(Box::new(oauth(profile, settings)?)),
        "External" => {
            let command = profile.needed("process_command")?;
            let unusable = |_| profile.problem("process_command", "is not a command line");
            Source::External(External::new(command).map_err(unusable)?)
        }
        _ => return Err(profile.problem("mode", "is not one that is known")),
    })
}

fn assume(base: Source, profile: &Entry, settings: &Settings) -> Result<Source, Problem> {
    let mut role = role(profile, settings)?;
    role.external_id = profile.owned("external_id");
    let sts = sts(profile, settings)?;
    Ok(Source::AssumeRole(Box::new(AssumeRole::new(
        base, role, sts,
    ))))
}

fn role(profile: &Entry, settings: &Settings) -> Result<Role, Problem> {
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

/// The settings' own endpoint comes first, then the profile's, then the profile's region.
fn sts(profile: &Entry, settings: &Settings) -> Result<Endpoint, Problem> {
    let vpc = profile.get("enable_vpc") == Some("true");
    let named = settings.sts_in(profile.get("sts_region"), vpc)?;
    match profile.get("sts_endpoint") {
        Some(own) if !settings.has_own_sts() => own
            .parse()
            .map_err(|_| profile.problem("sts_endpoint", "is not an endpoint")),
        Some(_) | None => Ok(named),
    }
}

fn cloud_sso(profile: &Entry) -> Result<CloudSso, Problem> {
    let url = profile.needed("cloud_sso_sign_in_url")?;
    let unusable = |_| profile.problem("cloud_sso_sign_in_url", "is not an https URL");
    Ok(CloudSso {
        endpoint: Uri::new(url).map_err(unusable)?.endpoint,
        account_id: profile.needed("cloud_sso_account_id")?.to_owned(),
        access_config: profile.needed("cloud_sso_access_config")?.to_owned(),
        access_token: token(profile, "access_token")?,
        expires: unix(profile, "cloud_sso_access_token_expire")?.unwrap_or_default(),
    })
}

fn oauth(profile: &Entry, settings: &Settings) -> Result<OAuth, Problem> {
    let base = match profile.get("oauth_site_type") {
        None | Some("CN") => OAUTH_CN,
        Some("INTL") => OAUTH_INTL,
        Some(_) => return Err(profile.problem("oauth_site_type", "is neither CN nor INTL")),
    };
    let unusable = |_| profile.problem("oauth_site_type", "has no endpoint");
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

/// A token that is sent in a header.
fn token(profile: &Entry, field: &'static str) -> Result<Secret, Problem> {
    let token = profile.needed(field)?;
    if token.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(Secret::new(token))
    } else {
        Err(profile.problem(field, "holds a character that no token has"))
    }
}

/// Seconds since 1970, as the CLI stores times.
fn unix(profile: &Entry, field: &'static str) -> Result<Option<UnixTime>, Problem> {
    let Some(text) = profile.get(field) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(seconds) => Ok(Some(UnixTime::from_seconds(seconds))),
        Err(_) => Err(profile.problem(field, "is not a time in seconds since 1970")),
    }
}
