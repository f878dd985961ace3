//! x
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod call;
mod clock;
mod credentials;
mod endpoint;
mod entropy;
mod error;
mod flow;
mod operation;
pub mod ops;
mod policy;
mod secret;
mod session;
pub mod sign;
mod wire;

pub use call::{Call, Reply};
pub use clock::{MonoTime, Now, UnixTime};
pub use credentials::{Credentials, CredentialsError};
pub use endpoint::{BadEndpoint, Endpoint, Endpoints, Network, Region};
pub use entropy::{Entropy, Nonce};
pub use error::{
    Attempt, DecodeError, Error, Exhausted, Fault, Invalid, Outcome, Problem, Unreadable,
};
pub use flow::{Exchange, ExchangeId, Flow, Step};
pub use operation::{Field, Info, Operation};
pub use policy::{Effect, Ending, Policy, Verdict, judge};
pub use secret::{Secret, Sensitive};
pub use session::Session;
pub use sign::Scheme;
pub use wire::http::{Body, Failure, Head, Method, Request, Response, Sent, Timeouts, UriScheme};
pub use wire::params::{Params, Place};
