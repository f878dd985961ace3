//! Properties of the parsers, with generated files.
//!
//! Every value that a file may contain has a `~`, and every secret a `^`, which occur nowhere else.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use hmac::Mac;
use proptest::collection;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::*;
use crate::credentials::{Credentials, SigningKey};
use crate::encode::hex;
use crate::random::{config, damaged};

fn parse(
    format: ProfileFormat,
    contents: &[u8],
    name: Option<&str>,
) -> Result<Source, SourceError> {
    let settings = Settings::default();
    Profile::new(format, "/f", name.map(ToOwned::to_owned), settings).parse(contents)
}

/// Everything in a source. Secrets of access keys are shown by a signature.
fn contents(source: &Source) -> Vec<String> {
    match source {
        Source::Static(credentials) => key(credentials),
        Source::EcsRole(ecs) => vec![format!("{:?} {}", ecs.role, ecs.endpoint)],
        Source::AssumeRole(assumed) => {
            let own = format!("{:?}", assumed.roles);
            [contents(&assumed.base), vec![own]].concat()
        }
        Source::Oidc(oidc) => vec![format!("{oidc:?}")],
        Source::CloudSso(sso) => vec![format!("{sso:?}"), sso.access_token.expose().to_owned()],
        Source::OAuth(oauth) => {
            let mut all = vec![format!("{oauth:?}")];
            all.extend(oauth.access_token.iter().map(|it| it.0.expose().to_owned()));
            all.extend(oauth.stored.iter().flat_map(|it| key(&it.0)));
            all
        }
        Source::External(external) => external.argv.clone(),
        Source::Absent(_)
        | Source::Unusable(_)
        | Source::FromEnvironment(_)
        | Source::Profile(_)
        | Source::Uri(_)
        | Source::Custom(_)
        | Source::Chain(_) => panic!("{source:?}"),
    }
}

fn key(credentials: &Credentials) -> Vec<String> {
    let SigningKey::Pair(pair) = credentials.key() else {
        panic!("{credentials:?}");
    };
    let hash = pair.sha256.clone().finalize().into_bytes().into();
    let signature = hex::text(&hex::digits(&hash)).to_owned();
    let token = pair.token.iter().map(|it| it.expose().to_owned());
    [pair.id.clone(), signature]
        .into_iter()
        .chain(token)
        .collect()
}

/// What must not depend on other profiles: the source, or the error without the number of the line.
fn outcome(result: Result<Source, SourceError>) -> Result<Vec<String>, String> {
    match result {
        Ok(source) => Ok(contents(&source)),
        Err(SourceError::Malformed { problem, .. }) => {
            Err(format!("{:?}: {}", problem.field, problem.problem))
        }
        Err(other) => Err(other.to_string()),
    }
}

/// Names of profiles are shown.
fn assert_no_value(reason: &SourceError) {
    let mut reason = reason.clone();
    if let SourceError::Malformed { problem, .. } = &mut reason {
        problem.profile = None;
    }
    let shown = format!("{reason} {reason:?}");
    assert!(!shown.contains(['~', '^']), "{shown}");
}

fn assert_no_secret(result: &Result<Source, SourceError>) {
    match result {
        Ok(source) => assert!(!format!("{source:?}").contains('^'), "{source:?}"),
        Err(reason) => assert_no_value(reason),
    }
}

/// For damaged files, in which a secret may be the value of another field.
fn check_errors(format: ProfileFormat, contents: &[u8]) {
    for selected in SELECTED {
        if let Err(reason) = parse(format, contents, selected) {
            assert_no_value(&reason);
        }
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![40 => "~[a-z0-9~]{1,20}", 1 => "~ ~", 1 => "~\u{e9}~", 1 => Just(String::new())]
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![40 => "\\^[a-z0-9^]{1,20}", 1 => "\\^ \\^", 1 => Just(String::new())]
}

fn region() -> impl Strategy<Value = String> {
    select(&["cn-beijing", "cn-hangzhou", "", "cn-shanghai", "~/"][..]).prop_map(ToOwned::to_owned)
}

/// Names of sections and profiles, only one of which is selected.
const NAMES: [&str; 4] = ["default", "p", "~q", "default2"];

/// The default profile, each of the names, and a name that no file has.
const SELECTED: [Option<&str>; 6] = [
    None,
    Some("default"),
    Some("p"),
    Some("~q"),
    Some("default2"),
    Some("~other"),
];

/// A section of an INI file: its name and its values.
type Section = (&'static str, Vec<(&'static str, String)>);

const TYPES: [&str; 6] = [
    "access_key",
    "ram_role_arn",
    "oidc_role_arn",
    "ecs_ram_role",
    "rsa_key_pair",
    "~type",
];

