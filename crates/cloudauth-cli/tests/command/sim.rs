use core::time::Duration;
use std::process::Command;
use std::sync::{Arc, Mutex};

use cloudauth_proto::driver::{Delivery, Failure, Now};
use cloudauth_proto::ops::DescribeFaceVerify;
use cloudauth_proto::{Call, CallOptions, Credentials, Flow, Policy, Session, Step};
use serde_json::Value;

use crate::process::{Finished, Running, TempFile, run, run_with};
use crate::schema;

const FREE_PORTS: [&str; 7] = ["sim", "--shanghai", "0", "--beijing", "0", "--pages", "0"];

/// A simulator with these options on free ports, and the URL of its admin interface.
fn simulator(options: &[&str]) -> (Running, String) {
    let mut sim = Running::new(&[&FREE_PORTS, options].concat());
    let lines: Vec<String> = (0..14).map(|_| sim.line()).collect();
    let admin = lines
        .iter()
        .find_map(|line| line.strip_prefix("# live     "));
    let admin = admin.unwrap().to_owned();
    (sim, admin)
}

/// Runs a command that speaks to the simulator at `admin`.
fn control(admin: &str, args: &[&str]) -> Finished {
    run_with(
        &[&["sim"], args].concat(),
        "",
        &[("CLOUDAUTH_SIM_ADMIN", admin)],
    )
}

#[test]
fn commands_speak_to_a_running_simulator() {
    let (_sim, admin) = simulator(&[]);
    let state = || control(&admin, &["state"]).json();
    for args in [
        &["break", "--region", "cn-shanghai"][..],
        &[
            "break",
            "status",
            "--status",
            "503",
            "--times",
            "2",
            "--region",
            "cn-beijing",
        ],
        &[
            "break",
            "skew",
            "--seconds",
            "-60",
            "--region",
            "cn-beijing",
        ],
    ] {
        let injected = control(&admin, args);
        assert_eq!(injected.status, 0, "{}", injected.stderr);
    }
    assert_eq!(state()["regions"][0]["refuses_connections"], true);
    assert_eq!(state()["faults"].as_array().unwrap().len(), 3);
    assert_eq!(
        control(&admin, &["heal", "--region", "cn-shanghai"]).status,
        0
    );
    assert_eq!(state()["regions"][0]["refuses_connections"], false);
    assert_eq!(control(&admin, &["heal"]).status, 0);

    let now = |args: &[&str]| -> u64 { control(&admin, args).stdout.trim().parse().unwrap() };
    let before = now(&["clock"]);
    assert!(now(&["clock", "3600"]) >= before + 3600);
    assert!(now(&["clock", "-3600"]) < before + 60);

    let unknown = control(&admin, &["finish", "sha0"]);
    assert!(unknown.error(1).contains("(409): unknown certify ID"));
    let kind = control(&admin, &["break", "explode"]);
    assert!(
        kind.error(1).contains("there are: refuse, reset"),
        "{}",
        kind.stderr
    );
    let elsewhere = control("http://127.0.0.1:1/admin", &["state"]);
    assert!(
        elsewhere
            .error(1)
            .starts_with("no simulator at http://127.0.0.1:1")
    );
}

#[cfg(unix)]
#[test]
fn sim_ends_within_a_second_of_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let (mut sim, _) = simulator(&[]);
        let pid = sim.id().to_string();
        let (ended, waited) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let finished = sim.finish();
            let _ = ended.send(());
            finished
        });
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        let in_time = waited.recv_timeout(Duration::from_secs(1));
        assert!(in_time.is_ok(), "{signal}");
        assert_eq!(thread.join().unwrap(), (0, String::new()), "{signal}");
    }
}

