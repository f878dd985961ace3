//! The JSON format of `~/.aliyun/config.json`, as the vendor's CLI writes it.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::fields::{NOT_A_TOKEN, ProfileFields, TokenUse};
use super::json::{JsonObject, text_of};
use super::{DEFAULT, NO_CREDENTIALS, NO_PROFILE, ProfileError, SelectedProfile, of_profile};
use crate::clock::UnixTime;
use crate::credentials::Credentials;
use crate::credentials::error::{MalformedProfile, SourceError};
use crate::credentials::settings::Settings;
use crate::credentials::source::{AssumeRole, CloudSso, OAuth, Role, Source, Uri};
use crate::decode::DecodeErrorKind;
use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// The endpoints that exchange the tokens of browser logins (recorded).
const OAUTH_CN: &str = "https://oauth.aliyun.com";
const OAUTH_INTL: &str = "https://oauth.alibabacloud.com";

const ROLE_ARNS: &[&str] = &["ram_role_arn"];
const ROLE_NAMES: &[&str] = &["ram_role_name"];

/// The fields of credentials. The CLI writes a profile without any of them before it is configured.
const OF_CREDENTIALS: [&str; 23] = [
    "access_key_id",
    "access_key_secret",
    "sts_token",
    "ram_role_arn",
    "ram_role_name",
    "source_profile",
    "external_id",
    "private_key",
    "key_pair_name",
    "oidc_provider_arn",
    "oidc_token_file",
    "oidc_token",
    "process_command",
    "credentials_uri",
    "bearer_token",
    "cloud_sso_sign_in_url",
    "cloud_sso_account_id",
    "cloud_sso_access_config",
    "access_token",
    "oauth_access_token",
    "oauth_refresh_token",
    "oauth_site_type",
    "policy",
];

struct CliProfile<'t> {
    name: String,
    fields: JsonObject<'t>,
}

impl ProfileFields for CliProfile<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn get(&self, field: &'static str) -> Result<Option<String>, ProfileError> {
        let text = self.fields.text(field);
        text.map_err(|problem| self.problem(field, problem))
    }

    fn line(&self, field: &'static str) -> Option<usize> {
        self.fields.line(field)
    }
}

/// The profiles of a file by their names, the first of each.
struct CliConfig<'t> {
    profiles: Vec<CliProfile<'t>>,
    by_name: BTreeMap<String, usize>,
}

impl<'t> CliConfig<'t> {
    fn new(objects: Vec<JsonObject<'t>>) -> Self {
        let mut profiles = Vec::new();
        let mut by_name = BTreeMap::new();
        for fields in objects {
            // A name that is not text is not the one that is looked for.
            let Ok(Some(name)) = fields.text("name") else {
                continue;
            };
            by_name.entry(name.clone()).or_insert(profiles.len());
            profiles.push(CliProfile { name, fields });
        }
        Self { profiles, by_name }
    }

    fn named(&self, name: &str) -> Option<&CliProfile<'t>> {
        self.by_name.get(name).map(|at| &self.profiles[*at])
    }
}

pub(super) fn parse(
    contents: &[u8],
    name: Option<&str>,
    settings: &Settings,
) -> Result<SelectedProfile, ProfileError> {
    let text = text_of(contents);
    let is_empty = text.trim().is_empty();
    let file = if is_empty { "{}" } else { &**text };
    let file = JsonObject::read(file, file).map_err(|error| {
        let problem = if error.is_data() {
            "not a JSON object"
        } else {
            "not valid JSON"
        };
        ProfileError::of_file(Some(error.line()), problem)
    })?;
    let of_field = |field, problem| {
        ProfileError::Malformed(MalformedProfile {
            profile: None,
            line: file.line(field),
            field: Some(field),
            problem,
        })
    };
    let current = match name {
        Some(_) => None,
        None => file
            .text("current")
            .map_err(|problem| of_field("current", problem))?,
    };
    let objects = file.objects("profiles");
    let objects = objects.map_err(|problem| of_field("profiles", problem))?;
    let config = CliConfig::new(objects);
    let selected = name.or(current.as_deref()).unwrap_or(DEFAULT);
    let Some(profile) = config.named(selected) else {
        return match (name, selected) {
            (None, selected) if selected != DEFAULT => {
                Err(of_field("current", "names a profile that does not exist"))
            }
            _ => Ok(Err(of_profile(selected, NO_PROFILE))),
        };
    };
    if name.is_none() && !has_credentials(profile)? {
        return Ok(Err(of_profile(selected, NO_CREDENTIALS)));
    }
    let source = source(&config, profile, settings)?;
    Ok(Ok((source, selected.to_owned())))
}

