use alloc::format;
use alloc::string::ToString;

use super::*;
use crate::credentials::Environment;
use crate::credentials::source::{AssumeRole, Oidc};

fn parse(format: ProfileFormat, text: &str, name: Option<&str>) -> Result<Source, SourceError> {
    let settings = Settings::new(&Environment::default());
    Profile::new(format, "/f", name.map(ToOwned::to_owned), settings).parse(text.as_bytes())
}

fn cli(profile: &str) -> Result<Source, SourceError> {
    let text = format!(r#"{{"current":"p","profiles":[{{"name":"p",{profile}}}]}}"#);
    parse(ProfileFormat::Cli, &text, None)
}

fn ini(section: &str) -> Result<Source, SourceError> {
    parse(ProfileFormat::Ini, &format!("[default]\n{section}"), None)
}

fn assumed(source: Source) -> AssumeRole {
    let Source::AssumeRole(assumed) = source else {
        panic!("{source:?}");
    };
    *assumed
}

fn oidc(source: Source) -> Oidc {
    let Source::Oidc(oidc) = source else {
        panic!("{source:?}");
    };
    *oidc
}

const KEY: &str = r#""access_key_id":"id","access_key_secret":"s""#;

#[test]
fn every_mode_of_the_cli_makes_a_source() {
    let is = |profile: &str, is: fn(&Source) -> bool| {
        let source = cli(profile).unwrap();
        assert!(is(&source), "{profile}: {source:?}");
    };
    is(
        &format!(r#""mode":"AK",{KEY}"#),
        |s| matches!(s, Source::Static(key) if key.security_token().is_none()),
    );
    is(
        &format!(r#""mode":"StsToken","sts_token":"t",{KEY}"#),
        |s| matches!(s, Source::Static(key) if key.security_token().is_some()),
    );
    is(
        r#""mode":"EcsRamRole","ram_role_name":"r""#,
        |s| matches!(s, Source::EcsRole(it) if it.role.as_deref() == Some("r")),
    );
    is(
        r#""mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.example.com/x/login",
        "cloud_sso_account_id":151,"cloud_sso_access_config":"ac","access_token":"t",
        "cloud_sso_access_token_expire":1800000000"#,
        |s| {
            matches!(s, Source::CloudSso(it) if it.account_id == "151"
            && it.endpoint.to_string() == "https://signin.example.com"
            && it.expires.seconds() == 1_800_000_000)
        },
    );
    is(
        &format!(r#""mode":"OAuth","sts_token":"t","sts_expiration":1800000000,{KEY}"#),
        |s| matches!(s, Source::OAuth(it) if it.stored.is_some() && it.access_token.is_none()),
    );
    is(
        r#""mode":"External","process_command":"/bin/x 'a b'""#,
        |s| matches!(s, Source::External(it) if it.argv == ["/bin/x", "a b"]),
    );
}

#[test]
fn a_role_has_the_values_of_its_profile() {
    let source = cli(&format!(
        r#""mode":"RamRoleArn",{KEY},"ram_role_arn":"arn","ram_session_name":"me",
        "expired_seconds":900,"policy":"{{ }}","external_id":"e","sts_region":"cn-beijing",
        "enable_vpc":true"#
    ));
    let assumed = assumed(source.unwrap());
    let role = &assumed.role;
    assert_eq!(
        (role.arn.as_str(), role.session_name.as_str()),
        ("arn", "me")
    );
    assert_eq!(role.seconds, 900);
    assert_eq!(role.policy.as_deref(), Some("{ }"));
    assert_eq!(role.external_id.as_deref(), Some("e"));
    assert_eq!(assumed.sts.authority(), "sts-vpc.cn-beijing.aliyuncs.com");
}

#[test]
fn both_names_of_the_session_field_are_read() {
    for field in ["ram_session_name", "role_session_name"] {
        let source = cli(&format!(
            r#""mode":"OIDC","ram_role_arn":"arn","oidc_provider_arn":"p",
            "oidc_token_file":"/t","{field}":"me""#
        ));
        assert_eq!(oidc(source.unwrap()).role.session_name, "me");
        let section = format!(
            "type = oidc_role_arn\nrole_arn = arn\noidc_provider_arn = p\n\
             oidc_token_file_path = /t\n{field} = me\n"
        );
        assert_eq!(oidc(ini(&section).unwrap()).role.session_name, "me");
    }
}

#[test]
fn roles_are_chained_and_a_circle_is_an_error() {
    let chained = |base: &str| {
        let text = format!(
            r#"{{"profiles":[{{"name":"a","mode":"ChainableRamRoleArn","source_profile":"b",
            "ram_role_arn":"1"}},{{"name":"b","mode":"ChainableRamRoleArn",
            "source_profile":"{base}","ram_role_arn":"2"}},{{"name":"c","mode":"AK",{KEY}}}]}}"#
        );
        parse(ProfileFormat::Cli, &text, Some("a"))
    };
    let outer = assumed(chained("c").unwrap());
    let inner = assumed(outer.base);
    assert_eq!(
        (outer.role.arn.as_str(), inner.role.arn.as_str()),
        ("1", "2")
    );
    assert!(matches!(inner.base, Source::Static(_)));
    for (base, problem) in [
        ("a", "profiles refer to each other in a circle"),
        ("b", "profiles refer to each other in a circle"),
        ("d", "names a profile that does not exist"),
    ] {
        let error = chained(base).unwrap_err().to_string();
        assert_eq!(error, format!("/f, source_profile: {problem}"));
    }
}

