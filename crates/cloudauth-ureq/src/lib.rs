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
//! let url = opened.value.certify_url.ok_or("no CertifyUrl: is MetaInfo valid?")?;
//! println!("send the browser to {}", url.expose());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Later, when the person has returned or the service has called back, the verdict is queried. Neither of the two is
//! proof of a verdict, since anybody can send such a request.
//!
//! ```no_run
//! use cloudauth_ureq::ops::DescribeFaceVerify;
//! use cloudauth_ureq::verify::{PollVerdict, Verdict};
//! # use cloudauth_ureq::{CertifyId, Client, Error};
//!
//! # fn result(client: &Client, certify_id: CertifyId) -> Result<(), Error> {
//! let query = DescribeFaceVerify::new(1_000_000_006, certify_id);
//! match client.run(PollVerdict::once(query))? { // `PollVerdict::new` waits for the verdict instead
//!     Some(Verdict::Passed(verified)) => println!("passed: {}", verified.certify_id()),
//!     Some(Verdict::NotPassed(not_passed)) => println!("not passed: {:?}", not_passed.reason()),
//!     None => println!("no verdict yet"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! With default options a client sends to Shanghai, and fails over to Beijing. It signs with the
//! credentials that [`Source::default_chain`] finds when the first call needs them, and uses the proxies
//! of the environment ([`Proxies`] has the exact rules). It never follows redirects. [`Options`] are the
//! same for the async driver, `cloudauth-hyper`. HTTP/1.1 only.
//!
//! The crate root exports what most applications need; everything else is in [`proto`].
//!
//! # Errors
//!
//! Errors of calls are of one type. The docs of [`Error`] say what the person sees, what is an alert, and what may be
//! tried again; its methods tell the cases apart:
//!
//! ```no_run
//! # use cloudauth_ureq::Client;
//! # use cloudauth_ureq::ops::InitFaceVerify;
//! # fn open(client: &Client, init: &InitFaceVerify) {
//! match client.call(init) {
//!     Ok(opened) => println!("opened: {}", opened.value.certify_id),
//!     // Another call could be billed, too: first query what became of this one.
//!     Err(error) if error.may_have_been_carried_out() => eprintln!("the outcome is unknown: {error}"),
//!     Err(error) if error.is_retryable() => eprintln!("the same call may succeed later: {error}"),
//!     Err(error) => {
//!         let meaning = error.meaning().map(|it| (it.responsible, it.chinese));
//!         eprintln!("{error}; who has to act, and a text for that person: {meaning:?}");
//!     }
//! }
//! # }
//! ```
//!
//! An error shows no name, number, key or request, so it can be logged. Operations that are billed per
//! call are never sent twice when the outcome of the first is unknown, unless the caller allows it
//! ([`Repeat::EvenIfUncertain`]).
//!
//! # Tests
//!
//! Tests of an application need no account: the crate `cloudauth-sim` is the service in the test process.
//! `Simulator::start()` starts it, `simulator.options()` are the [`Options`] of a client for it, and
//! `simulator.finish(&certify_id, Verdict::Passed)` ends a verification. With [`Options::test_clock`] backoffs and
//! polls take no time. [`cloudauth_sim::testing`] shows handlers with their tests.
//!
//! [`cloudauth_sim::testing`]: https://docs.rs/cloudauth-sim/latest/cloudauth_sim/testing/
//!
//! # What it promises
//!
//! The tests are in `cloudauth-driver-tests`, as `file::test`; rows of the kit, which it passes too, are in
//! `cloudauth_sim::driver_kit`.
//!
//! | about | promise | test |
//! |---|---|---|
//! | threads | Threads share a client; a thousand that start at once fetch credentials once | `credentials::a_thousand_threads_request_credentials_once` |
//! | threads | A refresh of the credentials has a thread of its own, and goes on without the call that began it | row `kit::a refresh outlives its call` |
//! | dropping | A refresh ends with the client and its clones. A call cannot be cancelled; it ends at its total timeout | `refreshes::a_refresh_of_ureq_ends_when_its_client_is_dropped` |
//! | dropping | So does a program that it runs | `refreshes::a_program_of_ureq_ends_when_its_client_is_dropped` |
//! | time-outs | A call ends at its total timeout, whatever delays it: a TLS handshake, a server that does not read, a response that trickles, retries | `deadline::the_total_timeout_holds_whatever_delays_a_call` |
//! | time-outs | Connecting takes at most the connect timeout, with proxy and TLS handshake | `proxy::the_connect_timeout_covers_the_proxy_and_the_tls_handshake` |
//! | time-outs | A response takes at most the read timeout | `transport::a_trickling_response_ends_with_the_read_timeout` |
//! | time-outs | The connect timeout does not limit it | `options::a_response_may_take_longer_than_the_connect_timeout` |
//! | redirects | None is followed, to any host; the call ends with an error | `hostile_servers::redirects_are_not_followed` |
//! | compression | None is requested, and none is decoded | `hostile_servers::compression_is_neither_requested_nor_decoded` |
//! | size | A body is read up to `response_limit` | `hostile_servers::an_endless_body_is_read_only_up_to_the_limit` |
//! | proxies | Requests go through a tunnel (`CONNECT` or SOCKS5): a proxy sees host and port | `proxy::the_service_is_reached_through_a_tunnel` |
//! | proxies | Loopback hosts are reached without one | `proxy::loopback_endpoints_are_reached_without_the_proxy` |
//! | proxies | So is the metadata service of an instance | `credentials::the_metadata_service_is_reached_without_a_proxy` |
//! | TLS | A certificate of an unknown root is refused before the request is sent | `transport::a_certificate_of_an_unknown_root_is_refused_before_the_request_is_sent` |
//! | repetition | The driver sends no exchange twice: the HTTP library does not retry, even on a connection that was kept | `connection_faults::a_connection_closed_on_reuse_is_a_failure_without_a_second_request` |
//! | connections | At most `max_idle_connections` per endpoint are kept | `options::at_most_max_idle_connections_are_kept` |
//! | connections | None is used again that was idle for longer than `idle_timeout` | `options::a_connection_idle_for_longer_than_the_idle_timeout_is_not_reused` |
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

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
