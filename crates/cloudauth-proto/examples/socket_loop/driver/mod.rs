//! A driver with nothing but the standard library.

mod client;
mod exchange;

pub(crate) use client::Client;
