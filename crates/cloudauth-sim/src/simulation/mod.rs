//! Concurrent calls in simulated time, over a simulated network.

mod callers;
mod clock;
pub mod explore;
pub mod figures;
mod fnv;
mod link;
mod local;
mod network;
mod operations;
mod queue;
mod rules;
pub mod search;
mod trace;

use core::time::Duration;

use cloudauth_proto::credentials::{CustomSource, ProvidedCredentials};
use cloudauth_proto::driver::{Exchange, MonoTime, Now, SupplyError};
use cloudauth_proto::{Endpoint, Endpoints, Error, Flow, Session, Step};

use callers::Callers;
pub use callers::{CallRecord, Handle};
pub use clock::Halt;
use clock::SimulatedClock;
pub use link::{Impairment, Link};
use local::LocalSources;
use network::{ExchangeNumber, FinishedExchange, Network, OutgoingRequest, Transmission};
use queue::{EventQueue, ScheduledEvent};
pub use rules::{Rule, Violation};
pub use trace::{CallEnd, Event, EventKind, ExchangeEnd, Responder, Trace};

use crate::{Region, World};

/// A flow that takes more steps than this without waiting violates [`Rule::BoundedSteps`].
const MAX_STEPS: usize = 1_000;

/// A driver of the core with a simulated clock, which jumps from one event to the next.
///
/// An hour of simulated time takes milliseconds, and the same seeds give the same trace.
///
/// The calls reach the regions of a [`World`] over a [`Link`] each. They share one session, as the
/// calls of a real client do. Connections are established already, as in a warm pool, so that only
/// [`Impairment::BlackHole`] causes a connect timeout. `Endpoint::SHANGHAI` and `Endpoint::BEIJING`
/// are the endpoints of the regions.
///
/// ```
/// use core::time::Duration;
/// use cloudauth_proto::ops::InitFaceVerify;
/// use cloudauth_proto::{Call, CallOptions, Credentials, Session};
/// use cloudauth_sim::simulation::{Impairment, Link, Simulation};
/// use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, World};
///
/// let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
/// let mut simulation = Simulation::new(Session::new(credentials, [1; 32]), World::new());
/// let second = Duration::from_secs(1);
/// let silent = Link::unimpaired().always(Impairment::BlackHole);
/// simulation.link(Region::Shanghai, second, silent);
///
/// let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
///     .user_id("7")
///     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
/// let before = simulation.start(Duration::ZERO, Call::new(&open, CallOptions::new())?);
/// let after = simulation.start(2 * second, Call::new(&open, CallOptions::new())?);
/// simulation.run();
///
/// assert_eq!(simulation.record(&before).requests, 1);
/// assert_eq!(simulation.record(&after).requests, 2);
/// assert!(simulation.record(&after).duration().is_some_and(|took| took > 10 * second));
/// assert!(before.take().is_some_and(|result| result.is_ok()));
/// assert!(simulation.violations().is_empty());
/// println!("{}", simulation.trace());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Simulation {
    /// The service.
    pub world: World,
    session: Session,
    clock: SimulatedClock,
    network: Network,
    local: LocalSources,
    queue: EventQueue,
    callers: Callers,
    /// Whether a refresh runs beside the calls.
    refreshes_beside: bool,
    /// How late a waiting call is polled.
    poll_delay: Duration,
    trace: Trace,
    violations: Vec<Violation>,
}

impl Simulation {
    /// Creates a simulation with unimpaired links.
    #[must_use]
    pub fn new(session: Session, world: World) -> Self {
        let endpoints = Endpoints::only(Endpoint::SHANGHAI).then(Endpoint::BEIJING);
        Self::with_endpoints(session, world, endpoints)
    }

    /// Creates a simulation whose session lists these endpoints, of the two that exist.
    #[must_use]
    pub fn with_endpoints(session: Session, world: World, endpoints: Endpoints) -> Self {
        Self {
            world,
            session: session.endpoints(endpoints),
            clock: SimulatedClock::default(),
            network: Network::new(),
            local: LocalSources::default(),
            queue: EventQueue::default(),
            callers: Callers::default(),
            refreshes_beside: false,
            poll_delay: Duration::ZERO,
            trace: Trace::default(),
            violations: Vec::new(),
        }
    }

