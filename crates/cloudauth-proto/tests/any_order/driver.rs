//! A driver that does what a script says, and checks every step.

use core::fmt::Debug;

use cloudauth_proto::driver::{ExchangeId, MonoTime, Now, Refresh, SupplyError};
use cloudauth_proto::ops::ContrastFaceVerify;
use cloudauth_proto::{Endpoint, Error, Flow, Session, Step, UnixTime};

use crate::START;
use crate::script::{Action, End, FILE, OUTPUT, success};

/// Enough for polling for half an hour.
const MAX_STEPS: usize = 3_000;

/// The state of an input that the flow may need.
#[derive(Clone, Copy, PartialEq)]
enum Input {
    None,
    Requested,
    /// Supplied since the last poll.
    Supplied,
}

/// A flow with its session, and everything that its driver has seen.
pub(crate) struct Driver<F: Flow> {
    flow: F,
    session: Session,
    /// Whether the driver does what must not have an effect: it reports stale exchanges, supplies
    /// unrequested inputs and passes times that go backwards.
    is_noisy: bool,
    /// Whether the driver runs refreshes, or drops them without releasing them.
    refreshes: bool,
    now: Now,
    /// The latest time that the flow has seen.
    latest: MonoTime,
    wait: Option<MonoTime>,
    /// Exchanges, each with the end that would be successful.
    in_flight: Vec<(ExchangeId, End)>,
    /// Exchanges of another flow, and those that are over.
    stale: Vec<ExchangeId>,
    input: Input,
    pub(crate) sent: usize,
    pub(crate) reports: Vec<End>,
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) trace: Vec<String>,
    pub(crate) result: Option<Result<F::Output, Error>>,
}

impl<F: Flow<Output: Debug>> Driver<F> {
    pub(crate) fn new(flow: F, mut session: Session, refreshes: bool, is_noisy: bool) -> Self {
        let now = START;
        // A stale ID of the same session.
        let upload = ContrastFaceVerify::new().with_face_contrast_file([1]);
        let mut other = upload.platform(Endpoint::BEIJING);
        let stale = if let Step::Send(exchange) = other.poll(&mut session, now) {
            vec![exchange.id()]
        } else {
            Vec::new()
        };
        Self {
            flow,
            session,
            is_noisy,
            refreshes,
            now,
            latest: now.mono,
            wait: None,
            in_flight: Vec::new(),
            stale,
            input: Input::None,
            sent: 0,
            reports: Vec::new(),
            requests: Vec::new(),
            trace: Vec::new(),
            result: None,
        }
    }

    /// The time to pass to the flow.
    fn time(&mut self) -> Now {
        self.latest = self.latest.max(self.now.mono);
        if self.is_noisy {
            self.now
        } else {
            Now {
                mono: self.latest,
                ..self.now
            }
        }
    }

    fn poll(&mut self) {
        let now = self.time();
        let step = self.flow.poll(&mut self.session, now);
        if self.input == Input::Supplied {
            self.input = Input::None;
        }
        self.step(step);
    }

    fn step(&mut self, step: Step<F::Output>) {
        if self.result.is_some() {
            assert!(matches!(step, Step::Done(Err(Error::Finished))), "{step:?}");
            return;
        }
        self.wait = None;
        match step {
            Step::Send(exchange) => {
                let id = exchange.id();
                assert!(self.in_flight.iter().all(|it| it.0 != id) && !self.stale.contains(&id));
                self.sent += 1;
                let mut bytes = Vec::new();
                exchange.sign().write_http1(&mut bytes);
                self.in_flight.push((id, success(&bytes)));
                self.trace.push(format!("{:?}", exchange.timeouts()));
                self.trace
                    .push(String::from_utf8_lossy(&bytes).into_owned());
                self.requests.push(bytes);
                let now = self.time();
                let step = self.flow.poll(&mut self.session, now);
                assert!(
                    matches!(step, Step::Wait(until) if until > self.latest),
                    "after a send: {step:?}"
                );
            }
            Step::Wait(until) => {
                assert!(until > self.latest, "waits for a time in the past");
                self.wait = Some(until);
                self.trace.push(format!("{until:?}"));
            }
            Step::Abandon(id) => {
                let at = self.in_flight.iter().position(|it| it.0 == id);
                // The report of an exchange that has lost a race is ignored.
                match at {
                    Some(at) => self.stale.push(self.in_flight.remove(at).0),
                    None => assert!(self.stale.contains(&id)),
                }
                self.trace.push(format!("abandon {id:?}"));
            }
            Step::Authenticate(ticket) => {
                self.trace.push(format!("{:?}", ticket.id()));
                if self.refreshes {
                    self.refresh(Refresh::new(ticket));
                }
            }
            Step::Read { path, timeout } => {
                self.input = Input::Requested;
                self.trace.push(format!("{path} {timeout:?}"));
            }
            Step::Provide { name, timeout } => {
                self.input = Input::Requested;
                self.trace.push(format!("{name} {timeout:?}"));
            }
            Step::Run { argv, timeout } => {
                self.input = Input::Requested;
                self.trace.push(format!("{argv:?} {timeout:?}"));
            }
            Step::Done(result) => {
                self.trace.push(format!("{result:?}"));
                self.result = Some(result);
            }
        }
    }

