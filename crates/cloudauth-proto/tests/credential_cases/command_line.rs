//! Files and variables as the vendor's command line writes and reads them.

use crate::{BEHIND_CLI, Expected, Stops, Uses, check, host};

struct Case {
    name: &'static str,
    vars: &'static [(&'static str, &'static str)],
    /// The profiles of the file. The first one is current.
    profiles: &'static str,
    expected: Expected,
    trace: &'static [&'static str],
}

const KEY: &str = r#""access_key_id":"LTAIcliAccessKey0001","access_key_secret":"s3cret""#;
const ROLE: &str = r#""ram_role_arn":"acs:ram::1:role/roleone","ram_session_name":"sess""#;

const RAM: &str = "cli_profile/ram_role_arn/static_ak";
const ONE: &str = "STS.roleone.BY.LTAIcliAccessKey0001";
const CLI_KEY: Expected = Uses("LTAIcliAccessKey0001", "cli_profile/static_ak");
const ON_INSTANCE: (&str, &str) = ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "false");
const TOKEN: &str = "PUT 100.100.100.200/latest/api/token";

const CASES: &[Case] = &[
    Case {
        name: "02 the metadata service is disabled for profiles, too",
        vars: &[],
        profiles: r#"{"mode":"EcsRamRole","ram_role_name":"InstanceRole"}"#,
        expected: Stops(&["cli_profile: disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED"]),
        trace: &[],
    },
    Case {
        name: "04 programs are disabled",
        vars: &[("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "1")],
        profiles: r#"{"mode":"External","process_command":"/opt/ext AK"}"#,
        expected: Stops(&["disabled by ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS"]),
        trace: &[],
    },
    Case {
        name: "05 a word that begins with #",
        vars: &[],
        profiles: r#"{"mode":"External","process_command":"/opt/argc #AK --account 7"}"#,
        expected: Uses("LTAIextAccessKey0001", "cli_profile/external"),
        trace: &[r##"["/opt/argc", "#AK", "--account", "7"]"##],
    },
    Case {
        name: "06 CredentialsURI",
        vars: &[],
        profiles: r#"{"mode":"CredentialsURI","credentials_uri":"http://127.0.0.1:81/uri"}"#,
        expected: Uses("STS.URI", "cli_profile/credentials_uri"),
        trace: &["GET 127.0.0.1:81/uri"],
    },
    Case {
        name: "07 RamRoleArnWithRoleName",
        vars: &[ON_INSTANCE],
        profiles: r#"{"mode":"RamRoleArnWithRoleName","ram_role_name":"InstanceRole",ROLE,"expired_seconds":900}"#,
        expected: Uses(
            "STS.roleone.BY.STS.ECS.InstanceRole",
            "cli_profile/ram_role_arn/ecs_ram_role",
        ),
        trace: &[
            TOKEN,
            "GET 100.100.100.200/latest/meta-data/ram/security-credentials/InstanceRole tok",
            "AssumeRole sts.aliyuncs.com STS.ECS.InstanceRole tok acs:ram::1:role/roleone sess 900",
        ],
    },
    Case {
        name: "08 RsaKeyPair",
        vars: &[],
        profiles: r#"{"mode":"RsaKeyPair","private_key":"/opt/s3cret.pem","key_pair_name":"KP"}"#,
        expected: Stops(&["profile \"X\"", "mode: RsaKeyPair is not supported"]),
        trace: &[],
    },
    Case {
        name: "09 BearerToken",
        vars: &[],
        profiles: r#"{"mode":"BearerToken","bearer_token":"s3cret"}"#,
        expected: Uses("bearer", "cli_profile/bearer"),
        trace: &[],
    },
    Case {
        name: "10 Anonymous",
        vars: &[],
        profiles: r#"{"mode":"Anonymous"}"#,
        expected: Stops(&["profile \"X\"", "mode: Anonymous is not supported"]),
        trace: &[],
    },
    Case {
        name: "11 a role that is assumed with a CredentialsURI",
        vars: &[],
        profiles: r#"{"mode":"ChainableRamRoleArn","source_profile":"S",ROLE},
            {"name":"S","mode":"CredentialsURI","credentials_uri":"http://127.0.0.1:81/uri"}"#,
        expected: Uses(
            "STS.roleone.BY.STS.URI",
            "cli_profile/ram_role_arn/credentials_uri",
        ),
        trace: &[
            "GET 127.0.0.1:81/uri",
            "AssumeRole sts.aliyuncs.com STS.URI tok acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "12 a host of STS with a scheme and a slash",
        vars: &[],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE,"sts_endpoint":"https://sts-vpc.cn-hangzhou.aliyuncs.com/"}"#,
        expected: Uses(ONE, RAM),
        trace: &[
            "AssumeRole sts-vpc.cn-hangzhou.aliyuncs.com LTAIcliAccessKey0001 acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "14 a host of STS in the variable with a scheme and a slash",
        vars: &[(
            "ALIBABA_CLOUD_STS_ENDPOINT",
            "https://sts-vpc.cn-hangzhou.aliyuncs.com/",
        )],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE}"#,
        expected: Uses(ONE, RAM),
        trace: &[
            "AssumeRole sts-vpc.cn-hangzhou.aliyuncs.com LTAIcliAccessKey0001 acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "16 the network of the variable for the region of the profile",
        vars: &[("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true")],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE,"sts_region":"cn-beijing"}"#,
        expected: Uses(ONE, RAM),
        trace: &[
            "AssumeRole sts-vpc.cn-beijing.aliyuncs.com LTAIcliAccessKey0001 acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "16b the region of the profile before the host of the variable",
        vars: &[("ALIBABA_CLOUD_STS_ENDPOINT", "sts.example.com")],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE,"sts_region":"cn-beijing"}"#,
        expected: Uses(ONE, RAM),
        trace: &[
            "AssumeRole sts.cn-beijing.aliyuncs.com LTAIcliAccessKey0001 acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "16c a host of STS that is none",
        vars: &[],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE,"sts_endpoint":"sts.example.com/s3cret"}"#,
        expected: Stops(&["profile \"X\"", "sts_endpoint: not a host"]),
        trace: &[],
    },
    Case {
        name: "17 the token of the key that assumes a role",
        vars: &[],
        profiles: r#"{"mode":"RamRoleArn",KEY,ROLE,"sts_token":"s3cret"}"#,
        expected: Uses(ONE, "cli_profile/ram_role_arn/static_sts"),
        trace: &[
            "AssumeRole sts.aliyuncs.com LTAIcliAccessKey0001 tok acs:ram::1:role/roleone sess 3600",
        ],
    },
    Case {
        name: "18 the role of the variable",
        vars: &[("ALIBABA_CLOUD_ROLE_ARN", "acs:ram::9:role/envrole")],
        profiles: r#"{"mode":"RamRoleArn",KEY,"ram_session_name":"s"}"#,
        expected: Uses("STS.envrole.BY.LTAIcliAccessKey0001", RAM),
        trace: &["AssumeRole sts.aliyuncs.com LTAIcliAccessKey0001 acs:ram::9:role/envrole s 3600"],
    },
    Case {
        name: "20 the role of an instance of the variable",
        vars: &[ON_INSTANCE, ("ALIBABA_CLOUD_ECS_METADATA", "NamedRole")],
        profiles: r#"{"mode":"EcsRamRole"}"#,
        expected: Uses("STS.ECS.NamedRole", "cli_profile/ecs_ram_role"),
        trace: &[
            TOKEN,
            "GET 100.100.100.200/latest/meta-data/ram/security-credentials/NamedRole tok",
        ],
    },
    Case {
        name: "23 a key with a space",
        vars: &[],
        profiles: r#"{"mode":"AK","access_key_id":"LTAIcliAccessKey0001 ","access_key_secret":"s3cret"}"#,
        expected: Stops(&[
            "profile \"X\"",
            "access_key_id: contains a character that no access key has",
        ]),
        trace: &[],
    },
    Case {
        name: "24 a program prints a profile of another mode",
        vars: &[],
        profiles: r#"{"mode":"External","process_command":"/opt/ext RAM"}"#,
        expected: Uses(
            "STS.extrole.BY.LTAIextAccessKey0001",
            "cli_profile/external/ram_role_arn/static_ak",
        ),
        trace: &[
            r#"["/opt/ext", "RAM"]"#,
            "AssumeRole sts.aliyuncs.com LTAIextAccessKey0001 acs:ram::1:role/extrole s 3600",
        ],
    },
    Case {
        name: "26 the profile is to be ignored",
        vars: &[("ALIBABA_CLOUD_IGNORE_PROFILE", "TRUE")],
        profiles: r#"{"mode":"AK",KEY}"#,
        expected: Uses("LTAIiniOtherIdentity1", "profile/static_ak"),
        trace: &[],
    },
    Case {
        name: "26b in capital letters only, as the command line has it",
        vars: &[("ALIBABA_CLOUD_IGNORE_PROFILE", "true")],
        profiles: r#"{"mode":"AK",KEY}"#,
        expected: CLI_KEY,
        trace: &[],
    },
    Case {
        name: "32 the source profile is missing",
        vars: &[],
        profiles: r#"{"mode":"ChainableRamRoleArn","source_profile":"nosuch",ROLE}"#,
        expected: Stops(&[
            "profile \"X\"",
            "source_profile: names a profile that does not exist",
        ]),
        trace: &[],
    },
    Case {
        name: "33 proxies and certificates change nothing here",
        vars: &[
            ("HTTPS_PROXY", "http://127.0.0.1:1"),
            ("SSL_CERT_FILE", "/opt/ca.pem"),
        ],
        profiles: r#"{"mode":"AK",KEY}"#,
        expected: CLI_KEY,
        trace: &[],
    },
    Case {
        name: "a program that fails",
        vars: &[],
        profiles: r#"{"mode":"External","process_command":"/opt/ext FAIL"}"#,
        expected: Stops(&[
            "cli_profile/external (profile X in /home/u/.aliyun/config.json): program: exited with status 1",
        ]),
        trace: &[r#"["/opt/ext", "FAIL"]"#],
    },
];

fn file(profiles: &str) -> String {
    let profiles = profiles
        .replace("KEY,", &format!("{KEY},"))
        .replace("KEY}", &format!("{KEY}}}"));
    let profiles = profiles
        .replace("ROLE,", &format!("{ROLE},"))
        .replace("ROLE}", &format!("{ROLE}}}"));
    let profiles = profiles.replacen('{', r#"{"name":"X","#, 1);
    format!("{{\"current\":\"X\",\"profiles\":[{profiles}]}}")
}

#[test]
fn every_profile_is_used_or_ends_the_search() {
    for case in CASES {
        let mut host = host(case.vars);
        host.file("~/.aliyun/config.json", file(case.profiles));
        host.file("~/.alibabacloud/credentials", BEHIND_CLI);
        check(case.name, &host.resolve(), case.expected, case.trace);
    }
}

/// 01, F11, D05.
#[test]
fn an_unreachable_sts_ends_the_search_with_its_cause() {
    let mut host = host(&[]);
    host.unreachable = Some("sts.");
    host.file(
        "~/.aliyun/config.json",
        file(r#"{"mode":"RamRoleArn",KEY,ROLE}"#),
    );
    host.file("~/.alibabacloud/credentials", BEHIND_CLI);
    let resolved = host.resolve();
    let error = resolved.result.unwrap_err();
    let expected = "no credentials: cli_profile/ram_role_arn/static_ak (profile X in /home/u/.aliyun/config.json): \
        cannot connect: Connection refused; \
        not used before it: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
        oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set";
    assert_eq!(error, expected);
}

/// 21, and a file that was never configured.
#[test]
fn without_a_current_profile_the_default_one_is_used() {
    let mut host = host(&[]);
    host.file("~/.alibabacloud/credentials", BEHIND_CLI);
    for profile in [r#""mode":"AK","#, ""] {
        let text = format!(r#"{{"profiles":[{{"name":"default",{profile}{KEY}}}]}}"#);
        host.file("~/.aliyun/config.json", text);
        check("21", &host.resolve(), CLI_KEY, &[]);
    }
    host.file(
        "~/.aliyun/config.json",
        r#"{"current":"default","profiles":[{"name":"default","mode":"AK","access_key_id":"","region_id":"cn-shanghai"}]}"#,
    );
    let resolved = host.resolve();
    let skipped = &resolved.result.as_ref().unwrap().skipped;
    let expected =
        "cli_profile: /home/u/.aliyun/config.json, profile \"default\": no field of a credential";
    assert_eq!(skipped.last().unwrap().to_string(), expected);
    check(
        "fresh",
        &resolved,
        Uses("LTAIiniOtherIdentity1", "profile/static_ak"),
        &[],
    );
}

/// 27, 29, 30.
#[test]
fn variables_of_other_families_come_after_the_profiles_and_do_not_mix() {
    let profile = file(r#"{"mode":"AK",KEY}"#);
    let other = [
        ("ALICLOUD_ACCESS_KEY_ID", "LTAIenvENV000000001"),
        ("ALICLOUD_ACCESS_KEY_SECRET", "s3cret"),
    ];
    let mut with_profile = host(&other);
    with_profile.file("~/.aliyun/config.json", profile.clone());
    check("27a", &with_profile.resolve(), CLI_KEY, &[]);
    with_profile.var("ALIBABA_CLOUD_IGNORE_PROFILE", "TRUE");
    check(
        "27",
        &with_profile.resolve(),
        Uses("LTAIenvENV000000001", "env"),
        &[],
    );

    let mut named = host(&[("ALIBABA_CLOUD_CONFIG_FILE", "/opt/other.json")]);
    named.file("~/.aliyun/config.json", profile.clone());
    check(
        "29a",
        &named.resolve(),
        Stops(&["cli_profile: /opt/other.json: not found"]),
        &[],
    );
    named.file(
        "/opt/other.json",
        profile.replace("LTAIcliAccessKey0001", "LTAIotherCfgFile0001"),
    );
    check(
        "29",
        &named.resolve(),
        Uses("LTAIotherCfgFile0001", "cli_profile/static_ak"),
        &[],
    );

    let temporary = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.envENV000000001"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret"),
    ];
    for (variable, expected) in [
        (
            "ALICLOUD_SECURITY_TOKEN",
            "ALIBABA_CLOUD_ACCESS_KEY_ID and ALICLOUD_SECURITY_TOKEN contradict",
        ),
        (
            "ALIBABACLOUD_SECURITY_TOKEN",
            "ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABACLOUD_SECURITY_TOKEN contradict",
        ),
        (
            "SECURITY_TOKEN",
            "ALIBABA_CLOUD_ACCESS_KEY_ID is the ID of a temporary access key",
        ),
    ] {
        let mut split = host(&temporary);
        split.file("~/.aliyun/config.json", profile.clone());
        split.var(variable, "s3cret");
        let error = split.resolve().result.unwrap_err();
        assert!(
            error.starts_with(&format!("no credentials: env: {expected}")),
            "{error}"
        );
    }
}
