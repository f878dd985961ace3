//! A simulator of Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07), for
//! tests without account, face or fee. It is not made by the vendor, and does not assess faces.
//!
//! The [`World`] does no I/O: requests in, reactions out, and the time is an argument. This request
//! has a signature that was computed by hand:
//!
//! ```
//! use cloudauth_sim::{IncomingRequest, Reaction, Region, World};
//!
//! let target = "/?AccessKeyId=testid&Action=DescribeFaceVerify&CertifyId=sha0&Format=JSON&SceneId=1\
//!     &SignatureMethod=HMAC-SHA1&SignatureNonce=1&SignatureVersion=1.0\
//!     &Timestamp=2023-11-14T22%3A13%3A20Z&Version=2019-03-07&Signature=Qa1cpTw%2FY7SnDIrhCjKDaKsuFW0%3D";
//! let request = IncomingRequest::new("GET", target, Vec::new(), "");
//! let mut world = World::new();
//!
//! let reaction = world.handle(Region::Shanghai, &request, 1_700_000_000);
//! assert!(matches!(reaction, Reaction::Response { status: 200, .. }));
//! // The service's own code for an unknown certify ID.
//! assert_eq!(world.requests()[0].outcome, "406");
//!
//! world.handle(Region::Shanghai, &request, 1_700_000_001);
//! assert_eq!(world.requests()[1].outcome, "SignatureNonceUsed");
//! ```
//!
//! A [`Simulator`] serves a world over sockets, for real clients:
//!
//! ```
//! use cloudauth_sim::{Fault, Region, Simulator, Times, Verdict};
//!
//! let simulator = Simulator::start()?;
//! let (endpoint, other) = (simulator.url(Region::Shanghai), simulator.url(Region::Beijing));
//! assert_ne!(endpoint, other);
//!
//! // The next request is carried out, but its connection is reset: does the client open a second order?
//! simulator.inject(Region::Shanghai, Fault::Reset, Times::Once);
//! // ... use `endpoint` and `other` with a client, with the access key `testid` and `testsecret` ...
//! assert_eq!(simulator.world().executions("InitFaceVerify"), 0);
//!
//! // The same as a submission of the page.
//! let finished = simulator.finish("sha0", Verdict::Passed);
//! assert!(finished.is_err(), "no client opened an order");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The verifier ([`verify`]) shares no code with the client: it has other implementations of hashes
//! and percent-encoding, and was written from the vendor's description of the algorithms.
//!
//! # What is simulated
//!
//! * All operations of the [`CATALOGUE`], in their documented form; missing and malformed parameters
//!   are refused. A new operation needs an entry in the catalogue and no code. `InitFaceVerify` and
//!   `DescribeFaceVerify` are complete: orders, scenes, the page behind `CertifyUrl`, verdicts,
//!   expiring links to pictures, locked identities. The number of failures until an identity is locked
//!   ([`MAX_FAILURES_PER_DAY`]) is our guess.
//! * Magic ID numbers ([`magic_numbers`], and the table in `MAGIC.md`) for every `Code`, every
//!   `SubCode`, every form of `MaterialInfo` and every `DeviceRisk`.
//! * Three signatures (ACS3-HMAC-SHA256, ACS3-HMAC-SM3, RPC 1.0 with HMAC-SHA1), timestamps, nonces, rate limits, and
//!   `EncryptType=SM2` with a key pair of its own ([`SM2_PUBLIC_KEY`]).
//! * Two regions with one set of orders, the object store for files, and the services that issue
//!   credentials ([`CredentialService`]).
//! * [`Fault`]s by script, and from outside the process: [`Simulator::admin_url`] is a live page of
//!   verifications, requests and faults. `GET` of it with `accept: application/json` lists the commands
//!   below it.
//! * The vendor's hosts for programs in which they are built in: [`Simulator::proxy_url`] is a proxy to
//!   them. The vendor's own SDKs for Python, TypeScript, Java and Go run against it unmodified;
//!   `conformance/run` runs them.
//!
//! Where the vendor's documentation is silent, the docs here state our choice. What it only suggests is
//! accepted, and refused with [`World::set_strict`]. What is known to differ from the service:
//!
//! | here | reason |
//! |---|---|
//! | names of headers are in one form for the whole response | hyper writes either all names in lower case or all in title case, the gateway a mixture |
//! | an ID that was never issued is refused if it is a `CertifyId`; with `strict` an unknown scene, plan or model, too | no document says what the service responds to others |
//! | a file with the state holds no nonces, no log and no faults | a nonce is of use for 15 minutes, and faults belong to a test |
//! | faces are not assessed | the person at the page chooses the verdict |
//!
//! Callbacks are sent to this machine only, unless [`World::route_callbacks`] is used. Names, ID
//! numbers and values of parameters are not stored, except order numbers, return URLs, and callback
//! URLs with their tokens. It is for tests only: requests are not protected in any way.
#![forbid(unsafe_code)]

mod admin;
mod callbacks;
pub mod conformance;
mod credential_services;
mod dates;
pub mod driver_kit;
mod faults;
mod gateway;
mod http;
mod ids;
mod log;
mod object_store;
mod operations;
mod orders;
mod page;
mod region;
mod serve;
pub mod shapes;
pub mod simulation;
mod snapshot;
mod verdict;
mod world;

pub use callbacks::{
    Callback, CallbackFault, CallbackKind, CallbackOutcome, CallbackRecord, NotSentReason,
};
pub use credential_services::{
    CREDENTIALS_PATH, CredentialService, INSTANCE_ROLE, OAUTH_TOKEN, OIDC_TOKEN, SSO_TOKEN,
};
pub use faults::{Fault, Times};
pub use gateway::verify::{BEARER_TOKEN, TIME_WINDOW_SECONDS, VerifiedRequest, verify};
pub use http::{IncomingRequest, Reaction, Refusal};
pub use log::LoggedRequest;
pub use operations::{CATALOGUE, SM2_PUBLIC_KEY};
pub use orders::magic::{MagicNumber, magic_numbers, magic_table};
pub use orders::{FinishError, MAX_FAILURES_PER_DAY};
pub use region::Region;
pub use serve::{Connector, InMemory, Simulator, SimulatorOptions};
pub use verdict::Verdict;
pub use world::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, World};

#[doc = include_str!("testing.md")]
pub mod testing {}

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
