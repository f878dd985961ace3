//! Client for Alibaba Cloud's identity verification service (Cloudauth, API 2019-03-07) over the Fetch API, for
//! WebAssembly: in Cloudflare Workers, Deno and Node. Unofficial.
//!
//! A driver of [`cloudauth_proto`]: that crate encodes, signs, retries and decodes without IO; this one sends the
//! requests with `fetch`, with the clocks, timers and randomness of the runtime around it.
//!
//! ```no_run
//! use cloudauth_fetch::ops::InitFaceVerify;
//! use cloudauth_fetch::{Client, Credentials, Session, seed};
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Credentials::access_key("testid", "testsecret")?; // from a secret of the deployment
//! let client = Client::new(Session::new(credentials, seed()?));
//! let init = InitFaceVerify::new(1_000_000_006, "order1", "LR_FR")
//!     .user_id("7")
//!     .meta_info(r#"{"deviceType":"h5"}"#); // from the vendor's script in the person's browser
//! let opened = client.call(&init).await?;
//! let url = opened.value.certify_url.ok_or("no CertifyUrl: is MetaInfo valid?")?;
//! let url = url.expose(); // send the browser there
//! # let _ = url;
//! # Ok(())
//! # }
//! ```
//!
//! Later, when the person has returned or the service has called back, the verdict is queried. Neither of the two is
//! proof of a verdict, since anybody can send such a request.
//!
//! ```no_run
//! use cloudauth_fetch::ops::DescribeFaceVerify;
//! use cloudauth_fetch::verify::{PollVerdict, Verdict};
//! # use cloudauth_fetch::{CertifyId, Client, Error};
//!
//! # async fn result(client: &Client, certify_id: CertifyId) -> Result<&'static str, Error> {
//! let query = DescribeFaceVerify::new(1_000_000_006, certify_id);
//! Ok(match client.run(PollVerdict::once(query)).await? {
//!     Some(Verdict::Passed(_)) => "passed",
//!     Some(Verdict::NotPassed(_)) => "not passed",
//!     None => "no verdict yet",
//! })
//! # }
//! ```
//!
//! The docs of [`Error`] say what the person sees, what is an alert, and what may be tried again;
//! [`may_have_been_carried_out`](Error::may_have_been_carried_out) and [`is_retryable`](Error::is_retryable) tell the
//! cases apart.
//!
//! It compiles for any target, and runs on `wasm32-unknown-unknown` only: elsewhere the first call of JavaScript
//! panics. For JavaScript there is a module that calls every operation by its name, in the directory
//! `crates/cloudauth-fetch/js` of the repository.
//!
//! **Browsers are out of scope**: whoever has the page would have the access key.
//!
//! # What is certain
//!
//! `fetch` does not say how far a request has come, so more outcomes are unknown than with sockets:
//!
//! | what happened | Node | Deno | Workers |
//! |---|---|---|---|
//! | connection refused, no route, no such name | not sent | not sent | unknown |
//! | certificate refused | not sent | not sent | unknown |
//! | no connection within the time of an attempt | unknown | unknown | unknown |
//! | everything else without a response | unknown | unknown | unknown |
//!
//! Node and Deno say what failed (observed with Node 20 and Deno 2.9); the runtime of Workers does not.
//! An unknown outcome is [`MaybeSent`](proto::driver::Delivery::MaybeSent): reads and opened verifications go on at the
//! next endpoint, but an operation that is billed each time ends with [`Error::Uncertain`], and is not sent again.
//! **In Workers that happens to a paid call for every region that cannot be reached**, though nothing was sent: query
//! the service, with the operation that the error names, before paying again. `CallOptions::repeat` decides
//! otherwise for a call.
//!
//! **Deno sends a request again by itself**, on a new connection, if an idle one that it used was reset, even after the
//! server had read the request (observed with Deno 2.9.6, and not with Node 20 or workerd). The bytes are the same, so the
//! gateway refuses the second one if it has seen the nonce of the first (documented); the call then ends uncertain. A
//! client of Deno's that keeps no idle connection sends each request once (tested with that version):
//!
//! ```js
//! const { fetch } = globalThis;
//! const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
//! globalThis.fetch = (url, init) => fetch(url, { ...init, client });
//! ```
//!
//! # Time-outs
//!
//! `fetch` has one time: the connection is a part of it. An attempt is aborted, by an `AbortController`, 4 ms before
//! [`connect_timeout`](Policy::connect_timeout) and [`read_timeout`](Policy::read_timeout) together are over. Node has a
//! limit of its own for connections, 10 seconds (undici's default, documented).
//!
//! # What the runtime decides
//!
//! * Connections, TLS, trusted certificates and proxies: there are no options for them here.
//! * `Host` and `Content-Length`. The signature covers the host, so an endpoint whose host the runtime would write
//!   differently is not sent to: it counts as not sent, and the call goes on at the next endpoint.
//! * Redirects are not followed, and no compression is requested. A runtime that compresses all the same also
//!   decompresses.
//! * Messages of errors. They can contain the URL, and with it personal data, so errors have fixed strings of this crate.
//!
//! # Credentials
//!
//! [`Source`] works as far as it needs nothing but HTTP: given keys, [`AssumeRole`], [`Oidc`] with a token, URIs. There are
//! no files, no programs and no environment; [`Client::set_credentials`] takes new keys.
//!
//! # Tests
//!
//! `.ci/wasm` runs the driver kit of `cloudauth-sim` on this driver in Node, in a process for each client: the kit calls a
//! module in it by lines of JSON. What it declares to lack there:
//!
//! | not supported | why |
//! |---|---|
//! | a time-out for connecting | `fetch` has one time for an exchange |
//! | responses that come before the request is sent | Node loses them if the connection is then reset (observed) |
//! | files, programs, sources of the caller's own | a module has none |
//! | a refresh that goes on after its call | in a Worker I/O belongs to a request |
//!
//! All other rows pass. Tests of the module of the directory `js` are beside it:
//!
//! | what | where |
//! |---|---|
//! | faults of one region and of both, with nothing private in errors | Node, Deno, workerd |
//! | an idle connection that is reset | Node, workerd; in Deno, that there is none |
//! | calls at the same time share one refresh | Node, Deno, workerd |
//! | lost routes, hosts in another form, endless responses, new keys | Node, Deno |
//! | a refresh whose request has gone is begun again by another one | workerd |
//!
//! # Size
//!
//! `.ci/wasm` builds the example `two_operations` with the profile `wasm` and fails if it grows beyond a limit. The example
//! has given keys, [`TableOperation`](operation::TableOperation)s and no default features: no refresh of credentials and
//! no meanings of codes. Two typed operations are 34 kB more.
//!
//! # Features
//!
//! * `refresh` (default): credentials that are fetched. Without it a client works only with keys that it is given.
//! * `meanings` (default): the meanings of the service's codes. Without it errors show codes only.
//! * `sm3`: the signature scheme ACS3-HMAC-SM3.
//! * `sm2`: encryption of names and ID numbers, `EncryptType=SM2`.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod exchange;
mod host;

pub use client::Client;
pub use cloudauth_proto as proto;
pub use cloudauth_proto::credentials::{AssumeRole, Oidc, Role};
pub use cloudauth_proto::{
    Attempt, AttemptOutcome, Call, CallOptions, CertifyId, Credentials, Effect, Endpoint,
    Endpoints, Error, Flow, Network, Operation, Policy, Region, Repeat, Reply, Scheme, Secret,
    Sensitive, ServiceError, Session, Source, UnixTime, codes, operation, ops, verify,
};
pub use host::{NoRandomness, seed};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
