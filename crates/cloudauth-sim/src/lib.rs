//! A simulator of Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07): for tests without
//! account, face or fee. Not the vendor's, and not an emulation of its judgement.
//!
//! The [`World`] does no I/O: requests in, reactions out, and the time is an argument. This one carries a signature
//! that was made by hand:
//!
//! ```
//! use cloudauth_sim::{Incoming, Reaction, Region, World};
//!
//! let target = "/?AccessKeyId=testid&Action=DescribeFaceVerify&CertifyId=sha0&Format=JSON&SceneId=1\
//!     &SignatureMethod=HMAC-SHA1&SignatureNonce=1&SignatureVersion=1.0\
//!     &Timestamp=2023-11-14T22%3A13%3A20Z&Version=2019-03-07&Signature=Qa1cpTw%2FY7SnDIrhCjKDaKsuFW0%3D";
//! let request = Incoming::new("GET", target, Vec::new(), "");
//! let mut world = World::new();
//!
//! let reaction = world.handle(Region::Shanghai, &request, 1_700_000_000);
//! assert!(matches!(reaction, Reaction::Answer { status: 200, .. }));
//! // The service's own code for a certify id that it does not know.
//! assert_eq!(world.requests()[0].outcome, "406");
//!
//! world.handle(Region::Shanghai, &request, 1_700_000_001);
//! assert_eq!(world.requests()[1].outcome, "SignatureNonceUsed");
//! ```
//!
//! A [`Simulator`] puts it behind sockets, for real clients:
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
//! // ... point a client at `endpoint` and `other`, with the key `testid` and `testsecret` ...
//! assert_eq!(simulator.world().executions("InitFaceVerify"), 0);
//!
//! // What the person would do on the page.
//! let finished = simulator.world().finish("sha0", Verdict::Passed, 1_700_000_000);
//! assert!(finished.is_err(), "no client opened an order");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The verifier ([`verify`]) shares no code with the client: another implementation of hashes and of
//! percent-encoding, written from the vendor's description of the algorithms.
//!
//! # What it knows
//!
//! * All operations of the [`CATALOGUE`], in their documented shape; what is missing or malformed is refused. A new
//!   operation needs an entry there and no code. `InitFaceVerify` and `DescribeFaceVerify` have all their life:
//!   orders, scenes, the page behind `CertifyUrl`, verdicts, links to pictures that die, lock-outs. The number of
//!   failures until a lock-out ([`FAILURES_A_DAY`]) is our guess.
//! * Magic ID numbers ([`magic_numbers`], and the table in `MAGIC.md`): one for every `Code`, `SubCode`, kind of
//!   `MaterialInfo`, label of `DeviceRisk`.
//! * Two signatures (ACS3-HMAC-SHA256, RPC 1.0 with HMAC-SHA1), time stamps, nonces, limits of queries, and
//!   `EncryptType=SM2` with a key pair of its own ([`SM2_PUBLIC_KEY`]).
//! * Two regions with one set of orders, the object store for files, and the services that give credentials
//!   ([`Office`]).
//! * [`Fault`]s by script, and from outside of the process: [`Simulator::admin_url`] is a page that shows live what
//!   happens, and takes JSON: `POST` to `faults`, `clock`, `finish`, `limits` and `unlock` below it, and `DELETE` to
//!   `faults`.
//! * Programs that have the vendor's hosts built in: [`Simulator::proxy_url`] leads these here. The vendor's own SDKs
//!   for Python and TypeScript run against it unmodified; `conformance/run` shows it.
//!
//! Where the vendor's documentation is silent the docs here say what was chosen. It answers in JSON only. It calls
//! back, but only to this machine unless [`World::route_callbacks`] says otherwise. It keeps no name, no number and
//! no value of a parameter but order numbers, return URLs, and callback URLs with their tokens; and it is for tests:
//! nothing here protects what is sent.
#![forbid(unsafe_code)]

mod admin;
mod callbacks;
mod catalogue;
pub mod conformance;
mod fault;
mod gateway;
mod identities;
mod ids;
mod limits;
mod log;
mod magic;
mod material;
mod nonces;
mod offices;
mod operations;
mod orders;
mod page;
mod percent;
mod pictures;
mod region;
mod reply;
mod request;
mod script;
mod serve;
pub mod simulation;
mod sm2;
mod store;
mod time;
mod verdict;
mod verify;
mod world;

pub use callbacks::{Callback, CallbackFault, CallbackKind, CallbackOutcome, CalledBack, NotSent};
pub use catalogue::CATALOGUE;
pub use fault::{Fault, Times};
pub use identities::FAILURES_A_DAY;
pub use log::Seen;
pub use magic::{MagicNumber, magic_numbers, magic_table};
pub use offices::{CREDENTIALS_PATH, INSTANCE_ROLE, OAUTH_TOKEN, OIDC_TOKEN, Office, SSO_TOKEN};
pub use orders::FinishError;
pub use region::Region;
pub use reply::Reaction;
pub use request::Incoming;
pub use serve::Simulator;
pub use sm2::SM2_PUBLIC_KEY;
pub use verdict::Verdict;
pub use verify::{Refusal, TIME_WINDOW_SECONDS, Verified, verify};
pub use world::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, World};
