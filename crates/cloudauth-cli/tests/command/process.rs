//! Runs the command, and makes files for it.

use core::sync::atomic::{AtomicU32, Ordering};
use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};
use serde_json::Value;

use crate::schema;

/// Name and ID number, as `init` reads them.
pub(crate) const PERSON: &str = "张三\n330103199001011230\n";

/// Environment with the simulator's access key.
pub(crate) const ACCESS_KEY: &[(&str, &str)] = &[
    ("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID),
    ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET),
];

/// Result of a command that has ended.
pub(crate) struct Finished {
    args: Vec<String>,
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn new(args: &[impl AsRef<OsStr>], output: &Output) -> Self {
        let args = args
            .iter()
            .map(|arg| arg.as_ref().to_string_lossy().into_owned());
        Self {
            args: args.collect(),
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Parses stdout of a command that succeeded, and checks it against the schema.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        self.json_with(0)
    }

    /// The same for a command that ended with this status.
    #[track_caller]
    pub(crate) fn json_with(&self, status: i32) -> Value {
        assert_eq!(self.status, status, "{}", self.stderr);
        let value = serde_json::from_str(&self.stdout).unwrap();
        schema::check(&schema::of(&self.args), &value);
        value
    }

    /// Parses every line of stdout of a command that succeeded, and checks it against the schema.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        assert_eq!(self.status, 0, "{}", self.stderr);
        let lines = self.stdout.lines();
        let lines = lines.map(|line| {
            let value = serde_json::from_str(line).unwrap();
            schema::check(&schema::of(&self.args), &value);
            value
        });
        lines.collect()
    }

    /// Parses stderr of a command that failed with this status and `--json`, and checks it against the
    /// schema.
    #[track_caller]
    pub(crate) fn error_json(&self, status: i32) -> Value {
        assert_eq!(
            (self.status, &*self.stdout),
            (status, ""),
            "{}",
            self.stderr
        );
        let value = serde_json::from_str(&self.stderr).unwrap();
        schema::check("error", &value);
        value
    }

    /// The error message: this status, one line on stderr, nothing on stdout.
    #[track_caller]
    pub(crate) fn error(&self, status: i32) -> &str {
        assert_eq!(
            (self.status, &*self.stdout),
            (status, ""),
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
    Finished::new(args, &child.wait_with_output().unwrap())
}

/// Whether a program is installed. If not, says on the terminal that the test did not run, which `eprintln!` does not
/// for a test that passes. Fails where that is not wanted, as in `.ci/run`.
pub(crate) fn is_installed(program: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .stdout(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        return true;
    }
    let message = format!("\nnot tested: needs {program}\n");
    let fails = std::env::var_os("CLOUDAUTH_NOT_TESTED").is_some();
    assert!(!fails, "{message}");
    std::io::stderr().write_all(message.as_bytes()).unwrap();
    false
}

/// Runs a shell command on a terminal, with the program `script`; returns what that shows.
#[cfg(target_os = "linux")]
pub(crate) fn on_terminal(command: &str, vars: &[(&str, &str)]) -> String {
    let output = Command::new("script")
        .args(["-qec", command, "/dev/null"])
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(vars.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A command in the background, killed on drop.
pub(crate) struct Running {
    args: Vec<String>,
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
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
        let stdout = child.stdout.take().map(BufReader::new);
        let args = args.iter().map(ToString::to_string).collect();
        Self {
            args,
            child,
            stdout,
        }
    }

    /// Waits for the next line of stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.truncate(line.trim_end().len());
        line
    }

    /// Waits for the next line of stdout, parses it, and checks it against the schema.
    pub(crate) fn json(&mut self) -> Value {
        let value = serde_json::from_str(&self.line()).unwrap();
        schema::check(&schema::of(&self.args), &value);
        value
    }

    /// Closes the reading end of stdout.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
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

/// A temporary folder for files of a user, removed on drop.
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    pub(crate) fn new() -> Self {
        let file = TempFile::new("");
        let path = PathBuf::from(format!("{}-home", file.path()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // Runs in a failing test, too.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Submits the simulated page behind a CertifyUrl.
pub(crate) fn submit(page: &str, outcome: &str) {
    let browser = ureq::Agent::config_builder().proxy(None).max_redirects(0);
    let browser: ureq::Agent = browser.build().into();
    let response = browser.post(page).send_form([("outcome", outcome)]);
    assert_eq!(response.unwrap().status().as_u16(), 303);
}
