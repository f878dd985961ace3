//! The INI format of `~/.alibabacloud/credentials`: sections with lines of `key = value`.
//!
//! As in the vendor's SDKs, a `#` anywhere begins a comment, and keys are case-insensitive. Unlike in the
//! vendor's SDKs, `%` is an ordinary character.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{ProfileError, ProfileFields};
use crate::credentials::settings::Settings;
use crate::credentials::source::{AssumeRole, EcsRole, Oidc, Source};

/// The known keys; lines with others are skipped.
const KEYS: [&str; 15] = [
    "type",
    "access_key_id",
    "access_key_secret",
    "role_arn",
    "ram_role_arn",
    "role_session_name",
    "ram_session_name",
    "policy",
    "external_id",
    "oidc_provider_arn",
    "oidc_token_file_path",
    "oidc_token_file",
    "role_name",
    "ram_role_name",
    "sts_region",
];

/// One section: its values with the numbers of their lines.
struct IniSection(BTreeMap<&'static str, (usize, String)>);

impl ProfileFields for IniSection {
    fn get(&self, field: &'static str) -> Option<&str> {
        let value = self.0.get(field).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    fn line(&self, field: &'static str) -> Option<usize> {
        self.0.get(field).map(|(line, _)| *line)
    }
}

pub(super) fn parse(
    text: &str,
    name: Option<&str>,
    settings: &Settings,
) -> Result<Source, ProfileError> {
    let section = section(text, name.unwrap_or("default"))?;
    let assume = |base| {
        let mut role = section.role(["role_arn", "ram_role_arn"], settings)?;
        role.external_id = section.owned("external_id");
        let sts = settings.sts_in(section.get("sts_region"), false)?;
        let assumed = AssumeRole::new(base, role, sts);
        Ok::<_, ProfileError>(Source::AssumeRole(Box::new(assumed)))
    };
    Ok(match section.required("type")? {
        "access_key" => Source::Static(section.key(None)?),
        "ram_role_arn" => assume(Source::Static(section.key(None)?))?,
        "oidc_role_arn" => {
            let file = section.either("oidc_token_file_path", "oidc_token_file");
            let file = match file {
                Some(file) => file,
                None => section.required("oidc_token_file_path")?,
            };
            let provider = section.required("oidc_provider_arn")?;
            let role = section.role(["role_arn", "ram_role_arn"], settings)?;
            let sts = settings.sts_in(section.get("sts_region"), false)?;
            Source::Oidc(Box::new(Oidc::new(file, provider, role, sts)))
        }
        "ecs_ram_role" => {
            let role = section.either("role_name", "ram_role_name");
            Source::EcsRole(EcsRole::new(role.map(ToOwned::to_owned), settings))
        }
        "rsa_key_pair" => {
            return Err(section.problem("type", "rsa_key_pair is not supported"));
        }
        _ => return Err(section.problem("type", "not a supported type")),
    })
}

/// Parses one section, and checks the form of all other lines.
fn section(text: &str, name: &str) -> Result<IniSection, ProfileError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut found = None;
    let mut is_open = false;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() || text.starts_with(';') {
            continue;
        }
        let problem = |problem| ProfileError::at(Some(line), None, problem);
        if let Some(header) = text.strip_prefix('[') {
            let Some(header) = header.strip_suffix(']') else {
                return Err(problem("section header without a closing bracket"));
            };
            is_open = header.trim() == name;
            if is_open && found.is_some() {
                return Err(problem("second section of the selected name"));
            }
            if is_open {
                found = Some(BTreeMap::new());
            }
            continue;
        }
        let Some((key, value)) = text.split_once(['=', ':']) else {
            return Err(problem("neither a section header nor a key with a value"));
        };
        let key = key.trim();
        let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
        if let (true, Some(values), Some(key)) = (is_open, &mut found, known) {
            let value = (line, value.trim().to_owned());
            if values.insert(*key, value).is_some() {
                let problem = "second value for this key";
                return Err(ProfileError::at(Some(line), Some(key), problem));
            }
        }
    }
    match found {
        Some(values) => Ok(IniSection(values)),
        None => Err(ProfileError::of_file("no section of the selected name")),
    }
}
