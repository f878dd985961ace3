//! Recordings of what a client decided, which replay to the same decisions.
//!
#![doc = include_str!("../../docs/trace.md")]

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
