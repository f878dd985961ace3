//! `~/.alibabacloud/credentials`: sections of `key = value`.
//!
//! As in the vendor's SDKs, everything after a `#` is cut off and keys are in any case. Unlike there,
//! a `%` means nothing special.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

use super::{Fields, Problem};
use crate::credentials::settings::Settings;
use crate::credentials::source::{AssumeRole, EcsRole, Oidc, Source};

/// The keys that mean something; others are skipped.
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

/// One section: values with the lines that they stand on.
struct Section(BTreeMap<&'static str, (usize, String)>);

impl Fields for Section {
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
) -> Result<Source, Problem> {
    let section = section(text, name.unwrap_or("default"))?;
    let assume = |base| {
        let mut role = section.role(["role_arn", "ram_role_arn"], settings)?;
        role.external_id = section.owned("external_id");
        let sts = settings.sts_in(section.get("sts_region"), false)?;
        let assumed = AssumeRole::new(base, role, sts);
        Ok::<_, Problem>(Source::AssumeRole(Box::new(assumed)))
    };
    Ok(match section.needed("type")? {
        "access_key" => Source::Static(section.key(None)?),
        "ram_role_arn" => assume(Source::Static(section.key(None)?))?,
        "oidc_role_arn" => {
            let file = section.either("oidc_token_file_path", "oidc_token_file");
            let file = match file {
                Some(file) => file,
                None => section.needed("oidc_token_file_path")?,
            };
            let provider = section.needed("oidc_provider_arn")?;
            let role = section.role(["role_arn", "ram_role_arn"], settings)?;
            let sts = settings.sts_in(section.get("sts_region"), false)?;
            Source::Oidc(Box::new(Oidc::new(file, provider, role, sts)))
        }
        "ecs_ram_role" => {
            let role = section.either("role_name", "ram_role_name");
            Source::EcsRole(EcsRole::new(role.map(ToOwned::to_owned), settings))
        }
        "rsa_key_pair" => {
            return Err(section.problem("type", "is rsa_key_pair, which is not supported"));
        }
        _ => return Err(section.problem("type", "is not one that is known")),
    })
}

/// Reads one section, and checks the shape of all lines.
fn section(text: &str, name: &str) -> Result<Section, Problem> {
    let text = text.trim_start_matches('\u{feff}');
    let mut found = None;
    let mut is_open = false;
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() || text.starts_with(';') {
            continue;
        }
        let problem = |problem| Problem::at(Some(line), None, problem);
        if let Some(header) = text.strip_prefix('[') {
            let Some(header) = header.strip_suffix(']') else {
                return Err(problem("begins a section without ending its name"));
            };
            is_open = header.trim() == name;
            if is_open && found.is_some() {
                return Err(problem("begins the chosen section a second time"));
            }
            if is_open {
                found = Some(BTreeMap::new());
            }
            continue;
        }
        let Some((key, value)) = text.split_once(['=', ':']) else {
            return Err(problem("is neither a section nor a key with a value"));
        };
        let key = key.trim();
        let known = KEYS.iter().find(|known| known.eq_ignore_ascii_case(key));
        if let (true, Some(values), Some(key)) = (is_open, &mut found, known) {
            let value = (line, value.trim().to_owned());
            if values.insert(*key, value).is_some() {
                return Err(Problem::at(Some(line), Some(key), "is there twice"));
            }
        }
    }
    match found {
        Some(values) => Ok(Section(values)),
        None => Err(Problem::of_file("has no section of the chosen name")),
    }
}
