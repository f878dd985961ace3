//! An example backend as a process of its own, connected to a simulator.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::{env, fs, process, thread};

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator, Verdict};
use cloudauth_ureq::ops::DescribeVerifySearchPageList;
use cloudauth_ureq::{Client, Credentials, Endpoints, Options, Proxies};

/// An example, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Example {
    /// With axum and a database.
    Axum,
    /// With axum, and no database.
    Minimal,
    /// With the blocking driver, and no database.
    Blocking,
}

impl Example {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Axum => "h5_backend",
            Self::Minimal => "h5_minimal",
            Self::Blocking => "h5_backend_blocking",
        }
    }
}

pub(crate) struct Backend {
    pub(crate) simulator: Simulator,
    example: Example,
    pub(crate) url: String,
    address: String,
    folder: PathBuf,
    verdict_timeout: u32,
    child: Option<Child>,
}

impl Backend {
    /// Starts the backend with a database, with this verdict timeout, in seconds.
    pub(crate) fn with_verdict_timeout(verdict_timeout: u32) -> Self {
        Self::start_example(Example::Axum, verdict_timeout)
    }

    /// Starts this example.
    pub(crate) fn of(example: Example) -> Self {
        Self::start_example(example, 1_860)
    }

    fn start_example(example: Example, verdict_timeout: u32) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let turn = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("cloudauth-h5-{}-{turn}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let mut backend = Self {
            simulator: Simulator::start().unwrap(),
            example,
            url: format!("http://{address}"),
            address,
            folder,
            verdict_timeout,
            child: None,
        };
        let mut world = backend.simulator.world();
        world.route_callbacks("shop.example", &backend.url);
        drop(world);
        backend.start();
        backend
    }

    pub(crate) fn new() -> Self {
        Self::of(Example::Axum)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program(self.example));
        command
            .current_dir(&self.folder)
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
            .env("CLOUDAUTH_ENDPOINTS", self.simulator.url(Region::Shanghai))
            .env("CALLBACK_URL", "https://shop.example/callback")
            .env("LISTEN", &self.address)
            .env("NO_PROXY", "127.0.0.1")
            .env("VERDICT_TIMEOUT", self.verdict_timeout.to_string())
            .env("SWEEP_INTERVAL", "1")
            .stdout(Stdio::piped());
        command
    }

    /// Starts the process and waits until it listens.
    pub(crate) fn start(&mut self) {
        let mut child = self.command().spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(output.next().unwrap().unwrap(), self.url);
        thread::spawn(move || output.for_each(drop));
        self.child = Some(child);
    }

    /// Kills the process at whatever point it is.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Waits until the service has delivered all callbacks.
    pub(crate) fn wait_for_callbacks(&self) {
        while self.simulator.world().pending_callbacks() > 0 {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The stored verifications: order number, state, certify ID, sub code, `deleted` or nothing.
    fn stored(&self) -> Vec<Vec<String>> {
        let listed = self.command().arg("list").output().unwrap();
        assert!(listed.status.success());
        let text = String::from_utf8(listed.stdout).unwrap();
        let rows = text.lines().map(|line| line.split('\t'));
        rows.map(|row| row.map(ToOwned::to_owned).collect())
            .collect()
    }

    /// Waits until the store has a verification in each of these states, and no others.
    pub(crate) fn wait_for_states(&self, states: &[&str]) {
        let expected: BTreeSet<&str> = states.iter().copied().collect();
        for _ in 0..100 {
            let stored = self.stored();
            let found: BTreeSet<&str> = stored.iter().map(|row| row[1].as_str()).collect();
            if found == expected && stored.len() == states.len() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the states are not {states:?}: {:?}", self.stored());
    }

    /// The store has the same verifications and verdicts as the service.
    pub(crate) fn assert_store_matches_service(&self) {
        let endpoint = self.simulator.url(Region::Shanghai).parse().unwrap();
        let options = Options::new()
            .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET).unwrap())
            .endpoints(Endpoints::only(endpoint))
            .proxies(Proxies::none());
        let query = DescribeVerifySearchPageList::new()
            .current_page("1")
            .page_size("100");
        let client = Client::new(options).unwrap();
        let found = client.call(&query).unwrap().value.items;
        let world = self.simulator.world();
        let expected: BTreeMap<_, _> = found
            .into_iter()
            .map(|it| {
                // The service has forgotten the verdict when it was deleted.
                assert_eq!(it.passed, None);
                let id = it.certify_id.unwrap();
                let verdict = world.verdict(&id);
                let passed = match verdict.map(Verdict::passed) {
                    Some(true) => "T",
                    Some(false) => "F",
                    None => "",
                };
                let sub_code = verdict.map_or("", Verdict::sub_code);
                let result = (id, passed.to_owned(), sub_code.to_owned());
                (it.outer_order_no.unwrap_or_default(), result)
            })
            .collect();
        drop(world);
        let stored: BTreeMap<_, _> = self
            .stored()
            .into_iter()
            .map(|row| {
                let passed = match row[1].as_str() {
                    "passed" => "T",
                    "failed" => "F",
                    _ => "",
                };
                assert_eq!(row[4] == "deleted", !passed.is_empty(), "{row:?}");
                let result = (row[2].clone(), passed.to_owned(), row[3].clone());
                (row[0].clone(), result)
            })
            .collect();
        assert_eq!(stored, expected);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The program of an example. All are built, once.
fn program(example: Example) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let mut build = Command::new(env!("CARGO"));
        // As `cargo test --workspace` selects features, so that nothing is compiled twice.
        build.args(["build", "--quiet", "--workspace", "--examples"]);
        assert!(build.status().unwrap().success());
        let this = env::current_exe().unwrap();
        // This test is in the folder `deps`, next to `examples`.
        this.parent().unwrap().with_file_name("examples")
    });
    folder.join(example.name())
}
