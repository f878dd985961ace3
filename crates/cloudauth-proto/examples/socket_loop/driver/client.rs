//! A driver with nothing but the standard library: blocking, one exchange at a time, each on a new connection.
//!
//! It has no TLS, so it is for a gateway on a trusted network, and a pattern for those who vendor the core.

use core::time::Duration;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Instant, SystemTime};

use cloudauth_proto::driver::{MonoTime, Now, Refresh, SupplyError};
use cloudauth_proto::{Error, Flow, Session, Step};

use super::exchange::exchange;

/// A client that threads can share.
#[derive(Debug)]
pub(crate) struct Client {
    session: Mutex<Session>,
    /// Notified when a refresh of the credentials has ended.
    refreshed: Condvar,
    started: Instant,
}

impl Client {
    /// Makes a client of a session.
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session: Mutex::new(session),
            refreshed: Condvar::new(),
            started: Instant::now(),
        }
    }

    /// Runs a flow to its end.
    pub(crate) fn run<F: Flow>(&self, mut flow: F) -> Result<F::Output, Error> {
        loop {
            let mut session = self.session();
            let step = flow.poll(&mut session, self.now());
            if let Step::Wait(until) = step {
                // The session is locked until here, so the end of a refresh is not missed.
                let left = until.saturating_since(self.now().mono);
                drop(self.refreshed.wait_timeout(session, left));
                continue;
            }
            drop(session);
            match step {
                Step::Send(sent) => {
                    let result = exchange(&sent.sign(), sent.timeouts(), sent.response_limit());
                    flow.report(&mut self.session(), sent.id(), result, self.now());
                }
                // The only exchange has ended.
                Step::Abandon(_) | Step::Wait(_) => {}
                Step::Authenticate(ticket) => {
                    // In place of the call. Its result is in the session.
                    drop(self.run(Refresh::inline(ticket)));
                    self.refreshed.notify_all();
                }
                Step::Read { path, timeout } => {
                    let path = PathBuf::from(path);
                    flow.supply(within(timeout, move || Ok(fs::read(path)?)));
                }
                Step::Run { argv, timeout } => flow.supply(run_program(&argv, timeout)),
                Step::Provide { .. } => flow.provide(Err(SupplyError::Missing)),
                Step::Done(result) => return result,
            }
        }
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.started.elapsed()),
            unix: SystemTime::now().into(),
        }
    }
}

/// Does something on a thread, which is left alone if it takes too long: a file may be a pipe.
fn within<T: Send + 'static>(
    timeout: Duration,
    work: impl FnOnce() -> Result<T, SupplyError> + Send + 'static,
) -> Result<T, SupplyError> {
    let (done, wait) = channel();
    thread::spawn(move || done.send(work()));
    wait.recv_timeout(timeout)
        .unwrap_or(Err(SupplyError::TimedOut))
}

fn run_program(argv: &[String], timeout: Duration) -> Result<Vec<u8>, SupplyError> {
    let [program, arguments @ ..] = argv else {
        return Err(SupplyError::Missing);
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut output = child.stdout.take().ok_or(SupplyError::Failed)?;
    let printed = within(timeout, move || {
        let mut read = Vec::new();
        output.read_to_end(&mut read)?;
        Ok(read)
    });
    // After its output, or in place of it.
    if printed.is_err() {
        let _ = child.kill();
    }
    let status = child.wait()?;
    match printed {
        Ok(_) if !status.success() => Err(SupplyError::Exited(status.code())),
        other => other,
    }
}