fn has_credentials(profile: &CliProfile<'_>) -> Result<bool, ProfileError> {
    let has_mode = !matches!(profile.get("mode")?.as_deref(), None | Some("AK"));
    // A value of the wrong type is there, too.
    let has = |field: &&'static str| profile.fields.text(field) != Ok(None);
    Ok(has_mode || OF_CREDENTIALS.iter().any(has))
}

/// The source of a profile, and of those that it refers to.
fn source(
    config: &CliConfig<'_>,
    profile: &CliProfile<'_>,
    settings: &Settings,
) -> Result<Source, ProfileError> {
    let mut profile = profile;
    let mut seen = BTreeSet::new();
    let mut roles = Vec::new();
    while mode(profile)? == "ChainableRamRoleArn" {
        seen.insert(profile.name.clone());
        roles.push((role(profile, settings)?, profile.sts(settings)?));
        let base = profile.required("source_profile")?;
        let problem = |problem| profile.problem("source_profile", problem);
        if seen.contains(&base) {
            return Err(problem("profiles refer to each other in a circle"));
        }
        let missing = "names a profile that does not exist";
        profile = config.named(&base).ok_or_else(|| problem(missing))?;
    }
    let mut source = without_base(profile, settings)?;
    for (role, sts) in roles.into_iter().rev() {
        source = AssumeRole::new(source, role, sts).into();
    }
    Ok(source)
}

/// The source of a profile that refers to no other.
fn without_base(profile: &CliProfile<'_>, settings: &Settings) -> Result<Source, ProfileError> {
    let assume = |base| {
        let (role, sts) = (role(profile, settings)?, profile.sts(settings)?);
        Ok::<_, ProfileError>(AssumeRole::new(base, role, sts).into())
    };
    let key = |token_use| Ok(Source::Static(profile.key("sts_token", token_use)?));
    let refuse = |problem| Err(profile.problem("mode", problem));
    match &*mode(profile)? {
        "AK" => key(TokenUse::IfTemporary),
        "StsToken" => key(TokenUse::Required),
        "RamRoleArn" => assume(key(TokenUse::IfSet)?),
        "RamRoleArnWithRoleName" => assume(profile.ecs_role(ROLE_NAMES, settings)?),
        "EcsRamRole" => profile.ecs_role(ROLE_NAMES, settings),
        "OIDC" => profile.oidc(ROLE_ARNS, &["oidc_token_file"], settings),
        "CloudSSO" => Ok(Source::CloudSso(cloud_sso(profile)?)),
        "OAuth" => Ok(Source::OAuth(Box::new(oauth(profile, settings)?))),
        "External" => profile.external(settings),
        "CredentialsURI" => profile.uri(settings),
        "BearerToken" => profile.bearer(),
        "Anonymous" => refuse("Anonymous is not supported: all calls are signed"),
        "RsaKeyPair" => refuse("RsaKeyPair is not supported"),
        _ => refuse("not a supported mode"),
    }
}

/// The mode, or else that of the fields, as far as they allow only one.
fn mode(profile: &CliProfile<'_>) -> Result<String, ProfileError> {
    if let Some(mode) = profile.get("mode")? {
        return Ok(mode);
    }
    let has = |field| Ok::<_, ProfileError>(profile.get(field)?.is_some());
    let has_key = has("access_key_id")? || has("access_key_secret")?;
    let mode = match (has_key, has("sts_token")?, has("ram_role_arn")?) {
        (true, false, false) => "AK",
        (true, true, false) => "StsToken",
        (true, false, true) => "RamRoleArn",
        (false, false, false) if has("ram_role_name")? => "EcsRamRole",
        _ => return Err(profile.problem("mode", "missing")),
    };
    Ok(mode.to_owned())
}

fn role(profile: &CliProfile<'_>, settings: &Settings) -> Result<Role, ProfileError> {
    profile.role(ROLE_ARNS, settings)
}

fn cloud_sso(profile: &CliProfile<'_>) -> Result<CloudSso, ProfileError> {
    let url = profile.required("cloud_sso_sign_in_url")?;
    let unusable = |_| profile.problem("cloud_sso_sign_in_url", "not a valid https URL");
    let expires = unix(profile, "cloud_sso_access_token_expire")?;
    Ok(CloudSso {
        endpoint: Uri::new(&url).map_err(unusable)?.endpoint,
        account_id: profile.required("cloud_sso_account_id")?,
        access_config: profile.required("cloud_sso_access_config")?,
        access_token: token(profile, "access_token")?,
        expires: expires.unwrap_or_default(),
    })
}