/// A file whose profiles `0`, `1`, .. each have the next one as their base, up to one with an access key.
fn chain_of(roles: usize) -> Result<Source, SourceError> {
    let role = |n: usize| {
        let base = n + 1;
        format!(
            r#"{{"name":"{n}","mode":"ChainableRamRoleArn","source_profile":"{base}","ram_role_arn":"1"}},"#
        )
    };
    let roles_text: String = (0..roles).map(role).collect();
    let text = format!(r#"{{"profiles":[{roles_text}{{"name":"{roles}","mode":"AK",{KEY}}}]}}"#);
    parse(ProfileFormat::Cli, &text, Some("0"))
}

#[test]
fn a_chain_of_more_than_ten_profiles_is_an_error_that_names_the_limit() {
    let mut source = chain_of(9).unwrap();
    for _ in 0..9 {
        source = assumed(source).base;
    }
    assert!(matches!(source, Source::Static(_)));
    for roles in [10, 1_000, 100_000] {
        let error = chain_of(roles).unwrap_err().to_string();
        let expected = "/f, source_profile: more than 10 profiles refer to each other";
        assert_eq!(error, expected);
    }
}

#[test]
fn errors_of_cli_profiles_name_the_field_and_no_value() {
    for (profile, error) in [
        (
            r#""mode":"AK","access_key_id":"s3cret""#,
            ", access_key_secret: missing",
        ),
        (
            r#""mode":"AK","access_key_id":"s3 cret","access_key_secret":"x""#,
            ", access_key_id: contains a character that no access key has",
        ),
        (
            r#""mode":"StsToken","access_key_id":"x","access_key_secret":"x","sts_token":"s3 cret""#,
            ", sts_token: contains a character that no token has",
        ),
        (r#""mode":"s3cret""#, ", mode: not a supported mode"),
        (r#""access_key_id":"s3cret""#, ", mode: missing"),
        (
            r#""mode":"RamRoleArn","access_key_id":"x","access_key_secret":"x",
            "ram_role_arn":"a","expired_seconds":"s3cret""#,
            ", expired_seconds: not a number of seconds of at least 900",
        ),
        (
            r#""mode":"OAuth","oauth_site_type":"s3cret""#,
            ", oauth_site_type: must be CN or INTL",
        ),
        (
            r#""mode":"CloudSSO","cloud_sso_sign_in_url":"http://s3cret.com""#,
            ", cloud_sso_sign_in_url: not a valid https URL",
        ),
        (
            "\n\"mode\":[\"s3cret\"]",
            ", line 2: contains a value of the wrong type",
        ),
        ("\n\n s3cret", ", line 3: not valid JSON"),
    ] {
        let reason = cli(profile).unwrap_err();
        assert_eq!(reason.to_string(), format!("/f{error}"));
        assert!(!format!("{reason:?}").contains("s3"), "{reason:?}");
    }
    let missing = parse(ProfileFormat::Cli, r#"{"profiles":[]}"#, Some("s3cret"));
    let error = missing.unwrap_err().to_string();
    assert_eq!(error, "/f: no profile of the selected name");
    let none = parse(ProfileFormat::Cli, "{}", None)
        .unwrap_err()
        .to_string();
    assert_eq!(none, "/f, current: missing");
}

#[test]
fn every_type_of_the_ini_format_makes_a_source() {
    let key = "access_key_id = id # mine\nAccess_Key_Secret: s\n";
    let source = ini(&format!("; a comment\n\ntype = access_key\n{key}"));
    assert!(matches!(source, Ok(Source::Static(key)) if key.access_key_id() == Some("id")));
    let role = ini(&format!(
        "type=ram_role_arn\nrole_arn=acs:ram::1:role/r\n{key}"
    ));
    let role = assumed(role.unwrap());
    assert_eq!(role.role.arn, "acs:ram::1:role/r");
    assert_eq!(role.sts, crate::endpoint::Endpoint::STS);
    let ecs = ini("type = ecs_ram_role\nrole_name = r");
    assert!(matches!(ecs, Ok(Source::EcsRole(it)) if it.role.as_deref() == Some("r")));
}

#[test]
fn other_sections_are_ignored() {
    let text = "[default]\ntype = access_key\n[p]\ntype = ecs_ram_role\n";
    assert!(matches!(
        parse(ProfileFormat::Ini, text, Some("p")),
        Ok(Source::EcsRole(_))
    ));
    assert!(parse(ProfileFormat::Ini, text, None).is_err());
}

#[test]
fn errors_of_ini_files_name_line_and_field_and_no_value() {
    for (section, error) in [
        (
            "s3cret",
            ", line 2: neither a section header nor a key with a value",
        ),
        (
            "[s3cret",
            ", line 2: section header without a closing bracket",
        ),
        (
            "a = 1\n[default]",
            ", line 3: second section of the selected name",
        ),
        ("type = s3cret", ", line 2, type: not a supported type"),
        (
            "type = rsa_key_pair\npublic_key_id = s3cret\nprivate_key_file = /s3cret",
            ", line 2, type: rsa_key_pair is not supported",
        ),
        ("a = 1", ", type: missing"),
        (
            "type = access_key\naccess_key_id = s3 cret\naccess_key_secret = x",
            ", line 3, access_key_id: contains a character that no access key has",
        ),
        (
            "policy = s3cret\n\nPOLICY = s3cret",
            ", line 4, policy: second value for this key",
        ),
    ] {
        let reason = ini(section).unwrap_err();
        assert_eq!(reason.to_string(), format!("/f{error}"), "{section}");
        assert!(!format!("{reason:?}").contains("s3"), "{reason:?}");
    }
}

#[test]
fn a_file_that_is_not_utf_8_is_an_error() {
    let settings = Settings::new(&Environment::default());
    let profile = Profile::new(ProfileFormat::Ini, "/f", None, settings);
    let error = profile.parse(b"\xff").unwrap_err().to_string();
    assert_eq!(error, "/f: not UTF-8");
}
