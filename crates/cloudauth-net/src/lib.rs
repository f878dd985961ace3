//! Shared parts of the drivers of [`cloudauth_proto`]: options of a client, TLS configuration, proxies,
//! clocks, local files and programs, errors.
//!
//! Applications use a driver, `cloudauth-ureq` or `cloudauth-hyper`, which re-exports what they need of
//! this crate. Depend on it directly to write another driver: [`Options::build`] checks the options and
//! returns [`ClientParts`], from which a driver builds its client.
//!
//! # Features
//!
//! * `ring` (default), `aws-lc-rs`: the TLS crypto provider. With both, aws-lc-rs is used, which needs a C
//!   compiler; with neither, [`Options::tls_config`] is required.
//! * `webpki-roots` (default), `native-roots`: the trusted root certificates, Mozilla's or the operating
//!   system's. With both, either is trusted; with neither, only the roots given as an option.
//! * `metrics`: metrics for OpenTelemetry, listed at [`Observer`].
//! * `platform-verifier`: the operating system verifies certificates, in place of those roots.
//!
//! No feature turns certificate verification off, and no option but [`Options::tls_config`], which takes a
//! configuration of the caller's.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod custom_sources;
mod error;
mod failure;
pub mod local;
#[cfg(all(test, target_os = "linux"))]
#[expect(clippy::unwrap_used, reason = "for tests")]
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
mod observer;
mod options;
mod outcome;
mod proxy;
mod recording;
mod tls;
mod user_agent;
mod variables;

pub use clock::{Clock, TestClock};
pub use custom_sources::CustomSources;
pub use error::{FetchError, OptionsError, TransportError};
pub use failure::{ProxyRefused, connect_failure, is_certificate_refused, request_failure};
pub use observer::{ObservedFlow, Observer};
pub use options::{ClientParts, Options, resolve};
pub use proxy::{Proxies, Proxy, ProxyProtocol};
pub use user_agent::UserAgent;

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
