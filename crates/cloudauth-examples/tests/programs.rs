//! Each small example program, run against the simulator.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use cloudauth_hyper::ops::InitFaceVerify;
use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator, Verdict};
use cloudauth_ureq::Client;

/// An example. All are built, once: Cargo does so only if all targets are tested.
fn example(name: &str, simulator: &Simulator) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // As `cargo test` selects features, so that nothing is compiled twice.
        if cfg!(feature = "metrics") {
            build.args([
                "build",
                "--quiet",
                "-p",
                "cloudauth-examples",
                "--features",
                "metrics",
            ]);
        } else {
            build.args(["build", "--quiet", "--workspace"]);
        }
        build.arg("--examples");
        assert!(build.status().unwrap().success());
        let this = std::env::current_exe().unwrap();
        this.parent().unwrap().with_file_name("examples")
    });
    let mut command = Command::new(folder.join(name));
    let [shanghai, beijing] = [Region::Shanghai, Region::Beijing].map(|it| simulator.url(it));
    command
        .env_clear()
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
        .env("CLOUDAUTH_ENDPOINTS", format!("{shanghai},{beijing}"))
        .stdout(Stdio::piped());
    command
}

/// What it prints, if it succeeds.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A running example, which is killed at the end of the test.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// What it prints from here on.
    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ID in a `CertifyUrl` of the simulator.
fn id_in(url: &str) -> &str {
    let (_, id) = url.rsplit_once('/').unwrap();
    id
}

#[test]
fn whoami_prints_the_source_and_a_masked_key() {
    let simulator = Simulator::start().unwrap();
    let printed = printed(&mut example("whoami", &simulator));
    assert!(printed.contains("source: "), "{printed}");
    assert!(!printed.contains(ACCESS_KEY_SECRET), "{printed}");
}

#[test]
fn both_clients_open_a_verification_and_wait_for_its_verdict() {
    for name in ["init_and_poll", "init_and_poll_async"] {
        let simulator = Simulator::start().unwrap();
        let mut running = Running::start(&mut example(name, &simulator));
        let line = running.line();
        let url = line.strip_prefix("send the browser to ").unwrap();
        simulator.finish(id_in(url), Verdict::Passed).unwrap();
        assert_eq!(running.rest(), "passed\n", "{name}");
    }
}

#[test]
fn the_handlers_open_a_verification_and_query_its_verdict() {
    let simulator = Simulator::start().unwrap();
    let mut running = Running::start(&mut example("axum_handlers", &simulator));
    let url = format!("{}/verifications", running.line());
    let form = [
        ("name", "张三"),
        ("number", "330103199001011230"),
        ("meta_info", r#"{"deviceType":"h5"}"#),
    ];
    let mut opened = ureq::post(&url).send_form(form).unwrap();
    assert_eq!(opened.status(), 201);
    let certify_url = opened.body_mut().read_to_string().unwrap();
    let id = id_in(&certify_url);
    let verdict = || {
        let mut response = ureq::get(format!("{url}/{id}")).call().unwrap();
        response.body_mut().read_to_string().unwrap()
    };
    assert_eq!(verdict(), "not finished");
    simulator.finish(id, Verdict::Passed).unwrap();
    assert_eq!(verdict(), "passed");
}

#[test]
fn a_file_is_uploaded() {
    let simulator = Simulator::start().unwrap();
    let path = std::env::temp_dir().join(format!("cloudauth-card-{}.jpg", std::process::id()));
    std::fs::write(&path, b"\xff\xd8\xff\xe0 a card").unwrap();
    let url = simulator.url(Region::Shanghai);
    let printed = printed(example("upload", &simulator).arg(&path).arg(url));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(printed, "BizCode: Some(\"1\")\n");
    assert_eq!(simulator.world().uploaded_files().count(), 1);
}

#[test]
fn all_pages_are_listed() {
    let simulator = Simulator::start().unwrap();
    let client = Client::new(simulator.options()).unwrap();
    for order in ["a", "b", "c"] {
        let open = InitFaceVerify::new(1_000_000_006, order, "LR_FR")
            .user_id("7")
            .meta_info("{}");
        client.call(&open).unwrap();
    }
    let printed = printed(&mut example("pages", &simulator));
    assert!(printed.ends_with("3 verifications\n"), "{printed}");
}

#[test]
fn keys_come_from_a_source_of_the_application_s_own() {
    let simulator = Simulator::start().unwrap();
    let path = std::env::temp_dir().join(format!("cloudauth-vault-{}", std::process::id()));
    std::fs::write(&path, format!("{ACCESS_KEY_ID} {ACCESS_KEY_SECRET}\n")).unwrap();
    let printed = printed(example("credentials_source", &simulator).arg(&path));
    std::fs::remove_file(&path).unwrap();
    assert!(printed.contains("vault"), "{printed}");
}

#[test]
fn a_request_for_another_product_is_accepted() {
    let simulator = Simulator::start().unwrap();
    let url = simulator.credential_services_url();
    let printed = printed(example("sign_another_product", &simulator).arg(url));
    assert!(printed.contains("AccountId"), "{printed}");
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_are_collected() {
    let simulator = Simulator::start().unwrap();
    let printed = printed(&mut example("metrics", &simulator));
    assert!(printed.contains("the call ended: true\n"), "{printed}");
    assert!(printed.contains(" in s\n"), "a duration: {printed}");
}
