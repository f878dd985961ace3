//! Tests of the simulator through its public API, with and without sockets.

#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a failed helper should report its line"
)]
#![expect(clippy::print_stdout, reason = "counts are shown with --nocapture")]

mod admin;
mod callbacks;
mod catalogue;
mod client;
mod codes;
mod conformance;
mod credential_services;
mod credentials;
mod faults;
mod flow;
mod hostile;
mod mismatch;
mod page;
mod providers;
mod proxy;
mod refusals;
mod search;
mod serving;
mod signatures;
mod simulation;
mod store;
