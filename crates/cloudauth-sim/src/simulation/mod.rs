//! Many calls at once, in simulated time.

mod calls;
pub mod explore;
pub mod figures;
mod network;
mod operations;
mod rules;
mod trace;
mod weather;

use core::cmp::{Ordering, Reverse};
use core::time::Duration;
use std::collections::{BTreeMap, BinaryHeap};

use cloudauth_proto::{
    Endpoint, Endpoints, Error, Failure, Flow, MonoTime, Now, Response, Session, Step, UnixTime,
    Unsupplied,
};
use oorandom::Rand64;

use calls::Caller;
pub use calls::{Handle, Told};
use network::Arriving;
pub use rules::{Breach, Rule};
pub use trace::{Answered, End, Event, Met, Trace, What};
use weather::Forecast;
pub use weather::{Trouble, Weather};

use crate::{Region, World};

/// The service's clock shows this at the beginning: 2027-01-15T08:00:00Z.
const BEGINNING: u64 = 1_800_000_000;

/// A flow that takes more steps than this without waiting never will.
const STEPS: usize = 1_000;

/// A driver of the core whose clock jumps from one event to the next: an hour takes milliseconds,
/// and the same seeds give the same trace.
///
/// Between the calls and the regions of its [`World`] lies a network with [`Weather`]. Calls share
/// one session, as those of a real client do. Connections are open already, as in a pool that is
/// warm, so a connect time-out is met only by [`Trouble::BlackHole`]. `Endpoint::SHANGHAI` and
/// `Endpoint::BEIJING` stand for the regions.
///
/// ```
/// use core::time::Duration;
/// use cloudauth_proto::ops::InitFaceVerify;
/// use cloudauth_proto::{Call, CallOptions, Credentials, Session};
/// use cloudauth_sim::simulation::{Simulation, Trouble, Weather};
/// use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, World};
///
/// let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
/// let mut simulation = Simulation::new(Session::new(credentials, [1; 32]), World::new());
/// let second = Duration::from_secs(1);
/// simulation.weather(Region::Shanghai, second, Weather::calm().always(Trouble::BlackHole));
///
/// let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
/// let before = simulation.start(Duration::ZERO, Call::new(&open, CallOptions::new())?);
/// let after = simulation.start(2 * second, Call::new(&open, CallOptions::new())?);
/// simulation.run();
///
/// assert_eq!(simulation.told(&before).sends, 1);
/// assert_eq!(simulation.told(&after).sends, 2);
/// assert!(simulation.told(&after).took().is_some_and(|took| took > 10 * second));
/// assert!(before.take().is_some_and(|result| result.is_ok()));
/// assert!(simulation.breaches().is_empty());
/// println!("{}", simulation.trace());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Simulation {
    /// The service.
    pub world: World,
    session: Session,
    weather: [Forecast; 2],
    weather_of_offices: Forecast,
    files: BTreeMap<String, Vec<u8>>,
    program: Program,
    random: Rand64,
    /// How many seconds the client's clock is ahead of the service's.
    ahead: i64,
    elapsed: Duration,
    queue: BinaryHeap<Reverse<Scheduled>>,
    scheduled: u64,
    callers: Vec<Caller>,
    trace: Trace,
    breaches: Vec<Breach>,
    most_refreshes: usize,
}

/// What programs do.
#[derive(Clone, Debug)]
enum Program {
    /// They take so long and end so.
    Ends(Duration, Result<Vec<u8>, Unsupplied>),
    /// They ask an office, in its weather.
    Asks,
}

impl Default for Program {
    fn default() -> Self {
        Self::Ends(Duration::ZERO, Err(Unsupplied::Missing))
    }
}

/// Something that will happen; what was scheduled first comes first among equal times.
#[derive(Debug)]
struct Scheduled {
    at: Duration,
    number: u64,
    what: Coming,
}

#[derive(Debug)]
enum Coming {
    Start(usize),
    Wake(usize),
    Drop(usize),
    Arrival(Box<Arriving>),
    Supply(usize, Result<Vec<u8>, Unsupplied>),
    Report {
        call: usize,
        exchange: usize,
        met: Met,
        reply: Box<Result<Response, Failure>>,
    },
}

impl Simulation {
    /// A simulation at the beginning of time, in calm weather.
    #[must_use]
    pub fn new(session: Session, world: World) -> Self {
        let endpoints = Endpoints::only(Endpoint::SHANGHAI).then(Endpoint::BEIJING);
        Self {
            world,
            session: session.endpoints(endpoints),
            weather: Default::default(),
            weather_of_offices: Forecast::default(),
            files: BTreeMap::new(),
            program: Program::default(),
            random: Rand64::new(0),
            ahead: 0,
            elapsed: Duration::ZERO,
            queue: BinaryHeap::new(),
            scheduled: 0,
            callers: Vec::new(),
            trace: Trace::default(),
            breaches: Vec::new(),
            most_refreshes: 0,
        }
    }

