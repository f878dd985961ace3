//! The INI format of `~/.alibabacloud/credentials`: sections with lines of `key = value`.
//!
//! The docs of [`ProfileFormat::Ini`](crate::credentials::ProfileFormat::Ini) have the table of what the vendor's
//! SDKs read differently. Only the selected section is read; `%` is an ordinary character.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::fields::{ProfileFields, TokenUse};
use super::json::has_replacement;
use super::{
    DEFAULT, NO_CREDENTIALS, NO_PROFILE, NOT_UTF_8, ProfileError, SelectedProfile, of_profile,
};
use crate::credentials::settings::Settings;
use crate::credentials::source::{AssumeRole, Source};

/// The known keys; lines with others are skipped.
const KEYS: [&str; 26] = [
    "enable",
    "type",
    "access_key_id",
    "access_key_secret",
    "security_token",
    "bearer_token",
    "role_arn",
    "ram_role_arn",
    "role_session_name",
    "ram_session_name",
    "policy",
    "external_id",
    "duration_seconds",
    "expired_seconds",
    "oidc_provider_arn",
    "oidc_token_file_path",
    "oidc_token_file",
    "oidc_token",
    "role_name",
    "ram_role_name",
    "credentials_uri",
    "process_command",
    "sts_region",
    "sts_endpoint",
    "enable_vpc",
    "public_key_id",
];

/// The keys whose values contain no `#`, so that it begins a comment wherever it is.
const WITHOUT_HASH: [&str; 4] = [
    "access_key_id",
    "access_key_secret",
    "security_token",
    "bearer_token",
];

/// The keys whose values may contain a bracket. In any other it is that of a header whose line end is missing,
/// and what follows belongs to another section.
const WITH_BRACKETS: [&str; 4] = [
    "policy",
    "external_id",
    "process_command",
    "credentials_uri",
];

const NO_SEPARATOR: &str = "is not followed by = and a value";

const HEADER: &str = "contains the header of a section";

/// The key that switches a section off, and describes no source.
const ENABLE: &str = "enable";

const ROLE_ARNS: &[&str] = &["role_arn", "ram_role_arn"];
const ROLE_NAMES: &[&str] = &["role_name", "ram_role_name"];
const TOKEN_FILES: &[&str] = &["oidc_token_file_path", "oidc_token_file"];

const AMBIGUOUS: &str = "contains a # that only some tools take for a comment: quote the value";

/// A value of a section.
struct IniValue<'f> {
    key: &'static str,
    /// Whether the key is written in lower case.
    is_exact: bool,
    line: usize,
    /// Its lines, each with what separates it from the one before. None if the key has no `=`.
    parts: Vec<(&'static str, &'f [u8])>,
}

/// The values of all sections of one name, in the order of the file.
struct IniSection<'f> {
    name: &'f str,
    values: Vec<IniValue<'f>>,
}

impl IniSection<'_> {
    /// The last value of a key in lower case, or else in any, or else the key without a value.
    fn value(&self, key: &str) -> Option<&IniValue<'_>> {
        let values = self.values.iter().filter(|it| it.key == key);
        values.max_by_key(|it| (!it.parts.is_empty(), it.is_exact))
    }
}

