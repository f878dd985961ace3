//! What a driver needs: the types that [`Step`](crate::Step) and [`Flow`](crate::Flow) are made of.
//!
//! An application that uses `cloudauth-ureq` or `cloudauth-hyper` needs none of them. The
//! [crate documentation](crate) shows a whole driver.

pub use crate::clock::{MonoTime, Now};
pub use crate::credentials::{RefreshId, RefreshTicket, SupplyError};
pub use crate::endpoint::UriScheme;
pub use crate::event::{AttemptInfo, CallOutcome, CircuitBreakerState, Event};
pub use crate::exchange::{Exchange, ExchangeId};
pub use crate::http::{
    Body, Delivery, Failure, Head, Method, Request, Response, ResponseReader, Timeouts,
};
pub use crate::refresh::Refresh;
