//! A driver with nothing but the standard library.
#![expect(clippy::disallowed_methods, reason = "a driver reads the clocks")]

mod client;
mod exchange;

pub(crate) use client::Client;
