use cloudauth_sim::ACCESS_KEY_ID;

use crate::process::{run, run_with};

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
        result.error(),
        "SceneId must be a string, a number or a boolean"
    );
}
