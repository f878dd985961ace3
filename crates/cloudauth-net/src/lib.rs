//! What both drivers of [`cloudauth_proto`] need, written once: the options of a client, its TLS
//! configuration, its proxies, its clocks, files and programs, and the words for a failed exchange.
//!
//! Users of a driver find all of this re-exported there.

#![forbid(unsafe_code)]

mod clock;
pub mod effects;
mod failure;
mod fetch;
mod options;
mod proxy;
mod tls;
mod user_agent;
mod watch;

pub use clock::Clock;
pub use failure::TransportError;
pub use fetch::FetchError;
pub use options::{Options, OptionsError, Parts};
pub use proxy::{Proxies, Proxy, ProxyProtocol};
pub use user_agent::UserAgent;
pub use watch::{Watch, Watched};
