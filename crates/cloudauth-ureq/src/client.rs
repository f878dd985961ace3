//! The client: a loop over the steps of a flow.

use core::sync::atomic::{AtomicBool, Ordering};
use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use cloudauth_net::{
    ClientParts, Clock, CustomSources, FetchError, Observer, Options, OptionsError, local, resolve,
};
use cloudauth_proto::driver::{Now, Refresh, RefreshId, RefreshTicket};
use cloudauth_proto::pages::{Paged, Pages};
use cloudauth_proto::verify::FetchEvidence;
use cloudauth_proto::{
    Call, CallOptions, Entropy, Error, Flow, Operation, Reply, Session, Source, Step,
};
use ureq::Agent;

use crate::connector::{ClientConnector, DeferredResolver};
use crate::sender::Sender;

/// A blocking client with a connection pool. Threads can share one, by reference or by clones, which are
/// cheap and share everything.
///
/// A call blocks its thread until it has ended, at the latest at its total timeout. New credentials are
/// fetched on a thread of their own, one at a time, which ends when they have arrived or cannot be
/// had, and when the client and its clones are dropped.
#[derive(Clone, Debug)]
pub struct Client(Arc<Handle>);

/// The driver of a client and its clones. Dropping it ends the refresh in progress; there is no call in
/// progress.
#[derive(Debug)]
struct Handle(Arc<Driver>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Client {
    /// Builds a client. No request is sent.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let ClientParts {
            session,
            custom_sources,
            clock,
            tls,
            proxies,
            user_agent,
            observer,
            max_idle_connections,
            idle_timeout,
        } = options.build()?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .accept_encoding("identity")
            // ureq would send its own to proxies.
            .user_agent("")
            .max_idle_connections(usize::MAX)
            .max_idle_connections_per_host(max_idle_connections)
            .max_idle_age(idle_timeout)
            .build();
        let agent = Agent::with_parts(config, ClientConnector::new(tls), DeferredResolver);
        let driver = Arc::new(Driver {
            sender: Sender::new(agent, proxies, user_agent),
            session: Mutex::new(session),
            custom_sources,
            changed: Condvar::new(),
            clock,
            observer,
            is_closed: AtomicBool::new(false),
            is_refreshing: AtomicBool::new(false),
        });
        Ok(Self(Arc::new(Handle(driver))))
    }

    /// Calls an operation of the service.
    pub fn call<O: Operation>(&self, operation: &O) -> Result<Reply<O::Response>, Error> {
        self.call_with(operation, CallOptions::new())
    }

    /// Calls an operation of the service, with options for this call.
    pub fn call_with<O: Operation>(
        &self,
        operation: &O,
        options: CallOptions,
    ) -> Result<Reply<O::Response>, Error> {
        self.run(Call::new(operation, options)?)
    }

    /// Runs a flow until it is done.
    pub fn run<F: Flow>(&self, flow: F) -> Result<F::Output, Error> {
        self.0.0.run(flow)
    }

    /// Lists the entries of an operation, a page at a time. [`Pages`] says where the list ends.
    ///
    /// ```no_run
    /// # use cloudauth_ureq::{Client, Options};
    /// use cloudauth_ureq::ops::DescribeVerifySearchPageList;
    ///
    /// # let client = Client::new(Options::new())?;
    /// let records = DescribeVerifySearchPageList::new().page_size("50");
    /// for page in client.pages(records) {
    ///     for record in page?.value.items {
    ///         println!("{:?}", record.certify_id);
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pages<O: Paged>(&self, operation: O) -> PageIter<O> {
        PageIter::new(self.clone(), Pages::new(operation))
    }

    /// Fetches a picture or a video of a verdict, checks it, writes it, and returns its media type.
    ///
    /// The file is written only after all of it was received and checked, so on [`FetchError::Fetch`]
    /// nothing has been written.
    pub fn fetch(
        &self,
        fetch: FetchEvidence,
        to: &mut impl Write,
    ) -> Result<&'static str, FetchError> {
        let fetched = self.run(fetch)?;
        to.write_all(&fetched.contents)?;
        Ok(fetched.media_type)
    }

    /// Replaces the credentials, or the [`Source`] that they are looked up from. Circuit breakers, limits and
    /// connections stay.
    ///
    /// Requests that are sent from now on are signed with the new ones, those of calls in progress too. What
    /// a refresh in progress finds is not used.
    pub fn set_credentials(&self, credentials: impl Into<Source>) {
        let driver = &self.0.0;
        driver.session().set_credentials(resolve(credentials));
        driver.changed.notify_all();
    }

    /// Returns a generator of random values, for order numbers and encryption.
    #[must_use]
    pub fn entropy(&self) -> Entropy {
        self.0.0.session().entropy()
    }
}

