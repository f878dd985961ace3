//! Does again what was recorded.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::time::Duration;

use super::assemble::Assembler;
use super::entry::{Ended, Line, SourceKind, Span, Start, TracedInput, TracedRefresh, TracedStep};
use super::hook::Tracer;
use crate::call::ReplayedFlow;
use crate::clock::Now;
use crate::credentials::{
    Credentials, CredentialsError, CustomSource, Lifetime, METADATA, RefreshId,
    ResolvedCredentials, SkippedSource, Source, SourceError,
};
use crate::endpoint::{Endpoint, Endpoints};
use crate::event::CircuitBreakerState;
use crate::exchange::ExchangeId;
use crate::policy::Policy;
use crate::session::Session;

/// The first decision of a replay that differs from the recorded one.
///
/// `Display` shows both.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayDifference {
    /// The number of the line in the recording, counted from 1.
    pub line: usize,
    /// The line, without its checksum.
    pub recorded: String,
    /// What the replay has in its place; empty if it has nothing there.
    pub replayed: String,
}

impl fmt::Display for ReplayDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            line,
            recorded,
            replayed,
        } = self;
        write!(
            f,
            "line {line}: recorded {recorded}, but replayed {replayed}"
        )
    }
}

impl core::error::Error for ReplayDifference {}

/// Collects the lines of a replay, and draws what was drawn.
#[derive(Default)]
struct Collector {
    assembler: Assembler,
    draws: VecDeque<Duration>,
    lines: Vec<Line>,
}

impl Tracer for Collector {
    fn flow(&mut self) -> u64 {
        self.assembler.flow()
    }

    fn account(&mut self, id: &str) -> u64 {
        self.assembler.account(id)
    }

    fn drawn(&mut self, drawn: Duration) -> Duration {
        let drawn = self.draws.pop_front().unwrap_or(drawn);
        self.assembler.drawn(drawn);
        drawn
    }

    fn ended(&mut self, ended: Ended) {
        self.assembler.ended(ended);
    }

    fn line(
        &mut self,
        input: TracedInput,
        step: Option<TracedStep>,
        breakers: &mut dyn Iterator<Item = (&Endpoint, CircuitBreakerState)>,
    ) {
        let line = self.assembler.line(input, step, breakers);
        self.lines.push(line);
    }

    fn replay(&mut self, draws: &[Span]) -> Vec<Line> {
        self.draws = draws.iter().map(|span| span.0).collect();
        mem::take(&mut self.lines)
    }
}

pub(super) fn replay(
    start: &Start,
    lines: &[Line],
    policy: Policy,
) -> Result<(), ReplayDifference> {
    let mut replay = Replay::new(start, policy);
    let mut expected = lines.iter().zip(2_usize..);
    for line in lines {
        replay.draw(&line.drew);
        replay.repeat(&line.input);
        for replayed in replay.draw(&[]) {
            match expected.next() {
                Some((recorded, _)) if *recorded == replayed => {}
                Some((recorded, number)) => {
                    return Err(difference(number, recorded, Some(&replayed)));
                }
                None => break,
            }
        }
    }
    // The last line is the end of the recording, which a replay does not repeat.
    match expected.next() {
        Some((recorded, number)) if recorded.input != TracedInput::End => {
            Err(difference(number, recorded, None))
        }
        Some(_) | None => Ok(()),
    }
}

fn difference(line: usize, recorded: &Line, replayed: Option<&Line>) -> ReplayDifference {
    let text = |line: &Line| serde_json::to_string(line).unwrap_or_default();
    ReplayDifference {
        line,
        recorded: text(recorded),
        replayed: replayed.map(text).unwrap_or_default(),
    }
}

struct Replay {
    session: Session,
    flows: BTreeMap<u64, ReplayedFlow>,
    /// The call whose first poll follows.
    starts: Option<ReplayedFlow>,
    issued: u64,
}

impl Replay {
    fn new(start: &Start, policy: Policy) -> Self {
        // It need not be random: nothing is sent.
        let mut session = Session::new(source(start.credentials), [0; 32])
            .scheme(start.scheme)
            .policy(policy);
        let mut endpoints = start.endpoints.iter().map(|endpoint| endpoint.0.clone());
        if let Some(first) = endpoints.next() {
            session = session.endpoints(endpoints.fold(Endpoints::only(first), Endpoints::then));
        }
        for (action, per_second) in &start.rate_limits {
            session = session.limit_rate(action.clone(), *per_second);
        }
        if let Some((max, per)) = start.max_billed {
            session = session.max_billed(max, per.0);
        }
        Self {
            session: session.traced_by(Collector::default()),
            flows: BTreeMap::new(),
            starts: None,
            issued: 0,
        }
    }

