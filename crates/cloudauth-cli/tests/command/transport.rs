//! Endpoints, certificates, proxies, time limits and profiles, by option and by variable.

use std::net::TcpListener;
use std::time::Instant;

use cloudauth_sim::{Region, Simulator};

use crate::process::{ACCESS_KEY, Finished, TempFile, TempFolder, run_with};

fn describe(options: &[&str], vars: &[(&str, &str)]) -> Finished {
    let args = ["describe", "--scene-id", "1", "--certify-id", "sha0"];
    run_with(
        &[&args[..], options].concat(),
        "",
        &[ACCESS_KEY, vars].concat(),
    )
}

/// 406: the service does not know the ID, so it was reached.
#[track_caller]
fn assert_reached(result: &Finished) {
    assert_eq!(result.status, 5, "{}", result.stderr);
    assert!(result.stderr.contains("406"), "{}", result.stderr);
}

#[test]
fn a_private_ca_is_trusted_by_variable_and_by_option() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.tls_url(Region::Shanghai);
    let ca = TempFile::new(simulator.ca_pem());
    let endpoint = ["--endpoint", url.as_str()];
    assert_eq!(describe(&endpoint, &[]).status, 6);
    assert_reached(&describe(&endpoint, &[("SSL_CERT_FILE", ca.path())]));
    assert_reached(&describe(
        &[&endpoint[..], &["--ca", ca.path()]].concat(),
        &[],
    ));
    for contents in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
    ] {
        let bad = TempFile::new(contents);
        for (options, vars) in [
            (&["--ca", bad.path()][..], &[][..]),
            (&[], &[("SSL_CERT_FILE", bad.path())]),
        ] {
            let result = describe(&[&endpoint[..], options].concat(), vars);
            let error = result.error(2);
            assert!(
                ["--ca", "SSL_CERT_FILE"]
                    .iter()
                    .any(|name| error.contains(name)),
                "{error}"
            );
        }
    }
}

/// The product's hosts behind a proxy whose CA is only in `SSL_CERT_FILE`.
#[test]
fn the_services_own_hosts_are_reached_through_a_proxy_with_a_private_ca() {
    let simulator = Simulator::start().unwrap();
    let ca = TempFile::new(simulator.ca_pem());
    let proxy = simulator.proxy_url();
    let ca = ("SSL_CERT_FILE", ca.path());
    assert_reached(&describe(&[], &[("HTTPS_PROXY", proxy), ca]));
    assert_reached(&describe(&["--proxy", proxy], &[ca]));
    assert_reached(&describe(
        &["--proxy", proxy],
        &[ca, ("HTTPS_PROXY", "http://127.0.0.1:1")],
    ));
    assert_eq!(simulator.world().requests().len(), 3);
    let result = describe(&["--proxy", "http://user:pa55@127.0.0.1:1"], &[]);
    assert!(
        result
            .error(2)
            .starts_with("--proxy must not contain a password"),
        "{}",
        result.stderr
    );
    assert!(!result.stderr.contains("pa55"), "{}", result.stderr);
    let result = describe(&["--proxy", "ftp://127.0.0.1"], &[]);
    assert!(result.error(2).starts_with("--proxy "), "{}", result.stderr);
}

#[test]
fn endpoints_come_from_the_command_line_or_from_the_environment() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    assert_reached(&describe(&[], &[("CLOUDAUTH_ENDPOINTS", &url)]));
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let closed = format!("http://{closed}");
    assert_reached(&describe(
        &["--endpoint", &url],
        &[("CLOUDAUTH_ENDPOINTS", &closed)],
    ));
    let result = describe(&[], &[("CLOUDAUTH_ENDPOINTS", "http://sim:1")]);
    assert!(
        result.error(2).starts_with("CLOUDAUTH_ENDPOINTS "),
        "{}",
        result.stderr
    );
}

