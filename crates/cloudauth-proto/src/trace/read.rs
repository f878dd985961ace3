//! Reads a recording.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Deserialize;

use super::checksum::Checksum;
use super::entry::{FORMAT, Line, Start, TracedInput, VERSION};
use super::replay::{ReplayDifference, replay};
use crate::policy::Policy;

/// A recording that was read.
#[derive(Clone, Debug)]
pub struct Trace {
    start: Start,
    lines: Vec<Line>,
    texts: Vec<String>,
}

impl Trace {
    /// Reads a recording.
    ///
    /// One that was cut or edited, or whose version is not known, is refused with the number of the first line
    /// that is not right.
    pub fn parse(text: &str) -> Result<Self, TraceError> {
        let mut checksum = Checksum::default();
        let mut texts = Vec::new();
        let mut lines = Vec::new();
        let mut start = None;
        let mut has_ended = false;
        for (text, number) in text.lines().zip(1..) {
            let problem = |problem| TraceError {
                line: number,
                problem,
            };
            if number == 1 {
                check_version(text).map_err(problem)?;
            }
            if has_ended {
                return Err(problem(Problem::AfterEnd));
            }
            let json = checksum
                .remove_from(text)
                .ok_or_else(|| problem(Problem::Checksum))?;
            if number == 1 {
                start = Some(serde_json::from_str(&json).map_err(|_| problem(Problem::Content))?);
            } else {
                let line: Line =
                    serde_json::from_str(&json).map_err(|_| problem(Problem::Content))?;
                has_ended = line.input == TracedInput::End;
                lines.push(line);
            }
            texts.push(json);
        }
        let line = texts.len() + 1;
        match start {
            Some(start) if has_ended => Ok(Self {
                start,
                lines,
                texts,
            }),
            Some(_) | None => Err(TraceError {
                line,
                problem: Problem::Cut,
            }),
        }
    }

    /// The lines without their checksums, as JSON objects.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// The policy of the client.
    #[must_use]
    pub fn policy(&self) -> Policy {
        (&self.start.policy).into()
    }

    /// Does again what was recorded, and compares every decision. The error is the first difference: this
    /// version of the crate decides otherwise than the one that recorded.
    pub fn replay(&self) -> Result<(), ReplayDifference> {
        self.replay_with(self.policy())
    }

    /// The same under another policy. The error is its first decision that the client did not make.
    pub fn replay_with(&self, policy: Policy) -> Result<(), ReplayDifference> {
        replay(&self.start, &self.lines, policy)
    }
}

/// Refuses what is no recording, and a version that this crate does not read.
fn check_version(text: &str) -> Result<(), Problem> {
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u64,
    }
    let version = serde_json::from_str(text).ok();
    let version = version.filter(|it: &Version| it.format == FORMAT);
    match version.ok_or(Problem::Format)?.version {
        VERSION => Ok(()),
        version => Err(Problem::Version(version)),
    }
}

/// A recording that is refused.
///
/// `Display` shows the line and what is wrong with it, and nothing of its content.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceError {
    /// The number of the line, counted from 1.
    pub line: usize,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    Format,
    Version(u64),
    Checksum,
    Content,
    AfterEnd,
    Cut,
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            Problem::Format => write!(f, "this is not a recording of the format {FORMAT}"),
            Problem::Version(version) => {
                write!(f, "version {version} of the format is not known, only {VERSION} is")
            }
            Problem::Checksum => f.write_str("the line, or one before it, was edited or cut"),
            Problem::Content => f.write_str("the line has none of the forms of this version"),
            Problem::AfterEnd => f.write_str("there is something after the end of the recording"),
            Problem::Cut => f.write_str(
                "the recording ends here without its last line: it was cut, or its client still exists or \
                 was never dropped",
            ),
        }
    }
}

impl core::error::Error for TraceError {}
