//! Operations behind the vendor's console: scenes, limits, lists, records, statistics.

mod account;
mod personas;
mod records;
mod scenes;
mod statistics;
mod strategies;
mod whitelists;

pub use account::*;
pub use personas::*;
pub use records::*;
pub use scenes::*;
pub use statistics::*;
pub use strategies::*;
pub use whitelists::*;
