//! Where a session tells of itself, if somebody listens.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::entry::{Ended, Line, Span, TracedInput, TracedStep};
use crate::endpoint::Endpoint;
use crate::event::CircuitBreakerState;

/// What a session tells of itself, in the order in which it happens.
///
/// A trait object, so that a program which records nothing links nothing of the format.
pub(crate) trait Tracer: Send + Sync {
    /// The number of a flow that is polled for the first time.
    fn flow(&mut self) -> u64;

    /// The number of the account with this access key ID.
    fn account(&mut self, id: &str) -> u64;

    /// Takes note of a random span, and returns the one to use.
    fn drawn(&mut self, drawn: Duration) -> Duration;

    /// Takes note of an attempt that ended.
    fn ended(&mut self, ended: Ended);

    /// Completes a line.
    fn line(
        &mut self,
        input: TracedInput,
        step: Option<TracedStep>,
        breakers: &mut dyn Iterator<Item = (&Endpoint, CircuitBreakerState)>,
    );

    /// In a replay: takes the lines since the last call, and the spans to draw from now on.
    fn replay(&mut self, draws: &[Span]) -> Vec<Line> {
        let _ = draws;
        Vec::new()
    }
}

/// The tracer of a session, if it has one.
#[derive(Default)]
pub(crate) struct TraceHook(Option<Box<dyn Tracer>>);

impl TraceHook {
    pub(crate) fn new(tracer: impl Tracer + 'static) -> Self {
        Self(Some(Box::new(tracer)))
    }

    pub(crate) fn get(&mut self) -> Option<&mut dyn Tracer> {
        if !cfg!(feature = "trace") {
            return None;
        }
        match &mut self.0 {
            Some(tracer) => Some(&mut **tracer),
            None => None,
        }
    }
}

impl fmt::Debug for TraceHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TraceHook").field(&self.0.is_some()).finish()
    }
}
