//! Async client for Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07), on tokio.
//! Unofficial.
//!
//! A driver of [`cloudauth_proto`]: that crate encodes, signs, retries and decodes without IO; this
//! one sends the requests, with hyper and rustls.
//!
//! ```no_run
//! use cloudauth_hyper::ops::InitFaceVerify;
//! use cloudauth_hyper::{Client, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new(Options::new())?;
//! let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
//!     .user_id("7")
//!     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
//! let opened = client.call(&init).await?;
//! println!("send the browser to {:?}", opened.value.certify_url);
//! # Ok(())
//! # }
//! ```
//!
//! With default options a client sends to Shanghai, and fails over to Beijing. It signs with the
//! credentials that [`Source::default_chain`] finds when the first call needs them, and uses the proxies
//! of the environment ([`Proxies`] has the exact rules). It never follows redirects. [`Options`] are the
//! same for the blocking driver, `cloudauth-ureq`.
//!
//! The futures are `Send`, hold no lock across an await, and need tokio's IO and time drivers, on a
//! current-thread or a multi-thread runtime; outside of a runtime a call fails, and nothing is sent. Dropping
//! a future cancels the call. What else runs, tasks and threads, is in the docs of [`Client`]. A [`Client`] is
//! also a [`tower_service::Service`], for users of `tower`.
//!
//! The crate root exports what most applications need; everything else is in [`proto`].
//!
//! # Features
//!
//! * `ring` (default), `aws-lc-rs`: the TLS crypto provider. With both, aws-lc-rs is used, which needs a C
//!   compiler; with neither, [`Options::tls_config`] is required.
//! * `webpki-roots` (default), `native-roots`: the trusted root certificates, Mozilla's or the operating
//!   system's. With both, either is trusted; with neither, only the roots given as an option.
//! * `metrics`: metrics for OpenTelemetry; [`Observer`] lists them beside spans and events.
//! * `platform-verifier`: the operating system verifies certificates, in place of those roots.
//! * `sm3`: the signature scheme ACS3-HMAC-SM3.
//! * `sm2`: encryption of names and ID numbers, `EncryptType=SM2`.
//!
//! Server certificates are verified. No feature of this crate and none of its own options turns that off;
//! [`Options::tls_config`] takes a configuration of the caller's, which decides for itself.
//!
//! # HTTP/1.1 only
//!
//! HTTP/2 is not offered to servers. The reasons, from the source of hyper 1.12 and hyper-util 0.1.21:
//!
//! * All calls to an endpoint would share one connection. If it is reset, the outcome of every billed
//!   operation in flight is unknown, not of one.
//! * "Certainly not carried out" would be known less often: `REFUSED_STREAM`, and `GOAWAY` for later
//!   streams, reach a caller as errors like any other, so they would count as "maybe sent".
//! * A call that waits for a free stream already has its connection: the wait would count towards the
//!   read timeout, and as "maybe sent" although nothing was.
//! * ureq has no HTTP/2, so the drivers would differ; and it adds 8 crates.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
mod connector;
mod exchange;
mod pool;
mod resolver;
mod service;
mod shared;
mod stream;

pub use client::{Client, PageStream};
pub use cloudauth_net::{
    FetchError, Observer, Options, OptionsError, Proxies, TestClock, TransportError,
};
pub use cloudauth_proto as proto;
pub use cloudauth_proto::credentials::{AssumeRole, EcsRole, Oidc, Profile, Role};
pub use cloudauth_proto::{
    Attempt, AttemptOutcome, Call, CallOptions, CertifyId, Credentials, Effect, Endpoint,
    Endpoints, Error, Flow, Network, Operation, Policy, Region, Repeat, Reply, Scheme, Secret,
    Sensitive, ServiceError, Source, UnixTime, codes, ops, verify,
};
