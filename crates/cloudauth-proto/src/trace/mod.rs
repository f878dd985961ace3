//! Recordings of what a client decided, which replay to the same decisions.
//!
#![doc = include_str!("../../docs/trace.md")]
//!
//! # Feature
//!
//! Without the feature `trace` a session tells nothing: a program that calls
//! [`record_trace`](crate::Session::record_trace) does not compile, and a replay differs at its first line.

mod assemble;
mod checksum;
mod entry;
mod hook;
mod read;
mod record;
mod replay;

pub(crate) use entry::{
    Ended, SourceKind, Start, TracedCall, TracedEnd, TracedInput, TracedPlain, TracedRefresh,
    TracedResponse, TracedSigner, TracedStep,
};
pub(crate) use hook::{TraceHook, Tracer};
pub use read::{Trace, TraceError};
pub(crate) use record::Recorder;
pub use replay::ReplayDifference;
