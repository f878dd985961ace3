use std::net::TcpListener;

use cloudauth_sim::{ACCESS_KEY_ID, Fault, Region, Simulator, Times};
use serde_json::{Value, json};

use crate::process::{TempFile, run, run_with};

/// Runs `doctor`; returns what it found for each check: the result, and the advice.
#[track_caller]
fn doctor(args: &[&str], vars: &[(&str, &str)], status: i32) -> Vec<(String, String, Value)> {
    let args = [
        &["doctor", "--total-timeout", "3", "--connect-timeout", "2"],
        args,
    ]
    .concat();
    let report = run_with(&args, "", vars).json_with(status);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let rows = report.as_array().unwrap().iter();
    rows.map(|row| {
        (
            text(&row["check"]),
            text(&row["result"]),
            row["advice"].clone(),
        )
    })
    .collect()
}

/// Asserts that this check failed with advice, that those before it are fine, and those after not checked.
#[track_caller]
fn assert_failed(found: &[(String, String, Value)], check: &str) {
    let at = found
        .iter()
        .position(|(_, result, _)| result == "failed")
        .unwrap();
    assert_eq!(found[at].0, check, "{found:?}");
    assert!(found[at].2.is_string(), "{found:?}");
    assert!(found[..at].iter().all(|(_, result, _)| result != "failed"));
    assert!(
        found[at + 1..]
            .iter()
            .all(|(_, result, _)| result == "not_checked"),
        "{found:?}"
    );
}

#[test]
fn doctor_checks_every_endpoint_by_a_query_that_only_reads() {
    let simulator = Simulator::start().unwrap();
    let ca = TempFile::new(simulator.ca_pem());
    let urls = Region::ALL.map(|region| simulator.tls_url(region));
    let args = [
        "--endpoint",
        &urls[0],
        "--endpoint",
        &urls[1],
        "--ca",
        ca.path(),
    ];
    let found = doctor(&args, crate::process::ACCESS_KEY, 0);
    assert_eq!(found.len(), 1 + 2 * 6);
    assert!(
        found.iter().all(|(_, result, _)| result == "ok"),
        "{found:?}"
    );
    let requests = simulator.world().requests().to_vec();
    assert!(
        requests
            .iter()
            .all(|request| request.action == "DescribeFaceVerify")
    );
    assert_eq!(requests.len(), 2);
}

#[test]
fn doctor_says_which_check_failed_and_what_to_do() {
    let simulator = Simulator::start().unwrap();
    let key = crate::process::ACCESS_KEY;
    let url = simulator.url(Region::Shanghai);
    let tls = simulator.tls_url(Region::Shanghai);
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let closed = format!("http://{closed}");

    assert_failed(
        &doctor(&["--endpoint", "https://no-such-host.invalid"], key, 6),
        "name",
    );
    assert_failed(&doctor(&["--endpoint", &closed], key, 6), "connection");
    assert_failed(&doctor(&["--endpoint", &tls], key, 6), "certificate");
    let wrong = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong"),
    ];
    assert_failed(&doctor(&["--endpoint", &url], &wrong, 5), "signature");
    let wrong = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "unknown"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "wrong"),
    ];
    assert_failed(&doctor(&["--endpoint", &url], &wrong, 5), "signature");
    let none = [("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")];
    assert_failed(&doctor(&["--endpoint", &url], &none, 8), "credentials");
    for code in ["Forbidden.RAM", "NoPermission"] {
        let (status, code) = (403, code.to_owned());
        simulator.inject(
            Region::Shanghai,
            Fault::Gateway { status, code },
            Times::Once,
        );
        assert_failed(&doctor(&["--endpoint", &url], key, 5), "permission");
    }
}

#[test]
fn doctor_reports_a_clock_that_is_wrong() {
    let simulator = Simulator::start().unwrap();
    simulator.move_clock(30 * 24 * 3_600);
    let url = simulator.url(Region::Shanghai);
    let args = ["--endpoint", url.as_str()];
    assert_failed(&doctor(&args, crate::process::ACCESS_KEY, 5), "clock");
}

#[test]
fn doctor_prints_a_table_of_strings_without_a_person_or_a_key() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.url(Region::Shanghai);
    let report = run(&["doctor", "--endpoint", &url], "");
    assert!(!report.stdout.contains("testsecret"), "{}", report.stdout);
    assert_eq!(report.json()[0]["check"], json!("credentials"));
}