#[test]
fn another_machine_is_reached_over_http_only_with_the_option_that_the_error_names() {
    let result = describe(&["--endpoint", "http://sim.test:8731"], &[]);
    assert_eq!(
        result.error(2),
        "--endpoint http://sim.test:8731 is not encrypted; if the network to it may see names and ID \
         numbers, add --plain-http sim.test"
    );
    let options = ["--endpoint", "http://sim.test:8731", "--max-attempts", "1"];
    let result = describe(&[&options[..], &["--plain-http", "sim.test"]].concat(), &[]);
    assert!(
        result.error(6).contains("http://sim.test:8731: not sent"),
        "{}",
        result.stderr
    );
    for (host, problem) in [
        (
            "other",
            "--plain-http other is the host of no http:// --endpoint",
        ),
        (
            "sim",
            "--plain-http sim is the host of no http:// --endpoint",
        ),
    ] {
        let result = describe(&[&options[..], &["--plain-http", host]].concat(), &[]);
        assert!(
            result.stderr.contains(problem) || result.stderr.contains("not encrypted"),
            "{}",
            result.stderr
        );
        assert_eq!(result.status, 2);
    }
    // The URL may contain a password.
    let result = describe(&["--endpoint", "https://user:pa55@host"], &[]);
    assert!(!result.error(2).contains("pa55"), "{}", result.stderr);
}

#[test]
fn time_limits_and_attempts_are_options() {
    // Accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    for (options, attempts) in [
        (&["--total-timeout", "0.5"][..], 1),
        (&["--read-timeout", "0.2", "--max-attempts", "2"], 2),
    ] {
        #[expect(clippy::disallowed_methods, reason = "measures the command")]
        let started = Instant::now();
        let options = [&["--endpoint", &url, "--json"], options].concat();
        let error = describe(&options, &[]).error_json(6);
        assert!(started.elapsed().as_secs() < 5);
        assert_eq!(error["attempts"].as_array().unwrap().len(), attempts);
        assert!(error["attempts"][0]["took_ms"].as_f64().unwrap() > 150.0);
    }
}

#[test]
fn regions_and_networks_select_the_endpoints() {
    let host = |options: &[&str]| {
        let args = [&["sign", "DescribeFaceVerify"], options].concat();
        let signed = run_with(&args, "{}", ACCESS_KEY).json();
        let request = signed["request"].as_str().unwrap().to_owned();
        let host = request.lines().find_map(|line| line.strip_prefix("host: "));
        host.unwrap().to_owned()
    };
    assert_eq!(host(&[]), "cloudauth.cn-shanghai.aliyuncs.com");
    assert_eq!(
        host(&["--region", "cn-beijing"]),
        "cloudauth.cn-beijing.aliyuncs.com"
    );
    let options = ["--region", "cn-beijing", "--network", "vpc"];
    assert_eq!(host(&options), "cloudauth-vpc.cn-beijing.aliyuncs.com");
    let result = describe(&["--region", "cn-qingdao", "--network", "vpc"], &[]);
    assert_eq!(result.error(2), "--region has no endpoint on --network");
}

#[test]
fn a_profile_is_selected_by_name() {
    let home = TempFolder::new();
    home.write(
        ".alibabacloud/credentials",
        "[default]\ntype = access_key\naccess_key_id = LTAI5tProfileKeyOne\naccess_key_secret = s\n\
         [staging]\ntype = access_key\naccess_key_id = LTAI5tProfileKeyTwo\naccess_key_secret = s\n",
    );
    let vars = [
        ("HOME", home.path()),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
    ];
    let whoami = |options: &[&str]| run_with(&[&["whoami"], options].concat(), "", &vars);
    assert_eq!(whoami(&[]).json()["access_key_id"], "LTAI...yOne");
    assert_eq!(
        whoami(&["--profile", "staging"]).json()["access_key_id"],
        "LTAI...yTwo"
    );
    assert_eq!(whoami(&["--profile", "none"]).status, 8);
}
