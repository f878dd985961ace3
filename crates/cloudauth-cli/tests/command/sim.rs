use std::process::Command;

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use serde_json::Value;

use crate::process::{Running, run};

#[test]
fn sim_prints_a_shell_script_with_its_urls_and_credentials() {
    let mut sim = Running::new(&["sim", "--shanghai", "0", "--beijing", "0"]);
    let lines: Vec<String> = (0..10).map(|_| sim.line()).collect();
    let script = format!(
        "set -e\n{}\necho $ALIBABA_CLOUD_ACCESS_KEY_ID $ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        lines.join("\n")
    );
    let shell = Command::new("sh").args(["-c", &script]).output().unwrap();
    let expected = format!("{ACCESS_KEY_ID} {ACCESS_KEY_SECRET}\n");
    assert_eq!(String::from_utf8(shell.stdout).unwrap(), expected);
    let admin = lines
        .iter()
        .find_map(|line| line.strip_prefix("# live     "))
        .unwrap();
    let has_faults_url = |line: &String| line.contains(&format!("{admin}/faults"));
    assert!(
        lines
            .iter()
            .any(|line| line.contains("curl -H") && has_faults_url(line)),
        "{lines:?}"
    );
    let mut state = ureq::get(format!("{admin}/state")).call().unwrap();
    let state: Value = serde_json::from_str(&state.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(state["regions"][0]["request_count"], 0);
}

#[test]
fn sim_reports_an_address_of_another_machine() {
    let result = run(&["sim", "--expose", "192.0.2.1"], "");
    let error = result.error();
    assert!(error.starts_with("cannot listen: "), "{error}");
}

#[test]
fn sim_rejects_a_callback_route_that_is_not_host_and_url() {
    for route in [
        "shop.example",
        "=http://127.0.0.1:1",
        "https://shop.example=http://127.0.0.1:1",
        "shop.example=127.0.0.1:1",
    ] {
        let result = run(&["sim", "--callbacks", route], "");
        assert_ne!(result.status, 0, "{route}");
        assert!(result.stderr.contains("--callbacks"), "{}", result.stderr);
    }
}

#[test]
fn explore_prints_what_was_run_and_which_rules_held() {
    let args = ["sim", "explore", "--seeds", "300", "--from", "5"];
    let explored = run(&args, "").json();
    assert_eq!(explored["scenarios"], 300);
    assert_eq!(explored["replayed"], 30);
    assert!(explored["calls_per_minute"].is_number());
    let rules = explored["rules"].as_array().unwrap();
    assert!(rules.len() >= 26);
    for rule in rules {
        assert!(rule.as_str().unwrap().starts_with("held "), "{rule}");
    }
    assert_eq!(explored["hash"], run(&args, "").json()["hash"]);
}

#[test]
fn explore_fails_if_a_rule_was_not_checked() {
    let explored = run(&["sim", "explore", "--seeds", "1"], "");
    assert_ne!(explored.status, 0);
    let error = explored.stderr.trim_end();
    assert!(error.ends_with("rules not checked: run more seeds"));
    assert!(
        explored.stdout.contains("not checked"),
        "{}",
        explored.stdout
    );
    let explored = run(&["sim", "explore", "--seeds", "0"], "");
    assert_ne!(explored.status, 0);
    assert!(explored.stderr.contains("--seeds"), "{}", explored.stderr);
}

#[test]
fn explore_rejects_seeds_beyond_the_largest() {
    let last = u64::MAX.to_string();
    let result = run(&["sim", "explore", "--seeds", "2", "--from", &last], "");
    let expected = "--from plus --seeds exceeds the largest seed";
    assert_eq!(result.error(), expected);
}

#[test]
fn figures_print_each_measurement_beside_its_goal() {
    let small = ["--calls", "2500", "--seeds", "20", "--nonces", "10000"];
    let figures = run(&[&["sim", "figures"][..], &small].concat(), "").json();
    let rows = figures.as_array().unwrap();
    let nonces: Vec<_> = rows
        .iter()
        .filter(|row| row["figure"] == "repeated nonces")
        .collect();
    assert_eq!(nonces.len(), 1);
    assert_eq!(nonces[0]["measured"], "0 of 10000 over 10000 calls");
    assert!(
        rows.iter().all(|row| row["result"] == "reached"),
        "{rows:#?}"
    );
}

#[test]
fn figures_fail_if_there_was_nothing_to_measure() {
    let small = ["--calls", "100", "--seeds", "0", "--nonces", "10000"];
    let result = run(&[&["sim", "figures"][..], &small].concat(), "");
    assert_ne!(result.status, 0);
    let error = result.stderr.trim_end();
    assert!(error.ends_with(" not measured"), "{error}");
    let figures: Value = serde_json::from_str(&result.stdout).unwrap();
    let rows = figures.as_array().unwrap().iter();
    let not_measured: Vec<_> = rows.filter(|row| row["measured"].is_null()).collect();
    assert!(not_measured.len() > 2);
    for row in not_measured {
        assert_eq!(row["result"], "not measured", "{row}");
    }
}

#[test]
fn search_prints_what_was_searched_in_each_world() {
    let args = [
        "sim",
        "search",
        "--only",
        "charge, breakers",
        "--max-states",
        "80",
    ];
    let searched = run(&args, "").json();
    let worlds = searched.as_array().unwrap();
    assert!(worlds.len() > 10);
    for world in worlds {
        assert!(world["world"].as_str().unwrap().starts_with("charge"));
        assert!(world["states"].as_u64().unwrap() <= 80);
        assert!(world["paths"].as_u64() > world["states"].as_u64());
        assert!(world["is_complete"].is_boolean());
        assert_eq!(world["violations"].as_array().unwrap().len(), 0);
    }
}

#[test]
fn search_reports_a_name_that_no_world_has() {
    let result = run(&["sim", "search", "--only", "no such world"], "");
    assert_eq!(result.error(), "no world has such a name");
}