impl ProfileFields for IniSection<'_> {
    fn name(&self) -> &str {
        self.name
    }

    fn get(&self, field: &'static str) -> Result<Option<String>, ProfileError> {
        let Some(value) = self.value(field) else {
            return Ok(None);
        };
        if value.parts.is_empty() {
            return Err(self.problem(field, NO_SEPARATOR));
        }
        let mut text = String::new();
        let is_one_line = value.parts.len() == 1;
        for (separator, part) in &value.parts {
            // A comment need not be text.
            let part = String::from_utf8_lossy(part);
            let part = match unquoted(&part) {
                Some(inner) if is_one_line => inner,
                Some(_) | None => without_comment(&part, WITHOUT_HASH.contains(&field))
                    .ok_or_else(|| self.problem(field, AMBIGUOUS))?,
            };
            text.push_str(separator);
            text.push_str(part);
        }
        if has_replacement(&text) {
            return Err(self.problem(field, NOT_UTF_8));
        }
        if text.contains('[') && !WITH_BRACKETS.contains(&field) {
            return Err(self.problem(field, HEADER));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn line(&self, field: &'static str) -> Option<usize> {
        self.value(field).map(|value| value.line)
    }
}

/// What is within the quotes, if there are some around all of a value, which a comment may follow.
fn unquoted(value: &str) -> Option<&str> {
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (inner, after) = value[1..].split_once(quote)?;
    let after = after.trim_start();
    (after.is_empty() || after.starts_with(['#', ';'])).then_some(inner)
}

/// A value without the comment after it. `None` if it is unclear whether there is one.
fn without_comment(value: &str, has_no_hash: bool) -> Option<&str> {
    let value = value.trim();
    let mut end = value.len();
    let mut before = ' ';
    for (at, c) in value.char_indices() {
        if matches!(c, '#' | ';') && before.is_whitespace() {
            end = at;
            break;
        }
        if c == '#' && has_no_hash {
            end = at;
            break;
        }
        before = c;
    }
    let value = value[..end].trim_end();
    (!value.contains('#')).then_some(value)
}

pub(super) fn parse(
    contents: &[u8],
    name: Option<&str>,
    settings: &Settings,
) -> Result<SelectedProfile, ProfileError> {
    let selected = name.unwrap_or(DEFAULT);
    let Some(section) = section(contents, selected)? else {
        return Ok(Err(of_profile(selected, NO_PROFILE)));
    };
    if !is_enabled(&section)? {
        let off = "switched off by enable";
        return match name {
            Some(_) => Err(section.problem("enable", "switches the profile off")),
            None => Ok(Err(of_profile(selected, off))),
        };
    }
    let only_enable = section.values.iter().all(|value| value.key == ENABLE);
    if name.is_none() && only_enable {
        return Ok(Err(of_profile(selected, NO_CREDENTIALS)));
    }
    let source = source(&section, settings)?;
    Ok(Ok((source, selected.to_owned())))
}

fn is_enabled(section: &IniSection<'_>) -> Result<bool, ProfileError> {
    let Some(value) = section.get("enable")? else {
        return Ok(true);
    };
    match &*value.to_ascii_lowercase() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" => Ok(false),
        _ => Err(section.problem("enable", "neither true nor false")),
    }
}

fn source(section: &IniSection<'_>, settings: &Settings) -> Result<Source, ProfileError> {
    let key = |token_use| Ok(Source::Static(section.key("security_token", token_use)?));
    match &*section.required("type")? {
        "access_key" | "ACCESS_KEY" => key(TokenUse::IfTemporary),
        "sts" => key(TokenUse::Required),
        "bearer" => section.bearer(),
        "ram_role_arn" => {
            let base = key(TokenUse::IfSet)?;
            let role = section.role(ROLE_ARNS, settings)?;
            Ok(AssumeRole::new(base, role, section.sts(settings)?).into())
        }
        "oidc_role_arn" => section.oidc(ROLE_ARNS, TOKEN_FILES, settings),
        "ecs_ram_role" => section.ecs_role(ROLE_NAMES, settings),
        "credentials_uri" => section.uri(settings),
        "external" => section.external(settings),
        "rsa_key_pair" => Err(section.problem("type", "rsa_key_pair is not supported")),
        _ => Err(section.problem("type", "not a supported type")),
    }
}

