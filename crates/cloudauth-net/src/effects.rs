//! Files that are read and programs that are run for credentials.

use core::time::Duration;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use cloudauth_proto::Unsupplied;

/// The most that is read, of a file or of a program's output.
const LIMIT: u64 = 1 << 20;

/// How often a program that closed its output is asked whether it ended.
const BEAT: Duration = Duration::from_millis(10);

/// Reads a file.
pub fn read(path: &str) -> Result<Vec<u8>, Unsupplied> {
    let file = File::open(path).map_err(|e| unsupplied(e.kind()))?;
    limited(file)
}

/// Runs a program without a shell, ends it after `timeout`, and gives what it printed.
///
/// It has no input, and what it prints as an error is dropped: that can hold secrets. Blocks.
pub fn run(argv: &[String], timeout: Duration) -> Result<Vec<u8>, Unsupplied> {
    let [program, arguments @ ..] = argv else {
        return Err(Unsupplied::Missing);
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
        // A group of its own, so that its children end with it.
        command.process_group(0);
    }
    let mut child = command.spawn().map_err(|e| unsupplied(e.kind()))?;
    let printed = output(&mut child, timeout);
    if printed.is_err() {
        end(&mut child);
    }
    // It has ended, or was ended just now.
    let status = child.wait().map_err(|e| unsupplied(e.kind()))?;
    match printed {
        Ok(printed) if status.success() => Ok(printed),
        Ok(_) => Err(Unsupplied::Exited(status.code())),
        Err(problem) => Err(problem),
    }
}

/// What a program prints until it ends, which it must do in time.
fn output(child: &mut Child, timeout: Duration) -> Result<Vec<u8>, Unsupplied> {
    let Some(stdout) = child.stdout.take() else {
        return Err(Unsupplied::Failed);
    };
    let (done, wait) = mpsc::sync_channel(1);
    // Reading cannot be interrupted. The thread ends with the last process that holds the pipe.
    let reader = thread::Builder::new().spawn(move || done.send(limited(stdout)));
    reader.map_err(|_| Unsupplied::Failed)?;
    let printed = match wait.recv_timeout(timeout) {
        Ok(printed) => printed?,
        Err(RecvTimeoutError::Timeout) => return Err(Unsupplied::TimedOut),
        Err(RecvTimeoutError::Disconnected) => return Err(Unsupplied::Failed),
    };
    // It closed its output; mostly it ended, too.
    let mut waited = Duration::ZERO;
    while child
        .try_wait()
        .map_err(|e| unsupplied(e.kind()))?
        .is_none()
    {
        if waited >= timeout {
            return Err(Unsupplied::TimedOut);
        }
        thread::sleep(BEAT);
        waited += BEAT;
    }
    Ok(printed)
}

/// Ends a program, and what it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
    // An error means that it is gone already.
    let _ = child.kill();
}

fn limited(from: impl Read) -> Result<Vec<u8>, Unsupplied> {
    let mut read = Vec::new();
    let taken = from.take(LIMIT + 1).read_to_end(&mut read);
    taken.map_err(|e| unsupplied(e.kind()))?;
    if read.len() as u64 > LIMIT {
        return Err(Unsupplied::TooLarge);
    }
    Ok(read)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others are all the same to the caller"
)]
fn unsupplied(kind: ErrorKind) -> Unsupplied {
    match kind {
        ErrorKind::NotFound => Unsupplied::Missing,
        ErrorKind::PermissionDenied => Unsupplied::Denied,
        _ => Unsupplied::Failed,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sh(script: &str, timeout: u64) -> Result<Vec<u8>, Unsupplied> {
        let argv = ["/bin/sh", "-c", script].map(ToOwned::to_owned);
        run(&argv, Duration::from_millis(timeout))
    }

    #[test]
    fn what_a_program_prints_is_given_and_what_it_complains_of_is_not() {
        assert_eq!(
            sh("echo out; echo s3cret >&2", 10_000),
            Ok(b"out\n".to_vec())
        );
    }

    #[test]
    fn each_way_to_fail_has_its_name() {
        assert_eq!(sh("exit 7", 10_000), Err(Unsupplied::Exited(Some(7))));
        assert_eq!(sh("kill -9 $$", 10_000), Err(Unsupplied::Exited(None)));
        let no_such = ["/no/such/program".to_owned()];
        assert_eq!(
            run(&no_such, Duration::from_secs(1)),
            Err(Unsupplied::Missing)
        );
        let file = [concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").to_owned()];
        assert_eq!(run(&file, Duration::from_secs(1)), Err(Unsupplied::Denied));
        assert_eq!(
            sh("head -c 2000000 /dev/zero", 10_000),
            Err(Unsupplied::TooLarge)
        );
        assert_eq!(read("/no/such/file"), Err(Unsupplied::Missing));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test of time")]
    fn a_program_that_hangs_is_ended_with_its_children() {
        let marker = std::env::temp_dir().join(format!("cloudauth-{}", std::process::id()));
        for script in [
            "sleep 100",
            "exec >&-; sleep 100",
            &format!("(sleep 2; touch {}) & wait", marker.display()),
        ] {
            let begun = Instant::now();
            assert_eq!(sh(script, 200), Err(Unsupplied::TimedOut), "{script}");
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
        thread::sleep(Duration::from_millis(2_500));
        assert!(!marker.exists());
    }
}
