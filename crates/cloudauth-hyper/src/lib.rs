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
//! verified.

#![forbid(unsafe_code)]

mod client;
mod connector;

pub use client::Client;
pub use cloudauth_net::{FetchError, Options, OptionsError, Proxies, TransportError};
pub use cloudauth_proto::*;

/// The examples of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The examples of the Chinese README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.zh-CN.md")]
struct ReadmeZhCn;
