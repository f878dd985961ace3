//! Inputs that the vendor's SDKs for Java and Go read differently from each other, or from this library.

use crate::host::Host;
use crate::{BEHIND_CLI, Expected, Stops, Uses, check, host};

const MAIN: Expected = Uses("LTAI5tExampleMAIN", "profile/static_ak");
const CLI_MAIN: Expected = Uses("LTAI5tExampleMAIN", "cli_profile/static_ak");

const CLI_PROFILE: &str = r#"{"current":"default","profiles":[{"name":"default","mode":"AK",
    "access_key_id":"LTAI5tExampleOTHR","access_key_secret":"s3cret"}]}"#;

#[test]
fn variables_of_a_key_are_used_or_end_the_search() {
    let key = ("ALIBABA_CLOUD_ACCESS_KEY_ID", &b"LTAI5tExampleMAIN"[..]);
    let secret = "ALIBABA_CLOUD_ACCESS_KEY_SECRET";
    for (name, vars, expected) in [
        (
            "D04 half a key",
            &[key][..],
            Stops(&["env: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not set"]),
        ),
        (
            "the other half",
            &[(secret, b"s3cret")],
            Stops(&["env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set"]),
        ),
        (
            "A01 not Unicode",
            &[key, (secret, b"s3c\xffret")],
            Stops(&["env: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not Unicode"]),
        ),
        (
            "B13 quoted",
            &[
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", b"\"LTAI5tExampleMAIN\""),
                (secret, b"\"s3cret\""),
            ],
            Stops(&["env: ALIBABA_CLOUD_ACCESS_KEY_ID is not valid"]),
        ),
        (
            "F06 quoted secret",
            &[key, (secret, b"'s3cret'")],
            Stops(&["env: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not valid"]),
        ),
        (
            "a placeholder",
            &[key, (secret, b"<s3cret>")],
            Stops(&["SECRET is not valid"]),
        ),
        (
            "a variable",
            &[key, (secret, b"${s3cret}")],
            Stops(&["SECRET is not valid"]),
        ),
        (
            "a good key",
            &[key, (secret, b"s3cret")],
            Uses("LTAI5tExampleMAIN", "env"),
        ),
        (
            "a token alone is no key",
            &[("ALIBABA_CLOUD_SECURITY_TOKEN", b"s3cret")],
            Uses("LTAI5tExampleOTHR", "cli_profile/static_ak"),
        ),
        (
            "a bearer token",
            &[("ALIBABA_CLOUD_BEARER_TOKEN", b"s3cret")],
            Uses("bearer", "bearer"),
        ),
    ] {
        let mut host = Host::new();
        for (variable, value) in vars {
            host.var(variable, *value);
        }
        host.file("~/.aliyun/config.json", CLI_PROFILE);
        check(name, &host.resolve(), expected, &[]);
    }
}

