//! The command as a user meets it: what it prints, where, and with which status.
#![expect(clippy::unwrap_used, reason = "a test")]

use core::ops::Deref;
use core::sync::atomic::{AtomicU32, Ordering};
use std::io::{BufRead as _, BufReader, Write};
use std::process::{Command, Output, Stdio};

use cloudauth_sim::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, CREDENTIALS_PATH, Fault, Region, Simulator, Times,
};
use serde_json::Value;

const PERSON: &str = "张三\n330103199001011234\n";

struct Ran {
    status: i32,
    out: String,
    err: String,
}

/// Runs `cloudauth` with the simulator's key, nothing else in its environment, and this input.
fn run(args: &[&str], input: &str) -> Ran {
    run_with(
        args,
        input,
        &[
            ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
            ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ],
    )
}

fn run_with(args: &[&str], input: &str, vars: &[(&str, &str)]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
        .args(args)
        .env_clear()
        .envs(vars.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Ran {
        status: status.code().unwrap(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}

/// One line on stderr, nothing on stdout, status 1.
fn complaint(ran: &Ran) -> &str {
    assert_eq!((ran.status, ran.out.as_str()), (1, ""), "{}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "{}", ran.err);
    ran.err.strip_prefix("error: ").unwrap().trim_end()
}

/// A file that goes away with the test.
struct MetaInfo(std::path::PathBuf);

fn meta_info(text: &str) -> MetaInfo {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let name = format!("cloudauth-meta-info-{}-{made}", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    MetaInfo(path)
}

impl Deref for MetaInfo {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for MetaInfo {
    fn drop(&mut self) {
        // A test that fails leaves by here, too.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn init(simulator: &Simulator, order: &str, meta_info: &str, input: &str) -> Ran {
    let endpoints: Vec<String> = Region::ALL.map(|region| simulator.url(region)).into();
    run(
        &[
            "init",
            "--endpoint",
            &endpoints[0],
            "--endpoint",
            &endpoints[1],
            "--scene-id",
            "1000000006",
            "--outer-order-no",
            order,
            "--return-url",
            "https://www.example.com/back",
            "--meta-info",
            meta_info,
        ],
        input,
    )
}

#[test]
fn a_verification_is_opened_and_asked_for_while_the_first_region_is_down() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Status(503), Times::Always);
    let meta_info = meta_info("{}");
    let opened = init(&simulator, "order1", &meta_info, PERSON);
    assert_eq!(opened.status, 0, "{}", opened.err);
    let opened: Value = serde_json::from_str(&opened.out).unwrap();
    assert!(
        opened["CertifyUrl"]
            .as_str()
            .unwrap()
            .starts_with("http://")
    );
    assert_eq!(opened["Attempts"].as_array().unwrap().len(), 2);

    let url = simulator.url(Region::Beijing);
    let certify_id = opened["CertifyId"].as_str().unwrap();
    let ask = ["describe", "--endpoint", &url, "--scene-id", "1000000006"];
    let ask = [&ask[..], &["--certify-id", certify_id]].concat();
    let told = run(&ask, "");
    let told = complaint(&told);
    assert!(
        told.starts_with("DescribeFaceVerify was refused: 424 (HTTP 200, "),
        "{told}"
    );
    assert!(told.contains("request id "), "{told}");

    let page = opened["CertifyUrl"].as_str().unwrap();
    let browser = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let browser: ureq::Agent = browser.build().into();
    let submitted = browser.post(page).send_form([("outcome", "204")]).unwrap();
    assert_eq!(submitted.status().as_u16(), 303);
    let verdict = run(&ask, "");
    assert_eq!(verdict.status, 0, "{}", verdict.err);
    let verdict: Value = serde_json::from_str(&verdict.out).unwrap();
    assert_eq!(
        (&verdict["Passed"], &verdict["SubCode"]),
        (&"F".into(), &"204".into())
    );
}

#[test]
fn every_bad_field_is_named_and_nothing_is_sent() {
    let simulator = Simulator::start().unwrap();
    let meta_info = meta_info("not json");
    let ran = init(&simulator, "order 1", &meta_info, PERSON);
    let told = complaint(&ran);
    assert!(
        told.contains("OuterOrderNo must be letters and digits only"),
        "{told}"
    );
    assert!(told.contains("MetaInfo must be JSON text"), "{told}");
    assert!(simulator.world().requests().is_empty());
}

#[test]
fn a_person_is_two_lines() {
    let simulator = Simulator::start().unwrap();
    let meta_info = meta_info("{} ");
    for input in ["", "张三\n", "张三\n1\n2\n"] {
        let ran = init(&simulator, "order1", &meta_info, input);
        let told = complaint(&ran);
        assert_eq!(
            told,
            "standard input must have two lines: the name and the number"
        );
    }
    let ran = init(&simulator, "order1", "no-such-file", PERSON);
    assert!(complaint(&ran).starts_with("cannot read no-such-file: "));
}

#[test]
fn missing_credentials_are_told_with_where_they_were_looked_for() {
    for ask in [
        &["describe", "--scene-id", "1", "--certify-id", "sha1"][..],
        &["whoami"],
    ] {
        let vars = [
            ("HOME", "/no/such/home"),
            ("ALIBABA_CLOUD_CLI_PROFILE_DISABLED", "true"),
            ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ];
        assert_eq!(
            complaint(&run_with(ask, "", &vars)),
            "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_ID is not set; \
             oidc_role_arn: ALIBABA_CLOUD_ROLE_ARN is not set; \
             cli_profile: turned off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED; \
             profile: /no/such/home/.alibabacloud/credentials does not exist; \
             profile: /no/such/home/.alibabacloud/credentials.ini does not exist; \
             ecs_ram_role: turned off by ALIBABA_CLOUD_ECS_METADATA_DISABLED; \
             credentials_uri: ALIBABA_CLOUD_CREDENTIALS_URI is not set"
        );
    }
}

#[test]
fn whoami_tells_the_source_the_masked_key_and_the_trail() {
    let ran = run(&["whoami"], "");
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["Source"], "env");
    assert_eq!(told["Expires"], Value::Null);

    let simulator = Simulator::start().unwrap();
    let uri = format!("{}{CREDENTIALS_PATH}", simulator.offices_url());
    let vars = [
        ("HOME", "/no/such/home"),
        ("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"),
        ("ALIBABA_CLOUD_CREDENTIALS_URI", uri.as_str()),
    ];
    let ran = run_with(&["whoami"], "", &vars);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(told["Source"], "credentials_uri");
    assert_eq!(told["AccessKeyId"], "STS....0001");
    assert!(told["Expires"].as_str().unwrap().ends_with('Z'));
    assert_eq!(told["PassedOver"].as_array().unwrap().len(), 6);
    assert!(!ran.out.contains("issued-"), "{}", ran.out);
    assert!(simulator.world().requests().is_empty());
}

#[test]
fn a_key_in_the_environment_that_cannot_be_used_is_not_passed_over() {
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "id"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s3 cret"),
    ];
    assert_eq!(
        complaint(&run_with(&["whoami"], "", &vars)),
        "no credentials: env: ALIBABA_CLOUD_ACCESS_KEY_SECRET cannot be used"
    );
}

#[test]
fn a_bad_proxy_in_the_environment_is_told_by_its_name() {
    let ask = ["describe", "--scene-id", "1", "--certify-id", "sha1"];
    let vars = [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
        ("HTTPS_PROXY", "socks4://user:hidden@host"),
    ];
    let told = run_with(&ask, "", &vars);
    let expected = "HTTPS_PROXY must begin with http://, https:// or socks5://";
    assert_eq!(complaint(&told), expected);
}

#[test]
fn a_region_that_is_down_is_told_in_one_line() {
    let simulator = Simulator::start().unwrap();
    simulator.inject(Region::Shanghai, Fault::Refuse, Times::Always);
    let url = simulator.url(Region::Shanghai);
    let ask = [
        "describe",
        "--endpoint",
        &url,
        "--scene-id",
        "1",
        "--certify-id",
        "sha1",
    ];
    let told = run(&ask, "");
    let told = complaint(&told);
    assert!(
        told.contains(&format!(
            "{url}: not sent: cannot connect: Connection refused"
        )),
        "{told}"
    );
}

#[test]
fn wrong_arguments_are_explained_with_status_2() {
    for args in [
        &[][..],
        &["nonsense"],
        &["describe", "--scene-id", "x", "--certify-id", "sha1"],
        &[
            "describe",
            "--scene-id",
            "1",
            "--certify-id",
            "s",
            "--endpoint",
            "http://example.com",
        ],
        &["init", "--cert-no", "330103199001011234"],
    ] {
        let ran = run(args, "");
        assert_eq!(ran.status, 2, "{args:?}: {}", ran.err);
        assert!(
            ran.out.is_empty() && !ran.err.contains("panicked"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn the_published_example_is_signed_as_published() {
    // The vendor's RunInstances example; its version and endpoint are another product's.
    let ran = run_with(
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
    );
    assert_eq!(ran.status, 0, "{}", ran.err);
    let shown: Value = serde_json::from_str(&ran.out).unwrap();
    let canonical = shown["canonical request"].as_str().unwrap();
    assert!(canonical.starts_with(
        "POST\n/\nImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai\n\
         host:ecs.cn-shanghai.aliyuncs.com\n"
    ));
    assert!(
        shown["string to sign"]
            .as_str()
            .unwrap()
            .starts_with("ACS3-HMAC-SHA256\n")
    );
    let request = shown["request"].as_str().unwrap();
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
        let ran = run_with(&args, r#"{"SceneId": 1, "CertifyId": "sha1"}"#, &vars);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.contains("[security-token]"), "{}", ran.out);
        assert!(
            !ran.out.contains("t0ken") && !ran.out.contains("s3cret"),
            "{}",
            ran.out
        );
    }
}

#[test]
fn the_demonstration_ends_with_two_verdicts() {
    for scheme in ["acs3", "rpc"] {
        let ran = run(&["demo", "--scheme", scheme], "");
        assert_eq!(ran.status, 0, "{}", ran.err);
        for driver in ["ureq", "hyper"] {
            let verdict = format!("{driver}: the person passed (SubCode 200)");
            assert!(ran.out.contains(&verdict), "{}", ran.out);
        }
        // Opening fails over; the question goes to the region that opened.
        let refused = ran.out.matches("Connection refused").count();
        assert_eq!(refused, 2, "{}", ran.out);
    }
}

#[test]
fn a_route_for_callbacks_names_a_host_and_a_place() {
    for route in [
        "shop.example",
        "=http://127.0.0.1:1",
        "https://shop.example=http://127.0.0.1:1",
        "shop.example=127.0.0.1:1",
    ] {
        let ran = run(&["sim", "--callbacks", route], "");
        assert_ne!(ran.status, 0, "{route}");
        assert!(ran.err.contains("--callbacks"), "{}", ran.err);
    }
}

#[test]
fn exploring_says_what_was_run_and_which_rules_held() {
    let args = ["sim", "explore", "--seeds", "20", "--from", "5"];
    let ran = run(&args, "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(said["scenarios"], 20);
    assert_eq!(said["run twice"], 2);
    let rules = said["rules"].as_array().unwrap();
    assert!(rules.len() >= 16);
    assert!(
        rules
            .iter()
            .all(|rule| rule.as_str().unwrap().starts_with("held "))
    );
    assert_eq!(
        said["hash"],
        serde_json::from_str::<Value>(&run(&args, "").out).unwrap()["hash"]
    );
}

#[test]
fn exploring_beyond_the_last_seed_is_refused() {
    let last = u64::MAX.to_string();
    let ran = run(&["sim", "explore", "--seeds", "2", "--from", &last], "");
    assert_eq!(
        complaint(&ran),
        "there are not that many seeds after --from"
    );
}

#[test]
fn figures_stand_beside_their_goals() {
    let small = ["--calls", "200", "--seeds", "10", "--nonces", "10000"];
    let ran = run(&[&["sim", "figures"][..], &small].concat(), "");
    assert_eq!(ran.status, 0, "{}", ran.err);
    let said: Value = serde_json::from_str(&ran.out).unwrap();
    let nonces = said.as_array().unwrap().iter();
    let nonces = nonces.filter(|row| row["figure"] == "nonces that repeat");
    let nonces: Vec<_> = nonces.collect();
    assert_eq!(nonces.len(), 1);
    assert_eq!(nonces[0]["measured"], "0 of 10000 over 10000 calls");
    assert_eq!(nonces[0]["goal is"], "met");
}

#[test]
fn a_code_is_explained_at_every_place_where_it_is_met() {
    let explained = |code: &str| -> Value {
        let ran = run_with(&["explain", code, "--json"], "", &[]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let locked = explained("417");
    assert_eq!(locked.as_array().unwrap().len(), 1);
    assert_eq!(locked[0]["Where"], "Code");
    assert_eq!(locked[0]["Whose"], "person");
    assert_eq!(locked[0]["Retry"], "no");
    assert_eq!(locked[0]["Source"], "documented");
    assert!(locked[0]["Chinese"].as_str().unwrap().contains("人工审核"));

    let both = explained("200");
    assert_eq!([&both[0]["Where"], &both[1]["Where"]], ["Code", "SubCode"]);
    assert_eq!(explained("Z5052")[0]["Where"], "page subCode");
    assert_eq!(explained("Throttling.User")[0]["Retry"], "soon");
    assert_eq!(explained("MissingSceneId")[0]["Code"], "Missing*");
    assert_eq!(explained("ROOT")[0]["Where"], "DeviceRisk");
}

#[test]
fn a_code_that_nobody_knows_is_said_to_be_unknown() {
    let ran = run_with(&["explain", "4\u{1b}[31m17"], "", &[]);
    assert_eq!(
        complaint(&ran),
        "4 [31m17 is not in the tables; the service may know it"
    );
}

#[test]
fn the_simulator_says_what_to_set_and_how_to_break_it() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
        .args(["sim", "--shanghai", "0", "--beijing", "0"])
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let told: Vec<String> = lines.take(10).map(Result::unwrap).collect();
    // What it prints is a script: comments, and what to set.
    let script = format!(
        "set -e\n{}\necho $ALIBABA_CLOUD_ACCESS_KEY_ID $ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        told.join("\n")
    );
    let ran = Command::new("sh").args(["-c", &script]).output().unwrap();
    let expected = format!("{ACCESS_KEY_ID} {ACCESS_KEY_SECRET}\n");
    assert_eq!(String::from_utf8(ran.stdout).unwrap(), expected);
    let live = told
        .iter()
        .find_map(|line| line.strip_prefix("# live     "))
        .unwrap();
    assert!(
        told.iter()
            .any(|line| line.contains("curl -H") && line.contains(&format!("{live}/faults"))),
        "{told:?}"
    );
    let mut state = ureq::get(format!("{live}/state")).call().unwrap();
    let state: Value = serde_json::from_str(&state.body_mut().read_to_string().unwrap()).unwrap();
    assert_eq!(state["regions"][0]["attempts"], 0);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn an_address_that_is_not_this_machines_must_be_named() {
    let ran = run(&["sim", "--expose", "192.0.2.1"], "");
    assert!(
        complaint(&ran).starts_with("cannot listen: "),
        "{}",
        ran.err
    );
}
