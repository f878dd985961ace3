use alloc::format;
use alloc::string::ToString;

use super::*;
use crate::credentials::Environment;
use crate::credentials::source::{AssumeRole, Oidc, OidcToken, Role};
use crate::endpoint::Endpoint;
use alloc::vec::Vec;

fn parse(format: ProfileFormat, text: &str, name: Option<&str>) -> Result<Source, SourceError> {
    parse_with(format, text.as_bytes(), name, &[])
}

fn parse_with(
    format: ProfileFormat,
    contents: &[u8],
    name: Option<&str>,
    vars: &[(&str, &str)],
) -> Result<Source, SourceError> {
    let settings = Settings::new(&Environment::read(|name| {
        let found = vars.iter().find(|(have, _)| *have == name);
        found.map(|(_, value)| *value)
    }));
    Profile::new(format, "/f", name.map(ToOwned::to_owned), settings).parse(contents)
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
    let (role, sts) = &assumed.roles[0];
    assert_eq!(
        (role.arn.as_str(), role.session_name.as_str()),
        ("arn", "me")
    );
    assert_eq!(role.seconds, 900);
    assert_eq!(role.policy.as_deref(), Some("{ }"));
    assert_eq!(role.external_id.as_deref(), Some("e"));
    assert_eq!(sts.authority(), "sts-vpc.cn-beijing.aliyuncs.com");
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
    let assumed = assumed(chained("c").unwrap());
    let arns: Vec<_> = assumed.roles.iter().map(|(role, _)| &*role.arn).collect();
    assert_eq!(arns, ["2", "1"]);
    assert!(matches!(assumed.base, Source::Static(_)));
    for (base, problem) in [
        ("a", "profiles refer to each other in a circle"),
        ("b", "profiles refer to each other in a circle"),
        ("d", "names a profile that does not exist"),
    ] {
        let error = chained(base).unwrap_err().to_string();
        let expected = format!("/f, profile \"b\", line 3, source_profile: {problem}");
        assert_eq!(error, expected);
    }
}

#[test]
fn a_chain_of_any_length_is_read() {
    for length in [10, 1_000, 100_000] {
        let role = |n: usize| {
            let base = n + 1;
            format!(
                r#"{{"name":"{n}","mode":"ChainableRamRoleArn","source_profile":"{base}","ram_role_arn":"{n}"}},"#
            )
        };
        let roles: String = (0..length).map(role).collect();
        let text = format!(r#"{{"profiles":[{roles}{{"name":"{length}","mode":"AK",{KEY}}}]}}"#);
        let assumed = assumed(parse(ProfileFormat::Cli, &text, Some("0")).unwrap());
        assert_eq!(assumed.roles.len(), length);
        assert_eq!(assumed.roles[length - 1].0.arn, "0");
        assert!(matches!(assumed.base, Source::Static(_)));
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
        (
            r#""access_key_id":"s3cret","sts_token":"s3cret","ram_role_arn":"s3cret""#,
            ", mode: missing",
        ),
        (
            r#""mode":"Anonymous""#,
            ", line 1, mode: Anonymous is not supported: all calls are signed",
        ),
        (
            r#""mode":"RsaKeyPair""#,
            ", line 1, mode: RsaKeyPair is not supported",
        ),
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
            ", line 2, mode: contains a value of the wrong type",
        ),
        ("\n\n s3cret", ", line 3: not valid JSON"),
    ] {
        let reason = cli(profile).unwrap_err();
        let shown = reason.to_string();
        let line = error.contains(", line ");
        let shown = if line {
            shown
        } else {
            shown.replace(", line 1", "").replace(", line 2", "")
        };
        assert_eq!(shown.replace(", profile \"p\"", ""), format!("/f{error}"));
        assert!(!format!("{reason:?}").contains("s3"), "{reason:?}");
    }
    let missing = parse(ProfileFormat::Cli, r#"{"profiles":[]}"#, Some("q"));
    let error = missing.unwrap_err().to_string();
    assert_eq!(error, "/f, profile \"q\": the file does not have it");
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
    assert_eq!(role.roles[0].0.arn, "acs:ram::1:role/r");
    assert_eq!(role.roles[0].1, Endpoint::STS);
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
        ("type = s3cret", ", line 2, type: not a supported type"),
        (
            "type = rsa_key_pair\npublic_key_id = s3cret\nprivate_key_file = /s3cret",
            ", line 2, type: rsa_key_pair is not supported",
        ),
        ("policy = 1", ", type: missing"),
        (
            "enable = s3cret",
            ", line 2, enable: neither true nor false",
        ),
        (
            "type = access_key\naccess_key_id = s3 cret\naccess_key_secret = x",
            ", line 3, access_key_id: contains a character that no access key has",
        ),
        (
            "type = access_key\naccess_key_id = x\naccess_key_secret = <s3cret>",
            ", line 4, access_key_secret: contains a character that no access key has",
        ),
        (
            "type = ecs_ram_role\nrole_name = s3#cret",
            ", line 3, role_name: contains a # that only some tools take for a comment: quote the value",
        ),
    ] {
        let reason = ini(section).unwrap_err();
        let expected = format!("/f, profile \"default\"{error}");
        assert_eq!(reason.to_string(), expected, "{section}");
        assert!(!format!("{reason:?}").contains("s3"), "{reason:?}");
    }
    let reason = parse(ProfileFormat::Ini, "[defau\ntype = access_key", None);
    assert_eq!(
        reason.unwrap_err().to_string(),
        "/f, line 1: section header without a closing bracket"
    );
}

