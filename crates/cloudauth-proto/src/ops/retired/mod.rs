//! Operations that the vendor no longer sells, or no longer shows.

mod offline;
mod verify;

pub use offline::*;
pub use verify::*;
