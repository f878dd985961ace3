//! Runs the `cloudauth` binary as a user does, and checks its output, its errors and its exit status.
#![expect(clippy::unwrap_used, reason = "a test")]

mod arguments;
mod credentials;
mod demo;
mod explain;
mod init_describe;
mod listen;
mod process;
mod sign;
mod signature_refused;
mod sim;
mod watch;
