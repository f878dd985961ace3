//! A driver on smol, with TLS.

mod client;
pub(crate) mod exchange;

pub(crate) use client::Client;
