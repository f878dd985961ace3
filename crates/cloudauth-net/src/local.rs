//! Local files and programs: what some credential sources read and run.

use core::time::Duration;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use cloudauth_proto::driver::SupplyError;

/// Size limit of a file and of a program's output: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// Interval at which a program that has closed its output is checked for its exit status.
const EXIT_CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Reads a file of at most 1 MiB.
pub fn read_file(path: &str) -> Result<Vec<u8>, SupplyError> {
    let file = File::open(path).map_err(|e| unsupplied(e.kind()))?;
    read_limited(file)
}

/// Runs a program without a shell, blocks until it exits, and returns its standard output (at most 1 MiB).
///
/// Standard input is empty. Standard error is discarded, because it can hold secrets. A program that
/// does not close its output within `timeout`, or does not exit within `timeout` after that, is
/// killed; on Unix its children are, too.
pub fn run_program(argv: &[String], timeout: Duration) -> Result<Vec<u8>, SupplyError> {
    let [program, arguments @ ..] = argv else {
        return Err(SupplyError::Missing);
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // A process group of its own, so that its children can be killed with it.
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|e| unsupplied(e.kind()))?;
    let printed = output(&mut child, timeout);
    if printed.is_err() {
        kill(&mut child);
    }
    let status = child.wait().map_err(|e| unsupplied(e.kind()))?;
    match printed {
        Ok(printed) if status.success() => Ok(printed),
        Ok(_) => Err(SupplyError::Exited(status.code())),
        Err(problem) => Err(problem),
    }
}

/// Reads a program's standard output, then waits until it exits; each may take up to `timeout`.
fn output(child: &mut Child, timeout: Duration) -> Result<Vec<u8>, SupplyError> {
    let Some(stdout) = child.stdout.take() else {
        return Err(SupplyError::Failed);
    };
    let (done, wait) = mpsc::sync_channel(1);
    // A blocking read cannot be interrupted. The thread ends when the last process closes the pipe.
    let reader = thread::Builder::new().spawn(move || done.send(read_limited(stdout)));
    reader.map_err(|_| SupplyError::Failed)?;
    let printed = match wait.recv_timeout(timeout) {
        Ok(printed) => printed?,
        Err(RecvTimeoutError::Timeout) => return Err(SupplyError::TimedOut),
        Err(RecvTimeoutError::Disconnected) => return Err(SupplyError::Failed),
    };
    // Most programs exit right after they close their output.
    let mut waited = Duration::ZERO;
    while child
        .try_wait()
        .map_err(|e| unsupplied(e.kind()))?
        .is_none()
    {
        if waited >= timeout {
            return Err(SupplyError::TimedOut);
        }
        thread::sleep(EXIT_CHECK_INTERVAL);
        waited += EXIT_CHECK_INTERVAL;
    }
    Ok(printed)
}

/// Kills a program and, on Unix, its children.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // An error means that the program has already exited.
    let _ = child.kill();
}

fn read_limited(from: impl Read) -> Result<Vec<u8>, SupplyError> {
    let mut read = Vec::new();
    let taken = from.take(LIMIT + 1).read_to_end(&mut read);
    taken.map_err(|e| unsupplied(e.kind()))?;
    if read.len() as u64 > LIMIT {
        return Err(SupplyError::TooLarge);
    }
    Ok(read)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "all other kinds are the same to the caller"
)]
fn unsupplied(kind: ErrorKind) -> SupplyError {
    match kind {
        ErrorKind::NotFound => SupplyError::Missing,
        ErrorKind::PermissionDenied => SupplyError::Denied,
        _ => SupplyError::Failed,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sh(script: &str, timeout: u64) -> Result<Vec<u8>, SupplyError> {
        let argv = ["/bin/sh", "-c", script].map(ToOwned::to_owned);
        run_program(&argv, Duration::from_millis(timeout))
    }

    #[test]
    fn standard_output_is_returned_and_standard_error_is_discarded() {
        assert_eq!(
            sh("echo out; echo s3cret >&2", 10_000),
            Ok(b"out\n".to_vec())
        );
    }

    #[test]
    fn each_failure_has_its_own_reason() {
        assert_eq!(sh("exit 7", 10_000), Err(SupplyError::Exited(Some(7))));
        assert_eq!(sh("kill -9 $$", 10_000), Err(SupplyError::Exited(None)));
        let no_such = ["/no/such/program".to_owned()];
        assert_eq!(
            run_program(&no_such, Duration::from_secs(1)),
            Err(SupplyError::Missing)
        );
        let file = [concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned()];
        assert_eq!(
            run_program(&file, Duration::from_secs(1)),
            Err(SupplyError::Denied)
        );
        assert_eq!(
            sh("head -c 2000000 /dev/zero", 10_000),
            Err(SupplyError::TooLarge)
        );
        assert_eq!(read_file("/no/such/file"), Err(SupplyError::Missing));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test measures a timeout")]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let marker = std::env::temp_dir().join(format!("cloudauth-{}", std::process::id()));
        for script in [
            "sleep 100",
            "exec >&-; sleep 100",
            &format!("(sleep 2; touch {}) & wait", marker.display()),
        ] {
            let begun = Instant::now();
            assert_eq!(sh(script, 200), Err(SupplyError::TimedOut), "{script}");
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        thread::sleep(Duration::from_millis(2_500));
        assert!(!marker.exists());
    }
}