    /// Draws latencies and troubles from this seed; the core draws from the session's.
    pub fn seed(&mut self, seed: u64) {
        self.random = Rand64::new(seed.into());
    }

    /// Changes the weather of a region at this time.
    pub fn weather(&mut self, region: Region, at: Duration, weather: Weather) {
        self.weather[index(region)].change(at, weather);
    }

    /// Changes the weather on the way to all offices at this time. Faults of theirs come from
    /// [`World::inject_at`].
    pub fn weather_of_offices(&mut self, at: Duration, weather: Weather) {
        self.weather_of_offices.change(at, weather);
    }

    /// Puts a file where clients read it.
    pub fn put_file(&mut self, path: impl Into<String>, contents: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), contents.into());
    }

    /// Every program that a client runs takes so long and ends so.
    pub fn program(&mut self, takes: Duration, ends: Result<Vec<u8>, Unsupplied>) {
        self.program = Program::Ends(takes, ends);
    }

    /// Every program that a client runs prints credentials of the [`World`]'s, or hangs while the
    /// weather of the offices is bad.
    pub fn program_asks(&mut self) {
        self.program = Program::Asks;
    }

    /// How a program that is started now will end, and after how long.
    fn run_program(&mut self) -> (Duration, Result<Vec<u8>, Unsupplied>) {
        match &self.program {
            Program::Ends(takes, ends) => (*takes, ends.clone()),
            Program::Asks => {
                let weather = &self.weather_of_offices;
                let (takes, trouble) = weather.draw(self.elapsed, &mut self.random);
                let takes = if trouble.is_some() {
                    Duration::MAX
                } else {
                    takes
                };
                (takes, Ok(self.world.print(self.service_time())))
            }
        }
    }

    /// How many refreshes were under way at the same time, at most. A refresh whose caller vanished
    /// no longer is.
    #[must_use]
    pub fn most_refreshes(&self) -> usize {
        self.most_refreshes
    }

    /// Sets the client's clock so many seconds ahead of the service's, or behind it.
    pub fn clock_ahead(&mut self, seconds: i64) {
        self.ahead = seconds;
    }

    /// The client's time.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            mono: MonoTime::new(self.elapsed),
            unix: UnixTime::from_seconds(self.service_time().saturating_add_signed(self.ahead)),
        }
    }

    /// The service's time, in seconds since 1970.
    fn service_time(&self) -> u64 {
        BEGINNING + self.elapsed.as_secs()
    }

    /// Starts a flow at this time, or now if that is past.
    pub fn start<F>(&mut self, at: Duration, flow: F) -> Handle<F::Output>
    where
        F: Flow + 'static,
    {
        let call = self.callers.len();
        let (caller, handle) = Caller::new(call, flow);
        self.callers.push(caller);
        self.schedule(at, Coming::Start(call));
        handle
    }

    /// Lets the caller vanish at this time: the flow is dropped, if it is not over by then.
    pub fn drop_at<T>(&mut self, at: Duration, handle: &Handle<T>) {
        self.schedule(at, Coming::Drop(handle.call()));
    }

    /// Starts a flow now, and lets time pass until it is over.
    pub fn call<F>(&mut self, flow: F) -> Result<F::Output, Error>
    where
        F: Flow + 'static,
    {
        let handle = self.start(self.elapsed, flow);
        loop {
            if let Some(result) = handle.take() {
                return result;
            }
            if !self.step() {
                // Only a flow that broke the contract, and was dropped for it, has no result.
                return Err(Error::Finished);
            }
        }
    }

    /// Lets time pass until nothing is left to happen.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// Lets time pass up to this moment.
    pub fn run_until(&mut self, at: Duration) {
        while let Some(Reverse(next)) = self.queue.peek()
            && next.at <= at
        {
            self.step();
        }
        self.elapsed = self.elapsed.max(at);
    }

    /// What is known of a call.
    #[must_use]
    pub fn told<T>(&self, handle: &Handle<T>) -> &Told {
        &self.callers[handle.call()].told
    }

    /// What is known of all calls, in the order in which they were given.
    pub fn all_told(&self) -> impl Iterator<Item = &Told> {
        self.callers.iter().map(|caller| &caller.told)
    }

    /// What happened so far.
    #[must_use]
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// How flows broke the contract of [`Flow`].
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    fn schedule(&mut self, at: Duration, what: Coming) {
        self.scheduled += 1;
        self.queue.push(Reverse(Scheduled {
            at: at.max(self.elapsed),
            number: self.scheduled,
            what,
        }));
    }

    /// Lets the next thing happen; whether there was one.
    fn step(&mut self) -> bool {
        let Some(Reverse(Scheduled { at, what, .. })) = self.queue.pop() else {
            return false;
        };
        self.elapsed = at;
        match what {
            Coming::Start(call) => {
                self.callers[call].told.started = at;
                self.tell(call, What::Starts);
                self.poll(call);
            }
            Coming::Wake(call) => {
                if self.callers[call].wakes == Some(at) {
                    self.poll(call);
                }
            }
            Coming::Drop(call) => {
                if self.callers[call].drop_flow(at) {
                    self.tell(call, What::IsDropped);
                }
            }
            Coming::Arrival(arriving) => self.arrive(*arriving),
            Coming::Report {
                call,
                exchange,
                met,
                reply,
            } => self.report(call, exchange, met, *reply),
            Coming::Supply(call, contents) => {
                self.callers[call].supply(contents);
                self.poll(call);
            }
        }
        true
    }

    fn tell(&mut self, call: usize, what: What) {
        self.trace.tell(self.elapsed, call, what);
    }

    fn breach(&mut self, call: usize, rule: Rule) {
        let at = self.elapsed;
        self.breaches.push(Breach { at, call, rule });
        self.callers[call].drop_flow(at);
    }

    fn report(&mut self, call: usize, exchange: usize, met: Met, reply: Result<Response, Failure>) {
        let Some(id) = self.callers[call].settle(exchange) else {
            return; // Abandoned, or the caller is gone.
        };
        self.tell(call, What::Met { exchange, met });
        let now = self.now();
        self.callers[call].report(&mut self.session, id, reply, now);
        self.poll(call);
    }

    /// Does what a flow says until it waits or is over.
    fn poll(&mut self, call: usize) {
        let now = self.now();
        for _ in 0..STEPS {
            match self.callers[call].poll(&mut self.session, now) {
                Some(Step::Send(exchange)) => self.send(call, &exchange),
                Some(Step::Abandon(id)) => {
                    if let Some(exchange) = self.callers[call].abandon(id) {
                        self.tell(call, What::Abandons { exchange });
                    }
                }
                Some(Step::Wait(until)) => return self.wait(call, until, now),
                Some(Step::Authenticate(refresh)) => {
                    self.tell(call, What::Authenticates);
                    self.callers[call].refresh(refresh);
                    let under_way = self.callers.iter().filter(|it| it.is_refreshing()).count();
                    self.most_refreshes = self.most_refreshes.max(under_way);
                }
                Some(Step::Read(path)) => {
                    let contents = self.files.get(&path).cloned().ok_or(Unsupplied::Missing);
                    self.callers[call].supply(contents);
                }
                Some(Step::Run { timeout, .. }) => {
                    let (takes, ends) = self.run_program();
                    let ends = if takes > timeout {
                        Err(Unsupplied::TimedOut)
                    } else {
                        ends
                    };
                    let at = self.elapsed + takes.min(timeout);
                    self.schedule(at, Coming::Supply(call, ends));
                }
                Some(Step::Done(result)) if self.callers[call].end_refresh() => {
                    let well = result.is_ok();
                    self.tell(call, What::Authenticated { well });
                    self.wake_all();
                }
                Some(Step::Done(_)) => return self.end(call),
                None => return,
            }
        }
        self.breach(call, Rule::Rests);
    }

    /// A refresh ended: whoever waits may be waiting for it.
    fn wake_all(&mut self) {
        let at = self.elapsed;
        for call in 0..self.callers.len() {
            if self.callers[call].wakes.is_some() {
                self.callers[call].wakes = Some(at);
                self.schedule(at, Coming::Wake(call));
            }
        }
    }

    fn wait(&mut self, call: usize, until: MonoTime, now: Now) {
        if until <= now.mono {
            return self.breach(call, Rule::WaitsForward);
        }
        let again = self.callers[call].poll(&mut self.session, now);
        if !matches!(again, Some(Step::Wait(same)) if same == until) {
            return self.breach(call, Rule::AsksOnce);
        }
        let at = until.saturating_since(MonoTime::default());
        self.callers[call].wakes = Some(at);
        self.schedule(at, Coming::Wake(call));
    }

    fn end(&mut self, call: usize) {
        let caller = &mut self.callers[call];
        let leaves = caller.is_under_way();
        caller.drop_flow(self.elapsed);
        if let Some(end) = caller.told.end {
            self.tell(call, What::Ends(end));
        }
        if leaves {
            self.breach(call, Rule::SettlesAll);
        }
    }
}

const fn index(region: Region) -> usize {
    match region {
        Region::Shanghai => 0,
        Region::Beijing => 1,
    }
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scheduled {}

impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scheduled {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
