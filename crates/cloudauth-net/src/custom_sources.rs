//! Sources of credentials of the caller's own.

use core::fmt;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::Arc;

use cloudauth_proto::credentials::ProvidedCredentials;
use cloudauth_proto::driver::SupplyError;

use crate::local::TimeLimit;

type Provide = dyn Fn(Duration) -> Result<ProvidedCredentials, SupplyError> + Send + Sync;

/// The sources of the caller's own, by name.
#[derive(Clone, Default)]
pub struct CustomSources(BTreeMap<String, RegisteredSource>);

#[derive(Clone)]
struct RegisteredSource {
    provide: Arc<Provide>,
    /// Whether a run is in progress, which may have been given up.
    is_running: Arc<AtomicBool>,
}

impl CustomSources {
    pub(crate) fn add(
        &mut self,
        name: String,
        provide: impl Fn(Duration) -> Result<ProvidedCredentials, SupplyError> + Send + Sync + 'static,
    ) {
        let provide: Arc<Provide> = Arc::new(provide);
        let is_running = Arc::default();
        self.0.insert(
            name,
            RegisteredSource {
                provide,
                is_running,
            },
        );
    }

    /// Runs a source on a thread of its own, and waits for it for at most `timeout`, or until 10 ms after
    /// `cancelled` was set; both are [`SupplyError::TimedOut`].
    ///
    /// A thread cannot be ended: one that is given up runs on, and until it has ended, the source fails at
    /// once with the same error. So there is at most one. A panic of the source is [`SupplyError::Failed`].
    pub fn run(
        &self,
        name: &str,
        timeout: Duration,
        cancelled: &AtomicBool,
    ) -> Result<ProvidedCredentials, SupplyError> {
        let Some(source) = self.0.get(name).cloned() else {
            return Err(SupplyError::Missing);
        };
        let limit = TimeLimit::start(timeout, cancelled);
        if source.is_running.swap(true, Ordering::AcqRel) {
            return Err(SupplyError::TimedOut);
        }
        let running = RunningGuard(source.is_running);
        limit.wait_for_thread(move || {
            let _running = running;
            (source.provide)(timeout)
        })
    }
}

impl fmt::Debug for CustomSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The run of a source, which ends when the source returns or panics.
struct RunningGuard(Arc<AtomicBool>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use cloudauth_proto::Credentials;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    static NEVER: AtomicBool = AtomicBool::new(false);

    #[expect(
        clippy::unnecessary_wraps,
        clippy::unwrap_in_result,
        reason = "it stands for a source"
    )]
    fn provided() -> Result<ProvidedCredentials, SupplyError> {
        Ok(ProvidedCredentials {
            credentials: Credentials::access_key("id", "s").unwrap(),
            expires: None,
        })
    }

    fn sources(
        provide: impl Fn(Duration) -> Result<ProvidedCredentials, SupplyError> + Send + Sync + 'static,
    ) -> CustomSources {
        let mut sources = CustomSources::default();
        sources.add("vault".to_owned(), provide);
        sources
    }

    #[test]
    fn a_source_is_run_by_its_name_and_its_failures_are_told_apart() {
        assert!(sources(|_| provided()).run("vault", LONG, &NEVER).is_ok());
        let failure = |sources: CustomSources, name| sources.run(name, LONG, &NEVER).unwrap_err();
        assert_eq!(
            failure(sources(|_| provided()), "other"),
            SupplyError::Missing
        );
        let denied = sources(|_| Err(SupplyError::Denied));
        assert_eq!(failure(denied, "vault"), SupplyError::Denied);
        let panics = sources(|_| panic!("a bug of the source"));
        assert_eq!(failure(panics.clone(), "vault"), SupplyError::Failed);
        assert_eq!(
            failure(panics, "vault"),
            SupplyError::Failed,
            "it can be run again"
        );
    }

    #[test]
    fn a_source_that_was_given_up_runs_once_until_it_ends() {
        let (release, released) = mpsc::channel::<()>();
        let released = std::sync::Mutex::new(released);
        let sources = sources(move |_| {
            let _ = released.lock().unwrap().recv();
            provided()
        });
        let short = Duration::from_millis(50);
        for _ in 0..3 {
            let ended = sources.run("vault", short, &NEVER);
            assert_eq!(ended.unwrap_err(), SupplyError::TimedOut);
        }
        let cancelled = AtomicBool::new(true);
        assert_eq!(
            sources.run("vault", LONG, &cancelled).unwrap_err(),
            SupplyError::TimedOut
        );
        drop(release);
        while sources.run("vault", LONG, &NEVER).is_err() {
            std::thread::sleep(short);
        }
    }
}
