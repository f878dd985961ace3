//! Writes a recording.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use serde::Serialize;

use super::assemble::Assembler;
use super::checksum::Checksum;
use super::entry::{Ended, Line, Start, TracedInput, TracedStep};
use super::hook::Tracer;
use crate::endpoint::Endpoint;
use crate::event::CircuitBreakerState;

pub(crate) struct Recorder {
    assembler: Assembler,
    checksum: Checksum,
    write: Box<dyn FnMut(&str) + Send + Sync>,
}

impl Recorder {
    /// Writes the first line.
    pub(crate) fn new(start: &Start, write: Box<dyn FnMut(&str) + Send + Sync>) -> Self {
        let mut recorder = Self {
            assembler: Assembler::default(),
            checksum: Checksum::default(),
            write,
        };
        recorder.write(start);
        recorder
    }

    fn write(&mut self, line: &impl Serialize) {
        // Texts, numbers and lists of them can always be written.
        let json = serde_json::to_string(line).unwrap_or_default();
        let mut text: String = self.checksum.append_to(&json);
        text.push('\n');
        (self.write)(&text);
    }
}

impl Tracer for Recorder {
    fn flow(&mut self) -> u64 {
        self.assembler.flow()
    }

    fn account(&mut self, id: &str) -> u64 {
        self.assembler.account(id)
    }

    fn drawn(&mut self, drawn: Duration) -> Duration {
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
        let line: Line = self.assembler.line(input, step, breakers);
        self.write(&line);
    }
}

/// Writes the last line.
impl Drop for Recorder {
    fn drop(&mut self) {
        let end = self
            .assembler
            .line(TracedInput::End, None, &mut [].into_iter());
        self.write(&end);
    }
}
