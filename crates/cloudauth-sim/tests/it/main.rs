//! The simulator as its users meet it: signatures, the course of a verification, faults on real sockets.

#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a helper of a test that cannot go on should say where"
)]

mod client;
mod credentials;
mod faults;
mod flow;
mod providers;
mod refusals;
mod serving;
mod signatures;
mod simulation;
