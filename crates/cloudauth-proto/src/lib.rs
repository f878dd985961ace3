//! Client for Alibaba Cloud's identity verification service (Cloudauth, 金融级实人认证, API
//! 2019-03-07), without any IO. Unofficial.
//!
//! This crate decides: it encodes, signs, fails over and decodes. It opens no socket, reads no
//! clock, draws no randomness and takes no lock; it is `no_std` with `alloc`. A driver carries out
//! what it says: `cloudauth-ureq` (blocking) and `cloudauth-hyper` (async) are two, and this is a
//! whole third one, whose network is a simulated service in the same process:
//!
//! ```
//! use core::time::Duration;
//! use cloudauth_proto::ops::InitFaceVerify;
//! use cloudauth_proto::{
//!     Call, CallOptions, Credentials, Endpoint, Error, Failure, Flow, Head, MonoTime, Now, Response, Sent,
//!     Session, Step, UnixTime, Unsupplied,
//! };
//! use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Fault, Reaction, Region, Times, World};
//!
//! struct Driver {
//!     session: Session,
//!     world: World,
//!     clock: Duration,
//! }
//!
//! impl Driver {
//!     fn run<F: Flow>(&mut self, mut flow: F) -> Result<F::Output, Error> {
//!         loop {
//!             let unix = 1_800_000_000 + self.clock.as_secs();
//!             let now = Now { mono: MonoTime::new(self.clock), unix: UnixTime::from_seconds(unix) };
//!             match flow.poll(&mut self.session, now) {
//!                 Step::Send(exchange) => {
//!                     let request = exchange.sign();
//!                     let region = match request.authority.contains("shanghai") {
//!                         true => Region::Shanghai,
//!                         false => Region::Beijing,
//!                     };
//!                     let reply = match self.world.handle(region, &(&request).into(), unix) {
//!                         Reaction::Answer { status, headers, body } => {
//!                             Ok(Response::new(Head::new(status, headers), body))
//!                         }
//!                         Reaction::Refuse => Err(Failure::new(Sent::No, "connection refused")),
//!                         _ => Err(Failure::new(Sent::Maybe, "connection lost")),
//!                     };
//!                     flow.report(&mut self.session, exchange.id(), reply, now);
//!                 }
//!                 Step::Abandon(_) => {} // one exchange at a time: it is over already
//!                 Step::Authenticate(refresh) => drop(self.run(*refresh)), // left in the session
//!                 Step::Read(_) | Step::Run { .. } => flow.supply(Err(Unsupplied::Denied)),
//!                 Step::Wait(until) => self.clock += until.saturating_since(now.mono),
//!                 Step::Done(result) => return result,
//!             }
//!         }
//!     }
//! }
//!
//! let credentials = Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?;
//! let session = Session::new(credentials, [7; 32]); // a real seed is random, and new each time
//! let mut driver = Driver { session, world: World::new(), clock: Duration::ZERO };
//!
//! driver.world.inject(Region::Shanghai, Fault::Refuse, Times::Always);
//! let open = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR");
//! let opened = driver.run(Call::new(&open, CallOptions::new())?)?;
//! assert_eq!(opened.endpoint, Endpoint::BEIJING);
//! assert_eq!(opened.attempts.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A runtime that brings only a socket gets a request's exact bytes from
//! [`Request::write_http1`].
//!
//! # Where things are
//!
//! * [`ops`]: the operations, as plain structs.
//! * [`verify`]: what goes into a face verification, and what it comes to.
//! * [`codes`]: what the service's codes mean.
//! * [`Call`]: one operation with its whole life, a [`Flow`]; [`Step`] is what it asks of a driver.
//! * [`Session`]: what outlives a call.
//! * [`Source`]: where credentials come from; [`Source::default_chain`] is where they are looked for.
//! * [`judge`]: the rule of what is sent again, as a table.
//! * [`sign`]: the signatures, for those who want nothing else.
//!
//! # What is printed
//!
//! No `Display` and no `Debug` of this crate shows a key, a token, a parameter's value, a reply's
//! body or a person. [`Fault::message`] and [`Reply::raw`] can hold them; they are for the caller's
//! eyes.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod call;
mod clock;
pub mod codes;
mod credentials;
mod endpoint;
mod entropy;
mod errand;
mod error;
mod flow;
mod machine;
mod operation;
pub mod ops;
mod policy;
mod reading;
mod reply;
mod secret;
mod session;
pub mod sign;
mod upload;
pub mod verify;
mod wire;

pub use call::{Call, Reply};
pub use clock::{MonoTime, Now, UnixTime};
pub use credentials::{
    AssumeRole, CloudSso, Credentials, CredentialsError, EcsRole, External, Found, Malformed,
    OAuth, Oidc, PassedOver, Profile, ProfileFormat, Reason, Refresh, Role, Settings, Source,
    Ticket, Unsupplied, Uri, Vars, WhoAmI,
};
pub use endpoint::{BadEndpoint, Endpoint, Endpoints, Network, Region};
pub use entropy::{Entropy, Nonce};
pub use error::{
    Attempt, DecodeError, Error, Exhausted, Fault, Invalid, Outcome, Problem, Unreadable,
};
pub use flow::{Exchange, ExchangeId, Flow, Step};
pub use operation::{Field, Info, Json, Kind, Listed, Operation, Terms};
pub use policy::{CallOptions, Effect, Ending, Policy, Repeat, Verdict, judge};
pub use reply::Shape;
pub use secret::{Secret, Sensitive};
pub use session::Session;
pub use sign::Scheme;
pub use upload::{
    AuthorizeFileUpload, AuthorizeFileUploadResponse, UPLOADS, Upload, UploadError, UploadStep,
};
pub use wire::code::Unlisted;
pub use wire::http::{Body, Failure, Head, Method, Request, Response, Sent, Timeouts, UriScheme};
pub use wire::params::{Params, Place};
