//! Damaged files with profiles, another identity behind each.

use cloudauth_proto::credentials::{
    Chain, Profile, ProfileFormat, ResolvedCredentials, Settings, Source,
};
use cloudauth_proto::driver::{Now, Refresh, SupplyError};
use cloudauth_proto::{Credentials, Error, Flow, Session, Step, WhoAmI};
use serde_json::Value;

/// The key behind the file.
const BEHIND: &str = "LTAIbehind";

/// A file whose selected profile is `default`, and one whose selected profile is named. In both, other
/// profiles stand before and after it.
const INI: &str = "\
# profiles of a program
[before]
type = access_key
access_key_id = LTAIbefore
access_key_secret = before
[default] ; the one that is used
enable = true
type = access_key
access_key_id = LTAImain # of the program
access_key_secret = \"main\"
role_session_name = a\\
b
[after]
type = ram_role_arn
access_key_id = LTAIafter
access_key_secret = after
role_arn = acs:ram::1:role/after
";

const CLI: &str = r#"{"current":"default","profiles":[
{"name":"before","mode":"AK","access_key_id":"LTAIbefore","access_key_secret":"before"},
{"name":"default","mode":"RamRoleArn","access_key_id":"LTAImain","access_key_secret":"main",
"ram_role_arn":"acs:ram::1:role/main","ram_session_name":"s","external_id":"e","policy":""},
{"name":"after","mode":"ChainableRamRoleArn","source_profile":"before","ram_role_arn":"acs:ram::1:role/after"},
{"name":"last","mode":"AK","access_key_id":"LTAIlast","access_key_secret":"last"}
],"meta_path":""}
"#;

/// What damaged bytes are replaced by: everything that has a meaning in one of the formats.
const PIECES: [&[u8]; 24] = [
    b"",
    b"",
    b"\"",
    b"'",
    b"\\",
    b"#",
    b";",
    b" ;",
    b"\n",
    b"[",
    b"]",
    b"[default]",
    b"=",
    b":",
    b",",
    b"{",
    b"}",
    b"},{",
    b"\xff",
    b"\\ud800",
    b"null",
    b"\"name\":\"default\",",
    b"enable = false\n",
    b" ",
];

/// A file is damaged in up to eight places. Whatever its profile is then, the key that signs is a part of that
/// profile, and the key behind the file is used only if the file has no profile.
///
/// Each edit takes four bytes: two for its position, one for the number of bytes that are cut out, and one for
/// what is put there. The first byte chooses the format, and whether the profile is named.
pub fn never_another_identity(bytes: &[u8]) {
    let Some((choice, edits)) = bytes.split_first() else {
        return;
    };
    let format = if choice & 1 == 0 {
        ProfileFormat::Cli
    } else {
        ProfileFormat::Ini
    };
    let name = (choice & 2 != 0).then(|| "default".to_owned());
    let is_ini = format == ProfileFormat::Ini;
    let mut file = if is_ini { INI } else { CLI }.as_bytes().to_vec();
    for edit in edits.chunks_exact(4).take(8) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % (file.len() + 1);
        let end = (at + usize::from(edit[2] % 8)).min(file.len());
        let piece = match edit[3] {
            known if usize::from(known) < 3 * PIECES.len() => {
                PIECES[usize::from(known) % PIECES.len()]
            }
            _ => &edit[3..4],
        };
        file.splice(at..end, piece.iter().copied());
    }
    let is_named = name.is_some();
    let found = match resolve(format, name, &file) {
        Ok(found) => found,
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("LTAI"), "{shown}");
            return;
        }
    };
    let id = found.credentials.access_key_id().unwrap_or_default();
    let shown = || String::from_utf8_lossy(&file).into_owned();
    if id == BEHIND {
        assert!(!is_named, "another identity: {}", shown());
        assert!(
            may_be_absent(format, &file),
            "another identity: {}",
            shown()
        );
        return;
    }
    let allowed = if is_ini {
        section(&file)
    } else {
        profile(&file, !is_named)
    };
    assert!(
        allowed.contains(id),
        "the key {id} is none of the profile: {}",
        shown()
    );
}

/// Looks for credentials in a file, then behind it.
fn resolve(
    format: ProfileFormat,
    name: Option<String>,
    file: &[u8],
) -> Result<ResolvedCredentials, Error> {
    let Ok(behind) = Credentials::access_key(BEHIND, "behind") else {
        panic!("it is a valid key");
    };
    let mut profile = Profile::new(format, "/f", name, Settings::default());
    if let Ok(Source::AssumeRole(assumed)) = profile.parse(file) {
        // The key that assumes a role is that of the profile, too.
        let Source::Static(key) = assumed.base else {
            return Err(Error::Finished);
        };
        let mut session = Session::new(key, [1; 32]);
        let Step::Done(result) = WhoAmI::new().poll(&mut session, Now::default()) else {
            panic!("a key needs no refresh");
        };
        return result;
    }
    profile.files[0].is_required = false;
    let chain = Chain::new(vec![profile.into(), behind.into()]);
    let mut session = Session::new(Source::from(chain), [1; 32]);
    let Step::Authenticate(ticket) = WhoAmI::new().poll(&mut session, Now::default()) else {
        panic!("no refresh is due");
    };
    let mut refresh = Refresh::new(ticket);
    loop {
        match refresh.poll(&mut session, Now::default()) {
            Step::Read { .. } => refresh.supply(Ok(file.to_vec())),
            Step::Run { .. } => refresh.supply(Err(SupplyError::Missing)),
            Step::Provide { .. } => refresh.provide(Err(SupplyError::Missing)),
            Step::Done(result) => return result,
            // No damage makes a profile ask a server but one whose answer is of no interest.
            Step::Send(_) | Step::Wait(_) | Step::Abandon(_) | Step::Authenticate(_) => {
                return Err(Error::Finished);
            }
        }
    }
}

