//! A driver on smol, with TLS.
#![expect(clippy::disallowed_methods, reason = "a driver reads the clocks")]

mod client;
pub(crate) mod exchange;

pub(crate) use client::Client;
