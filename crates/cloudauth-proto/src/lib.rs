//! Sans-IO core of a client for Alibaba Cloud's identity verification service (Cloudauth,
//! 金融级实人认证, API 2019-03-07). Unofficial: not made, checked or supported by Alibaba Cloud.
//!
//! This crate encodes, signs, retries, fails over between regions and decodes. It opens no socket, reads
//! no clock, draws no randomness and takes no lock, and it is `no_std` with `alloc`. A driver performs the
//! IO: [`cloudauth-ureq`](https://docs.rs/cloudauth-ureq) is a blocking one,
//! [`cloudauth-hyper`](https://docs.rs/cloudauth-hyper) an async one,
//! [`cloudauth-fetch`](https://docs.rs/cloudauth-fetch) one for WebAssembly. This is another whole one, whose network
//! is a function: Shanghai refuses connections, and Beijing responds.
//!
//! ```
//! use core::time::Duration;
//! use cloudauth_proto::driver::{
//!     Delivery, Failure, Head, MonoTime, Now, Refresh, Request, Response, SupplyError,
//! };
//! use cloudauth_proto::ops::InitFaceVerify;
//! use cloudauth_proto::{Call, CallOptions, Credentials, Endpoint, Error, Flow, Session, Step, UnixTime};
//!
//! fn send(request: &Request) -> Result<Response, Failure> {
//!     if request.authority.contains("shanghai") {
//!         return Err(Failure::new(Delivery::NotSent, "connection refused"));
//!     }
//!     let body = r#"{"Code":"200","ResultObject":{"CertifyId":"sha1","CertifyUrl":"https://..."}}"#;
//!     Ok(Response::new(Head::new(200, Vec::new()), body.into()))
//! }
//!
//! struct Driver {
//!     session: Session,
//!     clock: Duration,
//! }
//!
//! impl Driver {
//!     fn run<F: Flow>(&mut self, mut flow: F) -> Result<F::Output, Error> {
//!         loop {
//!             let unix = UnixTime::from_seconds(1_800_000_000 + self.clock.as_secs());
//!             let now = Now { mono: MonoTime::new(self.clock), unix };
//!             match flow.poll(&mut self.session, now) {
//!                 Step::Send(exchange) => {
//!                     let result = send(&exchange.sign());
//!                     flow.report(&mut self.session, exchange.id(), result, now);
//!                 }
//!                 Step::Abandon(_) => {} // there is one exchange at a time, and it has ended
//!                 Step::Authenticate(ticket) => drop(self.run(Refresh::inline(ticket))),
//!                 Step::Read { .. } | Step::Run { .. } => flow.supply(Err(SupplyError::Denied)),
//!                 Step::Provide { .. } => flow.provide(Err(SupplyError::Missing)),
//!                 Step::Wait(until) => self.clock += until.saturating_since(now.mono),
//!                 Step::Done(result) => return result,
//!             }
//!         }
//!     }
//! }
//!
//! let credentials = Credentials::access_key("testid", "testsecret")?;
//! let session = Session::new(credentials, [7; 32]); // a real seed is random, and new each time
//! let mut driver = Driver { session, clock: Duration::ZERO };
//!
//! let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
//!     .user_id("7")
//!     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
//! let opened = driver.run(Call::new(&init, CallOptions::new())?)?;
//! assert_eq!(opened.endpoint, Endpoint::BEIJING);
//! assert_eq!(opened.attempts.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! How a driver is written, what it must prove and which tests it can run is in [`driver`]. A runtime with a
//! socket and no HTTP library gets the bytes of a request from [`Request::write_http1`](driver::Request::write_http1),
//! and reads the response with a [`ResponseReader`](driver::ResponseReader).
//!
//! # Modules
//!
//! The crate root has what an application uses. The rest is in modules:
//!
//! * [`ops`]: the 101 operations, as plain structs; [`operation`]: what an operation is.
//! * [`verify`]: parameters, callbacks, redirects and verdicts of a face verification.
//! * [`codes`]: the meanings of the service's codes.
//! * [`credentials`]: the sources of credentials; [`Source::default_chain`] is the default.
//! * [`error`]: the parts of [`Error`].
//! * [`policy`]: the retry rule, as a table: [`judge`](policy::judge).
//! * [`sign`]: the signatures alone, for other products of the vendor.
//! * [`upload`]: files, for the operations that take some.
//! * [`driver`]: what only drivers need.
//!
//! # Sources of facts
//!
//! The service is closed, so its facts are marked with their source:
//!
//! * *(documented)*: the vendor's public documentation or API metadata says so.
//! * *(recorded)*: it is in the bytes that the vendor's own SDKs were seen to send or accept.
//! * *(inferred)*: it was concluded from something else, which is named. It may be wrong.
//!
//! # Secrets and personal data
//!
//! No `Display` and no `Debug` of this crate shows a key, a token, the value of a parameter, a response
//! body or personal data. [`ServiceError::message`] and [`Reply::raw`] can contain them; whether to print
//! those is up to the caller.
//!
//! # Features
//!
//! * `std` (default): conversions from and to types of the standard library.
//! * `meanings` (default): the tables of [`codes`]. Without it they are empty, errors show codes only, and events do not
//!   say what is billed.
//! * `trace` (default): recordings of sessions, and their replay, in [`trace`].
//! * `http`: conversions from and to the types of the `http` crate.
//! * `sm2`: encryption of names and ID numbers before they are sent (`EncryptType=SM2`), in
//!   `verify::sm2`.
//! * `sm3`: the signature ACS3-HMAC-SM3.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod call;
mod certify_id;
mod clock;
pub mod codes;
pub mod credentials;
mod crypto;
mod decode;
pub mod driver;
mod encode;
mod endpoint;
mod entropy;
pub mod error;
mod event;
mod exchange;
mod flow;
mod http;
pub mod operation;
pub mod ops;
pub mod pages;
pub mod policy;
mod privacy;
#[cfg(test)]
#[path = "../tests/common/random.rs"]
mod random;
mod refresh;
mod region;
mod secret;
mod session;
pub mod sign;
mod text;
mod text_enum;
pub mod trace;
pub mod upload;
pub mod verify;

pub use call::{Call, Reply};
pub use certify_id::CertifyId;
pub use clock::{InvalidTime, UnixTime};
pub use credentials::{Credentials, Source};
pub use endpoint::{Endpoint, Endpoints, InvalidEndpoint};
pub use entropy::Entropy;
pub use error::{Attempt, AttemptOutcome, Error, ServiceError};
pub use flow::{Flow, Step};
pub use operation::Operation;
pub use policy::{CallOptions, Effect, Policy, Repeat};
pub use refresh::WhoAmI;
pub use region::{Network, Region};
pub use secret::{Secret, Sensitive};
pub use session::Session;
pub use sign::Scheme;
pub use text_enum::UnknownName;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
