use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, Simulator};
use serde_json::Value;

use crate::process::{run, run_with};

#[test]
fn missing_credentials_list_every_source_that_was_tried() {
    for args in [
        &["describe", "--scene-id", "1", "--certify-id", "sha1"][..],
        &["whoami"],
    ] {
        let vars = [
            ("HOME", "/no/such/home"),
            ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"),
            ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ];
        assert_eq!(
            run_with(args, "", &vars).error(8),
            "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
             oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
             cli_profile: disabled by ALIBABA_CLOUD_CLI_PROFILE_DISABLED; \
             profile: /no/such/home/.alibabacloud/credentials: not found; \
             profile: /no/such/home/.alibabacloud/credentials.ini: not found; \
             ecs_ram_role: disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED; \
             credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
        );
    }
}

#[test]
fn whoami_prints_the_source_the_masked_key_and_the_skipped_sources() {
    let resolved = run(&["whoami"], "").json();
    assert_eq!(resolved["source"], "env");
    assert_eq!(resolved["expires"], Value::Null);

    let simulator = Simulator::start().unwrap();
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.credential_services_url());
    let vars = [
        ("HOME", "/no/such/home"),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ("ALIBABA_CLOUD_CREDENTIALS_URI", uri.as_str()),
    ];
    let result = run_with(&["whoami"], "", &vars);
    let resolved = result.json();
    assert_eq!(resolved["source"], "credentials_uri");
    assert_eq!(resolved["access_key_id"], "STS....0001");
    assert!(resolved["expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(resolved["skipped_sources"].as_array().unwrap().len(), 6);
    assert!(!result.stdout.contains("issued-"), "{}", result.stdout);
    assert!(simulator.world().requests().is_empty());
}

#[test]
fn an_invalid_key_in_the_environment_is_an_error_and_not_skipped() {
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3 cret"),
    ];
    assert_eq!(
        run_with(&["whoami"], "", &vars).error(8),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_SECRET is not valid"
    );
}

/// Case F06: `docker run --env-file` keeps the quotes around a value.
#[test]
fn a_key_in_quotes_is_refused_by_the_name_of_its_variable() {
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "\"LTAI5tExampleExample00\""),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "\"secret\""),
    ];
    assert_eq!(
        run_with(&["whoami"], "", &vars).error(8),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not valid"
    );
}

#[test]
fn an_invalid_proxy_in_the_environment_is_reported_by_variable() {
    let args = ["describe", "--scene-id", "1", "--certify-id", "sha1"];
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ("HTTPS_PROXY", "socks4://user:hidden@host"),
    ];
    let expected = "HTTPS_PROXY must begin with http://, https:// or socks5://";
    assert_eq!(run_with(&args, "", &vars).error(2), expected);
}
