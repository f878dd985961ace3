//! Name resolution with a limited number of threads.
//!
//! The system's resolver blocks, and a look-up that hangs cannot be ended: its thread ends when the
//! system gives up. So requests for the same name share one look-up, and a client has at most
//! [`MAX_LOOKUPS`] at a time. While that many hang, a request for another name waits, at most for its
//! connect timeout, and counts as not sent and not as a local failure: an endpoint whose name resolves,
//! or that is an address, can still be reached.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::unversioned::transport::time::Duration as UreqDuration;
use ureq::{Error, Timeout};

use crate::exchange::now;

/// Maximum number of look-ups, and so of their threads, at a time.
const MAX_LOOKUPS: usize = 8;

/// Resolves `host:port`.
type ResolveFn = fn(&str) -> io::Result<Vec<SocketAddr>>;

/// The look-ups of a client.
#[derive(Clone)]
pub(crate) struct Lookups {
    resolve: ResolveFn,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    running: Mutex<Vec<Arc<Lookup>>>,
    /// Notified when a look-up has ended.
    ended: Condvar,
}

struct Lookup {
    target: String,
    result: OnceLock<io::Result<Vec<SocketAddr>>>,
}

impl Default for Lookups {
    fn default() -> Self {
        Self::new(|target| target.to_socket_addrs().map(Iterator::collect))
    }
}

impl Lookups {
    fn new(resolve: ResolveFn) -> Self {
        let shared = Arc::default();
        Self { resolve, shared }
    }

    /// Resolves `host:port` within the timeout, if there is one.
    fn resolve_target(
        &self,
        target: String,
        timeout: Option<Duration>,
    ) -> Result<Vec<SocketAddr>, Error> {
        let until = timeout.and_then(|timeout| now().checked_add(timeout));
        let mut running = self.shared.lock();
        let lookup = loop {
            let same = running.iter().find(|other| other.target == target);
            if let Some(same) = same {
                break Arc::clone(same);
            }
            if running.len() < MAX_LOOKUPS {
                let lookup = self.start(target)?;
                running.push(Arc::clone(&lookup));
                break lookup;
            }
            running = self.shared.wait(running, until)?;
        };
        loop {
            match lookup.result.get() {
                Some(Ok(addresses)) => return Ok(addresses.clone()),
                Some(Err(error)) => return Err(Error::Io(copy_of(error))),
                None => running = self.shared.wait(running, until)?,
            }
        }
    }

    fn start(&self, target: String) -> io::Result<Arc<Lookup>> {
        let result = OnceLock::new();
        let lookup = Arc::new(Lookup { target, result });
        let (resolve, shared) = (self.resolve, Arc::clone(&self.shared));
        let running = Arc::clone(&lookup);
        thread::Builder::new().spawn(move || {
            let result = resolve(&running.target);
            shared.lock().retain(|other| !Arc::ptr_eq(other, &running));
            running.result.get_or_init(|| result);
            shared.ended.notify_all();
        })?;
        Ok(lookup)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Lookup>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'s>(
        &'s self,
        running: MutexGuard<'s, Vec<Arc<Lookup>>>,
        until: Option<Instant>,
    ) -> Result<MutexGuard<'s, Vec<Arc<Lookup>>>, Error> {
        let Some(until) = until else {
            let waited = self.ended.wait(running);
            return Ok(waited.unwrap_or_else(PoisonError::into_inner));
        };
        let left = until.saturating_duration_since(now());
        if left.is_zero() {
            return Err(Error::Timeout(Timeout::Connect));
        }
        let waited = self.ended.wait_timeout(running, left);
        Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// An error for each of those that share a look-up.
fn copy_of(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookups")
    }
}

impl Resolver for Lookups {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let target = uri.scheme().zip(uri.authority());
        let target = target.and_then(|(s, a)| DefaultResolver::host_and_port(s, a));
        let target = target.ok_or(Error::HostNotFound)?;
        let host = uri.host().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        let is_address = bare.unwrap_or(host).parse::<IpAddr>().is_ok();
        let addresses = if is_address {
            target.to_socket_addrs()?.collect()
        } else {
            let timeout = match timeout.after {
                UreqDuration::Exact(timeout) => Some(timeout),
                UreqDuration::NotHappening => None,
            };
            self.resolve_target(target, timeout)?
        };
        let mut resolved = self.empty();
        let max = 16;
        for address in addresses.into_iter().take(max) {
            resolved.push(address);
        }
        if resolved.is_empty() {
            return Err(Error::HostNotFound);
        }
        Ok(resolved)
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_millis(200));

    fn resolve_at_once(lookups: &Lookups, targets: impl Iterator<Item = String>) -> usize {
        thread::scope(|scope| {
            let resolving = targets
                .map(|target| scope.spawn(move || lookups.resolve_target(target, SHORT).is_ok()));
            let resolving: Vec<_> = resolving.collect();
            let resolved = resolving.into_iter().map(|one| one.join().unwrap());
            resolved.filter(|is_resolved| *is_resolved).count()
        })
    }

    #[test]
    fn requests_for_the_same_name_share_one_look_up() {
        static LOOKED_UP: AtomicUsize = AtomicUsize::new(0);
        let lookups = Lookups::new(|_| {
            LOOKED_UP.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(100));
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], 1))])
        });
        let same = (0..50).map(|_| "one.test:1".to_owned());
        assert_eq!(resolve_at_once(&lookups, same), 50);
        assert!(LOOKED_UP.load(Ordering::Relaxed) < 10);
    }

    #[test]
    fn at_most_eight_look_ups_hang_and_the_others_time_out() {
        static HANGING: AtomicUsize = AtomicUsize::new(0);
        static SERVED: AtomicUsize = AtomicUsize::new(0);
        let lookups = Lookups::new(|target| {
            if target.starts_with("well") {
                SERVED.fetch_add(1, Ordering::Relaxed);
                return Ok(Vec::new());
            }
            HANGING.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_secs(2));
            Err(io::ErrorKind::TimedOut.into())
        });
        let hang = (0..50).map(|n| format!("hangs{n}.test:1"));
        assert_eq!(resolve_at_once(&lookups, hang), 0);
        assert_eq!(HANGING.load(Ordering::Relaxed), MAX_LOOKUPS);
        let well = || "well.test:1".to_owned();
        let waited = lookups.resolve_target(well(), SHORT).unwrap_err();
        assert!(matches!(waited, Error::Timeout(_)), "{waited}");
        assert_eq!(SERVED.load(Ordering::Relaxed), 0);
        let later = Some(Duration::from_secs(60));
        lookups.resolve_target(well(), later).unwrap();
        assert_eq!(HANGING.load(Ordering::Relaxed), MAX_LOOKUPS);
    }
}