/// The ID of the key that a file has for the default profile.
fn id_of(result: Result<Source, SourceError>) -> Result<String, String> {
    match result {
        Ok(Source::Static(key)) => Ok(key.access_key_id().unwrap().to_owned()),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn ini_files_have_the_reading_under_which_they_can_have_a_key() {
    for contents in [
        "[default] ; mine\nenable = true ; yes\ntype = access_key ; plain\naccess_key_id = ID ; mine\n\
         access_key_secret = s\t; mine",
        "[default]# mine\ntype=access_key #x\naccess_key_id=ID#x\naccess_key_secret=s;x #y",
        "[default]\ntype = \"access_key\" # x\naccess_key_id = \"ID\"\naccess_key_secret = 's' ;x",
        "[default]\ntype = access_key\n[default]\naccess_key_id = ID\naccess_key_secret = s",
        "[default]\ntype = access_key\n[other]\nenable = false\naccess_key_id = XX\n\
         [default]\naccess_key_id = ID\naccess_key_secret = s",
        "[default]\ntype = access_key\naccess_key_id = XX\naccess_key_id = ID\naccess_key_secret = s",
        "[default]\ntype = access_key\naccess_key_id = ID\nAccess_Key_Id = XX\naccess_key_secret = s",
        "[default]\nTYPE = ACCESS_KEY\nACCESS_KEY_ID = ID\nACCESS_KEY_SECRET = s",
        "[default]\ntype = access_key\naccess_key_id = I\\\nD\naccess_key_secret = s",
        "[default]\n  type = access_key\n    access_key_id = ID\n  access_key_secret = s",
        "[default]\ntype = access_key\nno key here\naccess_key_id = ID\naccess_key_secret = s\n[broken",
        "\u{feff}[default]\r\ntype = access_key\r\naccess_key_id = ID\r\naccess_key_secret = s\r\n",
    ] {
        // Half of a secret is none: `s;x` is not a key.
        let contents = contents.replace("s;x #y", "s #y");
        let id = id_of(parse(ProfileFormat::Ini, &contents, None));
        assert_eq!(id.as_deref(), Ok("ID"), "{contents}");
    }
    let policy = ini(
        "type = ram_role_arn\naccess_key_id = id\naccess_key_secret = s\nrole_arn = arn\n\
         policy = {\n  \"Version\" \n \"1\"}",
    );
    let role = &assumed(policy.unwrap()).roles[0].0;
    assert_eq!(role.policy.as_deref(), Some("{\n\"Version\"\n\"1\"}"));
}

#[test]
fn a_known_key_without_an_equals_sign_is_no_absent_profile() {
    let missing = "is not followed by = and a value";
    for (section, line, field) in [
        ("type", 2, "type"),
        ("enable = true\nTYPE access_key\nrole_arm = x", 3, "type"),
        ("type\taccess_key\nid = x", 2, "type"),
        ("note = 1\n  type access_key", 3, "type"),
        ("enable\nid = x", 2, "enable"),
        (
            "type = access_key\naccess_key_id ID\naccess_key_secret s",
            3,
            "access_key_id",
        ),
        (
            "type = access_key\naccess_key_id = ID\naccess_key_secret s3cret==",
            4,
            "access_key_secret",
        ),
        (
            "type = access_key\naccess_key_id = ID\naccess_key_secret\n s3cret",
            4,
            "access_key_secret",
        ),
    ] {
        let error = ini(section).unwrap_err().to_string();
        let expected = format!("/f, profile \"default\", line {line}, {field}: {missing}");
        assert_eq!(error, expected, "{section}");
    }
    // It is not needed beside a value.
    let key = "[default]\ntype of key\ntype = access_key\naccess_key_id = ID\naccess_key_id XX\naccess_key_secret = s";
    assert_eq!(
        id_of(parse(ProfileFormat::Ini, key, None)).as_deref(),
        Ok("ID")
    );
}

#[test]
fn a_switched_off_section_is_absent_unless_it_is_named() {
    let off =
        "[default]\nenable = FALSE\ntype = access_key\naccess_key_id = ID\naccess_key_secret = s";
    for name in [None, Some("default")] {
        let error = parse(ProfileFormat::Ini, off, name)
            .unwrap_err()
            .to_string();
        let expected = match name {
            None => "/f, profile \"default\": switched off by enable",
            Some(_) => "/f, profile \"default\", line 2, enable: switches the profile off",
        };
        assert_eq!(error, expected);
    }
    for on in ["true", "True", "yes", "1", "on", "", "# x"] {
        let text = off.replace("FALSE", on);
        assert!(parse(ProfileFormat::Ini, &text, None).is_ok(), "{on}");
    }
    for unclear in ["0", "no", "off", "disabled"] {
        let text = off.replace("FALSE", unclear);
        let error = parse(ProfileFormat::Ini, &text, None)
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("enable: neither true nor false"), "{error}");
    }
}

#[test]
fn every_other_type_of_the_ini_format_makes_a_source() {
    let key = "access_key_id = id\naccess_key_secret = s\nsecurity_token = t\n";
    let is_temporary = |source: Result<Source, _>| matches!(source, Ok(Source::Static(key)) if key.security_token().is_some());
    assert!(is_temporary(ini(&format!("type = sts\n{key}"))));
    assert!(!is_temporary(ini(&format!("type = access_key\n{key}"))));
    let temporary = key.replace("= id", "= STS.id");
    assert!(is_temporary(ini(&format!(
        "type = access_key\n{temporary}"
    ))));
    let bearer = ini("type = bearer\nbearer_token = b").unwrap();
    assert!(matches!(bearer, Source::Static(key) if key.access_key_id().is_none()));
    let uri = ini("type = credentials_uri\ncredentials_uri = http://127.0.0.1:1/x");
    assert!(matches!(uri, Ok(Source::Uri(_))));
    let program = ini("type = external\nprocess_command = /bin/x '#a' \\#b");
    assert!(program.is_err(), "unclear whether a comment begins");
    let program = ini("type = external\nprocess_command = \"/bin/x y\"");
    assert!(matches!(program, Ok(Source::External(it)) if it.argv == ["/bin/x", "y"]));
}

#[test]
fn what_is_not_needed_spoils_nothing() {
    let key = r#""mode":"AK","access_key_id":"ID","access_key_secret":"s""#;
    let noise: [&[u8]; 9] = [
        br#"{"name":"q","mode":["AK"],"access_key_id":{}}"#,
        br#"{"name":"q","x":"\ud800","access_key_id":"\udc00"}"#,
        b"{\"name\":\"\xce\xd2\",\"\xc4\":\"\xff\"}",
        br#"{"name":7,"expired_seconds":"x"}"#,
        br#""p""#,
        b"null",
        b"[1,2]",
        br#"{"name":"q","n":1e99999,"deep":[[[[[[[[]]]]]]]]}"#,
        br#"{"name":"p","mode":"AK","access_key_id":"second of this name"}"#,
    ];
    let deep = format!(
        r#"{{"name":"q","x":{}{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    for noise in noise.into_iter().chain([deep.as_bytes()]) {
        let mut text = br#"{"current":["wrong"],"current":"p","meta_path":"\ud83d","profiles":[],
            "profiles":[{"name":"p","policy":[],"policy":"","region_id":"\ud800","#
            .to_vec();
        text.extend(br#""access_key_id":"XX","#);
        text.extend(key.as_bytes());
        text.extend(br#","expired_seconds":"x"},"#);
        text.extend(noise);
        text.extend(b"]}");
        let id = id_of(parse_with(ProfileFormat::Cli, &text, None, &[]));
        assert_eq!(
            id.as_deref(),
            Ok("ID"),
            "{}",
            String::from_utf8_lossy(&text)
        );
    }
    let section =
        b"[default]\ntype = access_key\naccess_key_id = ID\naccess_key_secret = s # \xce\xd2\n";
    let noise: [&[u8]; 7] = [
        b"# \xce\xd2\xb5\xc4\n",
        b"[\xce\xd2]\naccess_key_id = XX\n",
        b"[q]\n]]]\n= 1\ntype\n",
        b"[q\naccess_key_id = XX\n",
        b"access_key_id = XX\n",
        b"[default ]\n\xff = \xff\nregion = \xff\n",
        b"[defaults]\n  access_key_id = XX\\\n",
    ];
    for noise in noise {
        let noise = if noise.ends_with(b"\\\n") {
            [noise, b"\n"].concat()
        } else {
            noise.to_vec()
        };
        for contents in [
            [&noise[..], section].concat(),
            [section, &noise[..]].concat(),
        ] {
            let id = id_of(parse_with(ProfileFormat::Ini, &contents, None, &[]));
            let is_in_section = noise == b"access_key_id = XX\n" && contents.starts_with(section);
            let expected = if is_in_section { "XX" } else { "ID" };
            assert_eq!(
                id.as_deref(),
                Ok(expected),
                "{}",
                String::from_utf8_lossy(&contents)
            );
        }
    }
}

#[test]
fn what_is_needed_and_not_text_is_named() {
    for (format, contents, expected) in [
        (
            ProfileFormat::Cli,
            &b"{\"profiles\":[{\"name\":\"default\",\n\"access_key_id\":\"\xff\",\"access_key_secret\":\"s\"}]}"[..],
            "/f, profile \"default\", line 2, access_key_id: not UTF-8",
        ),
        (
            ProfileFormat::Cli,
            br#"{"profiles":[{"name":"default","access_key_id":"i","access_key_secret":"\ud800"}]}"#,
            "/f, profile \"default\", line 1, access_key_secret: not UTF-8",
        ),
        (
            ProfileFormat::Cli,
            b"{\"current\":\"\xff\",\"profiles\":[]}",
            "/f, line 1, current: not UTF-8",
        ),
        (
            ProfileFormat::Ini,
            b"[default]\ntype = access_key\naccess_key_id = \xff\n",
            "/f, profile \"default\", line 3, access_key_id: not UTF-8",
        ),
        (ProfileFormat::Ini, b"\xff\xfe[\0d\0]\0\n\0", "/f: not UTF-8"),
        (ProfileFormat::Ini, b"\xff\xfed\0\n\0", "/f: not UTF-8"),
    ] {
        let error = parse_with(format, contents, None, &[]).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn names_of_fields_in_another_case_are_read_if_there_is_no_other() {
    let id = id_of(cli(
        r#""Mode":"AK","ACCESS_KEY_ID":"ID","Access_Key_Secret":"s""#,
    ));
    assert_eq!(id.as_deref(), Ok("ID"));
    let id = id_of(cli(
        r#""mode":"AK","access_key_id":"ID","access_key_secret":"s","ACCESS_KEY_ID":"XX""#,
    ));
    assert_eq!(id.as_deref(), Ok("ID"));
}

#[test]
fn what_a_profile_lacks_comes_from_variables() {
    let text = |profile: &str| format!(r#"{{"profiles":[{{"name":"default",{profile}}}]}}"#);
    let read = |profile: &str, vars: &[_]| {
        parse_with(ProfileFormat::Cli, text(profile).as_bytes(), None, vars)
    };
    let role = ("ALIBABA_CLOUD_ROLE_ARN", "arn");
    let session = ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "session");
    let ram = format!(r#""mode":"RamRoleArn",{KEY}"#);
    let assumed_role =
        |source: Result<Source, _>| -> Role { assumed(source.unwrap()).roles.remove(0).0 };
    let made = assumed_role(read(&ram, &[role, session]));
    assert_eq!((&*made.arn, &*made.session_name), ("arn", "session"));
    let error = read(&ram, &[]).unwrap_err().to_string();
    assert!(error.ends_with("ram_role_arn: missing"), "{error}");
    let made = oidc(
        read(
            r#""mode":"OIDC""#,
            &[
                role,
                ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "provider"),
                ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token"),
            ],
        )
        .unwrap(),
    );
    assert_eq!(made.provider_arn, "provider");
    assert!(matches!(made.token, OidcToken::File(path) if path == "/token"));
    let ecs = read(
        r#""mode":"EcsRamRole""#,
        &[("ALIBABA_CLOUD_ECS_METADATA", "r")],
    );
    assert!(matches!(ecs, Ok(Source::EcsRole(it)) if it.role.as_deref() == Some("r")));
    let disabled = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true");
    for (profile, vars, expected) in [
        (
            r#""mode":"EcsRamRole""#,
            disabled,
            "disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED",
        ),
        (
            r#""mode":"RamRoleArnWithRoleName","ram_role_arn":"arn""#,
            disabled,
            "disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED",
        ),
        (
            r#""mode":"External","process_command":"/bin/x""#,
            ("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "1"),
            "disabled by ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
        ),
        (
            r#""mode":"CredentialsURI","credentials_uri":"http://127.0.0.1/""#,
            ("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "TRUE"),
            "disabled by ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS",
        ),
    ] {
        let error = read(profile, &[vars]).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn a_profile_that_was_never_configured_is_absent() {
    let fresh = r#"{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"",
        "access_key_secret":"","region_id":"","output_format":"json","language":"en","expired_seconds":0}]}"#;
    let look_up = |text: &str, name| {
        let profile = Profile::new(ProfileFormat::Cli, "/f", None, Settings::default());
        profile.files[0].look_up(text.as_bytes(), name, &profile.settings)
    };
    let absent = [
        fresh,
        "",
        " \n",
        "{}",
        r#"{"profiles":null}"#,
        r#"{"current":"default","profiles":[]}"#,
    ];
    for text in absent {
        let found = look_up(text, None);
        assert!(
            matches!(found, Ok(ProfileLookup::Absent(_))),
            "{text}: {found:?}"
        );
    }
    for (text, name) in [
        (fresh, Some("default")),
        (
            r#"{"current":"gone","profiles":[{"name":"default","mode":"AK"}]}"#,
            None,
        ),
        (
            r#"{"profiles":[{"name":"default","mode":"StsToken"}]}"#,
            None,
        ),
        (
            r#"{"profiles":[{"name":"default","access_key_id":"x"}]}"#,
            None,
        ),
        (
            r#"{"profiles":[{"name":"default","access_key_id":["x"]}]}"#,
            None,
        ),
        (r#"["default",[["default","AK","x","y"]]]"#, None),
        (r#"{"profiles":{"default":{}}}"#, None),
        (r#"{"profiles":[{"name":"default","mode":"AK"},]}"#, None),
    ] {
        let found = look_up(text, name);
        assert!(found.is_err(), "{text}: {found:?}");
    }
}

#[test]
fn stored_logins_are_read_in_all_their_forms() {
    let oauth = |profile: &str| match cli(&format!(r#""mode":"OAuth",{profile}"#)) {
        Ok(Source::OAuth(login)) => login,
        other => panic!("{other:?}"),
    };
    let token = r#""oauth_access_token":"t","oauth_access_token_expire":4000000000"#;
    for (site, host) in [
        ("cn", "oauth.aliyun.com"),
        ("Intl", "oauth.alibabacloud.com"),
    ] {
        let login = oauth(&format!(r#""oauth_site_type":"{site}",{token}"#));
        assert_eq!(login.endpoint.authority(), host);
    }
    let unknown = oauth(r#""oauth_access_token":"t""#).access_token.unwrap();
    assert_eq!(unknown.1.seconds(), u64::MAX);
}

#[test]
fn output_of_a_program_is_a_profile_of_any_mode_but_two() {
    let read = |output: &str| printed(output.as_bytes(), &Settings::default());
    let key = r#"{"access_key_id":"STS.x","access_key_secret":"s","sts_token":"t""#;
    let has_token = |printed: Result<PrintedProfile, SourceError>| matches!(printed, Ok(PrintedProfile::Key(key, _)) if key.security_token().is_some());
    for output in [
        format!(r#"{key},"mode":"AK"}}"#),
        format!(r#"{key},"mode":"StsToken","expiration":"2099-01-01T00:00:00Z"}}"#),
        format!("{key}}}"),
        format!("time=1 level=info {{\n{{not json\n \n{key}}}\n"),
    ] {
        assert!(has_token(read(&output)), "{output}");
    }
    for output in [
        r#"{"mode":"EcsRamRole","ram_role_name":"r"}"#,
        r#"{"mode":"CredentialsURI","credentials_uri":"http://127.0.0.1/"}"#,
        &format!(r#"{key},"mode":"RamRoleArn","ram_role_arn":"arn"}}"#),
    ] {
        assert!(
            matches!(read(output), Ok(PrintedProfile::Other(_))),
            "{output}"
        );
    }
    for (output, problem) in [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("{}", "not a JSON object"),
        (r#"{"mode":"AK"}"#, "access_key_id: missing"),
        (r#"{"mode":"s3cret"}"#, "mode: not a supported mode"),
        (
            r#"{"mode":"External","process_command":"s3cret"}"#,
            "mode: a program cannot print a profile of this mode",
        ),
        (
            r#"{"access_key_id":"STS.x","access_key_secret":"s3cret"}"#,
            "access_key_id: the ID of a temporary access key, whose security token is missing",
        ),
        (
            r#"{"access_key_id":"s3 cret"}"#,
            "access_key_id: contains a character that no access key has",
        ),
    ] {
        match read(output) {
            Err(reason) => assert_eq!(reason.to_string(), format!("program output: {problem}")),
            Ok(_) => panic!("{output}"),
        }
    }
}
