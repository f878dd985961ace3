//! Runs the command, and makes files for it.

use core::sync::atomic::{AtomicU32, Ordering};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use serde_json::Value;

/// Name and ID number, as `init` reads them.
pub(crate) const PERSON: &str = "张三\n330103199001011230\n";

/// Environment with the simulator's access key.
pub(crate) const ACCESS_KEY: &[(&str, &str)] = &[
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
];

/// Result of a command that has ended.
pub(crate) struct Finished {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    /// Parses stdout of a command that succeeded.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 0, "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// The error message: status 1, one line on stderr, nothing on stdout.
    #[track_caller]
    pub(crate) fn error(&self) -> &str {
        assert_eq!(
            (self.status, self.stdout.as_str()),
            (1, ""),
            "{}",
            self.stderr
        );
        assert_eq!(self.stderr.lines().count(), 1, "{}", self.stderr);
        self.stderr.strip_prefix("error: ").unwrap().trim_end()
    }
}

/// Runs the command with the simulator's access key.
pub(crate) fn run(args: &[&str], input: &str) -> Finished {
    run_with(args, input, ACCESS_KEY)
}

/// Runs the command with this environment and nothing else in it.
pub(crate) fn run_with(args: &[&str], input: &str, vars: &[(&str, &str)]) -> Finished {
    let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
        .args(args)
        .env_clear()
        .envs(vars.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().unwrap();
    Finished {
        status: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

/// A command in the background, killed on drop.
pub(crate) struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Starts the command with the simulator's access key.
    pub(crate) fn new(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_cloudauth"))
            .args(args)
            .env_clear()
            .envs(ACCESS_KEY.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdout }
    }

    /// Waits for the next line of stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.truncate(line.trim_end().len());
        line
    }

    /// Waits for the next line of stdout, and parses it.
    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// The process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end; returns the status and stderr.
    pub(crate) fn finish(&mut self) -> (i32, String) {
        let status = self.child.wait().unwrap().code().unwrap();
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().unwrap();
        pipe.read_to_string(&mut stderr).unwrap();
        (status, stderr)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A temporary file, removed on drop.
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn new(contents: impl AsRef<[u8]>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cloudauth-cli-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, contents).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // Runs in a failing test, too.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Submits the simulated page behind a CertifyUrl.
pub(crate) fn submit(page: &str, outcome: &str) {
    let browser = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let browser: ureq::Agent = browser.build().into();
    let response = browser.post(page).send_form([("outcome", outcome)]);
    assert_eq!(response.unwrap().status().as_u16(), 303);
}