/// An iterator over the pages of a list; see [`Client::pages`].
#[derive(Debug)]
#[must_use = "an iterator is lazy"]
pub struct PageIter<O: Paged> {
    client: Client,
    /// None after the last page, and after an error.
    pages: Option<Pages<O>>,
}

impl<O: Paged> PageIter<O> {
    pub(crate) fn new(client: Client, pages: Pages<O>) -> Self {
        let pages = Some(pages);
        Self { client, pages }
    }
}

impl<O: Paged> Iterator for PageIter<O> {
    type Item = Result<Reply<O::Response>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let page = self.client.run(self.pages.as_mut()?).transpose();
        if !matches!(page, Some(Ok(_))) {
            self.pages = None;
        }
        page
    }
}

/// What the calls of a client and the refresh of its credentials share.
#[derive(Debug)]
struct Driver {
    sender: Sender,
    session: Mutex<Session>,
    custom_sources: CustomSources,
    /// Notified when a refresh of the credentials has ended, and when the client is dropped.
    changed: Condvar,
    clock: Clock,
    observer: Observer,
    /// Whether the client was dropped.
    is_closed: AtomicBool,
    /// Whether another thread refreshes the credentials.
    is_refreshing: AtomicBool,
}

impl Driver {
    fn run<F: Flow>(self: &Arc<Self>, mut flow: F) -> Result<F::Output, Error> {
        let mut observed = self.observer.begin();
        let mut ended = None;
        loop {
            let mut session = self.session();
            if self.is_closed.load(Ordering::Acquire) {
                return Err(Error::Finished);
            }
            let now = self.now();
            session.observe(observed.is_on());
            if let Some((id, reply)) = ended.take() {
                flow.report(&mut session, id, reply, now);
            }
            let step = flow.poll(&mut session, now);
            let events = session.take_events();
            if let Step::Wait(until) = step
                && events.is_empty()
            {
                if !self.is_refreshing.load(Ordering::Acquire) && self.clock.skip_to(until) {
                    continue;
                }
                // The session is locked until here, so that the end of a refresh is not missed.
                let left = until.saturating_since(self.now().mono);
                drop(self.changed.wait_timeout(session, left));
                continue;
            }
            drop(session);
            observed.record(events);
            match step {
                Step::Send(exchange) => {
                    let span = observed.attempt(exchange.id());
                    let reply = span.in_scope(|| self.sender.exchange(&exchange));
                    ended = Some((exchange.id(), reply));
                }
                // There is one exchange at a time, and it has ended. The wait follows when the events are
                // reported.
                Step::Abandon(_) | Step::Wait(_) => {}
                Step::Authenticate(ticket) => self.authenticate(ticket),
                Step::Read { path, timeout } => {
                    flow.supply(local::read_file(&path, timeout, &self.is_closed));
                }
                Step::Run { argv, timeout } => {
                    flow.supply(local::run_program(&argv, timeout, &self.is_closed));
                }
                Step::Provide { name, timeout } => {
                    flow.provide(self.custom_sources.run(&name, timeout, &self.is_closed));
                }
                Step::Done(result) => {
                    observed.end();
                    return result;
                }
            }
        }
    }

    /// Refreshes the credentials on another thread, so that the refresh can outlive the call. The session
    /// holds the result, and issues one ticket at a time.
    fn authenticate(self: &Arc<Self>, ticket: RefreshTicket) {
        let (driver, beside) = (Arc::clone(self), ticket.clone());
        let thread = thread::Builder::new().name("cloudauth-refresh".to_owned());
        self.is_refreshing.store(true, Ordering::Release);
        let spawned = thread.spawn(move || {
            let guard = RefreshGuard(driver, beside.id());
            drop(guard.0.run(Refresh::new(beside)));
        });
        if spawned.is_err() {
            // Without threads, the call does it.
            let guard = RefreshGuard(Arc::clone(self), ticket.id());
            drop(guard.0.run(Refresh::inline(ticket)));
        }
    }

    fn close(&self) {
        // Locked, so that a refresh which is about to wait does not miss it.
        let session = self.session();
        self.is_closed.store(true, Ordering::Release);
        drop(session);
        self.changed.notify_all();
        self.sender.shut_down();
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        self.clock.now()
    }
}

/// The right to refresh the credentials, released when the refresh ends in any way.
struct RefreshGuard(Arc<Driver>, RefreshId);

impl Drop for RefreshGuard {
    fn drop(&mut self) {
        let Self(driver, refresh) = self;
        driver.session().release_refresh(*refresh);
        driver.is_refreshing.store(false, Ordering::Release);
        driver.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_can_share_a_client_and_have_clones_of_it() {
        fn shareable<T: Clone + Send + Sync + 'static>() {}
        shareable::<Client>();
    }
}