    /// Sets the seed of latencies and impairments. Default: 0. The session has a seed of its own.
    pub fn seed(&mut self, seed: u64) {
        self.network.seed(seed);
    }

    /// Changes the link to a region from `at` on. Default: [`Link::unimpaired`].
    pub fn link(&mut self, region: Region, at: Duration, link: Link) {
        self.network.set_link(region, at, link);
    }

    /// Changes the link to all credential services from `at` on. Default: [`Link::unimpaired`].
    /// Faults of a single service are set by [`World::inject_at_credential_service`].
    pub fn credential_services_link(&mut self, at: Duration, link: Link) {
        self.network.set_credential_services_link(at, link);
    }

    /// Creates or replaces a file on the client's host.
    pub fn put_file(&mut self, path: impl Into<String>, contents: impl Into<Vec<u8>>) {
        self.local.put_file(path.into(), contents.into());
    }

    /// Sets the duration and the output of every program that a client runs. By default no program
    /// exists.
    pub fn program(&mut self, takes: Duration, output: Result<Vec<u8>, SupplyError>) {
        self.local.set_program(takes, output);
    }

    /// Sets what every source of the caller's own provides. By default there is none.
    pub fn custom_source(&mut self, provided: Result<ProvidedCredentials, SupplyError>) {
        self.local.set_provided(provided);
    }

    /// Makes every program that a client runs print credentials issued by the [`World`]. A program
    /// takes one round trip on the link to the credential services, or hangs if it is impaired.
    pub fn program_prints_credentials(&mut self) {
        self.local.set_program_prints_credentials();
    }

    /// Runs refreshes beside the calls, so that they outlive the call that began them. By default a
    /// call runs its refresh itself, and the refresh ends with it.
    pub const fn run_refreshes_beside(&mut self) {
        self.refreshes_beside = true;
    }

    /// Polls every waiting call this much later than its wait ends. Default: zero.
    pub const fn poll_late(&mut self, by: Duration) {
        self.poll_delay = by;
    }

    /// Halts the client's process.
    pub fn halt(&mut self, halt: Halt) {
        self.clock.halt(halt);
    }

    /// The highest number of refreshes that ran at the same time.
    #[must_use]
    pub const fn max_concurrent_refreshes(&self) -> usize {
        self.callers.max_concurrent_refreshes()
    }

    /// Sets the client's clock ahead of the service's, or behind it, in seconds. Default: 0.
    pub fn clock_ahead(&mut self, seconds: i64) {
        self.set_clock_at(Duration::ZERO, seconds);
    }

    /// Sets the client's clock ahead of the service's, or behind it, in seconds, from `at` on.
    pub fn set_clock_at(&mut self, at: Duration, seconds: i64) {
        self.clock.set_client_ahead(at, seconds);
    }

    /// The client's time.
    #[must_use]
    pub fn now(&self) -> Now {
        self.clock.client_now()
    }

    /// Starts a flow at `at`, or now if that is past.
    pub fn start<F>(&mut self, at: Duration, flow: F) -> Handle<F::Output>
    where
        F: Flow + 'static,
    {
        let handle = self.callers.add(flow);
        self.schedule(at, ScheduledEvent::Start(handle.call()));
        handle
    }

    /// Drops the flow of a call at `at`, if the call has not ended by then.
    pub fn drop_at<T>(&mut self, at: Duration, handle: &Handle<T>) {
        self.schedule(at, ScheduledEvent::Drop(handle.call()));
    }

    /// Starts a flow now, and advances time until it ends.
    pub fn call<F>(&mut self, flow: F) -> Result<F::Output, Error>
    where
        F: Flow + 'static,
    {
        let handle = self.start(self.clock.elapsed(), flow);
        loop {
            if let Some(result) = handle.take() {
                return result;
            }
            if !self.step() {
                // The flow violated its contract and was dropped.
                return Err(Error::Finished);
            }
        }
    }

