//! The simulator as its users meet it: signatures, the course of a verification, faults on real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a helper of a test that cannot go on should say where"
)]
#![expect(
    clippy::print_stdout,
    reason = "counts, for whoever asks for them with --nocapture"
)]

mod admin;
mod callbacks;
mod catalogue;
mod client;
mod codes;
mod credentials;
mod differences;
mod faults;
mod flow;
mod hostile;
mod offices;
mod page;
mod providers;
mod proxy;
mod refusals;
mod serving;
mod signatures;
mod simulation;
mod store;