#[test]
fn an_exposed_simulator_prints_a_token_and_the_public_host() {
    let options = ["--expose", "0.0.0.0", "--public-url", "http://sim:8733"];
    let (_sim, admin) = simulator(&options);
    let (before, token) = admin.rsplit_once("/admin/").unwrap();
    assert!(before.starts_with("http://sim:"), "{admin}");
    assert_eq!(token.len(), 32);
    let here = admin.replacen("//sim:", "//127.0.0.1:", 1);
    assert_eq!(control(&here, &["state"]).status, 0);
    let without = here.replace(token, "");
    let refused = control(&without, &["state"]);
    assert!(refused.error(1).contains("(403)"));
    assert!(!refused.stderr.contains(token));
}

#[test]
fn a_state_file_that_was_edited_is_refused_by_line() {
    let file = TempFile::new("{\"cloudauth_sim\":\"0.1.0\"}\tffff\n");
    let refused = run(&[&FREE_PORTS[..], &["--state", file.path()]].concat(), "");
    let error = refused.error(1);
    assert!(error.contains("line 1 was changed"), "{error}");
}

#[test]
fn compare_lists_the_differences_of_a_recording() {
    let reply = |shape: &str| {
        format!(
            "{{\"format\":1,\"action\":\"DescribeFaceVerify\",\"status\":200,\"headers\":[\
             \"access-control-allow-origin\",\"access-control-expose-headers\",\"content-length\",\
             \"content-type\",\"date\",\"x-acs-request-id\",\"x-acs-trace-id\"],\"shape\":{shape}}}\n"
        )
    };
    let failure = "{\"Code\":\"string\",\"Message\":\"string\",\"RequestId\":\"string\"}";
    let same = TempFile::new(reply(failure));
    let compared = run(&["sim", "compare", same.path()], "");
    assert_eq!(compared.json(), serde_json::json!([]));

    let other = failure.replace("\"Message\":\"string\"", "\"Message\":\"null\",\"New\":{}");
    let other = TempFile::new(reply(failure) + &reply(&other));
    let compared = run(&["sim", "compare", other.path()], "");
    assert_ne!(compared.status, 0);
    assert!(
        compared.stderr.contains("2 differences in 2 replies"),
        "{}",
        compared.stderr
    );
    let listed: Value = serde_json::from_str(&compared.stdout).unwrap();
    assert_eq!(listed[0]["place"], "Message");
    assert_eq!(listed[0]["recorded"], "null");
    assert_eq!(listed[1]["place"], "New");

    let broken = TempFile::new("{}\n");
    let compared = run(&["sim", "compare", broken.path()], "");
    assert!(compared.error(2).contains("line 1: its format is not 1"));
}