/// The text of the section `default`: every line from its header to the next line that begins with a bracket.
fn section(file: &[u8]) -> String {
    let text = String::from_utf8_lossy(file).into_owned();
    let mut is_open = false;
    let mut section = String::new();
    for line in text.split('\n').map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let name = header.split(']').next().unwrap_or_default();
            is_open = name.trim() == "default" && header.contains(']');
        } else if is_open {
            section.push_str(line.trim_end_matches('\\'));
            if !line.ends_with('\\') {
                section.push('\n');
            }
        }
    }
    section
}

/// The strings of the profile that is selected, with those of the profiles that it refers to.
fn profile(file: &[u8], is_current: bool) -> String {
    let Some(file) = read(file) else {
        return String::new();
    };
    let current = member(&file, "current").and_then(Value::as_str);
    let mut name = current
        .filter(|it| is_current && !it.is_empty())
        .unwrap_or("default");
    let mut text = String::new();
    let profiles = member(&file, "profiles").and_then(Value::as_array);
    for _ in 0..10 {
        let mut profiles = profiles.into_iter().flatten();
        let named = profiles.find(|it| member(it, "name").and_then(Value::as_str) == Some(name));
        let Some(profile) = named else {
            break;
        };
        collect(profile, &mut text);
        match member(profile, "source_profile").and_then(Value::as_str) {
            Some(base) => name = base,
            None => break,
        }
    }
    text
}

fn collect(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => fields.values().for_each(|it| collect(it, text)),
        Value::String(it) => {
            text.push_str(it);
            text.push('\n');
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            text.push_str(&other.to_string());
            text.push('\n');
        }
    }
}

/// The last value of a name, also in another case.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let object = value.as_object()?;
    let other = || {
        object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    object.get(name).or_else(|| other().map(|(_, value)| value))
}

/// The JSON of a file, without what no string can contain.
fn read(file: &[u8]) -> Option<Value> {
    let text = String::from_utf8_lossy(file);
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut readable = String::new();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        readable.push_str(before);
        // Halves of surrogate pairs; the files have no whole ones.
        let is_half = |code: &str| {
            let code = u16::from_str_radix(code, 16);
            escape.starts_with("\\u") && matches!(code, Ok(0xd800..=0xdfff))
        };
        if escape.get(2..6).is_some_and(is_half) {
            readable.push('?');
            rest = &escape[6..];
        } else {
            let escaped = escape.chars().nth(1).map_or(0, char::len_utf8);
            readable.push_str(&escape[..=escaped]);
            rest = &escape[1 + escaped..];
        }
    }
    readable.push_str(rest);
    serde_json::from_str(&readable).ok()
}

/// Whether a file has no profile that would be used without a name.
fn may_be_absent(format: ProfileFormat, file: &[u8]) -> bool {
    if format == ProfileFormat::Ini {
        let section = section(file).to_ascii_lowercase();
        let has = |key: &str| {
            let mut lines = section.lines();
            lines.any(|line| line.split(['=', ':']).next().map(str::trim) == Some(key))
        };
        let is_off = section.contains("enable") && section.contains("false");
        return is_off || !(has("type") || has("access_key_id") || has("access_key_secret"));
    }
    let text = String::from_utf8_lossy(file);
    if text.trim().is_empty() {
        return true;
    }
    let Some(file) = read(file) else {
        return false;
    };
    let current = member(&file, "current").filter(|it| !it.is_null());
    let is_default = current.is_none_or(|it| matches!(it.as_str(), Some("" | "default")));
    let profiles = member(&file, "profiles").and_then(Value::as_array);
    let mut profiles = profiles.into_iter().flatten();
    let default = profiles.find(|it| member(it, "name").and_then(Value::as_str) == Some("default"));
    let is_set = |profile: &Value, name: &str| {
        let value = member(profile, name).filter(|it| !it.is_null());
        value.is_some_and(|it| it.as_str() != Some(""))
    };
    let has_any = |profile: &Value| {
        [
            "access_key_id",
            "access_key_secret",
            "ram_role_arn",
            "external_id",
        ]
        .into_iter()
        .any(|name| is_set(profile, name))
    };
    is_default && default.is_none_or(|it| !has_any(it))
}