fn ini_values() -> impl Strategy<Value = Vec<(&'static str, String)>> {
    let keys = [
        "access_key_id",
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
        "region_id",
    ];
    let values = subsequence(keys.to_vec(), 6..=keys.len()).prop_flat_map(|keys| {
        keys.into_iter()
            .map(|key| (Just(key), value()))
            .collect::<Vec<_>>()
    });
    let others = (option::weighted(0.9, secret()), option::of(region()));
    (select(&TYPES[..]), values, others)
        .prop_map(|(kind, mut values, (secret, region))| {
            values.push(("type", kind.to_owned()));
            values.extend(secret.map(|secret| ("access_key_secret", secret)));
            values.extend(region.map(|region| ("sts_region", region)));
            values
        })
        .prop_shuffle()
}

fn sections() -> impl Strategy<Value = Vec<Section>> {
    let names = subsequence(NAMES.to_vec(), 1..=NAMES.len()).prop_shuffle();
    names.prop_flat_map(|names| {
        names
            .into_iter()
            .map(|name| (Just(name), ini_values()))
            .collect::<Vec<_>>()
    })
}

fn plain_ini((name, values): &Section) -> String {
    let values = values.iter().map(|(key, value)| format!("{key}={value}\n"));
    format!("[{name}]\n{}", values.collect::<String>())
}

/// A line in one of its forms, with comments and lines that are ignored.
fn line(text: &str, style: u8) -> String {
    let text = match style % 4 {
        0 => text.to_owned(),
        1 => format!("  {}", text.replacen('=', " = ", 1)),
        2 => text.replacen('=', " :\t", 1),
        _ => match text.split_once('=') {
            Some((key, value)) => format!("{}={value}", key.to_ascii_uppercase()),
            None => text.to_owned(),
        },
    };
    match style / 4 % 4 {
        0 => format!("{text}\n"),
        1 => format!("{text} # type = ~ ^\r\n"),
        2 => format!("{text}\n\n; type = ~ ^\n"),
        _ => format!("{text}\nother_key = ~ ^\n"),
    }
}

fn styled_ini(sections: &[Section], styles: &[u8]) -> String {
    let plain = sections.iter().map(plain_ini).collect::<String>();
    let lines = plain.lines().zip(styles.iter().cycle());
    let lines = lines
        .map(|(text, style)| line(text, *style))
        .collect::<String>();
    let mark = if styles.len().is_multiple_of(2) {
        "\u{feff}"
    } else {
        ""
    };
    format!("{mark}{lines}")
}

fn ini_file() -> impl Strategy<Value = (Vec<Section>, String)> {
    (sections(), collection::vec(any::<u8>(), 1..20)).prop_map(|(sections, styles)| {
        let text = styled_ini(&sections, &styles);
        (sections, text)
    })
}

/// A profile of the CLI, with a value for most fields.
fn cli_profile() -> impl Strategy<Value = Map<String, Value>> {
    let modes = [
        "AK",
        "StsToken",
        "RamRoleArn",
        "ChainableRamRoleArn",
        "EcsRamRole",
        "OIDC",
        "CloudSSO",
        "OAuth",
        "External",
        "~mode",
    ];
    let fields = [
        "access_key_id",
        "ram_role_arn",
        "ram_session_name",
        "role_session_name",
        "policy",
        "external_id",
        "ram_role_name",
        "oidc_provider_arn",
        "oidc_token_file",
        "cloud_sso_account_id",
        "cloud_sso_access_config",
        "region_id",
    ];
    let secrets = [
        "access_key_secret",
        "sts_token",
        "access_token",
        "oauth_access_token",
    ];
    let numbers = [
        "expired_seconds",
        "duration_seconds",
        "sts_expiration",
        "oauth_access_token_expire",
        "cloud_sso_access_token_expire",
    ];
    let words: [(&str, &[&str]); 5] = [
        (
            "source_profile",
            &["default", "p", "~q", "default2", "~other", ""],
        ),
        (
            "cloud_sso_sign_in_url",
            &["https://h.example/~", "http://h.example/~", "~"],
        ),
        ("oauth_site_type", &["CN", "INTL", "", "~"]),
        ("process_command", &["/bin/x '^ ^'", "^ '"]),
        ("sts_endpoint", &["sts.example.com", "", "~/"]),
    ];
    let fields = fields.map(|it| (Just(it), value().prop_map(Value::from)).boxed());
    let secrets = secrets.map(|it| (Just(it), secret().prop_map(Value::from)).boxed());
    let number = prop_oneof![
        40 => select(&[0, 900, 900, 900, 3_600, 1_900_000_000][..]).prop_map(Value::from),
        1 => value().prop_map(Value::from),
    ];
    let numbers = numbers.map(|it| (Just(it), number.clone()).boxed());
    let words = words.map(|(it, values)| (Just(it), select(values).prop_map(Value::from)).boxed());
    let others = [
        (Just("sts_region"), region().prop_map(Value::from)).boxed(),
        (Just("enable_vpc"), any::<bool>().prop_map(Value::from)).boxed(),
    ];
    let all = fields
        .into_iter()
        .chain(secrets)
        .chain(numbers)
        .chain(words)
        .chain(others);
    let all: Vec<_> = all.map(|field| option::weighted(0.9, field)).collect();
    let head = (select(&NAMES[..]), select(modes.to_vec()));
    (head, all).prop_map(|((name, mode), fields)| {
        let fields = fields.into_iter().flatten();
        let mut profile: Map<_, _> = fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        profile.insert("name".to_owned(), name.into());
        profile.insert("mode".to_owned(), mode.into());
        profile
    })
}