fn oauth(profile: &CliProfile<'_>, settings: &Settings) -> Result<OAuth, ProfileError> {
    let site = profile.get("oauth_site_type")?;
    let is = |name: &str| {
        site.as_ref()
            .is_some_and(|it| it.eq_ignore_ascii_case(name))
    };
    let base = match &site {
        Some(_) if is("INTL") => OAUTH_INTL,
        Some(_) if !is("CN") => {
            return Err(profile.problem("oauth_site_type", "must be CN or INTL"));
        }
        Some(_) | None => OAUTH_CN,
    };
    let unusable = |_| profile.problem("oauth_site_type", "no endpoint for this site");
    let endpoint: Endpoint = match &settings.oauth {
        Some(endpoint) => endpoint.clone(),
        None => base.parse().map_err(unusable)?,
    };
    let access_token = match profile.get("oauth_access_token")? {
        Some(_) => {
            let expires = unix(profile, "oauth_access_token_expire")?;
            // The server knows when a token expires whose expiry was not stored.
            let expires = expires.unwrap_or(UnixTime::from_seconds(u64::MAX));
            Some((token(profile, "oauth_access_token")?, expires))
        }
        None => None,
    };
    let stored = match unix(profile, "sts_expiration")? {
        Some(expires) if profile.get("access_key_id")?.is_some() => {
            Some((profile.key("sts_token", TokenUse::Required)?, expires))
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
fn token(profile: &CliProfile<'_>, field: &'static str) -> Result<Secret, ProfileError> {
    profile.key_text(field, NOT_A_TOKEN).map(Secret::new)
}

/// The time in a field, which the CLI stores in seconds since 1970. 0 is none.
fn unix(profile: &CliProfile<'_>, field: &'static str) -> Result<Option<UnixTime>, ProfileError> {
    let Some(text) = profile.get(field)? else {
        return Ok(None);
    };
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(seconds) => Ok(Some(UnixTime::from_seconds(seconds))),
        Err(_) => Err(profile.problem(field, "not a number of seconds since 1970")),
    }
}

/// What a program has printed.
pub(crate) enum PrintedProfile {
    /// An access key, and the time at which it expires.
    Key(Credentials, Option<UnixTime>),
    /// A profile of another mode.
    Other(Source),
}

/// Reads the output of a program: a profile, after any number of lines that are not.
pub(crate) fn printed(output: &[u8], settings: &Settings) -> Result<PrintedProfile, SourceError> {
    let text = text_of(output);
    let fields = object_in(&text).ok_or_else(|| shape("not a JSON object".to_owned()))?;
    let name = String::new();
    let profile = CliProfile { name, fields };
    let read = || {
        // A token belongs to the key whatever the mode is.
        match profile.get("mode")?.as_deref() {
            None | Some("AK" | "StsToken") => {
                let key = profile.key("sts_token", TokenUse::IfSet)?;
                let expires = profile.get("expiration")?.map(|text| {
                    let expires = UnixTime::parse(&text);
                    expires.ok_or_else(|| profile.problem("expiration", "not a valid time"))
                });
                let key = key.with_provider("external");
                Ok(PrintedProfile::Key(key, expires.transpose()?))
            }
            Some("External" | "ChainableRamRoleArn") => {
                Err(profile.problem("mode", "a program cannot print a profile of this mode"))
            }
            Some(_) => without_base(&profile, settings).map(PrintedProfile::Other),
        }
    };
    read().map_err(|error| match error {
        ProfileError::Malformed(problem) => {
            let field = problem.field.unwrap_or_default();
            shape(format!("{field}: {}", problem.problem))
        }
        ProfileError::Other(reason) => reason,
    })
}

/// The first object that begins a line and ends the text.
fn object_in(text: &str) -> Option<JsonObject<'_>> {
    let mut rest = text;
    loop {
        let start = rest.trim_start();
        if start.starts_with('{')
            && let Ok(object) = JsonObject::read(text, start)
            && !object.is_empty()
        {
            return Some(object);
        }
        let (_, next) = rest.split_once('\n')?;
        rest = next;
    }
}

fn shape(problem: String) -> SourceError {
    SourceError::Output(DecodeErrorKind::Shape(problem))
}