/// B11, and D05: STS does not respond.
#[test]
fn a_complete_oidc_role_of_variables_is_used_or_ends_the_search() {
    let vars = [
        ("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"),
        (
            "ALIBABA_CLOUD_OIDC_PROVIDER_ARN",
            "acs:ram::1:oidc-provider/p",
        ),
        ("ALIBABA_CLOUD_OIDC_TOKEN", "s3cret"),
    ];
    let trace = ["AssumeRoleWithOIDC sts.aliyuncs.com - acs:ram::1:role/r cloudauth-rs 3600"];
    let mut host = host(&vars);
    host.file("~/.aliyun/config.json", CLI_PROFILE);
    check(
        "B11",
        &host.resolve(),
        Uses("STS.r.BY.OIDC", "oidc_role_arn"),
        &trace,
    );
    host.unreachable = Some("sts.");
    let expected = Stops(&["oidc_role_arn: cannot connect: Connection refused"]);
    let resolved = host.resolve();
    check("D05", &resolved, expected, &trace[..1]);
    host.var("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token");
    check(
        "no file",
        &host.resolve(),
        Stops(&["oidc_role_arn: /token: not found"]),
        &[],
    );
    host.var("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "");
    check(
        "two of three",
        &host.resolve(),
        Uses("LTAI5tExampleOTHR", "cli_profile/static_ak"),
        &[],
    );
}

fn ini(vars: &[(&str, &str)], contents: impl Into<Vec<u8>>) -> Host {
    let mut host = host(vars);
    host.var("ALIBABA_CLOUD_CREDENTIALS_URI", "http://127.0.0.1:81/uri");
    host.file("~/.alibabacloud/credentials", contents);
    host
}

#[test]
fn sections_are_used_or_end_the_search() {
    let key = "access_key_id = LTAI5tExampleMAIN\naccess_key_secret = s3cret\n";
    let uri = Uses("STS.URI", "credentials_uri");
    for (name, text, expected) in [
        (
            "A04",
            "enable = true\ntype = ecs_ram_role\nrole_name = r\n".to_owned(),
            Stops(&["profile: disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"][..]),
        ),
        (
            "A06, F05",
            "enable = true ; yes\ntype = access_key ; plain\naccess_key_id = LTAI5tExampleMAIN ; mine\n\
             access_key_secret = s3cret\t; mine\n"
                .to_owned(),
            MAIN,
        ),
        ("A07", format!("enable = true\ntype = access_key\n[default]\n{key}"), MAIN),
        (
            "A09",
            format!("enable = true\ntype = access_key\nAccess_Key_Id = LTAI5tExampleOTHR\n{key}"),
            MAIN,
        ),
        ("B01", format!("enable = false\ntype = access_key\n{key}"), uri),
        ("B01 without enable", format!("type = access_key\n{key}"), MAIN),
        (
            "B02",
            "enable = true\ntype = \"access_key\"\naccess_key_id = \"LTAI5tExampleMAIN\"\n\
             access_key_secret = 's3cret'\n"
                .to_owned(),
            MAIN,
        ),
        (
            "B04",
            "enable = true\ntype = sts\naccess_key_id = STS.NExampleMAIN\naccess_key_secret = s3cret\n\
             security_token = s3cret\n"
                .to_owned(),
            Uses("STS.NExampleMAIN", "profile/static_sts"),
        ),
        (
            "B04 without a token",
            "type = sts\naccess_key_id = STS.NExampleMAIN\naccess_key_secret = s3cret\n".to_owned(),
            Stops(&["profile \"default\", security_token: missing"]),
        ),
        ("no field", String::new(), uri),
        ("unknown type", format!("type = s3cret\n{key}"), Stops(&["line 2, type: not a supported type"])),
        (
            "a letter that is not ASCII",
            "type = access_key\naccess_key_id = LTAI5t\u{e9}\naccess_key_secret = s3cret\n".to_owned(),
            Stops(&["line 3, access_key_id: contains a character"]),
        ),
    ] {
        let host = ini(&[], format!("[default] ; mine\n{text}"));
        let trace: &[&str] = match expected {
            Uses("STS.URI", _) => &["GET 127.0.0.1:81/uri"],
            _ => &[],
        };
        check(name, &host.resolve(), expected, trace);
    }
    let mut gbk = b"# \xce\xd2\xb5\xc4\n[default]\nenable = true\ntype = access_key\n".to_vec();
    gbk.extend(key.as_bytes());
    check("A10", &ini(&[], gbk).resolve(), MAIN, &[]);
}

/// A05 for INI files, B05.
#[test]
fn the_second_file_is_read_only_if_the_first_has_no_profile() {
    let section = |id: &str| format!("[default]\ntype = access_key\naccess_key_id = {id}\n");
    let good = |id: &str| section(id) + "access_key_secret = s3cret\n";
    let second = "~/.alibabacloud/credentials.ini";

    let mut host = ini(&[], section("LTAI5tExampleMAIN"));
    host.file(second, good("LTAI5tExampleOTHR"));
    let expected = Stops(&[
        "profile: /home/u/.alibabacloud/credentials,",
        "access_key_secret: missing",
    ]);
    check("B05", &host.resolve(), expected, &[]);

    host.file("~/.alibabacloud/credentials", good("LTAI5tExampleMAIN"));
    let resolved = host.resolve();
    let skipped = resolved
        .result
        .as_ref()
        .unwrap()
        .skipped
        .last()
        .unwrap()
        .to_string();
    let expected = "profile: /home/u/.alibabacloud/credentials.ini has the profile, too; \
        /home/u/.alibabacloud/credentials is used";
    assert_eq!(skipped, expected);
    check("both good", &resolved, MAIN, &[]);

    for broken in ["[default", "\u{0}", "[default]\ntype = s3cret\n"] {
        host.file(second, broken);
        check("the second is not needed", &host.resolve(), MAIN, &[]);
    }
    host.file("~/.alibabacloud/credentials", "[other]\n");
    host.file(second, good("LTAI5tExampleMAIN"));
    check("only the second has it", &host.resolve(), MAIN, &[]);
    host.var("ALIBABA_CLOUD_CREDENTIALS_FILE", "/srv/missing");
    check(
        "a named file",
        &host.resolve(),
        Stops(&["profile: /srv/missing: not found"]),
        &[],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn profiles_of_the_command_line_are_used_or_end_the_search() {
    let key = r#""access_key_id":"LTAI5tExampleMAIN","access_key_secret":"s3cret""#;
    let role = r#""ram_role_arn":"acs:ram::1:role/r","ram_session_name":"s""#;
    let assumed = Uses(
        "STS.r.BY.LTAI5tExampleMAIN",
        "cli_profile/ram_role_arn/static_ak",
    );
    let call = "AssumeRole sts.aliyuncs.com LTAI5tExampleMAIN acs:ram::1:role/r s 3600";
    for (name, profile, expected, trace) in [
        (
            "A03",
            r#""mode":"EcsRamRole","ram_role_name":"r""#.to_owned(),
            Stops(&["disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"][..]),
            &[][..],
        ),
        ("A12", format!(r#""mode":"AK","policy":"","policy":"",{key}"#), CLI_MAIN, &[]),
        (
            "A14",
            r#""mode":"AK","access_key_id":" LTAI5tExampleMAIN","access_key_secret":"s3cret\n""#.to_owned(),
            Stops(&["profile \"default\", line 1, access_key_id: contains a character"]),
            &[],
        ),
        (
            "A15",
            format!(r#""mode":"RamRoleArn","ram_session_name":"s",{key}"#),
            Uses("STS.v.BY.LTAI5tExampleMAIN", "cli_profile/ram_role_arn/static_ak"),
            &["AssumeRole sts.aliyuncs.com LTAI5tExampleMAIN acs:ram::2:role/v s 3600"],
        ),
        (
            "A16, F04 e",
            format!(
                r#""mode":"RamRoleArn",{role},"sts_endpoint":"https://sts-vpc.cn-hangzhou.aliyuncs.com/",{key}"#
            ),
            assumed,
            &["AssumeRole sts-vpc.cn-hangzhou.aliyuncs.com LTAI5tExampleMAIN acs:ram::1:role/r s 3600"],
        ),
        ("plain", format!(r#""mode":"RamRoleArn",{role},{key}"#), assumed, &[call]),
        (
            "F04 a",
            format!(
                r#""mode":"RamRoleArn",{role},"access_key_id":"STS.NExample","access_key_secret":"s3cret",
                "sts_token":"s3cret""#
            ),
            Uses("STS.r.BY.STS.NExample", "cli_profile/ram_role_arn/static_sts"),
            &["AssumeRole sts.aliyuncs.com STS.NExample tok acs:ram::1:role/r s 3600"],
        ),
        (
            "a temporary key without its token",
            r#""mode":"AK","access_key_id":"STS.NExample","access_key_secret":"s3cret""#.to_owned(),
            Stops(&["access_key_id: the ID of a temporary access key, whose security token is missing"]),
            &[],
        ),
        (
            "B06",
            r#""mode":"External","process_command":"/opt/ext TOKEN""#.to_owned(),
            Uses("STS.extAccessKey0001", "cli_profile/external"),
            &[r#"["/opt/ext", "TOKEN"]"#],
        ),
        (
            "B07, F14",
            r#""mode":"External","process_command":"/opt/prog a #b c""#.to_owned(),
            Uses("LTAIextAccessKey0001", "cli_profile/external"),
            &[r##"["/opt/prog", "a", "#b", "c"]"##],
        ),
        (
            "D01",
            format!(r#""mode":"SuperNew",{key}"#),
            Stops(&["cli_profile: /home/u/.aliyun/config.json, profile \"default\", line 1, mode: not a supported mode"]),
            &[],
        ),
        (
            "D03",
            r#""mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.example/start",
            "cloud_sso_account_id":"1","cloud_sso_access_config":"ac","access_token":"s3cret",
            "cloud_sso_access_token_expire":1000"#
                .to_owned(),
            Stops(&["cli_profile/cloud_sso (profile ", " in /home/u/.aliyun/config.json): the stored login has expired: log in again"]),
            &[],
        ),
        (
            "an OAuth login that is over",
            r#""mode":"OAuth","oauth_access_token":"s3cret","oauth_access_token_expire":1000,
            "oauth_refresh_token":"s3cret""#
                .to_owned(),
            Stops(&["cli_profile/oauth (profile ", " in /home/u/.aliyun/config.json): the stored login has expired: log in again"]),
            &[],
        ),
        (
            "keys that a login has stored",
            format!(
                r#""mode":"OAuth","oauth_site_type":"cn","sts_token":"s3cret","sts_expiration":4000000000,{key}"#
            ),
            Uses("LTAI5tExampleMAIN", "cli_profile/oauth"),
            &[],
        ),
        (
            "B08",
            r#""mode":"OAuth","oauth_site_type":"cn","oauth_access_token":"t","oauth_access_token_expire":4000000000"#
                .to_owned(),
            Stops(&["cli_profile/oauth (profile ", " in /home/u/.aliyun/config.json): refused (HTTP 404)"]),
            &["POST oauth.aliyun.com/v1/exchange"],
        ),
    ] {
        let mut host = host(&[]);
        if name == "A15" {
            host.var("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::2:role/v");
        }
        let text = format!(r#"{{"current":"default","profiles":[{{"name":"default",{profile}}}]}}"#);
        host.file("~/.aliyun/config.json", text);
        host.file("~/.alibabacloud/credentials", BEHIND_CLI);
        check(name, &host.resolve(), expected, trace);
    }
}

/// A05, B10, D02, E01.
#[test]
fn a_file_of_the_command_line_is_used_or_ends_the_search() {
    let key = r#""mode":"AK","access_key_id":"LTAI5tExampleMAIN","access_key_secret":"s3cret""#;
    for (name, text, expected) in [
        (
            "B10",
            format!(r#"{{"current":"default","profiles":[{{"name":"default",{key}}},]}}"#),
            Stops(&["config.json, line 1: not valid JSON"][..]),
        ),
        (
            "D02",
            format!(r#"{{"current":"gone","profiles":[{{"name":"default",{key}}}]}}"#),
            Stops(&["config.json, line 1, current: names a profile that does not exist"]),
        ),
        (
            "E01",
            r#"["default",[["default","AK","LTAI5tExampleMAIN","s3cret"]]]"#.to_owned(),
            Stops(&["config.json, line 1: not a JSON object"]),
        ),
    ] {
        let mut host = host(&[]);
        host.file("~/.aliyun/config.json", text);
        host.file("~/.alibabacloud/credentials", BEHIND_CLI);
        check(name, &host.resolve(), expected, &[]);
    }
    let mut host = host(&[("ALIBABA_CLOUD_CONFIG_FILE", "/srv/app/aliyun.json")]);
    host.file("~/.aliyun/config.json", CLI_PROFILE);
    let text = format!(r#"{{"current":"a","profiles":[{{"name":"a",{key}}}]}}"#);
    host.file("/srv/app/aliyun.json", text);
    check("A05", &host.resolve(), CLI_MAIN, &[]);
}

/// B14, F18.
#[test]
fn a_metadata_service_that_refuses_its_own_tokens_is_used_without() {
    let roles = "100.100.100.200/latest/meta-data/ram/security-credentials/";
    let get = |role: &str, token: &str| format!("GET {roles}{role}{token}");
    let mut host = host(&[("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false")]);
    host.metadata_refuses_tokens = true;
    let token = "PUT 100.100.100.200/latest/api/token".to_owned();
    let trace = [
        token.clone(),
        get("", " tok"),
        get("", ""),
        get("InstanceRole", ""),
    ];
    let trace: Vec<_> = trace.iter().map(String::as_str).collect();
    check(
        "B14",
        &host.resolve(),
        Uses("STS.ECS.InstanceRole", "ecs_ram_role"),
        &trace,
    );
    host.var("ALIBABA_CLOUD_ECS_METADATA", "r");
    let trace = [token.clone(), get("r", " tok"), get("r", "")];
    let trace: Vec<_> = trace.iter().map(String::as_str).collect();
    check(
        "named",
        &host.resolve(),
        Uses("STS.ECS.r", "ecs_ram_role"),
        &trace,
    );
    host.var("ALIBABA_CLOUD_IMDSV1_DISABLED", "true");
    let trace = [token, get("r", " tok")];
    let trace: Vec<_> = trace.iter().map(String::as_str).collect();
    check(
        "v1 disabled",
        &host.resolve(),
        Stops(&["ecs_ram_role: refused (HTTP 404)"]),
        &trace,
    );
}