/// Reads all sections of this name.
fn section<'f>(contents: &'f [u8], name: &'f str) -> Result<Option<IniSection<'f>>, ProfileError> {
    let contents = contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents);
    let mut found: Option<Vec<IniValue<'f>>> = None;
    let mut is_open = false;
    let mut malformed_header = None;
    // The value that the next line may continue, and whether that line does in any case.
    let mut last: Option<bool> = None;
    let mut continues = false;
    for (number, line) in (1..).zip(contents.split(|byte| *byte == b'\n')) {
        let text = line.trim_ascii();
        let was_continued = core::mem::replace(&mut continues, ends_with_backslash(text));
        let text = if continues {
            &text[..text.len() - 1]
        } else {
            text
        };
        if was_continued
            && !text.starts_with(b"[")
            && let Some(is_known) = last
        {
            add_part(&mut found, is_known, "", text);
            continue;
        }
        if text.is_empty() || text.starts_with(b"#") || text.starts_with(b";") {
            continue;
        }
        if text.starts_with(b"[") {
            if was_continued && is_open {
                let problem = "a section header that continues a value";
                return Err(ProfileError::of_file(Some(number), problem));
            }
            last = None;
            let header = header(text);
            // What follows a header without an end belongs to no section.
            is_open = header == Some(name.as_bytes());
            if is_open {
                found.get_or_insert_default();
            }
            if header.is_none() {
                malformed_header.get_or_insert(number);
            }
            continue;
        }
        if !is_open {
            continue;
        }
        let separator = text.iter().position(|byte| matches!(byte, b'=' | b':'));
        let key = &text[..separator.unwrap_or(text.len())];
        if separator.is_none() {
            // A line with a bracket may be the header of another section, in which a byte is wrong.
            if text.contains(&b'[') || text.contains(&b']') {
                let problem = "neither a key with a value nor a section header";
                return Err(ProfileError::of_file(Some(number), problem));
            }
            continues = false;
            // As Python reads it.
            if (line.starts_with(b" ") || line.starts_with(b"\t"))
                && let Some(true) = last
            {
                add_part(&mut found, true, "\n", text);
                continue;
            }
        }
        // A known key without its separator is that of a value. Any other line is not needed.
        let key = key.trim_ascii();
        let word = key.split(u8::is_ascii_whitespace).next();
        let known = known_key(word.unwrap_or_default());
        let value = separator.filter(|_| word == Some(key));
        if separator.is_some() || known.is_some() {
            last = Some(known.is_some() && value.is_some());
        }
        if let (Some(values), Some((known, is_exact))) = (&mut found, known) {
            values.push(IniValue {
                key: known,
                is_exact,
                line: number,
                parts: value.map(|at| ("", &text[at + 1..])).into_iter().collect(),
            });
        }
    }
    match (found, malformed_header) {
        (Some(values), _) if values.iter().any(|it| it.key != ENABLE) => {
            Ok(Some(IniSection { name, values }))
        }
        // It may be the one that is looked for, or its values follow.
        (_, Some(line)) => {
            let problem = "section header without a closing bracket";
            Err(ProfileError::of_file(Some(line), problem))
        }
        (Some(values), None) => Ok(Some(IniSection { name, values })),
        // UTF-16, as some editors call Unicode.
        (None, None) if contents.contains(&0) => Err(ProfileError::of_file(None, NOT_UTF_8)),
        (None, None) => Ok(None),
    }
}

/// The known key that this is, in any case, and whether it is in lower case.
fn known_key(key: &[u8]) -> Option<(&'static str, bool)> {
    let mut known = KEYS.into_iter().map(str::as_bytes).zip(KEYS);
    let (bytes, known) = known.find(|(known, _)| known.eq_ignore_ascii_case(key))?;
    Some((known, bytes == key))
}

/// Whether a line continues on the next one.
fn ends_with_backslash(text: &[u8]) -> bool {
    let is_comment = text.starts_with(b"#") || text.starts_with(b";") || text.starts_with(b"[");
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\');
    !is_comment && backslashes.count() % 2 == 1
}

/// Appends a line to the last value, unless that is of an unknown key.
fn add_part<'f>(
    found: &mut Option<Vec<IniValue<'f>>>,
    is_known: bool,
    separator: &'static str,
    part: &'f [u8],
) {
    let last = found.as_mut().and_then(|values| values.last_mut());
    if let (true, Some(last)) = (is_known, last) {
        last.parts.push((separator, part));
    }
}

/// The name in the header of a section, which a comment may follow. `None` if it has no end.
fn header(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| *byte == b']')?;
    let after = text[end + 1..].trim_ascii_start();
    let is_over = after.is_empty() || after.starts_with(b"#") || after.starts_with(b";");
    is_over.then(|| text[1..end].trim_ascii())
}
