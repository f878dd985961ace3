//! Runs the `cloudauth` binary as a user does, and checks its output, its errors and its exit status.
#![expect(clippy::unwrap_used, reason = "a test")]

mod bad_input;
mod call;
mod credentials;
mod demo;
mod doctor;
mod explain;
mod hour;
mod init_describe;
mod listen;
mod ops;
mod output;
mod process;
mod schema;
mod sign;
mod signature_refused;
mod sim;
mod transport;
mod watch;
