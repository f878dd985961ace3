//! HTTP messages as data: requests before anything about them is verified, responses before they
//! are written, and what happens to a request instead of a response.

pub(crate) mod params;
pub(crate) mod percent;
mod reaction;
mod refusal;
mod request;
mod response;
mod xml;

pub(crate) use params::Params;
pub use reaction::Reaction;
pub use refusal::Refusal;
pub(crate) use refusal::THROTTLED;
pub use request::IncomingRequest;
pub(crate) use response::OutgoingResponse;
