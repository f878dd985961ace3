//! Puts a line together from what happens before it is complete.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use super::entry::{Ended, Line, Span, TracedEnd, TracedEndpoint, TracedInput, TracedStep};
use crate::codes;
use crate::endpoint::Endpoint;
use crate::event::CircuitBreakerState;

#[derive(Default)]
pub(super) struct Assembler {
    flows: u64,
    /// Access key IDs; they are not written.
    accounts: BTreeMap<String, u64>,
    drew: Vec<Span>,
    ended: Vec<Ended>,
    /// The circuit breakers that are not closed.
    breakers: BTreeMap<TracedEndpoint, CircuitBreakerState>,
}

impl Assembler {
    pub(super) fn flow(&mut self) -> u64 {
        self.flows += 1;
        self.flows
    }

    pub(super) fn account(&mut self, id: &str) -> u64 {
        if let Some(number) = self.accounts.get(id) {
            return *number;
        }
        let number = self.accounts.len() as u64 + 1;
        self.accounts.insert(id.into(), number);
        number
    }

    pub(super) fn drawn(&mut self, drawn: Duration) {
        self.drew.push(drawn.into());
    }

    pub(super) fn ended(&mut self, ended: Ended) {
        self.ended.push(ended);
    }

    pub(super) fn line(
        &mut self,
        mut input: TracedInput,
        step: Option<TracedStep>,
        breakers: &mut dyn Iterator<Item = (&Endpoint, CircuitBreakerState)>,
    ) -> Line {
        if let TracedInput::Report {
            end: Some(TracedEnd::Responded(response)),
            ..
        } = &mut input
            && let Some(code) = &mut response.code
            && !is_known(code)
        {
            *code = "other".into();
        }
        let mut changed = Vec::new();
        for (endpoint, state) in breakers {
            let endpoint = TracedEndpoint::from(endpoint);
            let before = self.breakers.get(&endpoint).copied();
            if before.unwrap_or(CircuitBreakerState::Closed) == state {
                continue;
            }
            if state == CircuitBreakerState::Closed {
                self.breakers.remove(&endpoint);
            } else {
                self.breakers.insert(endpoint.clone(), state);
            }
            changed.push((endpoint, state));
        }
        Line {
            input,
            drew: mem::take(&mut self.drew),
            ended: mem::take(&mut self.ended),
            breakers: changed,
            step,
        }
    }
}

/// Whether a document names the code. Another one could hold anything, so it is not written.
fn is_known(code: &str) -> bool {
    codes::all().any(|meaning| meaning.code == code)
}