#[test]
fn the_variables_that_sim_prints_make_the_other_commands_use_it() {
    let mut sim = Running::new(&FREE_PORTS);
    let mut script = String::new();
    loop {
        let line = sim.line();
        script.push_str(&line);
        script.push('\n');
        // The line that scripts wait for.
        if line == "# ready" {
            break;
        }
    }
    // Whatever was set before: the variables of another region and of temporary credentials.
    let shell = Command::new("sh")
        .args([
            "-euc",
            &format!("{script}\n\"$0\" describe --scene-id 1 --certify-id sha0 || exit $?"),
        ])
        .arg(env!("CARGO_BIN_EXE_cloudauth"))
        .env_clear()
        .envs([
            ("CLOUDAUTH_REGION", "cn-beijing"),
            ("CLOUDAUTH_PLAIN_HTTP", "other"),
            ("ALIBABA_CLOUD_SECURITY_TOKEN", "other"),
            ("HTTP_PROXY", "http://127.0.0.1:1"),
        ])
        .output()
        .unwrap();
    let stderr = String::from_utf8(shell.stderr).unwrap();
    assert!(stderr.contains("refused: 406: "), "{stderr}");
    assert_eq!(shell.status.code(), Some(5), "{stderr}");
    let admin = script
        .lines()
        .find_map(|line| line.strip_prefix("# live     "))
        .unwrap();
    assert!(script.contains(&format!("-d '{{\"region\":\"cn-shanghai\",\"fault\":\"refuse\",\"times\":\"always\"}}' {admin}/faults")));
    let mut state = ureq::get(format!("{admin}/state")).call().unwrap();
    let state: Value = serde_json::from_str(&state.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(state["regions"][0]["request_count"], 1);
}

#[test]
fn sim_names_a_port_that_is_occupied() {
    let occupied = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = occupied.local_addr().unwrap().port().to_string();
    for option in ["--shanghai", "--beijing", "--pages"] {
        let others = ["--shanghai", "--beijing", "--pages"]
            .into_iter()
            .filter(|it| *it != option);
        let others = others.flat_map(|it| [it, "0"]).collect::<Vec<_>>();
        let result = run(&[&["sim", option, &port], &others[..]].concat(), "");
        let expected = format!(
            "port {port} of 127.0.0.1 is in use; choose another with {option}, or 0 for a free one"
        );
        assert_eq!(result.error(1), expected);
    }
    let result = run(
        &[
            "sim",
            "--shanghai",
            "8999",
            "--beijing",
            "8999",
            "--pages",
            "0",
        ],
        "",
    );
    assert_eq!(
        result.error(2),
        "--shanghai and --beijing must be two ports"
    );
}

#[test]
fn sim_reports_an_address_of_another_machine() {
    let result = run(&["sim", "--expose", "192.0.2.1"], "");
    let error = result.error(1);
    assert!(error.starts_with("cannot start the simulator: "), "{error}");
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
    assert_eq!(result.error(2), expected);
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
    assert_eq!(result.error(2), "--only: no world has such a name");
}

/// The recording of a session with this policy, which claims to have the default one.
fn recording(policy: Policy) -> String {
    let text = Arc::new(Mutex::new(String::new()));
    let written = Arc::clone(&text);
    let key = Credentials::access_key("testid", "testsecret").unwrap();
    let mut session = Session::new(key, [7; 32])
        .record_trace(move |line| written.lock().unwrap().push_str(line))
        .policy(policy);
    let query = DescribeFaceVerify::new(1, "sha1");
    let mut call = Call::new(&query, CallOptions::new()).unwrap();
    for _ in 0..2 {
        if let Step::Send(exchange) = call.poll(&mut session, Now::default()) {
            let refused = Failure::new(Delivery::NotSent, "refused");
            call.report(&mut session, exchange.id(), Err(refused), Now::default());
        }
    }
    drop(session);
    let text = text.lock().unwrap();
    text.clone()
}

#[test]
fn replay_makes_the_decisions_of_a_recording_and_reports_the_first_that_differs_by_its_line() {
    let same = TempFile::new(recording(Policy::default()));
    let replayed = run(&["sim", "replay", same.path()], "").json();
    assert_eq!(replayed["is_same"], true);
    assert_eq!(
        replayed["trace"][1]["input"]["call"]["action"],
        "DescribeFaceVerify"
    );

    let mut hasty = Policy::default();
    hasty.connect_timeout = Duration::from_secs(1);
    let other = TempFile::new(recording(hasty));
    let replayed = run(&["sim", "replay", other.path()], "");
    assert!(replayed.stderr.contains("line 3"), "{}", replayed.stderr);
    assert_ne!(replayed.status, 0);
    let shown: Value = serde_json::from_str(&replayed.stdout).unwrap();
    schema::check("sim replay", &shown);
    assert_eq!(shown["difference"]["line"], 3);
    assert_eq!(
        shown["difference"]["recorded"]["step"]["send"]["connect"],
        1_000_000_000
    );
    assert_eq!(
        shown["difference"]["replayed"]["step"]["send"]["connect"],
        10_000_000_000_u64
    );

    let whole = recording(Policy::default());
    let cut = whole.rsplit_once("{\"input\":\"end\"").unwrap().0;
    let cut_file = TempFile::new(cut);
    let refused = run(&["sim", "replay", cut_file.path()], "");
    let line = format!("line {}: the recording ends here", cut.lines().count() + 1);
    assert!(refused.error(2).contains(&line), "{}", refused.stderr);
}
