#![doc = include_str!("../docs/driver.md")]

pub use crate::clock::{MonoTime, Now};
pub use crate::credentials::{RefreshId, RefreshTicket, SupplyError};
pub use crate::endpoint::UriScheme;
pub use crate::event::{AttemptInfo, CallOutcome, CircuitBreakerState, Event};
pub use crate::exchange::{Exchange, ExchangeId};
pub use crate::http::{
    Body, Delivery, Failure, Head, Method, Request, Response, ResponseReader, Timeouts,
};
pub use crate::refresh::Refresh;
