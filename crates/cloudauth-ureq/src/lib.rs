//! Blocking client for Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07).
//! Unofficial.
//!
//! A driver of [`cloudauth_proto`]: that crate encodes, signs, retries and decodes without IO; this
//! one sends the requests, with ureq and rustls. It needs no async runtime: a call runs on the calling
//! thread.
//!
//! A client has no thread while it does nothing. Meanwhile it has:
//!
//! * at most one that refreshes the credentials. It can outlive the call that began it, ends by its own time
//!   limits, and ends when the client is dropped.
//! * at most 8 that resolve host names; requests for the same name share one. One that hangs ends when the
//!   system's resolver gives up, even if the client is dropped.
//! * on Windows, one each for a credentials file that is read and a credentials program that is run.
//!
//! ```no_run
//! use cloudauth_ureq::ops::InitFaceVerify;
//! use cloudauth_ureq::{Client, Options};
//!
//! let client = Client::new(Options::new())?;
//! let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
//!     .user_id("7")
//!     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
//! let opened = client.call(&init)?;
//! println!("send the browser to {:?}", opened.value.certify_url);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With default options a client sends to Shanghai, and fails over to Beijing. It signs with the
//! credentials that [`Source::default_chain`] finds when the first call needs them, and uses the proxies
//! of the environment ([`Proxies`] has the exact rules). It never follows redirects. [`Options`] are the
//! same for the async driver, `cloudauth-hyper`. HTTP/1.1 only.
//!
//! The crate root exports what most applications need; everything else is in [`proto`].
//!
//! # Logging
//!
//! ureq itself logs, at the `TRACE` level of the `log` crate, whole URLs, request headers and responses,
//! and so personal data and signatures. **While that level is enabled for `ureq` or `ureq_proto`, nothing
//! is sent**: calls end in an error that names the problem. With `env_logger`,
//! `RUST_LOG=trace,ureq=debug` keeps all other targets at `TRACE`.
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

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod connector;
mod exchange;
#[cfg(unix)]
mod happy_eyeballs;
mod lookup;
mod sender;
#[cfg(unix)]
mod tcp;
mod tls;
mod transport;

pub use client::{Client, PageIter};
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
