//! Local files and programs: what some credential sources read and run.
//!
//! On Unix both are read on the calling thread, and nothing is left running when a function returns:
//! no thread and, unless it succeeded, no program.

use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use cloudauth_proto::driver::SupplyError;
use zeroize::Zeroizing;

/// Size limit of a file and of a program's output: 16 MiB, a thousand times the largest that are known.
const LIMIT: usize = 16 << 20;

/// Interval at which a cancellation is noticed, and the exit of a program that has closed its output.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// Reads a file of at most 16 MiB, which may be a named pipe.
///
/// Blocks for at most `timeout`, or until 10 ms after `cancelled` was set; both are
/// [`SupplyError::TimedOut`]. A regular file on a network file system that does not respond blocks for
/// longer: no system call has a limit for that.
pub fn read_file(
    path: &str,
    timeout: Duration,
    cancelled: &AtomicBool,
) -> Result<Vec<u8>, SupplyError> {
    let limit = TimeLimit::start(timeout, cancelled);
    limit.left()?;
    #[cfg(unix)]
    {
        limit.read(open(path)?)
    }
    #[cfg(not(unix))]
    {
        let path = path.to_owned();
        limit.wait_for_thread(move || read_limited(File::open(path)?))
    }
}

/// Runs a program without a shell, blocks until it exits, and returns its standard output (at most 16 MiB).
///
/// Standard input is empty. Standard error is discarded, because it can hold secrets. A program that
/// has not closed its output and exited within `timeout`, or 10 ms after `cancelled` was set, is killed
/// ([`SupplyError::TimedOut`]); on Unix its children are, too.
pub fn run_program(
    argv: &[String],
    timeout: Duration,
    cancelled: &AtomicBool,
) -> Result<Vec<u8>, SupplyError> {
    let limit = TimeLimit::start(timeout, cancelled);
    limit.left()?;
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
    let mut child = command.spawn()?;
    let printed = output(&mut child, &limit);
    if printed.is_err() {
        kill(&mut child);
    }
    let status = child.wait()?;
    match printed {
        Ok(printed) if status.success() => Ok(printed),
        Ok(_) => Err(SupplyError::Exited(status.code())),
        Err(problem) => Err(problem),
    }
}

/// Reads a program's standard output, then waits until it exits.
fn output(child: &mut Child, limit: &TimeLimit<'_>) -> Result<Vec<u8>, SupplyError> {
    let Some(stdout) = child.stdout.take() else {
        return Err(SupplyError::Failed);
    };
    #[cfg(unix)]
    let printed = limit.read(stdout)?;
    #[cfg(not(unix))]
    let printed = limit.wait_for_thread(move || read_limited(stdout))?;
    // Most programs exit right after they close their output.
    while child.try_wait()?.is_none() {
        thread::sleep(limit.slice()?);
    }
    Ok(printed)
}

/// When a file or a program is given up: at the end of its timeout, or when it is cancelled.
pub(crate) struct TimeLimit<'c> {
    started: Instant,
    timeout: Duration,
    cancelled: &'c AtomicBool,
}

impl<'c> TimeLimit<'c> {
    #[expect(clippy::disallowed_methods, reason = "timeouts are in real time")]
    pub(crate) fn start(timeout: Duration, cancelled: &'c AtomicBool) -> Self {
        let started = Instant::now();
        Self {
            started,
            timeout,
            cancelled,
        }
    }

    /// The time left.
    fn left(&self) -> Result<Duration, SupplyError> {
        let left = self.timeout.saturating_sub(self.started.elapsed());
        if left.is_zero() || self.cancelled.load(Ordering::Acquire) {
            return Err(SupplyError::TimedOut);
        }
        Ok(left)
    }

    /// How long to wait until the next look at the flag.
    fn slice(&self) -> Result<Duration, SupplyError> {
        self.left().map(|left| left.min(CHECK_INTERVAL))
    }

    /// Reads to the end; `from` need not be nonblocking, as it is read only when there is something.
    #[cfg(unix)]
    fn read(&self, mut from: impl Read + std::os::fd::AsFd) -> Result<Vec<u8>, SupplyError> {
        let mut read = WipingBuffer::default();
        loop {
            self.wait_until_readable(&from)?;
            match read.read_from(&mut from) {
                Ok(0) => return Ok(read.into_contents()),
                Ok(_) if read.contents.len() > LIMIT => return Err(SupplyError::TooLarge),
                Ok(_) => {}
                // Another process reads the same pipe.
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    /// Waits until there is something to read, or the end. A regular file is always readable, and a
    /// named pipe without a writer is not.
    #[cfg(unix)]
    fn wait_until_readable(&self, from: &impl std::os::fd::AsFd) -> Result<(), SupplyError> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        loop {
            let slice = Timespec::try_from(self.slice()?).map_err(|_| SupplyError::Failed)?;
            match poll(&mut [PollFd::new(from, PollFlags::IN)], Some(&slice)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(_) => return Err(SupplyError::Failed),
            }
        }
    }

    /// Works on another thread, which ends when its work does, as that cannot be interrupted: a source of the
    /// caller's own, or where there is no `poll`, a read.
    pub(crate) fn wait_for_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, SupplyError> + Send + 'static,
    ) -> Result<T, SupplyError> {
        use std::sync::mpsc::{self, RecvTimeoutError};
        let (done, wait) = mpsc::sync_channel(1);
        let worker = thread::Builder::new().spawn(move || done.send(work()));
        worker.map_err(|_| SupplyError::Failed)?;
        loop {
            match wait.recv_timeout(self.slice()?) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(SupplyError::Failed),
            }
        }
    }
}

