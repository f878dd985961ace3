//! Blocking client for Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07).
//! Unofficial.
//!
//! A thin driver of [`cloudauth_proto`], which decides everything: this crate sends what that one
//! signed, over ureq and rustls, and tells it what came back. No runtime, no threads of its own.
//!
//! At the `TRACE` level of the `log` crate, ureq logs whole URLs, and ureq-proto the bytes of requests'
//! heads and of replies. **While that level is on for `ureq` or `ureq_proto`, nothing is sent**: the call ends in
//! an error that says so. With `env_logger`, `RUST_LOG=trace,ureq=debug` leaves the rest on.
//!
//! ```
//! use cloudauth_sim::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Region, Simulator};
//! use cloudauth_ureq::ops::InitFaceVerify;
//! use cloudauth_ureq::{Client, Credentials, Endpoints, Options};
//!
//! let simulator = Simulator::start()?; // instead of the service
//! let client = Client::new(
//!     Options::new()
//!         .credentials(Credentials::access_key(ACCESS_KEY_ID, ACCESS_KEY_SECRET)?)
//!         .endpoints(Endpoints::only(simulator.url(Region::Shanghai).parse()?)),
//! )?;
//! let opened = client.call(&InitFaceVerify::new(1_000_000_006, "order1", "LR_FR"))?;
//! assert!(opened.value.certify_url.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without options a client asks Shanghai, then Beijing, with the credentials that
//! [`Source::default_chain`] finds when the first call needs them, through the proxies of the
//! environment ([`Proxies`] says exactly which). Redirects are never followed, certificates always
//! verified. [`Options`] are the same for the async driver, `cloudauth-hyper`. HTTP/1.1 only.
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

#![forbid(unsafe_code)]

mod client;
mod connector;
mod tls;
mod watched;

pub use client::Client;
pub use cloudauth_net::{
    FetchError, Options, OptionsError, Proxies, Proxy, ProxyProtocol, TransportError,
};
pub use cloudauth_proto::*;
