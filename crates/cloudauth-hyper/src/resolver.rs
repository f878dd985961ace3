//! Name look-ups and other system calls that block, on threads of the client's own.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::BTreeMap;
use std::io;
use std::net::ToSocketAddrs;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::vec;

use hyper_util::client::legacy::connect::dns::Name;
use tokio::sync::{Semaphore, oneshot};
use tower_service::Service;

/// Maximum number of threads that look up the same name.
const LOOK_UPS_PER_NAME: usize = 4;

/// Runs blocking work on a thread of its own, once there is a permit.
///
/// tokio's threads for blocking work are not used, because a runtime waits for them when it is dropped, and
/// because there is one limit for all of them. A dropped future leaves the thread behind: it keeps its
/// permit until the work has ended.
pub(crate) async fn run_blocking<T: Send + 'static>(
    permits: Arc<Semaphore>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
    let (done, result) = oneshot::channel();
    thread::Builder::new()
        .name("cloudauth-blocking".to_owned())
        .spawn(move || {
            let result = work();
            drop(permit);
            // The receiver is gone if the future was dropped.
            drop(done.send(result));
        })?;
    result.await.map_err(io::Error::other)
}

/// Looks up names as the operating system does, each on at most four threads at a time.
///
/// The limit is one of each name, so that names whose look-up hangs do not delay the others.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    look_up: fn(&str) -> io::Result<Vec<SocketAddr>>,
    permits: Arc<Mutex<BTreeMap<String, Arc<Semaphore>>>>,
}

impl Resolver {
    pub(crate) fn new() -> Self {
        Self::with(|name| Ok((name, 0).to_socket_addrs()?.collect()))
    }

    fn with(look_up: fn(&str) -> io::Result<Vec<SocketAddr>>) -> Self {
        let permits = Arc::default();
        Self { look_up, permits }
    }

    fn permits(&self, name: &str) -> Arc<Semaphore> {
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = permits.get(name) {
            return Arc::clone(permits);
        }
        // Names that are not being looked up.
        permits.retain(|_, permits| {
            permits.available_permits() < LOOK_UPS_PER_NAME || Arc::strong_count(permits) > 1
        });
        let added = Arc::new(Semaphore::new(LOOK_UPS_PER_NAME));
        permits.insert(name.to_owned(), Arc::clone(&added));
        added
    }
}

impl Service<Name> for Resolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (permits, look_up) = (self.permits(name.as_str()), self.look_up);
        Box::pin(async move {
            let found = run_blocking(permits, move || look_up(name.as_str())).await??;
            Ok(found.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::time::Duration;
    use std::time::Instant;

    use tokio::runtime::Builder;
    use tokio::task::spawn_blocking;
    use tokio::time::timeout;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    /// Threads on which a look-up of `hangs.test` has begun.
    static HANGING: AtomicUsize = AtomicUsize::new(0);

    fn look_up(name: &str) -> io::Result<Vec<SocketAddr>> {
        if name == "hangs.test" {
            HANGING.fetch_add(1, Ordering::SeqCst);
            thread::sleep(LONG * 2);
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "the drop of a runtime is measured"
    )]
    fn look_ups_that_hang_hold_four_threads_and_delay_nothing_else() {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let resolver = Resolver::with(look_up);
            let resolve = |name: &str| resolver.clone().call(name.parse().unwrap());
            for batch in 0..6 {
                let hanging: Vec<_> = (0..100)
                    .map(|_| tokio::spawn(resolve("hangs.test")))
                    .collect();
                tokio::time::sleep(Duration::from_millis(20)).await;
                for look_up in hanging {
                    // Half of them are dropped, as by calls that have timed out.
                    if batch % 2 == 0 {
                        look_up.abort();
                    }
                }
            }
            let found = timeout(LONG, resolve("works.test")).await.unwrap();
            assert_eq!(found.unwrap().count(), 1);
            timeout(LONG, spawn_blocking(|| ())).await.unwrap().unwrap();
        });
        assert_eq!(HANGING.load(Ordering::SeqCst), LOOK_UPS_PER_NAME);
        let started = Instant::now();
        drop(runtime);
        let took = started.elapsed();
        println!("600 look-ups that hang: the runtime was dropped in {took:?} (goal 100 ms)");
        assert!(took < LONG / 4, "{took:?}");
    }

    #[tokio::test]
    async fn names_that_are_no_longer_looked_up_are_forgotten() {
        let mut resolver = Resolver::with(|_| Ok(Vec::new()));
        for name in ["a.test", "b.test", "c.test"] {
            let found = resolver.call(name.parse().unwrap()).await;
            assert_eq!(found.unwrap().count(), 0);
            assert_eq!(resolver.permits.lock().unwrap().len(), 1);
        }
    }
}