    /// Runs a refresh whose exchanges are all successful, or drops it when it waits.
    fn refresh(&mut self, mut refresh: Refresh) {
        let now = self.time();
        loop {
            match refresh.poll(&mut self.session, now) {
                Step::Send(exchange) => {
                    let mut bytes = Vec::new();
                    exchange.sign().write_http1(&mut bytes);
                    let result = success(&bytes).result();
                    refresh.report(&mut self.session, exchange.id(), result, now);
                }
                Step::Read { .. } => refresh.supply(Ok(FILE.into())),
                Step::Run { .. } => refresh.supply(Ok(OUTPUT.into())),
                Step::Provide { .. } => refresh.provide(Err(SupplyError::Missing)),
                Step::Wait(_) | Step::Abandon(_) | Step::Authenticate(_) | Step::Done(_) => return,
            }
        }
    }

    fn supply(&mut self, contents: Option<&'static str>) {
        let is_unrequested = self.is_noisy && self.input == Input::None;
        if self.input == Input::Requested || is_unrequested {
            let contents = contents.map(|it| it.as_bytes().to_vec());
            self.flow.supply(contents.ok_or(SupplyError::Missing));
        }
        if self.input == Input::Requested {
            self.input = Input::Supplied;
        }
    }

    fn report(&mut self, id: ExchangeId, end: End) {
        let now = self.time();
        self.flow.report(&mut self.session, id, end.result(), now);
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Poll => self.poll(),
            Action::Wait => {
                if let Some(until) = self.wait {
                    self.now.mono = until;
                }
                self.poll();
            }
            Action::Advance(by) => self.now.mono = self.now.mono + *by,
            Action::GoBack(by) => {
                let since_start = self.now.mono.saturating_since(MonoTime::default());
                self.now.mono = MonoTime::new(since_start.saturating_sub(*by));
            }
            Action::SetUnix(seconds) => self.now.unix = UnixTime::from_seconds(*seconds),
            Action::Report(index, end) => {
                if !self.in_flight.is_empty() {
                    let at = index.index(self.in_flight.len());
                    let (id, success) = self.in_flight.remove(at);
                    let end = end.unwrap_or(success);
                    self.stale.push(id);
                    if self.result.is_none() {
                        self.reports.push(end);
                    }
                    self.report(id, end);
                }
            }
            Action::ReportStale(index, end) => {
                if self.is_noisy && !self.stale.is_empty() {
                    let id = self.stale[index.index(self.stale.len())];
                    self.report(id, *end);
                }
                // So that the flow sees the same times in both runs.
                self.poll();
            }
            Action::Supply(contents) => self.supply(*contents),
        }
    }

    /// Plays a script after a first poll, then drives the flow to its end.
    pub(crate) fn play(mut self, script: &[Action]) -> Self {
        self.poll();
        for action in script {
            self.act(action);
        }
        for _ in 0..MAX_STEPS {
            if self.result.is_some() {
                self.poll();
                return self;
            }
            self.supply(None);
            if let Some((id, _)) = self.in_flight.pop() {
                self.stale.push(id);
                self.reports.push(End::NotSent);
                self.report(id, End::NotSent);
            }
            self.act(&Action::Wait);
        }
        panic!("does not end: {:?}", self.trace);
    }
}
