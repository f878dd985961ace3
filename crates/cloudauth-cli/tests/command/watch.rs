use core::time::Duration;
use std::thread::sleep;

use cloudauth_sim::{Region, Simulator};

use crate::process::{ACCESS_KEY, PERSON, Running, TempFile, run, submit};

/// Opens a verification; returns its CertifyUrl and its CertifyId.
fn open(simulator: &Simulator) -> (String, String) {
    let url = simulator.url(Region::Shanghai);
    let meta_info = TempFile::new("{}");
    let args = [
        "init",
        "--endpoint",
        &url,
        "--scene-id",
        "7",
        "--outer-order-no",
        "order1",
        "--return-url",
        "https://www.example.com/",
        "--meta-info",
        meta_info.path(),
    ];
    let opened = run(&args, PERSON).json();
    let string = |name: &str| opened[name].as_str().unwrap().to_owned();
    (string("CertifyUrl"), string("CertifyId"))
}

fn watch(simulator: &Simulator, certify_id: &str, seconds: &str) -> Running {
    let url = simulator.url(Region::Shanghai);
    let args = ["watch", "--endpoint", &url, "--for", seconds];
    let query = ["--scene-id", "7", "--certify-id", certify_id];
    Running::new(&[&args[..], &query].concat())
}

#[test]
fn watch_waits_for_the_verdict_and_fails_for_a_person_who_did_not_pass() {
    let simulator = Simulator::start().unwrap();
    let (page, certify_id) = open(&simulator);
    let mut watch = watch(&simulator, &certify_id, "60");
    sleep(Duration::from_millis(300));
    submit(&page, "204");
    let verdict = watch.json();
    assert_eq!(verdict["Passed"], "F");
    assert_eq!(verdict["SubCode"], "204");
    assert_eq!(watch.finish(), (3, String::new()));
}

#[test]
fn watch_fails_when_the_time_is_over() {
    let simulator = Simulator::start().unwrap();
    let (_, certify_id) = open(&simulator);
    let error = "error: no verdict: the person did not finish in time\n".to_owned();
    assert_eq!(watch(&simulator, &certify_id, "0").finish(), (4, error));
}

#[test]
fn watch_fails_at_once_for_an_unknown_certify_id() {
    let simulator = Simulator::start().unwrap();
    let (status, error) = watch(&simulator, "sha0", "60").finish();
    assert_eq!(status, 5);
    assert!(
        error.starts_with("error: DescribeFaceVerify was refused: 406: "),
        "{error}"
    );
}

#[test]
fn only_a_person_who_passed_is_granted_something_after_watch() {
    for (outcome, granted) in [("pass", "granted\n"), ("204", "")] {
        let simulator = Simulator::start().unwrap();
        let (page, certify_id) = open(&simulator);
        submit(&page, outcome);
        let script = "\"$0\" watch --endpoint \"$1\" --scene-id 7 --certify-id \"$2\" >/dev/null && echo granted";
        let shell = std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_cloudauth")])
            .args([&simulator.url(Region::Shanghai), &certify_id])
            .envs(ACCESS_KEY.iter().copied())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(shell.stdout).unwrap(), granted);
    }
}

#[test]
fn init_can_wait_for_the_verdict() {
    for (outcome, status) in [("pass", 0), ("204", 3)] {
        let simulator = Simulator::start().unwrap();
        let meta_info = TempFile::new("{}");
        let person = TempFile::new(PERSON);
        let url = simulator.url(Region::Shanghai);
        let mut init = Running::new(&[
            "init",
            "--watch",
            "--endpoint",
            &url,
            "--scene-id",
            "7",
            "--outer-order-no",
            "order1",
            "--return-url",
            "https://www.example.com/",
            "--meta-info",
            meta_info.path(),
            "--person",
            person.path(),
        ]);
        let opened = init.json();
        submit(opened["CertifyUrl"].as_str().unwrap(), outcome);
        let verdict: serde_json::Value = serde_json::from_str(&init.line()).unwrap();
        crate::schema::check("watch", &verdict);
        assert_eq!(verdict["Passed"], if status == 0 { "T" } else { "F" });
        assert_eq!(init.finish(), (status, String::new()));
    }
}