/// Opens a file for reading, without waiting for the writer of a named pipe.
#[cfg(unix)]
fn open(path: &str) -> std::io::Result<File> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?.into())
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

#[cfg(not(unix))]
fn read_limited(mut from: impl Read) -> Result<Vec<u8>, SupplyError> {
    let mut read = WipingBuffer::default();
    loop {
        match read.read_from(&mut from) {
            Ok(0) => return Ok(read.into_contents()),
            Ok(_) if read.contents.len() > LIMIT => return Err(SupplyError::TooLarge),
            Ok(_) => {}
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// What has been read, which holds secrets: every copy but the one that is returned is wiped.
#[derive(Default)]
struct WipingBuffer {
    contents: Zeroizing<Vec<u8>>,
}

impl WipingBuffer {
    /// Reads once, and returns the number of bytes.
    fn read_from(&mut self, from: &mut impl Read) -> std::io::Result<usize> {
        let length = self.contents.len();
        if self.contents.capacity() - length < PIECE {
            // `reserve` would leave the old copy in memory.
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * length + PIECE));
            larger.extend_from_slice(&self.contents);
            self.contents = larger;
        }
        self.contents.resize(length + PIECE, 0);
        let more = from.read(&mut self.contents[length..]);
        let kept = length + *more.as_ref().unwrap_or(&0);
        self.contents.truncate(kept);
        more
    }

    fn into_contents(mut self) -> Vec<u8> {
        mem::take(&mut *self.contents)
    }
}

/// The most bytes that are read at once.
const PIECE: usize = 16 << 10;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::Write;
    use std::path::PathBuf;

    use super::*;
    #[cfg(target_os = "linux")]
    use crate::memory;

    /// A buffer that grows moves what it has, and wipes it where it was.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_buffer_that_grows_leaves_nothing_behind() {
        let secret = memory::secret(1);
        let path = temporary("needles");
        memory::write_needles(&path, core::slice::from_ref(&secret));
        let needles = memory::read_needles(&path);
        std::fs::remove_file(&path).unwrap();
        let mut contents = secret.as_bytes().to_vec();
        contents.resize(2 * PIECE, b' ');
        let mut buffer = WipingBuffer::default();
        let mut from = contents.as_slice();
        assert_eq!(buffer.read_from(&mut from).unwrap(), PIECE);
        // The allocator writes over the first bytes of what is free.
        let before = buffer.contents.as_ptr() as u64;
        assert!(
            memory::scan(&needles)
                .iter()
                .any(|hit| hit.address == before + 34)
        );
        assert_eq!(buffer.read_from(&mut from).unwrap(), PIECE);
        assert_ne!(buffer.contents.as_ptr() as u64, before);
        assert!(
            memory::scan(&needles)
                .iter()
                .all(|hit| hit.address != before + 34)
        );
        assert_eq!(buffer.into_contents(), contents);
    }

    const SHORT: Duration = Duration::from_millis(200);
    const LONG: Duration = Duration::from_secs(60);
    type Work<'w> = &'w (dyn Fn(&AtomicBool) -> Result<Vec<u8>, SupplyError> + Sync);

    static NEVER: AtomicBool = AtomicBool::new(false);

    fn sh(script: &str, timeout: Duration) -> Result<Vec<u8>, SupplyError> {
        let argv = ["/bin/sh", "-c", script].map(ToOwned::to_owned);
        run_program(&argv, timeout, &NEVER)
    }

    fn temporary(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("cloudauth-{}-{name}", std::process::id()))
    }

    /// A named pipe, removed at the end of the test.
    struct Fifo(PathBuf);

    impl Fifo {
        fn new(name: &str) -> Self {
            let path = temporary(name);
            let made = Command::new("mkfifo").arg(&path).status().unwrap();
            assert!(made.success());
            Self(path)
        }

        fn read(&self, timeout: Duration) -> Result<Vec<u8>, SupplyError> {
            read_file(self.0.to_str().unwrap(), timeout, &NEVER)
        }
    }

    impl Drop for Fifo {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[expect(clippy::disallowed_methods, reason = "the tests measure timeouts")]
    fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
        let begun = Instant::now();
        (act(), begun.elapsed())
    }

    #[test]
    fn standard_output_is_returned_and_standard_error_is_discarded() {
        assert_eq!(sh("echo out; echo s3cret >&2", LONG), Ok(b"out\n".to_vec()));
    }

    #[test]
    fn each_failure_has_its_own_reason() {
        assert_eq!(sh("exit 7", LONG), Err(SupplyError::Exited(Some(7))));
        assert_eq!(sh("kill -9 $$", LONG), Err(SupplyError::Exited(None)));
        let run = |program: &str| run_program(&[program.to_owned()], LONG, &NEVER);
        assert_eq!(run("/no/such/program"), Err(SupplyError::Missing));
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(run(file), Err(SupplyError::Denied));
        let large = sh("head -c 20000000 /dev/zero", LONG);
        assert_eq!(large, Err(SupplyError::TooLarge));
        let read = |path| read_file(path, LONG, &NEVER);
        assert_eq!(read("/no/such/file"), Err(SupplyError::Missing));
        assert_eq!(read("/dev/null/file"), Err(SupplyError::Missing));
        assert_eq!(read("/dev/zero"), Err(SupplyError::TooLarge));
        assert_eq!(read("/"), Err(SupplyError::Failed));
        assert_eq!(read(file), Ok(std::fs::read(file).unwrap()));
    }

    #[test]
    fn a_program_that_hangs_is_killed_with_its_children() {
        let marker = temporary("marker");
        for script in [
            "sleep 100",
            "exec >&-; sleep 100",
            &format!("(sleep 2; touch {}) & wait", marker.display()),
        ] {
            let (printed, took) = timed(|| sh(script, SHORT));
            assert_eq!(printed, Err(SupplyError::TimedOut), "{script}");
            assert!(took < Duration::from_secs(20));
        }
        thread::sleep(Duration::from_millis(2_500));
        assert!(!marker.exists());
    }

    #[test]
    fn a_program_has_one_timeout_for_its_output_and_its_exit() {
        let timeout = Duration::from_secs(2);
        let (printed, took) = timed(|| sh("sleep 1.8; exec >&-; sleep 100", timeout));
        assert_eq!(printed, Err(SupplyError::TimedOut));
        assert!(took < timeout * 3 / 2, "{took:?}");
    }

    #[test]
    fn a_named_pipe_is_read_to_its_end() {
        let fifo = Fifo::new("whole");
        let path = fifo.0.clone();
        let writer = thread::spawn(move || {
            thread::sleep(SHORT);
            let mut file = File::options().write(true).open(path).unwrap();
            for part in [b"one ", b"two "] {
                file.write_all(part).unwrap();
                thread::sleep(SHORT);
            }
        });
        assert_eq!(fifo.read(LONG), Ok(b"one two ".to_vec()));
        writer.join().unwrap();
    }

    #[test]
    fn a_named_pipe_without_a_writer_ends_with_the_timeout() {
        let (read, took) = timed(|| Fifo::new("unwritten").read(SHORT));
        assert_eq!(read, Err(SupplyError::TimedOut));
        assert!(took >= SHORT && took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn a_named_pipe_whose_writer_does_not_end_ends_with_the_timeout() {
        let fifo = Fifo::new("endless");
        let mut writer = File::options();
        let mut writer = writer.read(true).write(true).open(&fifo.0).unwrap();
        writer.write_all(b"{").unwrap();
        assert_eq!(fifo.read(SHORT), Err(SupplyError::TimedOut));
    }

    #[test]
    fn a_cancelled_file_and_a_cancelled_program_end_at_once() {
        let fifo = Fifo::new("cancelled");
        let path = fifo.0.to_str().unwrap();
        let pid = temporary("pid");
        let script = format!("echo $$ > {}; exec sleep 100", pid.display());
        let argv = ["/bin/sh", "-c", &script].map(ToOwned::to_owned);
        let closed = ["/bin/sh", "-c", "exec >&-; sleep 100"].map(ToOwned::to_owned);
        let works: [Work<'_>; 3] = [
            &|cancelled| read_file(path, LONG, cancelled),
            &|cancelled| run_program(&argv, LONG, cancelled),
            &|cancelled| run_program(&closed, LONG, cancelled),
        ];
        for work in works {
            let cancelled = AtomicBool::new(false);
            thread::scope(|scope| {
                let working = scope.spawn(|| work(&cancelled));
                thread::sleep(Duration::from_millis(500));
                cancelled.store(true, Ordering::Release);
                let (ended, took) = timed(|| working.join().unwrap());
                assert_eq!(ended, Err(SupplyError::TimedOut));
                assert!(took < Duration::from_millis(500), "{took:?}");
            });
        }
        let id = std::fs::read_to_string(&pid).unwrap();
        std::fs::remove_file(pid).unwrap();
        let process = PathBuf::from("/proc").join(id.trim());
        assert!(!process.join("stat").exists());
    }
}