    /// Advances time until no event is left.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Advances time to `at`.
    pub fn run_until(&mut self, at: Duration) {
        while self.queue.next_at().is_some_and(|next| next <= at) {
            self.step();
        }
        self.clock.advance_to(at);
    }

    /// Times and counts of a call.
    #[must_use]
    pub fn record<T>(&self, handle: &Handle<T>) -> &CallRecord {
        &self.callers[handle.call()].record
    }

    /// Times and counts of all calls in the order in which they were added. A refresh that runs
    /// beside the calls has a number in the trace, but no record here.
    pub fn records(&self) -> impl Iterator<Item = &CallRecord> {
        self.callers.records()
    }

    /// The events so far.
    #[must_use]
    pub const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The violations of the contract of [`Flow`] so far. A flow that violates it is dropped.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Replaces the session by another one, so that what records it ends.
    pub(crate) fn end_session(&mut self) {
        let nothing = CustomSource::new("none");
        self.session = Session::new(nothing, [0; 32]);
    }

    fn schedule(&mut self, at: Duration, event: ScheduledEvent) {
        self.queue.push(at.max(self.clock.elapsed()), event);
    }

    /// Advances time to the next event. Returns whether there was one.
    fn step(&mut self) -> bool {
        let Some((at, event)) = self.queue.pop() else {
            return false;
        };
        self.clock.advance_to(at);
        if let Some(end) = self.clock.halted_until()
            && !matches!(event, ScheduledEvent::Arrival(_))
        {
            self.queue.push(end, event);
            return true;
        }
        match event {
            ScheduledEvent::Start(call) => {
                self.callers[call].record.started = at;
                self.record_event(call, EventKind::Started);
                self.poll(call);
            }
            ScheduledEvent::Wake(call, mono) => {
                if self.callers[call].is_alarm(mono) {
                    if self.now().mono < mono {
                        self.schedule_wake(call, mono); // The host was suspended.
                    } else {
                        self.poll(call);
                    }
                }
            }
            ScheduledEvent::Drop(call) => {
                let had_refresh = self.callers[call].has_refresh();
                if self.drop_flow(call) {
                    self.record_event(call, EventKind::Dropped);
                }
                if had_refresh {
                    // One of the calls that wait for it can begin another one.
                    self.wake_all();
                }
            }
            ScheduledEvent::Arrival(request) => {
                let ExchangeNumber { call, exchange } = request.number();
                let executed = self.world.total_executions();
                let finished = request.arrive(&mut self.world, &self.clock);
                if self.world.total_executions() > executed {
                    self.callers[call].record.executions += 1;
                    self.record_event(call, EventKind::CarriedOut { exchange });
                }
                self.schedule_report(finished);
            }
            ScheduledEvent::Report(finished) => self.report(*finished),
            ScheduledEvent::Supply(call, contents) => {
                self.callers[call].supply(contents);
                self.poll(call);
            }
        }
        true
    }

    fn record_event(&mut self, call: usize, kind: EventKind) {
        self.trace.record(self.clock.elapsed(), call, kind);
    }

    /// Records a violation and drops the flow.
    fn violate(&mut self, call: usize, rule: Rule) {
        let at = self.clock.elapsed();
        self.violations.push(Violation { at, call, rule });
        self.drop_flow(call);
    }

    /// Drops the flow of a call and releases what it holds. Returns whether there was one.
    fn drop_flow(&mut self, call: usize) -> bool {
        let (now, at) = (self.now(), self.clock.elapsed());
        self.callers[call].drop_flow(&mut self.session, now, at)
    }

    fn schedule_report(&mut self, finished: FinishedExchange) {
        self.schedule(finished.at, ScheduledEvent::Report(Box::new(finished)));
    }

    fn report(&mut self, finished: FinishedExchange) {
        let ExchangeNumber { call, exchange } = finished.number;
        let Some(id) = self.callers[call].end_exchange(exchange) else {
            return; // The exchange was abandoned, or the call dropped.
        };
        let end = finished.end;
        self.record_event(call, EventKind::ExchangeEnded { exchange, end });
        let now = self.now();
        self.callers[call].report(&mut self.session, id, finished.result, now);
        self.poll(call);
    }