fn cli_text(profiles: &[&Map<String, Value>], is_pretty: bool) -> String {
    let file = json!({"current": "p", "profiles": profiles, "meta_path": "~^"});
    if is_pretty {
        serde_json::to_string_pretty(&file).unwrap()
    } else {
        file.to_string()
    }
}

fn cli_file() -> impl Strategy<Value = String> {
    let profiles = collection::vec(cli_profile(), 1..4);
    (profiles, any::<bool>())
        .prop_map(|(profiles, is_pretty)| cli_text(&profiles.iter().collect::<Vec<_>>(), is_pretty))
}

/// The profiles that the selected one refers to, in the order of the file, and itself.
fn related<'p>(profiles: &'p [Map<String, Value>], selected: &str) -> Vec<&'p Map<String, Value>> {
    let mut related = Vec::new();
    let mut name = selected;
    while let Some(at) = profiles.iter().position(|profile| profile["name"] == name) {
        if related.contains(&at) {
            break;
        }
        related.push(at);
        if profiles[at]["mode"] != "ChainableRamRoleArn" {
            break;
        }
        name = profiles[at]
            .get("source_profile")
            .and_then(Value::as_str)
            .unwrap_or("");
    }
    related.sort_unstable();
    related.into_iter().map(|at| &profiles[at]).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_ini_section_is_read_independently_of_all_others((sections, text) in ini_file()) {
        for selected in SELECTED {
            let name = selected.unwrap_or("default");
            let alone = sections.iter().find(|section| section.0 == name);
            let alone = alone.map(plain_ini).unwrap_or_default();
            let result = parse(ProfileFormat::Ini, text.as_bytes(), selected);
            assert_no_secret(&result);
            let result_alone = parse(ProfileFormat::Ini, alone.as_bytes(), Some(name));
            prop_assert_eq!(outcome(result), outcome(result_alone));
        }
    }

    #[test]
    fn a_cli_profile_is_read_independently_of_all_others(
        profiles in collection::vec(cli_profile(), 0..5),
        is_pretty in any::<bool>(),
    ) {
        let all: Vec<_> = profiles.iter().collect();
        let text = cli_text(&all, is_pretty);
        for selected in SELECTED {
            let result = parse(ProfileFormat::Cli, text.as_bytes(), selected);
            assert_no_secret(&result);
            let related = cli_text(&related(&profiles, selected.unwrap_or("p")), false);
            let result_alone = parse(ProfileFormat::Cli, related.as_bytes(), selected);
            prop_assert_eq!(outcome(result), outcome(result_alone));
        }
    }

    #[test]
    fn errors_of_damaged_ini_files_contain_no_value(
        text in damaged(ini_file().prop_map(|it| it.1), 12, "[\\[\\]=:#;~^ \n]{0,3}|.{0,3}"),
    ) {
        check_errors(ProfileFormat::Ini, text.as_bytes());
    }

    #[test]
    fn errors_of_damaged_cli_files_contain_no_value(
        text in damaged(cli_file(), 12, "[\\[\\]{}\":,~^ 0-9]{0,3}|.{0,3}"),
    ) {
        check_errors(ProfileFormat::Cli, text.as_bytes());
    }

    #[test]
    fn any_contents_make_a_source_or_an_error_without_a_value(
        contents in prop_oneof![
            collection::vec(any::<u8>(), 0..200),
            "(\\[|\\]|\\{|\\}|[\":,=;#\n a~^]|default|type|current|profiles|name){0,40}"
                .prop_map(String::into_bytes),
        ],
    ) {
        check_errors(ProfileFormat::Cli, &contents);
        check_errors(ProfileFormat::Ini, &contents);
    }
}