    /// Takes the lines of the replay since the last call, and sets what is drawn from now on.
    fn draw(&mut self, draws: &[Span]) -> Vec<Line> {
        let tracer = self.session.tracer();
        tracer
            .map(|tracer| tracer.replay(draws))
            .unwrap_or_default()
    }

    fn repeat(&mut self, input: &TracedInput) {
        let session = &mut self.session;
        match input {
            TracedInput::Call(call) => self.starts = ReplayedFlow::call(call).ok(),
            TracedInput::Plain(plain) => self.starts = Some(ReplayedFlow::plain(plain)),
            TracedInput::Poll { flow, at } => {
                if let Some(starts) = self.starts.take() {
                    self.flows.insert(*flow, starts);
                }
                if let Some(replayed) = self.flows.get_mut(flow) {
                    replayed.poll(session, (*at).into());
                }
            }
            TracedInput::Report {
                flow,
                at,
                exchange,
                end,
            } => {
                if let Some(replayed) = self.flows.get_mut(flow) {
                    let id = ExchangeId(*exchange);
                    replayed.report(session, id, end.as_ref(), (*at).into());
                }
            }
            TracedInput::ReleaseExchange { exchange, at } => {
                session.release_exchange(ExchangeId(*exchange), (*at).into());
            }
            TracedInput::SetCredentials(kind) => session.set_credentials(source(*kind)),
            TracedInput::LookUp { at, deadline } => {
                drop(session.look_up((*at).into(), deadline.time()));
            }
            TracedInput::ExtendRefresh { refresh, at, until } => {
                session.extend_refresh(RefreshId(*refresh), until.time(), at.time());
            }
            TracedInput::EndRefresh(traced) => self.end_refresh(traced),
            TracedInput::FailRefresh {
                refresh,
                at,
                was_cut_short,
                is_transient,
                is_unreachable,
            } => {
                let error = failure(*is_transient, *is_unreachable);
                session.fail_refresh(RefreshId(*refresh), error, *was_cut_short, (*at).into());
            }
            TracedInput::ReleaseRefresh { refresh } => session.release_refresh(RefreshId(*refresh)),
            TracedInput::End => {}
        }
    }

    fn end_refresh(&mut self, traced: &TracedRefresh) {
        self.issued += 1;
        let id = alloc::format!("issued{}", self.issued);
        let refused = self.session.credential_cache().refused();
        let credentials = match refused.filter(|_| traced.is_refused) {
            Some(refused) => Some(refused.clone()),
            None => Credentials::access_key(id, "secret").ok(),
        };
        let Some(credentials) = credentials else {
            return;
        };
        let provider = if traced.is_metadata {
            METADATA
        } else {
            "recorded"
        };
        let found = ResolvedCredentials {
            credentials: credentials.with_provider(provider),
            source: "recorded".into(),
            expires: None,
            skipped: Vec::new(),
        };
        let lifetime = Lifetime {
            expires_after: traced.lifetime.map(|span| span.0),
            fresh_for: traced.fresh_for.map(|span| span.0),
            is_on_trial: traced.is_on_trial,
        };
        let pinned = traced.pinned.map(source);
        let (id, now): (_, Now) = (RefreshId(traced.refresh), traced.at.into());
        self.session.end_refresh(id, lifetime, found, pinned, now);
    }
}

/// A source of the same kind.
fn source(kind: SourceKind) -> Source {
    let given = Credentials::access_key("given", "secret").ok();
    match (kind, given) {
        (SourceKind::Given, Some(given)) => Source::Static(given),
        (SourceKind::Changing, _) => CustomSource::new("recorded").into(),
        (SourceKind::Absent | SourceKind::Given, _) => {
            Source::Unusable(SkippedSource::new("recorded", SourceError::Unsupported))
        }
    }
}

/// An error that the session treats as the recorded one.
fn failure(is_transient: bool, is_unreachable: bool) -> CredentialsError {
    let (source, reason) = match (is_transient, is_unreachable) {
        (true, false) => return CredentialsError::TimedOut,
        (true, true) => ("recorded", SourceError::TimedOut),
        (false, false) => ("recorded", SourceError::Unsupported),
        (false, true) => {
            let cause = String::new();
            (METADATA, SourceError::CannotConnect { cause })
        }
    };
    CredentialsError::Failed {
        source: Box::new(SkippedSource::new(source, reason)),
        skipped: Vec::new(),
    }
}