    /// Polls a flow and carries out its steps until it waits or ends.
    fn poll(&mut self, call: usize) {
        let now = self.now();
        for _ in 0..MAX_STEPS {
            match self.callers[call].poll(&mut self.session, now) {
                Some(Step::Send(exchange)) => self.send(call, &exchange),
                Some(Step::Abandon(id)) => {
                    if let Some(exchange) = self.callers[call].abandon_exchange(id) {
                        self.record_event(call, EventKind::ExchangeAbandoned { exchange });
                    }
                }
                Some(Step::Wait(until)) => return self.wait(call, until, now),
                Some(Step::Authenticate(ticket)) => {
                    if self.refreshes_beside {
                        let refresh = self.callers.start_refresh_beside(call, ticket);
                        self.record_event(refresh, EventKind::RefreshStarted);
                        self.poll(refresh);
                    } else {
                        self.record_event(call, EventKind::RefreshStarted);
                        self.callers.start_refresh(call, ticket);
                    }
                }
                Some(Step::Read { path, .. }) => {
                    self.callers[call].supply(self.local.read(&path));
                }
                Some(Step::Run { timeout, .. }) => {
                    let (world, network) = (&mut self.world, &mut self.network);
                    let (takes, output) =
                        self.local.run_program(timeout, world, network, &self.clock);
                    let at = self.clock.elapsed() + takes;
                    self.schedule(at, ScheduledEvent::Supply(call, output));
                }
                Some(Step::Provide { .. }) => {
                    self.callers[call].provide(self.local.provided());
                }
                Some(Step::Done(result)) if self.callers[call].end_refresh() => {
                    let succeeded = result.is_ok();
                    self.record_event(call, EventKind::RefreshEnded { succeeded });
                    self.wake_all();
                }
                Some(Step::Done(_)) => return self.end(call),
                None => return,
            }
        }
        self.violate(call, Rule::BoundedSteps);
    }

    fn send(&mut self, call: usize, exchange: &Exchange) {
        let number = ExchangeNumber {
            call,
            exchange: self.callers[call].start_exchange(exchange.id()),
        };
        let request = OutgoingRequest::new(number, exchange);
        self.record_event(call, request.event());
        match self.network.send(request, self.clock.elapsed()) {
            Transmission::Arrives(at, request) => {
                self.schedule(at, ScheduledEvent::Arrival(Box::new(request)));
            }
            Transmission::Fails(finished) => self.schedule_report(finished),
        }
    }

    /// Wakes all waiting calls, since any of them may wait for the refresh that just ended.
    fn wake_all(&mut self) {
        let (at, mono) = (self.clock.elapsed(), self.now().mono);
        for call in self.callers.advance_alarms(mono) {
            self.schedule(at, ScheduledEvent::Wake(call, mono));
        }
    }

    fn schedule_wake(&mut self, call: usize, mono: MonoTime) {
        let at = self.clock.when(mono) + self.poll_delay;
        self.schedule(at, ScheduledEvent::Wake(call, mono));
    }

    fn wait(&mut self, call: usize, until: MonoTime, now: Now) {
        if until <= now.mono {
            return self.violate(call, Rule::WaitsForFuture);
        }
        let again = self.callers[call].poll(&mut self.session, now);
        if !matches!(again, Some(Step::Wait(same)) if same == until) {
            return self.violate(call, Rule::PollIsRepeatable);
        }
        self.callers[call].set_alarm(until);
        self.schedule_wake(call, until);
    }

    fn end(&mut self, call: usize) {
        let has_pending_exchanges = self.callers[call].has_pending_exchanges();
        self.drop_flow(call);
        let caller = &self.callers[call];
        if let Some(end) = caller.record.end {
            let is_refresh = caller.is_refresh();
            let succeeded = end == CallEnd::Success;
            let kind = if is_refresh {
                EventKind::RefreshEnded { succeeded }
            } else {
                EventKind::Ended(end)
            };
            self.record_event(call, kind);
            if is_refresh {
                self.wake_all();
            }
        }
        if has_pending_exchanges {
            self.violate(call, Rule::NoPendingExchanges);
        }
    }
}
