//! A driver on smol, with TLS.

mod client;
mod exchange;

pub(crate) use client::Client;
