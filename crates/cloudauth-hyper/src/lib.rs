//! Async client for Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07).
//! Unofficial.
//!
//! A thin driver of [`cloudauth_proto`], which decides everything: this crate sends what that one
//! signed, over hyper and rustls on tokio, and tells it what came back.
//!
//! ```
//! use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
//! use cloudauth_hyper::ops::InitFaceVerify;
//! use cloudauth_hyper::{Client, Credentials, Endpoints, Options};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let simulator = Simulator::start()?; // instead of the service
//! let client = Client::new(
//!     Options::new()
//!         .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?)
//!         .endpoints(Endpoints::only(simulator.url(Region::Shanghai).parse()?)),
//! )?;
//! let opened = client.call(&InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")).await?;
//! assert!(opened.value.certify_url.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! Without options a client asks Shanghai, then Beijing, with the credentials that
//! [`Source::default_chain`] finds when the first call needs them, through the proxies of the
//! environment ([`Proxies`] says exactly which). Redirects are never followed, certificates always
//! verified. [`Options`] are the same for the blocking driver, `cloudauth-ureq`.
//!
//! The futures are `Send`, hold no lock while they wait, and need of tokio its IO and its timers, on
//! one thread or on many. Dropping one ends the call. A [`Client`] is also a service of `tower`.
//!
//! # Features
//!
//! * `ring` (default), `aws-lc-rs`: who does the cryptography of TLS. At least one; if both are on, it
//!   is aws-lc-rs, which needs a C compiler.
//! * `webpki-roots` (default), `native-roots`: whose roots are trusted, Mozilla's or the operating
//!   system's; if both are on, those of either.
//! * `sm3`: the signature ACS3-HMAC-SM3.
//!
//! No feature and no option turns verification off.
//!
//! # HTTP/1.1 only
//!
//! HTTP/2 is not offered to servers. What was found in the source of hyper 1.12 and hyper-util 0.1.21:
//!
//! * All calls to an endpoint would share a connection and its fate: one reset, and every paid check
//!   in flight is uncertain, not one.
//! * "Certainly not carried out" would be known less often. `REFUSED_STREAM`, and a `GOAWAY` for later
//!   streams, reach a caller as errors like any other, so they would count as "maybe sent".
//! * A call that waits for a free stream has its connection already: that wait would count as time to
//!   read, and as "maybe sent" although nothing was.
//! * ureq has none, so the drivers would differ; and it adds 8 crates to 71.

#![forbid(unsafe_code)]

mod body;
mod client;
mod connector;
mod service;

pub use client::Client;
pub use cloudauth_net::{
    FetchError, Options, OptionsError, Proxies, Proxy, ProxyProtocol, TransportError,
};
pub use cloudauth_proto::*;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of the Chinese README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.zh-CN.md")]
struct ReadmeZhCn;
