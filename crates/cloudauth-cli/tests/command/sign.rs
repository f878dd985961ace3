use cloudauth_sim::ACCESS_KEY_ID;

use crate::process::{TempFolder, is_installed, run, run_with};

#[test]
fn sign_reproduces_the_vendors_example() {
    // The vendor's RunInstances example; its version and endpoint are another product's.
    let signed = run_with(
        &[
            "sign",
            "RunInstances",
            "--endpoint",
            "https://ecs.cn-shanghai.aliyuncs.com",
            "--api-version",
            "2014-05-26",
            "--at",
            "1698315752",
            "--nonce",
            "3156853299f313e23d1673dc12e1703d",
        ],
        r#"{"RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}"#,
        &[
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", "YourAccessKeyId"),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "YourAccessKeySecret"),
        ],
    )
    .json();
    let canonical = signed["canonical_request"].as_str().unwrap();
    assert!(canonical.starts_with(
        "POST\n/\nImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai\n\
         host:ecs.cn-shanghai.aliyuncs.com\n"
    ));
    let string_to_sign = signed["string_to_sign"].as_str().unwrap();
    assert!(string_to_sign.starts_with("ACS3-HMAC-SHA256\n"));
    let request = signed["request"].as_str().unwrap();
    assert!(request.contains("authorization: ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"));
}

#[test]
fn sign_masks_the_security_token() {
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "t0ken+/="),
    ];
    for scheme in ["acs3", "rpc"] {
        let args = ["sign", "DescribeFaceVerify", "--scheme", scheme];
        let result = run_with(&args, r#"{"SceneId": 1, "CertifyId": "sha1"}"#, &vars);
        assert_eq!(result.status, 0, "{}", result.stderr);
        let stdout = &result.stdout;
        assert!(stdout.contains("[security-token]"), "{stdout}");
        assert!(
            !stdout.contains("t0ken") && !stdout.contains("s3cret"),
            "{stdout}"
        );
    }
}

#[test]
fn sign_names_a_parameter_of_the_wrong_type() {
    let result = run(&["sign", "DescribeFaceVerify"], r#"{"SceneId": [1]}"#);
    assert_eq!(
        result.error(2),
        "SceneId must be a string, a number or a boolean"
    );
}

#[test]
fn sign_reports_a_misspelt_operation_unless_it_is_of_another_api_version() {
    let result = run(&["sign", "DescribeFaceVerfy"], "{}");
    let expected = "unknown operation; did you mean DescribeFaceVerify?";
    assert_eq!(result.error(2), expected);
    let result = run(
        &["sign", "DescribeFaceVerfy", "--api-version", "2030-01-01"],
        "{}",
    );
    assert_eq!(result.status, 0, "{}", result.stderr);
}

#[test]
fn sign_uses_any_source_of_credentials() {
    let home = TempFolder::new();
    home.write(
        ".aliyun/config.json",
        r#"{"current": "a", "profiles": [
            {"name": "a", "mode": "AK", "access_key_id": "LTAIcurrent", "access_key_secret": "s"},
            {"name": "b", "mode": "AK", "access_key_id": "LTAIother", "access_key_secret": "s"}]}"#,
    );
    let vars = [
        ("HOME", home.path()),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ];
    for (options, id) in [(&[][..], "LTAIcurrent"), (&["--profile", "b"], "LTAIother")] {
        let args = [&["sign", "DescribeFaceVerify"], options].concat();
        let signed = run_with(&args, r#"{"SceneId": 1}"#, &vars).json();
        let request = signed["request"].as_str().unwrap();
        assert!(request.contains(&format!("Credential={id},")), "{request}");
    }
    // A profile that was named is the only source, even beside an access key in the environment.
    let vars = [&vars[..], crate::process::ACCESS_KEY].concat();
    let result = run_with(
        &["sign", "DescribeFaceVerify", "--profile", "none"],
        "{}",
        &vars,
    );
    assert!(
        result.error(8).starts_with("no credentials: "),
        "{}",
        result.stderr
    );
}

#[test]
fn the_curl_command_that_sign_prints_is_accepted() {
    if !is_installed("curl") {
        return;
    }
    let simulator = cloudauth_sim::Simulator::start().unwrap();
    let url = simulator.url(cloudauth_sim::Region::Shanghai);
    for scheme in ["acs3", "rpc"] {
        for (action, params) in [
            (
                "DescribeFaceVerify",
                r#"{"SceneId": 1, "CertifyId": "sha'0 $x"}"#,
            ),
            (
                "Id2MetaVerify",
                r#"{"ParamType": "normal", "UserName": "O'Neil", "IdentifyNum": "1"}"#,
            ),
        ] {
            let args = [
                "sign",
                action,
                "--curl",
                "--scheme",
                scheme,
                "--endpoint",
                &url,
            ];
            let result = run(&args, params);
            assert_eq!(result.status, 0, "{}", result.stderr);
            let command = result
                .stdout
                .replacen("curl ", "curl --silent --noproxy '*' ", 1);
            let sent = std::process::Command::new("sh")
                .args(["-c", &command])
                .output();
            assert!(sent.unwrap().status.success());
            let world = simulator.world();
            let requests = world.requests();
            let logged = requests.last().unwrap();
            assert_eq!(logged.action, action);
            assert!(
                logged.scheme.is_some(),
                "{scheme} {action}: {}",
                logged.outcome
            );
        }
    }
}

#[test]
fn the_curl_command_does_not_contain_a_security_token() {
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3cret"),
        ("ALIBABA_CLOUD_SECURITY_TOKEN", "t0ken+/="),
    ];
    let args = ["sign", "DescribeFaceVerify", "--curl"];
    let result = run_with(&args, "{}", &vars);
    let header = "--header \"x-acs-security-token: $ALIBABA_CLOUD_SECURITY_TOKEN\"";
    assert!(
        result.stdout.contains(header) && !result.stdout.contains("t0ken"),
        "{}",
        result.stdout
    );
    let result = run_with(&[&args[..], &["--scheme", "rpc"]].concat(), "{}", &vars);
    assert!(
        result.error(2).contains("--scheme acs3"),
        "{}",
        result.stderr
    );
}
